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
};

/* The store's thread. */
static void on_done(void *data, struct qv_job *job)
{
    (void)job; /* the one that it was started with */
    struct qv_pending *pending = data;
    qv_worker_post(pending->worker, &pending->worker->jobs, &pending->message);
}

void qv_pending_start(struct qv_exchange *exchange, struct qv_job *job)
{
    struct qv_pending *pending = qv_alloc(sizeof(*pending));
    if (pending == NULL) {
        qv_job_free(&job);
        struct qv_error error = {.status = QV_NO_MEMORY};
        qv_response_set_error(&exchange->response, &error, exchange->blame);
        qv_response_send(exchange);
        return;
    }
    pending->worker = exchange->connection->worker;
    pending->exchange = exchange;
    pending->job = job;
    pending->worker->pending++;
    exchange->pending = pending;
    qv_job_start(job, on_done, pending);
}

void qv_pending_forget(struct qv_pending *pending)
{
    pending->exchange = NULL;
}

static void finish(struct qv_pending *pending)
{
    struct qv_exchange *exchange = pending->exchange;
    pending->worker->pending--;
    if (exchange != NULL) {
        exchange->pending = NULL;
        qv_job_finish(pending->job, &exchange->response);
        qv_response_send(exchange);
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
