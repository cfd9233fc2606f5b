// links: policy
/*
 * The built-in rights as a decision table: who, what, on what.
 */
#include <quiver/policy/policy.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct qv_policy *policy;

static int set_up(void **state)
{
    (void)state;
    return qv_policy_builtin(&policy) == QV_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    qv_policy_free(&policy);
    return 0;
}

static void decides_about_operations(void **state)
{
    (void)state;
    struct qv_identity somebody = {.system = (char *)"a", .profile = QV_PROFILE_SYSTEM};
    for (int op = 0; op < QV_OP_COUNT; op++) {
        enum qv_operation operation = (enum qv_operation)op;
        struct qv_permit permit;
        struct qv_decision decision = {0};
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        assert_int_equal(qv_policy_permit(policy, &somebody, operation, &permit, &decision, &error),
                         QV_OK);
        assert_non_null(decision.rule);
        bool ops = operation >= QV_OP_OPS_HEALTH && operation <= QV_OP_OPS_OPENAPI;
        enum qv_status expected = ops ? QV_OK : QV_DENIED;
        assert_int_equal(qv_policy_permit(policy, NULL, operation, &permit, &decision, &error),
                         expected);
        assert_string_not_equal(qv_operation_name(operation), "unknown");
    }
}

static void decides_about_objects(void **state)
{
    (void)state;
    static const struct {
        enum qv_operation operation;
        const char *requester, *provider;
        enum qv_profile profile;
        enum qv_status status;
        const char *words;
    } rows[] = {
        {QV_OP_SERVICE_REGISTER, "a", "a", QV_PROFILE_SYSTEM, QV_OK, NULL},
        {QV_OP_SERVICE_REGISTER, "a", "b", QV_PROFILE_SYSTEM, QV_DENIED,
         "Registering other systems' service is forbidden"},
        {QV_OP_SERVICE_REVOKE, "a", "a", QV_PROFILE_SYSTEM, QV_OK, NULL},
        {QV_OP_SERVICE_REVOKE, "a", "b", QV_PROFILE_SYSTEM, QV_DENIED,
         "Revoking other systems' service is forbidden"},
        /* the reference makes no exception for operators, and no spelling gets another's rights */
        {QV_OP_SERVICE_REVOKE, "a", "b", QV_PROFILE_OPERATOR, QV_DENIED,
         "Revoking other systems' service is forbidden"},
        {QV_OP_SERVICE_REVOKE, "a", "A", QV_PROFILE_SYSTEM, QV_DENIED,
         "Revoking other systems' service is forbidden"},
        {QV_OP_SYSTEM_REVOKE, "a", "b", QV_PROFILE_SYSTEM, QV_DENIED,
         "Revoking other systems is forbidden"},
        {QV_OP_DEVICE_REVOKE, "a", "", QV_PROFILE_SYSTEM, QV_OK, NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct qv_identity who = {.system = (char *)rows[i].requester, .profile = rows[i].profile};
        struct qv_permit permit;
        struct qv_grant grant = {0};
        struct qv_decision decision = {0};
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        assert_int_equal(
            qv_policy_permit(policy, &who, rows[i].operation, &permit, &decision, &error), QV_OK);
        const struct qv_object object = {.requester = qv_str_from(rows[i].requester),
                                         .provider = qv_str_from(rows[i].provider)};
        assert_int_equal(qv_policy_grant(&permit, &object, &grant, &decision, &error),
                         rows[i].status);
        if (rows[i].status != QV_OK)
            assert_string_equal(qv_error_message(&error), rows[i].words);
        assert_int_equal(qv_grant_covers(&grant, rows[i].operation), rows[i].status == QV_OK);
        assert_false(qv_grant_covers(&grant, QV_OP_MONITOR_ECHO));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(decides_about_operations, set_up, tear_down),
        cmocka_unit_test_setup_teardown(decides_about_objects, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
