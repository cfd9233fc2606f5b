/*
 * A host has several addresses: they are tried in the resolver's order, and the last failure is
 * told. The loop's thread alone.
 */
#include "dial.h"

#include <errno.h>
#include <h2o.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

static void set_reason(struct qv_dial *dial, int code)
{
    char words[80];
    snprintf(dial->reason, sizeof(dial->reason), "%s", strerror_r(code, words, sizeof(words)));
}

void qv_dial_cancel(struct qv_dial *dial)
{
    if (dial->loop == NULL)
        return;
    qv_loop_disarm(dial->loop, &dial->timer);
    qv_resolve_cancel(&dial->resolve);
    if (dial->socket != NULL)
        h2o_socket_close(dial->socket);
    dial->socket = NULL;
    if (dial->addresses != NULL)
        freeaddrinfo(dial->addresses);
    dial->addresses = dial->next = NULL;
}

static void on_failed(struct qv_timer *timer)
{
    struct qv_dial *dial = H2O_STRUCT_FROM_MEMBER(struct qv_dial, timer, timer);
    dial->done(dial->data, NULL, dial->reason);
}

static void fail_soon(struct qv_dial *dial)
{
    qv_loop_arm_surely(dial->loop, &dial->timer, qv_mono_now());
}

/* ---- an address ------------------------------------------------------------------------------ */

static void try_next(struct qv_dial *dial);

static void on_connected(h2o_socket_t *socket, const char *fault)
{
    struct qv_dial *dial = socket->data;
    int code = fault != NULL ? EIO : 0;
    socklen_t size = sizeof(code);
    if (fault == NULL &&
        getsockopt(h2o_socket_get_fd(socket), SOL_SOCKET, SO_ERROR, &code, &size) != 0)
        code = errno;
    if (code != 0) {
        set_reason(dial, code);
        h2o_socket_close(socket);
        dial->socket = NULL;
        try_next(dial);
        return;
    }
    dial->socket = NULL; /* the receiver's from here on */
    qv_dial_cancel(dial);
    dial->done(dial->data, socket, NULL);
}

/* Begins a connection to one address; false sets the reason. */
static bool begin(struct qv_dial *dial, const struct sockaddr *address, socklen_t size)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || (connect(fd, address, size) != 0 && errno != EINPROGRESS)) {
        set_reason(dial, errno);
        if (fd >= 0)
            close(fd);
        return false;
    }
    int on = 1;
    if (address->sa_family != AF_UNIX)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    dial->socket = h2o_evloop_socket_create(qv_loop_sockets(dial->loop), fd, 0);
    dial->socket->data = dial;
    h2o_socket_notify_write(dial->socket, on_connected);
    return true;
}

/* With none left, the last failure is told. */
static void try_next(struct qv_dial *dial)
{
    while (dial->next != NULL) {
        struct addrinfo *address = dial->next;
        dial->next = address->ai_next;
        if (begin(dial, address->ai_addr, address->ai_addrlen))
            return;
    }
    fail_soon(dial);
}

/* ---- whom to call ---------------------------------------------------------------------------- */

static void on_resolved(void *data, struct addrinfo *list, const char *reason)
{
    struct qv_dial *dial = data;
    dial->resolve = NULL;
    dial->addresses = dial->next = list;
    if (list == NULL)
        snprintf(dial->reason, sizeof(dial->reason), "%s", reason);
    try_next(dial);
}

static void dial_host(struct qv_dial *dial, const char *host, uint16_t port)
{
    dial->addresses = dial->next = qv_resolve_numeric(host, port);
    if (dial->addresses != NULL) {
        try_next(dial);
    } else if (qv_resolve_start(dial->loop, host, port, on_resolved, dial, &dial->resolve) !=
               QV_OK) {
        set_reason(dial, ENOMEM);
        fail_soon(dial);
    }
}

static void dial_path(struct qv_dial *dial, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (length >= sizeof(address.sun_path)) {
        snprintf(dial->reason, sizeof(dial->reason),
                 "the path of a Unix socket has at most %zu bytes", sizeof(address.sun_path) - 1);
        fail_soon(dial);
        return;
    }
    memcpy(address.sun_path, path, length + 1);
    if (!begin(dial, (struct sockaddr *)&address, sizeof(address)))
        fail_soon(dial);
}

void qv_dial_start(struct qv_dial *dial, struct qv_loop *loop, const struct qv_config_redis *redis,
                   const char *path, qv_dialed done, void *data)
{
    *dial = (struct qv_dial){
        .loop = loop, .done = done, .data = data, .timer.fire = on_failed, .reason = "no address"};
    if (path != NULL)
        dial_path(dial, path);
    else
        dial_host(dial, redis->host, redis->port);
}
