/*
 * Two kinds of time that cannot be mixed up, RFC 3339 text, and a queue of timers.
 *
 * What promises something (timeouts, handshakes) counts in qv_mono, which no clock step moves;
 * what is compared with dates of the world (expiry, certificates) in qv_wall. Only
 * qv_mono_now and qv_wall_now ask a clock; everything else is given its time.
 */
#ifndef QUIVER_BASE_CLOCK_H
#define QUIVER_BASE_CLOCK_H

#include <quiver/base/buf.h>

/** CLOCK_MONOTONIC in microseconds. */
struct qv_mono {
    int64_t us;
};

/** Seconds since 1970-01-01T00:00:00Z (leap seconds not counted) and the fraction. */
struct qv_wall {
    int64_t seconds;
    int32_t nanoseconds; /**< 0 to 999,999,999, also before 1970 */
};

struct qv_mono qv_mono_now(void);
struct qv_wall qv_wall_now(void);
struct qv_mono qv_mono_add_ms(struct qv_mono at, int64_t milliseconds);
int qv_wall_compare(struct qv_wall a, struct qv_wall b);
struct qv_wall qv_wall_from_ms(int64_t milliseconds);
int64_t qv_wall_to_ms(struct qv_wall at); /**< rounded down */

/** Proleptic Gregorian calendar. */
int64_t qv_days_from_civil(int64_t year, int month, int day);
void qv_civil_from_days(int64_t days, int64_t *ret_year, int *ret_month, int *ret_day);

/** How many fraction digits qv_wall_write shows. */
enum qv_wall_digits {
    QV_WALL_SECONDS,      /**< none: 2030-01-01T00:00:00Z */
    QV_WALL_MILLISECONDS, /**< always 3 */
    QV_WALL_EXACT,        /**< none if zero, else 3, 6 or 9 (Java's Instant) */
};
/** Appends `at` as UTC with Z; years above 9999 with a plus sign. */
void qv_wall_write(struct qv_buf *buf, struct qv_wall at, enum qv_wall_digits digits);
/** Reads text as Java's ISO_INSTANT does (spec/arrowhead-discovery 3.6), nothing trimmed.
 *  QV_INVALID for anything else. */
QV_MUST_CHECK enum qv_status qv_wall_parse(struct qv_str text, struct qv_wall *ret_at);

/**
 * Timers of one event loop: a heap ordered by when they are due. The owner of a timer embeds it;
 * the heap holds only pointers. Used by the thread of its loop alone.
 */
struct qv_timer {
    struct qv_mono due;
    void (*fire)(struct qv_timer *timer);
    size_t place; /**< position in the heap plus one; 0: not armed */
};
struct qv_timers {
    struct qv_timer **at;
    size_t count, capacity;
};
/** Arms (or moves) a timer. QV_NO_MEMORY leaves it as it was. */
QV_MUST_CHECK enum qv_status qv_timers_arm(struct qv_timers *timers, struct qv_timer *timer,
                                           struct qv_mono due);
void qv_timers_disarm(struct qv_timers *timers, struct qv_timer *timer); /**< not armed is fine */
/** Fires (and disarms before firing) all that are due. */
void qv_timers_run(struct qv_timers *timers, struct qv_mono now);
/** When the next is due; false: none is armed. */
bool qv_timers_next(const struct qv_timers *timers, struct qv_mono *ret_due);
void qv_timers_free(struct qv_timers *timers); /**< the timers themselves are their owners' */

#endif
