/*
 * A sorted list. Immutable once made; any thread.
 */
#include "name_set.h"

#include <quiver/base/memory.h>
#include <stdlib.h>

static int compare_names(const void *a, const void *b)
{
    return qv_str_compare(*(const struct qv_str *)a, *(const struct qv_str *)b);
}

enum qv_status name_set_init(struct name_set *set, const struct qv_strings *names)
{
    if (names->count == 0)
        return QV_OK;
    set->sorted = qv_alloc_array(names->count, sizeof(*set->sorted));
    if (set->sorted == NULL)
        return QV_NO_MEMORY;
    for (size_t i = 0; i < names->count; i++)
        set->sorted[i] = qv_str_from(names->at[i]);
    qsort(set->sorted, names->count, sizeof(*set->sorted), compare_names);
    /* each name once, so that nothing is found twice */
    for (size_t i = 0; i < names->count; i++)
        if (i == 0 || !qv_str_equal(set->sorted[i], set->sorted[set->count - 1]))
            set->sorted[set->count++] = set->sorted[i];
    return QV_OK;
}

bool name_set_has(const struct name_set *set, struct qv_str name)
{
    if (set->count == 0)
        return true;
    return bsearch(&name, set->sorted, set->count, sizeof(name), compare_names) != NULL;
}
