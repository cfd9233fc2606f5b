/*
 * Reading files and joining paths.
 *
 * Holds always: a fault names the path and the system's reason; a failed read leaves the buffer
 * as it was; opening never waits (a FIFO in a file's place is refused, not read). Any thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <quiver/base/file.h>
#include <quiver/base/memory.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK 65536

static enum qv_status too_large(const char *path, size_t max, struct qv_error *error)
{
    return qv_error_set(error, QV_TOO_LARGE, "%s: larger than %zu bytes", path, max);
}

/* Opens the file and looks what it is. */
static enum qv_status open_regular(const char *path, size_t max, int *ret_descriptor,
                                   size_t *ret_size, struct qv_error *error)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0) {
        int reason = errno;
        return qv_error_set(error, reason == ENOENT ? QV_NOT_FOUND : QV_INVALID, "%s: %s", path,
                            strerrordesc_np(reason));
    }
    struct stat about;
    enum qv_status status = QV_OK;
    if (fstat(descriptor, &about) != 0)
        status = qv_error_set(error, QV_INVALID, "%s: %s", path, strerrordesc_np(errno));
    else if (!S_ISREG(about.st_mode))
        status = qv_error_set(error, QV_INVALID, "%s: not a regular file", path);
    else if ((uintmax_t)about.st_size > max)
        status = too_large(path, max, error);
    if (status != QV_OK) {
        close(descriptor);
        return status;
    }
    *ret_descriptor = descriptor;
    *ret_size = (size_t)about.st_size;
    return QV_OK;
}

/* Reads to the end, which may have moved since the size was asked. */
static enum qv_status read_all(int descriptor, const char *path, size_t max, struct qv_buf *buf,
                               struct qv_error *error)
{
    size_t before = buf->length;
    for (;;) {
        if (buf->capacity - buf->length < 2)
            qv_buf_reserve(buf, CHUNK);
        if (qv_buf_status(buf) != QV_OK)
            return qv_error_set(error, QV_NO_MEMORY, "%s: out of memory", path);
        size_t room = buf->capacity - buf->length - 1;
        ssize_t got = read(descriptor, buf->at + buf->length, room);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return qv_error_set(error, QV_INVALID, "%s: %s", path, strerrordesc_np(errno));
        if (got == 0)
            return QV_OK;
        buf->length += (size_t)got;
        buf->at[buf->length] = '\0';
        if (buf->length - before > max)
            return too_large(path, max, error);
    }
}

enum qv_status qv_file_read(const char *path, size_t max, struct qv_buf *buf,
                            struct qv_error *error)
{
    int descriptor = -1;
    size_t size = 0;
    QV_TRY(open_regular(path, max, &descriptor, &size, error));
    size_t before = buf->length;
    /* One byte more than the size: the read that finds the end needs room too. */
    qv_buf_reserve(buf, size + 1);
    enum qv_status status = read_all(descriptor, path, max, buf, error);
    close(descriptor);
    if (status != QV_OK)
        qv_buf_truncate(buf, before);
    return status;
}

char *qv_path_join(const char *directory, const char *path)
{
    if (path[0] == '/')
        return qv_strdup(path);
    size_t length = strlen(directory);
    bool slash = length > 0 && directory[length - 1] != '/';
    QV_CLEANUP(qv_buf) struct qv_buf joined = {0};
    qv_buf_put_text(&joined, directory);
    if (slash)
        qv_buf_put_char(&joined, '/');
    qv_buf_put_text(&joined, path);
    char *text;
    return qv_buf_take(&joined, &text, NULL) == QV_OK ? text : NULL;
}

char *qv_path_directory(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return qv_strdup(".");
    if (slash == path)
        return qv_strdup("/");
    return qv_strndup(path, (size_t)(slash - path));
}
