/*
 * The reloader's thread.
 *
 * It waits for four things at once: the control socket and its clients, the watched files' folders,
 * the main thread, and time. Holds always: it looks at the files at least each second, whatever
 * inotify says; no client keeps it from that; reloads come one after the other. Signals are the
 * main thread's.
 */
#include "reloader.h"

#include "control.h"
#include "control_socket.h"
#include "health_answer.h"

#include <errno.h>
#include <pthread.h>
#include <quiver/base/memory.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    LOOK_EVERY_MS = 1000,
    WARN_EVERY_MS = 3600 * 1000,
    POLLED = CONTROL_POLLED + 2, /* and the main thread's event, and the watch */
};

struct reloader {
    struct reload *reload;
    struct control *control;
    int event; /* the main thread's: look at the two below */
    _Atomic bool wanted, ending;
    bool started;
    pthread_t thread;
    struct reload_when when;
    struct qv_mono look_at, warn_at; /* next */
};

/* ---- reloading ------------------------------------------------------------------------------- */

static void reload_now(struct reloader *reloader, enum reload_trigger trigger)
{
    struct reload *reload = reloader->reload;
    /* What changed until now is read below; what changes from now on is seen at the next look. With
       a change it is no mere repetition. */
    if (qv_watch_changed(reload->watch) && trigger == RELOAD_BY_RETRY)
        trigger = RELOAD_BY_FILES;
    reload_when_begins(&reloader->when);
    service_manager_reloading(reload->manager, qv_mono_now());
    reload_run(reload, trigger, qv_wall_now());
    service_manager_reloaded(reload->manager); /* before whoever asked for it is told */
    struct qv_mono now = qv_mono_now();
    reload_when_ends(&reloader->when, trigger, reload_outcome_has_faults(&reload->last), now);
    reloader->warn_at = qv_mono_add_ms(now, WARN_EVERY_MS);
}

static void run_reload(void *data, struct qv_buf *answer)
{
    struct reloader *reloader = data;
    reload_now(reloader, RELOAD_BY_COMMAND);
    reload_outcome_write(&reloader->reload->last, answer);
}

static void run_health(void *data, struct qv_buf *answer)
{
    const struct reloader *reloader = data;
    health_answer_write(reloader->reload, answer);
}

static const struct control_verb verbs[] = {{"reload", run_reload}, {"health", run_health}, {0}};

/* ---- the loop -------------------------------------------------------------------------------- */

static void wait_for_something(struct reloader *reloader, struct pollfd *polled)
{
    struct qv_mono now = qv_mono_now();
    control_prepare(reloader->control, now, polled);
    polled[CONTROL_POLLED] = (struct pollfd){.fd = reloader->event, .events = POLLIN};
    polled[CONTROL_POLLED + 1] =
        (struct pollfd){.fd = qv_watch_descriptor(reloader->reload->watch), .events = POLLIN};
    if (poll(polled, POLLED, reload_when_wait(&reloader->when, now, LOOK_EVERY_MS)) < 0)
        for (size_t i = 0; i < POLLED; i++)
            polled[i].revents = 0; /* nothing is known of them */
}

static void take_orders(struct reloader *reloader)
{
    uint64_t count;
    while (read(reloader->event, &count, sizeof(count)) < 0 && errno == EINTR)
        ;
    if (atomic_exchange(&reloader->wanted, false))
        reload_now(reloader, RELOAD_BY_SIGNAL);
}

static void look_at_files(struct reloader *reloader)
{
    enum reload_trigger trigger;
    struct qv_mono now = qv_mono_now();
    if (qv_watch_changed(reloader->reload->watch))
        reload_when_changed(&reloader->when, now);
    if (reload_when_due(&reloader->when, now, &trigger))
        reload_now(reloader, trigger);
}

/* What time alone brings, or heals. */
static void look_at_dates(struct reloader *reloader)
{
    struct qv_mono now = qv_mono_now();
    if (now.us >= reloader->look_at.us) {
        reload_note_again(reloader->reload, qv_wall_now());
        reload_show_health(reloader->reload, qv_wall_now());
        reloader->look_at = qv_mono_add_ms(now, LOOK_EVERY_MS);
    }
    if (now.us >= reloader->warn_at.us) {
        reload_warn(reloader->reload, qv_wall_now());
        reloader->warn_at = qv_mono_add_ms(now, WARN_EVERY_MS);
    }
}

static void *thread_main(void *argument)
{
    struct reloader *reloader = argument;
    struct pollfd polled[POLLED];
    pthread_setname_np(pthread_self(), "reloader");
    while (!atomic_load(&reloader->ending)) {
        wait_for_something(reloader, polled);
        if (atomic_load(&reloader->ending))
            break;
        if (polled[CONTROL_POLLED].revents != 0)
            take_orders(reloader);
        control_serve(reloader->control, polled, qv_mono_now());
        look_at_files(reloader);
        look_at_dates(reloader);
    }
    return NULL;
}

/* ---- life ------------------------------------------------------------------------------------ */

static const char *directory_of(const struct reloader *reloader)
{
    return reloader->reload->running->store.data_directory;
}

static enum qv_status open_all(struct reloader *reloader, struct qv_error *error)
{
    int socket = -1;
    reloader->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (reloader->event < 0)
        return qv_error_set(error, QV_UNAVAILABLE, "no descriptor for the reloader: %s",
                            strerrordesc_np(errno));
    QV_TRY(control_socket_listen(directory_of(reloader), &socket, error));
    enum qv_status status = control_new(socket, verbs, reloader, &reloader->control);
    if (status != QV_OK)
        close(socket);
    return status;
}

/* Signals are the main thread's. */
static enum qv_status start_thread(struct reloader *reloader, struct qv_error *error)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&reloader->thread, NULL, thread_main, reloader);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed != 0)
        return qv_error_set(error, QV_UNAVAILABLE, "the reloader's thread cannot be started: %s",
                            strerrordesc_np(failed));
    reloader->started = true;
    return QV_OK;
}

enum qv_status reloader_start(struct reload *reload, struct reloader **ret_reloader,
                              struct qv_error *error)
{
    QV_CLEANUP(reloader) struct reloader *reloader = qv_alloc(sizeof(*reloader));
    if (reloader == NULL)
        return QV_NO_MEMORY;
    reloader->reload = reload;
    reloader->event = -1;
    reloader->warn_at = qv_mono_add_ms(qv_mono_now(), WARN_EVERY_MS);
    QV_TRY(open_all(reloader, error));
    QV_TRY(start_thread(reloader, error));
    *ret_reloader = reloader;
    reloader = NULL;
    return QV_OK;
}

static void ring(struct reloader *reloader)
{
    const uint64_t one = 1;
    while (write(reloader->event, &one, sizeof(one)) < 0 && errno == EINTR)
        ; /* full is fine: then it rings already */
}

void reloader_wake(struct reloader *reloader)
{
    atomic_store(&reloader->wanted, true);
    ring(reloader);
}

void reloader_end(struct reloader *reloader)
{
    if (reloader == NULL)
        return;
    atomic_store(&reloader->ending, true);
    ring(reloader);
}

void reloader_free(struct reloader **reloader_at)
{
    struct reloader *reloader = *reloader_at;
    if (reloader == NULL)
        return;
    *reloader_at = NULL;
    if (reloader->started) {
        reloader_end(reloader);
        pthread_join(reloader->thread, NULL);
    }
    if (reloader->control != NULL) {
        control_free(&reloader->control);
        control_socket_remove(directory_of(reloader));
    }
    if (reloader->event >= 0)
        close(reloader->event);
    qv_free(reloader);
}
