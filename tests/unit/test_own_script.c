// links: store
/*
 * register_own.lua against a real Redis: the registry's own entries come in by one entry of the
 * journal, only what is different is written, and what others left under its name goes.
 */
#include "script_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define OWN          "{\"name\":\"registry\",\"version\":\"5.0.0\",\"addresses\":[]}"
#define DOC(service) "{\"instanceId\":\"registry::" service "\"}"
#define SERVICE(service)                                                                           \
    "registry::" service "::1.0.0", DOC(service), service, "{\"name\":\"" service "\"}"
#define RUN_OWN(system_doc, folded, ...)                                                           \
    RUN(QV_SCRIPT_REGISTER_OWN, "0", "token-own", BY, "registry", system_doc, folded, __VA_ARGS__)
#define REGISTER_OWN() RUN_OWN(OWN, "", SERVICE("a"), SERVICE("b"))

static void assert_stored(const char *key, const char *doc)
{
    char *stored = redis_text(&redis, key);
    if (strstr(stored, doc) == NULL)
        fail_msg("%s is %s", key, stored);
    free(stored);
}

static void enters_all_in_one_entry(void **state)
{
    (void)state;
    assert_reply(REGISTER_OWN(), "OK", "2", "token-own");
    assert_stored(P ":system:registry", "\"by\":" BY ",\"doc\":" OWN "}");
    assert_stored(P ":instance:registry::a::1.0.0", DOC("a"));
    assert_stored(P ":instance:registry::b::1.0.0", DOC("b"));
    assert_stored(P ":definition:a", "{\"name\":\"a\"}");
    assert_stored(P ":definition:b", "{\"name\":\"b\"}");
    assert_int_equal(redis_number(&redis, "SCARD %s", P ":instances-of:registry"), 2);
    assert_int_equal(redis_number(&redis, "XLEN %s", P ":journal"), 2);
}

static void what_is_as_it_should_be_stays(void **state)
{
    (void)state;
    assert_reply(REGISTER_OWN(), "OK");
    assert_changes_nothing(assert_reply(REGISTER_OWN(), "NOTHING", "2", "token-own"));
}

static void only_the_difference_is_written(void **state)
{
    (void)state;
    assert_reply(REGISTER_OWN(), "OK");
    char *system = redis_text(&redis, P ":system:registry");
    char *a = redis_text(&redis, P ":instance:registry::a::1.0.0");
    assert_reply(RUN_OWN(OWN, "", SERVICE("a"), "registry::b::1.0.0", "{\"other\":1}", "b", "{}"),
                 "OK", "3");
    assert_stored(P ":system:registry", system);
    assert_stored(P ":instance:registry::a::1.0.0", a);
    assert_stored(P ":instance:registry::b::1.0.0", "\"rev\":3,");
    assert_stored(P ":instance:registry::b::1.0.0", "{\"other\":1}");
    assert_stored(P ":definition:b", "{\"name\":\"b\"}"); /* one that is there stays */
    redisReply *entries = redis_ask(&redis, "XRANGE %s 3 3", P ":journal");
    assert_int_equal(entries->element[0]->element[1]->elements, 12);
    freeReplyObject(entries);
    free(system);
    free(a);
}

/* What others registered in the registry's name, and what an older version offered. */
static void strangers_go(void **state)
{
    (void)state;
    assert_reply(REGISTER_OWN(), "OK");
    redis_do(&redis, "SET %s %s", P ":instance:registry::trap::1.0.0", "{}");
    redis_do(&redis, "SADD %s registry::trap::1.0.0", P ":instances-of:registry");
    redis_do(&redis, "ZADD %s 5 instance:registry::trap::1.0.0", P ":ends");
    redis_do(&redis, "ZADD %s 5 instance:registry::b::1.0.0", P ":ends");
    assert_reply(REGISTER("provider::definition::1.0.0"), "OK");
    assert_reply(RUN_OWN(OWN, "", SERVICE("a")), "OK");
    assert_int_equal(redis_number(&redis, "EXISTS %s", P ":instance:registry::trap::1.0.0"), 0);
    assert_int_equal(redis_number(&redis, "EXISTS %s", P ":instance:registry::b::1.0.0"), 0);
    assert_int_equal(redis_number(&redis, "SCARD %s", P ":instances-of:registry"), 1);
    assert_int_equal(redis_number(&redis, "ZCARD %s", P ":ends"), 0);
    assert_int_equal(redis_number(&redis, "EXISTS %s", P ":instance:provider::definition::1.0.0"),
                     1);
}

/* An entry that somebody gave an end has none any more; a device is left. */
static void what_others_altered_is_mended(void **state)
{
    (void)state;
    assert_reply(REGISTER_OWN(), "OK");
    redis_do(&redis, "SET %s %s", P ":instance:registry::a::1.0.0", "not even an envelope");
    redis_do(&redis, "ZADD %s 5 instance:registry::a::1.0.0", P ":ends");
    redis_do(&redis, "SET %s %s", P ":system:registry",
             "{\"v\":1,\"rev\":1,\"created\":\"2026-01-01T00:00:00Z\",\"updated\":"
             "\"2026-01-01T00:00:00Z\",\"by\":{},\"more\":7,\"doc\":{\"name\":\"registry\","
             "\"device\":\"box\"}}");
    redis_do(&redis, "SADD %s registry other", P ":systems-on:box");
    assert_reply(REGISTER_OWN(), "OK", "3");
    assert_stored(P ":instance:registry::a::1.0.0", DOC("a"));
    assert_stored(P ":system:registry", OWN);
    assert_stored(P ":system:registry", "\"created\":\"2026-01-01T00:00:00Z\"");
    assert_stored(P ":system:registry", ",\"more\":7,\"doc\"");
    assert_int_equal(redis_number(&redis, "ZCARD %s", P ":ends"), 0);
    assert_int_equal(redis_number(&redis, "SISMEMBER %s registry", P ":systems-on:box"), 0);
    assert_int_equal(redis_number(&redis, "SISMEMBER %s other", P ":systems-on:box"), 1);
}

static void its_folded_name_is_taken(void **state)
{
    (void)state;
    assert_reply(RUN_OWN(OWN, "registry", SERVICE("a")), "OK");
    redisReply *reply = redis_ask(&redis, "HGET %s system:registry", P ":folded");
    assert_string_equal(reply->str, "registry");
    freeReplyObject(reply);
}

static void a_key_of_the_wrong_type_stops_everything(void **state)
{
    (void)state;
    static const char *const keys[] = {
        P ":system:registry",
        P ":instance:registry::a::1.0.0",
        P ":definition:b",
        P ":instances-of:registry",
        P ":ends",
        P ":folded",
        P ":journal",
    };
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        redis_do(&redis, "FLUSHALL");
        assert_reply(OPEN(TEMPLATE), "OPEN");
        redis_do(&redis, "DEL %s", keys[i]);
        redis_do(&redis, "LPUSH %s x", keys[i]);
        assert_changes_nothing(assert_reply(RUN_OWN(OWN, "registry", SERVICE("a"), SERVICE("b")),
                                            "WRONGTYPE", keys[i]));
    }
}

static void where_redis_refuses_nothing_is_changed(void **state)
{
    (void)state;
    assert_changes_nothing({
        redis_do(&redis, "CONFIG SET maxmemory 1");
        assert_reply(REGISTER_OWN(), "FAILED");
        redis_do(&redis, "CONFIG SET maxmemory 0");
    });
    redis_do(&redis, "FLUSHALL");
    assert_reply(REGISTER_OWN(), "NOHEAD");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(enters_all_in_one_entry, set_up_head),
        cmocka_unit_test_setup(what_is_as_it_should_be_stays, set_up_head),
        cmocka_unit_test_setup(only_the_difference_is_written, set_up_head),
        cmocka_unit_test_setup(strangers_go, set_up_head),
        cmocka_unit_test_setup(what_others_altered_is_mended, set_up_head),
        cmocka_unit_test_setup(its_folded_name_is_taken, set_up_head),
        cmocka_unit_test_setup(a_key_of_the_wrong_type_stops_everything, set_up_head),
        cmocka_unit_test_setup(where_redis_refuses_nothing_is_changed, set_up_head),
    };
    return cmocka_run_group_tests(tests, set_up_redis, tear_down_redis);
}
