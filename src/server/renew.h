/*
 * Another trust, policy and other limits for workers that run: what one renewal is made of, and
 * what each worker does with it. See renew.c, sweep.c and live.c.
 */
#ifndef QUIVER_SERVER_RENEW_H
#define QUIVER_SERVER_RENEW_H

#include "cursor.h"

#include <quiver/base/clock.h>
#include <quiver/server/server.h>

struct qv_worker;
struct qv_renewal_part; /**< one worker's part of a renewal */

/** A sweep through all connections of a worker, in slices. */
struct qv_sweeping {
    struct qv_renewal_part *part; /**< for which it is made; NULL: there is none */
    struct qv_cursor cursor;
    struct qv_timer turn; /**< armed until the next slice */
    struct qv_sweep found;
};

/** The connections of a worker by the end of their peers' certification paths. */
struct qv_ends {
    struct qv_timers queue; /**< its times are the wall clock's: see live.c */
    struct qv_timer look;   /**< on the monotonic clock: when to compare */
};

/* ---- renew.c --------------------------------------------------------------------------------- */

/** The worker is through with its part; tells whoever waits for all. Its thread. */
void qv_renewal_done(struct qv_renewal_part *part, const struct qv_sweep *found);

/* ---- sweep.c --------------------------------------------------------------------------------- */

/** Judges all connections of the worker again, beginning now; one that is under way ends. */
void qv_sweep_begin(struct qv_worker *worker, struct qv_renewal_part *part);

/* ---- live.c ---------------------------------------------------------------------------------- */

/** Begins to watch the ends, before the worker runs; may fail. */
QV_MUST_CHECK enum qv_status qv_live_start(struct qv_worker *worker);

#endif
