/*
 * Steps that the handlers of all services take alike: asking the policy about an object, answering
 * a fault, answering a revoke. Any worker thread.
 */
#include "handler.h"

void set_fault(struct qv_response *response, enum qv_status status, struct qv_error *error,
               const struct qv_request *request)
{
    error->status = status; /* running out of memory leaves no words */
    qv_response_set_error(response, error, request->origin);
}

/* The caller's name as names are stored. */
static enum qv_status write_requester(const struct qv_api *api, const struct qv_request *request,
                                      struct qv_buf *buf)
{
    qv_name_normalize(api->rules.dialect, QV_ENTITY_SYSTEM, qv_str_from(request->identity->system),
                      buf);
    return qv_buf_status(buf);
}

enum qv_status ask_policy(const struct qv_api *api, const struct qv_permit *permit,
                          const struct qv_request *request, const struct qv_object *on,
                          struct qv_response *response, struct qv_grant *ret_grant)
{
    QV_CLEANUP(qv_buf) struct qv_buf requester = {0};
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    struct qv_decision decision = {0};
    struct qv_object object = *on;
    enum qv_status status = write_requester(api, request, &requester);
    if (status == QV_OK) {
        object.requester = qv_buf_str(&requester);
        status = qv_policy_grant(permit, &object, ret_grant, &decision, &error);
    }
    if (status != QV_OK) {
        error.status = status;
        qv_response_set_denied(response, api, &error, &decision, request->origin);
    }
    return status;
}

void write_revoked(const struct qv_job *job, const struct qv_outcome *outcome,
                   struct qv_response *response)
{
    (void)job;
    response->status = outcome->done ? 200 : 204;
}
