/*
 * CHAP services that are there: list, one of them, ping, delete (spec/chap-registration B1.2).
 *
 * Reads answer from the view, and hide what has ended. A ping and a delete are the store's affair
 * alone: what the view has under the id is only for the policy's rules. An id that is no slug
 * cannot be registered, and so is not found.
 */
#include "chap.h"
#include "operations.h"

/* ---- reading --------------------------------------------------------------------------------- */

/* The last ping is a whole lease before the end; where leases were made longer since, at least not
   before what is there came, unless the store's clock was set back since. */
static struct qv_chap_times times_of(const struct qv_api *api, const struct qv_chap_match *match)
{
    int64_t pinged_us = match->ends_us - chap_terms(api).ttl_us;
    if (pinged_us < match->chap->updated_us && match->chap->updated_us < match->ends_us)
        pinged_us = match->chap->updated_us;
    return (struct qv_chap_times){.pinged_us = pinged_us, .ends_us = match->ends_us};
}

static void write_service(const struct qv_api *api, const struct qv_chap_match *match,
                          struct qv_buf *body)
{
    const struct qv_chap_times times = times_of(api, match);
    qv_chap_write(match->chap, api->config->chap.dialect, &times, body);
}

enum qv_status chap_list(const struct qv_call *call, struct qv_job **ret_job,
                         struct qv_error *error)
{
    (void)ret_job;
    QV_CLEANUP(qv_chap_result) struct qv_chap_result result = {0};
    QV_TRY(qv_registry_find_chap(call->api->registry, &result, error));
    struct qv_buf *body = answer_json(call->response, 200);
    qv_buf_printf(body, "{\"count\":%zu,\"services\":[", result.count);
    for (size_t i = 0; i < result.count; i++) {
        if (i > 0)
            qv_buf_put_char(body, ',');
        write_service(call->api, &result.matches[i], body);
    }
    qv_buf_put_text(body, "]}");
    return QV_OK;
}

enum qv_status chap_get(const struct qv_call *call, struct qv_job **ret_job, struct qv_error *error)
{
    (void)ret_job;
    struct qv_str id = call->request->param;
    QV_CLEANUP(qv_chap_match) struct qv_chap_match match = {0};
    QV_TRY(qv_registry_get_chap(call->api->registry, id, &match, error));
    if (match.chap == NULL)
        chap_set_not_found(id, call->response);
    else
        write_service(call->api, &match, answer_json(call->response, 200));
    return QV_OK;
}

/* ---- changing what is there ------------------------------------------------------------------ */

/* What is done with one service. */
struct verb {
    enum qv_status (*make)(const struct qv_api *api, const struct qv_request *request,
                           struct qv_change **ret_change);
    job_writer write;
    bool unrecorded;
};

/* With what stands under the id, if anything: rules may be about its version and metadata. */
static enum qv_status describe(const struct qv_api *api, struct qv_str id,
                               struct chap_object *object, struct qv_entity_head **ret_stored,
                               struct qv_error *error)
{
    QV_TRY(chap_object_begin(api, id, object));
    QV_TRY(qv_registry_get(api->registry, QV_KIND_CHAP, id, ret_stored, error));
    const struct qv_chap *chap = (const struct qv_chap *)*ret_stored;
    if (chap != NULL) {
        object->object.version = chap->version;
        object->object.metadata_text = chap->info;
    }
    return QV_OK;
}

static enum qv_status make_job(const struct qv_call *call, const struct qv_grant *grant,
                               const struct verb *verb, struct qv_job **ret_job)
{
    struct qv_change *change = NULL;
    struct qv_job *job = NULL;
    QV_TRY(verb->make(call->api, call->request, &change));
    QV_TRY(job_new(call, grant, change, verb->write, &job));
    job->unrecorded = verb->unrecorded;
    job->id = qv_str_dup(call->request->param);
    if (job->id == NULL) {
        qv_job_free(&job);
        return QV_NO_MEMORY;
    }
    *ret_job = job;
    return QV_OK;
}

static enum qv_status change(const struct qv_call *call, const struct verb *verb,
                             struct qv_job **ret_job, struct qv_error *error)
{
    struct qv_str id = call->request->param;
    QV_CLEANUP(chap_object) struct chap_object object = {0};
    QV_CLEANUP(qv_entity) struct qv_entity_head *stored = NULL;
    struct qv_grant grant;
    if (!qv_chap_id_is_valid(id)) {
        chap_set_not_found(id, call->response);
        return QV_OK;
    }
    QV_TRY(describe(call->api, id, &object, &stored, error));
    QV_TRY(ask_policy(call, id, &object.object, &grant));
    return make_job(call, &grant, verb, ret_job);
}

/* ---- ping ------------------------------------------------------------------------------------ */

static enum qv_status make_ping(const struct qv_api *api, const struct qv_request *request,
                                struct qv_change **ret_change)
{
    const struct qv_chap_terms terms = chap_terms(api);
    return qv_change_ping_chap(request->param, &terms, ret_change);
}

static void write_alive(const struct qv_job *job, const struct qv_outcome *outcome,
                        struct qv_response *response)
{
    if (!outcome->done) {
        chap_set_not_found(qv_str_from(job->id), response);
        return;
    }
    struct qv_buf *body = answer_json(response, 200);
    qv_buf_put_text(body, "{\"id\":");
    qv_json_write_str(body, qv_str_from(job->id));
    qv_buf_put_text(body, ",\"status\":\"alive\",\"last_ping_at\":\"");
    qv_chap_time_write(outcome->chap_times.pinged_us, body);
    qv_buf_put_text(body, "\",\"expires_at\":\"");
    qv_chap_time_write(outcome->chap_times.ends_us, body);
    qv_buf_put_text(body, "\"}");
}

enum qv_status chap_ping(const struct qv_call *call, struct qv_job **ret_job,
                         struct qv_error *error)
{
    static const struct verb ping = {make_ping, write_alive, .unrecorded = true};
    return change(call, &ping, ret_job, error);
}

/* ---- delete ---------------------------------------------------------------------------------- */

static enum qv_status make_delete(const struct qv_api *api, const struct qv_request *request,
                                  struct qv_change **ret_change)
{
    (void)api;
    return qv_change_delete_chap(request->param, request->identity, ret_change);
}

static void write_deleted(const struct qv_job *job, const struct qv_outcome *outcome,
                          struct qv_response *response)
{
    if (outcome->done && outcome->chap_how != QV_CHAP_ENDED)
        response->status = 204;
    else
        chap_set_not_found(qv_str_from(job->id), response);
}

enum qv_status chap_delete(const struct qv_call *call, struct qv_job **ret_job,
                           struct qv_error *error)
{
    static const struct verb delete = {make_delete, write_deleted, .unrecorded = false};
    return change(call, &delete, ret_job, error);
}
