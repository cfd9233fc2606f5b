/*
 * Waiting for a peer to take its last answer.
 *
 * Where a connection is closed while input is still unread (a body that was too large, a handshake
 * that failed in the middle), the kernel resets it, and the peer may lose the answer or the alert
 * that explains it. So a duplicate of the descriptor stays: the stream is ended in our direction,
 * and what the peer still sends is read and forgotten, until it ends, or too much or too long
 * (RFC 9112 9.6). The worker's thread.
 */
#include "connection.h"

#include <errno.h>
#include <quiver/base/memory.h>
#include <unistd.h>

enum { LINGER_MS = 2000, LINGER_BYTES = 4 * 1024 * 1024, READ_AT_ONCE = 256 * 1024 };

struct qv_linger {
    h2o_linklist_t link;
    struct qv_worker *worker;
    struct qv_peer *place;
    h2o_socket_t *sock;
    struct qv_timer end;
    size_t left; /* bytes that it may still send */
};

static void end(struct qv_linger *linger)
{
    struct qv_worker *worker = linger->worker;
    struct qv_peer *place = linger->place;
    qv_loop_timer_disarm(&worker->timer, &linger->end);
    h2o_linklist_unlink(&linger->link);
    h2o_socket_close(linger->sock);
    qv_free(linger);
    qv_accept_release(worker, place);
}

static void on_end(struct qv_timer *timer)
{
    end(H2O_STRUCT_FROM_MEMBER(struct qv_linger, end, timer));
}

static void on_input(h2o_socket_t *sock, const char *err)
{
    (void)err;
    struct qv_linger *linger = sock->data;
    char forgotten[16384];
    for (size_t turn = 0; turn < READ_AT_ONCE; turn += sizeof(forgotten)) {
        ssize_t got = read(h2o_socket_get_fd(sock), forgotten, sizeof(forgotten));
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (got <= 0 || (size_t)got >= linger->left) {
            end(linger);
            return;
        }
        linger->left -= (size_t)got;
    }
}

void qv_linger_begin(struct qv_worker *worker, int fd, struct qv_peer *place)
{
    struct qv_linger *linger = worker->stopping ? NULL : qv_alloc(sizeof(*linger));
    if (linger == NULL) {
        close(fd);
        qv_accept_release(worker, place);
        return;
    }
    (void)shutdown(fd, SHUT_WR); /* fails where the peer is gone: the read below tells */
    linger->worker = worker;
    linger->place = place;
    linger->left = LINGER_BYTES;
    linger->end.fire = on_end;
    linger->sock = h2o_evloop_socket_create(worker->loop, fd, H2O_SOCKET_FLAG_DONT_READ);
    linger->sock->data = linger;
    h2o_linklist_insert(&worker->lingering, &linger->link);
    if (qv_loop_timer_arm(&worker->timer, &linger->end, LINGER_MS) != QV_OK)
        end(linger);
    else
        h2o_socket_read_start(linger->sock, on_input);
}

void qv_linger_end_all(struct qv_worker *worker)
{
    while (!h2o_linklist_is_empty(&worker->lingering))
        end(H2O_STRUCT_FROM_MEMBER(struct qv_linger, link, worker->lingering.next));
}
