/*
 * system-discovery: register, lookup, revoke (spec/arrowhead-discovery 4.1-4.3, 4.7).
 *
 * A system registers and revokes itself alone: its name is the caller's. What the store finds under
 * the name is left as it is, and the answer tells whether it is what was asked for.
 */
#include "handler.h"
#include "operations.h"

#include <quiver/base/memory.h>

/* ---- register -------------------------------------------------------------------------------- */

static void write_registered(const struct qv_job *job, const struct qv_outcome *outcome,
                             struct qv_response *response)
{
    const struct qv_system *system = (const struct qv_system *)outcome->system;
    const struct qv_device *device = (const struct qv_device *)outcome->device;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    enum qv_status status = QV_OK;
    if (!outcome->done)
        status = qv_system_registration_compare(job->system, system, device, &error);
    if (status != QV_OK) {
        error.status = status;
        qv_response_set_error(response, &error, qv_str_from(job->origin));
        return;
    }
    response->status = outcome->done ? 201 : 200;
    response->content_type = "application/json";
    qv_system_write(system, device, QV_DETAIL_FULL, &response->body);
}

static enum qv_status read_registration(const struct qv_api *api, const struct qv_request *request,
                                        struct qv_response *response,
                                        struct qv_system_registration **ret_registration,
                                        struct qv_error *error)
{
    QV_TRY(check_media(request, response, error));
    QV_CLEANUP(qv_json) json_t *body = NULL;
    QV_TRY(read_body(request, &body, error));
    return qv_system_registration_read(&api->rules, qv_str_from(request->identity->system), body,
                                       ret_registration, error);
}

/* The job takes the registration over. */
static enum qv_status make_register_job(struct qv_api *api, const struct qv_grant *grant,
                                        const struct qv_request *request,
                                        struct qv_system_registration **registration,
                                        struct qv_job **ret_job)
{
    struct qv_change *change = NULL;
    QV_TRY(qv_change_register_system(&api->rules, *registration, request->identity, &change));
    QV_TRY(job_new(api, grant, request, change, write_registered, ret_job));
    (*ret_job)->system = *registration;
    *registration = NULL;
    return QV_OK;
}

void system_register(struct qv_api *api, const struct qv_permit *permit,
                     const struct qv_request *request, struct qv_response *response,
                     struct qv_job **ret_job)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    QV_CLEANUP(qv_system_registration) struct qv_system_registration *registration = NULL;
    enum qv_status status = read_registration(api, request, response, &registration, &error);
    if (status != QV_OK) {
        set_fault(response, status, &error, request);
        return;
    }
    struct qv_grant grant;
    const struct qv_object object = {.provider = qv_str_from(registration->name),
                                     .metadata = registration->metadata};
    if (ask_policy(api, permit, request, object.provider, &object, response, &grant) != QV_OK)
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
    bool verbose;
    QV_TRY(read_truth(request->query, "verbose", &verbose, error));
    QV_CLEANUP(qv_system_query) struct qv_system_query *query = NULL;
    QV_TRY(qv_system_query_read(&api->rules, body, &query, error));

    QV_CLEANUP(qv_entity_result) struct qv_entity_result result = {0};
    QV_TRY(qv_registry_find_systems(api->registry, query, &result, error));
    response->status = 200;
    response->content_type = "application/json";
    /* Where verbose is switched off, an answer is short without a refusal. */
    bool full = verbose && api->config->registry.verbose;
    qv_system_result_write(&result, full ? QV_DETAIL_FULL : QV_DETAIL_DEVICE_NAME, &response->body);
    return qv_buf_status(&response->body);
}

void system_lookup(struct qv_api *api, const struct qv_permit *permit,
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

/* With all its service instances (spec 4.3). */
static void revoke(struct qv_api *api, const struct qv_permit *permit,
                   const struct qv_request *request, struct qv_str name,
                   struct qv_response *response, struct qv_job **ret_job)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    QV_CLEANUP(qv_entity) struct qv_entity_head *system = NULL;
    struct qv_grant grant;
    struct qv_object object = {.provider = name};
    enum qv_status status = qv_registry_get(api->registry, QV_KIND_SYSTEM, name, &system, &error);
    if (status != QV_OK) {
        set_fault(response, status, &error, request);
        return;
    }
    if (system != NULL)
        object.metadata_text = ((const struct qv_system *)system)->metadata;
    if (ask_policy(api, permit, request, name, &object, response, &grant) != QV_OK)
        return;
    struct qv_change *change = NULL;
    status = qv_change_revoke_system(name, request->identity, &change);
    if (status == QV_OK)
        status = job_new(api, &grant, request, change, write_revoked, ret_job);
    if (status != QV_OK)
        set_fault(response, status, &error, request);
}

void system_revoke(struct qv_api *api, const struct qv_permit *permit,
                   const struct qv_request *request, struct qv_response *response,
                   struct qv_job **ret_job)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    char *name = NULL;
    enum qv_status status =
        qv_system_name_read(&api->rules, qv_str_from(request->identity->system), &name, &error);
    if (status == QV_OK)
        revoke(api, permit, request, qv_str_from(name), response, ret_job);
    else
        set_fault(response, status, &error, request);
    qv_free(name);
}
