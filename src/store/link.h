/*
 * The store thread's event loop and its connections to Redis, without a type of the libraries that
 * do the work. Everything but qv_loop_post belongs to the thread that made the loop.
 */
#ifndef QUIVER_STORE_LINK_H
#define QUIVER_STORE_LINK_H

#include "reply.h"

#include <quiver/base/clock.h>
#include <quiver/config/config.h>

/* ---- the loop ---------------------------------------------------------------------------------*/

struct qv_loop;
QV_MUST_CHECK enum qv_status qv_loop_new(struct qv_loop **ret_loop);
/** Runs until qv_loop_end was called by something that it ran. */
void qv_loop_run(struct qv_loop *loop);
void qv_loop_end(struct qv_loop *loop);
/** What was posted before is run first. All links are freed by then. */
void qv_loop_free(struct qv_loop **loop);

/** Something to be run by the loop's thread; embedded by its owner, who keeps it until it ran. */
struct qv_post {
    void (*run)(struct qv_post *post);
    void *private_[2];
};
/** Any thread; posts run in the order in which they came. Never fails. */
void qv_loop_post(struct qv_loop *loop, struct qv_post *post);

QV_MUST_CHECK enum qv_status qv_loop_arm(struct qv_loop *loop, struct qv_timer *timer,
                                         struct qv_mono due);
/** For the few timers on which everything hangs: memory out ends the process, as it does in libh2o.
 */
void qv_loop_arm_surely(struct qv_loop *loop, struct qv_timer *timer, struct qv_mono due);
void qv_loop_disarm(struct qv_loop *loop, struct qv_timer *timer);

/* ---- a connection -----------------------------------------------------------------------------*/

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
