/*
 * A step of the wall clock is looked for after each turn of the loop; all timeouts are then moved
 * by it. A step forward could make them due in the very turn that notices it, and libh2o runs them
 * in the order in which they were made: so ours is the first, and linked anew after each turn it is
 * due only where the clock has gone ahead or the thread was held up.
 *
 * Holds always, between two turns: `offset_ms` is what the times of all entries were taken with, or
 * the clock was set since the loop has read it. libh2o 2.2.5 has no function for this; its
 * timeouts' structs are in its headers.
 */
#include "loop_clock.h"

#include <quiver/base/clock.h>
#include <stdlib.h>

enum {
    WATCH_MS = 2000, /* more than a turn lasts: a worker's loop comes round each second */
    STEP_MS = 100,   /* less is how long a thread may be held up between two looks at two clocks */
};

static int64_t offset_now(void)
{
    struct qv_mono mono = qv_mono_now();
    return qv_wall_to_ms(qv_wall_now()) - mono.us / 1000;
}

/* What was linked in this turn has the loop's present time already. */
static void move_entries(const h2o_timeout_t *timeout, int64_t step_ms, int64_t now_ms)
{
    for (h2o_linklist_t *at = timeout->_entries.next; at != &timeout->_entries; at = at->next) {
        h2o_timeout_entry_t *entry = H2O_STRUCT_FROM_MEMBER(h2o_timeout_entry_t, _link, at);
        int64_t then_ms = (int64_t)entry->registered_at;
        if (then_ms != now_ms)
            entry->registered_at = then_ms + step_ms > 0 ? (uint64_t)(then_ms + step_ms) : 0;
    }
}

static void follow(struct qv_loop_clock *clock)
{
    int64_t offset_ms = offset_now(), step_ms = offset_ms - clock->offset_ms;
    if (llabs(step_ms) < STEP_MS)
        return;
    /* The loop asks for the time only after it has waited: a step since then is for the next turn,
       or what is linked in this one would not be moved with the others. */
    int64_t now_ms = (int64_t)h2o_now(clock->loop);
    int64_t loop_is_behind_ms = qv_wall_to_ms(qv_wall_now()) - now_ms;
    if (llabs(loop_is_behind_ms) > llabs(step_ms) / 2)
        return;
    clock->offset_ms = offset_ms;
    for (h2o_linklist_t *at = clock->loop->_timeouts.next; at != &clock->loop->_timeouts;
         at = at->next)
        move_entries(H2O_STRUCT_FROM_MEMBER(h2o_timeout_t, _link, at), step_ms, now_ms);
}

static void on_watch(h2o_timeout_entry_t *entry)
{
    follow(H2O_STRUCT_FROM_MEMBER(struct qv_loop_clock, watch, entry));
}

static void watch(struct qv_loop_clock *clock)
{
    h2o_timeout_unlink(&clock->watch);
    h2o_timeout_link(clock->loop, &clock->first, &clock->watch);
}

void qv_loop_clock_start(struct qv_loop_clock *clock, h2o_loop_t *loop)
{
    clock->loop = loop;
    clock->offset_ms = offset_now();
    clock->watch = (h2o_timeout_entry_t){.cb = on_watch};
    h2o_timeout_init(loop, &clock->first, WATCH_MS);
    watch(clock);
}

void qv_loop_clock_turn(struct qv_loop_clock *clock)
{
    follow(clock);
    watch(clock);
}

void qv_loop_clock_end(struct qv_loop_clock *clock)
{
    h2o_timeout_unlink(&clock->watch);
    h2o_timeout_dispose(clock->loop, &clock->first);
}
