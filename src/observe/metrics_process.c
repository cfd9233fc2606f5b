/*
 * What the kernel says of this process, under the names that Prometheus' own libraries use. What it
 * does not tell (a /proc that is hidden) is left out, for a zero would be a lie. Any thread.
 */
#include "metrics_private.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

void metrics_process_cpu(struct qv_buf *buf, const char *name)
{
    struct timespec used;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) == 0)
        qv_buf_printf(buf, "%s %lld.%03ld\n", name, (long long)used.tv_sec, used.tv_nsec / 1000000);
}

void metrics_process_memory(struct qv_buf *buf, const char *name)
{
    unsigned long long size, resident;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL)
        return;
    int found = fscanf(file, "%llu %llu", &size, &resident);
    fclose(file);
    long page = sysconf(_SC_PAGESIZE);
    if (found == 2 && page > 0)
        metrics_put(buf, name, resident * (unsigned long long)page);
}

void metrics_process_descriptors(struct qv_buf *buf, const char *name)
{
    unsigned long long count = 0;
    DIR *directory = opendir("/proc/self/fd");
    if (directory == NULL)
        return;
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;)
        if (entry->d_name[0] != '.')
            count++;
    closedir(directory);
    metrics_put(buf, name, count - 1); /* but for the one that looked */
}

void metrics_process_descriptors_max(struct qv_buf *buf, const char *name)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        metrics_put(buf, name, limit.rlim_cur);
}
