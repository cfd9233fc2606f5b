// links: store
/*
 * CHAP services through the store: what their makers are told is what the view then shows, also
 * after a restart, over an outage and where the clock was set; what is damaged harms nothing else.
 */
#include "chap_store_fixture.h"

static int64_t head_number(const char *field)
{
    redisReply *reply = redis_ask(&redis, "HGET %s %s", P ":head", field);
    int64_t number = reply->str != NULL ? atoll(reply->str) : 0;
    freeReplyObject(reply);
    return number;
}

static int64_t redis_us(void)
{
    redisReply *time = redis_ask(&redis, "TIME");
    int64_t us = atoll(time->element[0]->str) * 1000000 + atoll(time->element[1]->str);
    freeReplyObject(time);
    return us;
}

/* Registry time and lease are as told, but for what a clock may have been given back since. */
static void assert_shown_as(const char *id, const struct chap_answer *answer)
{
    assert_true(shown_until(id) == answer->times.ends_us);
    assert_true(answer->times.ends_us - answer->times.pinged_us == terms.ttl_us);
}

/* ---- what one is told is there --------------------------------------------------------------- */

static void what_is_answered_is_shown(void **state)
{
    (void)state;
    struct chap_answer answer = enter_chap("model", "http://a:1");
    assert_true(answer.done && answer.how == QV_CHAP_NEW && answer.revision > 0);
    assert_string_equal(answer.url, "http://a:1");
    assert_shown_as("model", &answer);
    answer = enter_chap("model", "http://a:1");
    assert_true(answer.done && answer.how == QV_CHAP_SAME);
    assert_shown_as("model", &answer);
    answer = enter_chap("model", "http://b:1");
    assert_true(answer.done && answer.how == QV_CHAP_UPDATED);
    assert_string_equal(answer.url, "http://b:1");
    assert_string_equal(shown_url("model"), "http://b:1");
    assert_shown_as("model", &answer);
    struct chap_answer ping = ping_chap("model");
    assert_true(ping.done && ping.times.pinged_us > answer.times.pinged_us);
    assert_shown_as("model", &ping);
    terms.reregister = QV_CHAP_KEEP;
    answer = enter_chap("model", "http://c:1");
    assert_true(!answer.done && answer.how == QV_CHAP_KEPT);
    assert_string_equal(answer.url, "http://b:1");
    assert_shown_as("model", &answer);
    assert_true(answer.times.ends_us == ping.times.ends_us);
    answer = delete_chap("model");
    assert_true(answer.done && answer.how != QV_CHAP_ENDED);
    assert_false(is_shown("model"));
    assert_false(delete_chap("model").done);
    assert_false(ping_chap("model").done);
}

/* Nothing is granted that was not asked for. */
static void a_change_needs_its_own_grant(void **state)
{
    (void)state;
    struct qv_change *change = NULL;
    struct chap_answer answer;
    assert_int_equal(qv_change_ping_chap(QV_STR("model"), &terms, &change), QV_OK);
    submit_chap(&answer, QV_OP_CHAP_DELETE, change);
    wait_chap(&answer);
    assert_int_equal(answer.status, QV_INTERNAL);
    assert_non_null(strstr(answer.message, "no policy has granted it"));
}

/* Pings wait a moment for each other, so that what is submitted behind them may be made first;
   among themselves they keep their order. */
static void pings_gather(void **state)
{
    (void)state;
    enum { PINGS = 5, ROUNDS = 20 };
    struct chap_answer pings[PINGS], other;
    bool overtaken = false; /* each time, but where this thread had to wait itself */
    enter_chap("model", "http://a:1");
    for (int round = 0; round < ROUNDS && !overtaken; round++) {
        for (int i = 0; i < PINGS; i++)
            begin_ping(&pings[i], "model");
        begin_register(&other, "other", "http://b:1");
        wait_chap(&other);
        for (int i = 0; i < PINGS; i++) {
            wait_chap(&pings[i]);
            assert_true(pings[i].status == QV_OK && pings[i].done);
            assert_true(i == 0 || pings[i].revision > pings[i - 1].revision);
        }
        overtaken = other.revision < pings[0].revision;
    }
    assert_true(overtaken);
}

static void pings_that_gather_are_made_when_the_store_stops(void **state)
{
    (void)state;
    enum { PINGS = 5 };
    struct chap_answer pings[PINGS];
    enter_chap("model", "http://a:1");
    for (int i = 0; i < PINGS; i++)
        begin_ping(&pings[i], "model");
    qv_store_stop(f.store);
    for (int i = 0; i < PINGS; i++) {
        wait_chap(&pings[i]);
        assert_true(pings[i].status == QV_OK && pings[i].done);
    }
}

/* Hidden at its end, before any tick; removed by one. */
static void what_is_not_pinged_ends(void **state)
{
    (void)state;
    terms.ttl_us = 100000;
    struct chap_answer answer = enter_chap("model", "http://a:1");
    await(!is_shown("model"));
    int64_t late_us = redis_us() - answer.times.ends_us;
    assert_true(late_us < 1000000);
    await(!is_stored("model"));
    assert_int_equal(redis_number(&redis, "ZCARD %s", P ":leases"), 0);
    await(view_state().count[QV_KIND_CHAP] == 0);
}

static void what_may_be_revived_stays_hidden_until_then(void **state)
{
    (void)state;
    terms = (struct qv_chap_terms){.ttl_us = 50000, .revive_us = 60000000};
    store_end();
    store_prepare();
    f.config->chap.revive_ms = 60000;
    store_start();
    await(is_well());
    enter_chap("model", "http://a:1");
    await(!is_shown("model"));
    int64_t tick = head_number("tick");
    await(head_number("tick") != tick);
    assert_true(is_stored("model"));
    terms.ttl_us = 30000000;
    struct chap_answer answer = ping_chap("model");
    assert_true(answer.done);
    assert_shown_as("model", &answer);
    assert_string_equal(shown_url("model"), "http://a:1");
    terms.ttl_us = 1;
    assert_true(ping_chap("model").done);
    answer = delete_chap("model");
    assert_true(answer.done && answer.how == QV_CHAP_ENDED);
    assert_false(ping_chap("model").done);
}

/* ---- loading --------------------------------------------------------------------------------- */

static void start_anew(void)
{
    store_end();
    store_prepare();
    store_start();
    await(is_well());
}

static void leases_are_loaded(void **state)
{
    (void)state;
    enum { MANY = 300 }; /* more than one piece of a ZSCAN */
    struct chap_answer answers[MANY];
    char id[32];
    for (int i = 0; i < MANY; i++) {
        snprintf(id, sizeof(id), "model-%d", i);
        begin_register(&answers[i], id, "http://a:1");
    }
    for (int i = 0; i < MANY; i++) {
        wait_chap(&answers[i]);
        assert_int_equal(answers[i].status, QV_OK);
    }
    redis_do(&redis, "ZADD %s 99999999999999 instance:none 5 nonsense", P ":leases");
    start_anew();
    for (int i = 0; i < MANY; i++) {
        snprintf(id, sizeof(id), "model-%d", i);
        assert_shown_as(id, &answers[i]);
    }
}

static void a_damaged_lease_harms_nothing_else(void **state)
{
    (void)state;
    struct chap_answer good = enter_chap("model", "http://a:1");
    enter_chap("endless", "http://a:1");
    redis_do(&redis, "ZADD %s inf chap:endless", P ":leases");
    store_end();
    store_prepare();
    store_start();
    await(has_reason("1 stored documents cannot be read and are left out, such as leases:"
                     "chap:endless"));
    await(view_loaded());
    assert_shown_as("model", &good);
    assert_false(is_shown("endless"));
    store_end();
    redis_do(&redis, "SET %s wrong", P ":leases");
    store_prepare();
    store_start();
    await(has_reason("such as leases:"));
    await(view_loaded());
    assert_false(is_shown("model"));
}

/* A Redis that takes no changes has no ticks; time is known all the same. */
static void a_store_that_cannot_write_knows_the_time(void **state)
{
    (void)state;
    struct chap_answer answer = enter_chap("model", "http://a:1");
    terms.ttl_us = 1000;
    enter_chap("ended", "http://a:1");
    store_end();
    redis_do(&redis, "HSET %s offset 7000", P ":head");
    redis_do(&redis, "CONFIG SET maxmemory-policy allkeys-lru");
    store_prepare();
    store_start();
    await(has_reason("maxmemory-policy"));
    await(view_loaded());
    assert_true(shown_until("model") == answer.times.ends_us + 7000000);
    assert_false(has_reason("cannot be read"));
}

/* ---- outages and clocks ---------------------------------------------------------------------- */

/* So long nothing ticks, and nobody pings; or the clock is set, also back. What the head has is
   moved instead of the clock, in one moment. */
static void clock_jumps(const char *ms)
{
    redis_do(&redis, "EVAL %s 1 %s %s",
             "for _, field in ipairs({'tick', 'offset'}) do "
             "redis.call('HINCRBY', KEYS[1], field, -ARGV[1]) end",
             P ":head", ms);
}

/* Redis is away for much longer than the lease, or comes back with another clock: who had 30 s left
   has 30 s left, is shown, and its next ping is taken. */
static void the_time_of_an_outage_is_given_back(void **state)
{
    (void)state;
    static const char *const jumps_ms[] = {"120000", "-120000"};
    for (size_t i = 0; i < 2; i++) {
        struct chap_answer before = enter_chap("model", "http://a:1");
        redis_end(&redis, SIGTERM);
        await(has_reason("not reachable"));
        assert_true(is_shown("model"));
        redis_start(&redis);
        clock_jumps(jumps_ms[i]);
        struct chap_answer ping = {.status = QV_UNAVAILABLE};
        while (ping.status == QV_UNAVAILABLE) { /* until it is connected again */
            begin_ping(&ping, "model");
            wait_chap(&ping);
        }
        assert_int_equal(ping.status, QV_OK);
        assert_true(ping.done);
        int64_t left_us = ping.times.ends_us - redis_us();
        assert_true(left_us > 20000000 && left_us <= terms.ttl_us);
        await(is_well());
        await(llabs(head_number("offset")) < 60000); /* the tick has seen it */
        await(shown_until("model") >= before.times.ends_us);
        left_us = shown_until("model") - redis_us();
        assert_true(left_us > 20000000 && left_us < terms.ttl_us + 10000000);

        terms.ttl_us = 50000; /* and from then on it ends as ever */
        assert_true(ping_chap("model").done);
        await(!is_shown("model"));
        await(!is_stored("model"));
        terms.ttl_us = 30000000;
    }
}

/* The same while everything runs. */
static void a_step_of_the_clock_ends_nothing(void **state)
{
    (void)state;
    static const char *const jumps_ms[] = {"3600000", "-3600000", "3600000"};
    enter_chap("model", "http://a:1");
    for (size_t i = 0; i < 3; i++) {
        clock_jumps(jumps_ms[i]);
        if (i == 1)
            assert_true(ping_chap("model").done); /* before a tick, mostly */
        await(llabs(head_number("offset")) < 60000);
        assert_true(is_stored("model"));
        assert_true(is_shown("model"));
        assert_true(ping_chap("model").done);
    }
}

/* ---- setting up ------------------------------------------------------------------------------ */

static int set_up(void **state)
{
    terms = (struct qv_chap_terms){.ttl_us = 30000000};
    return set_up_all(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_answered_is_shown),
        TEST(a_change_needs_its_own_grant),
        TEST(pings_gather),
        TEST(pings_that_gather_are_made_when_the_store_stops),
        TEST(what_is_not_pinged_ends),
        TEST(what_may_be_revived_stays_hidden_until_then),
        TEST(leases_are_loaded),
        TEST(a_damaged_lease_harms_nothing_else),
        TEST(a_store_that_cannot_write_knows_the_time),
        TEST(the_time_of_an_outage_is_given_back),
        TEST(a_step_of_the_clock_ends_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
