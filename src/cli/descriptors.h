/*
 * How many files the process may have open, and how many of them clients may take. Main thread,
 * before any other runs.
 */
#ifndef QUIVER_CLI_DESCRIPTORS_H
#define QUIVER_CLI_DESCRIPTORS_H

#include <quiver/config/config.h>

/** Raises the soft limit on open files to the hard one. */
void descriptors_raise(void);
/** Behind everything that is opened once: lowers limits.connections, with a warning, to what the
 *  limit leaves for clients; QV_INVALID where it leaves nothing. */
QV_MUST_CHECK enum qv_status descriptors_share(struct qv_config *config, struct qv_error *error);

#endif
