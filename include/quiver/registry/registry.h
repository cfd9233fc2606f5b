/*
 * The view: the whole registry in memory, answering every read (design 5).
 *
 * Readers are many and on any thread; the one writer is the store's thread, following the journal.
 * A reader collects references under the lock, and filters and writes outside of it; where it takes
 * the lock once more (src/registry/attach.c), that is after giving it back.
 */
#ifndef QUIVER_REGISTRY_REGISTRY_H
#define QUIVER_REGISTRY_REGISTRY_H

#include <quiver/domain/chap.h>
#include <quiver/domain/device.h>
#include <quiver/domain/entity.h>
#include <quiver/domain/system.h>
#include <quiver/trust/anchors.h>

struct qv_registry; /**< what readers hold: the view that is in force, if any */
struct qv_view;     /**< one view; private to the writer until published */

QV_MUST_CHECK enum qv_status qv_registry_new(const struct qv_rules *rules,
                                             struct qv_registry **ret_registry);
void qv_registry_free(struct qv_registry **registry);

/* ---- the writer ---------------------------------------------------------------------------- */

/** One entity that a change puts (envelope not empty), renews or removes. The texts are borrowed.
 */
struct qv_effect {
    enum qv_kind kind;
    struct qv_str id;
    struct qv_str envelope; /**< JSON; length 0: removed, or with `renews` left as it is */
    bool renews;      /**< of a CHAP service: gives it a lease; one that is not there is none */
    int64_t lease_us; /**< its end in registry time, microseconds */
};

QV_MUST_CHECK enum qv_status qv_view_new(struct qv_view **ret_view);
void qv_view_free(struct qv_view **view); /**< only of one that was not published */
/** Of a view that is empty and private: it will be in force in this registry. So what the registry
 *  exposes (qv_registry_expose_chap) is made while the view is filled; else it is when the view is
 *  published, all at once. */
void qv_view_prepare_for(struct qv_view *view, const struct qv_registry *registry);

/** Applies the effects of one change as a whole: readers see all or none of them (but for a change
 *  that only renews: that takes no lock and needs no memory). Repeating one
 *  reaches the same state. On failure nothing is applied; QV_INVALID: a document is not readable.
 */
QV_MUST_CHECK enum qv_status qv_view_apply(struct qv_view *view, const struct qv_effect *effects,
                                           size_t count, struct qv_error *error);
/** How far the view is: shown by qv_registry_position. */
void qv_view_set_position(struct qv_view *view, uint64_t epoch, uint64_t revision);

/** Puts the view in force and frees the one before, when its readers are done. Takes ownership;
 *  the writer goes on using the pointer until it publishes another. */
void qv_registry_publish(struct qv_registry *registry, struct qv_view *view);

/** From now on lookups leave out the instances whose registering certificate these anchors' CRLs
 *  list, but for the reason `superseded` (registry.revoked_providers). Of what was registered by a
 *  declared identity, or before envelopes named the issuer's key, no certificate is known: it
 * stays. Takes a reference; NULL: none is left out. Any thread. */
void qv_registry_set_revocation(struct qv_registry *registry, struct qv_anchors *anchors);

/** A longer time without a tick of the store was an outage or a clock step, and leases get it back:
 *  one value for all that counts in registry time, the store's scripts included. Milliseconds. */
#define QV_REGISTRY_PAUSE_MS 5000
/** Registry time (design 5, "Time") at the moment `at`: wall time less what was given back to
 * leases so far (`offset_us`). Between two calls it goes on by the monotonic clock for that long
 * at most, and then stands still until the next: a longer pause is given back. Any thread. */
void qv_registry_set_clock(struct qv_registry *registry, int64_t registry_us, int64_t offset_us,
                           struct qv_mono at);
/** By how much it has gone on at `now` since it was told `at`: microseconds, bounded so. */
int64_t qv_registry_time_since(struct qv_mono at, struct qv_mono now);
/** From now on CHAP services are found by qv_registry_find_services, too, as instances of this
 *  definition. Before the first view is published. `definition` is borrowed for ever. */
void qv_registry_expose_chap(struct qv_registry *registry, const char *definition);

/* ---- readers ------------------------------------------------------------------------------- */

struct qv_registry_state {
    bool loaded; /**< a view is in force */
    uint64_t epoch, revision;
    size_t count[QV_KIND_COUNT]; /**< entities of each kind */
    size_t bytes[QV_KIND_COUNT]; /**< memory of these, without the indexes */
};
/** QV_UNAVAILABLE with words where no view is in force yet: what is stored cannot be judged. */
QV_MUST_CHECK enum qv_status qv_registry_check_loaded(struct qv_registry *registry,
                                                      struct qv_error *error);
void qv_registry_state(struct qv_registry *registry, struct qv_registry_state *ret_state);

/** What stands under the id, with a reference; NULL: nothing. QV_UNAVAILABLE: no view is loaded
 * yet.
 */
QV_MUST_CHECK enum qv_status qv_registry_get(struct qv_registry *registry, enum qv_kind kind,
                                             struct qv_str id, struct qv_entity_head **ret_entity,
                                             struct qv_error *error);

/** What one lookup found; holds references, independent of the view from here on. */
struct qv_service_match {
    const struct qv_instance *instance;
    const struct qv_system *provider;
    const struct qv_device *device; /**< NULL: none */
    const struct qv_definition *definition;
    unsigned char *shown; /**< per interface, NULL: all */
    char **json;          /**< per interface, NULL: as stored */
    bool leased;          /**< an exposed CHAP service: */
    struct qv_wall ends;  /**< its expiresAt */
};
struct qv_service_result {
    struct qv_service_match *matches; /**< by instance id, descending */
    size_t count;
};
/** QV_UNAVAILABLE: no view is loaded yet. What has ended at `now` is not found, nor what is left
 * out by qv_registry_set_revocation. */
QV_MUST_CHECK enum qv_status qv_registry_find_services(struct qv_registry *registry,
                                                       const struct qv_service_query *query,
                                                       struct qv_wall now,
                                                       struct qv_service_result *ret_result,
                                                       struct qv_error *error);
/** Appends {"entries":[...],"count":n}. `fingerprints`: with the certificate by which each was
 *  registered in its provider's metadata (qv_instance_choice). */
void qv_service_result_write(const struct qv_service_result *result, enum qv_detail detail,
                             bool fingerprints, struct qv_buf *buf);
void qv_service_result_free(struct qv_service_result *result);

/** A CHAP service whose lease has not ended. */
struct qv_chap_match {
    const struct qv_chap *chap;
    int64_t ends_us; /**< of its lease, since 1970 */
};
struct qv_chap_result {
    struct qv_chap_match *matches; /**< by id */
    size_t count;
};
void qv_chap_result_free(struct qv_chap_result *result);
/** All. QV_UNAVAILABLE: no view is loaded yet. */
QV_MUST_CHECK enum qv_status qv_registry_find_chap(struct qv_registry *registry,
                                                   struct qv_chap_result *ret_result,
                                                   struct qv_error *error);
/** One by its id; `chap` NULL: there is none whose lease has not ended. Frees with
 *  qv_chap_match_free. */
QV_MUST_CHECK enum qv_status qv_registry_get_chap(struct qv_registry *registry, struct qv_str id,
                                                  struct qv_chap_match *ret_match,
                                                  struct qv_error *error);
void qv_chap_match_free(struct qv_chap_match *match);
/** Is it the id of an instance that is only CHAP's (qv_registry_expose_chap)? It cannot be changed
 *  through Arrowhead. */
bool qv_registry_is_exposed(struct qv_registry *registry, struct qv_str instance_id);

/** A system or device that a lookup found. */
struct qv_entity_match {
    const struct qv_entity_head *entity;
    const struct qv_device *device; /**< of a system: the one that it is on; NULL: none */
};
/** What a lookup of systems or devices found; holds references, independent of the view from here
 *  on. */
struct qv_entity_result {
    struct qv_entity_match *matches;
    size_t count;
};
void qv_entity_result_free(struct qv_entity_result *result);

/** The youngest first (spec 4.2). QV_UNAVAILABLE: no view is loaded yet. Where the query has
 * neither names nor device names, each system is looked at, in slices, so that neither the writer
 * nor other readers wait for it. */
QV_MUST_CHECK enum qv_status qv_registry_find_systems(struct qv_registry *registry,
                                                      const struct qv_system_query *query,
                                                      struct qv_entity_result *ret_result,
                                                      struct qv_error *error);
/** Appends {"entries":[...],"count":n}. */
void qv_system_result_write(const struct qv_entity_result *result, enum qv_detail detail,
                            struct qv_buf *buf);

/** In the order of their registration (spec 4.5); else as qv_registry_find_systems. */
QV_MUST_CHECK enum qv_status qv_registry_find_devices(struct qv_registry *registry,
                                                      const struct qv_device_query *query,
                                                      struct qv_entity_result *ret_result,
                                                      struct qv_error *error);
/** Appends {"entries":[...],"count":n}. */
void qv_device_result_write(const struct qv_entity_result *result, struct qv_buf *buf);

/** Templates as the domain asks for them; each one that was handed out is kept until the end.
 *  Belongs to one thread. */
struct qv_template_lookup {
    struct qv_template_source source; /**< pass &lookup.source */
    struct qv_registry *registry_;
    struct qv_entity_head **kept_;
    size_t kept_count_;
};
void qv_template_lookup_begin(struct qv_registry *registry, struct qv_template_lookup *lookup);
void qv_template_lookup_free(struct qv_template_lookup *lookup);

#endif
