/*
 * GET /serviceregistry/monitor/echo: is anybody there (spec/arrowhead-discovery 0.1, 11.12).
 */
#include "operations.h"

void monitor_echo(struct qv_api *api, const struct qv_permit *permit,
                  const struct qv_request *request, struct qv_response *response,
                  struct qv_job **ret_job)
{
    (void)api, (void)permit, (void)request, (void)ret_job;
    response->status = 200;
    response->content_type = "text/plain;charset=UTF-8";
    qv_buf_put_text(&response->body, "Got it!");
}
