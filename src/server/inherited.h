/*
 * Listening sockets that the service manager made and passes on (socket activation): connections
 * wait in them while Quiver restarts. The main thread.
 */
#ifndef QUIVER_SERVER_INHERITED_H
#define QUIVER_SERVER_INHERITED_H

#include <netinet/in.h>
#include <quiver/config/config.h>
#include <sys/socket.h>

/** "address:port", an IPv6 address in brackets */
#define QV_AUTHORITY_TEXT (INET6_ADDRSTRLEN + 8)

struct qv_inherited_socket {
    int fd;     /**< owned; -1: taken by a listener */
    char *name; /**< FileDescriptorName= of the socket unit; owned */
    struct sockaddr_storage at;
    char authority[QV_AUTHORITY_TEXT];
};
struct qv_inherited {
    struct qv_inherited_socket *sockets; /**< owned; NULL: none */
    size_t count;
};

/** What was passed to this process; nothing, as a rule. QV_INVALID: something that is no listening
 *  TCP socket, or one for both IPv6 and IPv4. */
QV_MUST_CHECK enum qv_status qv_inherited_take(struct qv_inherited *ret_inherited,
                                               struct qv_error *error);
/** The socket that listens where this listener is configured to, `at` being its address; of a
 *  listener on any port (0) the one with its name. The caller owns it; -1: there is none. */
int qv_inherited_find(struct qv_inherited *inherited, const struct qv_config_listener *config,
                      const struct sockaddr *at);
/** QV_INVALID names a socket that no listener took: whoever connects there would wait forever. */
QV_MUST_CHECK enum qv_status qv_inherited_check(const struct qv_inherited *inherited,
                                                struct qv_error *error);
void qv_inherited_free(struct qv_inherited *inherited); /**< closes what was not taken */

#endif
