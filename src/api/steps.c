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

enum qv_status ask_policy(const struct qv_api *api, const struct qv_permit *permit,
                          const struct qv_request *request, struct qv_str name,
                          const struct qv_object *object, struct qv_response *response,
                          struct qv_grant *ret_grant)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    struct qv_decision decision = {0};
    qv_buf_put(&response->record.object, name);
    enum qv_status status = qv_policy_grant(permit, object, ret_grant, &decision, &error);
    if (status != QV_OK) {
        error.status = status;
        qv_response_set_denied(response, api, &error, &decision, request->origin);
        return status;
    }
    response->record.rule = decision.rule;
    return QV_OK;
}

void write_revoked(const struct qv_job *job, const struct qv_outcome *outcome,
                   struct qv_response *response)
{
    (void)job;
    response->status = outcome->done ? 200 : 204;
}
