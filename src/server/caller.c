/*
 * From a request to its caller's rights.
 *
 * Holds always: a request is decided by the policy that its worker has when it comes to the first
 * decision, by no other in between. The rights of a certificate's identity are found once and kept
 * with the connection as long as the policy is the same; those of other callers, and of whoever
 * sends a service key, are asked for with each request, for each may be somebody else's, and the
 * policy has its own memory for them.
 */
#include "caller.h"

static enum qv_status find(const struct qv_exchange *exchange, struct qv_rights **ret_rights)
{
    const struct qv_connection *connection = exchange->connection;
    const struct qv_api *api = connection->worker->server->api;
    const struct qv_identity *identity = exchange->request.identity;
    QV_CLEANUP(qv_buf) struct qv_buf name = {0};
    if (identity != NULL)
        qv_name_normalize(api->rules.dialect, QV_ENTITY_SYSTEM, qv_str_from(identity->system),
                          &name);
    QV_TRY(qv_buf_status(&name));
    const struct qv_caller caller = {
        .identity = identity,
        .system = qv_buf_str(&name),
        .listener = qv_str_from(connection->listener->config->name),
        .address = connection->address,
        .service_key = exchange->request.key_number != 0,
    };
    return qv_policy_rights(connection->worker->policy, &caller, ret_rights);
}

enum qv_status qv_caller_find_rights(struct qv_exchange *exchange)
{
    struct qv_connection *connection = exchange->connection;
    struct qv_rights **rights = &exchange->account.rights;
    if (*rights != NULL)
        return QV_OK;
    bool by_certificate =
        connection->identity != NULL && exchange->request.identity == connection->identity;
    if (!by_certificate || exchange->request.key_number != 0)
        return find(exchange, rights);
    qv_caller_forget_old(connection);
    if (connection->rights == NULL) {
        QV_TRY(find(exchange, &connection->rights));
        connection->rights_by = connection->worker->policy;
    }
    *rights = qv_rights_ref(connection->rights);
    return QV_OK;
}

void qv_caller_forget_old(struct qv_connection *connection)
{
    if (connection->rights_by != connection->worker->policy)
        qv_rights_free(&connection->rights);
}
