/*
 * A set of JSON values, which says what qv_json_equal says of each of them without comparing with
 * all. For operands that are long lists. Immutable once it is filled; any thread.
 */
#ifndef QUIVER_DOMAIN_VALUE_SET_H
#define QUIVER_DOMAIN_VALUE_SET_H

#include <quiver/base/text_set.h>

/** `QV_CLEANUP(qv_value_set) struct qv_value_set set = {0};` is an empty one. */
struct qv_value_set {
    struct qv_text_set keys; /**< owned */
    size_t longest;          /**< of the keys, in bytes */
};

/** Adds the elements of the list. QV_NO_MEMORY. */
QV_MUST_CHECK enum qv_status qv_value_set_fill(struct qv_value_set *set, const json_t *list);
bool qv_value_set_is_empty(const struct qv_value_set *set);
/** Is the value equal to one in the set? QV_NO_MEMORY: nobody knows. */
QV_MUST_CHECK enum qv_status qv_value_set_has(const struct qv_value_set *set, const json_t *value,
                                              bool *ret_has);
/** The same of any of the elements of a list; what is no list has none. */
QV_MUST_CHECK enum qv_status qv_value_set_has_any(const struct qv_value_set *set,
                                                  const json_t *list, bool *ret_has);
void qv_value_set_free(struct qv_value_set *set);

#endif
