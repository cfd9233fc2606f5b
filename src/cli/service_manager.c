/*
 * The protocol of sd_notify(3).
 *
 * Holds always: READY is told only when the server listens and what is stored is loaded, and after
 * RELOADING again; nothing but the end is told behind STOPPING. A sign of life is sent only if each
 * worker and the store's thread have come round since the one before: they are asked, and answer on
 * their own loops. While it starts that moves the end of its time (EXTEND_TIMEOUT_USEC): a start
 * may have to wait for a Redis, but not for a loop that is stuck. No message has a line of which
 * anyone else decides where it ends. The lock is held while sending, so that messages arrive in the
 * order in which they came true.
 */
#include "service_manager.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

enum {
    LOOKS_PER_WATCHDOG = 4,
    LOOK_WHILE_STARTING_US = 5 * 1000 * 1000,
    EXTEND_US = 30 * 1000 * 1000,
};

/* ---- telling --------------------------------------------------------------------------------- */

static QV_PRINTF(2, 3) void tell(struct service_manager *manager, const char *format, ...)
{
    char text[sizeof(manager->status) + 128];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    int sent = sd_notify(0, text);
    if (sent >= 0 || manager->failed)
        return;
    manager->failed = true;
    qv_log(QV_LOG_WARNING, "service manager not told",
           QV_LOG_CSTR("reason", strerrordesc_np(-sent)));
}

/* False: there is nobody to tell, or nothing more to be said. */
static bool enter(struct service_manager *manager)
{
    if (manager == NULL || !manager->used)
        return false;
    pthread_mutex_lock(&manager->lock);
    if (!manager->stopping)
        return true;
    pthread_mutex_unlock(&manager->lock);
    return false;
}

static void leave(struct service_manager *manager)
{
    pthread_mutex_unlock(&manager->lock);
}

static bool is_ready(const struct service_manager *manager)
{
    return manager->started && manager->loaded;
}

/* ---- how things are -------------------------------------------------------------------------- */

static void put_line(struct qv_buf *line, struct qv_str text)
{
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.at[i];
        qv_buf_put_char(line, c < ' ' || c == 0x7F ? ' ' : text.at[i]);
    }
}

static void write_status(const struct service_manager *manager, struct qv_buf *line)
{
    static const char *const words[] = {
        [QV_READY] = "ready", [QV_DEGRADED] = "degraded", [QV_NOT_READY] = "loading"};
    QV_CLEANUP(qv_strings) struct qv_strings reasons = {0};
    enum qv_readiness readiness =
        qv_readiness_of(manager->store, manager->health, manager->registry, &reasons);
    qv_buf_put_text(line, words[readiness]);
    if (reasons.count > 0) {
        qv_buf_put_text(line, ": ");
        put_line(line, qv_str_from(reasons.at[0]));
    }
    if (reasons.count > 1)
        qv_buf_printf(line, " (and %zu more, see `quiver health`)", reasons.count - 1);
}

/* Without memory the old one stays. */
static void tell_status(struct service_manager *manager)
{
    QV_CLEANUP(qv_buf) struct qv_buf line = {0};
    char status[sizeof(manager->status)];
    write_status(manager, &line);
    if (qv_buf_status(&line) != QV_OK)
        return;
    snprintf(status, sizeof(status), "%.*s", QV_STR_ARG(qv_buf_str(&line)));
    if (strcmp(status, manager->status) == 0)
        return;
    memcpy(manager->status, status, sizeof(status));
    tell(manager, "STATUS=%s", status);
}

/* ---- life ------------------------------------------------------------------------------------ */

void service_manager_init(struct service_manager *manager)
{
    uint64_t watchdog_us = 0;
    *manager = (struct service_manager){.used = getenv("NOTIFY_SOCKET") != NULL};
    pthread_mutex_init(&manager->lock, NULL); /* fails only for arguments that these are not */
    if (manager->used && sd_watchdog_enabled(0, &watchdog_us) > 0 && watchdog_us < INT64_MAX)
        manager->watchdog_us = (int64_t)watchdog_us;
}

void service_manager_free(struct service_manager *manager)
{
    pthread_mutex_destroy(&manager->lock);
}

static void tell_ready(struct service_manager *manager)
{
    tell_status(manager);
    tell(manager, "READY=1");
}

void service_manager_loaded(struct service_manager *manager)
{
    if (!enter(manager))
        return;
    manager->loaded = true;
    if (is_ready(manager))
        tell_ready(manager);
    leave(manager);
}

/* Both are asked, whatever the first says. */
static const char *who_is_stuck(const struct service_manager *manager)
{
    bool workers = qv_server_beat(manager->server);
    bool store = qv_store_beat(manager->store);
    return !workers ? "a worker" : !store ? "the store's thread" : NULL;
}

static int64_t pause_us(const struct service_manager *manager)
{
    return manager->watchdog_us > 0 ? manager->watchdog_us / LOOKS_PER_WATCHDOG
                                    : LOOK_WHILE_STARTING_US;
}

void service_manager_started(struct service_manager *manager, struct qv_mono now)
{
    if (!enter(manager))
        return;
    manager->started = true;
    manager->stuck =
        who_is_stuck(manager); /* of what comes before the first look nothing is known */
    manager->due.us = now.us + pause_us(manager);
    if (is_ready(manager))
        tell_ready(manager);
    leave(manager);
}

void service_manager_reloading(struct service_manager *manager, struct qv_mono now)
{
    if (!enter(manager))
        return;
    manager->reloading = is_ready(manager);
    if (manager->reloading)
        tell(manager, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)now.us);
    leave(manager);
}

void service_manager_reloaded(struct service_manager *manager)
{
    if (!enter(manager))
        return;
    if (manager->reloading)
        tell_ready(manager);
    manager->reloading = false;
    leave(manager);
}

void service_manager_stopping(struct service_manager *manager)
{
    if (!enter(manager))
        return;
    tell(manager, "STOPPING=1\nSTATUS=ending");
    manager->stopping = true;
    leave(manager);
}

void service_manager_refused(struct service_manager *manager, const char *reason)
{
    QV_CLEANUP(qv_buf) struct qv_buf line = {0};
    put_line(&line, qv_str_from(reason));
    if (qv_buf_status(&line) != QV_OK || !enter(manager))
        return;
    tell(manager, "STATUS=could not start: %.*s", QV_STR_ARG(qv_buf_str(&line)));
    leave(manager);
}

/* ---- signs of life --------------------------------------------------------------------------- */

static void look(struct service_manager *manager)
{
    const char *stuck = who_is_stuck(manager);
    if (stuck != NULL && manager->stuck == NULL)
        qv_log(QV_LOG_ERROR, "loop stuck", QV_LOG_CSTR("loop", stuck));
    manager->stuck = stuck;
    if (stuck != NULL)
        return;
    if (!is_ready(manager))
        tell(manager, "EXTEND_TIMEOUT_USEC=%d", EXTEND_US);
    if (manager->watchdog_us > 0)
        tell(manager, "WATCHDOG=1");
}

/* Where nobody counts them, signs of life are only wanted while it starts. */
static bool looks(const struct service_manager *manager)
{
    return manager->watchdog_us > 0 || !is_ready(manager);
}

bool service_manager_next(struct service_manager *manager, struct qv_mono *ret_when)
{
    if (!enter(manager))
        return false;
    bool wanted = looks(manager);
    if (wanted)
        *ret_when = manager->due;
    leave(manager);
    return wanted;
}

void service_manager_tick(struct service_manager *manager, struct qv_mono now)
{
    if (!enter(manager))
        return;
    tell_status(manager);
    if (looks(manager) && now.us >= manager->due.us) {
        look(manager);
        manager->due.us = now.us + pause_us(manager);
    }
    leave(manager);
}
