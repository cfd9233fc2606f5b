/*
 * Loading the policy. Holds always: whoever loads it loads it in this one way, so that what
 * `quiver check` and `quiver policy` say is what serves. One thread.
 */
#include "policy_load.h"

#include "options.h"

#include <stdio.h>

enum qv_status policy_load(const struct qv_config *config, const struct qv_rules *rules,
                           struct qv_policy **ret_policy, struct qv_strings *faults)
{
    const char *path = config->authorization.policy;
    if (path == NULL)
        return qv_policy_builtin(rules, ret_policy);
    return qv_policy_load(path, rules, ret_policy, faults);
}

enum qv_status policy_load_or_tell(const struct qv_config *config, const struct qv_rules *rules,
                                   struct qv_policy **ret_policy)
{
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    enum qv_status status = policy_load(config, rules, ret_policy, &faults);
    options_print_faults(&faults);
    if (status != QV_OK && faults.count == 0)
        fprintf(stderr, "%s: policy: %s\n", config->file, qv_status_name(status));
    return status;
}
