/*
 * What tests of the policy share: policies from text (apostrophes are kept: YAML takes them as
 * quotes), callers and objects that are written as tables, and one question with its answer.
 */
#ifndef QUIVER_TESTS_POLICY_FIXTURE_H
#define QUIVER_TESTS_POLICY_FIXTURE_H

#include "domain_fixture.h"

#include <arpa/inet.h>
#include <quiver/policy/policy.h>

/** A caller as tables have it; all but `system` may be left out. */
struct fixture_who {
    const char *system; /**< NULL: anonymous */
    bool operator_;
    const char *cloud; /**< "testcloud.company.arrowhead.eu" */
    const char *fingerprint, *serial;
    const char *listener, *address;
    bool service_key;
};

/** What a struct qv_caller borrows from. */
struct fixture_caller {
    struct qv_caller caller;
    struct qv_identity identity;
    struct qv_certificate certificate;
};

static inline void fixture_caller(const struct fixture_who *who, struct fixture_caller *ret_caller)
{
    struct in_addr v4;
    *ret_caller = (struct fixture_caller){0};
    struct qv_caller *caller = &ret_caller->caller;
    caller->listener = qv_str_from(who->listener);
    caller->service_key = who->service_key;
    if (who->address != NULL && inet_pton(AF_INET6, who->address, &caller->address) != 1) {
        assert_int_equal(inet_pton(AF_INET, who->address, &v4), 1);
        caller->address.s6_addr[10] = caller->address.s6_addr[11] = 0xFF;
        memcpy(&caller->address.s6_addr[12], &v4, sizeof(v4));
    }
    if (who->system == NULL)
        return;
    ret_caller->certificate = (struct qv_certificate){.subject = (char *)"",
                                                      .issuer = (char *)"",
                                                      .serial = (char *)who->serial,
                                                      .fingerprint = (char *)who->fingerprint};
    if (who->fingerprint == NULL)
        ret_caller->certificate.fingerprint = (char *)"";
    if (who->serial == NULL)
        ret_caller->certificate.serial = (char *)"";
    ret_caller->identity =
        (struct qv_identity){.system = (char *)who->system,
                             .cloud = (char *)who->cloud,
                             .profile = who->operator_ ? QV_PROFILE_OPERATOR : QV_PROFILE_SYSTEM};
    if (who->fingerprint != NULL || who->serial != NULL)
        ret_caller->identity.certificate = &ret_caller->certificate;
    caller->identity = &ret_caller->identity;
    caller->system = qv_str_from(who->system);
}

/** An object as tables have it: lists with commas. */
struct fixture_what {
    const char *provider, *service, *version, *interfaces, *policies, *metadata;
};

struct fixture_object {
    struct qv_object object;
    struct qv_str interfaces[8], policies[8];
};

static inline size_t fixture_split(const char *text, struct qv_str *parts)
{
    struct qv_str rest = qv_str_from(text);
    size_t count = 0;
    while (text != NULL && qv_str_split_next(&rest, ',', &parts[count]))
        count++;
    return count;
}

static inline void fixture_object(const struct fixture_what *what,
                                  struct fixture_object *ret_object)
{
    *ret_object = (struct fixture_object){0};
    struct qv_object *object = &ret_object->object;
    object->provider = qv_str_from(what->provider);
    object->service = qv_str_from(what->service);
    object->version = qv_str_from(what->version);
    object->interfaces = ret_object->interfaces;
    object->interface_count = fixture_split(what->interfaces, ret_object->interfaces);
    object->policies = ret_object->policies;
    object->policy_count = fixture_split(what->policies, ret_object->policies);
    object->metadata_text = qv_str_from(what->metadata);
}

static inline struct qv_policy *fixture_policy_of(const struct qv_rules *rules, const char *text)
{
    struct qv_policy *policy = NULL;
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    enum qv_status status =
        qv_policy_parse("policy.yaml", qv_str_from(text), rules, &policy, &faults);
    for (size_t i = 0; i < faults.count; i++)
        print_error("%s\n", faults.at[i]);
    assert_int_equal(status, QV_OK);
    assert_int_equal(faults.count, 0);
    return policy;
}

static inline struct qv_policy *fixture_policy(const char *text)
{
    struct qv_rules rules = fixture_rules();
    return fixture_policy_of(&rules, text);
}

/** The answer to one question, by permit and then, where the operation has an object, by grant. */
struct fixture_answer {
    enum qv_status status;
    bool by_operation; /**< it was refused before the object was looked at */
    bool reference_words;
    const char *rule;
    char words[300];
};

static inline struct fixture_answer fixture_ask(struct qv_policy *policy,
                                                const struct qv_caller *caller,
                                                enum qv_operation operation,
                                                const struct qv_object *object)
{
    QV_CLEANUP(qv_rights) struct qv_rights *rights = NULL;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    struct qv_permit permit;
    struct qv_grant grant = {0};
    struct qv_decision decision = {0};
    struct fixture_answer answer = {0};
    assert_int_equal(qv_policy_rights(policy, caller, &rights), QV_OK);
    answer.status = qv_policy_permit(rights, operation, &permit, &decision, &error);
    answer.by_operation = answer.status != QV_OK;
    if (answer.status == QV_OK && qv_operation_has_object(operation)) {
        answer.status = qv_policy_grant(&permit, object, &grant, &decision, &error);
        assert_int_equal(qv_grant_covers(&grant, operation), answer.status == QV_OK);
    }
    answer.rule = decision.rule;
    answer.reference_words = decision.reference_words;
    if (answer.status != QV_OK)
        snprintf(answer.words, sizeof(answer.words), "%s", qv_error_message(&error));
    return answer;
}

#endif
