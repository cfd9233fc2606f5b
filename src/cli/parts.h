/*
 * Everything that runs in `quiver serve`: put together in the order in which the parts need each
 * other, taken apart in the reverse order. Main thread.
 */
#ifndef QUIVER_CLI_PARTS_H
#define QUIVER_CLI_PARTS_H

#include "reloader.h"

#include <quiver/server/server.h>

struct parts {
    struct qv_watch *watch;
    struct qv_config *config;
    struct qv_crl_memory *memory;
    struct qv_trust *trust; /**< of the start */
    struct qv_health *health;
    struct qv_handshakes *handshakes;
    struct qv_metrics *metrics;
    struct qv_policy *policy; /**< of the start */
    struct qv_verifier *verifier;
    struct qv_service_keys *service_keys; /**< NULL: no listener serves chap */
    struct qv_registry *registry;
    struct qv_store *store;
    struct qv_server *server;
    struct qv_embedded *embedded; /**< NULL: Redis is somebody else's */
    struct qv_audit *audit;       /**< from parts_start on */
    int lock;                     /**< of the data directory then; -1: none */
    struct service_manager manager;
    struct reload reload;
    struct reloader *reloader;
    struct qv_api api;
};

/** Nothing yet. */
void parts_init(struct parts *parts);
/** Reads the configuration and the files that it names; says what is wrong with them. */
QV_MUST_CHECK enum qv_status parts_load(struct parts *parts, const char *config);
/** Makes all parts, ports bound; nothing runs. Signals are blocked before. */
QV_MUST_CHECK enum qv_status parts_make(struct parts *parts, struct qv_error *error);
/** Starts what runs by itself. */
QV_MUST_CHECK enum qv_status parts_start(struct parts *parts, struct qv_error *error);
/** Stops what runs and takes everything apart. */
void parts_free(struct parts *parts);

#endif
