/*
 * A request that waits until its caller is known: for the Authentication system's word on a token,
 * or for the blacklist's on a name.
 *
 * The verifier's thread only posts the inquiry to the request's worker, where the gates go on. As
 * with a change (pending.c), libh2o does not read from a connection whose request is in process;
 * should the request have gone all the same, the answer is dropped. The connection's thread.
 */
#include "exchange.h"

#include <quiver/base/memory.h>

struct qv_asking {
    struct qv_inquiry inquiry;
    struct qv_order order;
    struct qv_worker *worker;
    struct qv_exchange *exchange; /* NULL: the request is gone */
    bool waiting;                 /* the verifier has it */
};

static void asking_free(struct qv_asking *asking)
{
    qv_inquiry_free(&asking->inquiry);
    qv_free(asking);
}

/* What the verifier's thread sent. */
static void run(struct qv_worker *worker, struct qv_order *order)
{
    struct qv_asking *asking = H2O_STRUCT_FROM_MEMBER(struct qv_asking, order, order);
    struct qv_exchange *exchange = asking->exchange;
    worker->pending--;
    asking->waiting = false;
    if (exchange != NULL)
        qv_handler_go_on(exchange);
    else
        asking_free(asking);
}

/* The verifier's thread. */
static void on_done(struct qv_inquiry *inquiry)
{
    struct qv_asking *asking = H2O_STRUCT_FROM_MEMBER(struct qv_asking, inquiry, inquiry);
    qv_worker_post(asking->worker, &asking->worker->orders, &asking->order.message);
}

enum qv_status qv_asking_begin(struct qv_exchange *exchange, struct qv_inquiry **ret_inquiry)
{
    struct qv_asking *asking = qv_alloc(sizeof(*asking));
    if (asking == NULL)
        return QV_NO_MEMORY;
    asking->inquiry.done = on_done;
    asking->order.run = run;
    asking->worker = exchange->connection->worker;
    asking->exchange = exchange;
    exchange->asking = asking;
    *ret_inquiry = &asking->inquiry;
    return QV_OK;
}

void qv_asking_wait(struct qv_exchange *exchange)
{
    exchange->asking->waiting = true;
    exchange->asking->worker->pending++;
}

const struct qv_inquiry *qv_asking_answer(const struct qv_exchange *exchange)
{
    return exchange->asking != NULL ? &exchange->asking->inquiry : NULL;
}

void qv_asking_end(struct qv_exchange *exchange)
{
    struct qv_asking *asking = exchange->asking;
    exchange->asking = NULL;
    if (asking == NULL)
        return;
    if (asking->waiting)
        asking->exchange = NULL; /* freed when the answer comes */
    else
        asking_free(asking);
}
