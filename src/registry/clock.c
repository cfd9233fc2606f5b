/*
 * Registry time: see clock.h. It stands under the view's lock, which every reader that asks for it
 * takes anyway, so that its three parts always belong together. Any thread.
 */
#include "view.h"

enum { GOES_ON_US = QV_REGISTRY_PAUSE_MS * 1000 };

void qv_registry_set_clock(struct qv_registry *registry, int64_t registry_us, int64_t offset_us,
                           struct qv_mono at)
{
    pthread_rwlock_wrlock(&registry->lock);
    registry->clock = (struct clock){.registry_us = registry_us, .offset_us = offset_us, .at = at};
    pthread_rwlock_unlock(&registry->lock);
}

struct moment clock_read(const struct clock *clock, struct qv_mono now)
{
    int64_t since = now.us - clock->at.us;
    if (since < 0 || clock->registry_us == 0)
        since = 0;
    if (since > GOES_ON_US)
        since = GOES_ON_US;
    return (struct moment){.registry_us = clock->registry_us + since,
                           .offset_us = clock->offset_us};
}
