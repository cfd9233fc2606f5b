// links: store
/*
 * The scripts that register and revoke systems and devices, each against a real Redis: what they
 * do, what they refuse, and that a refusal of any kind leaves everything as it was.
 */
#include "script_fixture.h"

#define ADDRESS(type, text) "{\"type\":\"" type "\",\"address\":\"" text "\"}"
#define FRONT(name)         "{\"name\":\"" name "\",\"version\":\"1.0.0\""
#define OWN                 "[" ADDRESS("IPV4", "10.0.0.1") "]"

#define SYSTEM_AS(deadline, name, front, addresses, back, device, folded)                          \
    RUN(QV_SCRIPT_REGISTER_SYSTEM, deadline, "token-system", BY, name, front, addresses, back,     \
        device, folded)
#define SYSTEM(name) SYSTEM_AS("0", name, FRONT(name), OWN, "}", "", "")
#define SYSTEM_ON(name, on)                                                                        \
    SYSTEM_AS("0", name, FRONT(name), OWN, ",\"device\":\"" on "\"}", on, "")
#define INHERITING(name, on)                                                                       \
    SYSTEM_AS("0", name, FRONT(name), "", ",\"device\":\"" on "\"}", on, "")
#define DEVICE_DOC(addresses)                                                                      \
    "{\"name\":\"box\",\"metadata\":{\"addresses\":[1.50]},\"addresses\":[" addresses "]}"
#define DEVICE_AS(deadline, doc)                                                                   \
    RUN(QV_SCRIPT_REGISTER_DEVICE, deadline, "token-device", BY, "box", doc)
#define DEVICE() DEVICE_AS("0", DEVICE_DOC(ADDRESS("MAC", "81:ef:1a:44:7a:f5")))
#define REVOKE_DEVICE_AS(deadline)                                                                 \
    RUN(QV_SCRIPT_REVOKE_DEVICE, deadline, "token-revoke-device", BY, "box")
#define REVOKE_DEVICE() REVOKE_DEVICE_AS("0")

static bool contains(const char *key, const char *text)
{
    char *value = redis_text(&redis, key);
    bool found = strstr(value, text) != NULL;
    free(value);
    return found;
}

static long long on_box(void)
{
    return redis_number(&redis, "SCARD %s", P ":systems-on:box");
}

/* ---- devices --------------------------------------------------------------------------------- */

static void a_device_is_registered_once(void **state)
{
    (void)state;
    redisReply *made = DEVICE();
    assert_string_equal(item(made, 0), "OK");
    assert_string_equal(item(made, 1), "2");
    assert_string_equal(item(made, 2), "token-device");
    assert_non_null(strstr(item(made, 3), "\"rev\":2,"));
    assert_non_null(
        strstr(item(made, 3), "\"doc\":{\"name\":\"box\",\"metadata\":{\"addresses\":[1.50]}"));
    char *stored = redis_text(&redis, P ":device:box");
    assert_string_equal(stored, item(made, 3));
    assert_changes_nothing(
        assert_reply(DEVICE_AS("0", "{\"name\":\"box\"}"), "NOTHING", "2", "token-device", stored));
    free(stored);
    freeReplyObject(made);
}

static void a_device_goes_when_no_system_is_on_it(void **state)
{
    (void)state;
    assert_changes_nothing(assert_reply(REVOKE_DEVICE(), "NOTHING", "1", "token-of-the-head"));
    assert_reply(DEVICE(), "OK");
    assert_reply(SYSTEM_ON("one", "box"), "OK");
    assert_reply(SYSTEM_ON("two", "box"), "OK");
    assert_int_equal(on_box(), 2);
    assert_changes_nothing(assert_reply(REVOKE_DEVICE(), "REFUSED", "in-use"));
    assert_reply(REVOKE_SYSTEM("one"), "OK");
    assert_changes_nothing(assert_reply(REVOKE_DEVICE(), "REFUSED", "in-use"));
    assert_reply(REVOKE_SYSTEM("two"), "OK");
    assert_reply(REVOKE_DEVICE(), "OK", "7", "token-revoke-device");
    assert_int_equal(redis_number(&redis, "EXISTS %s", P ":device:box"), 0);
    /* whoever comes later finds no device any more */
    assert_changes_nothing(assert_reply(SYSTEM_ON("three", "box"), "REFUSED", "device", "box"));
    assert_reply(REVOKE_DEVICE(), "NOTHING", "7");
}

/* ---- systems --------------------------------------------------------------------------------- */

static void a_system_is_registered_once(void **state)
{
    (void)state;
    assert_reply(DEVICE(), "OK");
    redisReply *made = SYSTEM_ON("one", "box");
    assert_string_equal(item(made, 0), "OK");
    assert_string_equal(item(made, 1), "3");
    char *stored = redis_text(&redis, P ":system:one"),
         *device = redis_text(&redis, P ":device:box");
    assert_string_equal(item(made, 3), stored);
    assert_string_equal(item(made, 4), device);
    assert_non_null(
        strstr(stored, "\"doc\":" FRONT("one") ",\"addresses\":" OWN ",\"device\":\"box\"}}"));
    freeReplyObject(made);
    /* whatever is asked for, what is there is handed out */
    assert_changes_nothing(
        assert_reply(SYSTEM("one"), "NOTHING", "3", "token-system", stored, device));
    assert_changes_nothing(
        assert_reply(SYSTEM_ON("one", "nowhere"), "NOTHING", "3", "token-system", stored, device));
    assert_changes_nothing(
        assert_reply(INHERITING("one", "box"), "NOTHING", "3", "token-system", stored, device));
    free(stored);
    free(device);
    assert_reply(SYSTEM("two"), "OK", "4");
    assert_changes_nothing(assert_reply(INHERITING("two", "box"), "NOTHING", "4"));
    redisReply *again = SYSTEM("two");
    assert_string_equal(item(again, 4), "");
    freeReplyObject(again);
}

static void a_device_that_is_not_there_is_refused(void **state)
{
    (void)state;
    assert_changes_nothing(
        assert_reply(SYSTEM_ON("one", "no \n name"), "REFUSED", "device", "no \n name"));
    assert_changes_nothing(assert_reply(INHERITING("one", "box"), "REFUSED", "device", "box"));
}

static void addresses_are_inherited_where_they_can_be_reached(void **state)
{
    (void)state;
    static const struct {
        const char *device, *system; /* NULL: refused */
    } rows[] = {
        {DEVICE_DOC(ADDRESS("MAC", "81:ef:1a:44:7a:f5")), NULL},
        {"{\"name\":\"box\"}", NULL},
        {"{\"name\":\"box\",\"addresses\":[]}", NULL},
        {DEVICE_DOC(ADDRESS("IPV4", "10.0.0.9") "," ADDRESS("MAC", "81:ef:1a:44:7a:f5") "," ADDRESS(
             "HOSTNAME", "box.example") "," ADDRESS("IPV6", "::1")),
         FRONT("one") ",\"addresses\":[" ADDRESS("IPV4", "10.0.0.9") "," ADDRESS(
             "HOSTNAME", "box.example") "," ADDRESS("IPV6", "::1") "],\"device\":\"box\"}}"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        set_up_head(state);
        assert_reply(DEVICE_AS("0", rows[i].device), "OK");
        if (rows[i].system == NULL) {
            assert_changes_nothing(assert_reply(INHERITING("one", "box"), "REFUSED", "addresses"));
            continue;
        }
        assert_reply(INHERITING("one", "box"), "OK");
        assert_true(contains(P ":system:one", rows[i].system));
        assert_int_equal(on_box(), 1);
    }
}

/* 11.14: the first explicit registration replaces it; its instances stay. */
static void an_automatic_system_gives_way(void **state)
{
    (void)state;
    assert_reply(REGISTER("provider::definition::1.0.0"), "OK");
    assert_true(contains(P ":system:provider", "\"automatic\":true"));
    redis_do(&redis, "SET %s %s", P ":system:provider",
             "{\"v\":1,\"rev\":2,\"created\":\"2020-01-01T00:00:00Z\",\"updated\":\"x\",\"by\":{},"
             "\"later\":[1],\"doc\":" SYSTEM_DOC("10.0.0.7") "}");
    redisReply *made = SYSTEM("provider");
    assert_string_equal(item(made, 0), "OK");
    assert_null(strstr(item(made, 3), "automatic"));
    assert_null(strstr(item(made, 3), "2020-01-01")); /* it is created now */
    assert_non_null(strstr(item(made, 3), ",\"later\":[1],\"doc\":" FRONT("provider")));
    freeReplyObject(made);
    assert_int_equal(redis_number(&redis, "SCARD %s", P ":instances-of:provider"), 1);
    assert_reply(SYSTEM("provider"), "NOTHING");
    /* nor does a service registration make it automatic again */
    assert_reply(REGISTER("provider::definition::2.0.0"), "OK");
    assert_false(contains(P ":system:provider", "automatic"));
}

/* The word in metadata is not the mark. */
static void what_only_looks_automatic_stays(void **state)
{
    (void)state;
    assert_reply(SYSTEM_AS("0", "one", "{\"name\":\"one\",\"metadata\":{\"automatic\":true}", OWN,
                           "}", "", ""),
                 "OK");
    assert_changes_nothing(assert_reply(SYSTEM("one"), "NOTHING"));
}

static void an_automatic_system_leaves_its_device(void **state)
{
    (void)state;
    assert_reply(DEVICE(), "OK");
    redis_do(&redis, "SADD %s one", P ":systems-on:box");
    redis_do(&redis, "SET %s %s", P ":system:one",
             "{\"v\":1,\"rev\":2,\"created\":\"c\",\"updated\":\"u\",\"by\":{},\"doc\":{\"name\":"
             "\"one\","
             "\"device\":\"box\",\"automatic\":true}}");
    assert_reply(SYSTEM("one"), "OK");
    assert_int_equal(on_box(), 0);
    assert_reply(REVOKE_DEVICE(), "OK");
}

static void names_that_differ_in_case_alone_exclude_each_other(void **state)
{
    (void)state;
#define CASED(name) SYSTEM_AS("0", name, FRONT(name), OWN, "}", "", "alphabeta")
    assert_reply(CASED("AlphaBeta"), "OK");
    assert_reply(CASED("AlphaBeta"), "NOTHING");
    assert_changes_nothing(assert_reply(CASED("Alphabeta"), "REFUSED", "twin", "AlphaBeta"));
    assert_reply(REVOKE_SYSTEM("AlphaBeta"), "OK");
    assert_reply(CASED("Alphabeta"), "OK");
    assert_changes_nothing(assert_reply(CASED("AlphaBeta"), "REFUSED", "twin", "Alphabeta"));
#undef CASED
}

/* ---- what stops any of them ------------------------------------------------------------------ */

static void a_deadline_that_passed_stops_everything(void **state)
{
    (void)state;
    assert_changes_nothing({
        assert_reply(SYSTEM_AS("1", "one", FRONT("one"), OWN, "}", "", ""), "LATE");
        assert_reply(DEVICE_AS("1", "{}"), "LATE");
        assert_reply(REVOKE_DEVICE_AS("1"), "LATE");
    });
}

static void wrong_types_stop_everything(void **state)
{
    (void)state;
    static const char *const keys[] = {":system:one", ":device:box", ":systems-on:box",
                                       ":folded",     ":journal",    ":head"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        char key[64];
        set_up_head(state);
        snprintf(key, sizeof(key), P "%s", keys[i]);
        redis_do(&redis, "DEL %s", key);
        redis_do(&redis, "ZADD %s 1 x", key);
        bool of_device = strstr(keys[i], ":system:") == NULL && strcmp(keys[i], ":folded") != 0;
        assert_changes_nothing({
            assert_reply(SYSTEM_AS("0", "one", FRONT("one"), OWN, "}", "box", "one"), "WRONGTYPE",
                         key);
            if (of_device)
                assert_reply(REVOKE_DEVICE(), "WRONGTYPE", key);
            if (of_device && strcmp(keys[i], ":systems-on:box") != 0)
                assert_reply(DEVICE(), "WRONGTYPE", key);
        });
    }
}

/* The device that the stored system is on, and the one that it leaves. */
static void wrong_types_behind_what_is_stored_stop_everything(void **state)
{
    (void)state;
    assert_reply(DEVICE(), "OK");
    assert_reply(SYSTEM_ON("one", "box"), "OK");
    redis_do(&redis, "DEL %s", P ":device:box");
    redis_do(&redis, "LPUSH %s x", P ":device:box");
    assert_changes_nothing(assert_reply(SYSTEM("one"), "WRONGTYPE", P ":device:box"));
    set_up_head(state);
    redis_do(&redis, "SET %s %s", P ":system:one",
             "{\"v\":1,\"rev\":2,\"created\":\"c\",\"updated\":\"u\",\"by\":{},\"doc\":{\"name\":"
             "\"one\","
             "\"device\":\"box\",\"automatic\":true}}");
    redis_do(&redis, "LPUSH %s one", P ":systems-on:box");
    assert_changes_nothing(assert_reply(SYSTEM("one"), "WRONGTYPE", P ":systems-on:box"));
}

static void damaged_documents_stop_everything(void **state)
{
    (void)state;
    static const char *const damaged[] = {"no JSON", "{}",
                                          "{\"created\":\"c\",\"doc\":{\"device\":}}"};
    for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
        set_up_head(state);
        redis_do(&redis, "SET %s %s", P ":system:one", damaged[i]);
        assert_changes_nothing(assert_reply(SYSTEM("one"), "DAMAGED", P ":system:one"));
    }
    redis_do(&redis, "SET %s {}", P ":device:box");
    assert_changes_nothing(assert_reply(INHERITING("two", "box"), "DAMAGED", P ":device:box"));
}

static void memory_that_ran_out_stops_everything(void **state)
{
    (void)state;
    assert_reply(DEVICE(), "OK");
    redis_do(&redis, "CONFIG SET maxmemory 1");
    redisReply *system = SYSTEM_ON("one", "box"), *revoke = REVOKE_DEVICE();
    redis_do(&redis, "CONFIG SET maxmemory 0");
    /* Redis says it before the script, or the script at its first write */
    const char *word = system->type == REDIS_REPLY_ERROR ? item(system, 0) : item(system, 1);
    assert_int_equal(strncmp(word, "OOM", 3), 0);
    word = revoke->type == REDIS_REPLY_ERROR ? item(revoke, 0) : item(revoke, 1);
    assert_int_equal(strncmp(word, "OOM", 3), 0);
    freeReplyObject(system);
    freeReplyObject(revoke);
    assert_int_equal(redis_number(&redis, "EXISTS %s", P ":system:one"), 0);
    assert_int_equal(redis_number(&redis, "EXISTS %s", P ":device:box"), 1);
    assert_int_equal(on_box(), 0);
}

/* What the journal says is what is stored. */
static void the_journal_has_each_change_whole(void **state)
{
    (void)state;
    assert_reply(DEVICE(), "OK");
    assert_reply(SYSTEM_ON("one", "box"), "OK");
    assert_reply(REVOKE_SYSTEM("one"), "OK");
    assert_reply(REVOKE_DEVICE(), "OK");
    static const char *const kinds[] = {"register-device", "register-system", "revoke-system",
                                        "revoke-device"};
    static const char *const fields[] = {"put:device:box", "put:system:one", "del:system",
                                         "del:device"};
    redisReply *entries = redis_ask(&redis, "XRANGE %s 2 +", P ":journal");
    assert_int_equal(entries->elements, 4);
    for (size_t i = 0; i < entries->elements; i++) {
        const redisReply *entry = entries->element[i]->element[1];
        bool has_kind = false, has_field = false;
        for (size_t k = 0; k + 1 < entry->elements; k += 2) {
            has_kind = has_kind || (strcmp(entry->element[k]->str, "kind") == 0 &&
                                    strcmp(entry->element[k + 1]->str, kinds[i]) == 0);
            has_field = has_field || strcmp(entry->element[k]->str, fields[i]) == 0;
        }
        assert_true(has_kind);
        assert_true(has_field);
    }
    freeReplyObject(entries);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_device_is_registered_once, set_up_head),
        cmocka_unit_test_setup(a_device_goes_when_no_system_is_on_it, set_up_head),
        cmocka_unit_test_setup(a_system_is_registered_once, set_up_head),
        cmocka_unit_test_setup(a_device_that_is_not_there_is_refused, set_up_head),
        cmocka_unit_test_setup(addresses_are_inherited_where_they_can_be_reached, set_up_head),
        cmocka_unit_test_setup(an_automatic_system_gives_way, set_up_head),
        cmocka_unit_test_setup(what_only_looks_automatic_stays, set_up_head),
        cmocka_unit_test_setup(an_automatic_system_leaves_its_device, set_up_head),
        cmocka_unit_test_setup(names_that_differ_in_case_alone_exclude_each_other, set_up_head),
        cmocka_unit_test_setup(a_deadline_that_passed_stops_everything, set_up_head),
        cmocka_unit_test_setup(wrong_types_stop_everything, set_up_head),
        cmocka_unit_test_setup(wrong_types_behind_what_is_stored_stop_everything, set_up_head),
        cmocka_unit_test_setup(damaged_documents_stop_everything, set_up_head),
        cmocka_unit_test_setup(memory_that_ran_out_stops_everything, set_up_head),
        cmocka_unit_test_setup(the_journal_has_each_change_whole, set_up_head),
    };
    return cmocka_run_group_tests(tests, set_up_redis, tear_down_redis);
}
