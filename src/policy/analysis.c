/*
 * Rules that can never decide anything, because an earlier deny takes all that they are about.
 *
 * Only what is certain is told: the earlier deny has neither `on` nor `unless`, is about all the
 * operations of the later rule, and fits everybody whom that one fits (who_covers). One thread.
 */
#include "read.h"
#include "who.h"

static bool is_covered(const struct rule *deny, const struct rule *later)
{
    return deny->effect == EFFECT_DENY && !deny->on.given && !deny->unless.given &&
           (later->operations & ~deny->operations) == 0 && who_covers(deny, later);
}

static void check_rule(const struct qv_yaml_at *root, const struct qv_policy *policy, size_t index)
{
    const struct rule *rule = &policy->rules[index];
    for (size_t i = 0; i < index; i++) {
        const struct rule *deny = &policy->rules[i];
        if (!is_covered(deny, rule))
            continue;
        struct qv_yaml_at at = *root;
        at.line = rule->line;
        qv_yaml_fault(&at,
                      "rule '%s': can never match, as rule '%s' in line %d denies all that it is "
                      "about; remove it, or narrow that one",
                      rule->name, deny->name, deny->line);
        return;
    }
}

void analysis_check(const struct qv_yaml_at *root, const struct qv_policy *policy)
{
    size_t rules = policy->count - policy->visible_count;
    for (size_t i = 1; i < rules; i++)
        check_rule(root, policy, i);
}
