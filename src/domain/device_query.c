/*
 * A device lookup, from its JSON to filters (spec/arrowhead-discovery 4.5), and the name in a
 * revoke. Pure; any thread.
 */
#include "filter_reading.h"
#include "text.h"
#include <quiver/base/memory.h>
#include <quiver/domain/device.h>

enum { NAMES, ADDRESSES, ADDRESS_TYPE, METADATA, MEMBER_COUNT };

static const struct qv_member members[MEMBER_COUNT] = {
    [NAMES] = {"deviceNames", QV_MEMBER_TEXTS},
    [ADDRESSES] = {"addresses", QV_MEMBER_TEXTS},
    [ADDRESS_TYPE] = {"addressType", QV_MEMBER_TEXT},
    [METADATA] = {"metadataRequirementList", QV_MEMBER_OBJECTS},
};

static const struct qv_raw_row rows[] = {
    {qv_raw_no_blank, NAMES, "Device name list contains null or empty element"},
    {qv_raw_no_blank, ADDRESSES, "Address list contains null or empty element"},
    {qv_raw_address_type, ADDRESS_TYPE, "Invalid address type"},
    {qv_raw_no_null, METADATA, "Metadata requirement list contains null element"},
};

static enum qv_status fill(const struct qv_rules *rules, json_t *const *values,
                           struct qv_device_query *query, struct qv_error *error)
{
    QV_TRY(qv_raw_rows_check(rows, QV_COUNT_OF(rows), values, error));
    QV_TRY(
        qv_name_list_read(rules->dialect, QV_ENTITY_DEVICE, values[NAMES], &query->names, error));
    QV_TRY(qv_filters_read_addresses(rules, values[ADDRESSES], values[ADDRESS_TYPE],
                                     &query->filters, error));
    return qv_filters_read_metadata(rules->dialect, values[METADATA], &query->filters, error);
}

enum qv_status qv_device_query_read(const struct qv_rules *rules, const json_t *body,
                                    struct qv_device_query **ret_query, struct qv_error *error)
{
    QV_CLEANUP(qv_device_query) struct qv_device_query *query = qv_alloc(sizeof(*query));
    if (query == NULL)
        return qv_no_memory(error);
    if (body != NULL) {
        json_t *values[MEMBER_COUNT] = {0};
        QV_TRY(qv_body_check(body, error));
        QV_TRY(qv_members_read(members, MEMBER_COUNT, "", body, values, error));
        enum qv_status status = fill(rules, values, query, error);
        qv_members_drop(values, MEMBER_COUNT);
        QV_TRY(status);
    }
    *ret_query = query;
    query = NULL;
    return QV_OK;
}

void qv_device_query_free(struct qv_device_query **query)
{
    if (query == NULL || *query == NULL)
        return;
    qv_strings_free(&(*query)->names);
    qv_filters_free(&(*query)->filters);
    qv_free(*query);
    *query = NULL;
}

enum qv_status qv_device_name_read(const struct qv_rules *rules, struct qv_str raw, char **ret_name,
                                   struct qv_error *error)
{
    return qv_reference_read(rules->dialect, QV_ENTITY_DEVICE, raw, "Device name is empty",
                             ret_name, error);
}
