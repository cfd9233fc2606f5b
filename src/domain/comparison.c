/*
 * Comparing a registration with what is stored under its name. Pure; any thread.
 */
#include "comparison.h"
#include <quiver/base/memory.h>
#include <stdlib.h>
#include <string.h>

/* Stored metadata was bounded when it came in. */
enum { STORED_DEPTH_MAX = 2000 };

enum qv_status qv_metadata_compare(const json_t *given, struct qv_str stored, bool *ret_equal)
{
    if (given == NULL || stored.length == 0) {
        *ret_equal = given == NULL && stored.length == 0;
        return QV_OK;
    }
    QV_CLEANUP(qv_json) json_t *metadata = NULL;
    enum qv_status status = qv_json_parse(stored, STORED_DEPTH_MAX, &metadata, NULL);
    if (status != QV_OK)
        return status == QV_INVALID ? QV_INTERNAL : status;
    *ret_equal = qv_json_equal(given, metadata);
    return QV_OK;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A sorted copy of the list; the texts stay the list's. NULL: no memory. */
static char **sorted_copy(const struct qv_strings *list)
{
    char **copy = qv_alloc_array(list->count + 1, sizeof(*copy));
    if (copy == NULL || list->count == 0)
        return copy;
    memcpy(copy, list->at, list->count * sizeof(*copy));
    qsort(copy, list->count, sizeof(*copy), by_text);
    return copy;
}

enum qv_status qv_addresses_compare(const struct qv_strings *given, const struct qv_strings *stored,
                                    bool *ret_equal)
{
    char **left = sorted_copy(given), **right = sorted_copy(stored);
    bool complete = left != NULL && right != NULL;
    bool equal = complete && given->count == stored->count;
    for (size_t i = 0; equal && i < given->count; i++)
        equal = strcmp(left[i], right[i]) == 0;
    qv_free(left);
    qv_free(right);
    if (!complete)
        return QV_NO_MEMORY;
    *ret_equal = equal;
    return QV_OK;
}
