/*
 * A change between request and answer: submitted to the store by one thread, finished by another.
 *
 * The store calls back on its own thread exactly once; the outcome's entities are moved into the
 * job there, and the worker writes the answer from them later. A job is used by one thread at a
 * time.
 */
#include "handler.h"

#include <quiver/base/memory.h>

enum qv_status job_new(const struct qv_call *call, const struct qv_grant *grant,
                       struct qv_change *change, job_writer write, struct qv_job **ret_job)
{
    struct qv_job *job = qv_alloc(sizeof(*job));
    if (job == NULL) {
        qv_change_free(&change);
        return QV_NO_MEMORY;
    }
    *job = (struct qv_job){
        .api = call->api,
        .grant = *grant,
        .change = change,
        .origin = qv_str_dup(call->request->origin),
        .identity = qv_identity_ref((struct qv_identity *)call->request->identity),
        .write = write,
    };
    if (job->origin == NULL) {
        qv_job_free(&job);
        return QV_NO_MEMORY;
    }
    *ret_job = job;
    return QV_OK;
}

/* On the store's thread. */
static void on_outcome(void *data, struct qv_outcome *outcome)
{
    struct qv_job *job = data;
    job->outcome = *outcome;
    /* taken over, so that the store does not free them */
    outcome->error = (struct qv_error){0};
    outcome->instance = outcome->system = outcome->device = outcome->definition = NULL;
    outcome->chap = NULL;
    job->done(job->done_data, job);
}

void qv_job_start(struct qv_job *job, void (*done)(void *data, struct qv_job *job), void *data)
{
    job->done = done;
    job->done_data = data;
    struct qv_change *change = job->change;
    job->change = NULL;
    qv_store_submit(job->api->store, &job->grant, change, on_outcome, job);
}

bool qv_job_is_recorded(const struct qv_job *job)
{
    return !job->unrecorded;
}

static void write_answer(struct qv_job *job, struct qv_response *response)
{
    struct qv_outcome *outcome = &job->outcome;
    struct qv_record *record = &response->record;
    if (outcome->status != QV_OK) {
        record->verdict = outcome->unknown ? QV_RECORD_UNKNOWN : QV_RECORD_REFUSED;
        outcome->error.status = outcome->status;
        qv_response_set_error(response, &outcome->error, qv_str_from(job->origin));
        return;
    }
    record->verdict = QV_RECORD_ALLOWED;
    if (outcome->done) {
        record->epoch = outcome->epoch;
        record->revision = outcome->revision;
    }
    job->write(job, outcome, response);
    if (response->status >= 400) /* what is there is not what was asked for */
        record->verdict = QV_RECORD_REFUSED;
}

void qv_job_finish(struct qv_job *job, struct qv_response *response)
{
    write_answer(job, response);
    if (job->unrecorded)
        response->record.verdict = QV_RECORD_NONE;
}

void qv_job_free(struct qv_job **job_at)
{
    struct qv_job *job = *job_at;
    *job_at = NULL;
    if (job == NULL)
        return;
    qv_change_free(&job->change);
    qv_error_free(&job->outcome.error);
    qv_entity_free(&job->outcome.instance);
    qv_entity_free(&job->outcome.system);
    qv_entity_free(&job->outcome.device);
    qv_entity_free(&job->outcome.definition);
    qv_entity_free(&job->outcome.chap);
    qv_system_registration_free(&job->system);
    qv_device_registration_free(&job->device);
    qv_identity_free(&job->identity);
    qv_free(job->id);
    qv_free(job->ping_url);
    qv_free(job->origin);
    qv_free(job);
}
