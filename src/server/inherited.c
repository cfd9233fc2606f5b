/*
 * Listening sockets from the service manager.
 *
 * Holds always: a socket serves the listener that is configured for its address, and no other; what
 * the configuration's checks allowed for an address (plaintext, say) is never had at another one.
 * Every socket that came has its listener, or the start is refused. The main thread.
 */
#include "inherited.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <quiver/base/memory.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define REMEDY "mend the socket unit"

/* ---- addresses ------------------------------------------------------------------------------- */

static in_port_t port_of(const struct sockaddr *at)
{
    return at->sa_family == AF_INET6
               ? ntohs(((const struct sockaddr_in6 *)(const void *)at)->sin6_port)
               : ntohs(((const struct sockaddr_in *)(const void *)at)->sin_port);
}

static const void *address_of(const struct sockaddr *at)
{
    return at->sa_family == AF_INET6
               ? (const void *)&((const struct sockaddr_in6 *)(const void *)at)->sin6_addr
               : (const void *)&((const struct sockaddr_in *)(const void *)at)->sin_addr;
}

static void write_authority(struct qv_inherited_socket *socket)
{
    char address[INET6_ADDRSTRLEN] = "";
    const struct sockaddr *at = (const struct sockaddr *)&socket->at;
    bool brackets = at->sa_family == AF_INET6;
    (void)inet_ntop(at->sa_family, address_of(at), address, sizeof(address)); /* it has room */
    snprintf(socket->authority, sizeof(socket->authority), "%s%s%s:%u", brackets ? "[" : "",
             address, brackets ? "]" : "", port_of(at));
}

/* ---- taken ----------------------------------------------------------------------------------- */

static bool option_is(int fd, int level, int option, int wanted)
{
    int value = -1;
    socklen_t length = sizeof(value);
    return getsockopt(fd, level, option, &value, &length) == 0 && value == wanted;
}

static enum qv_status examine(struct qv_inherited_socket *socket, struct qv_error *error)
{
    socklen_t length = sizeof(socket->at);
    bool known = getsockname(socket->fd, (struct sockaddr *)&socket->at, &length) == 0 &&
                 (socket->at.ss_family == AF_INET || socket->at.ss_family == AF_INET6);
    if (!known || !option_is(socket->fd, SOL_SOCKET, SO_TYPE, SOCK_STREAM) ||
        !option_is(socket->fd, SOL_SOCKET, SO_ACCEPTCONN, 1))
        return qv_error_set(error, QV_INVALID,
                            "the service manager passed %s, which is no listening TCP socket; "
                            "" REMEDY ": ListenStream= with address and port",
                            socket->name);
    write_authority(socket);
    if (socket->at.ss_family == AF_INET6 && !option_is(socket->fd, IPPROTO_IPV6, IPV6_V6ONLY, 1))
        return qv_error_set(error, QV_INVALID,
                            "the socket %s (%s) of the service manager is for IPv4, too; " REMEDY
                            ": ListenStream= with an IPv4 address, or BindIPv6Only=ipv6-only",
                            socket->authority, socket->name);
    int flags = fcntl(socket->fd, F_GETFL);
    if (flags == -1 || fcntl(socket->fd, F_SETFL, flags | O_NONBLOCK) != 0)
        return qv_error_set(error, QV_UNAVAILABLE, "the socket %s cannot be set up: %s",
                            socket->authority, strerror(errno));
    return QV_OK;
}

/* The names become the sockets'. */
static enum qv_status keep(size_t count, char **names, struct qv_inherited *inherited)
{
    inherited->sockets = qv_alloc_array(count, sizeof(*inherited->sockets));
    for (size_t i = 0; i < count && inherited->sockets != NULL; i++) {
        inherited->sockets[i].fd = SD_LISTEN_FDS_START + (int)i;
        inherited->sockets[i].name = names[i];
        inherited->count++;
    }
    if (inherited->sockets != NULL)
        return QV_OK;
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    return QV_NO_MEMORY;
}

enum qv_status qv_inherited_take(struct qv_inherited *ret_inherited, struct qv_error *error)
{
    QV_CLEANUP(qv_inherited) struct qv_inherited inherited = {0};
    char **names = NULL;
    int count = sd_listen_fds_with_names(0, &names); /* and not for programs that we start */
    if (count < 0)
        return qv_error_set(error, QV_INVALID, "the service manager's sockets: %s",
                            strerror(-count));
    if (count > 0) {
        enum qv_status status = keep((size_t)count, names, &inherited);
        free(names);
        QV_TRY(status);
    }
    for (size_t i = 0; i < inherited.count; i++)
        QV_TRY(examine(&inherited.sockets[i], error));
    *ret_inherited = inherited;
    inherited = (struct qv_inherited){0};
    return QV_OK;
}

/* ---- given to listeners ---------------------------------------------------------------------- */

static bool fits(const struct qv_inherited_socket *socket, const struct qv_config_listener *config,
                 const struct sockaddr *wanted)
{
    const struct sockaddr *at = (const struct sockaddr *)&socket->at;
    if (socket->fd == -1 || at->sa_family != wanted->sa_family)
        return false;
    size_t size = at->sa_family == AF_INET6 ? sizeof(struct in6_addr) : sizeof(struct in_addr);
    if (memcmp(address_of(at), address_of(wanted), size) != 0)
        return false;
    return config->port == 0 ? strcmp(socket->name, config->name) == 0
                             : port_of(at) == config->port;
}

int qv_inherited_find(struct qv_inherited *inherited, const struct qv_config_listener *config,
                      const struct sockaddr *at)
{
    for (size_t i = 0; i < inherited->count; i++) {
        struct qv_inherited_socket *socket = &inherited->sockets[i];
        if (!fits(socket, config, at))
            continue;
        int fd = socket->fd;
        socket->fd = -1;
        return fd;
    }
    return -1;
}

enum qv_status qv_inherited_check(const struct qv_inherited *inherited, struct qv_error *error)
{
    for (size_t i = 0; i < inherited->count; i++)
        if (inherited->sockets[i].fd != -1)
            return qv_error_set(error, QV_INVALID,
                                "no listener is configured for the socket %s (%s) of the service "
                                "manager; " REMEDY ", or add the listener",
                                inherited->sockets[i].authority, inherited->sockets[i].name);
    return QV_OK;
}

void qv_inherited_free(struct qv_inherited *inherited)
{
    for (size_t i = 0; i < inherited->count; i++) {
        if (inherited->sockets[i].fd != -1)
            close(inherited->sockets[i].fd);
        free(inherited->sockets[i].name); /* libsystemd's memory */
    }
    qv_free(inherited->sockets);
    *inherited = (struct qv_inherited){0};
}
