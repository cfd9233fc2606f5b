/*
 * The sockets that take connections: bound once, by the main thread, before any worker runs.
 */
#ifndef QUIVER_SERVER_LISTENERS_H
#define QUIVER_SERVER_LISTENERS_H

#include "inherited.h"

struct qv_listener {
    const struct qv_config_listener *config; /**< borrowed */
    size_t index;                            /**< in the configuration, and for qv_trust_context */
    int fd;
    bool passed;        /**< by the service manager, which keeps it, too */
    uint16_t port;      /**< the real one, where the configuration says 0 */
    char authority[64]; /**< "address:port", an IPv6 address in brackets */
};

/** Takes the socket that was passed for it, or binds and listens. QV_UNAVAILABLE names listener,
 *  address, port and remedy. */
QV_MUST_CHECK enum qv_status qv_listener_open(const struct qv_config_listener *config, size_t index,
                                              struct qv_inherited *inherited,
                                              struct qv_listener *ret_listener,
                                              struct qv_error *error);
/** A listener with `serve: [chap]` serves nothing else. */
static inline bool qv_listener_serves_chap(const struct qv_listener *listener)
{
    return (listener->config->serve & QV_SERVE_CHAP) != 0;
}
void qv_listener_close(struct qv_listener *listener);
void qv_listener_log(const struct qv_listener *listener); /**< the event "listening" */

#endif
