/*
 * Timers of one event loop that no step of the clock moves: libh2o's own run on the wall clock
 * (loop_clock.h).
 * Made by any thread, then used by the loop's thread alone.
 */
#ifndef QUIVER_SERVER_LOOP_TIMER_H
#define QUIVER_SERVER_LOOP_TIMER_H

#include <h2o.h>
#include <quiver/base/clock.h>

struct qv_loop_timer {
    int fd;
    h2o_socket_t *sock; /**< around fd, once attached */
    struct qv_timers timers;
    int64_t set_for_us; /**< when the descriptor will be readable; INT64_MAX: never */
};

/** QV_UNAVAILABLE: the system has no descriptor left. */
QV_MUST_CHECK enum qv_status qv_loop_timer_new(struct qv_loop_timer *ret_timer,
                                               struct qv_error *error);
void qv_loop_timer_attach(struct qv_loop_timer *loop_timer, h2o_loop_t *loop);
/** Arms (or moves) a timer; it fires on the loop's thread. */
QV_MUST_CHECK enum qv_status qv_loop_timer_arm(struct qv_loop_timer *loop_timer,
                                               struct qv_timer *timer, int64_t milliseconds);
void qv_loop_timer_disarm(struct qv_loop_timer *loop_timer, struct qv_timer *timer);
void qv_loop_timer_free(struct qv_loop_timer *loop_timer); /**< on the loop's thread if attached */

#endif
