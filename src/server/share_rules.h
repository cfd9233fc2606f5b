/*
 * limits.identities, compiled: which entry is whose. A copy of its own, because the configuration
 * that it came from may be gone while it is in force. Immutable once made; any thread.
 */
#ifndef QUIVER_SERVER_SHARE_RULES_H
#define QUIVER_SERVER_SHARE_RULES_H

#include <quiver/base/glob.h>
#include <quiver/domain/rules.h>

/** What each of some callers may have. 0: no bound. */
struct qv_share_rule {
    size_t requests, burst, connections, instances; /**< as in qv_config_identity_limit */
    struct qv_strings texts;                        /**< names as they are stored, and patterns */
    struct qv_glob *globs;                          /**< of `texts` */
};
struct qv_share_rules {
    struct qv_share_rule *at;
    size_t count;
};

QV_MUST_CHECK enum qv_status qv_share_rules_make(const struct qv_dialect *dialect,
                                                 const struct qv_config_identity_limits *limits,
                                                 struct qv_share_rules *ret_rules);
void qv_share_rules_free(struct qv_share_rules *rules);
/** The first that fits the system, whose name is given as it is stored; NULL: none. Lives as the
 *  rules. */
const struct qv_share_rule *qv_share_rules_find(const struct qv_share_rules *rules,
                                                struct qv_str system);

#endif
