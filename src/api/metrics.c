/*
 * GET /metrics: what happened, as numbers in Prometheus' text format (version 0.0.4). Whoever
 * reaches the operators' listener may read it: no name of a system and no address is in it.
 */
#include "operations.h"

void ops_metrics(struct qv_api *api, const struct qv_permit *permit,
                 const struct qv_request *request, struct qv_response *response,
                 struct qv_job **ret_job)
{
    (void)permit, (void)request, (void)ret_job;
    response->status = 200;
    response->content_type = "text/plain; version=0.0.4; charset=utf-8";
    qv_handshakes_write(api->handshakes, &response->body);
}
