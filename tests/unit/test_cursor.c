// links: server
/*
 * The cursor of a sweep: sees every node that stays, however nodes come and go between its turns.
 */
#include "../../src/server/cursor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { NODES = 5 };

static h2o_linklist_t list, nodes[NODES];
static struct qv_cursor cursor;

static int set_up(void **state)
{
    (void)state;
    cursor = (struct qv_cursor){0};
    h2o_linklist_init_anchor(&list);
    for (size_t i = 0; i < NODES; i++) {
        nodes[i] = (h2o_linklist_t){NULL};
        h2o_linklist_insert(&list, &nodes[i]);
    }
    return 0;
}

static void take_out(size_t i)
{
    qv_cursor_forget(&cursor, &nodes[i]);
    h2o_linklist_unlink(&nodes[i]);
}

static void assert_next(size_t i)
{
    assert_ptr_equal(qv_cursor_next(&cursor), &nodes[i]);
}

static void gives_each_once(void **state)
{
    (void)state;
    qv_cursor_begin(&cursor, &list);
    for (size_t i = 0; i < NODES; i++)
        assert_next(i);
    assert_null(qv_cursor_next(&cursor));
    assert_null(qv_cursor_next(&cursor));
}

static void an_empty_list_has_none(void **state)
{
    (void)state;
    h2o_linklist_t empty;
    h2o_linklist_init_anchor(&empty);
    qv_cursor_begin(&cursor, &empty);
    assert_null(qv_cursor_next(&cursor));
}

static void the_one_given_out_may_vanish(void **state)
{
    (void)state;
    qv_cursor_begin(&cursor, &list);
    assert_next(0);
    take_out(0);
    assert_next(1);
    assert_next(2);
    take_out(2);
    take_out(1);
    assert_next(3);
}

static void the_next_ones_may_vanish(void **state)
{
    (void)state;
    qv_cursor_begin(&cursor, &list);
    assert_next(0);
    take_out(1);
    take_out(2);
    assert_next(3);
    take_out(4); /* the last, which was the next */
    assert_null(qv_cursor_next(&cursor));
}

static void all_may_vanish(void **state)
{
    (void)state;
    qv_cursor_begin(&cursor, &list);
    for (size_t i = 0; i < NODES; i++)
        take_out(i);
    assert_null(qv_cursor_next(&cursor));
}

static void who_comes_at_the_end_is_met(void **state)
{
    (void)state;
    h2o_linklist_t late = {NULL};
    qv_cursor_begin(&cursor, &list);
    for (size_t i = 0; i < NODES - 1; i++)
        assert_next(i);
    h2o_linklist_insert(&list, &late);
    assert_next(NODES - 1);
    assert_ptr_equal(qv_cursor_next(&cursor), &late);
    assert_null(qv_cursor_next(&cursor));
}

/* As in a worker that never swept, and in one that did. */
static void forgetting_is_harmless_without_a_sweep(void **state)
{
    (void)state;
    take_out(0);
    qv_cursor_begin(&cursor, &list);
    while (qv_cursor_next(&cursor) != NULL)
        continue;
    take_out(1);
    take_out(NODES - 1);
    assert_null(qv_cursor_next(&cursor));
    qv_cursor_begin(&cursor, &list);
    assert_next(2);
    assert_next(3);
    assert_null(qv_cursor_next(&cursor));
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(gives_each_once),
        TEST(an_empty_list_has_none),
        TEST(the_one_given_out_may_vanish),
        TEST(the_next_ones_may_vanish),
        TEST(all_may_vanish),
        TEST(who_comes_at_the_end_is_met),
        TEST(forgetting_is_harmless_without_a_sweep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
