/*
 * The embedded Redis as a child process.
 *
 * What always holds of the child: it has four descriptors (its configuration, its output twice, the
 * lock) and no other of Quiver's; it is in a session of its own, so that a Ctrl-C is Quiver's alone
 * to handle; it gets SIGTERM when Quiver's main thread ends, however that comes. SIGTERM lets Redis
 * end its own children and remove its files; nothing acknowledged is lost by it or by worse, as
 * Redis answers a change only when that is on the disk (appendfsync always). Nothing secret is in
 * its arguments or configuration. The main thread alone.
 */
#include "redis_child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <quiver/base/file.h>
#include <quiver/base/memory.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Read by Redis from its standard input; paths are relative to the data directory, where it runs.
 */
static const char configuration[] = "port 0\n"
                                    "unixsocket redis.sock\n"
                                    "unixsocketperm 700\n"
                                    "dir .\n"
                                    "daemonize no\n"
                                    "logfile \"\"\n"
                                    "databases 1\n"
                                    "maxclients 128\n"
                                    "appendonly yes\n"
                                    "appendfsync always\n"
                                    "no-appendfsync-on-rewrite no\n"
                                    "save \"\"\n"
                                    "maxmemory-policy noeviction\n";

/* ---- which program --------------------------------------------------------------------------- */

/* An absolute path, because the child runs elsewhere. Links are not followed: a program may look
   at the name that it is called by. */
static char *make_absolute(const char *path)
{
    char here[PATH_MAX];
    if (access(path, X_OK) != 0 || getcwd(here, sizeof(here)) == NULL)
        return NULL;
    return qv_path_join(here, path);
}

/* `name` in one of PATH's folders, or as it is where it has a slash; NULL: not there. */
static char *find_program(const char *name)
{
    const char *path = getenv("PATH");
    struct qv_str rest = qv_str_from(path != NULL ? path : "/usr/local/bin:/usr/bin:/bin"), folder;
    if (strchr(name, '/') != NULL)
        return make_absolute(name);
    char *found = NULL;
    while (found == NULL && qv_str_split_next(&rest, ':', &folder)) {
        char *start = qv_str_dup(folder.length > 0 ? folder : QV_STR("."));
        char *candidate = start != NULL ? qv_path_join(start, name) : NULL;
        if (candidate != NULL)
            found = make_absolute(candidate);
        qv_free(candidate);
        qv_free(start);
    }
    return found;
}

enum qv_status qv_redis_child_find(char **ret_program, struct qv_error *error)
{
    const char *wanted = getenv("QUIVER_REDIS_SERVER");
    const char *const names[] = {"redis-server", "valkey-server"};
    char *program = NULL;
    if (wanted != NULL && wanted[0] != '\0') {
        program = find_program(wanted);
        if (program == NULL)
            return qv_error_set(error, QV_INVALID,
                                "QUIVER_REDIS_SERVER names %s, which is no program", wanted);
    }
    for (size_t i = 0; program == NULL && i < sizeof(names) / sizeof(names[0]); i++)
        program = find_program(names[i]);
    if (program == NULL)
        return qv_error_set(error, QV_INVALID,
                            "no redis-server was found: install it (apt-get install redis-server), "
                            "or set store.redis to a Redis that runs");
    *ret_program = program;
    return QV_OK;
}

/* ---- the child's side ------------------------------------------------------------------------ */

/* What the child needs; its descriptors are all above those that it will have, so that none is
   overwritten before it is used. */
struct ends {
    int directory, lock; /* copies */
    int config_read, config_write;
    int log_read, log_write;
    int fault_read, fault_write; /* closed by exec; else the child writes errno */
};

enum { LOCK_FD = 3, FAULT_FD = 4, FIRST_FREE_FD = 16 };

/* Between fork and exec: only what is async-signal-safe. */
static void become_redis(const char *program, char **environment, const struct ends *ends,
                         pid_t parent)
{
    char *arguments[] = {"redis-server", "-", NULL};
    sigset_t none;
    int fault_fd = ends->fault_write;
    sigemptyset(&none);
    setsid();
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent)
        _exit(0); /* Quiver ended before it could be watched */
    if (dup2(ends->config_read, STDIN_FILENO) >= 0 && dup2(ends->log_write, STDOUT_FILENO) >= 0 &&
        dup2(ends->log_write, STDERR_FILENO) >= 0 && dup2(ends->lock, LOCK_FD) >= 0 &&
        fchdir(ends->directory) == 0 && dup3(ends->fault_write, FAULT_FD, O_CLOEXEC) >= 0 &&
        close_range(FAULT_FD + 1, ~0U, 0) == 0) {
        fault_fd = FAULT_FD;
        signal(SIGPIPE, SIG_DFL);
        sigprocmask(SIG_SETMASK, &none, NULL);
        execve(program, arguments, environment);
    }
    int fault = errno;
    _exit(write(fault_fd, &fault, sizeof(fault)) < 0 ? 126 : 127);
}

/* ---- Quiver's side --------------------------------------------------------------------------- */

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void close_ends(struct ends *ends)
{
    close_end(&ends->directory);
    close_end(&ends->lock);
    close_end(&ends->config_read);
    close_end(&ends->config_write);
    close_end(&ends->log_read);
    close_end(&ends->log_write);
    close_end(&ends->fault_read);
    close_end(&ends->fault_write);
}

/* A pipe whose ends are out of the way of the descriptors that the child will have. */
static bool open_pipe(int *ret_read, int *ret_write)
{
    int low[2];
    if (pipe2(low, O_CLOEXEC) != 0)
        return false;
    *ret_read = fcntl(low[0], F_DUPFD_CLOEXEC, FIRST_FREE_FD);
    *ret_write = fcntl(low[1], F_DUPFD_CLOEXEC, FIRST_FREE_FD);
    close(low[0]);
    close(low[1]);
    return *ret_read >= 0 && *ret_write >= 0;
}

static bool open_ends(struct ends *ends, int directory, int lock)
{
    ends->directory = fcntl(directory, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
    ends->lock = fcntl(lock, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
    if (ends->directory < 0 || ends->lock < 0 ||
        !open_pipe(&ends->config_read, &ends->config_write) ||
        !open_pipe(&ends->log_read, &ends->log_write) ||
        !open_pipe(&ends->fault_read, &ends->fault_write))
        return false;
    /* Redis must never wait for us to read its log: what finds no room is dropped. */
    if (fcntl(ends->log_read, F_SETFL, O_NONBLOCK) != 0 ||
        fcntl(ends->log_write, F_SETFL, O_NONBLOCK) != 0)
        return false;
    ssize_t length = (ssize_t)sizeof(configuration) - 1; /* a pipe takes 4 KiB at once */
    return write(ends->config_write, configuration, (size_t)length) == length;
}

/* 0, or why the program could not be executed. */
static int await_exec(struct ends *ends)
{
    int fault = 0;
    ssize_t length;
    close_end(&ends->fault_write);
    do
        length = read(ends->fault_read, &fault, sizeof(fault));
    while (length < 0 && errno == EINTR);
    return length == (ssize_t)sizeof(fault) ? fault : 0;
}

static bool sets(const char *entry, const char *name)
{
    size_t length = name != NULL ? strlen(name) : 0;
    return length > 0 && strncmp(entry, name, length) == 0 && entry[length] == '=';
}

/* Ours without the variable: what is secret is no other program's business. Owned by the caller,
   the entries are ours. */
static char **environment_without(const char *name)
{
    size_t count = 0, kept = 0;
    while (environ[count] != NULL)
        count++;
    char **environment = qv_alloc_array(count + 1, sizeof(*environment));
    for (size_t i = 0; environment != NULL && i < count; i++)
        if (!sets(environ[i], name))
            environment[kept++] = environ[i];
    return environment;
}

enum qv_status qv_redis_child_start(const char *program, int directory, int lock,
                                    const char *secret, pid_t *ret_pid, int *ret_log,
                                    struct qv_error *error)
{
    char **environment = environment_without(secret);
    if (environment == NULL)
        return QV_NO_MEMORY;
    struct ends ends = {-1, -1, -1, -1, -1, -1, -1, -1};
    pid_t parent = getpid();
    pid_t pid = open_ends(&ends, directory, lock) ? fork() : -1;
    if (pid == 0)
        become_redis(program, environment, &ends, parent);
    int fault = pid < 0 ? errno : await_exec(&ends);
    if (fault == 0) {
        *ret_pid = pid;
        *ret_log = ends.log_read;
        ends.log_read = -1;
    }
    close_ends(&ends);
    qv_free(environment);
    if (fault == 0)
        return QV_OK;
    return qv_error_set(error, QV_UNAVAILABLE, "%s cannot be started: %s", program,
                        strerror(fault));
}
