/*
 * Files and paths. Any thread.
 */
#ifndef QUIVER_BASE_FILE_H
#define QUIVER_BASE_FILE_H

#include <quiver/base/buf.h>

/** Appends the whole regular file to `buf`, at most `max` bytes. QV_NOT_FOUND, QV_TOO_LARGE, or
 *  QV_INVALID (unreadable, no regular file) with the path and the reason. */
QV_MUST_CHECK enum qv_status qv_file_read(const char *path, size_t max, struct qv_buf *buf,
                                          struct qv_error *error);
/** `path` itself if absolute, else joined to `directory`. Owned by the caller, NULL: no memory. */
char *qv_path_join(const char *directory, const char *path);
/** The folder part of a path ("." where there is none). Owned by the caller, NULL: no memory. */
char *qv_path_directory(const char *path);

#endif
