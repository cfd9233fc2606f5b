/*
 * The share of clients in the open files that the system allows.
 *
 * What always holds: however many connections clients hold, descriptors are left for what the
 * server itself opens again while it runs: the embedded Redis' pipes, the store's connections,
 * questions to other systems, files. So limits.connections is never above what is left beside the
 * reserve and what is open already. Main thread, before any other runs.
 */
#include "descriptors.h"

#include <dirent.h>
#include <errno.h>
#include <quiver/base/log.h>
#include <string.h>
#include <sys/resource.h>

enum {
    RESERVE = 64 + 64, /* the latter for questions to other systems: QV_FETCHES_MAX */
    OPEN_WITHOUT_PROC = 256,
};

void descriptors_raise(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        qv_log(QV_LOG_WARNING, "limit on open files not raised",
               QV_LOG_CSTR("reason", strerror(errno)));
}

/* Listeners and workers have theirs by now. */
static rlim_t count_open(void)
{
    DIR *entries = opendir("/proc/self/fd");
    if (entries == NULL)
        return OPEN_WITHOUT_PROC;
    rlim_t count = 0;
    while (readdir(entries) != NULL)
        count++;
    closedir(entries);
    return count;
}

enum qv_status descriptors_share(struct qv_config *config, struct qv_error *error)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return QV_OK;
    rlim_t own = count_open() + RESERVE;
    if (limit.rlim_cur <= own)
        return qv_error_set(error, QV_INVALID,
                            "the limit on open files is %llu, and the server itself needs %llu: "
                            "raise it (`ulimit -n`, LimitNOFILE= of systemd)",
                            (unsigned long long)limit.rlim_cur, (unsigned long long)own);
    rlim_t left = limit.rlim_cur - own;
    if (config->limits.connections <= left)
        return QV_OK;
    qv_log(QV_LOG_WARNING, "limits.connections lowered",
           QV_LOG_INT("configured", config->limits.connections), QV_LOG_INT("connections", left),
           QV_LOG_INT("open_files", limit.rlim_cur),
           QV_LOG_CSTR("remedy", "raise the limit on open files (ulimit -n, LimitNOFILE= of "
                                 "systemd), or set limits.connections lower"));
    config->limits.connections = (size_t)left;
    return QV_OK;
}
