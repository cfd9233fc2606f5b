/*
 * One reload: everything that can change without a restart is loaded anew, checked, and put in
 * force, part by part; what has a fault stays as it was. Belongs to the reloader's thread once that
 * runs, to the main thread before.
 */
#ifndef QUIVER_CLI_RELOAD_H
#define QUIVER_CLI_RELOAD_H

#include "reload_outcome.h"
#include "service_manager.h"

#include <quiver/base/watch.h>
#include <quiver/identity/service_keys.h>
#include <quiver/observe/audit.h>
#include <quiver/policy/policy.h>

struct reload {
    /* Borrowed for its life. */
    const struct qv_config *running; /**< what was started; what is fixed, is fixed by it */
    struct qv_server *server;
    struct qv_registry *registry;
    struct qv_verifier *verifier;
    struct qv_service_keys *service_keys; /**< NULL: no listener serves chap */
    struct qv_store *store;
    const struct qv_rules *rules;
    struct qv_health *health;
    struct qv_metrics *metrics;
    struct qv_crl_memory *memory;
    struct qv_audit *audit;
    struct qv_watch *watch;
    struct service_manager *manager;
    size_t clients; /**< how many connections the open files allow; SIZE_MAX: any number */
    /* Its own. */
    struct qv_trust *trust;     /**< in force; a reference */
    struct qv_policy *policy;   /**< in force; a reference */
    struct qv_config *file;     /**< the last that was good; NULL: that of the start */
    struct qv_config view;      /**< in force: `running`, and of `file` what can change; borrows */
    struct reload_outcome last; /**< of the last reload; before the first: nothing to complain */
};

/** Takes references to both; the borrowed members are filled in before. */
void reload_init(struct reload *reload, struct qv_trust *trust, struct qv_policy *policy);
void reload_free(struct reload *reload);

/** Watches all files of the configuration; before they are read for the first time. */
QV_MUST_CHECK enum qv_status reload_watch(struct qv_watch *watch, const struct qv_config *config);
/** What a start has in common with a reload: hides the instances of revoked certificates, writes
 *  down which CRLs are the newest, tells of the service keys, warns of what ends soon. */
void reload_first(struct reload *reload, struct qv_wall now);
/** Behind the start of the server, which has the limits as configured: lowers limits.connections to
 *  what the open files allow. */
QV_MUST_CHECK enum qv_status reload_lower_limits(struct reload *reload, struct qv_error *error);
/** Reloads; `reload->last` is what it came to. Takes as long as it takes, and is logged. */
void reload_run(struct reload *reload, enum reload_trigger trigger, struct qv_wall now);

/** Where it could not be written down which CRLs are the newest (a full disk): tries that again,
 * and nothing else. Without it a restart would take an older CRL; so it does not wait for a reload.
 */
void reload_note_again(struct reload *reload, struct qv_wall now);
/** Tells health what was not reloaded, what has ended by itself since, and what the audit trail
 *  lacks. */
void reload_show_health(const struct reload *reload, struct qv_wall now);
/** Tells the metrics what each part came to, and which trust is in force. */
void reload_measure(const struct reload *reload, struct qv_wall now);
/** Logs what ends soon, or has ended. */
void reload_warn(const struct reload *reload, struct qv_wall now);

#endif
