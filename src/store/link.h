/*
 * A connection to Redis, without a type of the libraries that do the work. Belongs to the thread
 * that made its loop.
 */
#ifndef QUIVER_STORE_LINK_H
#define QUIVER_STORE_LINK_H

#include "loop.h"
#include "reply.h"

#include <quiver/config/config.h>

struct qv_link;
struct qv_link_handler {
    void (*up)(void *data); /**< connected: the first commands may be sent */
    /** Not connected (any more). Every command has had its answer before. */
    void (*down)(void *data, const char *reason);
};
/** Prepares a link to that Redis (borrowed); `socket_path` is that of the embedded one (borrowed,
 *  else NULL). `patience_ms` bounds connecting and how long an answer may keep Redis silent. */
QV_MUST_CHECK enum qv_status qv_link_new(struct qv_loop *loop, const struct qv_config_redis *redis,
                                         const char *socket_path, int64_t patience_ms,
                                         const struct qv_link_handler *handler, void *data,
                                         struct qv_link **ret_link);
/** Begins to connect; `up` or `down` follows, never from inside this call. */
void qv_link_connect(struct qv_link *link);
/** Gives the connection up: commands are answered, then `down` is called with this reason. */
void qv_link_break(struct qv_link *link, const char *reason);
/** Closes; commands are answered with NULL, `down` is not called. */
void qv_link_free(struct qv_link **link);

/** One answer: `reply` is borrowed; NULL: the connection broke first, and `sent` tells whether
 *  Redis may have seen the command. */
typedef void (*qv_link_done)(void *data, const struct qv_reply *reply, bool sent);
struct qv_command;
/** Queues a command. QV_UNAVAILABLE: not connected, or the queue is full (`ret_command` may be
 *  NULL). The command is valid until `done` was called. */
QV_MUST_CHECK enum qv_status qv_link_send(struct qv_link *link, const struct qv_str *words,
                                          size_t count, qv_link_done done, void *data,
                                          struct qv_command **ret_command);
/** `done` will not be called. True: it was not sent and never will be. */
bool qv_link_cancel(struct qv_link *link, struct qv_command *command);

#endif
