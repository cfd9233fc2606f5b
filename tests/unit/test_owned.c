// links: registry
/*
 * The instances of one owner: places are right through growing, leaving and shrinking, and a place
 * that was promised needs no memory any more.
 */
#include "../../src/registry/owned.h"

#include "../../src/registry/view.h"

#include <quiver/base/memory.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MANY = 1000 };

static struct instance_record records[MANY];

static void join(struct owned *owned, struct instance_record *record)
{
    record->place[0] = owned_join(owned, record);
}

static void leave(struct owned *owned, struct instance_record *record)
{
    uint32_t place = record->place[0];
    struct instance_record *moved = owned_leave(owned, place);
    if (moved != NULL)
        moved->place[0] = place;
}

/* Each that is in stands where it says. */
static void check(const struct owned *owned, const bool in[MANY])
{
    uint32_t count = 0;
    for (size_t i = 0; i < MANY; i++) {
        if (!in[i])
            continue;
        count++;
        assert_true(records[i].place[0] < owned->count);
        assert_ptr_equal(owned_all(owned)[records[i].place[0]], &records[i]);
    }
    assert_int_equal(owned->count, count);
}

static void each_stands_where_it_says(void **state)
{
    (void)state;
    struct owned owned = {0};
    bool in[MANY] = {false};
    srand(7);
    for (int i = 0; i < 20000; i++) {
        /* first more join than leave, later more leave than join */
        bool joins = rand() % 100 < (i < 10000 ? 60 : 40);
        size_t which = (size_t)rand() % MANY;
        if (joins == in[which])
            continue;
        if (joins) {
            assert_int_equal(owned_promise(&owned), QV_OK);
            join(&owned, &records[which]);
        } else {
            leave(&owned, &records[which]);
        }
        in[which] = joins;
        if (i % 50 == 0)
            check(&owned, in);
    }
    check(&owned, in);
    owned_free(&owned);
}

static void a_single_one_needs_no_memory(void **state)
{
    (void)state;
    struct owned owned = {0};
    qv_memory_fail_at(1);
    assert_int_equal(owned_promise(&owned), QV_OK);
    join(&owned, &records[0]);
    qv_memory_fail_at(0);
    assert_ptr_equal(owned_all(&owned)[0], &records[0]);
    /* replaced: the new one has a place before the old one leaves */
    assert_int_equal(owned_promise(&owned), QV_OK);
    leave(&owned, &records[0]);
    join(&owned, &records[1]);
    assert_int_equal(owned.count, 1);
    assert_int_equal(owned.capacity, 0);
    assert_ptr_equal(owned_all(&owned)[0], &records[1]);
    leave(&owned, &records[1]);
    assert_int_equal(owned.count, 0);
    owned_free(&owned);
}

/* Also where others leave before those that were promised a place have come. */
static void what_was_promised_needs_no_memory(void **state)
{
    (void)state;
    struct owned owned = {0};
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(owned_promise(&owned), QV_OK);
        join(&owned, &records[i]);
    }
    for (size_t i = 0; i < 50; i++)
        assert_int_equal(owned_promise(&owned), QV_OK);
    assert_true(owned.capacity >= 150);
    for (size_t i = 0; i < 100; i++)
        leave(&owned, &records[i]);
    assert_true(owned.capacity >= 50);
    qv_memory_fail_at(1);
    for (size_t i = 0; i < 50; i++)
        join(&owned, &records[i]);
    assert_int_equal(qv_memory_count(), 0);
    qv_memory_fail_at(0);
    assert_int_equal(owned.promised, 0);
    bool in[MANY] = {false};
    for (size_t i = 0; i < 50; i++)
        in[i] = true;
    check(&owned, in);
    owned_free(&owned);
}

static void memory_is_given_back(void **state)
{
    (void)state;
    struct owned owned = {0};
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(owned_promise(&owned), QV_OK);
        join(&owned, &records[i]);
    }
    for (size_t i = 10; i < MANY; i++)
        leave(&owned, &records[i]);
    assert_int_equal(owned.count, 10);
    assert_true(owned.capacity < 40);
    /* without memory for a smaller array the larger stays, and nothing else is lost */
    uint32_t capacity = owned.capacity;
    bool in[MANY] = {false};
    for (size_t i = 0; i < 10; i++)
        in[i] = true;
    for (size_t i = 0; i < 8; i++) {
        qv_memory_fail_at(1);
        leave(&owned, &records[i]);
        qv_memory_fail_at(0);
        in[i] = false;
        check(&owned, in);
    }
    assert_int_equal(owned.capacity, capacity);
    owned_free(&owned);
    assert_int_equal(owned.count, 0);
}

static void without_memory_nothing_changes(void **state)
{
    (void)state;
    struct owned owned = {0};
    bool in[MANY] = {false};
    for (size_t i = 0; i < 8; i++) {
        size_t asked = 0;
        qv_memory_fail_at(1);
        if (owned_promise(&owned) != QV_OK) {
            asked = qv_memory_count();
            check(&owned, in);
            qv_memory_fail_at(0);
            assert_int_equal(owned_promise(&owned), QV_OK);
        }
        qv_memory_fail_at(0);
        /* an array is due for the second, the fourth and the eighth */
        assert_int_equal(asked, i == 1 || i == 3 || i == 7);
        join(&owned, &records[i]);
        in[i] = true;
    }
    /* a promise that was taken back leaves its place to the next */
    assert_int_equal(owned_promise(&owned), QV_OK);
    owned_release(&owned);
    qv_memory_fail_at(1);
    assert_int_equal(owned_promise(&owned), QV_OK);
    qv_memory_fail_at(0);
    owned_free(&owned);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_stands_where_it_says),
        cmocka_unit_test(a_single_one_needs_no_memory),
        cmocka_unit_test(what_was_promised_needs_no_memory),
        cmocka_unit_test(memory_is_given_back),
        cmocka_unit_test(without_memory_nothing_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
