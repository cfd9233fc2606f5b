/*
 * How often something may happen: so many times a second on the whole, and so many at once after a
 * pause. All that is kept is when the bucket will be full of tokens again (the "generic cell rate
 * algorithm"), so a change of rate or size needs no conversion. Pure; time comes in as an argument.
 */
#ifndef QUIVER_SERVER_BUCKET_H
#define QUIVER_SERVER_BUCKET_H

#include <quiver/base/clock.h>

/** Zero-initialized: full. */
struct qv_bucket {
    int64_t full_ns; /**< on the monotonic clock */
};

/** Takes a token. False: there is none; `ret_wait_ns` says how long until there is one. `rate` is
 *  1 to 1,000,000 a second, `size` 1 to 1,000,000. */
bool qv_bucket_take(struct qv_bucket *bucket, size_t rate, size_t size, struct qv_mono now,
                    int64_t *ret_wait_ns);
/** Is it as if nobody had ever taken anything? */
bool qv_bucket_is_full(const struct qv_bucket *bucket, struct qv_mono now);
/** A wait as Retry-After has it: whole seconds, rounded up, at least one. */
unsigned qv_bucket_seconds(int64_t wait_ns);

#endif
