/*
 * The parts of a running Quiver.
 *
 * Start: configuration, trust, policy, listening sockets, data directory with its lock, Redis,
 * audit trail, store, workers, reloader. Files are watched before they are read, so that no change
 * falls between. End, in this order: listeners, pending changes, audit trail, Redis, lock. Main
 * thread.
 */
#include "parts.h"

#include "chap_parts.h"
#include "descriptors.h"
#include "identity_clients.h"
#include "options.h"
#include "own_entries.h"
#include "policy_load.h"

#include <stdio.h>
#include <unistd.h>

void parts_init(struct parts *parts)
{
    *parts = (struct parts){.lock = -1};
    service_manager_init(&parts->manager);
}

void parts_free(struct parts *parts)
{
    reloader_end(parts->reloader);
    if (parts->server != NULL)
        qv_server_stop(parts->server); /* a reload that waits for the workers waits no longer */
    reloader_free(&parts->reloader);
    qv_server_free(&parts->server);
    qv_verifier_free(&parts->verifier); /* behind the server, whose requests wait for it */
    qv_service_keys_free(&parts->service_keys);
    qv_store_free(&parts->store);
    qv_audit_free(&parts->audit); /* before the lock: the next Quiver finds it free */
    qv_embedded_free(&parts->embedded);
    if (parts->lock >= 0)
        close(parts->lock);
    parts->lock = -1;
    reload_free(&parts->reload);
    qv_registry_free(&parts->registry);
    qv_policy_free(&parts->policy);
    qv_handshakes_free(&parts->handshakes);
    qv_metrics_free(&parts->metrics);
    qv_health_free(&parts->health);
    qv_trust_free(&parts->trust);
    qv_crl_memory_free(&parts->memory);
    qv_config_free(&parts->config);
    qv_watch_free(&parts->watch);
    service_manager_free(&parts->manager);
}

/* ---- read ------------------------------------------------------------------------------------ */

static enum qv_status watch_config(struct parts *parts, const char *config)
{
    QV_CLEANUP(qv_strings) struct qv_strings files = {0};
    QV_TRY(qv_watch_new(&parts->watch));
    QV_TRY(qv_strings_add(&files, qv_str_from(config)));
    return qv_watch_set(parts->watch, &files);
}

enum qv_status parts_load(struct parts *parts, const char *config)
{
    enum qv_status status = watch_config(parts, config);
    if (status == QV_OK) {
        QV_TRY(options_load(config, &parts->config));
        qv_log_configure(parts->config->log.level, parts->config->log.format);
        qv_server_log_requests(parts->config->log.requests);
        status = reload_watch(parts->watch, parts->config);
    }
    if (status != QV_OK) {
        fprintf(stderr, "%s: %s\n", config, qv_status_name(status));
        return status;
    }
    qv_rules_from_config(parts->config, &parts->api.rules);
    QV_TRY(options_open_memory(parts->config, &parts->memory));
    enum qv_status trusted = options_load_trust(parts->config, parts->memory, &parts->trust);
    enum qv_status ruled = policy_load_or_tell(parts->config, &parts->api.rules, &parts->policy);
    enum qv_status keyed = chap_load_or_tell(parts->config, &parts->service_keys);
    enum qv_status other = ruled != QV_OK ? ruled : keyed;
    return trusted != QV_OK ? trusted : other; /* the faults of all are told */
}

/* ---- made ------------------------------------------------------------------------------------ */

static enum qv_status make_verifier(struct parts *parts, struct qv_error *error)
{
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    QV_TRY(qv_verifier_new(parts->config, &parts->verifier, error));
    enum qv_status status =
        identity_show_own(parts->verifier, parts->config, parts->trust, qv_wall_now(), &faults);
    if (faults.count > 0) /* one of them is enough to find the others by `quiver check` */
        return qv_error_set(error, status, "%s", faults.at[0]);
    return status;
}

static enum qv_status make_registry(struct parts *parts)
{
    QV_TRY(qv_registry_new(&parts->api.rules, &parts->registry));
    if (parts->config->chap.expose_in_arrowhead)
        qv_registry_expose_chap(parts->registry, parts->config->chap.definition);
    return QV_OK;
}

/* What handlers need. */
static enum qv_status make_api(struct parts *parts, struct qv_error *error)
{
    struct qv_api *api = &parts->api;
    api->config = parts->config;
    QV_TRY(qv_health_new(&parts->health));
    QV_TRY(qv_handshakes_new(&parts->handshakes));
    QV_TRY(qv_metrics_new(parts->config, qv_wall_now(), &parts->metrics));
    QV_TRY(make_verifier(parts, error));
    QV_TRY(make_registry(parts));
    QV_TRY(qv_store_new(parts->config, qv_trust_cloud(parts->trust), parts->registry, &parts->store,
                        error));
    qv_store_set_metrics(parts->store, parts->metrics);
    api->health = parts->health;
    api->handshakes = parts->handshakes;
    api->metrics = parts->metrics;
    api->verifier = parts->verifier;
    api->service_keys = parts->service_keys;
    api->registry = parts->registry;
    api->store = parts->store;
    return QV_OK;
}

static void make_reload(struct parts *parts, size_t clients)
{
    parts->reload = (struct reload){.running = parts->config,
                                    .server = parts->server,
                                    .registry = parts->registry,
                                    .verifier = parts->verifier,
                                    .service_keys = parts->service_keys,
                                    .store = parts->store,
                                    .rules = &parts->api.rules,
                                    .health = parts->health,
                                    .metrics = parts->metrics,
                                    .memory = parts->memory,
                                    .watch = parts->watch,
                                    .manager = &parts->manager,
                                    .clients = clients};
    reload_init(&parts->reload, parts->trust, parts->policy);
}

enum qv_status parts_make(struct parts *parts, struct qv_error *error)
{
    size_t clients;
    QV_TRY(make_api(parts, error));
    QV_TRY(qv_server_new(parts->config, &parts->api, parts->trust, parts->policy, &parts->server,
                         error));
    QV_TRY(own_entries_set(parts->server, &parts->api.rules, parts->store));
    QV_TRY(descriptors_for_clients(&clients, error));
    make_reload(parts, clients);
    return QV_OK;
}

/* ---- started --------------------------------------------------------------------------------- */

/* On the store's thread, once. */
static void on_ready(void *data)
{
    struct parts *parts = data;
    struct qv_registry_state state;
    qv_registry_state(parts->registry, &state);
    qv_log(QV_LOG_INFO, "ready", QV_LOG_INT("instances", state.count[QV_KIND_INSTANCE]),
           QV_LOG_INT("systems", state.count[QV_KIND_SYSTEM]),
           QV_LOG_INT("revision", state.revision));
    service_manager_loaded(&parts->manager);
}

static enum qv_status claim_data_directory(struct parts *parts, struct qv_error *error)
{
    if (parts->config->store.at.kind == QV_REDIS_EMBEDDED)
        return qv_embedded_start(parts->config, &parts->embedded, error);
    return qv_data_directory_hold(parts->config->store.data_directory, &parts->lock, error);
}

/* Behind the lock of the data directory: a second Quiver that waits for it must not be told that
   the trail is somebody else's. Before anything that could be written down. */
static enum qv_status open_audit(struct parts *parts, struct qv_error *error)
{
    QV_TRY(qv_audit_open(parts->config, &parts->audit, error));
    parts->api.audit = parts->audit;
    parts->reload.audit = parts->audit;
    return QV_OK;
}

static void prepare_manager(struct parts *parts)
{
    parts->manager.server = parts->server;
    parts->manager.store = parts->store;
    parts->manager.health = parts->health;
    parts->manager.registry = parts->registry;
}

enum qv_status parts_start(struct parts *parts, struct qv_error *error)
{
    prepare_manager(parts);
    QV_TRY(claim_data_directory(parts, error));
    QV_TRY(open_audit(parts, error));
    reload_first(&parts->reload, qv_wall_now());
    qv_store_on_ready(parts->store, on_ready, parts);
    QV_TRY(qv_store_start(parts->store, error));
    QV_TRY(qv_verifier_start(parts->verifier, error));
    QV_TRY(qv_server_start(parts->server, error));
    QV_TRY(reload_lower_limits(&parts->reload, error));
    QV_TRY(reloader_start(&parts->reload, &parts->reloader, error));
    service_manager_started(&parts->manager, qv_mono_now());
    return QV_OK;
}
