// links: store
/*
 * The scripts that make changes, each against a real Redis: what they do, what they refuse, and
 * that a refusal of any kind leaves everything as it was.
 */
#include "script_fixture.h"

#include <quiver/base/buf.h>

/* ---- common.lua -------------------------------------------------------------------------------
 */

/* Runs a line of Lua behind common.lua. */
static redisReply *run_line(const char *line, const char *argument)
{
    const char *text = qv_script_text(QV_SCRIPT_OPEN).at;
    const char *end = strstr(text, "-- Runs at every connect");
    char script[16384];
    assert_non_null(end);
    snprintf(script, sizeof(script), "%.*s\n%s", (int)(end - text), text, line);
    return run_text(&redis, script, (const char *const[]){"0", "token", argument, NULL});
}

static void writes_times_as_the_rest_of_quiver_does(void **state)
{
    (void)state;
    const int64_t moments[] = {0,          951782400, 951868799, 1709251199,  1709164800,
                               4107542399, 978307199, 946684800, 253402300799};
    for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
        char ms[32];
        snprintf(ms, sizeof(ms), "%lld", (long long)moments[i] * 1000 + 999);
        QV_CLEANUP(qv_buf) struct qv_buf expected = {0};
        qv_wall_write(&expected, (struct qv_wall){.seconds = moments[i]}, QV_WALL_SECONDS);
        redisReply *reply = run_line("return utc(tonumber(ARGV[3]))", ms);
        assert_int_equal(reply->type, REDIS_REPLY_STRING);
        assert_string_equal(reply->str, expected.at);
        freeReplyObject(reply);
    }
}

static void takes_envelopes_apart(void **state)
{
    (void)state;
    static const char *const rows[][4] = {
        /* envelope, created, kept, doc */
        {"{\"v\":1,\"rev\":7,\"created\":\"a\",\"updated\":\"b\",\"by\":{},\"doc\":{\"x\":1}}",
         "\"a\"", "", "{\"x\":1}"},
        {"{\"v\":1,\"rev\":7,\"created\":\"a\",\"updated\":\"b\",\"by\":{\"i\":\"}\"},\"x\":[],"
         "\"doc\":{}}",
         "\"a\"", ",\"x\":[]", "{}"},
        {" { \"doc\" : {\"doc\":\"\\\"}\"} , \"y\":{\"doc\":[1,{}]},\"created\":\"a\",\"n\":-1.50,"
         "\"t\":true } ",
         "\"a\"", ",\"y\":{\"doc\":[1,{}]},\"n\":-1.50,\"t\":true", "{\"doc\":\"\\\"}\"}"},
        {"{\"v\":1,\"rev\":7,\"created\":\"a\",\"updated\":\"b\",\"by\":{},\"doc\":{}}\n", "\"a\"",
         "", "{}"},
        {"{}", "(nil)", "(nil)", "(nil)"},
        {"{\"created\":\"a\",\"doc\":{\"x\":", "(nil)", "(nil)", "(nil)"},
        {"no JSON", "(nil)", "(nil)", "(nil)"},
        {"{\"created\":\"a\"}", "(nil)", "(nil)", "(nil)"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_reply(run_line("local p = parts_of(ARGV[3]) or {} "
                              "return {p.created or false, p.kept or false, p.doc or false}",
                              rows[i][0]),
                     rows[i][1], rows[i][2], rows[i][3]);
}

/* ---- open -------------------------------------------------------------------------------------
 */

static void open_makes_the_head_once(void **state)
{
    (void)state;
    redis_do(&redis, "FLUSHALL");
    redisReply *first = OPEN(TEMPLATE);
    assert_string_equal(item(first, 0), "OPEN");
    assert_string_equal(item(first, 2), "0");
    assert_string_equal(item(first, 3), "1");
    assert_string_equal(item(first, 4), "token-of-the-head");
    assert_string_equal(item(first, 5), "new");
    freeReplyObject(first);
    assert_int_equal(redis_number(&redis, "EXISTS %s", P ":template:generic-http"), 1);
    assert_reply(redis_ask(&redis, "HMGET %s revision token format dialect offset", P ":head"), "1",
                 "token-of-the-head", "1", "5.0", "0");
    assert_changes_nothing({
        redisReply *again = OPEN(TEMPLATE);
        assert_string_equal(item(again, 3), "1");
        assert_string_equal(item(again, 5), "");
        freeReplyObject(again);
    });
}

static void open_refuses_other_data(void **state)
{
    (void)state;
    assert_changes_nothing(
        assert_reply(RUN(QV_SCRIPT_OPEN, "0", "token", BY, "5.2", TEMPLATE), "DIALECT", "5.0"));
    redis_do(&redis, "HSET %s format 2", P ":head");
    assert_changes_nothing(assert_reply(OPEN(TEMPLATE), "FORMAT", "2"));
    assert_changes_nothing(assert_reply(REGISTER("provider::definition::1.0.0"), "FORMAT", "2"));
    assert_changes_nothing(assert_reply(TICK(), "FORMAT", "2"));
}

/* What is damaged is left for whoever mends it; nothing is put beside it. */
static void open_leaves_damaged_keys_alone(void **state)
{
    (void)state;
    static const char *const keys[] = {P ":head", P ":journal", P ":template:generic-http"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        set_up_head(NULL);
        redis_do(&redis, "DEL %s", keys[i]);
        redis_do(&redis, "LPUSH %s wrong", keys[i]);
        assert_changes_nothing({
            assert_reply(OPEN(TEMPLATE), "WRONGTYPE", keys[i]);
            assert_reply(OPEN(TEMPLATE, "{\"name\":\"missing\"}"), "WRONGTYPE", keys[i]);
        });
    }
    set_up_head(NULL);
    redis_do(&redis, "FLUSHALL");
    redis_do(&redis, "LPUSH %s wrong", P ":head");
    assert_changes_nothing(assert_reply(OPEN(TEMPLATE), "WRONGTYPE", P ":head"));
}

static void open_mends_a_head_that_is_behind_its_journal(void **state)
{
    (void)state;
    assert_reply(REGISTER("provider::definition::1.0.0"), "OK", "2");
    assert_reply(REGISTER("provider::definition::2.0.0"), "OK", "3");
    redis_do(&redis, "HSET %s revision 1", P ":head");
    assert_changes_nothing(assert_reply(REGISTER("provider::definition::3.0.0"), "BROKEN"));
    redisReply *mended = OPEN(TEMPLATE);
    assert_string_equal(item(mended, 3), "4");
    assert_string_equal(item(mended, 5), "mended");
    freeReplyObject(mended);
    redis_do(&redis, "DEL %s", P ":head");
    assert_changes_nothing(assert_reply(REGISTER("provider::definition::3.0.0"), "NOHEAD"));
    assert_changes_nothing(assert_reply(REVOKE("provider::definition::1.0.0"), "NOHEAD"));
    assert_reply(OPEN(TEMPLATE), "OPEN");
    assert_reply(REGISTER("provider::definition::3.0.0"), "OK", "6");
}

/* ---- register ---------------------------------------------------------------------------------
 */

static void registers_all_in_one_entry(void **state)
{
    (void)state;
    redisReply *made = REGISTER("provider::definition::1.0.0");
    assert_string_equal(item(made, 0), "OK");
    assert_string_equal(item(made, 1), "2");
    assert_string_equal(item(made, 2), "token-register");
    char *stored = redis_text(&redis, P ":instance:provider::definition::1.0.0");
    assert_string_equal(item(made, 3), stored);
    assert_non_null(strstr(stored, "\"rev\":2,"));
    assert_non_null(strstr(stored, "\"by\":" BY ",\"doc\":{\"instanceId\""));
    free(stored);
    stored = redis_text(&redis, P ":system:provider");
    assert_string_equal(item(made, 4), stored);
    free(stored);
    assert_string_equal(item(made, 5), "");
    assert_non_null(strstr(item(made, 6), "{\"name\":\"definition\"}"));
    freeReplyObject(made);

    redisReply *entries = redis_ask(&redis, "XRANGE %s 2 2", P ":journal");
    assert_int_equal(entries->elements, 1);
    assert_string_equal(item(entries->element[0], 0), "2-0");
    const redisReply *fields = entries->element[0]->element[1];
    static const char *const names[] = {"prev",
                                        "token",
                                        "at",
                                        "kind",
                                        "put:system:provider",
                                        "put:definition:definition",
                                        "put:instance:provider::definition::1.0.0"};
    assert_int_equal(fields->elements, 14);
    for (size_t i = 0; i < 7; i++)
        assert_string_equal(item(fields, i * 2), names[i]);
    assert_string_equal(item(fields, 1), "token-of-the-head");
    assert_string_equal(item(fields, 3), "token-register");
    freeReplyObject(entries);
    assert_int_equal(redis_number(&redis, "SCARD %s", P ":instances-of:provider"), 1);
}

static void refuses_what_does_not_exist(void **state)
{
    (void)state;
    assert_changes_nothing(assert_reply(REGISTER_AS("required", "0", "provider::definition::1.0.0",
                                                    "{}", SYSTEM_DOC("1"), "", "generic-http"),
                                        "REFUSED", "system", "provider"));
    assert_changes_nothing(
        assert_reply(REGISTER_AS("required", "0", "provider::definition::1.0.0", "{}",
                                 SYSTEM_DOC("1"), "", "generic-http", "unheard-of"),
                     "REFUSED", "template", "unheard-of"));
}

#define REGISTER_WITH(definition, folded_system, folded_definition, ...)                           \
    RUN(QV_SCRIPT_REGISTER_SERVICE, "0", "token-register", BY, "automatic",                        \
        "provider::" definition "::1.0.0", "{}", "provider", SYSTEM_DOC("10.0.0.1"), definition,   \
        "{\"name\":\"" definition "\"}", "", folded_system, folded_definition, "", __VA_ARGS__)

/* interface_policy extendable and open: templates are made in the same change, or it is refused. */
static void makes_templates_in_the_same_entry(void **state)
{
    (void)state;
    const char *doc = "{\"name\":\"own\",\"protocol\":\"x\",\"properties\":[]}";
    assert_reply(REGISTER_WITH("a", "", "", "1", "own", doc, "generic-http"), "OK", "2");
    char *stored = redis_text(&redis, P ":template:own");
    assert_non_null(strstr(stored, doc));
    free(stored);
    assert_int_equal(redis_number(&redis, "XLEN %s", P ":journal"), 2);
    /* the same once more relies on what is there; another one has been overtaken */
    assert_reply(REGISTER_WITH("a", "", "", "1", "own", doc), "OK", "3");
    assert_changes_nothing(
        assert_reply(REGISTER_WITH("a", "", "", "1", "own", "{}"), "REFUSED", "overtaken", "own"));
    assert_changes_nothing(assert_reply(REGISTER_WITH("a", "", "", "1", "other", "{}", "nowhere"),
                                        "REFUSED", "template", "nowhere"));
}

#define REGISTER_AT_MOST(most, definition)                                                         \
    RUN(QV_SCRIPT_REGISTER_SERVICE, "0", "token-register", BY, "automatic",                        \
        "provider::" definition "::1.0.0", "{}", "provider", SYSTEM_DOC("10.0.0.1"), definition,   \
        "{\"name\":\"" definition "\"}", "", "", "", most, "0", "generic-http")

/* limits.identities: so many instances of a provider, and replacements of these. */
static void counts_instances(void **state)
{
    (void)state;
    assert_reply(REGISTER_AT_MOST("2", "a"), "OK", "2");
    assert_reply(REGISTER_AT_MOST("2", "b"), "OK", "3");
    assert_changes_nothing(assert_reply(REGISTER_AT_MOST("2", "c"), "REFUSED", "instances",
                                        "2 service instances of provider"));
    assert_reply(REGISTER_AT_MOST("2", "b"), "OK", "4");
    assert_reply(REGISTER_AT_MOST("1", "a"), "OK", "5"); /* less than there are: these stay */
    assert_changes_nothing(assert_reply(REGISTER_AT_MOST("1", "c"), "REFUSED", "instances",
                                        "1 service instances of provider"));
    assert_reply(REVOKE("provider::a::1.0.0"), "OK", "6");
    assert_reply(REGISTER_AT_MOST("2", "c"), "OK", "7");
    assert_reply(REGISTER_AT_MOST("", "d"), "OK", "8"); /* no bound */
    assert_int_equal(redis_number(&redis, "SCARD %s", P ":instances-of:provider"), 3);
}

/* Dialect 5.2 (section 11.6): no two names that differ in letter case alone. */
static void refuses_twins(void **state)
{
    (void)state;
    assert_reply(REGISTER_WITH("aB", "provider", "ab", "0", "generic-http"), "OK", "2");
    assert_reply(REGISTER_WITH("aB", "provider", "ab", "0", "generic-http"), "OK", "3");
    assert_changes_nothing(assert_reply(REGISTER_WITH("Ab", "provider", "ab", "0", "generic-http"),
                                        "REFUSED", "definition-twin", "aB"));
    redis_do(&redis, "DEL %s", P ":system:provider");
    redis_do(&redis, "HSET %s system:provider Provider", P ":folded");
    redis_do(&redis, "SET %s x", P ":system:Provider");
    assert_changes_nothing(assert_reply(REGISTER_WITH("aB", "provider", "ab", "0", "generic-http"),
                                        "REFUSED", "twin", "Provider"));
    /* who went leaves the name to others */
    redis_do(&redis, "DEL %s", P ":system:Provider");
    assert_reply(REGISTER_WITH("aB", "provider", "ab", "0", "generic-http"), "OK", "4");
}

static void a_system_is_refreshed_only_if_automatic(void **state)
{
    (void)state;
    assert_reply(REGISTER("provider::definition::1.0.0"), "OK");
    char *before = redis_text(&redis, P ":system:provider");
    assert_reply(REGISTER("provider::definition::1.0.0"), "OK");
    char *same = redis_text(&redis, P ":system:provider");
    assert_string_equal(same, before);
    assert_reply(REGISTER_AS("automatic", "0", "provider::definition::1.0.0", "{}",
                             SYSTEM_DOC("10.0.0.2"), "", "generic-http"),
                 "OK");
    char *refreshed = redis_text(&redis, P ":system:provider");
    assert_non_null(strstr(refreshed, "10.0.0.2"));
    assert_non_null(strstr(refreshed, "\"rev\":4,"));
    free(before);
    free(same);
    free(refreshed);

    redis_do(&redis, "SET %s %s", P ":device:box", "{\"device\":\"envelope\"}");
    const char *own = "{\"v\":1,\"rev\":1,\"created\":\"a\",\"updated\":\"b\",\"by\":{},\"doc\":"
                      "{\"name\":\"provider\",\"device\":\"box\"}}";
    redis_do(&redis, "SET %s %s", P ":system:provider", own);
    assert_reply(REGISTER("provider::definition::1.0.0"), "OK", "5", "token-register");
    redisReply *made = REGISTER("provider::definition::1.0.0");
    assert_string_equal(item(made, 4), own);
    assert_string_equal(item(made, 5), "{\"device\":\"envelope\"}");
    freeReplyObject(made);
}

static void unknown_members_survive(void **state)
{
    (void)state;
    static const char members[] = ",\"later\":{\"doc\":[],\"n\":1.10},\"s\":\"\\\"doc\\\":\"";
    char text[512];
    snprintf(
        text, sizeof(text),
        "{\"v\":1,\"rev\":1,\"created\":\"long ago\",\"updated\":\"b\",\"by\":{}%s,\"doc\":%s}",
        members, SYSTEM_DOC("1"));
    redis_do(&redis, "SET %s %s", P ":system:provider", text);
    redis_do(&redis, "SET %s %s", P ":instance:provider::definition::1.0.0", text);
    assert_reply(REGISTER("provider::definition::1.0.0"), "OK");

    char *system = redis_text(&redis, P ":system:provider");
    assert_non_null(strstr(system, members));
    assert_non_null(strstr(system, "\"created\":\"long ago\""));
    assert_non_null(strstr(system, ",\"doc\":" SYSTEM_DOC("10.0.0.1") "}"));
    free(system);
    char *instance = redis_text(&redis, P ":instance:provider::definition::1.0.0");
    assert_non_null(strstr(instance, members));
    assert_null(strstr(instance, "long ago"));
    free(instance);
}

static void a_damaged_system_is_not_guessed_at(void **state)
{
    (void)state;
    redis_do(&redis, "SET %s %s", P ":system:provider", "{\"broken");
    assert_changes_nothing(
        assert_reply(REGISTER("provider::definition::1.0.0"), "DAMAGED", P ":system:provider"));
    /* An instance is made anew in any case. */
    redis_do(&redis, "DEL %s", P ":system:provider");
    redis_do(&redis, "SET %s %s", P ":instance:provider::definition::1.0.0", "{\"broken");
    assert_reply(REGISTER("provider::definition::1.0.0"), "OK");
}

static void an_end_is_set_and_taken_away(void **state)
{
    (void)state;
    assert_reply(REGISTER_AS("automatic", "0", "provider::definition::1.0.0", "{}", SYSTEM_DOC("1"),
                             "4102444800000", "generic-http"),
                 "OK");
    assert_int_equal(
        redis_number(&redis, "ZSCORE %s instance:provider::definition::1.0.0", P ":ends"),
        4102444800000);
    assert_reply(REGISTER("provider::definition::1.0.0"), "OK");
    assert_int_equal(redis_number(&redis, "ZCARD %s", P ":ends"), 0);
}

/* ---- revoke -----------------------------------------------------------------------------------
 */

static void revokes_a_service(void **state)
{
    (void)state;
    assert_changes_nothing(
        assert_reply(REVOKE("provider::definition::1.0.0"), "NOTHING", "1", "token-of-the-head"));
    assert_reply(REGISTER_AS("automatic", "0", "provider::definition::1.0.0", "{}", SYSTEM_DOC("1"),
                             "4102444800000", "generic-http"),
                 "OK");
    assert_reply(REVOKE("provider::definition::1.0.0"), "OK", "3", "token-revoke");
    assert_int_equal(redis_number(&redis, "EXISTS %s", P ":instance:provider::definition::1.0.0"),
                     0);
    assert_int_equal(redis_number(&redis, "EXISTS %s", P ":instances-of:provider"), 0);
    assert_int_equal(redis_number(&redis, "EXISTS %s", P ":ends"), 0);
    assert_int_equal(redis_number(&redis, "EXISTS %s", P ":system:provider"), 1);
    assert_int_equal(redis_number(&redis, "EXISTS %s", P ":definition:definition"), 1);
    assert_reply(REVOKE("provider::definition::1.0.0"), "NOTHING", "3", "token-revoke");
}

static void what_has_ended_is_gone(void **state)
{
    (void)state;
    assert_reply(REGISTER_AS("automatic", "0", "provider::definition::1.0.0", "{}", SYSTEM_DOC("1"),
                             "1000", "generic-http"),
                 "OK");
    assert_changes_nothing(assert_reply(REVOKE("provider::definition::1.0.0"), "NOTHING", "2"));
}

static void revokes_a_system_with_all_that_it_has(void **state)
{
    (void)state;
    enum { INSTANCES = 5000 }; /* more than Lua can pass as arguments of one call */
    assert_changes_nothing(assert_reply(REVOKE_SYSTEM("provider"), "NOTHING", "1"));
    redis_do(&redis, "SET %s %s", P ":system:provider",
             "{\"v\":1,\"rev\":1,\"created\":\"a\",\"updated\":\"b\",\"by\":{},\"doc\":"
             "{\"name\":\"provider\",\"device\":\"box\"}}");
    redis_do(&redis, "SADD %s provider other", P ":systems-on:box");
    for (int i = 0; i < INSTANCES; i++) {
        redisAppendCommand(redis.to, "SET %s%d x", P ":instance:provider::d::", i);
        redisAppendCommand(redis.to, "SADD %s provider::d::%d", P ":instances-of:provider", i);
        redisAppendCommand(redis.to, "ZADD %s 4102444800000 instance:provider::d::%d", P ":ends",
                           i);
    }
    for (int i = 0; i < 3 * INSTANCES; i++) {
        void *reply;
        assert_int_equal(redisGetReply(redis.to, &reply), REDIS_OK);
        freeReplyObject(reply);
    }
    assert_reply(REVOKE_SYSTEM("provider"), "OK", "2", "token-revoke");
    redisReply *left = redis_ask(&redis, "KEYS *");
    assert_int_equal(left->elements, 4); /* head, journal, template, the device's set */
    freeReplyObject(left);
    assert_int_equal(redis_number(&redis, "SCARD %s", P ":systems-on:box"), 1);
    assert_int_equal(redis_number(&redis, "XLEN %s", P ":journal"), 2);
}

/* Two connections, whose commands Redis mixes as they come: a cascade never leaves an instance
   behind, nor does a registration lose its own. */
static void a_cascade_races_with_registrations(void **state)
{
    (void)state;
    enum { ROUNDS = 300 };
    struct redis_fixture other = redis;
    assert_true(redis_connects(&other));
    const char *revoke = qv_script_text(QV_SCRIPT_REVOKE_SYSTEM).at;
    const char *enter = qv_script_text(QV_SCRIPT_REGISTER_SERVICE).at;
    for (int i = 0; i < ROUNDS; i++) {
        redisAppendCommand(redis.to,
                           "EVAL %s 1 %s 0 t%d %s automatic provider::d::%d {} provider "
                           "%s definition {} %s %s %s %s 0 generic-http",
                           enter, P, i, BY, i % 7, SYSTEM_DOC("1"), "", "", "", "");
        if (i % 3 == 0)
            redisAppendCommand(other.to, "EVAL %s 1 %s 0 r%d %s provider", revoke, P, i, BY);
        int done = 0;
        redisBufferWrite(redis.to, &done);
        redisBufferWrite(other.to, &done);
    }
    for (int i = 0; i < ROUNDS; i++) {
        redisReply *reply;
        assert_int_equal(redisGetReply(redis.to, (void **)&reply), REDIS_OK);
        assert_reply(reply, "OK");
        if (i % 3 != 0)
            continue;
        assert_int_equal(redisGetReply(other.to, (void **)&reply), REDIS_OK);
        assert_int_equal(reply->type, REDIS_REPLY_ARRAY);
        freeReplyObject(reply);
    }
    redisFree(other.to);

    redisReply *keys = redis_ask(&redis, "KEYS %s", "*:instance:*");
    size_t instances = keys->elements;
    freeReplyObject(keys);
    assert_int_equal(redis_number(&redis, "SCARD %s", P ":instances-of:provider"), instances);
    if (instances > 0)
        assert_int_equal(redis_number(&redis, "EXISTS %s", P ":system:provider"), 1);
    redisReply *head = redis_ask(&redis, "HGET %s revision", P ":head");
    assert_int_equal(redis_number(&redis, "XLEN %s", P ":journal"), atoll(head->str));
    freeReplyObject(head);
}

/* ---- nothing half done ------------------------------------------------------------------------
 */

static void after_the_deadline_nothing_is_changed(void **state)
{
    (void)state;
    assert_reply(REGISTER("provider::definition::1.0.0"), "OK");
    assert_changes_nothing({
        assert_reply(REGISTER_AS("automatic", "1000", "provider::definition::2.0.0", "{}",
                                 SYSTEM_DOC("1"), "", "generic-http"),
                     "LATE");
        assert_reply(RUN(QV_SCRIPT_REVOKE_SERVICE, "1000", "t", BY, "provider::definition::1.0.0",
                         "provider"),
                     "LATE");
        assert_reply(RUN(QV_SCRIPT_REVOKE_SYSTEM, "1000", "t", BY, "provider"), "LATE");
    });
    assert_reply(REGISTER_AS("automatic", "32503680000000", "provider::definition::2.0.0", "{}",
                             SYSTEM_DOC("1"), "", "generic-http"),
                 "OK");
}

/* Every key that a script touches, of another type than it should be. */
static void a_key_of_the_wrong_type_stops_everything(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        bool registers, revokes, cascades;
    } rows[] = {
        {P ":head", true, true, true},
        {P ":journal", true, true, true},
        {P ":ends", true, true, true},
        {P ":instances-of:provider", true, true, true},
        {P ":instance:provider::definition::1.0.0", true, true, true},
        {P ":system:provider", true, false, true},
        {P ":definition:definition", true, false, false},
        {P ":template:generic-http", true, false, false},
        {P ":device:box", true, false, false},
        {P ":systems-on:box", false, false, true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        set_up_head(NULL);
        redis_do(&redis, "SET %s %s", P ":system:provider",
                 "{\"v\":1,\"rev\":1,\"created\":\"a\",\"updated\":\"b\",\"by\":{},\"doc\":"
                 "{\"name\":\"provider\",\"device\":\"box\"}}");
        assert_reply(REGISTER("provider::definition::1.0.0"), "OK");
        redis_do(&redis, "DEL %s", rows[i].key);
        redis_do(&redis, "LPUSH %s wrong", rows[i].key);
        assert_changes_nothing({
            if (rows[i].registers)
                assert_reply(REGISTER("provider::definition::1.0.0"), "WRONGTYPE", rows[i].key);
            if (rows[i].revokes)
                assert_reply(REVOKE("provider::definition::1.0.0"), "WRONGTYPE", rows[i].key);
            if (rows[i].cascades)
                assert_reply(REVOKE_SYSTEM("provider"), "WRONGTYPE", rows[i].key);
        });
    }
}

/* Keys that not every registration touches: names in one letter case, and a template that it makes
   itself (policies "extendable" and "open"). */
static void keys_of_some_registrations_may_be_of_the_wrong_type(void **state)
{
    (void)state;
    redis_do(&redis, "LPUSH %s wrong", P ":folded");
    assert_changes_nothing({
        assert_reply(REGISTER_WITH("a", "provider", "", "0", "generic-http"), "WRONGTYPE",
                     P ":folded");
        assert_reply(REGISTER_WITH("a", "", "a", "0", "generic-http"), "WRONGTYPE", P ":folded");
    });
    redis_do(&redis, "LPUSH %s wrong", P ":template:own");
    assert_changes_nothing(
        assert_reply(REGISTER_WITH("a", "", "", "1", "own", "{}", "generic-http"), "WRONGTYPE",
                     P ":template:own"));
    assert_reply(REGISTER_WITH("a", "", "", "0", "generic-http"), "OK");
}

static void assert_refused_by_redis(const char *code)
{
    redisReply *replies[] = {REGISTER("provider::definition::2.0.0"),
                             REVOKE("provider::definition::1.0.0"), REVOKE_SYSTEM("provider"),
                             TICK()};
    for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
        assert_string_equal(item(replies[i], 0), "FAILED");
        assert_memory_equal(item(replies[i], 1), code, strlen(code));
        freeReplyObject(replies[i]);
    }
}

static void where_redis_refuses_to_write_nothing_is_changed(void **state)
{
    (void)state;
    assert_reply(REGISTER("provider::definition::1.0.0"), "OK");
    assert_reply(REGISTER_AS("automatic", "0", "provider::definition::9.0.0", "{}", SYSTEM_DOC("1"),
                             "1000", "generic-http"),
                 "OK");
    assert_changes_nothing({
        redis_do(&redis, "CONFIG SET maxmemory 1");
        assert_refused_by_redis("OOM ");
        redis_do(&redis, "CONFIG SET maxmemory 0");
        redis_do(&redis, "CONFIG SET min-replicas-to-write 1");
        assert_refused_by_redis("NOREPLICAS ");
        redis_do(&redis, "CONFIG SET min-replicas-to-write 0");
        redis_do(&redis, "REPLICAOF 127.0.0.1 1");
        assert_refused_by_redis("READONLY ");
        redis_do(&redis, "REPLICAOF NO ONE");
    });
    assert_reply(REVOKE("provider::definition::1.0.0"), "OK");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(writes_times_as_the_rest_of_quiver_does, set_up_head),
        cmocka_unit_test_setup(takes_envelopes_apart, set_up_head),
        cmocka_unit_test_setup(open_makes_the_head_once, set_up_head),
        cmocka_unit_test_setup(open_refuses_other_data, set_up_head),
        cmocka_unit_test_setup(open_leaves_damaged_keys_alone, set_up_head),
        cmocka_unit_test_setup(open_mends_a_head_that_is_behind_its_journal, set_up_head),
        cmocka_unit_test_setup(registers_all_in_one_entry, set_up_head),
        cmocka_unit_test_setup(refuses_what_does_not_exist, set_up_head),
        cmocka_unit_test_setup(makes_templates_in_the_same_entry, set_up_head),
        cmocka_unit_test_setup(counts_instances, set_up_head),
        cmocka_unit_test_setup(refuses_twins, set_up_head),
        cmocka_unit_test_setup(a_system_is_refreshed_only_if_automatic, set_up_head),
        cmocka_unit_test_setup(unknown_members_survive, set_up_head),
        cmocka_unit_test_setup(a_damaged_system_is_not_guessed_at, set_up_head),
        cmocka_unit_test_setup(an_end_is_set_and_taken_away, set_up_head),
        cmocka_unit_test_setup(revokes_a_service, set_up_head),
        cmocka_unit_test_setup(what_has_ended_is_gone, set_up_head),
        cmocka_unit_test_setup(revokes_a_system_with_all_that_it_has, set_up_head),
        cmocka_unit_test_setup(a_cascade_races_with_registrations, set_up_head),
        cmocka_unit_test_setup(after_the_deadline_nothing_is_changed, set_up_head),
        cmocka_unit_test_setup(a_key_of_the_wrong_type_stops_everything, set_up_head),
        cmocka_unit_test_setup(keys_of_some_registrations_may_be_of_the_wrong_type, set_up_head),
        cmocka_unit_test_setup(where_redis_refuses_to_write_nothing_is_changed, set_up_head),
    };
    return cmocka_run_group_tests(tests, set_up_redis, tear_down_redis);
}
