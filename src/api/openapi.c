/*
 * GET /openapi.json: the description of all endpoints, docs/openapi.json compiled in.
 */
#include "operations.h"

#include "openapi_data.h"

void ops_openapi(struct qv_api *api, const struct qv_permit *permit,
                 const struct qv_request *request, struct qv_response *response,
                 struct qv_job **ret_job)
{
    (void)api, (void)permit, (void)request, (void)ret_job;
    response->status = 200;
    response->content_type = "application/json";
    qv_buf_put_text(&response->body, qv_openapi_json);
}
