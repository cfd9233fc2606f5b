/*
 * Faults found while files are loaded: all are collected, so that an operator sees them together.
 * Private to `trust`.
 */
#ifndef QUIVER_TRUST_FAULTS_H
#define QUIVER_TRUST_FAULTS_H

#include <quiver/base/buf.h>

/** Appends one message; returns QV_INVALID, or QV_NO_MEMORY. */
enum qv_status qv_fault(struct qv_strings *faults, const char *format, ...) QV_PRINTF(2, 3);
/** Appends the error's message (which names its file already) and its status' kind likewise. */
enum qv_status qv_fault_error(struct qv_strings *faults, const struct qv_error *error);
/** What two steps that both ran came to together. */
enum qv_status qv_status_worse(enum qv_status a, enum qv_status b);

#endif
