// links: base
/*
 * The heap functions: zeroing, overflow, the injected failure, and jansson using the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <quiver/base/memory.h>
#include <string.h>

static void allocations_are_zeroed(void **state)
{
    (void)state;
    int *numbers = qv_alloc_array(100, sizeof(int));
    assert_non_null(numbers);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(numbers[i], 0);
    qv_free(numbers);
    void *nothing = qv_alloc(0);
    assert_non_null(nothing);
    qv_free(nothing);
    qv_free(NULL);
}

static void products_that_overflow_are_refused(void **state)
{
    (void)state;
    assert_null(qv_alloc_array(SIZE_MAX / 2, 3));
    int *kept = qv_alloc_array(1, sizeof(int));
    assert_non_null(kept);
    assert_null(qv_realloc_array(kept, SIZE_MAX / 2, 3));
    kept[0] = 5; /* the old one is still there */
    kept = qv_realloc_array(kept, 1000, sizeof(int));
    assert_non_null(kept);
    assert_int_equal(kept[0], 5);
    qv_free(kept);
}

static void copies(void **state)
{
    (void)state;
    char *copy = qv_strdup("temperature");
    assert_string_equal(copy, "temperature");
    qv_free(copy);
    copy = qv_strndup("temperature", 4);
    assert_string_equal(copy, "temp");
    qv_free(copy);
    copy = qv_strndup(NULL, 0);
    assert_string_equal(copy, "");
    qv_free(copy);
    assert_null(qv_strndup("x", SIZE_MAX));
}

static void the_chosen_allocation_fails(void **state)
{
    (void)state;
    qv_memory_fail_at(2);
    void *first = qv_alloc(1);
    assert_non_null(first);
    assert_null(qv_realloc_array(first, 10, 1));
    char *third = qv_strdup("x");
    assert_non_null(third);
    assert_int_equal(qv_memory_count(), 3);
    qv_memory_fail_at(1);
    assert_null(qv_strdup("x"));
    qv_memory_fail_at(0);
    assert_int_equal(qv_memory_count(), 0);
    qv_free(first);
    qv_free(third);
}

static void jansson_uses_the_same(void **state)
{
    (void)state;
    qv_memory_init();
    qv_memory_fail_at(1);
    assert_null(json_string("x"));
    json_t *value = json_string("x");
    assert_non_null(value);
    assert_true(qv_memory_count() >= 2);
    qv_memory_fail_at(0);
    json_decref(value);
}

static void wiping(void **state)
{
    (void)state;
    char secret[] = "secret";
    qv_memory_wipe(secret, sizeof(secret));
    for (size_t i = 0; i < sizeof(secret); i++)
        assert_int_equal(secret[i], 0);
    qv_memory_wipe(NULL, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocations_are_zeroed),
        cmocka_unit_test(products_that_overflow_are_refused),
        cmocka_unit_test(copies),
        cmocka_unit_test(the_chosen_allocation_fails),
        cmocka_unit_test(jansson_uses_the_same),
        cmocka_unit_test(wiping),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
