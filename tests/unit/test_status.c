// links: base
/*
 * Status classes and names, and how an error carries, prefixes and drops its words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <quiver/base/memory.h>
#include <quiver/base/status.h>
#include <string.h>

static void classes(void **state)
{
    (void)state;
    static const struct {
        enum qv_status status;
        enum qv_status_class class;
    } rows[] = {
        {QV_OK, QV_CLASS_OK},
        {QV_INVALID, QV_CLASS_INVALID},
        {QV_METHOD_NOT_ALLOWED, QV_CLASS_INVALID},
        {QV_NOT_ACCEPTABLE, QV_CLASS_INVALID},
        {QV_TOO_LARGE, QV_CLASS_INVALID},
        {QV_UNSUPPORTED_MEDIA, QV_CLASS_INVALID},
        {QV_UNAUTHENTICATED, QV_CLASS_UNAUTHENTICATED},
        {QV_DENIED, QV_CLASS_DENIED},
        {QV_TOO_MANY, QV_CLASS_DENIED},
        {QV_NOT_FOUND, QV_CLASS_NOT_FOUND},
        {QV_LOCKED, QV_CLASS_CONFLICT},
        {QV_UNAVAILABLE, QV_CLASS_UNAVAILABLE},
        {QV_NO_MEMORY, QV_CLASS_UNAVAILABLE},
        {QV_INTERNAL, QV_CLASS_INTERNAL},
        {QV_FOREIGN, QV_CLASS_INTERNAL},
        {(enum qv_status)99, QV_CLASS_INTERNAL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(qv_status_class(rows[i].status), rows[i].class);
        assert_true(strlen(qv_status_name(rows[i].status)) > 0);
    }
    assert_string_equal(qv_status_name(QV_INVALID), "invalid");
    assert_string_equal(qv_status_name((enum qv_status)99), "unknown");
}

static void set_formats_and_replaces(void **state)
{
    (void)state;
    struct qv_error error = {0};
    assert_string_equal(qv_error_message(&error), "ok");
    assert_int_equal(qv_error_set(&error, QV_DENIED, "%s may not %d", "x", 7), QV_DENIED);
    assert_string_equal(qv_error_message(&error), "x may not 7");
    /* its own message may be an argument of the next */
    assert_int_equal(qv_error_set(&error, QV_INVALID, "again: %s", error.message), QV_INVALID);
    assert_string_equal(qv_error_message(&error), "again: x may not 7");
    assert_int_equal(error.status, QV_INVALID);
    qv_error_free(&error);
    assert_int_equal(error.status, QV_OK);
    assert_null(error.message);
    qv_error_free(&error);
    qv_error_free(NULL);
}

static void messages_of_any_length(void **state)
{
    (void)state;
    char text[5000];
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    struct qv_error error = {0};
    assert_int_equal(qv_error_set(&error, QV_INVALID, "<%s>", text), QV_INVALID);
    assert_int_equal(strlen(qv_error_message(&error)), sizeof(text) + 1);
    qv_error_free(&error);
}

static void prefix_keeps_the_status(void **state)
{
    (void)state;
    struct qv_error error = {0};
    assert_int_equal(qv_error_set(&error, QV_NOT_FOUND, "no such file"), QV_NOT_FOUND);
    assert_int_equal(qv_error_prefix(&error, "%s:%d", "a.yaml", 3), QV_NOT_FOUND);
    assert_string_equal(qv_error_message(&error), "a.yaml:3: no such file");
    qv_error_free(&error);
}

static void nobody_listens(void **state)
{
    (void)state;
    assert_int_equal(qv_error_set(NULL, QV_LOCKED, "x"), QV_LOCKED);
    assert_int_equal(qv_error_prefix(NULL, "x"), QV_INTERNAL);
    assert_string_equal(qv_error_message(NULL), "");
}

static void without_memory_the_status_stays(void **state)
{
    (void)state;
    struct qv_error error = {0};
    qv_memory_fail_at(1);
    assert_int_equal(qv_error_set(&error, QV_DENIED, "x"), QV_DENIED);
    assert_string_equal(qv_error_message(&error), "denied");
    assert_int_equal(qv_error_set(&error, QV_DENIED, "y"), QV_DENIED);
    qv_memory_fail_at(1);
    assert_int_equal(qv_error_prefix(&error, "p"), QV_DENIED);
    assert_string_equal(qv_error_message(&error), "y");
    qv_memory_fail_at(0);
    qv_error_free(&error);
}

static enum qv_status tries(enum qv_status status)
{
    QV_TRY(status);
    return QV_LOCKED;
}

static void try_leaves(void **state)
{
    (void)state;
    assert_int_equal(tries(QV_DENIED), QV_DENIED);
    assert_int_equal(tries(QV_OK), QV_LOCKED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes),
        cmocka_unit_test(set_formats_and_replaces),
        cmocka_unit_test(messages_of_any_length),
        cmocka_unit_test(prefix_keeps_the_status),
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(without_memory_the_status_stays),
        cmocka_unit_test(try_leaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
