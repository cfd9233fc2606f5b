/*
 * What is not as it should be: reasons, each kept under the name of its source until the source
 * takes them back. Readiness shows them beside the store's own (docs/operations.md). Any thread.
 */
#ifndef QUIVER_OBSERVE_HEALTH_H
#define QUIVER_OBSERVE_HEALTH_H

#include <quiver/base/buf.h>

struct qv_health;

QV_MUST_CHECK enum qv_status qv_health_new(struct qv_health **ret_health);
void qv_health_free(struct qv_health **health);

/** Replaces the reasons of `source` ("own certificate", "CAs and CRLs" ...; static); none, or NULL:
 *  all is well there. Copies. Without memory the old ones stay, with a line in the log. */
void qv_health_set(struct qv_health *health, const char *source, const struct qv_strings *reasons);
/** Appends "<source>: <reason>" for each, sources in the order in which they first came. */
QV_MUST_CHECK enum qv_status qv_health_reasons(struct qv_health *health,
                                               struct qv_strings *ret_reasons);

#endif
