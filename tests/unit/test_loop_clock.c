// links: server
/*
 * What becomes of libh2o's timeouts when the wall clock is set. Both clocks, and the time that the
 * loop has read, are this test's.
 */
#define H2O_USE_LIBUV 0
#include <h2o.h>
#include <quiver/base/clock.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int64_t wall_ms, mono_ms;

static struct qv_mono fake_mono(void)
{
    return (struct qv_mono){mono_ms * 1000};
}

static struct qv_wall fake_wall(void)
{
    return qv_wall_from_ms(wall_ms);
}

#define qv_mono_now fake_mono
#define qv_wall_now fake_wall
#include "../../src/server/loop_clock.c"

enum { PATIENCE_MS = 30000, HOUR_MS = 3600000 };

struct loop {
    struct qv_loop_clock clock;
    h2o_timeout_t patience;
    h2o_timeout_entry_t waiting[2];
};

static unsigned given_up;

static void give_up(h2o_timeout_entry_t *entry)
{
    (void)entry;
    given_up++;
}

static void pass(int64_t milliseconds)
{
    wall_ms += milliseconds;
    mono_ms += milliseconds;
}

/* What the loop does where it has waited. */
static void read_clock(struct loop *loop)
{
    loop->clock.loop->_now = (uint64_t)wall_ms;
}

static void wait_for(struct loop *loop, size_t who)
{
    loop->waiting[who].cb = give_up;
    h2o_timeout_link(loop->clock.loop, &loop->patience, &loop->waiting[who]);
}

/* And then, in its order. */
static void run_timeouts(struct loop *loop)
{
    h2o_timeout_run(loop->clock.loop, &loop->clock.first, h2o_now(loop->clock.loop));
    h2o_timeout_run(loop->clock.loop, &loop->patience, h2o_now(loop->clock.loop));
}

static void turn(struct loop *loop)
{
    read_clock(loop);
    run_timeouts(loop);
    qv_loop_clock_turn(&loop->clock);
}

static void begin(struct loop *loop)
{
    *loop = (struct loop){0};
    given_up = 0;
    wall_ms = INT64_C(1800000000000);
    mono_ms = 5000000;
    h2o_loop_t *evloop = h2o_evloop_create();
    evloop->_now = (uint64_t)wall_ms;
    qv_loop_clock_start(&loop->clock, evloop);
    h2o_timeout_init(evloop, &loop->patience, PATIENCE_MS);
}

static void end(struct loop *loop)
{
    for (size_t i = 0; i < 2; i++)
        h2o_timeout_unlink(&loop->waiting[i]);
    h2o_timeout_dispose(loop->clock.loop, &loop->patience);
    qv_loop_clock_end(&loop->clock);
    h2o_evloop_destroy(loop->clock.loop);
}

/* One has waited for a second when the clock is set; `rest` tells what follows. */
static void with_each_step(void (*rest)(struct loop *loop, int64_t step_ms))
{
    static const int64_t steps_ms[] = {HOUR_MS, -HOUR_MS, 400 * 24 * (int64_t)HOUR_MS, 3000, -3000,
                                       150,     -150};
    for (size_t i = 0; i < sizeof(steps_ms) / sizeof(steps_ms[0]); i++) {
        struct loop loop;
        begin(&loop);
        wait_for(&loop, 0);
        pass(1000);
        rest(&loop, steps_ms[i]);
        end(&loop);
    }
}

/* Nobody is given up but in the turn that comes when so much time has passed. */
static void assert_given_up_after(struct loop *loop, int64_t left_ms, unsigned count)
{
    while (left_ms > 1000) {
        pass(1000);
        left_ms -= 1000;
        turn(loop);
        assert_int_equal(given_up, 0);
    }
    pass(left_ms);
    turn(loop);
    assert_int_equal(given_up, count);
}

static void move_clock(struct loop *loop, int64_t step_ms)
{
    turn(loop);
    wall_ms += step_ms;
    turn(loop);
    assert_given_up_after(loop, PATIENCE_MS - 1000, 1);
}

static void who_waits_has_the_same_time_left(void **state)
{
    (void)state;
    with_each_step(move_clock);
}

static void both_are_given_up_in_time(struct loop *loop)
{
    assert_given_up_after(loop, PATIENCE_MS - 1000, 1);
    given_up = 0;
    assert_given_up_after(loop, 1000, 1);
}

static void link_another_behind_step(struct loop *loop, int64_t step_ms)
{
    turn(loop);
    wall_ms += step_ms;
    read_clock(loop);
    wait_for(loop, 1);
    run_timeouts(loop);
    qv_loop_clock_turn(&loop->clock);
    both_are_given_up_in_time(loop);
}

static void who_comes_in_the_turn_that_notices_has_all_the_time(void **state)
{
    (void)state;
    with_each_step(link_another_behind_step);
}

static void move_clock_in_turn(struct loop *loop, int64_t step_ms)
{
    read_clock(loop);
    wall_ms += step_ms;
    wait_for(loop, 1);
    run_timeouts(loop);
    qv_loop_clock_turn(&loop->clock);
    turn(loop);
    both_are_given_up_in_time(loop);
}

static void a_step_that_the_loop_has_not_read_is_for_the_next_turn(void **state)
{
    (void)state;
    with_each_step(move_clock_in_turn);
}

static void a_thread_that_was_held_up_has_seen_no_step(void **state)
{
    (void)state;
    struct loop loop;
    begin(&loop);
    wait_for(&loop, 0);
    pass(1000);
    read_clock(&loop);
    run_timeouts(&loop);
    pass(20000); /* in the middle of a turn */
    qv_loop_clock_turn(&loop.clock);
    assert_given_up_after(&loop, PATIENCE_MS - 21000, 1);
    end(&loop);
}

static void small_steps_add_up(void **state)
{
    (void)state;
    struct loop loop;
    begin(&loop);
    wait_for(&loop, 0);
    for (unsigned i = 0; i < 100; i++) {
        pass(100);
        wall_ms += STEP_MS / 2;
        turn(&loop);
    }
    assert_given_up_after(&loop, PATIENCE_MS - 10000, 1);
    end(&loop);
}

static void a_clock_set_to_its_beginning(void **state)
{
    (void)state;
    struct loop loop;
    begin(&loop);
    wait_for(&loop, 0);
    pass(1000);
    turn(&loop);
    wall_ms = 500;
    turn(&loop);
    assert_in_range(loop.waiting[0].registered_at, 0, 500);
    end(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_waits_has_the_same_time_left),
        cmocka_unit_test(who_comes_in_the_turn_that_notices_has_all_the_time),
        cmocka_unit_test(a_step_that_the_loop_has_not_read_is_for_the_next_turn),
        cmocka_unit_test(a_thread_that_was_held_up_has_seen_no_step),
        cmocka_unit_test(small_steps_add_up),
        cmocka_unit_test(a_clock_set_to_its_beginning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
