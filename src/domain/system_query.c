/*
 * A system lookup, from its JSON to filters (spec/arrowhead-discovery 4.2), and the caller's own
 * name in a revoke. Pure; any thread.
 */
#include "filter_reading.h"
#include "text.h"
#include <quiver/base/memory.h>
#include <quiver/domain/system.h>

enum { NAMES, ADDRESSES, ADDRESS_TYPE, METADATA, VERSIONS, DEVICES, MEMBER_COUNT };

static const struct qv_member members[MEMBER_COUNT] = {
    [NAMES] = {"systemNames", QV_MEMBER_TEXTS},
    [ADDRESSES] = {"addresses", QV_MEMBER_TEXTS},
    [ADDRESS_TYPE] = {"addressType", QV_MEMBER_TEXT},
    [METADATA] = {"metadataRequirementList", QV_MEMBER_OBJECTS},
    [VERSIONS] = {"versions", QV_MEMBER_TEXTS},
    [DEVICES] = {"deviceNames", QV_MEMBER_TEXTS},
};

/* A blank version is one: 1.0.0. */
static const struct qv_raw_row rows[] = {
    {qv_raw_no_blank, NAMES, "System name list contains null or empty element"},
    {qv_raw_no_blank, ADDRESSES, "Address list contains null or empty element"},
    {qv_raw_address_type, ADDRESS_TYPE, "Invalid address type"},
    {qv_raw_no_null, METADATA, "Metadata requirement list contains null element"},
    {qv_raw_no_null, VERSIONS, "Version list contains null element"},
    {qv_raw_no_blank, DEVICES, "Device name list contains null or empty element"},
};

static enum qv_status read_versions(const struct qv_dialect *dialect, const json_t *list,
                                    struct qv_strings *versions, struct qv_error *error)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        QV_CLEANUP(qv_buf) struct qv_buf version = {0};
        qv_version_normalize(qv_json_str(json_array_get(list, i)), &version);
        if (qv_buf_status(&version) != QV_OK)
            return qv_no_memory(error);
        QV_TRY(qv_version_check(dialect, qv_buf_str(&version), error));
        if (qv_strings_add(versions, qv_buf_str(&version)) != QV_OK)
            return qv_no_memory(error);
    }
    return QV_OK;
}

static enum qv_status fill(const struct qv_rules *rules, json_t *const *values,
                           struct qv_system_query *query, struct qv_error *error)
{
    const struct qv_dialect *dialect = rules->dialect;
    QV_TRY(qv_raw_rows_check(rows, QV_COUNT_OF(rows), values, error));
    QV_TRY(qv_name_list_read(dialect, QV_ENTITY_SYSTEM, values[NAMES], &query->names, error));
    QV_TRY(qv_filters_read_addresses(rules, values[ADDRESSES], values[ADDRESS_TYPE],
                                     &query->filters, error));
    QV_TRY(read_versions(dialect, values[VERSIONS], &query->versions, error));
    QV_TRY(qv_name_list_read(dialect, QV_ENTITY_DEVICE, values[DEVICES], &query->devices, error));
    return qv_filters_read_metadata(dialect, values[METADATA], &query->filters, error);
}

enum qv_status qv_system_query_read(const struct qv_rules *rules, const json_t *body,
                                    struct qv_system_query **ret_query, struct qv_error *error)
{
    QV_CLEANUP(qv_system_query) struct qv_system_query *query = qv_alloc(sizeof(*query));
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

void qv_system_query_free(struct qv_system_query **query)
{
    if (query == NULL || *query == NULL)
        return;
    qv_strings_free(&(*query)->names);
    qv_strings_free(&(*query)->versions);
    qv_strings_free(&(*query)->devices);
    qv_filters_free(&(*query)->filters);
    qv_free(*query);
    *query = NULL;
}

enum qv_status qv_system_name_read(const struct qv_rules *rules, struct qv_str requester,
                                   char **ret_name, struct qv_error *error)
{
    return qv_reference_read(rules->dialect, QV_ENTITY_SYSTEM, requester,
                             rules->dialect->discovery.requester_missing, ret_name, error);
}

void qv_system_name_fold(const struct qv_dialect *dialect, struct qv_str name, struct qv_buf *buf)
{
    if (dialect->discovery.names_keep_case)
        qv_text_put_lower(name, buf);
}
