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
    qv_system_write(system, device, QV_DETAIL_FULL,
                    answer_json(response, outcome->done ? 201 : 200));
}

/* The job takes the registration over. */
static enum qv_status make_register_job(const struct qv_call *call, const struct qv_grant *grant,
                                        struct qv_system_registration **registration,
                                        struct qv_job **ret_job)
{
    struct qv_change *change = NULL;
    QV_TRY(qv_change_register_system(&call->api->rules, *registration, call->request->identity,
                                     &change));
    QV_TRY(job_new(call, grant, change, write_registered, ret_job));
    (*ret_job)->system = *registration;
    *registration = NULL;
    return QV_OK;
}

enum qv_status system_register(const struct qv_call *call, struct qv_job **ret_job,
                               struct qv_error *error)
{
    QV_CLEANUP(qv_json) json_t *body = NULL;
    QV_CLEANUP(qv_system_registration) struct qv_system_registration *registration = NULL;
    QV_TRY(read_json(call, &body, error));
    QV_TRY(qv_system_registration_read(&call->api->rules,
                                       qv_str_from(call->request->identity->system), body,
                                       &registration, error));

    struct qv_grant grant;
    const struct qv_object object = {.provider = qv_str_from(registration->name),
                                     .metadata = registration->metadata};
    QV_TRY(ask_policy(call, object.provider, &object, &grant));
    return make_register_job(call, &grant, &registration, ret_job);
}

/* ---- lookup ---------------------------------------------------------------------------------- */

enum qv_status system_lookup(const struct qv_call *call, struct qv_job **ret_job,
                             struct qv_error *error)
{
    (void)ret_job;
    QV_CLEANUP(qv_json) json_t *body = NULL;
    QV_CLEANUP(qv_system_query) struct qv_system_query *query = NULL;
    QV_CLEANUP(qv_entity_result) struct qv_entity_result result = {0};
    bool verbose;
    QV_TRY(read_optional_json(call, &body, error));
    QV_TRY(read_truth(call->request->query, "verbose", &verbose, error));
    QV_TRY(qv_system_query_read(&call->api->rules, body, &query, error));
    QV_TRY(qv_registry_find_systems(call->api->registry, query, &result, error));

    /* Where verbose is switched off, an answer is short without a refusal. */
    bool full = verbose && call->api->config->registry.verbose;
    struct qv_buf *answer = answer_json(call->response, 200);
    qv_system_result_write(&result, full ? QV_DETAIL_FULL : QV_DETAIL_DEVICE_NAME, answer);
    return qv_buf_status(answer);
}

/* ---- revoke ---------------------------------------------------------------------------------- */

/* With all its service instances (spec 4.3). */
static enum qv_status revoke(const struct qv_call *call, struct qv_str name,
                             struct qv_job **ret_job, struct qv_error *error)
{
    struct qv_grant grant;
    struct qv_change *change = NULL;
    QV_TRY(ask_to_revoke(call, QV_KIND_SYSTEM, name, &grant, error));
    QV_TRY(qv_change_revoke_system(name, call->request->identity, &change));
    return job_new(call, &grant, change, write_revoked, ret_job);
}

enum qv_status system_revoke(const struct qv_call *call, struct qv_job **ret_job,
                             struct qv_error *error)
{
    char *name = NULL;
    QV_TRY(qv_system_name_read(&call->api->rules, qv_str_from(call->request->identity->system),
                               &name, error));
    enum qv_status status = revoke(call, qv_str_from(name), ret_job, error);
    qv_free(name);
    return status;
}
