/*
 * service-discovery: register, lookup, revoke (seeds/001; spec/arrowhead-discovery 3).
 *
 * Each handler goes the same way: media types, body, parameters, domain, policy on the object; then
 * a lookup answers from the view, and a change leaves as a job. The first fault ends it.
 */
#include "handler.h"
#include "objects.h"
#include "operations.h"

/* ---- register -------------------------------------------------------------------------------- */

static void write_registered(const struct qv_job *job, const struct qv_outcome *outcome,
                             struct qv_response *response)
{
    const struct qv_instance_choice choice = {.expires_at = job->expires ? &job->expires_at : NULL};
    qv_instance_write((const struct qv_instance *)outcome->instance,
                      (const struct qv_system *)outcome->system,
                      (const struct qv_device *)outcome->device,
                      (const struct qv_definition *)outcome->definition, QV_DETAIL_FULL, &choice,
                      answer_json(response, 201));
}

static enum qv_status read_registration(const struct qv_call *call,
                                        struct qv_service_registration **ret_registration,
                                        struct qv_error *error)
{
    const struct qv_api *api = call->api;
    QV_CLEANUP(qv_json) json_t *body = NULL;
    QV_TRY(read_json(call, &body, error));
    QV_TRY(qv_registry_check_loaded(api->registry, error)); /* templates are not known yet */

    QV_CLEANUP(qv_template_lookup) struct qv_template_lookup templates;
    qv_template_lookup_begin(api->registry, &templates);
    return qv_service_registration_read(&api->rules, &templates.source,
                                        qv_str_from(call->request->identity->system), body,
                                        call->request->now, ret_registration, error);
}

/* A provider that may be entered automatically needs a name that a system may have; in the mode
   `required` its own registration has seen to that. */
static enum qv_status check_provider(const struct qv_api *api,
                                     const struct qv_service_registration *registration,
                                     struct qv_error *error)
{
    struct qv_str name = qv_str_from(registration->provider);
    if (api->config->registry.provider_registration != QV_PROVIDER_AUTOMATIC)
        return QV_OK;
    QV_TRY(qv_name_check_length(api->rules.dialect, QV_ENTITY_SYSTEM, name, error));
    return qv_name_check(api->rules.dialect, QV_ENTITY_SYSTEM, name, error);
}

static enum qv_status ask_to_register(const struct qv_call *call,
                                      const struct qv_service_registration *registration,
                                      struct qv_grant *ret_grant)
{
    QV_CLEANUP(described) struct described described = {0};
    QV_TRY(describe_registration(registration, &described));
    return ask_policy(call, qv_str_from(registration->instance_id), &described.object, ret_grant);
}

static enum qv_status make_register_job(const struct qv_call *call, const struct qv_grant *grant,
                                        const struct qv_service_registration *registration,
                                        struct qv_job **ret_job)
{
    const struct qv_api *api = call->api;
    struct qv_change *change = NULL;
    struct qv_job *job = NULL;
    QV_TRY(qv_change_register_service(&api->rules, api->config->registry.provider_registration,
                                      registration, call->request->identity, &change));
    enum qv_status status = qv_change_limit_instances(change, call->request->instances_max);
    if (status != QV_OK) {
        qv_change_free(&change);
        return status;
    }
    QV_TRY(job_new(call, grant, change, write_registered, &job));
    job->expires = registration->expires;
    job->expires_at = registration->expires_at;
    *ret_job = job;
    return QV_OK;
}

enum qv_status service_register(const struct qv_call *call, struct qv_job **ret_job,
                                struct qv_error *error)
{
    QV_CLEANUP(qv_service_registration) struct qv_service_registration *registration = NULL;
    struct qv_grant grant;
    QV_TRY(read_registration(call, &registration, error));
    QV_TRY(check_provider(call->api, registration, error));
    QV_TRY(ask_to_register(call, registration, &grant));
    return make_register_job(call, &grant, registration, ret_job);
}

/* ---- lookup ---------------------------------------------------------------------------------- */

static enum qv_status read_query(const struct qv_call *call, struct qv_service_query **ret_query,
                                 bool *ret_verbose, struct qv_error *error)
{
    const struct qv_api *api = call->api;
    const struct qv_identity *caller = call->request->identity; /* NULL: section 11.15 */
    QV_CLEANUP(qv_json) json_t *body = NULL;
    QV_TRY(read_json(call, &body, error));
    QV_TRY(read_truth(call->request->query, "verbose", ret_verbose, error));
    QV_TRY(qv_service_query_read(&api->rules, body, ret_query, error));
    QV_TRY(qv_service_query_restrict(&api->rules, qv_str_from(caller ? caller->system : NULL),
                                     caller && caller->profile == QV_PROFILE_OPERATOR, *ret_query,
                                     error));
    if (*ret_verbose && !api->config->registry.verbose)
        return qv_error_set(error, QV_DENIED, "Verbose is not allowed");
    return QV_OK;
}

enum qv_status service_lookup(const struct qv_call *call, struct qv_job **ret_job,
                              struct qv_error *error)
{
    (void)ret_job;
    const struct qv_api *api = call->api;
    QV_CLEANUP(qv_service_query) struct qv_service_query *query = NULL;
    QV_CLEANUP(sight) struct sight sight = {.permit = call->permit};
    QV_CLEANUP(qv_service_result) struct qv_service_result result = {0};
    bool verbose;
    QV_TRY(read_query(call, &query, &verbose, error));
    sight_limit(&sight, query);
    QV_TRY(qv_registry_find_services(api->registry, query, call->request->now, &result, error));

    struct qv_buf *answer = answer_json(call->response, 200);
    qv_service_result_write(&result, verbose ? QV_DETAIL_FULL : QV_DETAIL_TERSE,
                            api->config->registry.publish_certificate, answer);
    return qv_buf_status(answer);
}

/* ---- revoke ---------------------------------------------------------------------------------- */

/* With what stands under the id: rules may be about its interfaces and metadata. Where nothing
   does, there are none. */
static enum qv_status find_revoked(const struct qv_api *api, const struct qv_instance_id *id,
                                   struct described *described,
                                   struct qv_entity_head **ret_instance, struct qv_error *error)
{
    struct qv_entity_head *instance = NULL;
    enum qv_status status =
        qv_registry_get(api->registry, QV_KIND_INSTANCE, qv_str_from(id->text), &instance, error);
    if (status == QV_OK && instance != NULL)
        status = describe_instance((const struct qv_instance *)instance, described);
    if (status != QV_OK) {
        qv_entity_free(&instance);
        return status;
    }
    described->object.provider = id->provider;
    described->object.service = id->definition;
    described->object.version = id->version;
    *ret_instance = instance;
    return QV_OK;
}

/* What only stands for a CHAP service is shown here, and kept there. */
static enum qv_status check_not_exposed(const struct qv_api *api, const struct qv_instance_id *id,
                                        struct qv_response *response, struct qv_error *error)
{
    if (!qv_registry_is_exposed(api->registry, qv_str_from(id->text)))
        return QV_OK;
    response->record.rule = NULL; /* it is no rule that stands against it */
    return qv_error_set(error, QV_DENIED,
                        "%s stands for a CHAP service: it ends when that is deleted, or with its "
                        "lease",
                        id->text);
}

static enum qv_status make_revoke_job(const struct qv_call *call, const struct qv_grant *grant,
                                      const struct qv_instance_id *id, struct qv_job **ret_job)
{
    struct qv_change *change = NULL;
    QV_TRY(qv_change_revoke_service(id, call->request->identity, &change));
    return job_new(call, grant, change, write_revoked, ret_job);
}

enum qv_status service_revoke(const struct qv_call *call, struct qv_job **ret_job,
                              struct qv_error *error)
{
    const struct qv_request *request = call->request;
    QV_CLEANUP(qv_instance_id) struct qv_instance_id id = {0};
    QV_CLEANUP(described) struct described described = {0};
    QV_CLEANUP(qv_entity) struct qv_entity_head *instance = NULL;
    struct qv_grant grant;
    QV_TRY(qv_service_revocation_read(&call->api->rules, qv_str_from(request->identity->system),
                                      request->param, &id, error));
    QV_TRY(find_revoked(call->api, &id, &described, &instance, error));
    QV_TRY(ask_policy(call, qv_str_from(id.text), &described.object, &grant));
    QV_TRY(check_not_exposed(call->api, &id, call->response, error));
    return make_revoke_job(call, &grant, &id, ret_job);
}
