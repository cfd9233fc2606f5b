/*
 * The embedded Redis: its data directory, its lock, its life (design 5).
 *
 * What always holds: while a struct qv_embedded exists this process holds the lock; at most one
 * child runs; a child that ends is started again, at once if it ran for a while, else after a pause
 * that doubles up to 5 s. The main thread alone: the child is bound to the thread that starts it.
 */
#include "data_directory.h"
#include "lock.h"
#include "redis_child.h"

#include <errno.h>
#include <poll.h>
#include <quiver/base/file.h>
#include <quiver/base/memory.h>
#include <quiver/store/store.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    FIRST_PAUSE_MS = 100,
    LONGEST_PAUSE_MS = 5000,
    RAN_WELL_MS = 10000, /* who ran so long is started again at once */
    END_MS = 10000,      /* that Redis has to end in order */
};

struct qv_embedded {
    const char *path; /* of the data directory; the configuration's */
    int directory, lock;
    char *program;
    const char *secret; /* environment variable that it does not get; the configuration's */
    pid_t pid;          /* 0: none runs */
    int log;            /* its output; -1: none */
    char line[256];
    size_t line_length;
    char last_line[256];
    struct qv_mono started, start_again; /* the latter where none runs */
    int64_t pause_ms;
};

/* ---- the data directory ---------------------------------------------------------------------- */

char *qv_embedded_socket_path(const struct qv_config *config)
{
    return qv_path_join(config->store.data_directory, "redis.sock");
}

static enum qv_status check_socket_path(const struct qv_config *config, struct qv_error *error)
{
    char *path = qv_embedded_socket_path(config);
    if (path == NULL)
        return QV_NO_MEMORY;
    size_t length = strlen(path);
    qv_free(path);
    if (length < sizeof(((struct sockaddr_un *)NULL)->sun_path))
        return QV_OK;
    return qv_error_set(
        error, QV_INVALID,
        "%s/redis.sock has %zu bytes, the path of a Unix socket has at most 107: set "
        "store.data_directory to a shorter path",
        config->store.data_directory, length);
}

/* ---- its log --------------------------------------------------------------------------------- */

static void end_line(struct qv_embedded *embedded)
{
    if (embedded->line_length == 0)
        return;
    struct qv_str line = {.at = embedded->line, .length = embedded->line_length};
    qv_log(QV_LOG_DEBUG, "redis says", QV_LOG_STR("line", line));
    memcpy(embedded->last_line, line.at, line.length);
    embedded->last_line[line.length] = '\0';
    embedded->line_length = 0;
}

static void read_log(struct qv_embedded *embedded)
{
    char bytes[4096];
    ssize_t length;
    while (embedded->log >= 0 && (length = read(embedded->log, bytes, sizeof(bytes))) > 0)
        for (ssize_t i = 0; i < length; i++) {
            if (bytes[i] == '\n')
                end_line(embedded);
            else if (embedded->line_length < sizeof(embedded->line) - 1)
                embedded->line[embedded->line_length++] = bytes[i];
        }
}

static void close_log(struct qv_embedded *embedded)
{
    read_log(embedded);
    end_line(embedded);
    if (embedded->log >= 0)
        close(embedded->log);
    embedded->log = -1;
}

/* ---- its life -------------------------------------------------------------------------------- */

static enum qv_status start(struct qv_embedded *embedded, struct qv_mono now,
                            struct qv_error *error)
{
    embedded->last_line[0] = '\0';
    QV_TRY(qv_data_directory_check(embedded->directory, embedded->path, error));
    QV_TRY(qv_redis_child_start(embedded->program, embedded->directory, embedded->lock,
                                embedded->secret, &embedded->pid, &embedded->log, error));
    embedded->started = now;
    qv_lock_note(embedded->lock, getpid(), embedded->pid);
    qv_log(QV_LOG_INFO, "redis started", QV_LOG_INT("pid", embedded->pid),
           QV_LOG_CSTR("program", embedded->program));
    return QV_OK;
}

static void pause_before_start(struct qv_embedded *embedded, struct qv_mono now, bool ran_well)
{
    if (ran_well)
        embedded->pause_ms = 0;
    embedded->start_again = qv_mono_add_ms(now, embedded->pause_ms);
    int64_t longer = embedded->pause_ms > 0 ? embedded->pause_ms * 2 : FIRST_PAUSE_MS;
    embedded->pause_ms = longer < LONGEST_PAUSE_MS ? longer : LONGEST_PAUSE_MS;
}

/* Notes that the child has ended. */
static void ended(struct qv_embedded *embedded, int how, struct qv_mono now)
{
    close_log(embedded);
    bool by_signal = WIFSIGNALED(how);
    qv_log(QV_LOG_WARNING, "redis ended", QV_LOG_INT("pid", embedded->pid),
           QV_LOG_INT(by_signal ? "signal" : "exit", by_signal ? WTERMSIG(how) : WEXITSTATUS(how)),
           QV_LOG_CSTR("last_line", embedded->last_line));
    embedded->pid = 0;
    struct qv_mono well = qv_mono_add_ms(embedded->started, RAN_WELL_MS);
    pause_before_start(embedded, now, now.us >= well.us);
}

void qv_embedded_supervise(struct qv_embedded *embedded, struct qv_mono now)
{
    int how;
    read_log(embedded);
    if (embedded->pid != 0 && waitpid(embedded->pid, &how, WNOHANG) == embedded->pid)
        ended(embedded, how, now);
    if (embedded->pid != 0 || now.us < embedded->start_again.us)
        return;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    if (start(embedded, now, &error) == QV_OK)
        return;
    qv_log(QV_LOG_ERROR, "redis not started", QV_LOG_CSTR("reason", qv_error_message(&error)));
    pause_before_start(embedded, now, false);
}

bool qv_embedded_next(const struct qv_embedded *embedded, struct qv_mono *ret_when)
{
    if (embedded->pid != 0)
        return false;
    *ret_when = embedded->start_again;
    return true;
}

pid_t qv_embedded_pid(const struct qv_embedded *embedded)
{
    return embedded->pid;
}

static enum qv_status open_all(const struct qv_config *config, struct qv_embedded *embedded,
                               struct qv_error *error)
{
    QV_TRY(check_socket_path(config, error));
    QV_TRY(qv_redis_child_find(&embedded->program, error));
    QV_TRY(qv_data_directory_claim(embedded->path, &embedded->directory, &embedded->lock, error));
    return start(embedded, qv_mono_now(), error);
}

enum qv_status qv_embedded_start(const struct qv_config *config, struct qv_embedded **ret_embedded,
                                 struct qv_error *error)
{
    QV_CLEANUP(qv_embedded) struct qv_embedded *embedded = qv_alloc(sizeof(*embedded));
    if (embedded == NULL)
        return QV_NO_MEMORY;
    *embedded = (struct qv_embedded){.path = config->store.data_directory,
                                     .secret = config->chap.keys.env,
                                     .directory = -1,
                                     .lock = -1,
                                     .log = -1,
                                     .pause_ms = FIRST_PAUSE_MS};
    QV_TRY(open_all(config, embedded, error));
    *ret_embedded = embedded;
    embedded = NULL;
    return QV_OK;
}

/* ---- its end --------------------------------------------------------------------------------- */

/* False: it still runs after `milliseconds`. */
static bool await_end(pid_t pid, int milliseconds)
{
    int handle = pidfd_open(pid, 0);
    if (handle < 0)
        return false; /* no memory or no descriptors: then without patience */
    struct pollfd end = {.fd = handle, .events = POLLIN};
    struct qv_mono limit = qv_mono_add_ms(qv_mono_now(), milliseconds);
    int64_t left = milliseconds;
    while (left > 0 && poll(&end, 1, (int)left) < 0 && errno == EINTR)
        left = (limit.us - qv_mono_now().us) / 1000;
    close(handle);
    return (end.revents & POLLIN) != 0;
}

static void end_child(struct qv_embedded *embedded)
{
    if (embedded->pid == 0)
        return;
    kill(embedded->pid, SIGTERM);
    kill(embedded->pid, SIGCONT); /* one that was stopped must hear it, too */
    if (!await_end(embedded->pid, END_MS)) {
        qv_log(QV_LOG_WARNING, "redis does not end", QV_LOG_INT("pid", embedded->pid));
        kill(embedded->pid, SIGKILL);
    }
    while (waitpid(embedded->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    embedded->pid = 0;
}

void qv_embedded_free(struct qv_embedded **embedded)
{
    if (*embedded == NULL)
        return;
    end_child(*embedded);
    close_log(*embedded);
    if ((*embedded)->lock >= 0)
        close((*embedded)->lock);
    if ((*embedded)->directory >= 0)
        close((*embedded)->directory);
    qv_free((*embedded)->program);
    qv_free(*embedded);
    *embedded = NULL;
}
