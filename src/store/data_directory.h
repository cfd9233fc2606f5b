/*
 * The folder of this Quiver alone, in which the embedded Redis works: made or judged before it is
 * used, so that neither somebody else's folder is taken over nor stored data overlooked. The main
 * thread alone.
 */
#ifndef QUIVER_STORE_DATA_DIRECTORY_H
#define QUIVER_STORE_DATA_DIRECTORY_H

#include <quiver/base/status.h>

/** Opens the folder; makes it (mode 0700) where it is missing. One that others may enter is closed
 *  to them if it is plainly ours: of our user, and empty or with our lock in it; else QV_INVALID
 *  with the remedy, and it stays as it is. The descriptor is the caller's. */
QV_MUST_CHECK enum qv_status qv_data_directory_open(const char *path, int *ret_directory,
                                                    struct qv_error *error);
/** As qv_data_directory_open, and takes the folder's lock, waiting for another holder for 5 s
 *  (QV_UNAVAILABLE names it). Both descriptors are the caller's; the lock ends with its last copy.
 */
QV_MUST_CHECK enum qv_status qv_data_directory_claim(const char *path, int *ret_directory,
                                                     int *ret_lock, struct qv_error *error);
/** QV_INVALID where Redis would overlook data that is there and begin empty: append-only files
 *  without the manifest that names them. `path` is for the message. */
QV_MUST_CHECK enum qv_status qv_data_directory_check(int directory, const char *path,
                                                     struct qv_error *error);

#endif
