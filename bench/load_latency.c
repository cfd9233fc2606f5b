/*
 * The clock, and latencies as a histogram: up to 64 us exactly, above that in 32 steps per power of
 * two, so that its size does not depend on how long a run lasts. One thread.
 */
#include "load.h"
#include <time.h>

#define STEP_BITS 5
#define EXACT     (2U << STEP_BITS)

uint64_t load_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000U + (uint64_t)now.tv_nsec / 1000U;
}

static size_t slot_of(uint64_t us)
{
    if (us < EXACT) {
        return (size_t)us;
    }
    unsigned shift = 63U - (unsigned)__builtin_clzll(us) - STEP_BITS;
    size_t slot = (size_t)(us >> shift) + ((size_t)shift << STEP_BITS);
    return slot < LOAD_LATENCY_SLOTS ? slot : LOAD_LATENCY_SLOTS - 1;
}

/* The largest value that falls into a slot. */
static uint64_t top_of(size_t slot)
{
    if (slot < EXACT) {
        return slot;
    }
    unsigned shift = (unsigned)(slot >> STEP_BITS) - 1;
    uint64_t mantissa = slot - ((size_t)shift << STEP_BITS);
    return ((mantissa + 1) << shift) - 1;
}

void load_latency_add(struct load_latency *latency, uint64_t us)
{
    latency->slots[slot_of(us)]++;
    latency->min = latency->count == 0 || us < latency->min ? us : latency->min;
    latency->max = us > latency->max ? us : latency->max;
    latency->sum += us;
    latency->count++;
}

uint64_t load_latency_at(const struct load_latency *latency, double share)
{
    uint64_t wanted = (uint64_t)(share * (double)latency->count + 0.5), seen = 0;
    for (size_t slot = 0; slot < LOAD_LATENCY_SLOTS; slot++) {
        seen += latency->slots[slot];
        if (seen >= wanted && seen > 0) {
            uint64_t top = top_of(slot);
            return top < latency->max ? top : latency->max;
        }
    }
    return latency->max;
}
