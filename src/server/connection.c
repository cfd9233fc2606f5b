/*
 * The life of a connection.
 *
 * Holds always: while it exists its socket exists, and the socket's on_close.data points to it;
 * on_close is the one place where it ends. In the phase of HTTP the socket belongs to libh2o: to
 * end it from here one shuts the descriptor down and lets libh2o find the end of the stream.
 * OpenSSL's object is freed before on_close. The worker's thread.
 */
#include "live.h"
#include "shares.h"

#include <fcntl.h>
#include <h2o/http1.h>
#include <netinet/tcp.h>
#include <quiver/base/memory.h>
#include <unistd.h>

/* A peer that takes nothing of an answer for so long is given up. */
enum { SLOW_READER_MS = 20000 };

struct qv_connection *qv_connection_of_socket(h2o_socket_t *sock)
{
    return sock->on_close.data;
}

struct qv_connection *qv_connection_of_request(h2o_req_t *http)
{
    return qv_connection_of_socket(http->conn->callbacks->get_socket(http->conn));
}

static void on_close(void *data)
{
    struct qv_connection *connection = data;
    struct qv_worker *worker = connection->worker;
    qv_loop_timer_disarm(&worker->timer, &connection->handshake_end);
    qv_live_forget(connection);
    qv_cursor_forget(&worker->sweep.cursor, &connection->link);
    h2o_linklist_unlink(&connection->link);
    qv_metrics_disconnected(worker->counts, connection->listener->index);
    qv_shares_end(connection);
    qv_identity_free(&connection->identity);
    qv_rights_free(&connection->rights);
    qv_error_free(&connection->identity_error);
    qv_trust_free(&connection->trust);
    int linger_fd = connection->linger_fd;
    struct qv_peer *place = connection->place;
    qv_free(connection);
    if (linger_fd != -1)
        qv_linger_begin(worker, linger_fd, place);
    else
        qv_accept_release(worker, place);
}

/* Both only make things better: where the kernel refuses, the connection still works. */
static void tune(int fd)
{
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    unsigned patience = SLOW_READER_MS;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience, sizeof(patience));
}

void qv_connection_begin(struct qv_worker *worker, const struct qv_listener *listener, int fd,
                         const struct sockaddr_storage *peer, struct qv_peer *place)
{
    struct qv_connection *connection = qv_alloc(sizeof(*connection));
    if (connection == NULL) {
        close(fd);
        qv_accept_release(worker, place);
        return;
    }
    tune(fd);
    connection->worker = worker;
    connection->listener = listener;
    connection->linger_fd = -1;
    connection->place = place;
    qv_peer_write(peer, connection->peer);
    connection->address = qv_peer_address(peer);
    connection->sock =
        h2o_evloop_socket_create(worker->loop, fd, H2O_SOCKET_FLAG_IS_ACCEPTED_CONNECTION);
    connection->sock->on_close.cb = on_close;
    connection->sock->on_close.data = connection;
    h2o_linklist_insert(&worker->connections, &connection->link);
    qv_metrics_connected(worker->counts, listener->index);
    if (listener->config->tls == QV_TLS_OFF)
        qv_connection_serve(connection);
    else
        qv_handshake_start(connection);
}

void qv_connection_serve(struct qv_connection *connection)
{
    struct qv_worker *worker = connection->worker;
    connection->served = true;
    /* HTTP/1.1 by name: there is no way by which a peer could reach HTTP/2. */
    h2o_http1_accept(&worker->http, connection->sock,
                     *h2o_get_timestamp(&worker->context, NULL, NULL));
}

void qv_connection_linger(struct qv_connection *connection)
{
    if (connection->linger_fd == -1)
        connection->linger_fd =
            fcntl(h2o_socket_get_fd(connection->sock), F_DUPFD_CLOEXEC, 0); /* -1: then not */
}

void qv_connection_cut(struct qv_connection *connection, int how)
{
    (void)shutdown(h2o_socket_get_fd(connection->sock), how); /* fails where the peer is gone */
}
