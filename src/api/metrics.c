/*
 * GET /metrics: what happened, as numbers in Prometheus' text format (version 0.0.4). Whoever
 * reaches the operators' listener may read it: no name of a caller and no address of one is in it.
 * A worker's thread.
 */
#include "operations.h"

#include <quiver/api/readiness.h>

enum qv_status ops_metrics(const struct qv_call *call, struct qv_job **ret_job,
                           struct qv_error *error)
{
    (void)ret_job, (void)error;
    const struct qv_api *api = call->api;
    QV_CLEANUP(qv_strings) struct qv_strings reasons = {0};
    struct qv_registry_state state;
    qv_registry_state(api->registry, &state);
    (void)qv_readiness_of(api->store, api->health, api->registry, &reasons);
    const struct qv_metrics_asked asked = {
        .registry = &state,
        .audit = api->audit,
        .handshakes = api->handshakes,
        .reasons = &reasons,
    };
    call->response->status = 200;
    call->response->content_type = "text/plain; version=0.0.4; charset=utf-8";
    qv_metrics_write(api->metrics, &asked, &call->response->body);
    return QV_OK;
}
