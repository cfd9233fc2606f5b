/*
 * Binding the configured addresses.
 *
 * One socket per listener, which every worker watches through a duplicate of its own: the service
 * manager's, where it passed one for that address, else one that is bound here. Not SO_REUSEPORT:
 * with it a second Quiver would share the port silently. The main thread.
 */
#include "listeners.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *const tls_names[] = {
    [QV_TLS_MUTUAL] = "mutual",
    [QV_TLS_SERVER] = "server",
    [QV_TLS_OFF] = "off",
};

static enum qv_status describe(const struct qv_config_listener *config, const char *step,
                               int reason, struct qv_error *error)
{
    const char *remedy = "";
    if (reason == EADDRINUSE)
        remedy = "; end the program that has it, or choose another port";
    else if (reason == EACCES)
        remedy = "; choose a port above 1023, or grant CAP_NET_BIND_SERVICE";
    else if (reason == EADDRNOTAVAIL)
        remedy = "; choose an address that this machine has";
    return qv_error_set(error, QV_UNAVAILABLE, "listener %s: cannot %s %s port %u: %s%s",
                        config->name, step, config->address, config->port,
                        reason == EADDRINUSE ? "it is in use" : strerror(reason), remedy);
}

static enum qv_status bind_socket(int fd, const struct qv_config_listener *config,
                                  const struct addrinfo *at, struct qv_error *error)
{
    int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        (at->ai_family == AF_INET6 &&
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0))
        return describe(config, "set up", errno, error);
    if (bind(fd, at->ai_addr, at->ai_addrlen) != 0)
        return describe(config, "bind", errno, error);
    if (listen(fd, SOMAXCONN) != 0)
        return describe(config, "listen on", errno, error);
    return QV_OK;
}

static uint16_t real_port(int fd)
{
    struct sockaddr_storage bound = {0};
    socklen_t length = sizeof(bound);
    if (getsockname(fd, (struct sockaddr *)&bound, &length) != 0)
        return 0;
    if (bound.ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)&bound)->sin6_port);
    return ntohs(((const struct sockaddr_in *)&bound)->sin_port);
}

/* The descriptor is the caller's, also where it could not be bound; -1: there is none. */
static enum qv_status open_socket(const struct qv_config_listener *config,
                                  const struct addrinfo *at, int *ret_fd, struct qv_error *error)
{
    *ret_fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    return *ret_fd == -1 ? describe(config, "open a socket for", errno, error)
                         : bind_socket(*ret_fd, config, at, error);
}

enum qv_status qv_listener_open(const struct qv_config_listener *config, size_t index,
                                struct qv_inherited *inherited, struct qv_listener *ret_listener,
                                struct qv_error *error)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
    struct addrinfo *at = NULL;
    char service[8];
    snprintf(service, sizeof(service), "%u", config->port);
    int fault = getaddrinfo(config->address, service, &hints, &at);
    if (fault != 0)
        return qv_error_set(error, QV_INVALID, "listener %s: address %s: %s", config->name,
                            config->address, gai_strerror(fault));

    int fd = qv_inherited_find(inherited, config, at->ai_addr);
    bool passed = fd != -1;
    enum qv_status status = passed ? QV_OK : open_socket(config, at, &fd, error);
    bool brackets = at->ai_family == AF_INET6;
    freeaddrinfo(at);
    if (status != QV_OK) {
        if (fd != -1)
            close(fd);
        return status;
    }
    *ret_listener = (struct qv_listener){
        .config = config, .index = index, .fd = fd, .passed = passed, .port = real_port(fd)};
    snprintf(ret_listener->authority, sizeof(ret_listener->authority), "%s%s%s:%u",
             brackets ? "[" : "", config->address, brackets ? "]" : "", ret_listener->port);
    return QV_OK;
}

void qv_listener_close(struct qv_listener *listener)
{
    if (listener->fd != -1)
        close(listener->fd);
    listener->fd = -1;
}

void qv_listener_log(const struct qv_listener *listener)
{
    qv_log(QV_LOG_INFO, "listening", QV_LOG_CSTR("listener", listener->config->name),
           QV_LOG_CSTR("address", listener->config->address), QV_LOG_INT("port", listener->port),
           QV_LOG_CSTR("tls", tls_names[listener->config->tls]),
           QV_LOG_CSTR("socket", listener->passed ? "passed" : "bound"));
}
