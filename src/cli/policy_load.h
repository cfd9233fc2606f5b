/*
 * The policy that a configuration means: the file that it names, else the rules that are built in.
 * The same at the start, in a reload, in `quiver check` and in `quiver policy`. One thread.
 */
#ifndef QUIVER_CLI_POLICY_LOAD_H
#define QUIVER_CLI_POLICY_LOAD_H

#include <quiver/config/config.h>
#include <quiver/policy/policy.h>

/** Reads and checks it whole. QV_INVALID with a message for each fault, appended to `faults`; any
 *  other status comes without one. */
QV_MUST_CHECK enum qv_status policy_load(const struct qv_config *config,
                                         const struct qv_rules *rules,
                                         struct qv_policy **ret_policy, struct qv_strings *faults);
/** The same for commands: prints each fault on a line of its own to standard error. */
QV_MUST_CHECK enum qv_status policy_load_or_tell(const struct qv_config *config,
                                                 const struct qv_rules *rules,
                                                 struct qv_policy **ret_policy);

#endif
