/*
 * Who writes the series of a metric: one function each, named in the table of metrics_families.c.
 * Private to `observe`.
 */
#ifndef QUIVER_OBSERVE_METRICS_WRITERS_H
#define QUIVER_OBSERVE_METRICS_WRITERS_H

#include "metrics_private.h"

struct metrics_scrape {
    struct qv_metrics *metrics;
    const struct qv_metrics_asked *asked;
    struct qv_trust *trust; /* in force at the moment; NULL: none */
};

/** `name` is the metric's. Under the metrics' lock. */
typedef void metrics_writer(const struct metrics_scrape *scrape, struct qv_buf *buf,
                            const char *name);

metrics_writer metrics_write_build, metrics_write_start, metrics_write_process_cpu,
    metrics_write_process_memory, metrics_write_process_descriptors,
    metrics_write_process_descriptors_max, metrics_write_reasons, metrics_write_requests,
    metrics_write_durations, metrics_write_connections, metrics_write_handshakes, metrics_write_cut,
    metrics_write_limited, metrics_write_generation, metrics_write_outcome, metrics_write_try,
    metrics_write_success, metrics_write_certificates, metrics_write_crls, metrics_write_links,
    metrics_write_losses, metrics_write_writable, metrics_write_round_trips, metrics_write_lag,
    metrics_write_ended, metrics_write_loaded, metrics_write_epoch, metrics_write_revision,
    metrics_write_entries, metrics_write_bytes, metrics_write_audit_written,
    metrics_write_audit_lost;

#endif
