/*
 * The truth in Redis: accepted changes go in by Lua scripts, come back through the journal, and
 * only then are in the view and answered (design 5).
 *
 * The store has a thread of its own with both links to Redis (commands, tail). Submitting is
 * allowed from any thread; the done function runs on the store's thread, exactly once.
 */
#ifndef QUIVER_STORE_STORE_H
#define QUIVER_STORE_STORE_H

#include <quiver/observe/metrics.h>
#include <quiver/policy/policy.h>
#include <quiver/registry/registry.h>
#include <sys/types.h>

struct qv_store;

/** Prepares a store for the cloud; connects to nothing yet. Borrows all three for its life. */
QV_MUST_CHECK enum qv_status qv_store_new(const struct qv_config *config, struct qv_str cloud,
                                          struct qv_registry *registry, struct qv_store **ret_store,
                                          struct qv_error *error);
/** Starts the thread: connects, loads the view, follows the journal, ticks, reconnects for ever. */
QV_MUST_CHECK enum qv_status qv_store_start(struct qv_store *store, struct qv_error *error);
/** Has the store tell how it is in numbers; borrowed for its life. Set before the start. */
void qv_store_set_metrics(struct qv_store *store, struct qv_metrics *metrics);
/** `fn` runs on the store's thread, once: when the first view answers and it is decided whether
 *  changes are taken (qv_store_reasons says why where they are not). Set before the start. */
void qv_store_on_ready(struct qv_store *store, void (*fn)(void *data), void *data);
/** Ends the thread when what was submitted has its answer, at the latest after store.timeout;
 *  later submissions are answered QV_UNAVAILABLE. */
void qv_store_stop(struct qv_store *store);
void qv_store_free(struct qv_store **store); /**< stops first */

/** A change that waits to be made; a script's name and its arguments. */
struct qv_change;
void qv_change_free(struct qv_change **change);

/** register: a service instance, with its definition and, where the provider is unknown and
 *  `registration` is automatic, its provider. `by` is recorded in the envelope. */
QV_MUST_CHECK enum qv_status
qv_change_register_service(const struct qv_rules *rules, enum qv_provider_registration mode,
                           const struct qv_service_registration *registration,
                           const struct qv_identity *by, struct qv_change **ret_change);
/** Of a change that registers a service: QV_TOO_MANY where the provider has `most` instances
 *  already and this is another one. 0: no bound, as without this call. */
QV_MUST_CHECK enum qv_status qv_change_limit_instances(struct qv_change *change, size_t most);
QV_MUST_CHECK enum qv_status qv_change_revoke_service(const struct qv_instance_id *id,
                                                      const struct qv_identity *by,
                                                      struct qv_change **ret_change);
/** A system and, in the same change, all its instances. */
QV_MUST_CHECK enum qv_status qv_change_revoke_system(struct qv_str system,
                                                     const struct qv_identity *by,
                                                     struct qv_change **ret_change);

/** register: a system under its own name. What is there already under the name is not changed but
 *  handed out, with its device, for a comparison (`done` false); an automatic entry is replaced. */
QV_MUST_CHECK enum qv_status
qv_change_register_system(const struct qv_rules *rules,
                          const struct qv_system_registration *registration,
                          const struct qv_identity *by, struct qv_change **ret_change);
/** register: a device; what is there already is handed out, as with systems. */
QV_MUST_CHECK enum qv_status
qv_change_register_device(const struct qv_device_registration *registration,
                          const struct qv_identity *by, struct qv_change **ret_change);
/** A device that no system is on; else QV_LOCKED. */
QV_MUST_CHECK enum qv_status qv_change_revoke_device(struct qv_str device,
                                                     const struct qv_identity *by,
                                                     struct qv_change **ret_change);

/* ---- CHAP services: kept alive by leases (design 5, "Time") ---- */

/** How long a lease is, and what may be done with one that ended. Microseconds. */
struct qv_chap_terms {
    int64_t ttl_us;
    int64_t revive_us; /**< a ping brings back what ended no longer ago than that */
    enum qv_chap_reregister reregister; /**< of registering what is there with other data */
};
/** register: one whose lease has ended is as if it were not there. With the same data it renews the
 *  lease; with other data it replaces; unless the terms keep what is there as it is, lease and all.
 * `by` NULL: no certificate was shown. */
QV_MUST_CHECK enum qv_status
qv_change_register_chap(const struct qv_chap_registration *registration,
                        const struct qv_chap_terms *terms, const struct qv_identity *by,
                        struct qv_change **ret_change);
/** Moves the lease's end and nothing else; of one that is not there, or ended: `done` false. */
QV_MUST_CHECK enum qv_status qv_change_ping_chap(struct qv_str id,
                                                 const struct qv_chap_terms *terms,
                                                 struct qv_change **ret_change);
/** Removes it, also one that could be revived; `done` false where there is none, and
 *  `outcome.chap_how` QV_CHAP_ENDED where its lease had ended. */
QV_MUST_CHECK enum qv_status qv_change_delete_chap(struct qv_str id, const struct qv_identity *by,
                                                   struct qv_change **ret_change);

/** The registry's own entries, as one change: its system and the services that it offers. Only what
 *  is not there as it should be is written; what others registered as the registry's is removed. */
struct qv_own_service {
    const char *id, *definition;
    struct qv_str doc; /**< of the instance */
};
QV_MUST_CHECK enum qv_status qv_change_register_own(const struct qv_rules *rules,
                                                    const char *system, struct qv_str system_doc,
                                                    const struct qv_own_service *services,
                                                    size_t count, struct qv_change **ret_change);
/** Written each time the store is opened; the first view waits for it, unless Redis takes no
 *  changes. Takes it over. Set it before the start; later, from any thread, another takes its place
 *  and is written at once if it differs. Not while the store starts or stops. */
void qv_store_set_own(struct qv_store *store, struct qv_change **change);

/** What registering a CHAP service came to, or deleting it. */
enum qv_chap_how {
    QV_CHAP_NEW,     /**< it was not there, or its lease had ended */
    QV_CHAP_SAME,    /**< it was there with the same data: renewed */
    QV_CHAP_UPDATED, /**< it was there with other data: replaced */
    QV_CHAP_KEPT,    /**< it was there: left as it was, lease and all (`done` false) */
    QV_CHAP_ENDED,   /**< deleted: its lease had ended before */
};

/** What a change came to. */
struct qv_outcome {
    /** QV_OK; QV_INVALID, QV_LOCKED ... as the script refused; QV_UNAVAILABLE: it did not happen
     *  and never will, or (`unknown`) nobody knows; QV_INTERNAL: the stored data is damaged. */
    enum qv_status status;
    bool unknown; /**< the 503's words have "unknown", too. So ends also a change that Redis
                       acknowledged and that did not come back through the journal in time:
                       a success promises that its maker sees it in the next lookup. */
    bool done;    /**< false: there was nothing to do (revoke of what is not there, register of
                       a system or device that is) */
    uint64_t epoch, revision; /**< of the change, where done */
    struct qv_error error;    /**< words for the caller; freed by the store after the call */
    /** Envelopes as they stand after the change, for the answer; NULL where there is none. Built
     *  by qv_entity_read, owned by the receiver who takes them out (sets NULL). */
    struct qv_entity_head *instance, *system, *device, *definition, *chap;
    /* Of CHAP services: */
    enum qv_chap_how chap_how;
    struct qv_chap_times chap_times; /**< of a registration or a ping: as they are from now on */
};
typedef void (*qv_store_done)(void *data, struct qv_outcome *outcome);

/** Takes ownership of the change. `grant` is the policy's verdict: without one nothing is changed.
 *  A store that was not started or is stopped answers within this call, on the caller's thread. */
void qv_store_submit(struct qv_store *store, const struct qv_grant *grant, struct qv_change *change,
                     qv_store_done done, void *data);

/** Has the store's thread come round since the last call? Asks it to do so again. True where it
 *  does not run. One thread at a time. */
bool qv_store_beat(struct qv_store *store);

/** Why the store is not at its best, one line each (empty: all is well). Any thread. */
void qv_store_reasons(struct qv_store *store, struct qv_strings *ret_reasons);

/* ---- the data directory and the embedded Redis; the main thread alone -------------------------
 */

/** With a Redis of others: makes the data directory (mode 0700) where it is missing, and takes its
 *  lock, as the embedded Redis does; it holds the control socket. QV_INVALID or QV_UNAVAILABLE with
 *  the remedy. The descriptor is the caller's and holds the lock until it is closed. */
QV_MUST_CHECK enum qv_status qv_data_directory_hold(const char *path, int *ret_lock,
                                                    struct qv_error *error);

struct qv_embedded;
/** Locks the data directory (made with mode 0700 where missing), waits up to 5 s for another
 *  holder and names it, and starts redis-server. QV_INVALID or QV_UNAVAILABLE with the remedy. */
QV_MUST_CHECK enum qv_status qv_embedded_start(const struct qv_config *config,
                                               struct qv_embedded **ret_embedded,
                                               struct qv_error *error);
/** Call after SIGCHLD and each second: reaps and restarts it with backoff. */
void qv_embedded_supervise(struct qv_embedded *embedded, struct qv_mono now);
/** When the next call is wanted for starting it again; false: it runs. */
bool qv_embedded_next(const struct qv_embedded *embedded, struct qv_mono *ret_when);
/** The process that runs; 0: none at the moment. */
pid_t qv_embedded_pid(const struct qv_embedded *embedded);
/** Ends Redis in order (SIGTERM, then SIGKILL after a while), then gives up the lock. */
void qv_embedded_free(struct qv_embedded **embedded);
/** Path of its socket. Lives as long as `config`'s data directory; owned by the caller. */
char *qv_embedded_socket_path(const struct qv_config *config);

#endif
