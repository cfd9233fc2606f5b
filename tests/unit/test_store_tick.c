// links: store
/*
 * tick.lua against a real Redis: what ends and when, registry time over gaps, and how the journal
 * is trimmed. Times are given as scores and as `at` of hand-made entries, relative to Redis' clock.
 */
#include "script_fixture.h"

#include <inttypes.h>

static int64_t redis_now(void)
{
    redisReply *time = redis_ask(&redis, "TIME");
    int64_t now = atoll(item(time, 0)) * 1000 + atoll(item(time, 1)) / 1000;
    freeReplyObject(time);
    return now;
}

/* An instance with an end, as far as a tick is interested. */
static void enter(const char *zset, const char *kind, const char *id, int64_t end)
{
    redis_do(&redis, "SET %s:%s:%s {}", P, kind, id);
    redis_do(&redis, "ZADD %s%s %" PRId64 " %s:%s", P, zset, end, kind, id);
    if (strcmp(kind, "instance") == 0)
        redis_do(&redis, "SADD %s %s", P ":instances-of:provider", id);
}

static long long head(const char *field)
{
    return redis_number(&redis, "HGET " P ":head %s", field);
}

/* The reply of a tick: TICK now offset revision token ended left-alone now-in-us due. */
#define assert_tick_of(reply_, revision_, ended_, left_alone_, due_)                               \
    do {                                                                                           \
        redisReply *tick_ = (reply_);                                                              \
        assert_string_equal(item(tick_, 0), "TICK");                                               \
        assert_string_equal(item(tick_, 3), revision_);                                            \
        assert_string_equal(item(tick_, 5), ended_);                                               \
        assert_string_equal(item(tick_, 6), left_alone_);                                          \
        assert_string_equal(item(tick_, 8), due_);                                                 \
        freeReplyObject(tick_);                                                                    \
    } while (0)
/* All that was due has ended. */
#define assert_tick(reply_, revision_, ended_) assert_tick_of(reply_, revision_, ended_, "", ended_)

static void ends_what_is_due_in_one_entry(void **state)
{
    (void)state;
    int64_t now = redis_now();
    enter(":ends", "instance", "provider::a::1.0.0", now - 1);
    enter(":ends", "instance", "provider::b::1.0.0", now - 2000);
    enter(":ends", "instance", "provider::c::1.0.0", now + 60000);
    enter(":leases", "chap", "model", now - 5);
    enter(":leases", "chap", "alive", now + 60000);
    assert_tick(TICK(), "2", "3");
    assert_int_equal(redis_number(&redis, "EXISTS %s", P ":instance:provider::a::1.0.0"), 0);
    assert_int_equal(redis_number(&redis, "EXISTS %s", P ":instance:provider::b::1.0.0"), 0);
    assert_int_equal(redis_number(&redis, "EXISTS %s", P ":instance:provider::c::1.0.0"), 1);
    assert_int_equal(redis_number(&redis, "EXISTS %s", P ":chap:model"), 0);
    assert_int_equal(redis_number(&redis, "EXISTS %s", P ":chap:alive"), 1);
    assert_int_equal(redis_number(&redis, "SCARD %s", P ":instances-of:provider"), 1);
    assert_int_equal(redis_number(&redis, "ZCARD %s", P ":ends"), 1);

    redisReply *entry = redis_ask(&redis, "XRANGE %s 2 2", P ":journal");
    const redisReply *fields = entry->element[0]->element[1];
    size_t seen = 0;
    for (size_t i = 0; i < fields->elements; i += 2) {
        if (strcmp(item(fields, i), "del:instance") == 0)
            seen += strcmp(item(fields, i + 1), "provider::b::1.0.0\nprovider::a::1.0.0") == 0;
        if (strcmp(item(fields, i), "del:chap") == 0)
            seen += strcmp(item(fields, i + 1), "model") == 0;
        if (strcmp(item(fields, i), "kind") == 0)
            seen += strcmp(item(fields, i + 1), "expire") == 0;
    }
    assert_int_equal(seen, 3);
    freeReplyObject(entry);
    assert_tick(TICK(), "2", "0");
}

/* It is gone already: this is no end of anything. */
static void a_member_without_its_key_makes_no_entry(void **state)
{
    (void)state;
    redis_do(&redis, "ZADD %s 1 instance:provider::gone::1.0.0 2 nonsense", P ":ends");
    assert_tick_of(TICK(), "1", "0", "", "2");
    assert_int_equal(redis_number(&redis, "EXISTS %s", P ":ends"), 0);
    assert_int_equal(redis_number(&redis, "XLEN %s", P ":journal"), 1);

    redis_do(&redis, "ZADD %s 1 instance:provider::gone::1.0.0", P ":ends");
    enter(":leases", "chap", "model", redis_now() - 5);
    assert_tick_of(TICK(), "2", "1", "", "2");
}

static void ends_at_most_a_thousand_at_once(void **state)
{
    (void)state;
    char id[64];
    int64_t now = redis_now();
    for (int i = 0; i < 1001; i++) {
        snprintf(id, sizeof(id), "provider::x%04d::1.0.0", i);
        enter(i % 2 == 0 ? ":ends" : ":leases", "instance", id, now - 10000 + i);
    }
    assert_tick(TICK(), "2", "1000");
    assert_tick(TICK(), "3", "1");
    assert_int_equal(redis_number(&redis, "EXISTS %s", P ":instances-of:provider"), 0);
}

/* A damaged key does not keep the others from ending. */
static void leaves_damaged_keys_alone(void **state)
{
    (void)state;
    int64_t now = redis_now();
    enter(":ends", "instance", "provider::a::1.0.0", now - 1);
    enter(":ends", "instance", "provider::b::1.0.0", now - 1);
    redis_do(&redis, "DEL %s", P ":instance:provider::a::1.0.0");
    redis_do(&redis, "LPUSH %s wrong", P ":instance:provider::a::1.0.0");
    assert_tick_of(TICK(), "2", "1", P ":instance:provider::a::1.0.0", "2");
    assert_int_equal(redis_number(&redis, "LLEN %s", P ":instance:provider::a::1.0.0"), 1);
    assert_int_equal(redis_number(&redis, "EXISTS %s", P ":instance:provider::b::1.0.0"), 0);

    enter(":ends", "instance", "provider::c::1.0.0", now - 1);
    redis_do(&redis, "SET %s wrong", P ":instances-of:provider");
    assert_tick_of(TICK(), "2", "0", P ":instances-of:provider", "1");
    assert_int_equal(redis_number(&redis, "EXISTS %s", P ":instance:provider::c::1.0.0"), 1);
}

/* Something is due in each case, and stays. */
static void a_key_of_the_wrong_type_stops_the_tick(void **state)
{
    (void)state;
    static const char *const keys[] = {P ":head", P ":journal", P ":ends", P ":leases"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        set_up_head(NULL);
        enter(":ends", "instance", "provider::a::1.0.0", redis_now() - 1);
        enter(":leases", "chap", "model", redis_now() - 5);
        redis_do(&redis, "SET %s wrong", keys[i]);
        assert_changes_nothing(assert_reply(TICK(), "WRONGTYPE", keys[i]));
    }
}

static void set_tick(int64_t at)
{
    redis_do(&redis, "HSET " P ":head tick %" PRId64, at);
}

/* Leases get the time of an outage back; absolute ends do not. */
static void a_gap_stops_registry_time(void **state)
{
    (void)state;
    int64_t now = redis_now();
    enter(":leases", "chap", "model", now - 20000);
    enter(":ends", "instance", "provider::a::1.0.0", now - 20000);
    set_tick(now - 30000);
    assert_tick(TICK(), "2", "1");
    assert_int_equal(redis_number(&redis, "EXISTS %s", P ":chap:model"), 1);
    assert_in_range(head("offset"), 30000, 31000);
    assert_in_range(head("tick"), now, now + 1000);

    long long offset = head("offset");
    set_tick(redis_now() - 4000); /* late, but no gap */
    assert_tick(TICK(), "2", "0");
    assert_int_equal(head("offset"), offset);

    /* The clock was set back by a minute: registry time goes on from where it was, and by that the
       lease has ended. */
    set_tick(redis_now() + 60000);
    assert_tick(TICK(), "3", "1");
    assert_in_range(head("offset") + 100000, offset + 39000, offset + 41000);
}

static void ticks_of_several_nodes_do_no_harm(void **state)
{
    (void)state;
    set_tick(redis_now() - 1000);
    assert_tick(TICK(), "1", "0");
    long long tick = head("tick");
    assert_tick(TICK(), "1", "0");
    assert_int_equal(head("tick"), tick);
}

/* ---- trimming ---------------------------------------------------------------------------------
 */

/* The journal from entry 2 to `last`, those up to `old` older than a minute. */
static void write_journal(int last, int old)
{
    int64_t now = redis_now();
    for (int i = 2; i <= last; i++)
        redis_do(&redis, "XADD %s %d-0 prev a token b at %" PRId64 " kind test", P ":journal", i,
                 i <= old ? now - 61000 - last + i : now - 30000);
    redis_do(&redis, "HSET %s revision %d", P ":head", last);
}

static long long first_entry(void)
{
    redisReply *entries = redis_ask(&redis, "XRANGE %s - + COUNT 1", P ":journal");
    long long first = entries->elements > 0 ? atoll(item(entries->element[0], 0)) : 0;
    freeReplyObject(entries);
    return first;
}

static void the_journal_is_bounded(void **state)
{
    (void)state;
    static const struct {
        const char *max;
        int old, first; /* entries up to `old` are old; then `first` is the first that stays */
    } rows[] = {
        {"1000", 500, 1},                                    /* short enough */
        {"10", 500, 491}, {"499", 500, 2}, {"10", 300, 301}, /* the rest is too young */
        {"10", 490, 491}, {"10", 1, 1},    {"10", 2, 3},     {"100", 395, 396}, {"100", 450, 401},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        set_up_head(NULL);
        write_journal(500, rows[i].old);
        if (rows[i].first > 1) /* the head's own entry is young: it goes first */
            redis_do(&redis, "XDEL %s 1-0", P ":journal");
        assert_tick(TICK_WITH(rows[i].max, "60000"), "500", "0");
        assert_int_equal(first_entry(), rows[i].first);
    }
}

static void at_most_ten_thousand_entries_go_at_once(void **state)
{
    (void)state;
    for (int i = 2; i <= 12001; i++)
        redisAppendCommand(redis.to, "XADD %s %d-0 at 1 kind test", P ":journal", i);
    for (int i = 2; i <= 12001; i++) {
        void *reply;
        assert_int_equal(redisGetReply(redis.to, &reply), REDIS_OK);
        freeReplyObject(reply);
    }
    redis_do(&redis, "XDEL %s 1-0", P ":journal");
    redis_do(&redis, "HSET %s revision 12001", P ":head");
    assert_tick(TICK_WITH("10", "60000"), "12001", "0");
    assert_int_equal(first_entry(), 10002);
    assert_tick(TICK_WITH("10", "60000"), "12001", "0");
    assert_int_equal(first_entry(), 11992);
    assert_int_equal(redis_number(&redis, "XLEN %s", P ":journal"), 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(ends_what_is_due_in_one_entry, set_up_head),
        cmocka_unit_test_setup(a_member_without_its_key_makes_no_entry, set_up_head),
        cmocka_unit_test_setup(ends_at_most_a_thousand_at_once, set_up_head),
        cmocka_unit_test_setup(leaves_damaged_keys_alone, set_up_head),
        cmocka_unit_test_setup(a_key_of_the_wrong_type_stops_the_tick, set_up_head),
        cmocka_unit_test_setup(a_gap_stops_registry_time, set_up_head),
        cmocka_unit_test_setup(ticks_of_several_nodes_do_no_harm, set_up_head),
        cmocka_unit_test_setup(the_journal_is_bounded, set_up_head),
        cmocka_unit_test_setup(at_most_ten_thousand_entries_go_at_once, set_up_head),
    };
    return cmocka_run_group_tests(tests, set_up_redis, tear_down_redis);
}
