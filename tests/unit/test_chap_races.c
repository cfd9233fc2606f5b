// links: store
/*
 * Two nodes on one Redis, and changes of one CHAP service that meet: whichever comes first, nothing
 * that was deleted or has ended comes back by a ping, and both views end up alike.
 */
#include "chap_store_fixture.h"

static struct store_fixture other; /* the node that is not `f` */

static void swap_nodes(void)
{
    struct store_fixture one = f;
    f = other;
    other = one;
}

/* What both views show of it is the same, once the slower one has come so far. */
static void await_agreement(uint64_t revision)
{
    for (int node = 0; node < 2; node++) {
        await(view_state().revision >= revision);
        swap_nodes();
    }
}

static bool both_show(const char *id)
{
    bool first = is_shown(id);
    swap_nodes();
    bool second = is_shown(id);
    swap_nodes();
    assert_int_equal(first, second);
    return first;
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* ---- ping against delete --------------------------------------------------------------------- */

/* Pings gather for about ten milliseconds: this is the moment when they go, a little earlier or
   later each time. */
static void await_their_going(struct qv_mono since, int round)
{
    while (qv_mono_now().us < since.us + 9000 + round % 30 * 100)
        ;
}

/* One node is asked to keep it alive while the other deletes it, in all orders. */
static void a_ping_undoes_no_deletion(void **state)
{
    (void)state;
    enum { PINGS = 4 };
    int pinged = 0, missed = 0;
    for (int round = 0; round < 150; round++) {
        struct chap_answer pings[PINGS], gone;
        uint64_t revision = enter_chap("model", "http://a:1").revision;
        await_agreement(revision);
        struct qv_mono began = qv_mono_now();
        for (int i = 0; i < PINGS; i++) {
            if (i == round % PINGS) {
                if (i > 0)
                    await_their_going(began, round);
                swap_nodes();
                begin_delete(&gone, "model");
                swap_nodes();
            }
            begin_ping(&pings[i], "model");
        }
        wait_chap(&gone);
        assert_true(gone.status == QV_OK && gone.done);
        revision = gone.revision;
        for (int i = 0; i < PINGS; i++) {
            wait_chap(&pings[i]);
            assert_int_equal(pings[i].status, QV_OK);
            assert_true(!pings[i].done || pings[i].revision < gone.revision);
            pinged += pings[i].done;
            missed += !pings[i].done;
            revision = later(revision, pings[i].revision);
        }
        await_agreement(revision);
        assert_false(both_show("model"));
        assert_false(is_stored("model"));
        assert_int_equal(redis_number(&redis, "ZCARD %s", P ":leases"), 0);
    }
    assert_true(pinged > 0 && missed > 0); /* else nothing met */
}

/* ---- ping against expiry --------------------------------------------------------------------- */

/* Both nodes ping it again and again, each time for so short that it is a near thing; ticks remove
   it meanwhile. Who is told that it lives came before its end; once
   one was told that it is gone, nobody is told otherwise. */
static void a_ping_revives_nothing_that_ended(void **state)
{
    (void)state;
    for (int round = 0; round < 4; round++) {
        terms.ttl_us = 30000000;
        char id[32];
        snprintf(id, sizeof(id), "model-%d", round);
        int64_t ends_us = enter_chap(id, "http://a:1").times.ends_us;
        terms.ttl_us = 1000 + round * 300;
        bool gone = false;
        int kept = 0;
        while (!gone || is_stored(id)) {
            struct chap_answer ping = ping_chap(id);
            assert_false(gone && ping.done);
            assert_true(!ping.done || ping.times.pinged_us < ends_us);
            gone = !ping.done;
            ends_us = ping.times.ends_us;
            kept += ping.done;
            swap_nodes();
        }
        assert_true(kept > 0);
        assert_false(ping_chap(id).done);
        await(!both_show(id));
    }
}

/* ---- two registrations ----------------------------------------------------------------------- */

static void of_two_registrations_one_is_the_first(void **state)
{
    (void)state;
    for (int round = 0; round < 100; round++) {
        bool same = round % 3 == 0;
        terms.reregister = round % 2 == 0 ? QV_CHAP_REPLACE : QV_CHAP_KEEP;
        struct chap_answer a, b;
        begin_register(&a, "model", "http://a:1");
        swap_nodes();
        begin_register(&b, "model", same ? "http://a:1" : "http://b:1");
        swap_nodes();
        wait_chap(&a);
        wait_chap(&b);
        assert_true(a.status == QV_OK && b.status == QV_OK);
        const struct chap_answer *first = a.how == QV_CHAP_NEW ? &a : &b;
        const struct chap_answer *second = first == &a ? &b : &a;
        assert_int_equal(first->how, QV_CHAP_NEW);
        enum qv_chap_how how = terms.reregister == QV_CHAP_KEEP ? QV_CHAP_KEPT
                               : same                           ? QV_CHAP_SAME
                                                                : QV_CHAP_UPDATED;
        assert_int_equal(second->how, how);
        assert_int_equal(second->done, how != QV_CHAP_KEPT);
        const struct chap_answer *last = second->done ? second : first;
        await_agreement(last->revision);
        assert_string_equal(second->url, last->url);
        for (int node = 0; node < 2; node++) {
            assert_string_equal(shown_url("model"), last->url);
            assert_true(shown_until("model") == last->times.ends_us);
            swap_nodes();
        }
        assert_true(delete_chap("model").done);
    }
}

/* A registration meets deletion and pings: what is told adds up. */
static void what_everybody_is_told_adds_up(void **state)
{
    (void)state;
    for (int round = 0; round < 100; round++) {
        struct chap_answer entered, gone, ping;
        begin_register(&entered, "model", round % 2 == 0 ? "http://a:1" : "http://b:1");
        swap_nodes();
        begin_delete(&gone, "model");
        swap_nodes();
        begin_ping(&ping, "model");
        wait_chap(&entered);
        wait_chap(&gone);
        wait_chap(&ping);
        assert_true(entered.done);
        bool there = !gone.done || gone.revision < entered.revision;
        await_agreement(later(entered.revision, later(gone.revision, ping.revision)));
        assert_int_equal(both_show("model"), there);
        assert_int_equal(is_stored("model"), there);
        if (ping.done && gone.done && ping.revision > gone.revision)
            assert_true(there && entered.revision < ping.revision);
    }
}

/* ---- setting up ------------------------------------------------------------------------------ */

static int set_up(void **state)
{
    terms = (struct qv_chap_terms){.ttl_us = 30000000};
    set_up_all(state);
    other = f;
    store_prepare();
    store_start();
    await(is_well());
    return 0;
}

static int tear_down(void **state)
{
    store_end();
    f = other;
    return tear_down_all(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_ping_undoes_no_deletion),
        TEST(a_ping_revives_nothing_that_ended),
        TEST(of_two_registrations_one_is_the_first),
        TEST(what_everybody_is_told_adds_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
