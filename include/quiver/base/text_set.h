/*
 * A set of texts that remembers the order in which they came. Any thread; one set by one thread at
 * a time.
 */
#ifndef QUIVER_BASE_TEXT_SET_H
#define QUIVER_BASE_TEXT_SET_H

#include <quiver/base/json.h>

/** `QV_CLEANUP(qv_text_set) struct qv_text_set set = {0};` is an empty one. */
struct qv_text_set {
    json_t *places; /**< owned */
};

size_t qv_text_set_count(const struct qv_text_set *set);
/** Takes a copy of the text unless it is there. `ret_place`: how many others came before it; it is
 *  new where that is what the count was. QV_NO_MEMORY. */
QV_MUST_CHECK enum qv_status qv_text_set_add(struct qv_text_set *set, struct qv_str text,
                                             size_t *ret_place);
bool qv_text_set_has(const struct qv_text_set *set, struct qv_str text);
void qv_text_set_free(struct qv_text_set *set);

#endif
