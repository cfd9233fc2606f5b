/*
 * Starting a redis-server on a data directory. The main thread alone: the child ends with the
 * thread that started it.
 */
#ifndef QUIVER_STORE_REDIS_CHILD_H
#define QUIVER_STORE_REDIS_CHILD_H

#include <quiver/base/status.h>
#include <sys/types.h>

/** The program to start: QUIVER_REDIS_SERVER, else redis-server or valkey-server in PATH. An
 * absolute path, owned by the caller. QV_INVALID with the remedy where there is none. */
QV_MUST_CHECK enum qv_status qv_redis_child_find(char **ret_program, struct qv_error *error);
/** Starts it in the folder `directory`, holding `lock`, with our environment but for the variable
 *  `secret` (NULL: with all of it). `ret_log` is where its output can be read (non-blocking), the
 *  caller's. */
QV_MUST_CHECK enum qv_status qv_redis_child_start(const char *program, int directory, int lock,
                                                  const char *secret, pid_t *ret_pid, int *ret_log,
                                                  struct qv_error *error);

#endif
