/*
 * The server as a whole: the listeners and the workers, made, started and stopped.
 *
 * Everything is bound and made by qv_server_new, so that a port in use is known before anything
 * runs. The main thread.
 */
#include <quiver/server/server.h>

#include "connection.h"
#include "http.h"
#include "worker.h"

#include <quiver/base/memory.h>
#include <sched.h>
#include <unistd.h>

enum { REFUSALS_PER_SECOND = 50, PEERS_PER_SECOND = 10, LIMITS_PER_SECOND = 10 };

/* ---- making -----------------------------------------------------------------------------------
 */

static enum qv_status open_listeners(struct qv_server *server, struct qv_error *error)
{
    const struct qv_config *config = server->config;
    QV_CLEANUP(qv_inherited) struct qv_inherited inherited = {0};
    QV_TRY(qv_inherited_take(&inherited, error));
    server->listeners = qv_alloc_array(config->listener_count, sizeof(struct qv_listener));
    if (server->listeners == NULL)
        return QV_NO_MEMORY;
    for (size_t i = 0; i < config->listener_count; i++) {
        QV_TRY(
            qv_listener_open(&config->listeners[i], i, &inherited, &server->listeners[i], error));
        server->listener_count++;
    }
    QV_TRY(qv_inherited_check(&inherited, error));
    qv_alert_install_all(server, server->trust);
    return QV_OK;
}

/* Of each kind: as many as the processors that this process may use. */
static size_t count_workers(const struct qv_config *config)
{
    cpu_set_t usable;
    if (config->limits.workers > 0)
        return config->limits.workers;
    if (sched_getaffinity(0, sizeof(usable), &usable) == 0)
        return (size_t)CPU_COUNT(&usable);
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (size_t)online : 1;
}

static enum qv_status make_workers(struct qv_server *server, struct qv_error *error)
{
    size_t chap = 0;
    for (size_t i = 0; i < server->listener_count; i++)
        chap += qv_listener_serves_chap(&server->listeners[i]);
    size_t count = count_workers(server->config);
    size_t others = chap < server->listener_count ? count : 0;
    server->worker_count = others + (chap > 0 ? count : 0);
    server->workers = qv_alloc_array(server->worker_count, sizeof(struct qv_worker));
    if (server->workers == NULL)
        return QV_NO_MEMORY;
    for (size_t i = 0; i < server->worker_count; i++)
        QV_TRY(qv_worker_new(&server->workers[i], server, i >= others, error));
    return QV_OK;
}

enum qv_status qv_server_new(const struct qv_config *config, struct qv_api *api,
                             struct qv_trust *trust, struct qv_policy *policy,
                             struct qv_server **ret_server, struct qv_error *error)
{
    QV_CLEANUP(qv_server) struct qv_server *server = qv_alloc(sizeof(*server));
    if (server == NULL)
        return QV_NO_MEMORY;
    server->config = config;
    server->api = api;
    server->trust = qv_trust_ref(trust);
    server->policy = qv_policy_ref(policy);
    server->refusals = (struct qv_gate)QV_GATE_INIT(REFUSALS_PER_SECOND);
    server->accept_stop = (struct qv_gate)QV_GATE_INIT(1);
    server->accept_refuse = (struct qv_gate)QV_GATE_INIT(PEERS_PER_SECOND);
    pthread_mutex_init(&server->control, NULL); /* fails only for arguments that these are not */
    server->too_many = (struct qv_gate)QV_GATE_INIT(LIMITS_PER_SECOND);
    QV_TRY(qv_peers_new(&server->peers));
    QV_TRY(qv_limiter_new(api->rules.dialect, &config->limits.identities, &server->limiter));
    QV_TRY(qv_router_new(qv_api_routes(), &server->router));
    QV_TRY(open_listeners(server, error));
    qv_http_prepare();
    QV_TRY(make_workers(server, error));
    *ret_server = server;
    server = NULL;
    return QV_OK;
}

/* ---- running ----------------------------------------------------------------------------------
 */

enum qv_status qv_server_start(struct qv_server *server, struct qv_error *error)
{
    for (size_t i = 0; i < server->worker_count; i++) {
        enum qv_status status = qv_worker_start(&server->workers[i], error);
        if (status != QV_OK) {
            qv_server_stop(server);
            return status;
        }
        pthread_mutex_lock(&server->control);
        server->running++;
        pthread_mutex_unlock(&server->control);
    }
    for (size_t i = 0; i < server->listener_count; i++)
        qv_listener_log(&server->listeners[i]);
    return QV_OK;
}

bool qv_server_beat(struct qv_server *server)
{
    bool all = true;
    pthread_mutex_lock(&server->control); /* no order to stop comes between: a stopped worker may
                                             be gone */
    for (size_t i = 0; i < server->running && !server->stopping; i++)
        all = qv_worker_beat(&server->workers[i]) && all;
    pthread_mutex_unlock(&server->control);
    return all;
}

void qv_server_stop(struct qv_server *server)
{
    pthread_mutex_lock(&server->control);
    server->stopping = true; /* no renewal can come behind the order to stop */
    pthread_mutex_unlock(&server->control);
    /* Closed here, too: a duplicate alone would keep the port. */
    for (size_t i = 0; i < server->running; i++)
        qv_worker_request_stop(&server->workers[i]);
    for (size_t i = 0; i < server->listener_count; i++)
        qv_listener_close(&server->listeners[i]);
    for (size_t i = 0; i < server->running; i++)
        qv_worker_join(&server->workers[i]);
    server->running = 0;
}

void qv_server_free(struct qv_server **server_at)
{
    struct qv_server *server = *server_at;
    *server_at = NULL;
    if (server == NULL)
        return;
    qv_server_stop(server);
    for (size_t i = 0; i < server->worker_count; i++)
        qv_worker_free(&server->workers[i]);
    qv_free(server->workers);
    qv_free(server->listeners);
    qv_peers_free(&server->peers);
    qv_limiter_free(&server->limiter);
    qv_router_free(&server->router);
    qv_trust_free(&server->trust);
    qv_policy_free(&server->policy);
    pthread_mutex_destroy(&server->control);
    qv_free(server);
}
