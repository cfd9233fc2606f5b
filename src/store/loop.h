/*
 * The store thread's event loop. Everything but qv_loop_post belongs to the thread that made it.
 */
#ifndef QUIVER_STORE_LOOP_H
#define QUIVER_STORE_LOOP_H

#include <quiver/base/clock.h>
#include <quiver/base/status.h>

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

/** libh2o's own loop (its h2o_loop_t), for those who make sockets of it. */
struct st_h2o_evloop_t *qv_loop_sockets(const struct qv_loop *loop);

#endif
