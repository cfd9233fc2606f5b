/*
 * What the service manager (systemd) is told: loading, ready, reloading, ending, a line about how
 * things are, and that everything still moves. Without one (no NOTIFY_SOCKET) nothing happens.
 * Main thread, but for what is marked. NULL is fine everywhere.
 */
#ifndef QUIVER_CLI_SERVICE_MANAGER_H
#define QUIVER_CLI_SERVICE_MANAGER_H

#include <pthread.h>
#include <quiver/api/readiness.h>
#include <quiver/base/clock.h>
#include <quiver/server/server.h>

struct service_manager {
    bool used;           /**< there is one */
    int64_t watchdog_us; /**< it expects a sign of life so often; 0: it does not */
    /* Borrowed, from service_manager_started on. */
    struct qv_server *server;
    struct qv_store *store;
    struct qv_health *health;
    struct qv_registry *registry;
    struct qv_mono due;    /**< the next look whether all loops come round */
    const char *stuck;     /**< which did not, the last time; NULL: none */
    char status[512];      /**< as it was told last */
    pthread_mutex_t lock;  /**< over what follows, and while it is told */
    bool started, loaded;  /**< both: ready */
    bool reloading;        /**< and this was told */
    bool stopping, failed; /**< the latter: a message could not be sent, and the log says so */
};

/** Before any other thread runs. */
void service_manager_init(struct service_manager *manager);
void service_manager_free(struct service_manager *manager);

/** Any thread: what is stored is loaded. */
void service_manager_loaded(struct service_manager *manager);
/** Everything runs. The borrowed members are filled in before. */
void service_manager_started(struct service_manager *manager, struct qv_mono now);
/** The reloader's thread: around a reload. */
void service_manager_reloading(struct service_manager *manager, struct qv_mono now);
void service_manager_reloaded(struct service_manager *manager);
void service_manager_stopping(struct service_manager *manager);
/** It could not start, and why. */
void service_manager_refused(struct service_manager *manager, const char *reason);

/** While it runs, at least each second: the line about how things are, where it changed; and a sign
 *  of life, if every event loop has come round since the last. */
void service_manager_tick(struct service_manager *manager, struct qv_mono now);
/** When the next tick is wanted; false: whenever. */
bool service_manager_next(struct service_manager *manager, struct qv_mono *ret_when);

#endif
