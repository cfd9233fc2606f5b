// links: store
/*
 * The view follows one history. Where Redis' history is not the one that was followed, the view is
 * built anew, the epoch rises, and no change is answered by the wrong history. Damaged documents
 * and entries that are not understood are told, and harm nothing else.
 */
#include "store_fixture.h"

static uint64_t epoch(void)
{
    return view_state().epoch;
}

/* All keys with their contents, to be put back later. */
struct copy {
    redisReply *keys;
    redisReply **values;
};

static struct copy take_copy(void)
{
    struct copy copy = {.keys = redis_ask(&redis, "KEYS *")};
    copy.values = calloc(copy.keys->elements + 1, sizeof(redisReply *));
    assert_non_null(copy.values);
    for (size_t i = 0; i < copy.keys->elements; i++)
        copy.values[i] = redis_ask(&redis, "DUMP %s", copy.keys->element[i]->str);
    return copy;
}

/* As a restore from a backup does it: in one moment everything is older. */
static void put_back(struct copy *copy)
{
    redis_do(&redis, "MULTI");
    redis_do(&redis, "FLUSHALL");
    for (size_t i = 0; i < copy->keys->elements; i++)
        redis_do(&redis, "RESTORE %s 0 %b", copy->keys->element[i]->str, copy->values[i]->str,
                 copy->values[i]->len);
    redis_do(&redis, "EXEC");
    for (size_t i = 0; i < copy->keys->elements; i++)
        freeReplyObject(copy->values[i]);
    freeReplyObject(copy->keys);
    free(copy->values);
}

static void follows_restored_older_data(void **state)
{
    (void)state;
    assert_int_equal(enter("kelvin-info").status, QV_OK);
    struct copy copy = take_copy();
    assert_int_equal(enter("celsius-info").status, QV_OK);
    assert_int_equal(enter("fahrenheit-info").status, QV_OK);
    assert_int_equal(instances(), 3);
    put_back(&copy);
    await(epoch() == 2);
    assert_int_equal(instances(), 1);
    assert_int_equal(view_state().revision, 2);
    await(is_well());
    struct answer answer = enter("celsius-info");
    assert_int_equal(answer.status, QV_OK);
    assert_int_equal(answer.revision, 3);
    assert_int_equal(answer.epoch, 2);
    assert_int_equal(instances(), 2);
}

/* The same revisions, made by others: only the tokens tell. */
static void follows_another_history_of_the_same_length(void **state)
{
    (void)state;
    assert_int_equal(enter("kelvin-info").status, QV_OK);
    redis_do(&redis, "HSET %s token another", P ":head");
    await(epoch() == 2);
    await(is_well());
    assert_int_equal(instances(), 1);
    assert_int_equal(enter("celsius-info").status, QV_OK);
    assert_int_equal(instances(), 2);
    assert_int_equal(epoch(), 2);
}

static void notices_an_entry_that_continues_something_else(void **state)
{
    (void)state;
    assert_int_equal(enter("kelvin-info").status, QV_OK);
    redis_do(&redis, "MULTI");
    redis_do(&redis, "XADD %s 3-0 prev strange token new at 1 kind test", P ":journal");
    redis_do(&redis, "HSET %s revision 3 token new", P ":head");
    redis_do(&redis, "EXEC");
    await(epoch() == 2);
    assert_int_equal(view_state().revision, 3);
    assert_int_equal(instances(), 1);
}

static void notices_that_the_journal_was_trimmed_away(void **state)
{
    (void)state;
    assert_int_equal(enter("kelvin-info").status, QV_OK);
    redis_do(&redis, "MULTI");
    redis_do(&redis, "XADD %s 9-0 prev x token y at 1 kind test", P ":journal");
    redis_do(&redis, "XTRIM %s MAXLEN 0", P ":journal");
    redis_do(&redis, "HSET %s revision 9 token y", P ":head");
    redis_do(&redis, "EXEC");
    await(epoch() == 2);
    await(is_well());
    assert_int_equal(instances(), 1);
    assert_int_equal(view_state().revision, 9);
    assert_int_equal(enter("celsius-info").status, QV_OK);
}

static void begins_anew_after_everything_was_deleted(void **state)
{
    (void)state;
    assert_int_equal(enter("kelvin-info").status, QV_OK);
    redis_do(&redis, "FLUSHALL");
    await(epoch() == 2);
    assert_int_equal(instances(), 0);
    await(is_well());
    assert_int_equal(view_state().count[QV_KIND_TEMPLATE], 4);
    assert_int_equal(enter("kelvin-info").status, QV_OK);
}

/* Changes made by another node arrive here by the journal alone. */
static void two_nodes_see_each_others_changes(void **state)
{
    (void)state;
    struct store_fixture first = f;
    store_prepare();
    store_start();
    await(is_well());
    assert_int_equal(enter("kelvin-info").status, QV_OK);
    struct store_fixture second = f;
    f = first;
    await(instances() == 1);
    assert_int_equal(take_back("provider::kelvin-info::1.0.0").status, QV_OK);
    f = second;
    await(instances() == 0);
    store_end();
    f = first;
}

/* ---- damage -----------------------------------------------------------------------------------
 */

static void a_damaged_document_is_left_out_and_told(void **state)
{
    (void)state;
    assert_int_equal(enter("kelvin-info").status, QV_OK);
    assert_int_equal(enter("celsius-info").status, QV_OK);
    store_end();
    redis_do(&redis, "SET %s {", P ":instance:provider::kelvin-info::1.0.0");
    store_prepare();
    store_start();
    await(view_loaded());
    assert_int_equal(instances(), 1);
    await(has_reason("1 stored documents cannot be read and are left out, such as "
                     "instance:provider::kelvin-info::1.0.0"));
    assert_int_equal(enter("kelvin-info").status, QV_OK);
    assert_int_equal(instances(), 2);
}

static void a_damaged_document_in_the_journal_counts_as_removed(void **state)
{
    (void)state;
    assert_int_equal(enter("kelvin-info").status, QV_OK);
    redisReply *token = redis_ask(&redis, "HGET %s token", P ":head");
    redis_do(&redis, "MULTI");
    redis_do(&redis,
             "XADD %s 3-0 prev %s token new at 1 kind test "
             "put:instance:provider::kelvin-info::1.0.0 {",
             P ":journal", token->str);
    redis_do(&redis, "HSET %s revision 3 token new", P ":head");
    redis_do(&redis, "EXEC");
    freeReplyObject(token);
    await(view_state().revision == 3);
    assert_int_equal(instances(), 0);
    assert_int_equal(epoch(), 1);
    assert_true(has_reason("stored documents cannot be read"));
}

/* What is not understood stops the tail, not the reads; changes say honestly that they are not
 * seen. */
static void an_unknown_entry_stops_following(void **state)
{
    (void)state;
    static const char *const fields[] = {"put:robot:r2 {}", "del:robot r2", "renew:chap:x 5"};
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        assert_int_equal(enter("kelvin-info").status, QV_OK);
        struct qv_registry_state before = view_state();
        redisReply *token = redis_ask(&redis, "HGET %s token", P ":head");
        char command[256];
        snprintf(command, sizeof(command), "XADD %s %llu-0 prev %s token new at 1 kind test %s",
                 P ":journal", (unsigned long long)before.revision + 1, token->str, fields[i]);
        redis_do(&redis, "MULTI");
        redis_do(&redis, command);
        redis_do(&redis, "HSET %s revision %llu token new", P ":head",
                 (unsigned long long)before.revision + 1);
        redis_do(&redis, "EXEC");
        freeReplyObject(token);
        await(has_reason("of the journal is not followed"));
        struct answer answer = enter("celsius-info");
        assert_int_equal(answer.status, QV_UNAVAILABLE);
        assert_false(answer.unknown);
        assert_int_equal(view_state().revision, before.revision);
        assert_int_equal(instances(), before.count[QV_KIND_INSTANCE]);
        redis_do(&redis, "FLUSHALL"); /* heals, as any new history does */
        await(epoch() == before.epoch + 1);
        await(is_well());
    }
}

static void data_of_another_kind_is_refused(void **state)
{
    (void)state;
    store_end();
    redis_do(&redis, "HSET %s dialect 5.2", P ":head");
    store_prepare();
    store_start();
    await(has_reason("the data was written in dialect 5.2; this server speaks 5.0: "));
    assert_false(view_loaded());
    redis_do(&redis, "HSET %s dialect 5.0 format 2", P ":head");
    await(has_reason("the data was written in format 2"));
    assert_false(view_loaded());
    redis_do(&redis, "HSET %s format 1", P ":head");
    await(is_well());
}

/* A large registry is loaded in many turns, while changes go on. */
static void a_view_is_sharp_though_it_was_loaded_in_motion(void **state)
{
    (void)state;
    enum { BEFORE = 3000, DURING = 40 };
    assert_int_equal(enter("kelvin-info").status, QV_OK);
    char *sample = redis_text(&redis, P ":instance:provider::kelvin-info::1.0.0");
    char *rest = strstr(sample, "kelvin-info::1.0.0\"");
    assert_non_null(rest);
    char *tail = strstr(rest, "\"version\"");
    for (int i = 0; i < BEFORE; i++) {
        char doc[4096], id[64];
        snprintf(id, sizeof(id), "provider::s%d::1.0.0", i);
        snprintf(doc, sizeof(doc),
                 "%.*ss%d::1.0.0\",\"provider\":\"provider\","
                 "\"serviceDefinition\":\"s%d\",%s",
                 (int)(rest - sample), sample, i, i, tail);
        redisAppendCommand(redis.to, "SET " P ":instance:%s %s", id, doc);
        redisAppendCommand(redis.to, "SADD " P ":instances-of:provider %s", id);
    }
    free(sample);
    for (int i = 0; i < 2 * BEFORE; i++) {
        void *reply;
        assert_int_equal(redisGetReply(redis.to, &reply), REDIS_OK);
        freeReplyObject(reply);
    }
    struct store_fixture first = f;
    store_prepare();
    store_start(); /* loads while the first one makes changes */
    struct store_fixture second = f;
    f = first;
    char name[32];
    for (int i = 0; i < DURING; i++) {
        snprintf(name, sizeof(name), "new-%d", i);
        assert_int_equal(enter(name).status, QV_OK);
        snprintf(name, sizeof(name), "provider::s%d::1.0.0", i);
        assert_int_equal(take_back(name).status, QV_OK);
    }
    uint64_t revision = view_state().revision;
    f = second;
    await(is_well());
    await(view_state().revision == revision);
    assert_int_equal(instances(), BEFORE + 1);
    store_end();
    f = first;
}

int main(void)
{
#define ON_A_STORE(test) cmocka_unit_test_setup_teardown(test, set_up_all, tear_down_all)
    const struct CMUnitTest tests[] = {
        ON_A_STORE(follows_restored_older_data),
        ON_A_STORE(follows_another_history_of_the_same_length),
        ON_A_STORE(notices_an_entry_that_continues_something_else),
        ON_A_STORE(notices_that_the_journal_was_trimmed_away),
        ON_A_STORE(begins_anew_after_everything_was_deleted),
        ON_A_STORE(two_nodes_see_each_others_changes),
        ON_A_STORE(a_damaged_document_is_left_out_and_told),
        ON_A_STORE(a_damaged_document_in_the_journal_counts_as_removed),
        ON_A_STORE(an_unknown_entry_stops_following),
        ON_A_STORE(data_of_another_kind_is_refused),
        ON_A_STORE(a_view_is_sharp_though_it_was_loaded_in_motion),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
