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
    response->status = outcome->done ? 201 : 200;
    response->content_type = "application/json";
    qv_buf_put(&response->body, device->json);
}

static enum qv_status read_registration(const struct qv_api *api, const struct qv_request *request,
                                        struct qv_response *response,
                                        struct qv_device_registration **ret_registration,
                                        struct qv_error *error)
{
    QV_TRY(check_media(request, response, error));
    QV_CLEANUP(qv_json) json_t *body = NULL;
    QV_TRY(read_body(request, &body, error));
    return qv_device_registration_read(&api->rules, body, ret_registration, error);
}

/* The job takes the registration over. */
static enum qv_status make_register_job(struct qv_api *api, const struct qv_grant *grant,
                                        const struct qv_request *request,
                                        struct qv_device_registration **registration,
                                        struct qv_job **ret_job)
{
    struct qv_change *change = NULL;
    QV_TRY(qv_change_register_device(*registration, request->identity, &change));
    QV_TRY(job_new(api, grant, request, change, write_registered, ret_job));
    (*ret_job)->device = *registration;
    *registration = NULL;
    return QV_OK;
}

void device_register(struct qv_api *api, const struct qv_permit *permit,
                     const struct qv_request *request, struct qv_response *response,
                     struct qv_job **ret_job)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    QV_CLEANUP(qv_device_registration) struct qv_device_registration *registration = NULL;
    enum qv_status status = read_registration(api, request, response, &registration, &error);
    if (status != QV_OK) {
        set_fault(response, status, &error, request);
        return;
    }
    struct qv_grant grant;
    const struct qv_object object = {.metadata = registration->metadata};
    if (ask_policy(api, permit, request, qv_str_from(registration->name), &object, response,
                   &grant) != QV_OK)
        return;
    status = make_register_job(api, &grant, request, &registration, ret_job);
    if (status != QV_OK)
        set_fault(response, status, &error, request);
}

/* ---- lookup ---------------------------------------------------------------------------------- */

static enum qv_status look_up(struct qv_api *api, const struct qv_request *request,
                              struct qv_response *response, struct qv_error *error)
{
    QV_TRY(check_optional_media(request, response, error));
    QV_CLEANUP(qv_json) json_t *body = NULL;
    QV_TRY(read_optional_body(request, &body, error));
    QV_CLEANUP(qv_device_query) struct qv_device_query *query = NULL;
    QV_TRY(qv_device_query_read(&api->rules, body, &query, error));

    QV_CLEANUP(qv_entity_result) struct qv_entity_result result = {0};
    QV_TRY(qv_registry_find_devices(api->registry, query, &result, error));
    response->status = 200;
    response->content_type = "application/json";
    qv_device_result_write(&result, &response->body);
    return qv_buf_status(&response->body);
}

void device_lookup(struct qv_api *api, const struct qv_permit *permit,
                   const struct qv_request *request, struct qv_response *response,
                   struct qv_job **ret_job)
{
    (void)permit, (void)ret_job;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    enum qv_status status = look_up(api, request, response, &error);
    if (status != QV_OK)
        set_fault(response, status, &error, request);
}

/* ---- revoke ---------------------------------------------------------------------------------- */

static void revoke(struct qv_api *api, const struct qv_permit *permit,
                   const struct qv_request *request, struct qv_str name,
                   struct qv_response *response, struct qv_job **ret_job)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    QV_CLEANUP(qv_entity) struct qv_entity_head *device = NULL;
    struct qv_grant grant;
    struct qv_object object = {0};
    enum qv_status status = qv_registry_get(api->registry, QV_KIND_DEVICE, name, &device, &error);
    if (status != QV_OK) {
        set_fault(response, status, &error, request);
        return;
    }
    if (device != NULL)
        object.metadata_text = ((const struct qv_device *)device)->metadata;
    if (ask_policy(api, permit, request, name, &object, response, &grant) != QV_OK)
        return;
    struct qv_change *change = NULL;
    status = qv_change_revoke_device(name, request->identity, &change);
    if (status == QV_OK)
        status = job_new(api, &grant, request, change, write_revoked, ret_job);
    if (status != QV_OK)
        set_fault(response, status, &error, request);
}

void device_revoke(struct qv_api *api, const struct qv_permit *permit,
                   const struct qv_request *request, struct qv_response *response,
                   struct qv_job **ret_job)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    char *name = NULL;
    enum qv_status status = qv_device_name_read(&api->rules, request->param, &name, &error);
    if (status == QV_OK)
        revoke(api, permit, request, qv_str_from(name), response, ret_job);
    else
        set_fault(response, status, &error, request);
    qv_free(name);
}
