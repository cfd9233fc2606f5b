/*
 * What CHAP takes beside its listeners: the service keys, and a definition by which Arrowhead may
 * find its services. The same at a start and in `quiver check`. Main thread.
 */
#ifndef QUIVER_CLI_CHAP_PARTS_H
#define QUIVER_CLI_CHAP_PARTS_H

#include <quiver/domain/rules.h>
#include <quiver/identity/service_keys.h>

/** Reads the service keys, where a listener serves chap; else none (NULL). QV_INVALID with what is
 *  wrong with them, or with chap.definition. */
QV_MUST_CHECK enum qv_status chap_load(const struct qv_config *config, struct qv_wall now,
                                       struct qv_service_keys **ret_keys, struct qv_error *error);
/** The same now, for commands: a fault is told on standard error. */
QV_MUST_CHECK enum qv_status chap_load_or_tell(const struct qv_config *config,
                                               struct qv_service_keys **ret_keys);

/** Nobody can register as things are: the words of a warning; NULL: all is well. Static. */
const char *chap_warning(const struct qv_config *config, struct qv_service_keys *keys);

#endif
