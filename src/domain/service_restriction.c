/*
 * Whose services a caller gets to see, and which name may revoke (spec/arrowhead-discovery 3.11,
 * 3.13, 3.14). Pure; any thread.
 */
#include "dialect.h"
#include "text.h"
#include <quiver/base/memory.h>
#include <quiver/domain/core_names.h>
#include <quiver/domain/service.h>

/* ---- restricted discovery ---- */

/* Names are compared as they are stored, however they are written in the file (section 7, Q28). */
static enum qv_status has_direct_access(const struct qv_rules *rules, struct qv_str requester,
                                        bool *ret_direct)
{
    QV_CLEANUP(qv_buf) struct qv_buf name = {0};
    qv_name_normalize(rules->dialect, QV_ENTITY_SYSTEM, requester, &name);
    QV_TRY(qv_buf_status(&name));
    bool direct = false;
    size_t count = rules->direct_access != NULL ? rules->direct_access->count : 0;
    for (size_t i = 0; i < count && !direct; i++) {
        QV_CLEANUP(qv_buf) struct qv_buf listed = {0};
        qv_name_normalize(rules->dialect, QV_ENTITY_SYSTEM,
                          qv_str_from(rules->direct_access->at[i]), &listed);
        QV_TRY(qv_buf_status(&listed));
        direct = name.length > 0 && qv_str_equal(qv_buf_str(&listed), qv_buf_str(&name));
    }
    *ret_direct = direct;
    return QV_OK;
}

/* A query without requirements gets an empty one, which every service meets. */
static enum qv_status ensure_requirement(const struct qv_dialect *dialect,
                                         struct qv_service_query *query)
{
    if (query->metadata_count > 0)
        return QV_OK;
    QV_CLEANUP(qv_json) json_t *empty = json_object();
    struct qv_requirement **list =
        qv_realloc_array(query->metadata, 1, sizeof(struct qv_requirement *));
    if (list != NULL)
        query->metadata = list;
    if (empty == NULL || list == NULL)
        return QV_NO_MEMORY;
    QV_TRY(qv_requirement_read(dialect, empty, &list[0], NULL));
    query->metadata_count = 1;
    return QV_OK;
}

static enum qv_status restrict_query(const struct qv_dialect *dialect,
                                     struct qv_service_query *query)
{
    QV_TRY(ensure_requirement(dialect, query));
    for (size_t i = 0; i < query->metadata_count; i++)
        QV_TRY(qv_requirement_demand(dialect, query->metadata[i],
                                     qv_core_names(dialect)->unrestricted_key));
    return QV_OK;
}

enum qv_status qv_service_query_restrict(const struct qv_rules *rules, struct qv_str requester,
                                         bool is_operator, struct qv_service_query *query,
                                         struct qv_error *error)
{
    if (rules->discovery != QV_DISCOVERY_RESTRICTED || is_operator)
        return QV_OK;
    bool direct = false;
    enum qv_status status = has_direct_access(rules, requester, &direct);
    if (status == QV_OK && !direct)
        status = restrict_query(rules->dialect, query);
    return status == QV_OK ? QV_OK : qv_no_memory(error);
}

/* ---- revoke ---- */

static enum qv_status check_requester(const struct qv_dialect *dialect, struct qv_str requester,
                                      struct qv_error *error)
{
    if (!dialect->discovery.checks_references)
        return QV_OK;
    QV_CLEANUP(qv_buf) struct qv_buf name = {0};
    qv_name_normalize(dialect, QV_ENTITY_SYSTEM, requester, &name);
    if (qv_buf_status(&name) != QV_OK)
        return qv_no_memory(error);
    return qv_name_check(dialect, QV_ENTITY_SYSTEM, qv_buf_str(&name), error);
}

enum qv_status qv_service_revocation_read(const struct qv_rules *rules, struct qv_str requester,
                                          struct qv_str id, struct qv_instance_id *ret_id,
                                          struct qv_error *error)
{
    if (qv_str_is_blank(requester))
        return qv_error_set(error, QV_INVALID, "System name is empty");
    if (qv_str_is_blank(id))
        return qv_error_set(error, QV_INVALID, "Service instance ID is missing");
    QV_TRY(check_requester(rules->dialect, requester, error));
    return qv_instance_id_read(rules->dialect, id, ret_id, error);
}
