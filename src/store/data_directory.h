/*
 * The folder that the embedded Redis works in: made or judged before it is used, so that neither
 * somebody else's folder is taken over nor stored data overlooked. The main thread alone.
 */
#ifndef QUIVER_STORE_DATA_DIRECTORY_H
#define QUIVER_STORE_DATA_DIRECTORY_H

#include <quiver/base/status.h>

/** Opens the folder; makes it (mode 0700) where it is missing. One that others may enter is closed
 *  to them if it is plainly ours: of our user, and empty or with our lock in it; else QV_INVALID
 *  with the remedy, and it stays as it is. The descriptor is the caller's. */
QV_MUST_CHECK enum qv_status qv_data_directory_open(const char *path, int *ret_directory,
                                                    struct qv_error *error);
/** QV_INVALID where Redis would overlook data that is there and begin empty: append-only files
 *  without the manifest that names them. `path` is for the message. */
QV_MUST_CHECK enum qv_status qv_data_directory_check(int directory, const char *path,
                                                     struct qv_error *error);

#endif
