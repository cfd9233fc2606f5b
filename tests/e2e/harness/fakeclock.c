/*
 * Moves a program's wall clock, by LD_PRELOAD, while it runs. The file FAKECLOCK_FILE holds one
 * int64_t: nanoseconds that are added to the real time; whoever writes it moves the clock at once.
 * Monotonic clocks run on undisturbed. With FAKECLOCK_PROGRAM only the program of that name is
 * deceived, not those that it starts. Any thread.
 *
 * Debian's libfaketime cannot be loaded into its redis-server: jemalloc asks for the time before
 * that library is ready. This one asks the kernel and needs nothing to be ready.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND INT64_C(1000000000)

static _Atomic(const _Atomic int64_t *) offset;

__attribute__((constructor)) static void map_offset(void)
{
    const char *file = getenv("FAKECLOCK_FILE");
    const char *program = getenv("FAKECLOCK_PROGRAM");
    if (file == NULL || (program != NULL && strcmp(program, program_invocation_short_name) != 0))
        return;
    int descriptor = open(file, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return;
    void *page = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, descriptor, 0);
    close(descriptor);
    if (page != MAP_FAILED)
        atomic_store(&offset, (const _Atomic int64_t *)page);
}

static int read_clock(clockid_t clock, struct timespec *ret_time)
{
    if (syscall(SYS_clock_gettime, clock, ret_time) != 0)
        return -1;
    const _Atomic int64_t *moved = atomic_load(&offset);
    if (moved == NULL || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE))
        return 0;
    int64_t now = (int64_t)ret_time->tv_sec * SECOND + ret_time->tv_nsec + atomic_load(moved);
    ret_time->tv_sec = (time_t)(now / SECOND);
    ret_time->tv_nsec = (long)(now % SECOND);
    return 0;
}

int clock_gettime(clockid_t clock, struct timespec *ret_time)
{
    return read_clock(clock, ret_time);
}

int gettimeofday(struct timeval *restrict ret_time, void *restrict zone)
{
    struct timespec now = {0};
    (void)zone;
    if (read_clock(CLOCK_REALTIME, &now) != 0)
        return -1;
    ret_time->tv_sec = now.tv_sec;
    ret_time->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *ret_time)
{
    struct timespec now = {0};
    if (read_clock(CLOCK_REALTIME, &now) != 0)
        return -1;
    if (ret_time != NULL)
        *ret_time = now.tv_sec;
    return now.tv_sec;
}
