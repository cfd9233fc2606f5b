/*
 * A request that waits for its change.
 *
 * The job is done on the store's thread, which only posts it to the request's worker; the worker
 * writes the answer. libh2o does not read from a connection whose request is in process, so the
 * request is still there then; should it have gone, the answer is dropped, not the change.
 */
#include "exchange.h"

#include <quiver/base/memory.h>

struct qv_pending {
    h2o_multithread_message_t message; /* first: the receiver gets its address */
    struct qv_worker *worker;
    struct qv_exchange *exchange; /* NULL: the request is gone */
    struct qv_job *job;
    struct qv_account account;   /* the exchange's, ... */
    struct qv_response response; /* ... and so is this, in between */
};

/* The store's thread. */
static void on_done(void *data, struct qv_job *job)
{
    (void)job; /* the one that it was started with */
    struct qv_pending *pending = data;
    qv_worker_post(pending->worker, &pending->worker->jobs, &pending->message);
}

static enum qv_status make(struct qv_exchange *exchange, const struct qv_job *job,
                           struct qv_pending **ret_pending, struct qv_error *error)
{
    struct qv_worker *worker = exchange->connection->worker;
    struct qv_pending *pending = qv_alloc(sizeof(*pending));
    if (pending == NULL)
        return QV_NO_MEMORY;
    bool recorded = qv_job_is_recorded(job);
    enum qv_status status = recorded ? qv_audit_reserve(worker->server->api->audit, error) : QV_OK;
    if (status != QV_OK) {
        qv_free(pending);
        return status;
    }
    exchange->account.reserved = recorded;
    pending->worker = worker;
    pending->exchange = exchange;
    pending->account = exchange->account;
    pending->response = exchange->response;
    exchange->account = (struct qv_account){0};
    exchange->response = (struct qv_response){.shape = pending->response.shape};
    *ret_pending = pending;
    return QV_OK;
}

void qv_pending_start(struct qv_exchange *exchange, struct qv_job *job)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    struct qv_pending *pending = NULL;
    enum qv_status status = make(exchange, job, &pending, &error);
    if (status != QV_OK) {
        error.status = status;
        if (qv_job_is_recorded(job))
            exchange->response.record.verdict = QV_RECORD_REFUSED;
        qv_job_free(&job);
        qv_response_set_error(&exchange->response, &error, exchange->blame);
        qv_response_send(exchange);
        return;
    }
    pending->job = job;
    pending->worker->pending++;
    exchange->pending = pending;
    qv_job_start(job, on_done, pending);
}

void qv_pending_forget(struct qv_pending *pending)
{
    pending->exchange = NULL;
}

/* It was made all the same. */
static void drop_answer(struct qv_pending *pending)
{
    qv_account_write(&pending->account, pending->worker->server->api, &pending->response);
    qv_account_free(&pending->account);
    qv_response_free(&pending->response);
}

static void finish(struct qv_pending *pending)
{
    struct qv_exchange *exchange = pending->exchange;
    pending->worker->pending--;
    qv_job_finish(pending->job, &pending->response);
    if (pending->response.status == qv_status_http(QV_TOO_MANY))
        qv_metrics_limited(pending->worker->server->api->metrics, QV_LIMIT_INSTANCES);
    if (exchange != NULL) {
        exchange->pending = NULL;
        exchange->account = pending->account;
        exchange->response = pending->response;
        qv_response_send(exchange);
    } else {
        drop_answer(pending);
    }
    qv_job_free(&pending->job);
    qv_free(pending);
}

void qv_pending_receive(h2o_multithread_receiver_t *receiver, h2o_linklist_t *messages)
{
    (void)receiver;
    while (!h2o_linklist_is_empty(messages)) {
        struct qv_pending *pending =
            H2O_STRUCT_FROM_MEMBER(struct qv_pending, message.link, messages->next);
        h2o_linklist_unlink(&pending->message.link);
        finish(pending);
    }
}
