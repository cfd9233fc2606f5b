/*
 * Files of secrets: read whole, and only where nobody but their owner may. Private to `identity`.
 */
#ifndef QUIVER_IDENTITY_PRIVATE_FILE_H
#define QUIVER_IDENTITY_PRIVATE_FILE_H

#include <quiver/base/buf.h>

/** Reads a file of at most 256 KiB into `buf`, which is empty before and never grows, so that no
 *  copy is left behind; qv_private_file_wipe it whatever came of it. As qv_file_read; QV_INVALID
 *  also where group or others may do anything with the file. */
QV_MUST_CHECK enum qv_status qv_private_file_read(const char *path, struct qv_buf *buf,
                                                  struct qv_error *error);
/** Overwrites all that the buffer ever held. */
void qv_private_file_wipe(struct qv_buf *buf);

#endif
