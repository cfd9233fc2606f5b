/*
 * The share of clients in the open files that the system allows.
 *
 * What always holds: however many connections clients hold, descriptors are left for what the
 * server itself opens again while it runs: the embedded Redis' pipes, the store's connections,
 * questions to other systems, files. So limits.connections is never above what is left beside the
 * reserve and what was open before the first of them came. Main thread, before any other runs, but
 * for descriptors_lower.
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

enum qv_status descriptors_for_clients(size_t *ret_count, struct qv_error *error)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
        *ret_count = SIZE_MAX;
        return QV_OK;
    }
    rlim_t own = count_open() + RESERVE;
    if (limit.rlim_cur <= own)
        return qv_error_set(error, QV_INVALID,
                            "the limit on open files is %llu, and the server itself needs %llu: "
                            "raise it (`ulimit -n`, LimitNOFILE= of systemd)",
                            (unsigned long long)limit.rlim_cur, (unsigned long long)own);
    *ret_count = (size_t)(limit.rlim_cur - own);
    return QV_OK;
}

bool descriptors_lower(struct qv_config_limits *limits, size_t clients, bool tell)
{
    if (limits->connections <= clients)
        return false;
    struct rlimit limit;
    if (tell && getrlimit(RLIMIT_NOFILE, &limit) == 0)
        qv_log(QV_LOG_WARNING, "limits.connections lowered",
               QV_LOG_INT("configured", limits->connections), QV_LOG_INT("connections", clients),
               QV_LOG_INT("open_files", limit.rlim_cur),
               QV_LOG_CSTR("remedy", "raise the limit on open files (ulimit -n, LimitNOFILE= of "
                                     "systemd), or set limits.connections lower"));
    limits->connections = clients;
    return true;
}
