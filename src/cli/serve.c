/*
 * `quiver serve`: puts the parts together, waits for signals, and takes them apart again.
 *
 * Start: configuration, trust, listening sockets, embedded Redis, store, workers. End, in this
 * order: listeners, pending changes, Redis, lock. All signals are blocked before the first thread
 * is made and taken here, one at a time; the embedded Redis is started from this thread because its
 * parent-death signal hangs on the thread that made it. Main thread.
 */
#include "descriptors.h"
#include "large_pages.h"
#include "options.h"

#include <quiver/cli/commands.h>
#include <quiver/server/server.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

static const char help[] =
    "usage: quiver serve --config FILE\n\n"
    "Runs the registry in the foreground. SIGTERM or SIGINT end it in order; a second one is not\n"
    "needed. The log goes to standard error: JSON lines, or readable ones on a terminal.\n\n"
    "options:\n"
    "  -c, --config FILE   the configuration, for example config/quiver.yaml\n"
    "  -h, --help          this text\n\n"
    "exit status: 0 ended in order, 1 could not start (the reason is on standard error),\n"
    "2 wrong usage\n";

/* Everything that runs; taken apart in the reverse order of being made. */
struct parts {
    struct qv_config *config;
    struct qv_trust *trust;
    struct qv_policy *policy;
    struct qv_verifier *verifier;
    struct qv_registry *registry;
    struct qv_store *store;
    struct qv_embedded *embedded;
    struct qv_server *server;
    struct qv_api api;
};

static void parts_free(struct parts *parts)
{
    qv_server_free(&parts->server);
    qv_verifier_free(&parts->verifier); /* behind the server, whose requests wait for it */
    qv_store_free(&parts->store);
    qv_embedded_free(&parts->embedded);
    qv_registry_free(&parts->registry);
    qv_policy_free(&parts->policy);
    qv_trust_free(&parts->trust);
    qv_config_free(&parts->config);
}

/* ---- start ----------------------------------------------------------------------------------- */

static void block_signals(sigset_t *ret_signals)
{
    sigemptyset(ret_signals);
    sigaddset(ret_signals, SIGTERM);
    sigaddset(ret_signals, SIGINT);
    sigaddset(ret_signals, SIGHUP);
    sigaddset(ret_signals, SIGCHLD);
    pthread_sigmask(SIG_BLOCK, ret_signals, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static enum qv_status load_trust(struct parts *parts)
{
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    enum qv_status status = qv_trust_load(parts->config, qv_wall_now(), &parts->trust, &faults);
    options_print_faults(&faults);
    return status;
}

/* Only the bound listeners know their ports. */
static enum qv_status make_own_entries(struct parts *parts)
{
    QV_CLEANUP(qv_own_facts) struct qv_own_facts facts = {0};
    QV_TRY(qv_server_own_facts(parts->server, &facts));
    if (facts.count == 0)
        return QV_OK; /* nobody could look them up */
    QV_CLEANUP(qv_change) struct qv_change *own = NULL;
    QV_TRY(qv_own_entries(&parts->api.rules, &facts, &own));
    qv_store_set_own(parts->store, &own);
    return QV_OK;
}

static enum qv_status make_parts(struct parts *parts, struct qv_error *error)
{
    struct qv_api *api = &parts->api;
    api->config = parts->config;
    qv_rules_from_config(parts->config, &api->rules);
    QV_TRY(qv_policy_builtin(&parts->policy));
    QV_TRY(qv_verifier_new(parts->config, &parts->verifier, error));
    QV_TRY(qv_registry_new(&api->rules, &parts->registry));
    QV_TRY(qv_store_new(parts->config, qv_trust_cloud(parts->trust), parts->registry, &parts->store,
                        error));
    api->policy = parts->policy;
    api->registry = parts->registry;
    api->store = parts->store;
    api->verifier = parts->verifier;
    QV_TRY(qv_server_new(parts->config, api, parts->trust, &parts->server, error));
    return make_own_entries(parts);
}

/* On the store's thread, once. */
static void on_ready(void *data)
{
    const struct parts *parts = data;
    struct qv_registry_state state;
    qv_registry_state(parts->registry, &state);
    qv_log(QV_LOG_INFO, "ready", QV_LOG_INT("instances", state.count[QV_KIND_INSTANCE]),
           QV_LOG_INT("systems", state.count[QV_KIND_SYSTEM]),
           QV_LOG_INT("revision", state.revision));
}

static enum qv_status start_parts(struct parts *parts, struct qv_error *error)
{
    if (parts->config->store.redis == QV_REDIS_EMBEDDED)
        QV_TRY(qv_embedded_start(parts->config, &parts->embedded, error));
    qv_store_on_ready(parts->store, on_ready, parts);
    QV_TRY(qv_store_start(parts->store, error));
    QV_TRY(qv_verifier_start(parts->verifier, error));
    return qv_server_start(parts->server, error);
}

/* ---- run ------------------------------------------------------------------------------------- */

/* How long to wait for a signal: until the embedded Redis is to be looked at again. */
static struct timespec pause_of(const struct parts *parts)
{
    const int64_t second = 1000 * 1000;
    int64_t us = second;
    struct qv_mono when;
    if (parts->embedded != NULL && qv_embedded_next(parts->embedded, &when))
        us = when.us - qv_mono_now().us;
    us = us < 0 ? 0 : us > second ? second : us;
    return (struct timespec){.tv_sec = us / second, .tv_nsec = us % second * 1000};
}

/* Until a signal says to end; returns it. */
static int run(struct parts *parts, const sigset_t *signals)
{
    for (;;) {
        struct timespec pause = pause_of(parts);
        int signal_number = sigtimedwait(signals, NULL, &pause);
        if (signal_number == SIGTERM || signal_number == SIGINT)
            return signal_number;
        if (signal_number == SIGHUP)
            qv_log(QV_LOG_WARNING, "reload is not supported by this version, restart instead");
        if (parts->embedded != NULL)
            qv_embedded_supervise(parts->embedded, qv_mono_now());
    }
}

static int serve(struct parts *parts)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    sigset_t signals;
    block_signals(&signals);
    descriptors_raise();
    enum qv_status status = make_parts(parts, &error);
    if (status == QV_OK)
        status = descriptors_share(parts->config, &error);
    if (status == QV_OK)
        status = start_parts(parts, &error);
    if (status != QV_OK) {
        fprintf(stderr, "quiver: %s\n", qv_error_message(&error));
        return 1;
    }
    int signal_number = run(parts, &signals);
    qv_log(QV_LOG_INFO, "ending", QV_LOG_CSTR("signal", sigabbrev_np(signal_number)));
    return 0;
}

int qv_cli_serve(int argc, char **argv)
{
    static const struct options_wanted wanted = {.help = help, .config = true};
    struct options options;
    switch (options_read(argc, argv, &wanted, &options)) {
    case OPTIONS_HELPED: return 0;
    case OPTIONS_WRONG: return 2;
    case OPTIONS_GO: break;
    }
    large_pages_want(argv - 1); /* the program's own arguments begin one before */
    QV_CLEANUP(parts) struct parts parts = {0};
    if (options_load(options.config, &parts.config) != QV_OK)
        return 1;
    qv_log_configure(parts.config->log.level, parts.config->log.format);
    if (load_trust(&parts) != QV_OK)
        return 1;
    return serve(&parts);
}
