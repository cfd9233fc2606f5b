/*
 * Registry time: see clock.h. It stands under the view's lock, which every reader that asks for it
 * takes anyway, so that its three parts always belong together. Any thread.
 */
#include "view.h"

enum { JITTER_US = 1000000 }; /* by so much what the store says may come late */

int64_t qv_registry_time_since(struct qv_mono at, struct qv_mono now)
{
    const int64_t most_us = (int64_t)QV_REGISTRY_PAUSE_MS * 1000;
    int64_t since_us = now.us - at.us;
    return since_us < 0 ? 0 : since_us < most_us ? since_us : most_us;
}

/* What readers have seen end does not come back because an answer of Redis took longer than the
   one before: time stands still for that long. A step of the clock is no jitter. */
static int64_t least_of(const struct clock *clock, int64_t registry_us, int64_t offset_us,
                        struct qv_mono at)
{
    int64_t seen_us = clock_read(clock, at).registry_us;
    bool is_jitter =
        offset_us == clock->offset_us && seen_us > registry_us && seen_us - registry_us < JITTER_US;
    return is_jitter ? seen_us : registry_us;
}

void qv_registry_set_clock(struct qv_registry *registry, int64_t registry_us, int64_t offset_us,
                           struct qv_mono at)
{
    pthread_rwlock_wrlock(&registry->lock);
    int64_t least_us = least_of(&registry->clock, registry_us, offset_us, at);
    registry->clock = (struct clock){
        .registry_us = registry_us, .offset_us = offset_us, .at = at, .least_us = least_us};
    pthread_rwlock_unlock(&registry->lock);
}

struct moment clock_read(const struct clock *clock, struct qv_mono now)
{
    bool told = clock->registry_us != 0;
    int64_t registry_us = clock->registry_us + (told ? qv_registry_time_since(clock->at, now) : 0);
    return (struct moment){.registry_us =
                               registry_us > clock->least_us ? registry_us : clock->least_us,
                           .offset_us = clock->offset_us};
}
