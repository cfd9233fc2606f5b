/*
 * device-discovery: register, lookup, revoke (spec/arrowhead-discovery 4.4, 4.5, 4.7).
 *
 * Devices are no one's own: by the reference's rights whoever proved an identity may keep any of
 * them (quirk Q26 is the policy's to narrow). What the store finds under a name is left as it is,
 * and the answer tells whether it is what was asked for.
 */
#include "handler.h"
#include "operations.h"

#include <quiver/base/memory.h>

/* ---- register -------------------------------------------------------------------------------- */

static void write_registered(const struct qv_job *job, const struct qv_outcome *outcome,
                             struct qv_response *response)
{
    const struct qv_device *device = (const struct qv_device *)outcome->device;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    enum qv_status status = QV_OK;
    if (!outcome->done)
        status = qv_device_registration_compare(job->device, device, &error);
    if (status != QV_OK) {
        error.status = status;
        qv_response_set_error(response, &error, qv_str_from(job->origin));
        return;
    }
    qv_buf_put(answer_json(response, outcome->done ? 201 : 200), device->json);
}

/* The job takes the registration over. */
static enum qv_status make_register_job(const struct qv_call *call, const struct qv_grant *grant,
                                        struct qv_device_registration **registration,
                                        struct qv_job **ret_job)
{
    struct qv_change *change = NULL;
    QV_TRY(qv_change_register_device(*registration, call->request->identity, &change));
    QV_TRY(job_new(call, grant, change, write_registered, ret_job));
    (*ret_job)->device = *registration;
    *registration = NULL;
    return QV_OK;
}

enum qv_status device_register(const struct qv_call *call, struct qv_job **ret_job,
                               struct qv_error *error)
{
    QV_CLEANUP(qv_json) json_t *body = NULL;
    QV_CLEANUP(qv_device_registration) struct qv_device_registration *registration = NULL;
    QV_TRY(read_json(call, &body, error));
    QV_TRY(qv_device_registration_read(&call->api->rules, body, &registration, error));

    struct qv_grant grant;
    const struct qv_object object = {.metadata = registration->metadata};
    QV_TRY(ask_policy(call, qv_str_from(registration->name), &object, &grant));
    return make_register_job(call, &grant, &registration, ret_job);
}

/* ---- lookup ---------------------------------------------------------------------------------- */

enum qv_status device_lookup(const struct qv_call *call, struct qv_job **ret_job,
                             struct qv_error *error)
{
    (void)ret_job;
    QV_CLEANUP(qv_json) json_t *body = NULL;
    QV_CLEANUP(qv_device_query) struct qv_device_query *query = NULL;
    QV_CLEANUP(qv_entity_result) struct qv_entity_result result = {0};
    QV_TRY(read_optional_json(call, &body, error));
    QV_TRY(qv_device_query_read(&call->api->rules, body, &query, error));
    QV_TRY(qv_registry_find_devices(call->api->registry, query, &result, error));

    struct qv_buf *answer = answer_json(call->response, 200);
    qv_device_result_write(&result, answer);
    return qv_buf_status(answer);
}

/* ---- revoke ---------------------------------------------------------------------------------- */

static enum qv_status revoke(const struct qv_call *call, struct qv_str name,
                             struct qv_job **ret_job, struct qv_error *error)
{
    struct qv_grant grant;
    struct qv_change *change = NULL;
    QV_TRY(ask_to_revoke(call, QV_KIND_DEVICE, name, &grant, error));
    QV_TRY(qv_change_revoke_device(name, call->request->identity, &change));
    return job_new(call, &grant, change, write_revoked, ret_job);
}

enum qv_status device_revoke(const struct qv_call *call, struct qv_job **ret_job,
                             struct qv_error *error)
{
    char *name = NULL;
    QV_TRY(qv_device_name_read(&call->api->rules, call->request->param, &name, error));
    enum qv_status status = revoke(call, qv_str_from(name), ret_job, error);
    qv_free(name);
    return status;
}
