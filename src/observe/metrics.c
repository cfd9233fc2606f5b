/*
 * Counting.
 *
 * Holds always: in a slot only its worker writes, so that adding needs no locked instruction; what
 * other threads count is added to atomically. The mutex is for scrapes, slots and what a reload
 * brings, never for a request. Any thread, as the header says.
 */
#include "metrics_private.h"

#include <quiver/base/memory.h>

enum { CACHE_LINE = 64 };

const int64_t metrics_bounds_us[METRICS_BUCKETS] = {
    100,   250,    500,    1000,   2500,    5000,    10000,   25000,
    50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000,
};
/* The frequent ones first. */
const int metrics_statuses[METRICS_STATUSES] = {
    200, 201, 204, 307, 400, 401, 403, 404, 405, 406, 408, 413, 415, 417, 422, 423, 429, 500, 503,
};

/* ---- life ------------------------------------------------------------------------------------ */

enum qv_status qv_metrics_new(const struct qv_config *config, struct qv_wall started,
                              struct qv_metrics **ret_metrics)
{
    struct qv_metrics *metrics = qv_alloc(sizeof(*metrics));
    if (metrics == NULL)
        return QV_NO_MEMORY;
    metrics->config = config;
    metrics->started = started;
    pthread_mutex_init(&metrics->lock, NULL); /* cannot fail in glibc */
    *ret_metrics = metrics;
    return QV_OK;
}

void qv_metrics_free(struct qv_metrics **metrics)
{
    struct qv_metrics *freed = *metrics;
    if (freed == NULL)
        return;
    *metrics = NULL;
    while (freed->slots != NULL) {
        struct qv_metrics_slot *slot = freed->slots;
        freed->slots = slot->next;
        qv_free(slot->memory);
    }
    qv_trust_free(&freed->trust);
    pthread_mutex_destroy(&freed->lock);
    qv_free(freed);
}

/* Two slots share no cache line: the first begins at one, and the rest of the last is nobody's. */
static struct qv_metrics_slot *new_slot(size_t listeners)
{
    size_t size = sizeof(struct qv_metrics_slot) + listeners * sizeof(metrics_count);
    char *memory = qv_alloc(size + 2 * (size_t)CACHE_LINE);
    if (memory == NULL)
        return NULL;
    size_t over = (uintptr_t)memory % CACHE_LINE;
    struct qv_metrics_slot *slot = (void *)(memory + (over > 0 ? CACHE_LINE - over : 0));
    slot->memory = memory;
    return slot;
}

enum qv_status qv_metrics_add_slot(struct qv_metrics *metrics, struct qv_metrics_slot **ret_slot)
{
    struct qv_metrics_slot *slot = NULL;
    if (metrics != NULL) {
        slot = new_slot(metrics->config->listener_count);
        if (slot == NULL)
            return QV_NO_MEMORY;
        pthread_mutex_lock(&metrics->lock);
        slot->next = metrics->slots;
        metrics->slots = slot;
        pthread_mutex_unlock(&metrics->lock);
    }
    *ret_slot = slot;
    return QV_OK;
}

/* ---- a worker's ------------------------------------------------------------------------------ */

/* By the count's one writer. */
static void bump(metrics_count *count, uint64_t by)
{
    uint64_t now = atomic_load_explicit(count, memory_order_relaxed);
    atomic_store_explicit(count, now + by, memory_order_relaxed);
}

static void observe(struct metrics_histogram *histogram, int64_t duration_us)
{
    size_t bucket = 0;
    while (bucket < METRICS_BUCKETS && duration_us > metrics_bounds_us[bucket])
        bucket++;
    bump(&histogram->buckets[bucket], 1);
    bump(&histogram->sum_us, duration_us > 0 ? (uint64_t)duration_us : 0);
}

static size_t column_of(int status)
{
    size_t column = 0;
    while (column < METRICS_STATUSES && metrics_statuses[column] != status)
        column++;
    return column;
}

void qv_metrics_answered(struct qv_metrics_slot *slot, enum qv_operation operation, int status,
                         int64_t duration_us)
{
    if (slot == NULL)
        return;
    size_t row = operation < QV_OP_COUNT ? (size_t)operation : (size_t)QV_OP_COUNT;
    bump(&slot->answers[row][column_of(status)], 1);
    if (duration_us >= 0)
        observe(&slot->durations[row], duration_us);
}

void qv_metrics_connected(struct qv_metrics_slot *slot, size_t listener)
{
    if (slot != NULL)
        bump(&slot->connections[listener], 1);
}

void qv_metrics_disconnected(struct qv_metrics_slot *slot, size_t listener)
{
    if (slot != NULL)
        bump(&slot->connections[listener], (uint64_t)-1);
}

/* ---- rare things ----------------------------------------------------------------------------- */

static void add(metrics_count *count, uint64_t by)
{
    atomic_fetch_add_explicit(count, by, memory_order_relaxed);
}

void qv_metrics_limited(struct qv_metrics *metrics, enum qv_metrics_limit limit)
{
    if (metrics != NULL)
        add(&metrics->limited[limit], 1);
}

void qv_metrics_link(struct qv_metrics *metrics, enum qv_metrics_link link, bool up)
{
    if (metrics != NULL && atomic_exchange(&metrics->up[link], up) && !up)
        add(&metrics->losses[link], 1);
}

void qv_metrics_round_trip(struct qv_metrics *metrics, int64_t duration_us)
{
    if (metrics != NULL)
        observe(&metrics->round_trips, duration_us);
}

void qv_metrics_store(struct qv_metrics *metrics, bool writable, uint64_t lag)
{
    if (metrics == NULL)
        return;
    atomic_store_explicit(&metrics->writable, writable, memory_order_relaxed);
    atomic_store_explicit(&metrics->lag, lag, memory_order_relaxed);
}

void qv_metrics_ended(struct qv_metrics *metrics, uint64_t count)
{
    if (metrics != NULL)
        add(&metrics->ended, count);
}

void qv_metrics_reloaded(struct qv_metrics *metrics, size_t part, const char *name, bool good,
                         struct qv_wall now)
{
    if (metrics == NULL || part >= QV_METRICS_PARTS)
        return;
    pthread_mutex_lock(&metrics->lock);
    struct metrics_part *known = &metrics->parts[part];
    known->name = name;
    known->good = good;
    known->tried = now;
    if (good)
        known->succeeded = now;
    pthread_mutex_unlock(&metrics->lock);
}

void qv_metrics_set_trust(struct qv_metrics *metrics, struct qv_trust *trust)
{
    if (metrics == NULL)
        return;
    pthread_mutex_lock(&metrics->lock);
    struct qv_trust *before = metrics->trust;
    metrics->trust = qv_trust_ref(trust);
    pthread_mutex_unlock(&metrics->lock);
    qv_trust_free(&before); /* outside: the last one to go may have a long CRL */
}
