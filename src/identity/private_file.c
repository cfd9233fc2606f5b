/*
 * Reading files of secrets.
 *
 * Holds always: what is open to group or others is not read; no message has anything of what is in
 * the file. Any thread.
 */
#include "private_file.h"

#include <quiver/base/credentials.h>
#include <quiver/base/file.h>
#include <quiver/base/memory.h>

#define FILE_MAX ((size_t)256 * 1024)

static enum qv_status check_mode(const char *path, struct qv_error *error)
{
    struct stat about;
    if (stat(path, &about) == 0 && qv_secret_is_exposed(path, &about))
        return qv_error_set(error, QV_INVALID,
                            "%s: open to group or others (mode %04o); run: chmod 600 %s", path,
                            (unsigned)about.st_mode & 07777U, path);
    return QV_OK;
}

enum qv_status qv_private_file_read(const char *path, struct qv_buf *buf, struct qv_error *error)
{
    QV_TRY(check_mode(path, error));
    qv_buf_reserve(buf, FILE_MAX + 2);
    return qv_file_read(path, FILE_MAX, buf, error);
}

void qv_private_file_wipe(struct qv_buf *buf)
{
    if (buf->at != NULL)
        qv_memory_wipe(buf->at, buf->capacity);
}
