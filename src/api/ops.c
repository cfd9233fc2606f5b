/*
 * The operators' listener: is the process alive, and is it ready to do its work
 * (docs/operations.md).
 *
 * Alive is whoever answers; who is ready, readiness.c says. A worker's thread.
 */
#include "handler.h"
#include "operations.h"

#include <quiver/api/readiness.h>

enum qv_status ops_live(const struct qv_call *call, struct qv_job **ret_job, struct qv_error *error)
{
    (void)ret_job, (void)error;
    qv_buf_put_text(answer_json(call->response, 200), "{\"status\":\"live\"}");
    return QV_OK;
}

enum qv_status ops_ready(const struct qv_call *call, struct qv_job **ret_job,
                         struct qv_error *error)
{
    (void)ret_job;
    const struct qv_api *api = call->api;
    QV_CLEANUP(qv_strings) struct qv_strings reasons = {0};
    enum qv_readiness readiness = qv_readiness_of(api->store, api->health, api->registry, &reasons);
    if (readiness == QV_NOT_READY)
        return qv_error_set(error, QV_UNAVAILABLE, "not ready: %s",
                            reasons.count > 0 ? reasons.at[0] : "the view is being loaded");
    struct qv_buf *body = answer_json(call->response, 200);
    qv_buf_printf(body,
                  "{\"status\":\"%s\",\"reasons\":", readiness == QV_READY ? "ready" : "degraded");
    qv_readiness_write_reasons(&reasons, body);
    qv_buf_put_char(body, '}');
    return QV_OK;
}
