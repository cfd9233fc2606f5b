/* Reading policy.yaml: what the steps share. One thread. Private. */
#ifndef QUIVER_POLICY_READ_H
#define QUIVER_POLICY_READ_H

#include "rules.h"

#include <quiver/base/yaml.h>

/** What kind of values a key has. */
enum values {
    VALUES_SYSTEMS,
    VALUES_SERVICES,
    VALUES_TEMPLATES,
    VALUES_VERSIONS,
    VALUES_POLICIES,
    VALUES_LABELS, /**< parts of a cloud's name */
    VALUES_FINGERPRINTS,
    VALUES_SERIALS,
    VALUES_LISTENERS,
};

/** Appends the value as callers' and objects' values are compared with it; false: told why not. */
bool value_convert(const struct qv_yaml_at *at, const struct qv_dialect *dialect,
                   enum values values, struct qv_str text, struct qv_buf *buf);

/** Which words beside values a list may have. */
enum { TAKES_GROUPS = 1, TAKES_SELF = 2 };
/** Reads a value or a list of them; faults are told. */
void patterns_read(const struct qv_yaml_at *at, struct qv_policy *policy, enum values values,
                   unsigned takes, struct patterns *ret_patterns);
/** Reads `groups`. */
void groups_read(const struct qv_yaml_at *at, const struct qv_yaml_key *key, void *policy);
/** Tells of groups that no rule names. */
void groups_check_use(const struct qv_yaml_at *root, const struct qv_policy *policy);

/** The keys of `who`. `rule` has the policy. */
struct rule_reader {
    struct qv_policy *policy;
    struct rule *rule;
    struct on *on; /**< which of the two is being read */
};
void who_read(const struct qv_yaml_at *at, const struct qv_yaml_key *key, void *rule_reader);
/** `on` and `unless`: key->which tells. */
enum { READ_ON, READ_UNLESS };
void on_read(const struct qv_yaml_at *at, const struct qv_yaml_key *key, void *rule_reader);
/** `rules` and `visible`; `visible` behind `rules`. */
void rules_read(const struct qv_yaml_at *at, struct qv_policy *policy, const char *key);

/** Tells of rules that an earlier deny leaves nothing to decide. */
void analysis_check(const struct qv_yaml_at *root, const struct qv_policy *policy);

#endif
