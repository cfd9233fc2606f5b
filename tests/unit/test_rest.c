// links: base
/*
 * When a worker rests: after turns that served renewals and nothing else, never while somebody asks
 * for more or while it is behind. The clock and the sleep are this test's.
 */
#include <quiver/base/clock.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <time.h>

static int64_t now_us, slept_us;

static struct qv_mono fake_now(void)
{
    return (struct qv_mono){now_us};
}

static int fake_sleep(clockid_t clock, int flags, const struct timespec *end, struct timespec *left)
{
    (void)left;
    assert_int_equal(clock, CLOCK_MONOTONIC);
    assert_int_equal(flags, TIMER_ABSTIME);
    int64_t end_us = end->tv_sec * 1000000 + end->tv_nsec / 1000;
    slept_us += end_us - now_us;
    now_us = end_us;
    return 0;
}

#define qv_mono_now     fake_now
#define clock_nanosleep fake_sleep
#include "../../src/server/rest.c"

static const int64_t turn_us = (int64_t)TURN_MS * 1000;

/* How long it rests after a turn that served so many. */
static int64_t rest_after(struct qv_rest *rest, unsigned renewals, unsigned others)
{
    rest->renewals += renewals;
    rest->requests += renewals + others;
    slept_us = 0;
    qv_rest_take(rest);
    return slept_us;
}

static int begin(void **state)
{
    (void)state;
    now_us = 5000000;
    return 0;
}

static void who_renews_nothing_never_rests(void **state)
{
    (void)state;
    struct qv_rest rest = {0};
    assert_int_equal(rest_after(&rest, 0, 0), 0);
    assert_int_equal(rest_after(&rest, 0, 3), 0);
}

static void it_rests_while_renewals_come(void **state)
{
    (void)state;
    struct qv_rest rest = {0};
    assert_int_equal(rest_after(&rest, 1, 0), 0); /* who comes first is not made to wait */
    assert_int_equal(rest_after(&rest, 1, 0), turn_us);
    assert_int_equal(rest_after(&rest, 0, 0), turn_us); /* a handshake, an answer */
    now_us += LATELY_MS * 1000;
    assert_int_equal(rest_after(&rest, 0, 0), 0);
    assert_int_equal(rest_after(&rest, 7, 0), turn_us);
}

/* Otherwise it would do less the more there is to do. */
static void what_a_turn_took_is_taken_off(void **state)
{
    (void)state;
    struct qv_rest rest = {0};
    assert_int_equal(rest_after(&rest, 1, 0), 0);
    now_us += 7000;
    assert_int_equal(rest_after(&rest, 5, 0), turn_us - 7000);
    for (int i = 0; i < 3; i++) {
        now_us += turn_us;
        assert_int_equal(rest_after(&rest, 500, 0), 0);
    }
    now_us += 1000;
    assert_int_equal(rest_after(&rest, 5, 0), turn_us - 1000);
}

static void who_waits_at_the_door_is_let_in(void **state)
{
    (void)state;
    struct qv_rest rest = {0};
    assert_int_equal(rest_after(&rest, 1, 0), 0);
    rest.crowded = true;
    assert_int_equal(rest_after(&rest, 5, 0), 0);
    assert_int_equal(rest_after(&rest, 5, 0), turn_us);
}

static void whoever_asks_for_more_is_not_made_to_wait(void **state)
{
    (void)state;
    struct qv_rest rest = {0};
    assert_int_equal(rest_after(&rest, 5, 0), 0);
    assert_int_equal(rest_after(&rest, 5, 0), turn_us);
    assert_int_equal(rest_after(&rest, 5, 1), 0);
    now_us += LATELY_MS * 1000 - 1;
    assert_int_equal(rest_after(&rest, 5, 0), 0);
    now_us += 1;
    assert_int_equal(rest_after(&rest, 5, 0), turn_us - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(who_renews_nothing_never_rests, begin),
        cmocka_unit_test_setup(it_rests_while_renewals_come, begin),
        cmocka_unit_test_setup(what_a_turn_took_is_taken_off, begin),
        cmocka_unit_test_setup(who_waits_at_the_door_is_let_in, begin),
        cmocka_unit_test_setup(whoever_asks_for_more_is_not_made_to_wait, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
