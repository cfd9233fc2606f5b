// links: store
/*
 * The scripts of CHAP services against a real Redis: what each comes to, what it writes and what it
 * leaves alone, and registry time over gaps that no tick has seen. At the end a long random
 * sequence against a model of a few lines.
 */
#include "script_fixture.h"

#include <inttypes.h>

#define ID       "model"
#define KEY      P ":chap:" ID
#define DOC      "{\"id\":\"model\",\"url\":\"http://a\",\"info\":{\"x\":null}}"
#define OTHER    "{\"id\":\"model\",\"url\":\"http://b\",\"info\":{\"x\":null}}"
#define TTL_US   30000000
#define TTL      "30000000"
#define NOBODY   "{}"
#define NO_LEASE INT64_MIN

#define REGISTER_CHAP(by, doc, how)                                                                \
    RUN(QV_SCRIPT_REGISTER_CHAP, "0", "token-chap", by, ID, doc, TTL, how, "5000")
#define PING_CHAP(revive) RUN(QV_SCRIPT_PING_CHAP, "0", "token-ping", ID, TTL, revive, "5000")
#define DELETE_CHAP()     RUN(QV_SCRIPT_DELETE_CHAP, "0", "token-delete", BY, ID, "5000")
#define TICK_REVIVE(revive)                                                                        \
    RUN(QV_SCRIPT_TICK, "0", "token-tick", "1000", "100000", "60000", "5000", "::", revive)

/* ---- looking --------------------------------------------------------------------------------- */

static int64_t redis_us(void)
{
    redisReply *time = redis_ask(&redis, "TIME");
    int64_t us = atoll(item(time, 0)) * 1000000 + atoll(item(time, 1));
    freeReplyObject(time);
    return us;
}

/* The lease's end in registry time, us. */
static int64_t lease(void)
{
    redisReply *score = redis_ask(&redis, "ZSCORE %s chap:%s", P ":leases", ID);
    int64_t us = score->str != NULL ? (int64_t)(strtod(score->str, NULL) * 1000 + 0.5) : NO_LEASE;
    freeReplyObject(score);
    return us;
}

static void set_lease(int64_t us)
{
    redis_do(&redis, "ZADD %s %" PRId64 ".%03d chap:%s", P ":leases", us / 1000, (int)(us % 1000),
             ID);
}

static void set_head(const char *field, int64_t value)
{
    redis_do(&redis, "HSET %s %s %" PRId64, P ":head", field, value);
}

static bool is_there(void)
{
    return redis_number(&redis, "EXISTS %s", KEY) == 1;
}

/* A field of the youngest entry of the journal; "" where it has none. Static. */
static const char *journaled(const char *name)
{
    static char value[1024];
    value[0] = '\0';
    redisReply *entries = redis_ask(&redis, "XREVRANGE %s + - COUNT 1", P ":journal");
    const redisReply *fields = entries->element[0]->element[1];
    for (size_t i = 0; i + 1 < fields->elements; i += 2)
        if (strcmp(item(fields, i), name) == 0)
            snprintf(value, sizeof(value), "%s", item(fields, i + 1));
    freeReplyObject(entries);
    return value;
}

/* Times of a reply: `at` is that of the last sign of life, the end follows. */
static void assert_times(const redisReply *reply, size_t at, int64_t from, int64_t to)
{
    int64_t pinged = atoll(item(reply, at)), ends = atoll(item(reply, at + 1));
    assert_true(pinged >= from && pinged <= to);
    assert_true(ends == pinged + TTL_US);
}

/* ---- register -------------------------------------------------------------------------------- */

static void a_new_one_has_a_document_and_a_lease(void **state)
{
    (void)state;
    int64_t from = redis_us();
    redisReply *reply = REGISTER_CHAP(BY, DOC, "replace");
    int64_t to = redis_us();
    assert_string_equal(item(reply, 0), "OK");
    assert_string_equal(item(reply, 1), "2");
    assert_string_equal(item(reply, 4), "new");
    assert_times(reply, 5, from, to);
    char *stored = redis_text(&redis, KEY);
    assert_string_equal(item(reply, 3), stored);
    char seconds[32], created[40], updated[40];
    int micros, length = 0;
    assert_int_equal(sscanf(stored,
                            "{\"v\":1,\"rev\":2,\"created\":\"%39[^\"]\",\"updated\":\"%39[^\"]"
                            "\",\"by\":"
                            "%n",
                            created, updated, &length),
                     2);
    assert_string_equal(stored + length, BY ",\"doc\":" DOC "}");
    assert_string_equal(created, updated);
    assert_int_equal(sscanf(created, "%31[^.].%6dZ", seconds, &micros), 2);
    assert_int_equal(micros, atoll(item(reply, 5)) % 1000000);
    assert_int_equal(strlen(created), 27);
    assert_true(lease() == atoll(item(reply, 6))); /* to the microsecond */
    char end[32];
    snprintf(end, sizeof(end), "%s", item(reply, 6));
    freeReplyObject(reply);
    assert_string_equal(journaled("lease:chap:" ID), end);
    assert_string_equal(journaled("put:chap:" ID), stored);
    assert_string_equal(journaled("kind"), "register-chap");
    free(stored);
}

static void the_same_data_renew_alone(void **state)
{
    (void)state;
    assert_reply(REGISTER_CHAP(NOBODY, DOC, "replace"), "OK", "2");
    char *stored = redis_text(&redis, KEY);
    set_lease(redis_us() + 1000000);
    int64_t from = redis_us();
    redisReply *reply = REGISTER_CHAP(BY, DOC, "replace");
    assert_string_equal(item(reply, 1), "3");
    assert_string_equal(item(reply, 3), stored);
    assert_string_equal(item(reply, 4), "same");
    assert_times(reply, 5, from, redis_us());
    assert_true(lease() == atoll(item(reply, 6)));
    freeReplyObject(reply);
    char *after = redis_text(&redis, KEY);
    assert_string_equal(after, stored);
    assert_string_equal(journaled("put:chap:" ID), "");
    assert_string_equal(journaled("by"), BY);
    assert_true(strlen(journaled("lease:chap:" ID)) == 16);
    free(stored);
    free(after);
}

static void other_data_replace(void **state)
{
    (void)state;
    redis_do(&redis, "SET %s %s", KEY,
             "{\"v\":1,\"rev\":1,\"created\":\"2026-01-01T00:00:00.000001Z\",\"updated\":\"x\","
             "\"by\":{},\"later\":[1],\"doc\":" DOC "}");
    set_lease(redis_us() + 1000000);
    redisReply *reply = REGISTER_CHAP(NOBODY, OTHER, "replace");
    assert_string_equal(item(reply, 0), "OK");
    assert_string_equal(item(reply, 4), "updated");
    assert_non_null(strstr(item(reply, 3), "\"created\":\"2026-01-01T00:00:00.000001Z\""));
    assert_non_null(strstr(item(reply, 3), "\"by\":{},\"later\":[1],\"doc\":" OTHER "}"));
    assert_true(lease() == atoll(item(reply, 6)));
    assert_string_equal(journaled("put:chap:" ID), item(reply, 3));
    freeReplyObject(reply);
}

/* The document's letter: what is there is left as it is, and its lease runs on. */
static void what_is_there_may_be_kept(void **state)
{
    (void)state;
    assert_reply(REGISTER_CHAP(NOBODY, DOC, "keep"), "OK", "2");
    int64_t end = redis_us() + 1234567;
    set_lease(end - 7000000); /* in registry time, which is seven seconds behind */
    set_head("offset", 7000);
    static const char *const docs[] = {DOC, OTHER};
    for (size_t i = 0; i < 2; i++)
        assert_changes_nothing({
            redisReply *reply = REGISTER_CHAP(NOBODY, docs[i], "keep");
            assert_string_equal(item(reply, 0), "NOTHING");
            assert_string_equal(item(reply, 1), "2");
            assert_non_null(strstr(item(reply, 3), DOC));
            assert_string_equal(item(reply, 4), "kept");
            assert_true(atoll(item(reply, 6)) == end);
            assert_true(atoll(item(reply, 5)) == end - TTL_US);
            freeReplyObject(reply);
        });
}

/* Also while it could be revived, and whatever the terms say. */
static void one_that_ended_is_as_if_it_were_not_there(void **state)
{
    (void)state;
    static const struct {
        const char *stored, *doc;
        int64_t ago_us; /* since its end; NO_LEASE: it has none */
    } rows[] = {
        {"{\"v\":1,\"rev\":1,\"created\":\"2020\",\"updated\":\"x\",\"by\":{},\"doc\":" DOC "}",
         DOC, 0},
        {"{\"v\":1,\"rev\":1,\"created\":\"2020\",\"updated\":\"x\",\"by\":{},\"doc\":" DOC "}",
         DOC, 5000},
        {"{\"v\":1,\"rev\":1,\"created\":\"2020\",\"updated\":\"x\",\"by\":{},\"doc\":" DOC "}",
         OTHER, 5000},
        {"{\"v\":1,\"rev\":1,\"created\":\"2020\",\"updated\":\"x\",\"by\":{},\"doc\":" DOC "}",
         DOC, NO_LEASE},
        {"no envelope", DOC, -60000000}, /* alive, but nobody can read it */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        set_up_head(NULL);
        redis_do(&redis, "SET %s %s", KEY, rows[i].stored);
        if (rows[i].ago_us != NO_LEASE)
            set_lease(redis_us() - rows[i].ago_us);
        redisReply *reply = REGISTER_CHAP(NOBODY, rows[i].doc, i % 2 == 0 ? "keep" : "replace");
        assert_string_equal(item(reply, 0), "OK");
        assert_string_equal(item(reply, 4), "new");
        assert_null(strstr(item(reply, 3), "2020"));
        assert_true(lease() == atoll(item(reply, 6)));
        freeReplyObject(reply);
    }
}

/* ---- ping ------------------------------------------------------------------------------------ */

static void a_ping_moves_the_end_and_nothing_else(void **state)
{
    (void)state;
    assert_reply(REGISTER_CHAP(NOBODY, DOC, "replace"), "OK", "2");
    char *stored = redis_text(&redis, KEY);
    set_lease(redis_us() + 1000000);
    int64_t from = redis_us();
    redisReply *reply = PING_CHAP("0");
    assert_string_equal(item(reply, 0), "OK");
    assert_string_equal(item(reply, 1), "3");
    assert_string_equal(item(reply, 2), "token-ping");
    assert_times(reply, 3, from, redis_us());
    assert_true(lease() == atoll(item(reply, 4)));
    char *after = redis_text(&redis, KEY);
    assert_string_equal(after, stored);
    free(after);
    free(stored);
    char end[32];
    snprintf(end, sizeof(end), "%s", item(reply, 4));
    assert_string_equal(journaled("lease:chap:" ID), end);
    assert_string_equal(journaled("kind"), "ping-chap");
    assert_string_equal(journaled("put:chap:" ID), "");
    freeReplyObject(reply);
}

static void a_ping_brings_nothing_back(void **state)
{
    (void)state;
    assert_changes_nothing(assert_reply(PING_CHAP("0"), "NOTHING", "1"));
    assert_reply(REGISTER_CHAP(NOBODY, DOC, "replace"), "OK", "2");
    set_lease(redis_us());
    assert_changes_nothing(assert_reply(PING_CHAP("0"), "NOTHING", "2"));
    assert_reply(DELETE_CHAP(), "OK", "3");
    assert_changes_nothing(assert_reply(PING_CHAP("60000000"), "NOTHING", "3"));
    redis_do(&redis, "SET %s %s", KEY, DOC); /* a key without a lease does not live */
    assert_changes_nothing(assert_reply(PING_CHAP("60000000"), "NOTHING", "3"));
    redis_do(&redis, "DEL %s", KEY); /* nor does a lease without a key */
    set_lease(redis_us() + 60000000);
    assert_changes_nothing(assert_reply(PING_CHAP("60000000"), "NOTHING", "3"));
}

static void what_ended_a_short_while_ago_may_be_revived(void **state)
{
    (void)state;
    assert_reply(REGISTER_CHAP(NOBODY, DOC, "replace"), "OK", "2");
    set_lease(redis_us() - 1000000);
    assert_changes_nothing(assert_reply(PING_CHAP("900000"), "NOTHING", "2"));
    set_head("tick", redis_us() / 1000); /* so that the tick leaves the head as it is */
    assert_reply(TICK_REVIVE("60000000"), "TICK");
    assert_true(is_there());
    assert_reply(PING_CHAP("60000000"), "OK", "3");
    assert_true(lease() > redis_us());
    set_lease(redis_us() - 1000000);
    assert_reply(TICK_REVIVE("900000"), "TICK");
    assert_false(is_there());
    assert_true(lease() == NO_LEASE);
    assert_string_equal(journaled("kind"), "expire");
    assert_string_equal(journaled("del:chap"), ID);
    assert_changes_nothing(assert_reply(PING_CHAP("60000000"), "NOTHING", "4"));
}

/* ---- delete ---------------------------------------------------------------------------------- */

static void a_deletion_leaves_nothing(void **state)
{
    (void)state;
    static const struct {
        int64_t left_us;
        const char *how;
    } rows[] = {{5000000, "alive"}, {0, "ended"}, {-5000000, "ended"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        set_up_head(NULL);
        assert_reply(REGISTER_CHAP(NOBODY, DOC, "replace"), "OK", "2");
        set_lease(redis_us() + rows[i].left_us);
        assert_reply(DELETE_CHAP(), "OK", "3", "token-delete", rows[i].how);
        assert_false(is_there());
        assert_true(lease() == NO_LEASE);
        assert_string_equal(journaled("del:chap"), ID);
        assert_string_equal(journaled("by"), BY);
        assert_changes_nothing(assert_reply(DELETE_CHAP(), "NOTHING", "3"));
    }
}

/* ---- time ------------------------------------------------------------------------------------ */

/* A script that comes before the first tick counts as the tick will; `gap_ms` may be a step back.
 */
static void a_gap_counts_before_a_tick_has_seen_it(void **state)
{
    (void)state;
    static const int64_t gaps_ms[] = {40000, -60000};
    for (size_t i = 0; i < 2; i++) {
        set_up_head(NULL);
        assert_reply(REGISTER_CHAP(NOBODY, DOC, "replace"), "OK", "2");
        int64_t tick_ms = redis_us() / 1000 - gaps_ms[i];
        set_head("offset", 3000);
        set_head("tick", tick_ms);
        set_lease((tick_ms - 3000) * 1000 + 2000); /* it has two milliseconds left */
        redisReply *reply = PING_CHAP("0");
        assert_string_equal(item(reply, 0), "OK");
        freeReplyObject(reply);
        int64_t over = lease() - (tick_ms - 3000) * 1000 - TTL_US;
        assert_true(over >= 0 && over < 1000);
        assert_reply(TICK(), "TICK");
        assert_true(is_there());

        set_head("tick", redis_us() / 1000 - gaps_ms[i]);
        redisReply *offset = redis_ask(&redis, "HGET %s offset", P ":head");
        int64_t behind_ms = atoll(offset->str) + gaps_ms[i];
        freeReplyObject(offset);
        set_lease(redis_us() - behind_ms * 1000 - 1000000);
        assert_changes_nothing(assert_reply(PING_CHAP("0"), "NOTHING"));
        assert_reply(REGISTER_CHAP(NOBODY, OTHER, "keep"), "OK");
    }
}

/* ---- what is damaged ------------------------------------------------------------------------- */

static void nothing_is_written_over_damage(void **state)
{
    (void)state;
    assert_reply(REGISTER_CHAP(NOBODY, DOC, "replace"), "OK", "2");
    redis_do(&redis, "DEL %s", KEY);
    redis_do(&redis, "LPUSH %s wrong", KEY);
    assert_changes_nothing({
        assert_reply(REGISTER_CHAP(NOBODY, DOC, "replace"), "WRONGTYPE", KEY);
        assert_reply(PING_CHAP("0"), "WRONGTYPE", KEY);
        assert_reply(DELETE_CHAP(), "WRONGTYPE", KEY);
    });
    redis_do(&redis, "DEL %s %s", KEY, P ":leases");
    redis_do(&redis, "SET %s wrong", P ":leases");
    assert_changes_nothing({
        assert_reply(REGISTER_CHAP(NOBODY, DOC, "replace"), "WRONGTYPE", P ":leases");
        assert_reply(PING_CHAP("0"), "WRONGTYPE", P ":leases");
        assert_reply(DELETE_CHAP(), "WRONGTYPE", P ":leases");
    });
    redis_do(&redis, "DEL %s %s", P ":leases", P ":head");
    assert_changes_nothing({
        assert_reply(REGISTER_CHAP(NOBODY, DOC, "replace"), "NOHEAD");
        assert_reply(PING_CHAP("0"), "NOHEAD");
        assert_reply(DELETE_CHAP(), "NOHEAD");
    });
}

/* ---- a long sequence against a model --------------------------------------------------------- */

struct model {
    bool there;
    const char *doc;
    int64_t
        left_us; /* of the lease; far from zero, so that it does not matter how long a step takes */
};

static const char *expected_of_register(const struct model *model, const char *doc,
                                        const char *mode)
{
    if (!model->there || model->left_us <= 0)
        return "new";
    if (strcmp(mode, "keep") == 0)
        return "kept";
    return strcmp(model->doc, doc) == 0 ? "same" : "updated";
}

static void step_register(struct model *model, bool other, bool keep)
{
    const char *doc = other ? OTHER : DOC, *mode = keep ? "keep" : "replace";
    const char *expected = expected_of_register(model, doc, mode);
    redisReply *reply = REGISTER_CHAP(NOBODY, doc, mode);
    assert_string_equal(item(reply, 4), expected);
    bool kept = strcmp(expected, "kept") == 0;
    assert_string_equal(item(reply, 0), kept ? "NOTHING" : "OK");
    assert_non_null(strstr(item(reply, 3), kept ? model->doc : doc));
    freeReplyObject(reply);
    if (!kept)
        *model = (struct model){.there = true, .doc = doc, .left_us = TTL_US};
}

static void step_ping(struct model *model, bool revive)
{
    bool alive = model->there && model->left_us + (revive ? 20000000 : 0) > 0;
    assert_reply(PING_CHAP(revive ? "20000000" : "0"), alive ? "OK" : "NOTHING");
    if (alive)
        model->left_us = TTL_US;
}

static void step_delete(struct model *model)
{
    redisReply *reply = DELETE_CHAP();
    assert_string_equal(item(reply, 0), model->there ? "OK" : "NOTHING");
    if (model->there)
        assert_string_equal(item(reply, 3), model->left_us > 0 ? "alive" : "ended");
    freeReplyObject(reply);
    model->there = false;
}

static void step_tick(struct model *model, bool revive)
{
    assert_reply(TICK_REVIVE(revive ? "20000000" : "0"), "TICK");
    if (model->left_us + (revive ? 20000000 : 0) <= 0)
        model->there = false;
}

/* Time passes for the lease: its end is moved instead. */
static void step_wait(struct model *model, int64_t us)
{
    model->left_us -= us;
    if (model->there)
        set_lease(lease() - us);
}

/* Ticks stop for a while: nothing may come of it. */
static void step_gap(void)
{
    int64_t tick_ms = redis_number(&redis, "HGET %s tick", P ":head");
    int64_t offset_ms = redis_number(&redis, "HGET %s offset", P ":head");
    set_head("tick", tick_ms - 100000); /* the clock goes on, registry time does not */
    set_head("offset", offset_ms - 100000);
}

static void any_sequence_does_as_the_model_says(void **state)
{
    (void)state;
    struct model model = {.doc = DOC};
    unsigned random = 7;
    for (int i = 0; i < 4000; i++) {
        random = random * 1103515245 + 12345;
        unsigned bits = random >> 16;
        bool a = (bits >> 4) & 1, b = (bits >> 5) & 1;
        switch (bits % 7) {
        case 0: step_register(&model, a, b); break;
        case 1: step_ping(&model, a); break;
        case 2: (bits >> 6) % 4 == 0 ? step_delete(&model) : step_ping(&model, a); break;
        case 3: step_tick(&model, a); break;
        case 4: step_gap(); break;
        default: step_wait(&model, 13000000); break;
        }
        assert_int_equal(is_there(), model.there);
        assert_int_equal(lease() != NO_LEASE, model.there);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_new_one_has_a_document_and_a_lease, set_up_head),
        cmocka_unit_test_setup(the_same_data_renew_alone, set_up_head),
        cmocka_unit_test_setup(other_data_replace, set_up_head),
        cmocka_unit_test_setup(what_is_there_may_be_kept, set_up_head),
        cmocka_unit_test_setup(one_that_ended_is_as_if_it_were_not_there, set_up_head),
        cmocka_unit_test_setup(a_ping_moves_the_end_and_nothing_else, set_up_head),
        cmocka_unit_test_setup(a_ping_brings_nothing_back, set_up_head),
        cmocka_unit_test_setup(what_ended_a_short_while_ago_may_be_revived, set_up_head),
        cmocka_unit_test_setup(a_deletion_leaves_nothing, set_up_head),
        cmocka_unit_test_setup(a_gap_counts_before_a_tick_has_seen_it, set_up_head),
        cmocka_unit_test_setup(nothing_is_written_over_damage, set_up_head),
        cmocka_unit_test_setup(any_sequence_does_as_the_model_says, set_up_head),
    };
    return cmocka_run_group_tests(tests, set_up_redis, tear_down_redis);
}
