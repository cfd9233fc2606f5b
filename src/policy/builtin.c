/*
 * The reference's rights as a table (spec/arrowhead-discovery 1.1, 3.13, 4): whoever proved an
 * identity may look up, echo and keep devices; what belongs to a system is changed by that system
 * alone, operators included; the ops listener is open to whoever reaches it.
 *
 * What no rule names is denied. Immutable; any thread.
 */
#include <quiver/base/memory.h>
#include <quiver/policy/policy.h>

enum who { WHO_NOBODY_NEEDED, WHO_IDENTIFIED };
enum on { ON_ANYTHING, ON_OWN };

struct rule {
    const char *name;
    enum who who;
    enum on on;
    /* what a caller reads who may not do it to this object */
    const char *refusal;
    bool reference_words; /* the refusal is the reference's */
};

static const char look[] = "everyone may look";
static const char ops[] = "who reaches the ops listener may read it";
static const char own[] = "providers publish their own";
static const char devices[] = "devices are everyone's";

static const struct rule rules[QV_OP_COUNT] = {
    [QV_OP_SERVICE_REGISTER] = {own, WHO_IDENTIFIED, ON_OWN,
                                "Registering other systems' service is forbidden", false},
    [QV_OP_SERVICE_LOOKUP] = {look, WHO_IDENTIFIED, ON_ANYTHING, NULL, false},
    [QV_OP_SERVICE_REVOKE] = {own, WHO_IDENTIFIED, ON_OWN,
                              "Revoking other systems' service is forbidden", true},
    [QV_OP_SYSTEM_REGISTER] = {own, WHO_IDENTIFIED, ON_OWN,
                               "Registering other systems is forbidden", false},
    [QV_OP_SYSTEM_LOOKUP] = {look, WHO_IDENTIFIED, ON_ANYTHING, NULL, false},
    [QV_OP_SYSTEM_REVOKE] = {own, WHO_IDENTIFIED, ON_OWN, "Revoking other systems is forbidden",
                             false},
    [QV_OP_DEVICE_REGISTER] = {devices, WHO_IDENTIFIED, ON_ANYTHING, NULL, false},
    [QV_OP_DEVICE_LOOKUP] = {look, WHO_IDENTIFIED, ON_ANYTHING, NULL, false},
    [QV_OP_DEVICE_REVOKE] = {devices, WHO_IDENTIFIED, ON_ANYTHING, NULL, false},
    [QV_OP_MONITOR_ECHO] = {look, WHO_IDENTIFIED, ON_ANYTHING, NULL, false},
    [QV_OP_OPS_HEALTH] = {ops, WHO_NOBODY_NEEDED, ON_ANYTHING, NULL, false},
    [QV_OP_OPS_METRICS] = {ops, WHO_NOBODY_NEEDED, ON_ANYTHING, NULL, false},
    [QV_OP_OPS_OPENAPI] = {ops, WHO_NOBODY_NEEDED, ON_ANYTHING, NULL, false},
};

struct qv_policy {
    const struct rule *rules; /* by operation */
};

enum qv_status qv_policy_builtin(struct qv_policy **ret_policy)
{
    struct qv_policy *policy = qv_alloc(sizeof(*policy));
    if (policy == NULL)
        return QV_NO_MEMORY;
    policy->rules = rules;
    *ret_policy = policy;
    return QV_OK;
}

void qv_policy_free(struct qv_policy **policy)
{
    qv_free(*policy);
    *policy = NULL;
}

enum qv_status qv_policy_permit(const struct qv_policy *policy, const struct qv_identity *identity,
                                enum qv_operation operation, struct qv_permit *ret_permit,
                                struct qv_decision *ret_decision, struct qv_error *error)
{
    const struct rule *rule = &policy->rules[operation];
    if (rule->name == NULL || (rule->who == WHO_IDENTIFIED && identity == NULL)) {
        *ret_decision = (struct qv_decision){.rule = "default"};
        return qv_error_set(error, QV_DENIED, "no rule allows %s", qv_operation_name(operation));
    }
    *ret_decision = (struct qv_decision){.rule = rule->name};
    *ret_permit =
        (struct qv_permit){.policy_ = policy, .identity_ = identity, .operation_ = operation};
    return QV_OK;
}

enum qv_status qv_policy_grant(const struct qv_permit *permit, const struct qv_object *object,
                               struct qv_grant *ret_grant, struct qv_decision *ret_decision,
                               struct qv_error *error)
{
    const struct rule *rule = &permit->policy_->rules[permit->operation_];
    *ret_decision =
        (struct qv_decision){.rule = rule->name, .reference_words = rule->reference_words};
    if (rule->on == ON_OWN && !qv_str_equal(object->requester, object->provider))
        return qv_error_set(error, QV_DENIED, "%s", rule->refusal);
    ret_grant->operation_ = permit->operation_;
    ret_grant->by_policy_ = permit->policy_;
    return QV_OK;
}

bool qv_grant_covers(const struct qv_grant *grant, enum qv_operation operation)
{
    return grant->by_policy_ != NULL && grant->operation_ == operation;
}
