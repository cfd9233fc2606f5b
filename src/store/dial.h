/*
 * Reaching Redis: by its name, one address after the other, or by the path of its socket. The
 * loop's thread alone.
 */
#ifndef QUIVER_STORE_DIAL_H
#define QUIVER_STORE_DIAL_H

#include "loop.h"
#include "resolve.h"

#include <quiver/config/config.h>

struct st_h2o_socket_t;

/** The socket is connected and the receiver's; NULL: `reason` says why there is none. */
typedef void (*qv_dialed)(void *data, struct st_h2o_socket_t *socket, const char *reason);

enum { QV_DIAL_REASON = 160 }; /**< room for a reason */

/** Embedded by its owner. Zero-initialized: nothing is under way. */
struct qv_dial {
    struct qv_loop *loop;
    qv_dialed done;
    void *data;
    struct qv_resolve *resolve;
    struct addrinfo *addresses, *next; /**< those of the host; the next to be tried */
    struct st_h2o_socket_t *socket;    /**< to the one that is being tried */
    struct qv_timer timer;             /**< a failure is told outside of qv_dial_start */
    char reason[QV_DIAL_REASON];       /**< of the last failure */
};

/** Begins; `done` follows once, never from inside this call, unless it is cancelled. Nothing bounds
 *  the time. `path`: of a Unix socket (borrowed), else NULL, and the Redis' host is looked for. */
void qv_dial_start(struct qv_dial *dial, struct qv_loop *loop, const struct qv_config_redis *redis,
                   const char *path, qv_dialed done, void *data);
/** `done` will not be called. Nothing happens where nothing is under way. */
void qv_dial_cancel(struct qv_dial *dial);

#endif
