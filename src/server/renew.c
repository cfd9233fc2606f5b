/*
 * Putting another trust, another policy and other limits in force while the workers run.
 *
 * The renewing thread sends each worker its part and waits until all are through; a worker takes
 * all three between two events, so nothing is ever decided by half of the old and half of
 * the new, and then sweeps. The renewal's memory is shared by all of them and freed by whoever
 * leaves last, because the waiting thread may give up first.
 */
#include "worker.h"

#include "connection.h"
#include "http.h"

#include <errno.h>
#include <quiver/base/memory.h>
#include <time.h>

enum { PATIENCE_S = 60 };

struct qv_renewal_part {
    struct qv_order order;
    struct qv_renewal *renewal;
};

struct qv_renewal {
    pthread_mutex_t lock; /* over the next four */
    pthread_cond_t through;
    size_t left; /* workers that are not through */
    bool waited_for;
    struct qv_sweep found;
    struct qv_trust *trust;   /* a reference */
    struct qv_policy *policy; /* a reference */
    struct qv_config_limits limits;
    struct qv_renewal_part parts[]; /* one per worker */
};

static void renewal_free(struct qv_renewal *renewal)
{
    pthread_cond_destroy(&renewal->through);
    pthread_mutex_destroy(&renewal->lock);
    qv_trust_free(&renewal->trust);
    qv_policy_free(&renewal->policy);
    qv_free(renewal);
}

/* ---- the worker's side ----------------------------------------------------------------------- */

static void run_renewal(struct qv_worker *worker, struct qv_order *order)
{
    struct qv_renewal_part *part = H2O_STRUCT_FROM_MEMBER(struct qv_renewal_part, order, order);
    const struct qv_renewal *renewal = part->renewal;
    struct qv_trust *old = worker->trust;
    worker->trust = qv_trust_ref(renewal->trust);
    qv_trust_free(&old);
    struct qv_policy *old_policy = worker->policy;
    worker->policy = qv_policy_ref(renewal->policy);
    qv_policy_free(&old_policy);
    worker->limits = renewal->limits;
    qv_http_limit(worker);
    qv_accept_look_again(worker);
    qv_sweep_begin(worker, part);
}

void qv_renewal_done(struct qv_renewal_part *part, const struct qv_sweep *found)
{
    struct qv_renewal *renewal = part->renewal;
    pthread_mutex_lock(&renewal->lock);
    renewal->found.kept += found->kept;
    renewal->found.ended += found->ended;
    bool last = --renewal->left == 0;
    bool waited_for = renewal->waited_for;
    if (last)
        pthread_cond_signal(&renewal->through);
    pthread_mutex_unlock(&renewal->lock);
    if (last && !waited_for)
        renewal_free(renewal);
}

/* ---- the renewing thread's side -------------------------------------------------------------- */

static struct qv_renewal *make(const struct qv_server *server, struct qv_trust *trust,
                               struct qv_policy *policy, const struct qv_config_limits *limits)
{
    size_t parts = server->worker_count;
    struct qv_renewal *renewal =
        qv_alloc(sizeof(*renewal) + parts * sizeof(struct qv_renewal_part));
    if (renewal == NULL)
        return NULL;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic); /* these fail only for arguments that they are not given */
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&renewal->through, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&renewal->lock, NULL);
    renewal->left = parts;
    renewal->waited_for = true;
    renewal->trust = qv_trust_ref(trust);
    renewal->policy = qv_policy_ref(policy);
    renewal->limits = *limits;
    for (size_t i = 0; i < parts; i++)
        renewal->parts[i] =
            (struct qv_renewal_part){.order = {.run = run_renewal}, .renewal = renewal};
    return renewal;
}

/* False where the server is stopping, or was not started: then nothing was sent. */
static bool send_parts(struct qv_server *server, struct qv_renewal *renewal)
{
    pthread_mutex_lock(&server->control);
    bool sent = !server->stopping && server->running == server->worker_count;
    for (size_t i = 0; sent && i < server->worker_count; i++)
        qv_worker_post(&server->workers[i], &server->workers[i].orders,
                       &renewal->parts[i].order.message);
    pthread_mutex_unlock(&server->control);
    return sent;
}

/* Until all workers are through, or too long; gives the renewal up. True where all are. */
static bool wait_for(struct qv_renewal *renewal, struct qv_sweep *found)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += PATIENCE_S;
    pthread_mutex_lock(&renewal->lock);
    int fault = 0;
    while (renewal->left > 0 && fault != ETIMEDOUT)
        fault = pthread_cond_timedwait(&renewal->through, &renewal->lock, &until);
    bool through = renewal->left == 0;
    renewal->waited_for = false;
    *found = renewal->found;
    pthread_mutex_unlock(&renewal->lock);
    if (through)
        renewal_free(renewal);
    return through;
}

enum qv_status qv_server_renew(struct qv_server *server, struct qv_trust *trust,
                               struct qv_policy *policy, const struct qv_config_limits *limits,
                               struct qv_sweep *ret_sweep, struct qv_error *error)
{
    struct qv_renewal *renewal = make(server, trust, policy, limits);
    if (renewal == NULL)
        return QV_NO_MEMORY;
    if (qv_limiter_renew(server->limiter, &limits->identities) != QV_OK) {
        renewal_free(renewal);
        return QV_NO_MEMORY;
    }
    qv_alert_install_all(server, trust);
    if (!send_parts(server, renewal)) {
        renewal_free(renewal);
        return qv_error_set(error, QV_UNAVAILABLE, "the server is not running");
    }
    struct qv_sweep found;
    bool through = wait_for(renewal, &found);
    /* Only now: so that it is this thread, and no worker, that takes the old one apart. */
    qv_trust_free(&server->trust);
    server->trust = qv_trust_ref(trust);
    qv_policy_free(&server->policy);
    server->policy = qv_policy_ref(policy);
    if (!through)
        return qv_error_set(error, QV_UNAVAILABLE, "a worker did not get through in %d s",
                            PATIENCE_S);
    *ret_sweep = found;
    return QV_OK;
}
