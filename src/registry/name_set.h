/*
 * Names to be found again quickly: a request may hold thousands.
 */
#ifndef QUIVER_REGISTRY_NAME_SET_H
#define QUIVER_REGISTRY_NAME_SET_H

#include <quiver/base/str.h>

/* Borrows the texts. */
struct name_set {
    struct qv_str *sorted; /* owned */
    size_t count;
};
/* Each of the names once. What it made is freed with `sorted`, also on failure. */
QV_MUST_CHECK enum qv_status name_set_init(struct name_set *set, const struct qv_strings *names);
/* Is the name in the set? An empty set filters nothing, so it has every name. */
bool name_set_has(const struct name_set *set, struct qv_str name);

#endif
