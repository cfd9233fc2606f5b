/*
 * Registry time, as the store's thread knows it: Redis' clock less what was given back to leases
 * (design 5, "Time"). Learned from each tick, and from the head before a view is first put in
 * force, for a Redis that takes no changes has no ticks; handed on to the registry, which hides by
 * it what has ended. The store's thread alone.
 */
#include "internal.h"

void qv_time_learn(struct qv_store *store, int64_t now_us, int64_t offset_us)
{
    struct qv_registry_time *time = &store->time;
    bool moved = time->known && time->offset_us != offset_us;
    *time = (struct qv_registry_time){.known = true,
                                      .registry_us = now_us - offset_us,
                                      .offset_us = offset_us,
                                      .at = qv_mono_now()};
    qv_registry_set_clock(store->registry, time->registry_us, offset_us, time->at);
    if (moved)
        qv_mirror_renew(store);
}

static int64_t since_us(const struct qv_store *store)
{
    return qv_registry_time_since(store->time.at, qv_mono_now());
}

bool qv_time_stands_still(const struct qv_store *store)
{
    return since_us(store) >= (int64_t)QV_REGISTRY_PAUSE_MS * 1000;
}

int64_t qv_time_now_us(const struct qv_store *store)
{
    return store->time.registry_us + since_us(store);
}
