/*
 * The lock file. flock belongs to the open file, which a child shares by inheriting the descriptor:
 * so the lock outlives Quiver for as long as its Redis runs. What stands in the file serves
 * messages alone. The main thread alone.
 */
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <quiver/base/clock.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum { ASK_EVERY_MS = 20 };

static bool is_alive(long pid)
{
    return pid > 0 && (kill((pid_t)pid, 0) == 0 || errno == EPERM);
}

static enum qv_status held(int lock, const char *path, struct qv_error *error)
{
    char text[64];
    long quiver = 0, redis = 0;
    ssize_t length = pread(lock, text, sizeof(text) - 1, 0);
    text[length > 0 ? length : 0] = '\0';
    if (sscanf(text, "quiver %ld redis %ld", &quiver, &redis) < 1)
        quiver = 0;
    if (is_alive(quiver))
        return qv_error_set(error, QV_UNAVAILABLE,
                            "%s is in use by another Quiver (process %ld): stop that one, or set "
                            "store.data_directory to another folder",
                            path, quiver);
    if (is_alive(redis))
        return qv_error_set(error, QV_UNAVAILABLE,
                            "%s is in use by the Redis of a Quiver that has ended (process %ld): "
                            "end it with `kill %ld`",
                            path, redis, redis);
    return qv_error_set(
        error, QV_UNAVAILABLE,
        "%s is in use by another process that holds its file `lock`: `fuser %s/lock` "
        "names it",
        path, path);
}

/* flock cannot be waited for with a limit, so it is asked for again and again. */
static bool take(int lock, int64_t wait_ms)
{
    struct qv_mono limit = qv_mono_add_ms(qv_mono_now(), wait_ms);
    const struct timespec pause = {.tv_nsec = ASK_EVERY_MS * 1000000L};
    while (flock(lock, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EINTR && (errno != EWOULDBLOCK || qv_mono_now().us >= limit.us))
            return false;
        nanosleep(&pause, NULL);
    }
    return true;
}

enum qv_status qv_lock_take(int directory, const char *path, int64_t wait_ms, int *ret_lock,
                            struct qv_error *error)
{
    int lock = openat(directory, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock < 0)
        return qv_error_set(error, QV_INVALID, "%s/lock cannot be opened: %s", path,
                            strerror(errno));
    if (!take(lock, wait_ms)) {
        enum qv_status status = held(lock, path, error);
        close(lock);
        return status;
    }
    *ret_lock = lock;
    return QV_OK;
}

void qv_lock_note(int lock, pid_t quiver, pid_t redis)
{
    char text[64];
    int length = snprintf(text, sizeof(text), "quiver %ld redis %ld\n", (long)quiver, (long)redis);
    /* Only words for a message: a full disk must not keep anything from working. */
    if (ftruncate(lock, 0) != 0 || pwrite(lock, text, (size_t)length, 0) < 0)
        return;
}
