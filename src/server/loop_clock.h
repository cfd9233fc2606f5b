/*
 * libh2o's own timeouts run on the wall clock. This keeps them where they were while that clock is
 * set: what waited for a second still waits for a second. The loop's thread alone.
 */
#ifndef QUIVER_SERVER_LOOP_CLOCK_H
#define QUIVER_SERVER_LOOP_CLOCK_H

#include <h2o.h>
#include <stdint.h>

struct qv_loop_clock {
    h2o_loop_t *loop;
    h2o_timeout_t first; /**< its entry is due before all others when the clock was set forward */
    h2o_timeout_entry_t watch;
    int64_t offset_ms; /**< of the wall clock from the monotonic one, as the timeouts have it */
};

/** Before anything else makes a timeout of this loop's. */
void qv_loop_clock_start(struct qv_loop_clock *clock, h2o_loop_t *loop);
/** After each turn of the loop. */
void qv_loop_clock_turn(struct qv_loop_clock *clock);
void qv_loop_clock_end(struct qv_loop_clock *clock);

#endif
