/*
 * The lock on a data directory: held by Quiver and by the Redis that it started, free only when
 * both are gone. The main thread alone.
 */
#ifndef QUIVER_STORE_LOCK_H
#define QUIVER_STORE_LOCK_H

#include <quiver/base/status.h>
#include <stdint.h>
#include <sys/types.h>

/** Takes the lock of the folder that `directory` is open on (`path` is its name, for messages).
 *  Waits `wait_ms` for another holder: QV_UNAVAILABLE names it. The descriptor is the caller's; the
 *  lock ends with its last copy. */
QV_MUST_CHECK enum qv_status qv_lock_take(int directory, const char *path, int64_t wait_ms,
                                          int *ret_lock, struct qv_error *error);
/** Writes down who holds it, for the message of whoever waits. `redis` 0: not started yet. */
void qv_lock_note(int lock, pid_t quiver, pid_t redis);

#endif
