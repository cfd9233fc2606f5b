/*
 * Registry time (design 5, "Time"), by which leases end. Private to the registry.
 *
 * The store says once a second what time it is; in between it goes on by the monotonic clock, but
 * not for ever: while the store hears nothing, nobody's ping is taken either, and what is lost so
 * is given back to the leases later.
 */
#ifndef QUIVER_REGISTRY_CLOCK_H
#define QUIVER_REGISTRY_CLOCK_H

#include <quiver/registry/registry.h>

/* Of the registry, under its lock. All zero: it was never set, no lease has ended. */
struct clock {
    int64_t registry_us, offset_us;
    struct qv_mono at;
    int64_t least_us; /* what readers have gone by already */
};

/* What a reader goes by. */
struct moment {
    int64_t registry_us;
    int64_t offset_us; /* to wall time */
};

/** Under the lock. */
struct moment clock_read(const struct clock *clock, struct qv_mono now);

/** The end of a service's lease; 0: it has none. */
static inline int64_t lease_of(const struct qv_chap *chap)
{
    return __atomic_load_n(&chap->lease_us_, __ATOMIC_RELAXED);
}

static inline bool has_ended(const struct moment *moment, int64_t lease_us)
{
    return lease_us <= moment->registry_us;
}

#endif
