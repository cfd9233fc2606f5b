/*
 * A worker: a thread with an event loop.
 *
 * Everything of libh2o is made, used and ended on the worker's own thread, because libh2o keeps
 * its buffers' memory per thread; what can fail is made before, by the main thread. Other threads
 * reach a worker by posting to it, and only so. It ends when it was told to and nothing that it
 * began is left: no connection, no lingering one, no sweep, no change that the store still has.
 */
#include "connection.h"
#include "exchange.h"
#include "http.h"

#include <errno.h>
#include <fcntl.h>
#include <quiver/base/memory.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- made by the main thread ------------------------------------------------------------------
 */

static enum qv_status open_doors(struct qv_worker *worker, struct qv_error *error)
{
    const struct qv_server *server = worker->server;
    worker->doors = qv_alloc_array(server->listener_count, sizeof(struct qv_door));
    if (worker->doors == NULL)
        return QV_NO_MEMORY;
    for (size_t i = 0; i < server->listener_count; i++) {
        const struct qv_listener *listener = &server->listeners[i];
        if (qv_listener_serves_chap(listener) != worker->serves_chap)
            continue;
        struct qv_door *door = &worker->doors[worker->door_count];
        *door = (struct qv_door){.worker = worker, .listener = listener};
        door->fd = fcntl(listener->fd, F_DUPFD_CLOEXEC, 0);
        if (door->fd == -1)
            return qv_error_set(error, QV_UNAVAILABLE, "cannot duplicate a listener: %s",
                                strerror(errno));
        worker->door_count++;
    }
    return QV_OK;
}

enum qv_status qv_worker_new(struct qv_worker *worker, struct qv_server *server, bool serves_chap,
                             struct qv_error *error)
{
    worker->server = server;
    worker->serves_chap = serves_chap;
    worker->timer.fd = -1;
    sem_init(&worker->ready, 0, 0); /* both fail only for arguments that these are not */
    pthread_mutex_init(&worker->posting, NULL);
    worker->trust = qv_trust_ref(server->trust);
    worker->policy = qv_policy_ref(server->policy);
    worker->limits = server->config->limits;
    QV_TRY(qv_loop_timer_new(&worker->timer, error));
    QV_TRY(qv_metrics_add_slot(server->api->metrics, &worker->counts));
    QV_TRY(qv_live_start(worker));
    return open_doors(worker, error);
}

void qv_worker_free(struct qv_worker *worker)
{
    if (worker->server == NULL)
        return; /* was never made */
    for (size_t i = 0; i < worker->door_count; i++) {
        if (worker->doors[i].fd != -1)
            close(worker->doors[i].fd);
    }
    qv_free(worker->doors);
    qv_loop_timer_free(&worker->timer);
    qv_trust_free(&worker->trust);
    qv_policy_free(&worker->policy);
    pthread_mutex_destroy(&worker->posting);
    sem_destroy(&worker->ready);
    worker->server = NULL;
}

/* ---- posting ----------------------------------------------------------------------------------
 */

/* Sending is two steps, the list and the pipe, and the worker may see the message after the first
   and be done for good. It takes the lock once before it gives up the pipe, and so waits for the
   second. */
void qv_worker_post(struct qv_worker *worker, h2o_multithread_receiver_t *receiver,
                    h2o_multithread_message_t *message)
{
    pthread_mutex_lock(&worker->posting);
    h2o_multithread_send_message(receiver, message);
    pthread_mutex_unlock(&worker->posting);
}

static void receive_orders(h2o_multithread_receiver_t *receiver, h2o_linklist_t *messages)
{
    struct qv_worker *worker = H2O_STRUCT_FROM_MEMBER(struct qv_worker, orders, receiver);
    while (!h2o_linklist_is_empty(messages)) {
        struct qv_order *order =
            H2O_STRUCT_FROM_MEMBER(struct qv_order, message.link, messages->next);
        h2o_linklist_unlink(&order->message.link);
        order->run(worker, order);
    }
}

/* ---- beating ----------------------------------------------------------------------------------
 */

static void run_beat(struct qv_worker *worker, struct qv_order *order)
{
    (void)order;
    atomic_store(&worker->beat_due, false); /* from here on it may be posted again */
}

bool qv_worker_beat(struct qv_worker *worker)
{
    if (atomic_exchange(&worker->beat_due, true))
        return false;
    worker->beat.run = run_beat;
    qv_worker_post(worker, &worker->orders, &worker->beat.message);
    return true;
}

/* ---- stopping ---------------------------------------------------------------------------------
 */

enum { GRACE_MS = 1000 };

/* libh2o reads on where a request has begun to come in, and closes behind its answer. */
static bool is_idle(const struct qv_connection *connection)
{
    return connection->exchange == NULL && connection->sock->input->size == 0;
}

/* Who has just come gets one answer: behind a service manager's socket the next Quiver would have
   taken the connection a moment later, and its client is not to notice anything of a restart. */
static bool has_just_come(const struct qv_connection *connection)
{
    return !connection->asked && !connection->ended;
}

enum ending { END_WHO_WAS_ANSWERED, END_IDLE, END_ALL };

static void end_connections(struct qv_worker *worker, enum ending ending)
{
    h2o_linklist_t *next;
    for (h2o_linklist_t *at = worker->connections.next; at != &worker->connections; at = next) {
        next = at->next;
        struct qv_connection *connection = H2O_STRUCT_FROM_MEMBER(struct qv_connection, link, at);
        if (ending == END_WHO_WAS_ANSWERED && has_just_come(connection))
            continue;
        if (connection->handshaking)
            h2o_socket_close(connection->sock);
        else if (ending == END_ALL)
            qv_connection_cut(connection, SHUT_RDWR);
        else if (is_idle(connection))
            qv_connection_cut(connection, SHUT_RD); /* what has arrived is still served */
    }
}

static void on_deadline(struct qv_timer *timer)
{
    end_connections(H2O_STRUCT_FROM_MEMBER(struct qv_worker, deadline, timer), END_ALL);
}

static void on_grace_over(struct qv_timer *timer)
{
    end_connections(H2O_STRUCT_FROM_MEMBER(struct qv_worker, grace, timer), END_IDLE);
}

static void run_stop(struct qv_worker *worker, struct qv_order *order)
{
    (void)order;
    worker->stopping = true;
    qv_accept_end(worker);
    h2o_context_request_shutdown(&worker->context);
    worker->deadline.fire = on_deadline;
    worker->grace.fire = on_grace_over;
    int64_t patience = worker->server->config->store.timeout_ms + GRACE_MS;
    bool bounded = qv_loop_timer_arm(&worker->timer, &worker->deadline, patience) == QV_OK &&
                   qv_loop_timer_arm(&worker->timer, &worker->grace, GRACE_MS) == QV_OK;
    end_connections(worker, bounded ? END_WHO_WAS_ANSWERED : END_ALL);
    qv_linger_end_all(worker);
}

static bool is_done(struct qv_worker *worker)
{
    return worker->stopping && worker->pending == 0 && worker->sweep.part == NULL &&
           h2o_linklist_is_empty(&worker->connections) && h2o_linklist_is_empty(&worker->lingering);
}

/* ---- the thread -------------------------------------------------------------------------------
 */

static void begin(struct qv_worker *worker)
{
    worker->loop = h2o_evloop_create();
    qv_loop_clock_start(&worker->clock, worker->loop);
    qv_http_configure(worker);
    h2o_context_init(&worker->context, worker->loop, &worker->conf);
    worker->http = (h2o_accept_ctx_t){.ctx = &worker->context, .hosts = worker->conf.hosts};
    h2o_multithread_register_receiver(worker->context.queue, &worker->orders, receive_orders);
    h2o_multithread_register_receiver(worker->context.queue, &worker->jobs, qv_pending_receive);
    h2o_linklist_init_anchor(&worker->connections);
    h2o_linklist_init_anchor(&worker->lingering);
    qv_loop_timer_attach(&worker->timer, worker->loop);
    qv_accept_start(worker);
}

static void end(struct qv_worker *worker)
{
    pthread_mutex_lock(&worker->posting);
    pthread_mutex_unlock(&worker->posting);
    qv_loop_timer_free(&worker->timer);
    qv_timers_free(&worker->ends.queue);
    h2o_multithread_unregister_receiver(worker->context.queue, &worker->jobs);
    h2o_multithread_unregister_receiver(worker->context.queue, &worker->orders);
    h2o_context_dispose(&worker->context);
    h2o_config_dispose(&worker->conf);
    qv_loop_clock_end(&worker->clock);
    h2o_evloop_destroy(worker->loop);
}

static void *run(void *data)
{
    struct qv_worker *worker = data;
    pthread_setname_np(pthread_self(), worker->serves_chap ? "chap worker" : "worker");
    begin(worker);
    sem_post(&worker->ready);
    while (!is_done(worker)) {
        if (h2o_evloop_run(worker->loop, INT32_MAX) == 0 || errno == EINTR) {
            qv_loop_clock_turn(&worker->clock);
            if (worker->serves_chap && !worker->stopping)
                qv_rest_take(&worker->rest);
            continue;
        }
        /* The loop's own lists are not consistent any more; whoever runs us starts us again. */
        qv_log(QV_LOG_ERROR, "event loop failed", QV_LOG_CSTR("reason", strerror(errno)));
        abort();
    }
    end(worker);
    return NULL;
}

enum qv_status qv_worker_start(struct qv_worker *worker, struct qv_error *error)
{
    int fault = pthread_create(&worker->thread, NULL, run, worker);
    if (fault != 0)
        return qv_error_set(error, QV_UNAVAILABLE, "cannot start a worker: %s", strerror(fault));
    while (sem_wait(&worker->ready) != 0)
        continue; /* EINTR */
    return QV_OK;
}

void qv_worker_request_stop(struct qv_worker *worker)
{
    worker->stop.run = run_stop;
    qv_worker_post(worker, &worker->orders, &worker->stop.message);
}

void qv_worker_join(struct qv_worker *worker)
{
    pthread_join(worker->thread, NULL);
}
