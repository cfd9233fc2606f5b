/*
 * GET /serviceregistry/monitor/echo: is anybody there (spec/arrowhead-discovery 0.1, 11.12).
 */
#include "operations.h"

enum qv_status monitor_echo(const struct qv_call *call, struct qv_job **ret_job,
                            struct qv_error *error)
{
    (void)ret_job, (void)error;
    call->response->status = 200;
    call->response->content_type = "text/plain;charset=UTF-8";
    qv_buf_put_text(&call->response->body, "Got it!");
    return QV_OK;
}
