/*
 * How many files the process may have open, and how many of them clients may take. Main thread,
 * before any other runs, but for descriptors_lower, which is for any.
 */
#ifndef QUIVER_CLI_DESCRIPTORS_H
#define QUIVER_CLI_DESCRIPTORS_H

#include <quiver/config/config.h>

/** Raises the soft limit on open files to the hard one. */
void descriptors_raise(void);
/** Behind everything that is opened once: how many are left for clients (SIZE_MAX: any number);
 *  QV_INVALID where none is. */
QV_MUST_CHECK enum qv_status descriptors_for_clients(size_t *ret_count, struct qv_error *error);
/** Lowers limits.connections to `clients`, with a warning if `tell`. True where that was needed. */
bool descriptors_lower(struct qv_config_limits *limits, size_t clients, bool tell);

#endif
