/*
 * The parts of JSON text that hold no other parts: places, blanks, strings, numbers. Shared by
 * json_lex.c and json_read.c alone. One thread.
 */
#ifndef QUIVER_BASE_JSON_LEX_H
#define QUIVER_BASE_JSON_LEX_H

#include <quiver/base/json.h>

struct qv_json_lex {
    const char *start; /**< of the text, behind a byte order mark; UTF-8 */
    const char *at;    /**< where reading is */
    const char *end;
    size_t levels_left; /**< how many arrays and objects may still be opened */
    bool lenient;       /**< the last of members of one name counts, and text may have NUL */
    size_t *fault_at;   /**< becomes how many characters stand before a fault; or NULL */
    struct qv_error *error;
};

/** QV_INVALID with the reason and the line and column of `at`. */
QV_MUST_CHECK enum qv_status qv_json_lex_fault(const struct qv_json_lex *lex, const char *at,
                                               const char *reason);
/** The fault that what stands here fits nothing. */
QV_MUST_CHECK enum qv_status qv_json_lex_unexpected(const struct qv_json_lex *lex);
QV_MUST_CHECK enum qv_status qv_json_lex_no_memory(const struct qv_json_lex *lex);

void qv_json_lex_skip_blanks(struct qv_json_lex *lex);
bool qv_json_lex_next_is(const struct qv_json_lex *lex, char c);
/** Moves behind `c` if it stands here. */
bool qv_json_lex_take(struct qv_json_lex *lex, char c);

/** From an opening quote on. The text lies in the input where it has no escape, else in
 *  `decoded`, which is the caller's and empty. */
QV_MUST_CHECK enum qv_status qv_json_lex_text(struct qv_json_lex *lex, struct qv_buf *decoded,
                                              struct qv_str *ret_text);
/** From an opening quote on, as a value that the caller owns. */
QV_MUST_CHECK enum qv_status qv_json_lex_string(struct qv_json_lex *lex, json_t **ret_value);
/** From a sign or a digit on, as a value that the caller owns. */
QV_MUST_CHECK enum qv_status qv_json_lex_number(struct qv_json_lex *lex, json_t **ret_value);

#endif
