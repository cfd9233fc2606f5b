/*
 * Files and standard output as the audit trail's end, and room that is set aside.
 *
 * Holds always: a write never waits for whoever reads standard output; a file is only appended to,
 * nothing in it is altered or cut. Room is blocks behind the file's end that fallocate gave to this
 * file without making it longer: until the promised lines fill them nobody else gets them, so that
 * no full disk and no quota stops these lines. One thread at a time.
 */
#include "audit_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define AHEAD    ((off_t)64 * 1024) /* set aside at once, so that most lines need no call */
#define RETRY_MS 100 /* on some file systems asking a full disk takes as long as writing it */

/* ---- opening --------------------------------------------------------------------------------- */

static enum qv_status refuse(const char *path, int reason, struct qv_error *error)
{
    return qv_error_set(error, QV_INVALID, "%s: %s", path, strerrordesc_np(reason));
}

enum qv_status qv_audit_sink_open(const char *path, struct qv_audit_sink *ret_sink,
                                  struct qv_error *error)
{
    struct stat facts;
    /* Not waiting: a FIFO would block until somebody reads it. Reading: for the last line. */
    int descriptor =
        open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);
    if (descriptor < 0)
        return refuse(path, errno, error);
    enum qv_status status = QV_OK;
    if (fstat(descriptor, &facts) != 0)
        status = refuse(path, errno, error);
    else if (!S_ISREG(facts.st_mode))
        status = qv_error_set(error, QV_INVALID,
                              "%s: is no regular file; name one, or write stdout", path);
    if (status != QV_OK) {
        close(descriptor);
        return status;
    }
    *ret_sink = (struct qv_audit_sink){.kind = QV_AUDIT_TO_FILE, .descriptor = descriptor};
    return QV_OK;
}

enum qv_status qv_audit_sink_lock(const struct qv_audit_sink *sink, const char *path,
                                  struct qv_error *error)
{
    if (flock(sink->descriptor, LOCK_EX | LOCK_NB) == 0)
        return QV_OK;
    if (errno != EWOULDBLOCK)
        return refuse(path, errno, error);
    return qv_error_set(error, QV_INVALID,
                        "%s: is written by another Quiver; end that one, or name another file",
                        path);
}

/* An open file of our own on the same pipe or terminal: whoever shares the other must not see
   O_NONBLOCK. -1: it cannot be had. */
static int open_stdout_again(void)
{
    char path[32];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", STDOUT_FILENO);
    return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

enum qv_status qv_audit_sink_stdout(struct qv_audit_sink *ret_sink, struct qv_error *error)
{
    struct stat facts;
    struct qv_audit_sink sink = {.kind = QV_AUDIT_TO_SHARED, .descriptor = -1};
    if (fstat(STDOUT_FILENO, &facts) != 0)
        return refuse("stdout", errno, error);
    if (S_ISREG(facts.st_mode)) {
        sink.kind = QV_AUDIT_TO_FILE;
    } else if (S_ISSOCK(facts.st_mode)) {
        sink.kind = QV_AUDIT_TO_SOCKET;
    } else {
        sink.descriptor = open_stdout_again();
        if (sink.descriptor >= 0)
            sink.kind = QV_AUDIT_TO_READER;
    }
    if (sink.descriptor < 0)
        sink.descriptor = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (sink.descriptor < 0)
        return refuse("stdout", errno, error);
    *ret_sink = sink;
    return QV_OK;
}

bool qv_audit_sink_same_file(const struct qv_audit_sink *a, const struct qv_audit_sink *b)
{
    struct stat one, other;
    return fstat(a->descriptor, &one) == 0 && fstat(b->descriptor, &other) == 0 &&
           one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

void qv_audit_sink_close(struct qv_audit_sink *sink)
{
    struct stat facts;
    if (sink->descriptor < 0)
        return;
    /* Truncating to the size that it has (punching behind the end frees nothing on ext4). Nobody
       makes it longer meanwhile: who writes a trail has its lock. If it fails, the blocks stay with
       the file, which is no more than a waste. */
    if (sink->room_end > 0 && fstat(sink->descriptor, &facts) == 0 &&
        facts.st_size < sink->room_end && ftruncate(sink->descriptor, facts.st_size) != 0)
        qv_log(QV_LOG_DEBUG, "audit trail: room not given back",
               QV_LOG_CSTR("reason", strerrordesc_np(errno)));
    close(sink->descriptor);
    sink->descriptor = -1;
}

/* ---- writing --------------------------------------------------------------------------------- */

static bool has_room_now(int descriptor)
{
    struct pollfd room = {.fd = descriptor, .events = POLLOUT};
    return poll(&room, 1, 0) == 1 && (room.revents & POLLOUT) != 0;
}

ssize_t qv_audit_sink_append(const struct qv_audit_sink *sink, struct qv_str line)
{
    ssize_t written;
    if (sink->kind == QV_AUDIT_TO_SHARED && !has_room_now(sink->descriptor)) {
        errno = EAGAIN;
        return -1;
    }
    do {
        if (sink->kind == QV_AUDIT_TO_SOCKET)
            written = send(sink->descriptor, line.at, line.length, MSG_DONTWAIT | MSG_NOSIGNAL);
        else
            written = write(sink->descriptor, line.at, line.length);
    } while (written < 0 && errno == EINTR);
    return written;
}

/* ---- room ------------------------------------------------------------------------------------ */

/* 0 or errno. */
static int set_aside(int descriptor, off_t from, off_t to)
{
    struct rlimit limit;
    /* The limit is asked about a file's size, which setting aside does not change. */
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
        (rlim_t)to > limit.rlim_cur)
        return EFBIG;
    int failed;
    do
        failed = fallocate(descriptor, FALLOC_FL_KEEP_SIZE, from, to - from);
    while (failed != 0 && errno == EINTR);
    return failed != 0 ? errno : 0;
}

int qv_audit_sink_room(struct qv_audit_sink *sink, size_t bytes)
{
    struct stat facts;
    if (fstat(sink->descriptor, &facts) != 0)
        return errno;
    if (facts.st_size < sink->seen)
        sink->room_end = 0; /* it was truncated, and what was set aside with it */
    sink->seen = facts.st_size;
    off_t needed = facts.st_size + (off_t)(bytes + sink->reserved * QV_AUDIT_LINE_MAX);
    if (needed <= sink->room_end)
        return 0;
    struct qv_mono now = qv_mono_now();
    if (sink->reason != 0 && now.us < sink->again.us)
        return sink->reason;
    off_t end = needed + AHEAD;
    sink->reason = set_aside(sink->descriptor, facts.st_size, end);
    if (sink->reason != 0) {
        end = needed; /* what is needed now may still be there */
        sink->reason = set_aside(sink->descriptor, facts.st_size, end);
    }
    if (sink->reason == 0)
        sink->room_end = end;
    sink->again = qv_mono_add_ms(now, RETRY_MS);
    return sink->reason;
}
