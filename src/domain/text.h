/*
 * Small helpers on text that the domain's files share: letter case, lengths as the reference
 * counts them, and results that may have run out of memory. Pure; any thread.
 */
#ifndef QUIVER_DOMAIN_TEXT_H
#define QUIVER_DOMAIN_TEXT_H

#include <quiver/base/buf.h>

#define QV_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

enum qv_case { QV_CASE_KEPT, QV_CASE_LOWER, QV_CASE_UPPER };

bool qv_text_is_ascii(struct qv_str text);
/** Appends `text` with its letters in the case. */
void qv_text_put_case(struct qv_str text, enum qv_case letters, struct qv_buf *buf);
/** Appends `text` trimmed (bytes <= U+0020), letters in lower or upper case. */
void qv_text_put_lower(struct qv_str text, struct qv_buf *buf);
void qv_text_put_upper(struct qv_str text, struct qv_buf *buf);
/** Appends `text` trimmed. */
void qv_text_put_trimmed(struct qv_str text, struct qv_buf *buf);

/** Length in UTF-16 units, by which the reference's limits are meant. */
size_t qv_text_units(struct qv_str text);
/** Is it longer than `max` such units? */
bool qv_text_exceeds(struct qv_str text, size_t max);

/** Is the text in the NULL-terminated list? With `ignore_case` ASCII letters' case is ignored. */
const char *qv_text_find(const char *const *list, struct qv_str text, bool ignore_case);

/** A copy to be freed with qv_free of what `put` appends for `text`. */
QV_MUST_CHECK enum qv_status qv_text_make(void (*put)(struct qv_str text, struct qv_buf *buf),
                                          struct qv_str text, char **ret_text);

/** Sets the words for it and returns QV_NO_MEMORY. */
enum qv_status qv_no_memory(struct qv_error *error);

#endif
