/*
 * The arithmetic of buckets. Times are nanoseconds, so that the rates up to a million a second
 * come out right; none of the products is near the end of 64 bits. Pure; any thread.
 */
#include "bucket.h"

#define SECOND_NS ((int64_t)1000 * 1000 * 1000)

static int64_t to_ns(struct qv_mono at)
{
    return at.us * 1000;
}

bool qv_bucket_take(struct qv_bucket *bucket, size_t rate, size_t size, struct qv_mono now,
                    int64_t *ret_wait_ns)
{
    const int64_t token = SECOND_NS / (int64_t)rate; /* the time in which one comes */
    const int64_t whole = token * (int64_t)size;
    int64_t missing = bucket->full_ns - to_ns(now);
    if (missing < 0)
        missing = 0;
    if (missing > whole)
        missing = whole; /* it was a slower or larger bucket until now */
    bool taken = missing <= whole - token;
    if (taken)
        missing += token;
    else
        *ret_wait_ns = missing - (whole - token);
    bucket->full_ns = to_ns(now) + missing;
    return taken;
}

bool qv_bucket_is_full(const struct qv_bucket *bucket, struct qv_mono now)
{
    return bucket->full_ns <= to_ns(now);
}

unsigned qv_bucket_seconds(int64_t wait_ns)
{
    return wait_ns <= SECOND_NS ? 1 : (unsigned)((wait_ns + SECOND_NS - 1) / SECOND_NS);
}
