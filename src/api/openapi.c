/*
 * GET /openapi.json: the description of all endpoints, docs/openapi.json compiled in.
 */
#include "handler.h"
#include "openapi_data.h"
#include "operations.h"

enum qv_status ops_openapi(const struct qv_call *call, struct qv_job **ret_job,
                           struct qv_error *error)
{
    (void)ret_job, (void)error;
    qv_buf_put_text(answer_json(call->response, 200), qv_openapi_json);
    return QV_OK;
}
