/*
 * What happens in this process, as numbers, and their text for Prometheus (docs/monitoring).
 *
 * Each worker counts in a slot of its own, which no other thread writes: counting is a load and a
 * store, without lock and without a cache line that goes back and forth. What is rare is counted in
 * one place for all. How many series there are is bounded by tables of ours and by the
 * configuration: nothing that a client sends becomes a label. Where the metrics or the slot are
 * NULL nothing is counted. Any thread, but for a slot: that is its worker's.
 */
#ifndef QUIVER_OBSERVE_METRICS_H
#define QUIVER_OBSERVE_METRICS_H

#include <quiver/observe/audit.h>
#include <quiver/observe/handshakes.h>
#include <quiver/policy/policy.h>
#include <quiver/registry/registry.h>
#include <quiver/trust/trust.h>

struct qv_metrics;
struct qv_metrics_slot;

/** Borrows `config` for its listeners, for its life. `started`: when the process was. */
QV_MUST_CHECK enum qv_status qv_metrics_new(const struct qv_config *config, struct qv_wall started,
                                            struct qv_metrics **ret_metrics);
void qv_metrics_free(struct qv_metrics **metrics); /**< and all slots; NULL-safe */

/* ---- a worker's ------------------------------------------------------------------------------ */

/** A further slot, which lives as long as the metrics. Without metrics: NULL, and QV_OK. */
QV_MUST_CHECK enum qv_status qv_metrics_add_slot(struct qv_metrics *metrics,
                                                 struct qv_metrics_slot **ret_slot);
/** A request has its answer. QV_OP_COUNT: it was refused before anyone knew what it asks for.
 *  `duration_us` below 0: nobody knows how long it took. */
void qv_metrics_answered(struct qv_metrics_slot *slot, enum qv_operation operation, int status,
                         int64_t duration_us);
/** A connection at this listener (index in the configuration) begins, or ends. */
void qv_metrics_connected(struct qv_metrics_slot *slot, size_t listener);
void qv_metrics_disconnected(struct qv_metrics_slot *slot, size_t listener);

/* ---- rare things ----------------------------------------------------------------------------- */

/** Which bound refused something. */
enum qv_metrics_limit {
    QV_LIMIT_REQUESTS,             /**< limits.identities: requests */
    QV_LIMIT_CONNECTIONS,          /**< limits.identities: connections */
    QV_LIMIT_INSTANCES,            /**< limits.identities: instances */
    QV_LIMIT_CONNECTIONS_PER_PEER, /**< limits.connections_per_peer */
    QV_LIMIT_COUNT,
};
void qv_metrics_limited(struct qv_metrics *metrics, enum qv_metrics_limit limit);

/** The store's connections to Redis. */
enum qv_metrics_link { QV_LINK_COMMANDS, QV_LINK_JOURNAL, QV_LINK_COUNT };
/** Going from up to down is counted. */
void qv_metrics_link(struct qv_metrics *metrics, enum qv_metrics_link link, bool up);
/** A script's way to Redis and back. The store's thread alone. */
void qv_metrics_round_trip(struct qv_metrics *metrics, int64_t duration_us);
/** `writable`: changes are taken; `lag`: entries of the journal that the view does not have. */
void qv_metrics_store(struct qv_metrics *metrics, bool writable, uint64_t lag);
/** So many entries came to their end in a tick of this process. */
void qv_metrics_ended(struct qv_metrics *metrics, uint64_t count);

/** What a part came to at a reload, or at the start; `part` is its number, `name` static. Parts
 *  beyond the sixteenth are left out. */
enum { QV_METRICS_PARTS = 16 };
void qv_metrics_reloaded(struct qv_metrics *metrics, size_t part, const char *name, bool good,
                         struct qv_wall now);
/** Which trust is in force; takes a reference. */
void qv_metrics_set_trust(struct qv_metrics *metrics, struct qv_trust *trust);

/* ---- scraping -------------------------------------------------------------------------------- */

/** What others know at the moment; NULL: that is left out. */
struct qv_metrics_asked {
    const struct qv_registry_state *registry;
    const struct qv_audit *audit;
    const struct qv_handshakes *handshakes;
    const struct qv_strings *reasons; /**< why readiness is not what it should be */
};
/** Appends all as Prometheus text, version 0.0.4. */
void qv_metrics_write(struct qv_metrics *metrics, const struct qv_metrics_asked *asked,
                      struct qv_buf *buf);
/** Appends the table of all metrics for docs/monitoring/README.md, from the table that writes HELP
 *  and TYPE. */
void qv_metrics_write_reference(struct qv_buf *buf);

#endif
