// links: server
/*
 * Signs of life: a server says that all its loops come round only if each of them does.
 */
#include "server_fixture.h"

struct hold {
    struct qv_order order;
    sem_t reached, released;
};

/* A worker that hangs in whatever it does. */
static void hang(struct qv_worker *worker, struct qv_order *order)
{
    (void)worker;
    struct hold *hold = H2O_STRUCT_FROM_MEMBER(struct hold, order, order);
    sem_post(&hold->reached);
    while (sem_wait(&hold->released) != 0)
        continue;
}

static void wait_till_come_round(struct qv_worker *worker)
{
    while (atomic_load(&worker->beat_due))
        sched_yield();
}

static int set_up(void **state)
{
    (void)state;
    configure_server();
    start_server();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    stop_server();
    return 0;
}

static void a_server_that_moves_beats(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_true(qv_server_beat(server));
        for (size_t k = 0; k < server->worker_count; k++)
            wait_till_come_round(&server->workers[k]);
    }
}

static void one_stuck_worker_of_two_is_noticed(void **state)
{
    (void)state;
    struct hold hold = {.order = {.run = hang}};
    struct qv_worker *stuck = &server->workers[0], *other = &server->workers[1];
    sem_init(&hold.reached, 0, 0);
    sem_init(&hold.released, 0, 0);
    qv_worker_post(stuck, &stuck->orders, &hold.order.message);
    while (sem_wait(&hold.reached) != 0)
        continue;
    assert_true(qv_server_beat(server)); /* asked for the first time */
    for (int i = 0; i < 3; i++) {
        wait_till_come_round(other);
        assert_false(qv_server_beat(server));
    }
    sem_post(&hold.released);
    wait_till_come_round(stuck);
    wait_till_come_round(other);
    assert_true(qv_server_beat(server));
    sem_destroy(&hold.reached);
    sem_destroy(&hold.released);
}

static void a_server_that_stopped_is_not_stuck(void **state)
{
    (void)state;
    assert_true(qv_server_beat(server));
    qv_server_stop(server);
    assert_true(qv_server_beat(server));
    assert_true(qv_server_beat(server));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_server_that_moves_beats),
        TEST(one_stuck_worker_of_two_is_noticed),
        TEST(a_server_that_stopped_is_not_stuck),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
