// links: policy
/*
 * A policy of any bytes: it is taken, or there is at least one fault, each one line that begins
 * with the file. What is taken decides alike with a cold and a warm cache and as it explains; what
 * no allow matches, rule by rule, is denied; an allocation that fails permits nothing more.
 */
#include <quiver/base/memory.h>
#include <quiver/policy/policy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "line %d: not so: %s\n", __LINE__, #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static void check_faults(const struct qv_strings *faults)
{
    for (size_t i = 0; i < faults->count; i++) {
        struct qv_str fault = qv_str_from(faults->at[i]);
        MUST(qv_str_starts_with(fault, QV_STR("etc/p.yaml:")));
        for (size_t k = 0; k < fault.length; k++)
            MUST((unsigned char)fault.at[k] >= ' ');
    }
}

static enum qv_status ask(struct qv_policy *policy, const struct qv_caller *caller,
                          enum qv_operation operation, const struct qv_object *object)
{
    QV_CLEANUP(qv_rights) struct qv_rights *rights = NULL;
    struct qv_permit permit;
    struct qv_grant grant = {0};
    struct qv_decision decision = {0};
    MUST(qv_policy_rights(policy, caller, &rights) == QV_OK);
    enum qv_status status = qv_policy_permit(rights, operation, &permit, &decision, NULL);
    if (status == QV_OK && qv_operation_has_object(operation)) {
        status = qv_policy_grant(&permit, object, &grant, &decision, NULL);
        MUST(qv_grant_covers(&grant, operation) == (status == QV_OK));
    }
    MUST(status == QV_DENIED || (status == QV_OK && decision.rule != NULL));
    return status;
}

static void check_explanation(struct qv_policy *policy, const struct qv_caller *caller,
                              enum qv_operation operation, const struct qv_object *object,
                              bool allowed)
{
    QV_CLEANUP(qv_explanation) struct qv_explanation explanation = {0};
    bool allow = false, deny = false;
    MUST(qv_policy_explain(policy, caller, operation, object, &explanation) == QV_OK);
    for (size_t i = 0; i < explanation.rule_count; i++) {
        const struct qv_rule_report *report = &explanation.rules[i];
        bool matches = strncmp(report->why, "matches", 7) == 0;
        allow = allow || (matches && strcmp(report->effect, "allow") == 0);
        deny = deny || (matches && strcmp(report->effect, "deny") == 0);
    }
    MUST(allowed == (allow && !deny));
    MUST(explanation.allowed == allowed || operation == QV_OP_SERVICE_LOOKUP);
}

static void check_policy(struct qv_policy *policy)
{
    static const struct qv_str interfaces[] = {{"generic-https", 13}, {"generic-http", 12}};
    struct qv_certificate certificate = {.fingerprint = (char *)"x", .serial = (char *)"0a"};
    struct qv_identity identities[] = {
        {.system = (char *)"a", .profile = QV_PROFILE_SYSTEM, .cloud = (char *)"c.o.x.y"},
        {.system = (char *)"b1", .profile = QV_PROFILE_OPERATOR, .certificate = &certificate},
    };
    struct qv_object object = {.provider = QV_STR("a"),
                               .service = QV_STR("s"),
                               .version = QV_STR("1.0.0"),
                               .interfaces = interfaces,
                               .interface_count = 2,
                               .metadata_text = QV_STR("{\"a\":1}")};
    for (unsigned i = 0; i < 3 * QV_OP_COUNT; i++) {
        enum qv_operation operation = (enum qv_operation)(i / 3);
        struct qv_caller caller = {.listener = QV_STR("ops"), .service_key = i % 2 == 0};
        if (i % 3 < 2) {
            caller.identity = &identities[i % 3];
            caller.system = qv_str_from(identities[i % 3].system);
        }
        enum qv_status cold = ask(policy, &caller, operation, &object);
        MUST(ask(policy, &caller, operation, &object) == cold);
        check_explanation(policy, &caller, operation, &object, cold == QV_OK);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qv_str text = {.at = (const char *)data, .length = size};
    const struct qv_rules rules = {.dialect = qv_dialect_get(QV_DIALECT_5_0)};
    QV_CLEANUP(qv_policy) struct qv_policy *policy = NULL, *other = NULL;
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0}, ignored = {0};
    enum qv_status status = qv_policy_parse("etc/p.yaml", text, &rules, &policy, &faults);
    MUST(status == QV_OK || status == QV_INVALID);
    MUST((status == QV_OK) == (policy != NULL) && (status == QV_OK) == (faults.count == 0));
    check_faults(&faults);
    if (policy != NULL)
        check_policy(policy);
    qv_memory_fail_at(1 + size % 61);
    enum qv_status again = qv_policy_parse("etc/p.yaml", text, &rules, &other, &ignored);
    qv_memory_fail_at(0);
    MUST(again == status || again == QV_NO_MEMORY);
    return 0;
}
