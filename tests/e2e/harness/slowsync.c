/*
 * Makes every fdatasync and fsync of a program last longer: a slow disk, by LD_PRELOAD.
 * SLOWSYNC_MS is the time in milliseconds (default 50). Any thread; keeps no state.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static void wait_first(void)
{
    const char *text = getenv("SLOWSYNC_MS");
    long ms = text != NULL ? strtol(text, NULL, 10) : 50;
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000};
    nanosleep(&time, NULL);
}

int fdatasync(int descriptor)
{
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    wait_first();
    return next(descriptor);
}

int fsync(int descriptor)
{
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    wait_first();
    return next(descriptor);
}
