/*
 * What the subcommands of `quiver policy` share: the policy that a configuration names, and
 * questions to it as JSON objects, from options, JSON lines or YAML. Main thread.
 */
#ifndef QUIVER_CLI_POLICY_QUESTION_H
#define QUIVER_CLI_POLICY_QUESTION_H

#include <quiver/policy/policy.h>

/** A policy and what it was read with. */
struct policy_context {
    struct qv_config *config; /**< owned */
    struct qv_rules rules;
    struct qv_policy *policy; /**< owned */
    char *cloud; /**< owned; of callers: the own certificate's, else cloud.name; NULL: not known */
};
/** Reads both, or prints each fault on a line of its own. */
QV_MUST_CHECK enum qv_status policy_context_open(const char *config,
                                                 struct policy_context *context);
void policy_context_free(struct policy_context *context);

/** What a member of a question is. */
enum question_kind { QUESTION_TEXT, QUESTION_TEXTS, QUESTION_FLAG, QUESTION_JSON };
struct question_key {
    const char *name; /**< "service_key"; the option is --service-key */
    enum question_kind kind;
    const char *about; /**< for --help */
};
enum { QUESTION_KEYS = 17 };
extern const struct question_key question_keys[QUESTION_KEYS];

/** A question, as the policy is asked. All that it borrows it owns. */
struct question {
    enum qv_operation operation;
    struct qv_caller caller;
    bool has_object;
    struct qv_object object;
    struct qv_identity identity;
    struct qv_certificate certificate;
    struct qv_strings kept;
    struct qv_str *lists; /**< owned: interfaces, then policies */
};
/** Reads an object of the members above into a question that is all zero; it points into itself, so
 *  it must stay where it is. QV_INVALID with what is wrong; free it then, too. `json` must outlive
 *  it. */
QV_MUST_CHECK enum qv_status question_read(const struct policy_context *context, const json_t *json,
                                           struct question *question, struct qv_error *error);
void question_free(struct question *question);
/** Asks the policy. QV_NO_MEMORY, QV_INTERNAL. */
QV_MUST_CHECK enum qv_status question_explain(const struct policy_context *context,
                                              const struct question *question,
                                              struct qv_explanation *ret_explanation);

/** The subcommands' subcommands; argv[0] is "explain", "test". */
int policy_explain(int argc, char **argv);
int policy_test(int argc, char **argv);

#endif
