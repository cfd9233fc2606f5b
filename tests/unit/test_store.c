// links: store
/*
 * The store as a whole on a real Redis: a change goes in, comes back through the journal and is in
 * the view before it is answered; and what happens when Redis is away, slow, unfit, or not what it
 * was.
 */
#include "store_fixture.h"

#include "../../src/store/internal.h"

#include <pthread.h>

/* ---- changes ----------------------------------------------------------------------------------
 */

static void a_change_is_in_the_view_when_it_is_answered(void **state)
{
    (void)state;
    struct qv_registry_state before = view_state();
    assert_int_equal(before.count[QV_KIND_TEMPLATE], 4);
    struct answer answer = enter("kelvin-info");
    assert_int_equal(answer.status, QV_OK);
    assert_true(answer.done);
    assert_int_equal(answer.revision, before.revision + 1);
    assert_int_equal(answer.epoch, 1);
    assert_string_equal(answer.instance, "provider::kelvin-info::1.0.0");
    assert_string_equal(answer.system, "provider");
    assert_string_equal(answer.definition, "kelvin-info");
    struct qv_registry_state after = view_state();
    assert_int_equal(after.revision, answer.revision);
    assert_int_equal(after.count[QV_KIND_INSTANCE], 1);
    assert_int_equal(after.count[QV_KIND_SYSTEM], 1);
    assert_int_equal(after.count[QV_KIND_DEFINITION], 1);
}

static void revokes(void **state)
{
    (void)state;
    assert_int_equal(enter("kelvin-info").status, QV_OK);
    struct answer answer = take_back("provider::kelvin-info::1.0.0");
    assert_int_equal(answer.status, QV_OK);
    assert_true(answer.done);
    assert_int_equal(instances(), 0);
    answer = take_back("provider::kelvin-info::1.0.0");
    assert_int_equal(answer.status, QV_OK);
    assert_false(answer.done);

    assert_int_equal(enter("kelvin-info").status, QV_OK);
    assert_int_equal(enter("celsius-info").status, QV_OK);
    struct qv_change *change = NULL;
    assert_int_equal(qv_change_revoke_system(QV_STR("provider"), f.identity, &change), QV_OK);
    submit(&answer, QV_OP_SYSTEM_REVOKE, change);
    wait_for(&answer);
    assert_int_equal(answer.status, QV_OK);
    assert_int_equal(instances(), 0);
    assert_int_equal(view_state().count[QV_KIND_SYSTEM], 0);
}

static void without_a_grant_nothing_is_changed(void **state)
{
    (void)state;
    struct answer answer;
    struct qv_grant other = grant_for(QV_OP_SERVICE_REVOKE), none = {0};
    const struct qv_grant *grants[] = {NULL, &none, &other};
    for (size_t i = 0; i < 3; i++) {
        memset(&answer, 0, sizeof(answer));
        sem_init(&answer.ready, 0, 0);
        qv_store_submit(f.store, grants[i], registration("kelvin-info", ""), on_answer, &answer);
        wait_for(&answer);
        assert_int_equal(answer.status, QV_INTERNAL);
        assert_false(answer.unknown);
    }
    assert_int_equal(redis_number(&redis, "EXISTS %s", P ":system:provider"), 0);
}

static void the_scripts_refusals_have_the_references_words(void **state)
{
    (void)state;
    redis_do(&redis, "DEL %s", P ":template:generic-http");
    struct answer answer = enter("kelvin-info");
    assert_int_equal(answer.status, QV_INVALID);
    assert_string_equal(answer.message, "Interface template not exists: generic-http");
    redis_do(&redis, "LPUSH %s wrong", P ":template:generic-http");
    answer = enter("kelvin-info");
    assert_int_equal(answer.status, QV_INTERNAL);
    assert_false(answer.unknown);
}

static void many_changes_at_once_are_all_answered(void **state)
{
    (void)state;
    enum { CHANGES = 300 };
    static struct answer answers[CHANGES];
    char name[32];
    for (int i = 0; i < CHANGES; i++) {
        snprintf(name, sizeof(name), "service-%d", i);
        submit(&answers[i], QV_OP_SERVICE_REGISTER, registration(name, ""));
    }
    for (int i = 0; i < CHANGES; i++) {
        wait_for(&answers[i]);
        assert_int_equal(answers[i].status, QV_OK);
        assert_int_equal(answers[i].revision, (uint64_t)i + 2);
    }
    assert_int_equal(instances(), CHANGES);
}

static void forgotten_scripts_are_sent_again(void **state)
{
    (void)state;
    redis_do(&redis, "SCRIPT FLUSH");
    assert_int_equal(enter("kelvin-info").status, QV_OK);
    redis_do(&redis, "SCRIPT FLUSH");
    await(is_well()); /* the tick has them loaded again */
    assert_int_equal(take_back("provider::kelvin-info::1.0.0").status, QV_OK);
}

static long long last_tick(void)
{
    return redis_number(&redis, "HGET %s tick", P ":head");
}

/* Also where nobody changes anything: what is due would not end, and a lease's clock would stop. */
static void the_tick_goes_on_without_its_script(void **state)
{
    (void)state;
    redis_do(&redis, "SCRIPT FLUSH");
    long long before = last_tick();
    await(last_tick() > before);
    await(is_well());
}

static bool nothing_is_stored(void)
{
    return redis_number(&redis, "EXISTS %s", P ":instance:provider::kelvin-info::1.0.0") == 0;
}

static void what_ends_leaves_redis_and_the_view(void **state)
{
    (void)state;
    char more[64];
    QV_CLEANUP(qv_buf) struct qv_buf end = {0};
    struct qv_wall soon = qv_wall_now();
    soon.seconds += 1;
    qv_wall_write(&end, soon, QV_WALL_EXACT);
    snprintf(more, sizeof(more), "\"expiresAt\":\"%s\",", end.at);
    struct answer answer;
    submit(&answer, QV_OP_SERVICE_REGISTER, registration("kelvin-info", more));
    wait_for(&answer);
    assert_int_equal(answer.status, QV_OK);
    await(nothing_is_stored());
    await(instances() == 0);
}

/* ---- Redis is away ----------------------------------------------------------------------------
 */

static void redis_comes_back_with_everything(void **state)
{
    (void)state;
    assert_int_equal(enter("kelvin-info").status, QV_OK);
    uint64_t revision = view_state().revision;
    redis_end(&redis, SIGKILL);
    await(has_reason("Redis is not reachable"));
    struct answer answer = enter("celsius-info");
    assert_int_equal(answer.status, QV_UNAVAILABLE);
    assert_false(answer.unknown);
    assert_null(strstr(answer.message, "unknown"));
    assert_in_range(answer.ms, 0, 400);
    assert_int_equal(instances(), 1); /* reads go on */

    redis_start(&redis);
    await(is_well());
    assert_int_equal(view_state().revision, revision);
    assert_int_equal(view_state().epoch, 1);
    assert_int_equal(enter("celsius-info").status, QV_OK);
    assert_int_equal(instances(), 2);
}

static void a_store_starts_before_its_redis(void **state)
{
    (void)state;
    redis_folder(&redis);
    store_prepare();
    store_start();
    await(has_reason("No such file or directory"));
    assert_false(view_loaded());
    redis_start(&redis);
    await(is_well());
    assert_int_equal(enter("kelvin-info").status, QV_OK);
    store_end();

    /* A second store sees what the first left. */
    store_prepare();
    store_start();
    await(is_well());
    assert_int_equal(instances(), 1);
    store_end();
    redis_clean(&redis);
}

static void a_stopped_redis_makes_outcomes_unknown_in_time(void **state)
{
    (void)state;
    struct answer answers[8], late;
    char name[32];
    kill(redis.pid, SIGSTOP);
    for (int i = 0; i < 8; i++) {
        snprintf(name, sizeof(name), "service-%d", i);
        submit(&answers[i], QV_OP_SERVICE_REGISTER, registration(name, ""));
    }
    for (int i = 0; i < 8; i++) {
        wait_for(&answers[i]);
        assert_int_equal(answers[i].status, QV_UNAVAILABLE);
        assert_true(answers[i].unknown);
        assert_non_null(strstr(answers[i].message, "unknown"));
        assert_in_range(answers[i].ms, HASTE_MS - 100, HASTE_MS + 500);
    }
    kill(redis.pid, SIGCONT);
    /* The scripts find their deadline passed: what was answered 503 does not happen later. */
    await(is_well());
    late = enter("kelvin-info");
    assert_int_equal(late.status, QV_OK);
    assert_int_equal(instances(), 1);
    assert_int_equal(redis_number(&redis, "SCARD %s", P ":instances-of:provider"), 1);
}

/* What could not even be handed to the socket was certainly not made. */
static void a_full_queue_refuses_for_certain(void **state)
{
    (void)state;
    enum { CHANGES = 200, BIG = 200000 };
    static struct answer answers[CHANGES];
    static char more[BIG];
    int length = snprintf(more, sizeof(more), "\"metadata\":{\"x\":\"");
    memset(more + length, 'a', BIG - (size_t)length - 8);
    strcpy(more + BIG - 8, "\"},");
    struct qv_change *changes[CHANGES];
    char name[32];
    for (int i = 0; i < CHANGES; i++) {
        snprintf(name, sizeof(name), "service-%d", i);
        changes[i] = registration(name, more);
    }
    kill(redis.pid, SIGSTOP);
    size_t unknown = 0, certain = 0, at_once = 0;
    for (int i = 0; i < CHANGES; i++)
        submit(&answers[i], QV_OP_SERVICE_REGISTER, changes[i]);
    for (int i = 0; i < CHANGES; i++) {
        wait_for(&answers[i]);
        assert_int_equal(answers[i].status, QV_UNAVAILABLE);
        assert_in_range(answers[i].ms, 0, HASTE_MS + 700);
        assert_true(answers[i].unknown == (strstr(answers[i].message, "unknown") != NULL));
        unknown += answers[i].unknown;
        certain += !answers[i].unknown;
        at_once += strstr(answers[i].message, "too many changes") != NULL;
    }
    assert_true(unknown > 0);
    assert_true(at_once > 0);
    assert_true(certain > at_once);
    kill(redis.pid, SIGCONT);
    await(is_well());
    assert_int_equal(enter("kelvin-info").status, QV_OK);
    assert_int_equal(instances(), 1);
}

static void *stop_store(void *argument)
{
    (void)argument;
    qv_store_stop(f.store);
    return NULL;
}

static void stopping_waits_for_answers_but_not_for_ever(void **state)
{
    (void)state;
    struct answer waiting, later;
    pthread_t stopper;
    struct qv_change *change = registration("celsius-info", "");
    kill(redis.pid, SIGSTOP);
    submit(&waiting, QV_OP_SERVICE_REGISTER, registration("kelvin-info", ""));
    struct qv_mono begun = qv_mono_now();
    pthread_create(&stopper, NULL, stop_store, NULL);
    pthread_join(stopper, NULL);
    assert_true(qv_mono_now().us - begun.us < 1500000);
    assert_int_equal(sem_trywait(&waiting.ready), 0);
    assert_true(waiting.unknown);
    submit(&later, QV_OP_SERVICE_REGISTER, change);
    assert_int_equal(sem_trywait(&later.ready), 0);
    assert_int_equal(later.status, QV_UNAVAILABLE);
    assert_false(later.unknown);
}

/* ---- Redis is not fit -------------------------------------------------------------------------
 */

static void an_unfit_redis_gets_no_change(void **state)
{
    (void)state;
    static const struct {
        const char *spoil, *heal, *reason;
    } rows[] = {
        {"CONFIG SET maxmemory-policy allkeys-lru", "CONFIG SET maxmemory-policy noeviction",
         "Redis' maxmemory-policy is allkeys-lru, must be noeviction"},
        {"CONFIG SET appendonly no", "CONFIG SET appendonly yes", "Redis has no append-only file"},
        {"REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE", "Redis is a replica"},
    };
    assert_int_equal(enter("kelvin-info").status, QV_OK);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        redis_do(&redis, rows[i].spoil);
        redis_do(&redis,
                 "CLIENT KILL TYPE normal SKIPME yes"); /* it is looked at when connecting */
        await(has_reason(rows[i].reason));
        struct answer answer = enter("celsius-info");
        assert_int_equal(answer.status, QV_UNAVAILABLE);
        assert_false(answer.unknown);
        assert_non_null(strstr(answer.message, rows[i].reason));
        assert_int_equal(instances(), 1);
        redis_do(&redis, rows[i].heal);
        await(is_well());
    }
    assert_int_equal(enter("celsius-info").status, QV_OK);
}

static void refusals_are_told_and_heal(void **state)
{
    (void)state;
    redis_do(&redis, "CONFIG SET maxmemory 1");
    struct answer answer = enter("kelvin-info");
    assert_int_equal(answer.status, QV_UNAVAILABLE);
    assert_false(answer.unknown);
    assert_string_equal(answer.message, "The change was not made: Redis has no memory left");
    await(has_reason("Redis has no memory left"));
    redis_do(&redis, "CONFIG SET maxmemory 0");
    await(is_well());
    /* A master that became a replica while we are connected. */
    redis_do(&redis, "REPLICAOF 127.0.0.1 1");
    answer = enter("kelvin-info");
    assert_int_equal(answer.status, QV_UNAVAILABLE);
    assert_false(answer.unknown);
    await(has_reason("Redis is a replica"));
    redis_do(&redis, "REPLICAOF NO ONE");
    await(is_well());
    assert_int_equal(enter("kelvin-info").status, QV_OK);
}

static struct qv_reply error_reply(const char *text)
{
    return (struct qv_reply){.kind = QV_REPLY_ERROR, .text = qv_str_from(text)};
}

static void every_refusal_is_known(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *words; /* NULL: not known, so nobody can tell */
    } rows[] = {
        {"LOADING Redis is loading the dataset in memory", "Redis is loading its data"},
        {"MISCONF Errors writing to the AOF file", "Redis cannot write to its disk"},
        {"OOM command not allowed when used memory > 'maxmemory'.", "Redis has no memory left"},
        {"READONLY You can't write against a read only replica.", "Redis is a replica"},
        {"NOREPLICAS Not enough good replicas to write.", "Redis has too few replicas"},
        {"BUSY Redis is busy running a script.", "Redis is busy with a script"},
        {"MASTERDOWN Link with MASTER is down", "Redis is a replica without its master"},
        {"NOAUTH Authentication required.", "Redis wants another password"},
        {"ERR unknown command", NULL},
        {"LOADINGX", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct qv_reply reply = error_reply(rows[i].text);
        const struct qv_refusal *refusal = qv_refusal_of(&reply);
        if (rows[i].words == NULL) {
            assert_null(refusal);
            continue;
        }
        assert_non_null(refusal);
        assert_string_equal(refusal->words, rows[i].words);
        assert_int_equal(refusal->status, QV_UNAVAILABLE);
    }
    /* An error never counts as a script's own word. */
    struct qv_reply late = error_reply("LATE");
    assert_null(qv_refusal_of(&late));
}

/* Whether a change is in the view is told by its token, not by its number alone. */
static void a_position_is_judged_by_its_token(void **state)
{
    (void)state;
    static struct qv_tail tail;
    tail.memory[7] = (struct qv_position){.revision = 7, .token = "seven"};
    tail.memory[8] = (struct qv_position){.revision = 8 + QV_TAIL_MEMORY, .token = "later"};
    tail.at = tail.memory[8];
    static const struct {
        struct qv_position position;
        enum qv_seen seen;
    } rows[] = {
        {{7, "seven"}, QV_SEEN},
        {{7, "other"}, QV_SEEN_OTHER_HISTORY},
        {{8, "eight"}, QV_SEEN_FORGOTTEN},
        {{9, "nine"}, QV_SEEN_FORGOTTEN},
        {{8 + QV_TAIL_MEMORY, "later"}, QV_SEEN},
        {{9 + QV_TAIL_MEMORY, "to come"}, QV_SEEN_NOT_YET},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        tail.live = false; /* a view that is being built is nobody's to see */
        assert_int_equal(qv_tail_seen(&tail, &rows[i].position), QV_SEEN_NOT_YET);
        tail.live = true;
        assert_int_equal(qv_tail_seen(&tail, &rows[i].position), rows[i].seen);
    }
}

static char *password_options[] = {"--requirepass", "correct-horse", NULL};

static void the_password_is_used_and_never_told(void **state)
{
    (void)state;
    redis = (struct redis_fixture){.options = password_options};
    redis_folder(&redis);
    redis_start(&redis);
    freeReplyObject(redisCommand(redis.to, "AUTH correct-horse"));
    store_prepare();
    f.config->store.at.password = "wrong-horse";
    f.config->store.at.database = 3;
    store_start();
    await(has_reason("WRONGPASS"));
    assert_false(has_reason("horse"));
    store_end();
    store_prepare();
    f.config->store.at.username = "default";
    f.config->store.at.password = "correct-horse";
    f.config->store.at.database = 3;
    store_start();
    await(is_well());
    assert_int_equal(enter("kelvin-info").status, QV_OK);
    redis_do(&redis, "SELECT 3");
    assert_int_equal(redis_number(&redis, "EXISTS %s", P ":system:provider"), 1);
    store_end();
    redis_clean(&redis);
}

static char *tcp_options[] = {"--bind", "127.0.0.1", "--port", "0", NULL};

static void a_name_is_resolved(void **state)
{
    (void)state;
    char port[16] = "0";
    redis = (struct redis_fixture){.options = tcp_options};
    redis_folder(&redis);
    for (int number = 20000; number < 60000 && redis.pid == 0; number += 997) {
        snprintf(port, sizeof(port), "%d", number);
        redisContext *taken = redisConnect("127.0.0.1", number);
        if (taken->err != 0) {
            tcp_options[3] = port;
            redis_start(&redis);
        }
        redisFree(taken);
    }
    store_prepare();
    f.config->store.at.kind = QV_REDIS_TCP;
    f.config->store.at.host = "localhost";
    f.config->store.at.port = (uint16_t)atoi(port);
    store_start();
    await(is_well());
    assert_int_equal(enter("kelvin-info").status, QV_OK);
    store_end();
    store_prepare();
    f.config->store.at.kind = QV_REDIS_TCP;
    f.config->store.at.host = "no-such-host.invalid";
    store_start();
    await(has_reason("Redis is not reachable at no-such-host.invalid:0: "));
    store_end();
    redis_clean(&redis);
}

static void a_cloud_needs_two_parts(void **state)
{
    (void)state;
    static const char *const clouds[] = {"", "testcloud", "testcloud.", ".company", "."};
    redis_folder(&redis);
    store_prepare();
    for (size_t i = 0; i < sizeof(clouds) / sizeof(clouds[0]); i++) {
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        assert_int_equal(
            qv_store_new(f.config, qv_str_from(clouds[i]), f.registry, &f.store, &error),
            QV_INVALID);
        assert_null(f.store);
    }
    store_end();
    redis_clean(&redis);
}

int main(void)
{
#define ON_A_STORE(test) cmocka_unit_test_setup_teardown(test, set_up_all, tear_down_all)
#define IN_HASTE(test)   cmocka_unit_test_setup_teardown(test, set_up_hasty, tear_down_all)
    const struct CMUnitTest tests[] = {
        ON_A_STORE(a_change_is_in_the_view_when_it_is_answered),
        ON_A_STORE(revokes),
        ON_A_STORE(without_a_grant_nothing_is_changed),
        ON_A_STORE(the_scripts_refusals_have_the_references_words),
        ON_A_STORE(many_changes_at_once_are_all_answered),
        ON_A_STORE(forgotten_scripts_are_sent_again),
        ON_A_STORE(the_tick_goes_on_without_its_script),
        ON_A_STORE(what_ends_leaves_redis_and_the_view),
        ON_A_STORE(redis_comes_back_with_everything),
        cmocka_unit_test(a_store_starts_before_its_redis),
        IN_HASTE(a_stopped_redis_makes_outcomes_unknown_in_time),
        IN_HASTE(a_full_queue_refuses_for_certain),
        IN_HASTE(stopping_waits_for_answers_but_not_for_ever),
        ON_A_STORE(an_unfit_redis_gets_no_change),
        ON_A_STORE(refusals_are_told_and_heal),
        cmocka_unit_test(every_refusal_is_known),
        cmocka_unit_test(a_position_is_judged_by_its_token),
        cmocka_unit_test(the_password_is_used_and_never_told),
        cmocka_unit_test(a_name_is_resolved),
        cmocka_unit_test(a_cloud_needs_two_parts),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
