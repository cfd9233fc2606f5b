/*
 * `quiver serve`: starts the parts, waits for signals, and ends the parts again.
 *
 * All signals are blocked before the first thread is made and taken here, one at a time; SIGHUP is
 * passed on to the reloader, behind the audit trail. The embedded Redis is started and looked after
 * by this thread because its parent-death signal hangs on the thread that made it. Main thread.
 */
#include "descriptors.h"
#include "large_pages.h"
#include "options.h"
#include "parts.h"

#include <quiver/cli/commands.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char help[] =
    "usage: quiver serve --config FILE\n\n"
    "Runs the registry in the foreground. SIGTERM or SIGINT end it in order; a second one is not\n"
    "needed. SIGHUP reloads certificates, CRLs, policy and settings, as `quiver reload` does, and\n"
    "opens the audit trail anew, for logrotate; files that change are taken over without either.\n"
    "The log goes to standard error: JSON lines, or readable ones on a terminal.\n\n"
    "options:\n"
    "  -c, --config FILE   the configuration, for example config/quiver.yaml\n"
    "  -h, --help          this text\n\n"
    "exit status: 0 ended in order, 1 could not start (the reason is on standard error),\n"
    "2 wrong usage\n";

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
    signal(SIGXFSZ, SIG_IGN); /* the audit trail at the limit of a file's size: an error, no end */
}

/* ---- run ------------------------------------------------------------------------------------- */

static int64_t sooner(int64_t us, struct qv_mono when)
{
    int64_t left = when.us - qv_mono_now().us;
    return left < 0 ? 0 : left < us ? left : us;
}

/* How long to wait for a signal: until the embedded Redis is to be looked at again, or the service
   manager expects to be told something. */
static struct timespec pause_of(struct parts *parts)
{
    const int64_t second = 1000 * 1000;
    int64_t us = second;
    struct qv_mono when;
    if (parts->embedded != NULL && qv_embedded_next(parts->embedded, &when))
        us = sooner(us, when);
    if (service_manager_next(&parts->manager, &when))
        us = sooner(us, when);
    return (struct timespec){.tv_sec = us / second, .tv_nsec = us % second * 1000};
}

/* The trail first: whoever sees "reloaded" knows that the old file is let go. */
static void hang_up(struct parts *parts)
{
    qv_audit_reopen(parts->audit);
    reloader_wake(parts->reloader);
}

/* As process 1 of a container Quiver inherits whatever lost its parent there: it takes notice of
   their end, else they would stay as zombies. Redis' end is the supervision's to notice. */
static void reap_orphans(const struct parts *parts)
{
    pid_t redis = parts->embedded != NULL ? qv_embedded_pid(parts->embedded) : 0;
    siginfo_t ended = {0};
    while (waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid != 0 &&
           ended.si_pid != redis) {
        waitpid(ended.si_pid, NULL, WNOHANG);
        ended = (siginfo_t){0};
    }
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
            hang_up(parts);
        if (parts->embedded != NULL)
            qv_embedded_supervise(parts->embedded, qv_mono_now());
        reap_orphans(parts);
        service_manager_tick(&parts->manager, qv_mono_now());
    }
}

static void refuse(struct parts *parts, const char *reason)
{
    fprintf(stderr, "%squiver: %s\n", qv_log_priority(QV_LOG_ERROR, STDERR_FILENO), reason);
    service_manager_refused(&parts->manager, reason);
}

static int serve(struct parts *parts)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    sigset_t signals;
    block_signals(&signals);
    descriptors_raise();
    enum qv_status status = parts_make(parts, &error);
    if (status == QV_OK)
        status = parts_start(parts, &error);
    if (status != QV_OK) {
        refuse(parts, qv_error_message(&error));
        return 1;
    }
    int signal_number = run(parts, &signals);
    service_manager_stopping(&parts->manager);
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
    QV_CLEANUP(parts) struct parts parts;
    parts_init(&parts);
    if (parts_load(&parts, options.config) != QV_OK) {
        service_manager_refused(&parts.manager, "the configuration has faults; the log has them");
        return 1;
    }
    return serve(&parts);
}
