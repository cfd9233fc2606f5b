// links: base
/*
 * The timer queue: order, moving, disarming from within, lack of memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <quiver/base/clock.h>
#include <quiver/base/memory.h>
#include <stdlib.h>

struct item {
    struct qv_timer timer;
    int number;
};
static struct qv_timers timers;
static int fired[2000];
static size_t fired_count;

static void note(struct qv_timer *timer)
{
    assert_int_equal(timer->place, 0);
    fired[fired_count++] = ((struct item *)timer)->number;
}

static struct qv_mono at(int64_t us)
{
    return (struct qv_mono){us};
}

static int clean(void **state)
{
    (void)state;
    qv_timers_free(&timers);
    fired_count = 0;
    return 0;
}

static void fire_in_order(void **state)
{
    (void)state;
    static struct item items[1000];
    unsigned seed = 1;
    for (int i = 0; i < 1000; i++) {
        seed = seed * 1103515245 + 12345;
        items[i] = (struct item){.timer.fire = note, .number = (int)(seed >> 16) % 500};
        assert_int_equal(qv_timers_arm(&timers, &items[i].timer, at(items[i].number)), QV_OK);
    }
    for (int i = 0; i < 1000; i += 3)
        qv_timers_disarm(&timers, &items[i].timer);
    for (int i = 1; i < 1000; i += 3) {
        items[i].number = 499 - items[i].number;
        assert_int_equal(qv_timers_arm(&timers, &items[i].timer, at(items[i].number)), QV_OK);
    }
    assert_int_equal(timers.count, 666);
    qv_timers_run(&timers, at(249));
    for (size_t i = 0; i < fired_count; i++)
        assert_true(fired[i] <= 249);
    struct qv_mono next;
    assert_true(qv_timers_next(&timers, &next));
    assert_true(next.us >= 250);
    qv_timers_run(&timers, at(499));
    assert_int_equal(fired_count, 666);
    for (size_t i = 1; i < fired_count; i++)
        assert_true(fired[i - 1] <= fired[i]);
    assert_false(qv_timers_next(&timers, &next));
}

static struct item other;
static void disarms_another(struct qv_timer *timer)
{
    note(timer);
    qv_timers_disarm(&timers, &other.timer);
}

static void a_timer_may_disarm_another(void **state)
{
    (void)state;
    struct item first = {.timer.fire = disarms_another, .number = 1};
    other = (struct item){.timer.fire = note, .number = 2};
    assert_int_equal(qv_timers_arm(&timers, &first.timer, at(1)), QV_OK);
    assert_int_equal(qv_timers_arm(&timers, &other.timer, at(2)), QV_OK);
    qv_timers_run(&timers, at(5));
    assert_int_equal(fired_count, 1);
    qv_timers_disarm(&timers, &other.timer); /* not armed: nothing happens */
    assert_int_equal(timers.count, 0);
}

static void arms_itself(struct qv_timer *timer)
{
    note(timer);
    assert_int_equal(qv_timers_arm(&timers, timer, at(0)), QV_OK);
}

static void a_timer_that_arms_itself_does_not_hang_the_loop(void **state)
{
    (void)state;
    struct item eager = {.timer.fire = arms_itself, .number = 1};
    assert_int_equal(qv_timers_arm(&timers, &eager.timer, at(0)), QV_OK);
    qv_timers_run(&timers, at(5));
    assert_int_equal(fired_count, 1);
    qv_timers_run(&timers, at(5));
    assert_int_equal(fired_count, 2);
}

static void frees_itself(struct qv_timer *timer)
{
    note(timer);
    free(timer);
}

static void a_timer_may_free_itself(void **state)
{
    (void)state;
    struct item *item = calloc(1, sizeof(*item));
    assert_non_null(item);
    item->timer.fire = frees_itself;
    assert_int_equal(qv_timers_arm(&timers, &item->timer, at(0)), QV_OK);
    qv_timers_run(&timers, at(0));
    assert_int_equal(fired_count, 1);
}

static void lack_of_memory_leaves_it_as_it_was(void **state)
{
    (void)state;
    struct item item = {.timer.fire = note};
    qv_memory_fail_at(1);
    assert_int_equal(qv_timers_arm(&timers, &item.timer, at(0)), QV_NO_MEMORY);
    qv_memory_fail_at(0);
    assert_int_equal(item.timer.place, 0);
    assert_int_equal(timers.count, 0);
    assert_int_equal(qv_timers_arm(&timers, &item.timer, at(0)), QV_OK);
    qv_timers_free(&timers);
    assert_int_equal(item.timer.place, 0);
    qv_timers_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(fire_in_order, clean),
        cmocka_unit_test_teardown(a_timer_may_disarm_another, clean),
        cmocka_unit_test_teardown(a_timer_that_arms_itself_does_not_hang_the_loop, clean),
        cmocka_unit_test_teardown(a_timer_may_free_itself, clean),
        cmocka_unit_test_teardown(lack_of_memory_leaves_it_as_it_was, clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
