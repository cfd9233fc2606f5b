// links: cli
/*
 * What "health" is answered with over the control socket, and that it says what readiness says:
 * ready, degraded with the reasons of all who have one, loading without a view.
 */
#include "store_fixture.h"

#include "../../src/cli/health_answer.h"

#include <quiver/api/readiness.h>

static struct reload reload;
static struct qv_health *health;

/* On a store that is well. */
static int set_up(void **state)
{
    int fault = set_up_all(state);
    assert_int_equal(qv_health_new(&health), QV_OK);
    reload = (struct reload){.registry = f.registry, .store = f.store, .health = health};
    reload.last.generation = 7;
    return fault;
}

static int tear_down(void **state)
{
    qv_health_free(&health);
    return tear_down_all(state);
}

static void complain(const char *source, const char *reason)
{
    QV_CLEANUP(qv_strings) struct qv_strings reasons = {0};
    assert_int_equal(qv_strings_add(&reasons, qv_str_from(reason)), QV_OK);
    qv_health_set(health, source, &reasons);
}

/* The answer is that, and where it stands. */
static void assert_answer(const char *status_and_reasons)
{
    QV_CLEANUP(qv_buf) struct qv_buf answer = {0}, expected = {0};
    const struct qv_registry_state state = view_state();
    qv_buf_printf(&expected, "{%s,\"revision\":\"%llu.%llu\",\"generation\":7}", status_and_reasons,
                  (unsigned long long)state.epoch, (unsigned long long)state.revision);
    health_answer_write(&reload, &answer);
    assert_true(qv_buf_status(&answer) == QV_OK && qv_buf_status(&expected) == QV_OK);
    assert_true(qv_str_equal(qv_buf_str(&answer), qv_buf_str(&expected)));
}

static void ready_when_all_is_well(void **state)
{
    (void)state;
    assert_answer("\"status\":\"ready\",\"reasons\":[]");
}

static void degraded_with_reasons_which_may_hold_anything(void **state)
{
    (void)state;
    complain("policy", "line \"4\"\nis wrong");
    assert_answer("\"status\":\"degraded\",\"reasons\":[\"policy: line \\\"4\\\"\\nis wrong\"]");
    qv_health_set(health, "policy", NULL);
    assert_answer("\"status\":\"ready\",\"reasons\":[]");
}

static void loading_without_a_view(void **state)
{
    (void)state;
    QV_CLEANUP(qv_buf) struct qv_buf answer = {0};
    struct qv_registry *empty = NULL;
    assert_int_equal(qv_registry_new(f.rules, &empty), QV_OK);
    reload.registry = empty;
    health_answer_write(&reload, &answer);
    qv_registry_free(&empty);
    assert_true(
        qv_str_equal(qv_buf_str(&answer), QV_STR("{\"status\":\"loading\",\"reasons\":[],"
                                                 "\"revision\":\"0.0\",\"generation\":7}")));
}

static void readiness_has_the_same_reasons(void **state)
{
    (void)state;
    QV_CLEANUP(qv_strings) struct qv_strings reasons = {0};
    QV_CLEANUP(qv_buf) struct qv_buf list = {0};
    complain("policy", "a");
    complain("CAs and CRLs", "b");
    assert_int_equal(qv_readiness_of(f.store, health, f.registry, &reasons), QV_DEGRADED);
    qv_readiness_write_reasons(&reasons, &list);
    assert_int_equal(qv_buf_status(&list), QV_OK);
    assert_true(qv_str_equal(qv_buf_str(&list), QV_STR("[\"policy: a\",\"CAs and CRLs: b\"]")));
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(loading_without_a_view),
        TEST(ready_when_all_is_well),
        TEST(degraded_with_reasons_which_may_hold_anything),
        TEST(readiness_has_the_same_reasons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
