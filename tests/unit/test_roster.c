// links: registry
/*
 * The list of all records of a kind: places stay, and free ones are given anew.
 */
#include "../../src/registry/roster.h"

#include <quiver/base/memory.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>

#include <cmocka.h>

enum { MANY = 1000 };

static void places_stay_and_are_given_anew(void **state)
{
    (void)state;
    static uint64_t records[MANY];
    size_t places[MANY];
    struct roster roster = {0};
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(roster_add(&roster, &records[i], &places[i]), QV_OK);
    assert_int_equal(roster.used, MANY);
    for (size_t i = 0; i < MANY; i += 3)
        roster_remove(&roster, places[i]);
    for (size_t i = 0; i < MANY; i++)
        assert_ptr_equal(roster_at(&roster, places[i]), i % 3 == 0 ? NULL : &records[i]);
    for (size_t i = 0; i < MANY; i += 3) {
        assert_int_equal(roster_add(&roster, &records[i], &places[i]), QV_OK);
        assert_true(places[i] < MANY);
    }
    assert_int_equal(roster.used, MANY);
    bool met[MANY] = {0};
    for (size_t i = 0; i < MANY; i++) {
        size_t which = (size_t)((uint64_t *)roster_at(&roster, i) - records);
        assert_false(met[which]);
        met[which] = true;
    }
    roster_free(&roster);
    assert_int_equal(roster.used, 0);
}

static void without_memory_nothing_changes(void **state)
{
    (void)state;
    uint64_t record;
    size_t place = 77;
    struct roster roster = {0};
    qv_memory_fail_at(1);
    assert_int_equal(roster_add(&roster, &record, &place), QV_NO_MEMORY);
    qv_memory_fail_at(0);
    assert_int_equal(place, 77);
    assert_int_equal(roster.used, 0);
    roster_free(&roster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_stay_and_are_given_anew),
        cmocka_unit_test(without_memory_nothing_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
