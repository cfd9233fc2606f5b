/*
 * What all parts of the server share: the server itself, and the workers, each with a thread, an
 * event loop, its own watch on every listener and its own connections. A connection lives and
 * dies on one worker. Unless a comment says otherwise, only the worker's thread touches it.
 */
#ifndef QUIVER_SERVER_WORKER_H
#define QUIVER_SERVER_WORKER_H

#include "cursor.h"
#include "limiter.h"
#include "listeners.h"
#include "loop_clock.h"
#include "loop_timer.h"
#include "peers.h"
#include "renew.h"
#include "rest.h"
#include "router.h"

#include <h2o.h>
#include <quiver/base/gate.h>
#include <quiver/trust/trust.h>
#include <semaphore.h>
#include <stdatomic.h>

struct qv_server {
    const struct qv_config *config; /**< borrowed; the start's: limits in force are the workers' */
    struct qv_api *api;             /**< borrowed */
    struct qv_trust *trust;   /**< a reference; the workers have their own. The renewing thread's */
    struct qv_policy *policy; /**< the same of this */
    struct qv_listener *listeners;
    size_t listener_count;
    struct qv_router router;
    struct qv_worker *workers;
    size_t worker_count;
    size_t running;               /**< workers whose thread was started and not joined */
    pthread_mutex_t control;      /**< over `stopping`, and while orders to all workers are sent */
    bool stopping;                /**< no order is sent any more but that to stop */
    atomic_size_t connections;    /**< of all workers, against limits.connections */
    struct qv_peers *peers;       /**< of all workers, against limits.connections_per_peer */
    struct qv_gate refusals;      /**< for "handshake refused" and "connection ended"; any thread */
    struct qv_gate accept_stop;   /**< for "not accepting"; any thread */
    struct qv_gate accept_refuse; /**< for "connection refused"; any thread */
    struct qv_limiter *limiter;   /**< of all workers: limits.identities */
    struct qv_gate too_many;      /**< for "limit reached"; any thread */
};

/** One worker's watch on one listener. */
struct qv_door {
    struct qv_worker *worker;
    const struct qv_listener *listener;
    int fd;             /**< a duplicate of the listener's */
    h2o_socket_t *sock; /**< around fd, while the worker runs and is not stopping */
};

/** Something that another thread wants a worker to do. */
struct qv_order {
    h2o_multithread_message_t message;
    void (*run)(struct qv_worker *worker, struct qv_order *order);
};

struct qv_worker {
    struct qv_server *server;
    pthread_t thread;
    sem_t ready; /**< posted once, when orders can be sent */
    h2o_loop_t *loop;
    h2o_globalconf_t conf; /**< libh2o's, with this worker's limits in it */
    h2o_context_t context;
    h2o_accept_ctx_t http;
    struct qv_loop_clock clock; /**< of libh2o's timeouts; ours are `timer` */
    struct qv_loop_timer timer;
    struct qv_trust *trust;         /**< a reference: who is judged from now on is judged by it */
    struct qv_policy *policy;       /**< a reference: it decides from now on */
    struct qv_config_limits limits; /**< in force here; changed between two events */
    bool serves_chap; /**< the listeners with `serve: [chap]`, and only these; else the others */
    struct qv_rest rest;
    struct qv_door *doors; /**< one per listener of its kind */
    size_t door_count;
    struct qv_metrics_slot *counts; /**< the metrics'; NULL: nothing is counted */

    h2o_multithread_receiver_t orders; /**< of struct qv_order */
    h2o_multithread_receiver_t jobs;   /**< of struct qv_pending, when its change is done */
    pthread_mutex_t posting;           /**< held by whoever sends: see qv_worker_post */
    struct qv_order stop;
    struct qv_order beat;  /**< see qv_server_beat */
    _Atomic bool beat_due; /**< it is posted and has not run */

    h2o_linklist_t connections; /**< of struct qv_connection */
    struct qv_sweeping sweep;   /**< through them, after trust changed */
    struct qv_ends ends;        /**< when the peers' certificates end */
    h2o_linklist_t lingering;   /**< of struct qv_linger */
    size_t pending;             /**< changes that the store still has, inquiries of the verifier */
    struct qv_timer resume;     /**< armed while accepting is paused */
    bool paused, stopping;
    struct qv_timer grace;    /**< of stopping: for those who have just come */
    struct qv_timer deadline; /**< of stopping: for all */
};

/** Everything that can fail; the thread is started by qv_worker_start. The worker's memory is the
 *  caller's, zeroed. */
QV_MUST_CHECK enum qv_status qv_worker_new(struct qv_worker *worker, struct qv_server *server,
                                           bool serves_chap, struct qv_error *error);
QV_MUST_CHECK enum qv_status qv_worker_start(struct qv_worker *worker, struct qv_error *error);
/** Asks the worker's loop to come round; false: it has not since it was asked last. */
bool qv_worker_beat(struct qv_worker *worker);
/** Main thread: tells the worker to end in order. */
void qv_worker_request_stop(struct qv_worker *worker);
void qv_worker_join(struct qv_worker *worker);
void qv_worker_free(struct qv_worker *worker); /**< what was made and never started is fine */

/** Any thread: hands a message to one of the worker's receivers. The worker does not end before
 *  this has returned. */
void qv_worker_post(struct qv_worker *worker, h2o_multithread_receiver_t *receiver,
                    h2o_multithread_message_t *message);

#endif
