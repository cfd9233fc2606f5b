// links: store
/*
 * The mirror in a second Redis: it has what lives, as CHAP's own core reads it and for as long as
 * it lives; and whatever that Redis does, nobody who registers notices.
 */
#include "chap_store_fixture.h"

#include <quiver/base/json.h>

static struct redis_fixture mirror;

#define NOT_WRITTEN "the mirror of CHAP services at "

static void begin_mirroring(int64_t timeout_ms)
{
    store_prepare();
    f.config->store.timeout_ms = timeout_ms; /* on which its patience hangs, too */
    f.config->chap.mirrors = true;
    f.config->chap.mirror =
        (struct qv_config_redis){.kind = QV_REDIS_UNIX, .path = mirror.socket, .database = 3};
    f.config->chap.ttl_ms = 30000;
    store_start();
    await(view_loaded());
}

static long long mirror_number(const char *format, const char *key)
{
    redis_do(&mirror, "SELECT 3");
    return redis_number(&mirror, format, key);
}

static long long mirror_size(void)
{
    redis_do(&mirror, "SELECT 3");
    redisReply *reply = redis_ask(&mirror, "DBSIZE");
    long long size = reply->integer;
    freeReplyObject(reply);
    return size;
}

static bool is_mirrored(const char *id)
{
    char key[64];
    snprintf(key, sizeof(key), "service:%s", id);
    return mirror_number("EXISTS %s", key) == 1;
}

/* Its text there, read; NULL where there is none. */
static json_t *mirrored(const char *id)
{
    char key[64];
    json_t *json = NULL;
    redis_do(&mirror, "SELECT 3");
    snprintf(key, sizeof(key), "service:%s", id);
    char *text = redis_text(&mirror, key);
    if (text[0] != '\0')
        assert_int_equal(qv_json_parse(qv_str_from(text), 32, &json, NULL), QV_OK);
    free(text);
    return json;
}

static bool is_mirrored_as(const char *id, const char *member, const char *value)
{
    QV_CLEANUP(qv_json) json_t *json = mirrored(id);
    const char *found = json_string_value(json_object_get(json, member));
    return found != NULL && strcmp(found, value) == 0;
}

static bool shows_end(const char *id, int64_t us)
{
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    qv_chap_time_write(us, &text);
    return is_mirrored_as(id, "expires_at", text.at);
}

/* ---- what is there --------------------------------------------------------------------------- */

static void what_lives_is_there(void **state)
{
    (void)state;
    struct chap_answer answer = enter_chap("model", "http://a:1");
    await(is_mirrored("model"));
    QV_CLEANUP(qv_json) json_t *json = mirrored("model");
    static const char *const members[] = {
        "id", "url", "info", "registered_at", "last_updated", "last_ping_at", "expires_at"};
    assert_int_equal(json_object_size(json), 7);
    for (size_t i = 0; i < 7; i++)
        assert_non_null(json_object_get(json, members[i]));
    QV_CLEANUP(qv_buf) struct qv_buf pinged = {0};
    qv_chap_time_write(answer.times.pinged_us, &pinged);
    assert_true(is_mirrored_as("model", "last_ping_at", pinged.at));
    assert_true(is_mirrored_as("model", "url", "http://a:1"));
    assert_true(shows_end("model", answer.times.ends_us));
    assert_in_range(mirror_number("PTTL %s", "service:model"), 25000, 30001);

    answer = ping_chap("model");
    await(shows_end("model", answer.times.ends_us));
    answer = enter_chap("model", "http://b:1");
    await(is_mirrored_as("model", "url", "http://b:1"));
    assert_true(shows_end("model", answer.times.ends_us));
    assert_true(delete_chap("model").done);
    await(!is_mirrored("model"));
}

static void what_has_ended_is_gone(void **state)
{
    (void)state;
    terms.ttl_us = 2000000;
    enter_chap("model", "http://a:1");
    await(is_mirrored("model"));
    assert_in_range(mirror_number("PTTL %s", "service:model"), 1, 2000);
    await(!is_mirrored("model"));
    assert_false(is_shown("model"));
}

/* ---- outages --------------------------------------------------------------------------------- */

static void everything_is_written_after_each_connect(void **state)
{
    (void)state;
    enum { MANY = 400 };
    char id[32];
    store_end();
    redis_end(&mirror, SIGTERM);
    begin_mirroring(STORE_TIMEOUT_MS);
    await(has_reason(NOT_WRITTEN));
    struct chap_answer answers[MANY];
    for (int i = 0; i < MANY; i++) {
        snprintf(id, sizeof(id), "model-%d", i);
        begin_register(&answers[i], id, "http://a:1");
    }
    for (int i = 0; i < MANY; i++) {
        wait_chap(&answers[i]);
        assert_int_equal(answers[i].status, QV_OK);
    }
    redis_start(&mirror);
    await(is_well());
    await(mirror_size() == MANY);
    assert_true(shows_end("model-7", answers[7].times.ends_us));

    redis_do(&mirror, "FLUSHALL"); /* and once more, when it lost everything with its connection */
    redis_do(&mirror, "CLIENT KILL TYPE normal SKIPME yes");
    await(mirror_size() == MANY);
    await(is_well());
}

static void what_goes_while_it_is_away_goes_there_too(void **state)
{
    (void)state;
    enter_chap("gone", "http://a:1");
    enter_chap("kept", "http://a:1");
    await(is_mirrored("gone") && is_mirrored("kept"));
    redis_end(&mirror, SIGTERM); /* its append-only file has them */
    await(has_reason(NOT_WRITTEN));
    assert_true(delete_chap("gone").done);
    struct chap_answer ping = ping_chap("kept");
    redis_start(&mirror);
    await(!is_mirrored("gone"));
    await(shows_end("kept", ping.times.ends_us));
    await(is_well());
}

/* It is there, but answers nothing: nobody waits, and afterwards it has the last state. */
static void nobody_waits_for_it(void **state)
{
    (void)state;
    enum { MANY = 300 };
    struct chap_answer answer = enter_chap("model", "http://a:1");
    await(is_mirrored("model"));
    kill(mirror.pid, SIGSTOP);
    for (int i = 0; i < MANY; i++)
        answer = ping_chap("model"); /* well within store.timeout, or it would be refused */
    kill(mirror.pid, SIGCONT);
    await(shows_end("model", answer.times.ends_us));
}

/* More changes than are remembered, while it says nothing. */
static void what_is_remembered_is_bounded(void **state)
{
    (void)state;
    enum { MANY = 10300, AT_ONCE = 100 };
    struct chap_answer answers[AT_ONCE];
    char id[32];
    store_end();
    begin_mirroring(60000);
    enter_chap("first", "http://a:1");
    await(is_mirrored("first"));
    kill(mirror.pid, SIGSTOP);
    for (int i = 0; i < MANY; i++) {
        if (i >= AT_ONCE)
            wait_chap(&answers[i % AT_ONCE]);
        snprintf(id, sizeof(id), "model-%d", i);
        begin_register(&answers[i % AT_ONCE], id, "http://a:1");
    }
    for (int i = 0; i < AT_ONCE; i++) {
        wait_chap(&answers[i]);
        assert_int_equal(answers[i].status, QV_OK);
    }
    kill(mirror.pid, SIGCONT);
    await(mirror_size() == MANY + 1);
}

static void a_silent_one_is_told(void **state)
{
    (void)state;
    store_end();
    begin_mirroring(HASTE_MS);
    await(is_well());
    enter_chap("model", "http://a:1");
    await(is_mirrored("model"));
    kill(mirror.pid, SIGSTOP);
    assert_true(ping_chap("model").done);
    await(has_reason("is not written: no answer"));
    kill(mirror.pid, SIGCONT);
    await(is_well());
}

/* ---- refusals -------------------------------------------------------------------------------- */

static void a_refusal_is_told_and_ends(void **state)
{
    (void)state;
    redis_do(&mirror, "CONFIG SET maxmemory 1");
    struct chap_answer answer = enter_chap("model", "http://a:1");
    await(has_reason("is not written: Redis refuses it: OOM"));
    assert_false(is_mirrored("model"));
    answer = ping_chap("model");
    redis_do(&mirror, "CONFIG SET maxmemory 0");
    await(shows_end("model", answer.times.ends_us));
    await(is_well());
}

static void the_password_is_used_and_never_told(void **state)
{
    (void)state;
    redis_do(&mirror, "CONFIG SET requirepass correct-horse");
    store_end();
    begin_mirroring(STORE_TIMEOUT_MS);
    await(has_reason("NOAUTH"));
    static const char *const passwords[] = {"wrong-horse", "correct-horse"};
    for (size_t i = 0; i < 2; i++) {
        store_end();
        store_prepare();
        f.config->chap.mirrors = true;
        f.config->chap.mirror =
            (struct qv_config_redis){.kind = QV_REDIS_UNIX,
                                     .path = mirror.socket,
                                     .password = (char *)(uintptr_t)passwords[i]};
        f.config->chap.ttl_ms = 30000;
        store_start();
        await(i == 0 ? has_reason("WRONGPASS") : is_well());
        assert_false(has_reason("horse"));
    }
}

/* ---- time ------------------------------------------------------------------------------------ */

/* Registry time was given back: what is there has to live on by the new ends. */
static void ends_that_moved_move_there(void **state)
{
    (void)state;
    struct chap_answer answer = enter_chap("model", "http://a:1");
    await(is_mirrored("model"));
    redis_do(&mirror, "PEXPIRE service:model 100000");
    redis_do(&redis, "HINCRBY %s offset 10000", P ":head");
    await(shown_until("model") == answer.times.ends_us + 10000000);
    await(shows_end("model", answer.times.ends_us + 10000000));
    assert_in_range(mirror_number("PTTL %s", "service:model"), 30001, 40001);
}

/* ---- setting up ------------------------------------------------------------------------------ */

static int set_up(void **state)
{
    (void)state;
    terms = (struct qv_chap_terms){.ttl_us = 30000000};
    redis = mirror = (struct redis_fixture){0};
    redis_folder(&redis);
    redis_folder(&mirror);
    redis_start(&redis);
    redis_start(&mirror);
    begin_mirroring(STORE_TIMEOUT_MS);
    await(is_well());
    return 0;
}

static int tear_down(void **state)
{
    redis_clean(&mirror);
    return tear_down_all(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_lives_is_there),
        TEST(what_has_ended_is_gone),
        TEST(everything_is_written_after_each_connect),
        TEST(what_goes_while_it_is_away_goes_there_too),
        TEST(nobody_waits_for_it),
        TEST(what_is_remembered_is_bounded),
        TEST(a_silent_one_is_told),
        TEST(a_refusal_is_told_and_ends),
        TEST(the_password_is_used_and_never_told),
        TEST(ends_that_moved_move_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
