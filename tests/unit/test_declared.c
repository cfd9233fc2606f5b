// links: identity
/*
 * The bearer header of declared listeners: each row of spec/arrowhead-discovery 1.3.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <quiver/base/memory.h>
#include <quiver/identity/identity.h>
#include <string.h>

#define NONE    "No authorization header has been provided"
#define INVALID "Invalid authorization header"

static void taken(void **state)
{
    (void)state;
    static const struct {
        const char *header, *system;
        enum qv_profile profile;
    } rows[] = {
        {"Bearer SYSTEM//temperature-provider2", "temperature-provider2", QV_PROFILE_SYSTEM},
        {"Bearer SYSTEM//Temperature-Provider2", "Temperature-Provider2", QV_PROFILE_SYSTEM},
        {"  Bearer SYSTEM//a\t ", "a", QV_PROFILE_SYSTEM},
        {"Bearer SYSTEM//a//", "a", QV_PROFILE_SYSTEM},
        {"Bearer SYSTEM//a////", "a", QV_PROFILE_SYSTEM},
        {"Bearer SYSTEM///x", "/x", QV_PROFILE_SYSTEM},
        {"Bearer SYSTEM//a/b", "a/b", QV_PROFILE_SYSTEM},
        {"Bearer SYSTEM//a/", "a/", QV_PROFILE_SYSTEM},
        {"Bearer SYSTEM//SysOp", "SysOp", QV_PROFILE_OPERATOR},
        {"Bearer SYSTEM//sysop2", "sysop2", QV_PROFILE_SYSTEM},
        {"Bearer SYSTEM//sysop\tx", "sysop\tx", QV_PROFILE_SYSTEM},
        {"Bearer SYSTEM//\xC3\xA4", "\xC3\xA4", QV_PROFILE_SYSTEM},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct qv_str header = qv_str_from(rows[i].header);
        QV_CLEANUP(qv_identity) struct qv_identity *identity = NULL;
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        assert_int_equal(
            qv_identity_from_declared(qv_dialect_get(QV_DIALECT_5_0), &header, &identity, &error),
            QV_OK);
        assert_string_equal(identity->system, rows[i].system);
        assert_int_equal(identity->profile, rows[i].profile);
        assert_null(identity->cloud);
        assert_null(identity->certificate);
    }
}

static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *header, *words;
    } rows[] = {
        {"", NONE},
        {" \t ", NONE},
        {"Bearer SYSTEM//", INVALID},
        {"Bearer SYSTEM////", INVALID},
        {"Bearer SYSTEM", INVALID},
        {"Bearer SYSTEM/a", INVALID},
        {"Bearer", INVALID},
        {"SYSTEM//a", INVALID},
        {"Bearer SYSTEM//a//b", INVALID},
        {"Bearer SYSTEM////a", INVALID},
        {"Bearer SYSTEM//a///", INVALID},
        {"bearer SYSTEM//a", INVALID},
        {"Bearer system//a", INVALID},
        {"Bearer IDENTITY-TOKEN//a", INVALID},
        {"Basic YTpi", INVALID},
        {"Bearer  SYSTEM//a", INVALID},
        {"Bearer\tSYSTEM//a", INVALID},
        {"Bearer SYSTEM//a b", INVALID},
        {"Bearer SYSTEM//\xE4", INVALID},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct qv_str header = qv_str_from(rows[i].header);
        struct qv_identity *identity = NULL;
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        assert_int_equal(
            qv_identity_from_declared(qv_dialect_get(QV_DIALECT_5_0), &header, &identity, &error),
            QV_UNAUTHENTICATED);
        assert_string_equal(qv_error_message(&error), rows[i].words);
        assert_int_equal(error.status, QV_UNAUTHENTICATED);
        assert_null(identity);
    }
}

static void not_sent_and_nul(void **state)
{
    (void)state;
    struct qv_identity *identity = NULL;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    assert_int_equal(
        qv_identity_from_declared(qv_dialect_get(QV_DIALECT_5_0), NULL, &identity, &error),
        QV_UNAUTHENTICATED);
    assert_string_equal(qv_error_message(&error), NONE);
    struct qv_str nul = QV_STR("Bearer SYSTEM//a\0b");
    assert_int_equal(
        qv_identity_from_declared(qv_dialect_get(QV_DIALECT_5_0), &nul, &identity, &error),
        QV_UNAUTHENTICATED);
    assert_string_equal(qv_error_message(&error), INVALID);
    assert_null(identity);
}

static void references_are_counted(void **state)
{
    (void)state;
    struct qv_str header = QV_STR("Bearer SYSTEM//a");
    struct qv_identity *first = NULL;
    assert_int_equal(
        qv_identity_from_declared(qv_dialect_get(QV_DIALECT_5_0), &header, &first, NULL), QV_OK);
    struct qv_identity *second = qv_identity_ref(first);
    qv_identity_free(&first);
    assert_null(first);
    assert_string_equal(second->system, "a");
    qv_identity_free(&second);
    qv_identity_free(&second);
    assert_null(qv_identity_ref(NULL));
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct qv_str header = QV_STR("Bearer SYSTEM//a");
    struct qv_identity *identity = NULL;
    size_t failures = 0;
    for (size_t nth = 1; identity == NULL; nth++, failures++) {
        qv_memory_fail_at(nth);
        enum qv_status status =
            qv_identity_from_declared(qv_dialect_get(QV_DIALECT_5_0), &header, &identity, NULL);
        qv_memory_fail_at(0);
        assert_int_equal(status, identity != NULL ? QV_OK : QV_NO_MEMORY);
    }
    assert_true(failures > 1);
    qv_identity_free(&identity);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(taken),
        cmocka_unit_test(refused),
        cmocka_unit_test(not_sent_and_nul),
        cmocka_unit_test(references_are_counted),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
