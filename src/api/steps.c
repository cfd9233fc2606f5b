/*
 * Steps that the handlers of all services take alike: reading JSON and answering it, asking the
 * policy about an object, answering a fault, answering a revoke. Any worker thread.
 */
#include "handler.h"

void qv_api_handle(const struct qv_route *route, const struct qv_call *call,
                   struct qv_job **ret_job)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    enum qv_status status = route->handle(call, ret_job, &error);
    if (status == QV_OK || call->response->status >= 400)
        return;
    error.status = status; /* running out of memory leaves no words */
    qv_response_set_error(call->response, &error, call->request->origin);
}

enum qv_status read_json(const struct qv_call *call, json_t **ret_body, struct qv_error *error)
{
    QV_TRY(check_media(call->request, call->response, error));
    return read_body(call->request, ret_body, error);
}

enum qv_status read_optional_json(const struct qv_call *call, json_t **ret_body,
                                  struct qv_error *error)
{
    QV_TRY(check_optional_media(call->request, call->response, error));
    return read_optional_body(call->request, ret_body, error);
}

struct qv_buf *answer_json(struct qv_response *response, int status)
{
    response->status = status;
    response->content_type = "application/json";
    return &response->body;
}

enum qv_status ask_policy(const struct qv_call *call, struct qv_str name,
                          const struct qv_object *object, struct qv_grant *ret_grant)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    struct qv_decision decision = {0};
    struct qv_response *response = call->response;
    qv_buf_put(&response->record.object, name);
    enum qv_status status = qv_policy_grant(call->permit, object, ret_grant, &decision, &error);
    if (status != QV_OK) {
        error.status = status;
        qv_response_set_denied(response, call->api, &error, &decision, call->request->origin);
        return status;
    }
    response->record.rule = decision.rule;
    return QV_OK;
}

enum qv_status ask_to_revoke(const struct qv_call *call, enum qv_kind kind, struct qv_str name,
                             struct qv_grant *ret_grant, struct qv_error *error)
{
    QV_CLEANUP(qv_entity) struct qv_entity_head *stored = NULL;
    QV_TRY(qv_registry_get(call->api->registry, kind, name, &stored, error));
    bool system = kind == QV_KIND_SYSTEM;
    struct qv_object object = {0};
    if (system)
        object.provider = name;
    if (stored != NULL)
        object.metadata_text = system ? ((const struct qv_system *)stored)->metadata
                                      : ((const struct qv_device *)stored)->metadata;
    return ask_policy(call, name, &object, ret_grant);
}

void write_revoked(const struct qv_job *job, const struct qv_outcome *outcome,
                   struct qv_response *response)
{
    (void)job;
    response->status = outcome->done ? 200 : 204;
}
