/*
 * Taking connections, within limits.
 *
 * Holds always: server->connections counts the places that are taken, over all workers, lingering
 * ones included, and is never above limits.connections for longer than it takes to look; and each
 * of these places is one in server->peers, too. Where no place or no descriptor is left a worker
 * stops watching its doors, because the waiting connection would wake it again at once; it watches
 * again when one of its own connections ends, and looks again after a while, because it may have
 * been another worker's. Who has too many of the places is turned away at the door, for the others
 * should not wait behind. The worker's thread.
 */
#include "connection.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { ACCEPTED_AT_ONCE = 16, PAUSE_MS = 100 };

static void on_door(h2o_socket_t *sock, const char *err);

static void watch(struct qv_worker *worker)
{
    for (size_t i = 0; i < worker->door_count; i++)
        h2o_socket_read_start(worker->doors[i].sock, on_door);
}

static void resume(struct qv_worker *worker)
{
    if (!worker->paused || worker->stopping)
        return;
    qv_loop_timer_disarm(&worker->timer, &worker->resume);
    worker->paused = false;
    watch(worker);
}

static void on_resume(struct qv_timer *timer)
{
    resume(H2O_STRUCT_FROM_MEMBER(struct qv_worker, resume, timer));
}

static void pause_accepting(struct qv_worker *worker, const char *reason)
{
    unsigned suppressed;
    if (qv_gate_pass(&worker->server->accept_stop, qv_mono_now(), &suppressed))
        qv_log(QV_LOG_WARNING, "not accepting", QV_LOG_CSTR("reason", reason),
               QV_LOG_INT("connections", atomic_load(&worker->server->connections)),
               QV_LOG_INT("suppressed", suppressed));
    if (worker->paused || qv_loop_timer_arm(&worker->timer, &worker->resume, PAUSE_MS) != QV_OK)
        return; /* without memory for a timer it keeps trying: costly, but never deaf */
    worker->paused = true;
    for (size_t i = 0; i < worker->door_count; i++)
        h2o_socket_read_stop(worker->doors[i].sock);
}

static bool take_place(struct qv_worker *worker)
{
    struct qv_server *server = worker->server;
    if (atomic_fetch_add(&server->connections, 1) < worker->limits.connections)
        return true;
    atomic_fetch_sub(&server->connections, 1);
    return false;
}

void qv_accept_release(struct qv_worker *worker, struct qv_peer *place)
{
    qv_peers_leave(worker->server->peers, place);
    atomic_fetch_sub(&worker->server->connections, 1);
    resume(worker);
}

void qv_accept_look_again(struct qv_worker *worker)
{
    resume(worker);
}

static void log_refused(struct qv_worker *worker, const struct sockaddr_storage *address)
{
    unsigned suppressed;
    if (!qv_gate_pass(&worker->server->accept_refuse, qv_mono_now(), &suppressed))
        return;
    char peer[QV_PEER_TEXT];
    qv_peer_write(address, peer);
    qv_log(QV_LOG_WARNING, "connection refused", QV_LOG_CSTR("peer", peer),
           QV_LOG_CSTR("reason", "limits.connections_per_peer is reached"),
           QV_LOG_INT("connections", worker->limits.connections_per_peer),
           QV_LOG_INT("suppressed", suppressed));
}

/* Takes over the descriptor and the place that was taken for it. */
static void admit(struct qv_door *door, int fd, const struct sockaddr_storage *peer)
{
    struct qv_worker *worker = door->worker;
    struct qv_peer *place;
    enum qv_status status =
        qv_peers_take(worker->server->peers, peer, worker->limits.connections_per_peer, &place);
    if (status == QV_OK) {
        qv_connection_begin(worker, door->listener, fd, peer, place);
        return;
    }
    if (status == QV_TOO_MANY) {
        qv_metrics_limited(worker->server->api->metrics, QV_LIMIT_CONNECTIONS_PER_PEER);
        log_refused(worker, peer);
    }
    close(fd);
    atomic_fetch_sub(&worker->server->connections, 1);
}

/* False where nobody waits any more, or nobody can be taken. */
static bool accept_one(struct qv_door *door)
{
    struct qv_worker *worker = door->worker;
    if (!take_place(worker)) {
        pause_accepting(worker, "limits.connections is reached");
        return false;
    }
    struct sockaddr_storage peer = {0};
    socklen_t length = sizeof(peer);
    int fd = accept4(door->fd, (struct sockaddr *)&peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd != -1) {
        admit(door, fd, &peer);
        return true;
    }
    int reason = errno;
    atomic_fetch_sub(&worker->server->connections, 1);
    if (reason == EAGAIN || reason == EWOULDBLOCK)
        return false;
    if (reason == EMFILE || reason == ENFILE || reason == ENOBUFS || reason == ENOMEM)
        pause_accepting(worker, strerror(reason));
    return !worker->paused; /* any other fault is that one connection's: accept(2), Linux */
}

static void on_door(h2o_socket_t *sock, const char *err)
{
    (void)err;
    struct qv_door *door = sock->data;
    for (int i = 0; i < ACCEPTED_AT_ONCE; i++) {
        if (!accept_one(door))
            return;
    }
    door->worker->rest.crowded = true;
}

void qv_accept_start(struct qv_worker *worker)
{
    worker->resume.fire = on_resume;
    for (size_t i = 0; i < worker->door_count; i++) {
        struct qv_door *door = &worker->doors[i];
        door->sock = h2o_evloop_socket_create(worker->loop, door->fd, H2O_SOCKET_FLAG_DONT_READ);
        door->sock->data = door;
    }
    watch(worker);
}

void qv_accept_end(struct qv_worker *worker)
{
    qv_loop_timer_disarm(&worker->timer, &worker->resume);
    for (size_t i = 0; i < worker->door_count; i++) {
        struct qv_door *door = &worker->doors[i];
        h2o_socket_close(door->sock);
        door->sock = NULL;
        door->fd = -1;
    }
}
