/*
 * The faults of a CHAP registration as its clients know them: entries {"type","loc","msg","input",
 * "ctx"} of one list (spec/chap-registration B1.6), from a table of what can be wrong. One thread.
 */
#ifndef QUIVER_DOMAIN_CHAP_FAULTS_H
#define QUIVER_DOMAIN_CHAP_FAULTS_H

#include <quiver/base/json.h>

enum qv_chap_fault {
    QV_CHAP_FAULT_NONE,
    QV_CHAP_FAULT_MISSING,
    QV_CHAP_FAULT_JSON, /**< detail: what the parser says */
    QV_CHAP_FAULT_OBJECT_TYPE,
    QV_CHAP_FAULT_STRING_TYPE,
    QV_CHAP_FAULT_LIST_TYPE,
    QV_CHAP_FAULT_SLUG,
    QV_CHAP_FAULT_WORD,  /**< detail: the words that may be */
    QV_CHAP_FAULT_EMAIL, /**< detail: why it is none */
    QV_CHAP_FAULT_URL_TYPE,
    QV_CHAP_FAULT_URL_PARSING, /**< detail: why it is none */
    QV_CHAP_FAULT_URL_SCHEME,
    QV_CHAP_FAULT_URL_TOO_LONG,
    QV_CHAP_FAULT_INTEGER_TYPE,
    QV_CHAP_FAULT_INTEGER_TEXT,
    QV_CHAP_FAULT_INTEGER_SIZE,
    QV_CHAP_FAULT_INTEGER_FRACTION,
    QV_CHAP_FAULT_BOOLEAN_TYPE,
    QV_CHAP_FAULT_BOOLEAN_VALUE,
    QV_CHAP_FAULT_COUNT,
};

/** Where something stands: a member's name or, where that is NULL, a number. */
struct qv_chap_place {
    const struct qv_chap_place *above; /**< NULL: this is the body */
    const char *name;
    size_t index;
};
extern const struct qv_chap_place qv_chap_place_body;

/** The faults so far. Zero-initialized: none. */
struct qv_chap_faults {
    struct qv_buf items; /**< owned: their JSON with commas between */
};

/** Notes one, unless those before are a MiB already. `input` is the value as it was sent, NULL for
 *  none; `detail` NULL where the table has none. */
void qv_chap_fault_note(struct qv_chap_faults *faults, enum qv_chap_fault fault,
                        const struct qv_chap_place *place, const json_t *input, const char *detail);
/** The same about a text that is no JSON value. */
void qv_chap_fault_note_text(struct qv_chap_faults *faults, enum qv_chap_fault fault,
                             const struct qv_chap_place *place, struct qv_str input);
/** Appends the list. QV_INVALID, or QV_NO_MEMORY where it is not complete; `buf` is untouched
 *  then. */
QV_MUST_CHECK enum qv_status qv_chap_faults_write(const struct qv_chap_faults *faults,
                                                  struct qv_buf *buf);
void qv_chap_faults_free(struct qv_chap_faults *faults);

#endif
