// links: policy
/*
 * The rights of the policy that is built in, as a decision table: who, what, on what. And what
 * every policy holds to: default deny, deny before allow, the words of refusals.
 */
#include "policy_fixture.h"

#define OP(name) QV_OP_##name

static const struct fixture_who system_a = {.system = "a"},
                                operator_b = {.system = "b", .operator_ = true};
static const struct fixture_who nobody = {0}, at_ops = {.listener = "ops"},
                                a_at_ops = {.system = "a", .listener = "ops"},
                                key_holder = {.service_key = true};
static const struct fixture_what none = {0}, of_a = {.provider = "a", .service = "s"},
                                 of_b = {.provider = "b", .service = "s"},
                                 of_A = {.provider = "A", .service = "s"};

#define MANAGEMENT "Requester has no management permission"
#define REVOKING   "Revoking other systems' service is forbidden"

static const struct row {
    const struct fixture_who *who;
    enum qv_operation operation;
    const struct fixture_what *what;
    const char *words; /* NULL: allowed */
    const char *rule;
    bool reference;
} rows[] = {
    {&system_a, OP(SERVICE_LOOKUP), &none, NULL, "everyone may look", false},
    {&system_a, OP(SYSTEM_LOOKUP), &none, NULL, "everyone may look", false},
    {&operator_b, OP(DEVICE_LOOKUP), &none, NULL, "everyone may look", false},
    {&system_a, OP(MONITOR_ECHO), &none, NULL, "everyone may look", false},
    {&system_a, OP(DEVICE_REGISTER), &none, NULL, "devices are everyone's", false},
    {&operator_b, OP(DEVICE_REVOKE), &none, NULL, "devices are everyone's", false},
    {&system_a, OP(SERVICE_REGISTER), &of_a, NULL, "providers publish their own", false},
    {&system_a, OP(SERVICE_REVOKE), &of_a, NULL, "providers publish their own", false},
    {&operator_b, OP(SYSTEM_REGISTER), &of_b, NULL, "providers publish their own", false},
    {&operator_b, OP(SYSTEM_REVOKE), &of_b, NULL, "providers publish their own", false},
    /* what is another's: operators, too; no spelling gets another's rights (spec Q20) */
    {&system_a, OP(SERVICE_REVOKE), &of_b, REVOKING, "providers publish their own", true},
    {&operator_b, OP(SERVICE_REVOKE), &of_a, REVOKING, "providers publish their own", true},
    {&system_a, OP(SERVICE_REVOKE), &of_A, REVOKING, "providers publish their own", true},
    {&system_a, OP(SERVICE_REVOKE), &none, REVOKING, "providers publish their own", true},
    {&system_a, OP(SERVICE_REGISTER), &of_b, "Registering other systems' service is forbidden",
     "providers publish their own", false},
    {&system_a, OP(SYSTEM_REGISTER), &of_b, "Registering other systems is forbidden",
     "providers publish their own", false},
    {&system_a, OP(SYSTEM_REVOKE), &of_b, "Revoking other systems is forbidden",
     "providers publish their own", false},
    /* management and ops */
    {&operator_b, OP(MANAGEMENT_ACCESS), &none, NULL, "operators manage", false},
    {&operator_b, OP(OPS_METRICS), &none, NULL, "operators manage", false},
    {&system_a, OP(MANAGEMENT_ACCESS), &none, MANAGEMENT, NULL, true},
    {&nobody, OP(MANAGEMENT_ACCESS), &none, MANAGEMENT, NULL, true},
    {&system_a, OP(OPS_METRICS), &none, "no rule allows ops.metrics", NULL, false},
    {&nobody, OP(OPS_HEALTH), &none, "no rule allows ops.health", NULL, false},
    {&at_ops, OP(OPS_HEALTH), &none, NULL, "who reaches the ops listener may read it", false},
    {&at_ops, OP(OPS_OPENAPI), &none, NULL, "who reaches the ops listener may read it", false},
    {&a_at_ops, OP(OPS_METRICS), &none, NULL, "known callers who reach it may read it, too", false},
    /* who has no identity */
    {&nobody, OP(SERVICE_LOOKUP), &none, "no rule allows service.lookup", NULL, false},
    {&nobody, OP(SERVICE_REGISTER), &of_a, "no rule allows service.register", NULL, false},
    {&nobody, OP(DEVICE_REVOKE), &none, "no rule allows device.revoke", NULL, false},
    {&nobody, OP(CHAP_LIST), &none, NULL, "anyone may read what CHAP registered", false},
    {&nobody, OP(CHAP_GET), &none, NULL, "anyone may read what CHAP registered", false},
    {&system_a, OP(CHAP_GET), &none, NULL, "known callers may read it, too", false},
    {&nobody, OP(CHAP_REGISTER), &none, "no rule allows chap.register", NULL, false},
    /* with a certificate: the service of the caller's own name */
    {&system_a, OP(CHAP_REGISTER), &of_a, NULL, "systems keep their own CHAP services", false},
    {&operator_b, OP(CHAP_PING), &of_b, NULL, "systems keep their own CHAP services", false},
    {&system_a, OP(CHAP_DELETE), &of_a, NULL, "systems keep their own CHAP services", false},
    {&system_a, OP(CHAP_DELETE), &of_b, "Deleting other systems' CHAP service is forbidden",
     "systems keep their own CHAP services", false},
    {&system_a, OP(CHAP_PING), &none, "Pinging other systems' CHAP service is forbidden",
     "systems keep their own CHAP services", false},
    {&key_holder, OP(CHAP_REGISTER), &none, NULL,
     "holders of a service key keep their CHAP services", false},
    {&key_holder, OP(CHAP_PING), &none, NULL, "holders of a service key keep their CHAP services",
     false},
    {&key_holder, OP(SERVICE_LOOKUP), &none, "no rule allows service.lookup", NULL, false},
};

static void check_row(struct qv_policy *policy, const struct row *row)
{
    struct fixture_caller caller;
    struct fixture_object object;
    fixture_caller(row->who, &caller);
    fixture_object(row->what, &object);
    struct fixture_answer answer =
        fixture_ask(policy, &caller.caller, row->operation, &object.object);
    if (row->words == NULL && answer.status != QV_OK)
        fail_msg("row %td: %s", row - rows, answer.words);
    assert_int_equal(answer.status, row->words == NULL ? QV_OK : QV_DENIED);
    assert_string_equal(answer.words, row->words != NULL ? row->words : "");
    assert_int_equal(answer.reference_words, row->reference);
    if (row->rule == NULL)
        assert_null(answer.rule);
    else
        assert_string_equal(answer.rule, row->rule);
}

static void built_in_rights_are_the_references(void **state)
{
    (void)state;
    struct qv_rules dialects[] = {fixture_rules(), fixture_rules_5_2()};
    for (size_t d = 0; d < COUNT_OF(dialects); d++) {
        QV_CLEANUP(qv_policy) struct qv_policy *policy = NULL;
        assert_int_equal(qv_policy_builtin(&dialects[d], &policy), QV_OK);
        for (size_t i = 0; i < COUNT_OF(rows); i++)
            check_row(policy, &rows[i]);
    }
}

static void operations_have_names(void **state)
{
    (void)state;
    for (unsigned i = 0; i < QV_OP_COUNT; i++) {
        enum qv_operation operation = (enum qv_operation)i;
        const char *name = qv_operation_name(operation);
        assert_non_null(strchr(name, '.'));
        assert_true(strlen(qv_operation_about(operation)) > 5);
        assert_int_equal(qv_operation_find(qv_str_from(name)), operation);
    }
    assert_string_equal(qv_operation_name(QV_OP_COUNT), "unknown");
    assert_int_equal(qv_operation_find(QV_STR("service")), QV_OP_COUNT);
    /* What the store makes of it: exactly the changes. */
    assert_true(qv_operation_has_object(QV_OP_SERVICE_REGISTER));
    assert_true(qv_operation_has_object(QV_OP_DEVICE_REVOKE));
    assert_true(qv_operation_has_object(QV_OP_CHAP_PING));
    assert_false(qv_operation_has_object(QV_OP_SERVICE_LOOKUP));
    assert_false(qv_operation_has_object(QV_OP_CHAP_LIST));
}

/* A token that nobody gave opens nothing. */
static void grants_come_from_policies(void **state)
{
    (void)state;
    struct qv_grant grant = {0};
    for (unsigned i = 0; i < QV_OP_COUNT; i++)
        assert_false(qv_grant_covers(&grant, (enum qv_operation)i));
    struct qv_rules rules = fixture_rules();
    QV_CLEANUP(qv_policy) struct qv_policy *policy = NULL;
    QV_CLEANUP(qv_rights) struct qv_rights *rights = NULL;
    struct fixture_caller caller;
    struct qv_permit permit;
    struct qv_decision decision;
    fixture_caller(&system_a, &caller);
    assert_int_equal(qv_policy_builtin(&rules, &policy), QV_OK);
    assert_int_equal(qv_policy_rights(policy, &caller.caller, &rights), QV_OK);
    assert_int_equal(qv_policy_permit(rights, QV_OP_DEVICE_REVOKE, &permit, &decision, NULL),
                     QV_OK);
    const struct qv_object object = {0};
    assert_int_equal(qv_policy_grant(&permit, &object, &grant, &decision, NULL), QV_OK);
    assert_true(qv_grant_covers(&grant, QV_OP_DEVICE_REVOKE));
    assert_false(qv_grant_covers(&grant, QV_OP_SYSTEM_REVOKE));
}

/* Rights hold their policy, so that a reload does not take it from under a request. */
static void rights_outlive_the_policys_owner(void **state)
{
    (void)state;
    struct qv_policy *policy = fixture_policy("version: 1\nrules:\n"
                                              "  - {name: one, who: {systems: a}, allow: '*'}\n");
    assert_int_equal(qv_policy_rule_count(policy), 1);
    QV_CLEANUP(qv_rights) struct qv_rights *rights = NULL, *other = NULL;
    struct fixture_caller caller;
    struct qv_permit permit;
    struct qv_decision decision;
    fixture_caller(&system_a, &caller);
    assert_int_equal(qv_policy_rights(policy, &caller.caller, &rights), QV_OK);
    other = qv_rights_ref(rights);
    qv_policy_free(&policy);
    assert_null(policy);
    qv_rights_free(&rights);
    assert_int_equal(qv_policy_permit(other, QV_OP_SYSTEM_LOOKUP, &permit, &decision, NULL), QV_OK);
    assert_string_equal(decision.rule, "one");
    qv_rights_free(&rights);
    assert_null(qv_policy_ref(NULL));
    assert_null(qv_rights_ref(NULL));
}

/* Each allocation on the way from text to an answer fails once: an error, nothing lost, no right.
 */
static void out_of_memory_permits_nothing(void **state)
{
    (void)state;
    static const char text[] =
        "version: 1\n"
        "groups: {g: [a, b*]}\n"
        "rules:\n"
        "  - {name: one, who: {systems: ['@g', c]}, allow: service.register,\n"
        "     on: {provider: self, metadata: {unit: {op: STARTS_WITH, value: kel}}}}\n"
        "  - {name: two, who: {networks: 10.0.0.0/8}, deny: 'system.*', unless: {services: x*}}\n"
        "visible:\n"
        "  - {name: three, who: {serials: 0a}, on: {versions: 1}}\n";
    struct qv_rules rules = fixture_rules();
    struct fixture_caller caller;
    struct fixture_object object;
    fixture_caller(&system_a, &caller);
    fixture_object(&(struct fixture_what){.provider = "a", .metadata = "{\"unit\": \"kelvin\"}"},
                   &object);
    bool done = false;
    for (size_t nth = 1; !done; nth++) {
        assert_true(nth < 1000);
        QV_CLEANUP(qv_policy) struct qv_policy *policy = NULL;
        QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
        struct qv_explanation explanation = {0};
        qv_memory_fail_at(nth);
        enum qv_status status =
            qv_policy_parse("policy.yaml", qv_str_from(text), &rules, &policy, &faults);
        if (status == QV_OK)
            status = qv_policy_explain(policy, &caller.caller, QV_OP_SERVICE_REGISTER,
                                       &object.object, &explanation);
        done = qv_memory_count() < nth;
        qv_memory_fail_at(0);
        assert_int_equal(faults.count, 0);
        if (done)
            assert_true(status == QV_OK && explanation.allowed);
        else if (status == QV_OK)
            assert_false(explanation.allowed);
        else
            assert_int_equal(status, QV_NO_MEMORY);
        qv_explanation_free(&explanation);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(built_in_rights_are_the_references),
        cmocka_unit_test(operations_have_names),
        cmocka_unit_test(grants_come_from_policies),
        cmocka_unit_test(rights_outlive_the_policys_owner),
        cmocka_unit_test(out_of_memory_permits_nothing),
    };
    return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
