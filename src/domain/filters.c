/*
 * What an entity must have to be found: its addresses and its metadata. A lookup over all systems
 * asks this of each, so that the cheap question comes first. Pure; any thread.
 */
#include "address_list.h"
#include <quiver/base/memory.h>
#include <quiver/domain/filters.h>

/* Stored metadata was bounded when it came in. */
enum { STORED_DEPTH_MAX = 2000 };

bool qv_filters_match_addresses(const struct qv_filters *filters, struct qv_str json)
{
    if (filters->address_types != 0 && !qv_address_list_has_type(json, filters->address_types))
        return false;
    return filters->addresses.count == 0 || qv_address_list_has_any(json, &filters->addresses);
}

enum qv_status qv_filters_match_metadata(const struct qv_filters *filters, struct qv_str json,
                                         bool *ret_matches)
{
    QV_CLEANUP(qv_json) json_t *metadata = NULL;
    if (filters->metadata_count > 0 && json.length > 0) {
        enum qv_status status = qv_json_parse(json, STORED_DEPTH_MAX, &metadata, NULL);
        if (status != QV_OK)
            return status == QV_INVALID ? QV_INTERNAL : status;
    }
    bool matches = filters->metadata_count == 0;
    for (size_t i = 0; i < filters->metadata_count && !matches; i++)
        matches = qv_requirement_matches(filters->metadata[i], metadata);
    *ret_matches = matches;
    return QV_OK;
}

void qv_filters_free(struct qv_filters *filters)
{
    qv_strings_free(&filters->addresses);
    for (size_t i = 0; i < filters->metadata_count; i++)
        qv_requirement_free(&filters->metadata[i]);
    qv_free(filters->metadata);
    *filters = (struct qv_filters){0};
}
