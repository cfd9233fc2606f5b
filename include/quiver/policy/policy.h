/*
 * May this identity do that? One function decides about the operation, one about the object; both
 * leave a token whose contents are private to src/policy: who wants something of the store must
 * show the grant that it got. Immutable; any thread.
 */
#ifndef QUIVER_POLICY_POLICY_H
#define QUIVER_POLICY_POLICY_H

#include <quiver/domain/rules.h>
#include <quiver/identity/identity.h>

/** Operations as policies, logs and the audit trail name them. */
enum qv_operation {
    QV_OP_SERVICE_REGISTER,
    QV_OP_SERVICE_LOOKUP,
    QV_OP_SERVICE_REVOKE,
    QV_OP_SYSTEM_REGISTER,
    QV_OP_SYSTEM_LOOKUP,
    QV_OP_SYSTEM_REVOKE,
    QV_OP_DEVICE_REGISTER,
    QV_OP_DEVICE_LOOKUP,
    QV_OP_DEVICE_REVOKE,
    QV_OP_MONITOR_ECHO,
    QV_OP_OPS_HEALTH,
    QV_OP_OPS_METRICS,
    QV_OP_OPS_OPENAPI,
    QV_OP_COUNT,
};
/** "service.register" ...; static. */
const char *qv_operation_name(enum qv_operation operation);

struct qv_policy;
/** The reference's rights: whoever is authenticated may look up, echo and keep devices; changes
 *  of systems and services are for their own names; ops.* for whoever reaches the ops listener. */
QV_MUST_CHECK enum qv_status qv_policy_builtin(struct qv_policy **ret_policy);
void qv_policy_free(struct qv_policy **policy);

/** The verdict over an operation. Lives on the caller's stack; filled by the policy alone. */
struct qv_permit {
    const struct qv_policy *policy_;
    const struct qv_identity *identity_;
    enum qv_operation operation_;
};
/** The verdict over an operation on an object: what the store asks for. */
struct qv_grant {
    const struct qv_policy *by_policy_;
    enum qv_operation operation_;
};
/** Was it given by a policy, for this operation? The store refuses a change without. */
bool qv_grant_covers(const struct qv_grant *grant, enum qv_operation operation);

/** Which rule decided. */
struct qv_decision {
    const char *rule;     /**< its name; lives as long as the policy */
    bool reference_words; /**< the refusal's words are the reference's own */
};

/** `identity` NULL: nobody (ops listener). QV_DENIED with the words for the caller. */
QV_MUST_CHECK enum qv_status
qv_policy_permit(const struct qv_policy *policy, const struct qv_identity *identity,
                 enum qv_operation operation, struct qv_permit *ret_permit,
                 struct qv_decision *ret_decision, struct qv_error *error);

/** On whom or what a change is asked for. Members that do not apply are empty. */
struct qv_object {
    struct qv_str requester; /**< the caller's name, normalized as names are stored */
    struct qv_str provider;  /**< whose instance or system it is, normalized */
    struct qv_str service;   /**< service definition */
};
QV_MUST_CHECK enum qv_status qv_policy_grant(const struct qv_permit *permit,
                                             const struct qv_object *object,
                                             struct qv_grant *ret_grant,
                                             struct qv_decision *ret_decision,
                                             struct qv_error *error);

#endif
