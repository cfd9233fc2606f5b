/*
 * Texts that are looked for in other texts: literally with letter case ignored, or as regular
 * expressions (spec/arrowhead-discovery 3.12), and texts in another letter case. The only place
 * that knows PCRE2. Immutable; any thread.
 */
#ifndef QUIVER_DOMAIN_PATTERN_H
#define QUIVER_DOMAIN_PATTERN_H

#include <quiver/base/buf.h>

/** How a text is looked for; bits. */
enum qv_pattern_kind {
    QV_PATTERN_LITERAL = 1, /**< as it is written; else it is a regular expression */
    QV_PATTERN_FOLDED = 2,  /**< letter case ignored: Unicode simple case folding */
    QV_PATTERN_START = 4,   /**< only at the beginning */
    QV_PATTERN_END = 8,     /**< only at the end */
    QV_PATTERN_WHOLE = QV_PATTERN_START | QV_PATTERN_END,
};

/** The longest text, in bytes, that may be looked for. */
#define QV_PATTERN_LENGTH_MAX 4096

struct qv_pattern;

/** Compiles `text`. QV_INVALID without words: it is no regular expression, or too long or large;
 *  QV_NO_MEMORY. */
QV_MUST_CHECK enum qv_status qv_pattern_read(struct qv_str text, unsigned kind,
                                             struct qv_pattern **ret_pattern);
/** QV_OK; QV_INVALID: finding out would take more steps or memory than is allowed. `ret_found` is
 *  untouched then. */
QV_MUST_CHECK enum qv_status qv_pattern_find(const struct qv_pattern *pattern, struct qv_str text,
                                             bool *ret_found);
/** NULL-safe, nulls the pointer. */
void qv_pattern_free(struct qv_pattern **pattern);

/** Appends `text` in upper case (or lower), letter by letter (Unicode's simple mapping). Text that
 *  is no UTF-8 is appended as it is. */
void qv_pattern_put_case(struct qv_str text, bool upper, struct qv_buf *buf);

#endif
