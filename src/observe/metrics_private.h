/*
 * What the metrics are made of. Private to `observe`; others see quiver/observe/metrics.h.
 *
 * Holds always: a number has one writer at a time, or is added to atomically; whoever scrapes reads
 * each by itself, relaxed, so that two numbers of one scrape may be a request apart, and none of
 * them ever goes back but for gauges.
 */
#ifndef QUIVER_OBSERVE_METRICS_PRIVATE_H
#define QUIVER_OBSERVE_METRICS_PRIVATE_H

#include <pthread.h>
#include <quiver/observe/metrics.h>
#include <stdatomic.h>

enum {
    METRICS_BUCKETS = 16,                /* with an upper bound; one more has none */
    METRICS_STATUSES = 19,               /* that are known; one more is for all others */
    METRICS_OPERATIONS = QV_OP_COUNT + 1 /* the last: none */
};

/** Upper bounds, in microseconds. */
extern const int64_t metrics_bounds_us[METRICS_BUCKETS];
extern const int metrics_statuses[METRICS_STATUSES];

typedef atomic_uint_fast64_t metrics_count;

struct metrics_histogram {
    metrics_count buckets[METRICS_BUCKETS + 1];
    metrics_count sum_us;
};

struct qv_metrics_slot {
    struct qv_metrics_slot *next;
    void *memory; /* as it was allocated: the slot is aligned to cache lines in it */
    metrics_count answers[METRICS_OPERATIONS][METRICS_STATUSES + 1];
    struct metrics_histogram durations[METRICS_OPERATIONS];
    metrics_count connections[]; /* by listener */
};

struct metrics_part {
    const char *name; /* NULL: there is no such part */
    bool good;
    struct qv_wall tried, succeeded;
};

struct qv_metrics {
    const struct qv_config *config;
    struct qv_wall started;
    metrics_count limited[QV_LIMIT_COUNT];
    atomic_bool up[QV_LINK_COUNT];
    metrics_count losses[QV_LINK_COUNT];
    struct metrics_histogram round_trips;
    atomic_bool writable;
    metrics_count lag, ended;
    pthread_mutex_t lock; /* over all that follows */
    struct qv_metrics_slot *slots;
    struct metrics_part parts[QV_METRICS_PARTS];
    struct qv_trust *trust; /* a reference; NULL: none yet */
};

static inline unsigned long long metrics_read(const metrics_count *count)
{
    return (unsigned long long)atomic_load_explicit(count, memory_order_relaxed);
}

/* ---- metrics_text.c: lines ------------------------------------------------------------------- */

/** A label's value between quotes, escaped. */
void metrics_put_label(struct qv_buf *buf, const char *name, struct qv_str value);
/** "<name> <value>\n" */
void metrics_put(struct qv_buf *buf, const char *name, unsigned long long value);
/** "<name>{<label>="<text>"} <value>\n" */
void metrics_put_labelled(struct qv_buf *buf, const char *name, const char *label,
                          struct qv_str text, unsigned long long value);
/** Buckets, sum and count of a histogram that is the sum of these; `label` NULL: it has none. */
struct metrics_sum {
    unsigned long long buckets[METRICS_BUCKETS + 1], sum_us;
};
void metrics_sum_add(struct metrics_sum *sum, const struct metrics_histogram *histogram);
void metrics_put_histogram(struct qv_buf *buf, const char *name, const char *label,
                           struct qv_str text, const struct metrics_sum *sum);

/* ---- metrics_process.c: what the kernel says of us --------------------------------------------
 */

void metrics_process_cpu(struct qv_buf *buf, const char *name);
void metrics_process_memory(struct qv_buf *buf, const char *name);
void metrics_process_descriptors(struct qv_buf *buf, const char *name);
void metrics_process_descriptors_max(struct qv_buf *buf, const char *name);

#endif
