/*
 * The operators' listener: is the process alive, and is it ready to do its work
 * (docs/operations.md).
 *
 * Alive is whoever answers. Ready is who has a view; degraded is who has one but knows of a reason
 * why something will be refused, such as a store that is away, or that something is not as its
 * files say, such as a certificate that could not be reloaded.
 */
#include "operations.h"

void ops_live(struct qv_api *api, const struct qv_permit *permit, const struct qv_request *request,
              struct qv_response *response, struct qv_job **ret_job)
{
    (void)api, (void)permit, (void)request, (void)ret_job;
    response->status = 200;
    response->content_type = "application/json";
    qv_buf_put_text(&response->body, "{\"status\":\"live\"}");
}

static void write_reasons(const struct qv_strings *reasons, struct qv_buf *body)
{
    qv_buf_put_char(body, '[');
    for (size_t i = 0; i < reasons->count; i++) {
        if (i > 0)
            qv_buf_put_char(body, ',');
        qv_json_write_str(body, qv_str_from(reasons->at[i]));
    }
    qv_buf_put_char(body, ']');
}

static void set_not_ready(const struct qv_strings *reasons, const struct qv_request *request,
                          struct qv_response *response)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    /* The store's come first: they say why there is no view. */
    const char *reason = reasons->count > 0 ? reasons->at[0] : "the view is being loaded";
    qv_error_set(&error, QV_UNAVAILABLE, "not ready: %s", reason);
    qv_response_set_error(response, &error, request->origin);
}

void ops_ready(struct qv_api *api, const struct qv_permit *permit, const struct qv_request *request,
               struct qv_response *response, struct qv_job **ret_job)
{
    (void)permit, (void)ret_job;
    QV_CLEANUP(qv_strings) struct qv_strings reasons = {0};
    qv_store_reasons(api->store, &reasons);
    bool told = qv_health_reasons(api->health, &reasons) == QV_OK;
    struct qv_registry_state state;
    qv_registry_state(api->registry, &state);
    if (!state.loaded || !told) { /* what cannot be told must not look like none */
        set_not_ready(&reasons, request, response);
        return;
    }
    response->status = 200;
    response->content_type = "application/json";
    qv_buf_printf(&response->body,
                  "{\"status\":\"%s\",\"reasons\":", reasons.count > 0 ? "degraded" : "ready");
    write_reasons(&reasons, &response->body);
    qv_buf_put_char(&response->body, '}');
}
