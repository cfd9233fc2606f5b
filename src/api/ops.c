/*
 * The operators' listener: is the process alive, and is it ready to do its work
 * (docs/operations.md).
 *
 * Alive is whoever answers; who is ready, readiness.c says. A worker's thread.
 */
#include "operations.h"

#include <quiver/api/readiness.h>

void ops_live(struct qv_api *api, const struct qv_permit *permit, const struct qv_request *request,
              struct qv_response *response, struct qv_job **ret_job)
{
    (void)api, (void)permit, (void)request, (void)ret_job;
    response->status = 200;
    response->content_type = "application/json";
    qv_buf_put_text(&response->body, "{\"status\":\"live\"}");
}

static void set_not_ready(const struct qv_strings *reasons, const struct qv_request *request,
                          struct qv_response *response)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    const char *reason = reasons->count > 0 ? reasons->at[0] : "the view is being loaded";
    qv_error_set(&error, QV_UNAVAILABLE, "not ready: %s", reason);
    qv_response_set_error(response, &error, request->origin);
}

void ops_ready(struct qv_api *api, const struct qv_permit *permit, const struct qv_request *request,
               struct qv_response *response, struct qv_job **ret_job)
{
    (void)permit, (void)ret_job;
    QV_CLEANUP(qv_strings) struct qv_strings reasons = {0};
    enum qv_readiness readiness = qv_readiness_of(api->store, api->health, api->registry, &reasons);
    if (readiness == QV_NOT_READY) {
        set_not_ready(&reasons, request, response);
        return;
    }
    response->status = 200;
    response->content_type = "application/json";
    qv_buf_printf(&response->body,
                  "{\"status\":\"%s\",\"reasons\":", readiness == QV_READY ? "ready" : "degraded");
    qv_readiness_write_reasons(&reasons, &response->body);
    qv_buf_put_char(&response->body, '}');
}
