/*
 * JSON as Quiver takes and writes it (RFC 8259; spec/arrowhead-discovery 2.6 and section 11.3),
 * on jansson's values. Any thread; a json_t that is shared between threads is only read.
 */
#ifndef QUIVER_BASE_JSON_H
#define QUIVER_BASE_JSON_H

#include <jansson.h>
#include <quiver/base/buf.h>

/** `QV_CLEANUP(qv_json) json_t *value = NULL;` drops the reference at scope end. */
void qv_json_free(json_t **value);

/**
 * Reads one JSON text: UTF-8, a leading byte order mark ignored, nothing behind it, no member
 * twice, no NUL in text, no lone surrogate, integers of 64 bits, at most `max_depth` levels of
 * arrays and objects. Any JSON value may be the top. QV_INVALID with the place of the fault, or
 * QV_NO_MEMORY. The caller owns the reference.
 */
QV_MUST_CHECK enum qv_status qv_json_parse(struct qv_str text, size_t max_depth, json_t **ret_value,
                                           struct qv_error *error);

/**
 * The same for bodies whose senders may rely on a lenient reader (spec/chap-registration B1.6): of
 * members of one name the last counts, in the place of the first; text, names included, may have
 * NUL. QV_INVALID: `ret_fault_at` (may be NULL) has how many characters stand before the fault.
 */
QV_MUST_CHECK enum qv_status qv_json_parse_lenient(struct qv_str text, size_t max_depth,
                                                   json_t **ret_value, size_t *ret_fault_at,
                                                   struct qv_error *error);

/** Appends compact JSON. Reals are written so that reading gives the same double and stays a real
 *  (1e3 -> 1000.0); members keep their order; text is UTF-8, only what must be is escaped. */
void qv_json_write(struct qv_buf *buf, const json_t *value);
/** Appends a JSON string with its quotes. A byte that is not of UTF-8 becomes U+FFFD. */
void qv_json_write_str(struct qv_buf *buf, struct qv_str text);
/** Appends `"key":` with a comma before it unless `*first`, which becomes false. */
void qv_json_write_key(struct qv_buf *buf, bool *first, const char *key);

/** The string's text; empty for anything but a string. Valid as long as the value. */
struct qv_str qv_json_str(const json_t *value);
/** Equality by kind and value: 5 is not 5.0, objects have no order, lists have. */
bool qv_json_equal(const json_t *a, const json_t *b);

#endif
