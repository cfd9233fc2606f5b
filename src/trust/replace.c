/*
 * Replaces a file's content by writing another file and renaming it, so that a crash at any moment
 * leaves the old content or the new one, never a part. The new name is the old one with ".new":
 * one that a crash left behind is removed first.
 */
#include "replace.h"

#include <errno.h>
#include <fcntl.h>
#include <quiver/base/file.h>
#include <quiver/base/memory.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool write_all(int descriptor, struct qv_str text)
{
    while (text.length > 0) {
        ssize_t written = write(descriptor, text.at, text.length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        text = qv_str_part(text, (size_t)written, SIZE_MAX);
    }
    return true;
}

/** errno says why not. */
static bool write_file(const char *path, struct qv_str text)
{
    if (unlink(path) != 0 && errno != ENOENT)
        return false;
    int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor < 0)
        return false;
    bool done = write_all(descriptor, text) && fdatasync(descriptor) == 0;
    int reason = errno;
    if (close(descriptor) != 0 && done) {
        done = false;
        reason = errno;
    }
    if (!done)
        (void)unlink(path);
    errno = reason;
    return done;
}

static bool sync_folder(const char *folder)
{
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return false;
    bool done = fsync(descriptor) == 0;
    int reason = errno;
    close(descriptor);
    errno = reason;
    return done;
}

static bool replace(const char *path, const char *new_path, const char *folder, struct qv_str text)
{
    if (!write_file(new_path, text))
        return false;
    if (rename(new_path, path) != 0) {
        int reason = errno;
        (void)unlink(new_path);
        errno = reason;
        return false;
    }
    return sync_folder(folder);
}

enum qv_status qv_replace_file(const char *path, struct qv_str text, struct qv_error *error)
{
    QV_CLEANUP(qv_buf) struct qv_buf new_path = {0};
    qv_buf_printf(&new_path, "%s.new", path);
    char *folder = qv_path_directory(path);
    enum qv_status status = QV_OK;
    if (qv_buf_status(&new_path) != QV_OK || folder == NULL)
        status = qv_error_set(error, QV_NO_MEMORY, "%s: out of memory", path);
    else if (!replace(path, new_path.at, folder, text))
        status = qv_error_set(error, QV_UNAVAILABLE, "%s: cannot be written: %s", path,
                              strerrordesc_np(errno));
    qv_free(folder);
    return status;
}
