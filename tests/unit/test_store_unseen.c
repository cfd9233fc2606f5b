// links: store
/*
 * Changes that the store made and nobody sees yet, because the journal is not handed out: they are
 * answered when they are seen, in their order, or unknown when that takes too long or the history
 * breaks.
 */
#include "store_fixture.h"

#include "../../src/store/internal.h"

/* Of the client that waits for entries of the journal; 0: there is none now. */
static long long follower(void)
{
    redisReply *list = redis_ask(&redis, "CLIENT LIST");
    long long id = 0;
    for (char *rest = list->str, *line; (line = strtok_r(rest, "\n", &rest)) != NULL;)
        if (strstr(line, " cmd=xread ") != NULL)
            id = atoll(line + strlen("id="));
    freeReplyObject(list);
    return id;
}

/* The connection for commands stays; the one that follows the journal gets nothing from it. */
static void deny_the_journal(void)
{
    long long id = 0;
    await((id = follower()) != 0); /* before it is refused: then it is away most of the time */
    redis_do(&redis, "ACL SETUSER default -xread");
    redis_do(&redis, "CLIENT KILL ID %lld", id);
}

static bool has_ended(struct answer *answer)
{
    return sem_trywait(&answer->ready) == 0;
}

static bool head_is_at(long long revision)
{
    return redis_number(&redis, "HGET %s revision", P ":head") == revision;
}

/* How often somebody has connected to Redis. */
static long long connections(void)
{
    redisReply *reply = redis_ask(&redis, "INFO stats");
    const char *at = strstr(reply->str, "total_connections_received:");
    assert_non_null(at);
    long long count = strtoll(strchr(at, ':') + 1, NULL, 10);
    freeReplyObject(reply);
    return count;
}

static void what_does_not_come_back_in_time_is_unknown(void **state)
{
    (void)state;
    deny_the_journal();
    long long before = connections();
    struct answer answer = enter("kelvin-info");
    assert_in_range(connections() - before, 1, 20); /* pauses grow, though the head can be read */
    assert_int_equal(answer.status, QV_UNAVAILABLE);
    assert_true(answer.unknown);
    assert_string_equal(answer.message,
                        "The outcome of the change is unknown: the store made it, but it did not "
                        "come back through the journal in time; repeat it or look up what is "
                        "there");
    assert_in_range(answer.ms, HASTE_MS - 100, 3000);
    assert_int_equal(instances(), 0);
    assert_true(head_is_at(2));
    redis_do(&redis, "ACL SETUSER default +xread");
    await(instances() == 1);
    assert_int_equal(view_state().epoch, 1);
    assert_int_equal(enter("celsius-info").status, QV_OK);
}

static void what_was_made_is_answered_when_it_is_seen(void **state)
{
    (void)state;
    enum { CHANGES = 3 };
    struct answer answers[CHANGES];
    char name[32];
    deny_the_journal();
    for (int i = 0; i < CHANGES; i++) {
        snprintf(name, sizeof(name), "service-%d", i);
        submit(&answers[i], QV_OP_SERVICE_REGISTER, registration(name, ""));
    }
    await(head_is_at(CHANGES + 1));
    struct answer late;
    submit(&late, QV_OP_SERVICE_REGISTER, registration("service-0", ""));
    await(head_is_at(CHANGES + 2));
    for (int i = 0; i < CHANGES; i++)
        assert_false(has_ended(&answers[i]));
    assert_false(has_ended(&late));
    assert_int_equal(instances(), 0);
    redis_do(&redis, "ACL SETUSER default +xread");
    wait_for(&late);
    assert_int_equal(late.status, QV_OK);
    assert_int_equal(late.revision, CHANGES + 2);
    for (int i = 0; i < CHANGES; i++) { /* those before it have been answered before it */
        assert_true(has_ended(&answers[i]));
        assert_int_equal(answers[i].status, QV_OK);
        assert_int_equal(answers[i].revision, i + 2);
    }
    assert_int_equal(instances(), CHANGES);
}

/* The head is back where the view is, with another token: what was made may be gone. */
static void a_history_that_breaks_makes_what_was_made_unknown(void **state)
{
    (void)state;
    struct answer answer;
    deny_the_journal();
    submit(&answer, QV_OP_SERVICE_REGISTER, registration("kelvin-info", ""));
    await(head_is_at(2));
    redis_do(&redis, "HSET %s revision 1 token another", P ":head");
    wait_for(&answer);
    assert_int_equal(answer.status, QV_UNAVAILABLE);
    assert_true(answer.unknown);
    assert_string_equal(answer.message,
                        "The outcome of the change is unknown: the store's history broke after "
                        "it was made; repeat it or look up what is there");
    assert_in_range(answer.ms, 0, 8000); /* at once, not in its time */
    await(view_state().epoch == 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_does_not_come_back_in_time_is_unknown, set_up_hasty,
                                        tear_down_all),
        cmocka_unit_test_setup_teardown(what_was_made_is_answered_when_it_is_seen, set_up_all,
                                        tear_down_all),
        cmocka_unit_test_setup_teardown(a_history_that_breaks_makes_what_was_made_unknown,
                                        set_up_all, tear_down_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
