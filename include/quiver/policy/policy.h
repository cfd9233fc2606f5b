/*
 * May this caller do that? Rules from policy.yaml, compiled (docs/policy.md). One function decides
 * about the operation, one about the object, one what a lookup may show; the first two leave a
 * token whose contents are private to src/policy: who wants something of the store must show the
 * grant that it got. A struct qv_policy is immutable and reference-counted; a reload makes another.
 * Any thread.
 *
 * A deny that matches, and whose `unless` does not, beats every allow; what no allow matches is
 * denied. Names are compared as the registry stores them: the caller's after normalization, objects
 * as stored.
 */
#ifndef QUIVER_POLICY_POLICY_H
#define QUIVER_POLICY_POLICY_H

#include <netinet/in.h>
#include <quiver/domain/entity.h>
#include <quiver/domain/requirement.h>
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
    QV_OP_MANAGEMENT_ACCESS, /**< any path below .../mgmt/ (spec 1.6) */
    QV_OP_CHAP_REGISTER,
    QV_OP_CHAP_PING,
    QV_OP_CHAP_LIST,
    QV_OP_CHAP_GET,
    QV_OP_CHAP_DELETE,
    QV_OP_OPS_HEALTH,
    QV_OP_OPS_METRICS,
    QV_OP_OPS_OPENAPI,
    QV_OP_COUNT,
};
/** "service.register" ...; static. */
const char *qv_operation_name(enum qv_operation operation);
/** One line for `quiver policy operations`; static. */
const char *qv_operation_about(enum qv_operation operation);
/** Is it a change of one object? Then the policy is asked about that, too (qv_policy_grant). */
bool qv_operation_has_object(enum qv_operation operation);
/** QV_OP_COUNT for a name that is none. */
enum qv_operation qv_operation_find(struct qv_str name);

/* ---- the rules ------------------------------------------------------------------------------- */

struct qv_policy;

/** Reads and checks policy.yaml. Each fault is one message "file:line: what is wrong, what to do",
 *  appended to `faults` (QV_INVALID): unknown or repeated key, unknown operation, wrong kind, bad
 *  glob, CIDR, fingerprint or requirement, unknown or unused group, two rules of one name, a rule
 *  that can never match because an earlier deny covers it. */
QV_MUST_CHECK enum qv_status qv_policy_load(const char *path, const struct qv_rules *rules,
                                            struct qv_policy **ret_policy,
                                            struct qv_strings *faults);
/** The same of a text that was read already; `path` is only named in faults and explanations. */
QV_MUST_CHECK enum qv_status qv_policy_parse(const char *path, struct qv_str text,
                                             const struct qv_rules *rules,
                                             struct qv_policy **ret_policy,
                                             struct qv_strings *faults);
/** The rules of config/policy.yaml as it is shipped, the reference's rights: for configurations
 *  that name no policy. */
QV_MUST_CHECK enum qv_status qv_policy_builtin(const struct qv_rules *rules,
                                               struct qv_policy **ret_policy);
struct qv_policy *qv_policy_ref(struct qv_policy *policy);   /**< NULL is fine */
void qv_policy_free(struct qv_policy **policy);              /**< drops one reference */
size_t qv_policy_rule_count(const struct qv_policy *policy); /**< without those of `visible` */
/** Were both read from the same text, and from the same file? */
bool qv_policy_is_alike(const struct qv_policy *one, const struct qv_policy *other);
/** Is there a rule, or an entry of `visible`, of that name? */
bool qv_policy_has_rule(const struct qv_policy *policy, struct qv_str name);

/* ---- who asks -------------------------------------------------------------------------------- */

/** Everything that `who` can look at; borrowed for the call. */
struct qv_caller {
    const struct qv_identity *identity; /**< NULL: anonymous */
    struct qv_str system;               /**< its name, normalized; empty: anonymous */
    struct qv_str listener;             /**< name of the listener; empty: not known */
    struct in6_addr address;            /**< of the peer, IPv4 as mapped; all zero: not known */
    bool service_key;                   /**< proved a CHAP service key */
};

/** The rules whose `who` fits one caller, by operation: made once per caller and policy, and kept
 *  (bounded) in the policy for the next time the same asks. Immutable, reference-counted; holds its
 *  policy. */
struct qv_rights;
QV_MUST_CHECK enum qv_status qv_policy_rights(struct qv_policy *policy,
                                              const struct qv_caller *caller,
                                              struct qv_rights **ret_rights);
struct qv_rights *qv_rights_ref(struct qv_rights *rights);
void qv_rights_free(struct qv_rights **rights);

/* ---- decisions ------------------------------------------------------------------------------- */

/** Which rule decided. */
struct qv_decision {
    const char *rule;     /**< its name; lives as long as the policy; NULL: none matched. Where only
                               `provider: self` was in the way: the rule that has it */
    bool reference_words; /**< the refusal's words are the reference's own */
};

/** The verdict over an operation. Filled by the policy alone; borrows the rights. */
struct qv_permit {
    const struct qv_rights *rights_;
    enum qv_operation operation_;
};
/** The verdict over an operation on an object: what the store asks for. */
struct qv_grant {
    const struct qv_policy *by_policy_;
    enum qv_operation operation_;
};
/** Was it given by a policy, for this operation? The store refuses a change without. */
bool qv_grant_covers(const struct qv_grant *grant, enum qv_operation operation);

/** May it be asked at all? Rules with `on` or `unless` are open here and decide about the object.
 *  QV_DENIED with the words for the caller: the reference's own, else "denied by rule 'NAME'" or
 *  "no rule allows OPERATION". `ret_decision` is written in both cases. */
QV_MUST_CHECK enum qv_status qv_policy_permit(const struct qv_rights *rights,
                                              enum qv_operation operation,
                                              struct qv_permit *ret_permit,
                                              struct qv_decision *ret_decision,
                                              struct qv_error *error);

/** On whom or what. Members that do not apply are empty or NULL; borrowed. A key of `on` that the
 *  object does not have does not match. */
struct qv_object {
    struct qv_str provider; /**< whose instance or system it is, as stored */
    struct qv_str service;  /**< service definition; of a system or device: empty */
    struct qv_str version;
    const struct qv_str *interfaces; /**< template names */
    size_t interface_count;
    const struct qv_str *policies; /**< security policies of the interfaces */
    size_t policy_count;
    const json_t *metadata; /**< NULL: none, or to be read from metadata_text */
    struct qv_str metadata_text;
};
QV_MUST_CHECK enum qv_status qv_policy_grant(const struct qv_permit *permit,
                                             const struct qv_object *object,
                                             struct qv_grant *ret_grant,
                                             struct qv_decision *ret_decision,
                                             struct qv_error *error);

/** Does this caller see everything? (No entry of `visible` could hide anything.) */
bool qv_policy_shows_all(const struct qv_permit *permit);
/** May a lookup show this instance? Where the policy has `visible`, at least one entry that fits
 *  the caller must. */
bool qv_policy_shows(const struct qv_permit *permit, const struct qv_object *object);

/* ---- explanations ---------------------------------------------------------------------------- */

/** One rule's part in a decision. */
struct qv_rule_report {
    const char *name, *effect; /**< "allow", "deny", "visible" */
    int line;
    bool decides;
    char why[160]; /**< "matches", "who: profile is system, not operator" ... */
};
struct qv_explanation {
    bool allowed;
    const char *file, *rule; /**< NULL: none matched */
    int line;
    char words[256];              /**< what the caller would read; empty where allowed */
    struct qv_rule_report *rules; /**< owned, in the file's order */
    size_t rule_count;
};
/** Decides by the very functions above and reports on every rule. `object` NULL: the operation
 *  alone. */
QV_MUST_CHECK enum qv_status qv_policy_explain(struct qv_policy *policy,
                                               const struct qv_caller *caller,
                                               enum qv_operation operation,
                                               const struct qv_object *object,
                                               struct qv_explanation *ret_explanation);
void qv_explanation_free(struct qv_explanation *explanation);

#endif
