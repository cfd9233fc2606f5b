// links: store
/*
 * From a registration to what its maker is told: the changes as they are built, run by the real
 * scripts, and their replies as they are read.
 */
#include "script_fixture.h"

#include "../../src/store/outcome.h"

#include <quiver/base/memory.h>

static struct qv_rules rules;
static const struct qv_identity caller = {.system = (char *)"provider"};

/* ---- replies --------------------------------------------------------------------------------- */

static struct qv_reply *copy_of(const redisReply *from)
{
    struct qv_reply *copy = qv_alloc(sizeof(*copy));
    assert_non_null(copy);
    if (from->type == REDIS_REPLY_ARRAY) {
        *copy = (struct qv_reply){.kind = QV_REPLY_LIST, .count = from->elements};
        copy->items = qv_alloc_array(from->elements + 1, sizeof(*copy->items));
        for (size_t i = 0; i < from->elements; i++)
            copy->items[i] = copy_of(from->element[i]);
    } else if (from->type == REDIS_REPLY_INTEGER) {
        *copy = (struct qv_reply){.kind = QV_REPLY_NUMBER, .number = from->integer};
    } else {
        struct qv_str text = {.at = from->str, .length = from->len};
        *copy = (struct qv_reply){.kind = QV_REPLY_TEXT};
        copy->text = (struct qv_str){.at = qv_str_dup(text), .length = text.length};
    }
    return copy;
}

/* Runs a change's script with the change's own arguments. */
static struct qv_reply *run_change(const struct qv_change *change)
{
    const char *arguments[16] = {"0", change->token};
    for (size_t i = 0; i < change->count; i++)
        arguments[2 + i] = change->args[i].at;
    redisReply *reply = run_text(&redis, qv_script_text(change->script).at, arguments);
    struct qv_reply *copy = copy_of(reply);
    freeReplyObject(reply);
    return copy;
}

static void drop(struct qv_change *change)
{
    qv_entity_free(&change->outcome.system);
    qv_entity_free(&change->outcome.device);
    qv_change_free(&change);
}

/* Runs the change and reads what it left; the word that the reply begins with must be `word`. */
static void make(struct qv_change *change, const char *word)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    QV_CLEANUP(qv_reply) struct qv_reply *reply = run_change(change);
    assert_string_equal(qv_reply_text(reply, 0).at, word);
    if (qv_outcome_read(change, reply, &error) != QV_OK)
        fail_msg("%s", qv_error_message(&error));
}

/* ---- changes --------------------------------------------------------------------------------- */

static struct qv_change *system_change(const char *text)
{
    QV_CLEANUP(qv_json) json_t *body = NULL;
    QV_CLEANUP(qv_system_registration) struct qv_system_registration *registration = NULL;
    struct qv_change *change = NULL;
    assert_int_equal(qv_json_parse(qv_str_from(text), 16, &body, NULL), QV_OK);
    assert_int_equal(
        qv_system_registration_read(&rules, QV_STR("Provider"), body, &registration, NULL), QV_OK);
    assert_int_equal(qv_change_register_system(&rules, registration, &caller, &change), QV_OK);
    return change;
}

static struct qv_change *device_change(const char *text)
{
    QV_CLEANUP(qv_json) json_t *body = NULL;
    QV_CLEANUP(qv_device_registration) struct qv_device_registration *registration = NULL;
    struct qv_change *change = NULL;
    assert_int_equal(qv_json_parse(qv_str_from(text), 16, &body, NULL), QV_OK);
    assert_int_equal(qv_device_registration_read(&rules, body, &registration, NULL), QV_OK);
    assert_int_equal(qv_change_register_device(registration, &caller, &change), QV_OK);
    return change;
}

#define BOX    "{\"name\":\"Box\",\"addresses\":[\"10.0.0.9\",\"81ef.1a44.7af5\"]}"
#define ON_BOX "{\"deviceName\":\"box\",\"metadata\":{\"a\":1}}"

static void assert_written(const struct qv_change *change, const char *expected)
{
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    const struct qv_device *device = (const struct qv_device *)change->outcome.device;
    if (change->outcome.system != NULL)
        qv_system_write((const struct qv_system *)change->outcome.system, device, QV_DETAIL_FULL,
                        &text);
    else
        qv_buf_put(&text, device->json);
    if (strstr(text.at, expected) == NULL)
        fail_msg("%s is not in %s", expected, text.at);
}

static void what_was_asked_for_is_handed_out(void **state)
{
    (void)state;
    static const char *const words[] = {"OK", "NOTHING"};
    for (size_t i = 0; i < 2; i++) {
        struct qv_change *device = device_change(BOX), *system = system_change(ON_BOX);
        make(device, words[i]);
        assert_written(device, "{\"name\":\"box\",\"addresses\":[{\"type\":\"IPV4\",\"address\":"
                               "\"10.0.0.9\"},{\"type\":\"MAC\",\"address\":");
        make(system, words[i]);
        assert_written(system,
                       "{\"name\":\"provider\",\"metadata\":{\"a\":1},\"version\":\"1.0.0\","
                       "\"addresses\":[{\"type\":\"IPV4\",\"address\":\"10.0.0.9\"}],"
                       "\"device\":{\"name\":\"box\",\"addresses\":[");
        drop(device);
        drop(system);
    }
    struct qv_change *revoke = NULL;
    assert_int_equal(qv_change_revoke_device(QV_STR("box"), &caller, &revoke), QV_OK);
    QV_CLEANUP(qv_reply) struct qv_reply *locked = run_change(revoke);
    assert_true(qv_reply_begins(locked, "REFUSED"));
    drop(revoke);

    assert_int_equal(qv_change_revoke_system(QV_STR("provider"), &caller, &revoke), QV_OK);
    make(revoke, "OK");
    assert_null(revoke->outcome.system);
    drop(revoke);
    assert_int_equal(qv_change_revoke_device(QV_STR("box"), &caller, &revoke), QV_OK);
    make(revoke, "OK");
    assert_null(revoke->outcome.device);
    drop(revoke);
}

static void dialects_with_letter_case_know_twins(void **state)
{
    (void)state;
    rules.dialect = qv_dialect_get(QV_DIALECT_5_2);
    struct qv_change *change = system_change("{\"addresses\":[\"10.0.0.1\"]}");
    make(change, "OK");
    assert_written(change, "{\"name\":\"Provider\",");
    drop(change);
    redis_do(&redis, "RENAME %s %s", P ":system:Provider", P ":system:ProVider");
    redis_do(&redis, "HSET %s system:provider ProVider", P ":folded");
    change = system_change("{\"addresses\":[\"10.0.0.1\"]}");
    QV_CLEANUP(qv_reply) struct qv_reply *reply = run_change(change);
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    assert_int_equal(qv_outcome_refuse(rules.dialect, reply, &error), QV_INVALID);
    assert_non_null(strstr(qv_error_message(&error), "letter case alone: ProVider"));
    drop(change);
}

/* ---- what a reply may lack ------------------------------------------------------------------- */

static struct qv_reply *reply_of(const char *const *words)
{
    struct qv_reply *reply = qv_alloc(sizeof(*reply));
    reply->kind = QV_REPLY_LIST;
    reply->items = qv_alloc_array(8, sizeof(*reply->items));
    for (; *words != NULL; words++) {
        struct qv_str word = qv_str_from(*words);
        struct qv_reply *one = qv_alloc(sizeof(*one));
        *one = (struct qv_reply){.kind = QV_REPLY_TEXT, .text = word};
        one->text.at = qv_str_dup(word);
        reply->items[reply->count++] = one;
    }
    return reply;
}
#define REPLY(...) reply_of((const char *const[]){__VA_ARGS__, NULL})

static void a_reply_without_the_entity_is_damage(void **state)
{
    (void)state;
    struct qv_change *change = system_change("{\"addresses\":[\"10.0.0.1\"]}");
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    QV_CLEANUP(qv_reply) struct qv_reply *without = REPLY("OK", "7", "token");
    assert_int_equal(qv_outcome_read(change, without, &error), QV_INVALID);
    QV_CLEANUP(qv_reply) struct qv_reply *broken = REPLY("NOTHING", "7", "token", "{}", "");
    assert_int_equal(qv_outcome_read(change, broken, &error), QV_INVALID);
    drop(change);
}

static void what_became_of_a_chap_service_is_read(void **state)
{
    (void)state;
    static const struct qv_chap_terms terms = {.ttl_us = 30000000};
    struct qv_change *ping = NULL, *delete = NULL;
    assert_int_equal(qv_change_ping_chap(QV_STR("model"), &terms, &ping), QV_OK);
    assert_int_equal(qv_change_delete_chap(QV_STR("model"), NULL, &delete), QV_OK);
    QV_CLEANUP(qv_reply) struct qv_reply *pinged = REPLY("OK", "7", "token", "1000001", "31000001");
    assert_int_equal(qv_outcome_read(ping, pinged, NULL), QV_OK);
    assert_true(ping->outcome.chap_times.pinged_us == 1000001);
    assert_true(ping->outcome.chap_times.ends_us == 31000001);
    QV_CLEANUP(qv_reply) struct qv_reply *nothing = REPLY("NOTHING", "7", "token");
    assert_int_equal(qv_outcome_read(ping, nothing, NULL), QV_OK);
    QV_CLEANUP(qv_reply) struct qv_reply *ended = REPLY("OK", "7", "token", "ended");
    assert_int_equal(qv_outcome_read(delete, ended, NULL), QV_OK);
    assert_int_equal(delete->outcome.chap_how, QV_CHAP_ENDED);

    QV_CLEANUP(qv_reply) struct qv_reply *timeless = REPLY("OK", "7", "token", "1000001");
    assert_int_equal(qv_outcome_read(ping, timeless, NULL), QV_INVALID);
    QV_CLEANUP(qv_reply) struct qv_reply *strange = REPLY("OK", "7", "token", "perhaps");
    assert_int_equal(qv_outcome_read(delete, strange, NULL), QV_INVALID);
    QV_CLEANUP(qv_reply) struct qv_reply *wordless = REPLY("OK", "7", "token");
    assert_int_equal(qv_outcome_read(delete, wordless, NULL), QV_INVALID);
    drop(ping);
    drop(delete);
}

static void refusals_are_said_in_the_dialects_words(void **state)
{
    (void)state;
    static const struct {
        const char *code;
        enum qv_status status;
        const char *words, *words_52; /* NULL: the same */
    } rows[] = {
        {"system", QV_INVALID, "System not exists: x", "System does not exist: x"},
        {"template", QV_INVALID, "Interface template not exists: x",
         "Interface template does not exist: x"},
        {"device", QV_INVALID, "Device names do not exist: x", NULL},
        {"in-use", QV_LOCKED, "At least one system is assigned to this device.x",
         "At least one system is assigned to this devicex"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (int id = QV_DIALECT_5_0; id <= QV_DIALECT_5_2; id++) {
            QV_CLEANUP(qv_reply) struct qv_reply *reply = REPLY("REFUSED", rows[i].code, "x");
            QV_CLEANUP(qv_error) struct qv_error error = {0};
            assert_int_equal(qv_outcome_refuse(qv_dialect_get(id), reply, &error), rows[i].status);
            bool second = id == QV_DIALECT_5_2 && rows[i].words_52 != NULL;
            assert_string_equal(qv_error_message(&error),
                                second ? rows[i].words_52 : rows[i].words);
        }
    QV_CLEANUP(qv_reply) struct qv_reply *strange = REPLY("REFUSED", "because");
    assert_int_equal(qv_outcome_refuse(rules.dialect, strange, NULL), QV_INTERNAL);
}

static int set_up(void **state)
{
    rules = (struct qv_rules){.dialect = qv_dialect_get(QV_DIALECT_5_0), .self_addressing = true};
    return set_up_head(state);
}

int main(void)
{
    qv_memory_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_was_asked_for_is_handed_out, set_up),
        cmocka_unit_test_setup(dialects_with_letter_case_know_twins, set_up),
        cmocka_unit_test_setup(a_reply_without_the_entity_is_damage, set_up),
        cmocka_unit_test_setup(what_became_of_a_chap_service_is_read, set_up),
        cmocka_unit_test_setup(refusals_are_said_in_the_dialects_words, set_up),
    };
    return cmocka_run_group_tests(tests, set_up_redis, tear_down_redis);
}
