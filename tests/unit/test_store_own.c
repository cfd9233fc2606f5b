// links: store
/*
 * The registry's own entries in a store that runs: written before the first view, written anew when
 * others are set, and left alone by the same; whatever Redis does meanwhile, the last that were set
 * are there in the end.
 */
#include "store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SYSTEM P ":system:registry"

/* Own entries of a system alone, whose document has `key` in its metadata. */
static struct qv_change *own_with(const char *key)
{
    char doc[256];
    struct qv_change *change = NULL;
    snprintf(doc, sizeof(doc),
             "{\"name\":\"registry\",\"metadata\":{\"key\":\"%s\"},\"version\":\"1.0.0\","
             "\"addresses\":[]}",
             key);
    assert_int_equal(
        qv_change_register_own(f.rules, "registry", qv_str_from(doc), NULL, 0, &change), QV_OK);
    return change;
}

static void set_own(const char *key)
{
    struct qv_change *change = own_with(key);
    qv_store_set_own(f.store, &change);
    assert_null(change);
}

static bool is_stored(const char *key)
{
    if (redis_number(&redis, "EXISTS %s", SYSTEM) == 0)
        return false;
    char *stored = redis_text(&redis, SYSTEM);
    bool found = strstr(stored, key) != NULL;
    free(stored);
    return found;
}

static long long entries(void)
{
    return redis_number(&redis, "XLEN %s", P ":journal");
}

/* A store that has own entries from its start on. */
static int set_up_own(void **state)
{
    (void)state;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    redis = (struct redis_fixture){0};
    redis_folder(&redis);
    redis_start(&redis);
    store_prepare();
    if (qv_store_new(f.config, QV_STR("testcloud.company.arrowhead.eu"), f.registry, &f.store,
                     &error) != QV_OK)
        return -1;
    set_own("never-seen"); /* the last one before the start counts */
    set_own("key-one");
    if (qv_store_start(f.store, &error) != QV_OK)
        return -1;
    await(is_well());
    return 0;
}

static void they_are_there_from_the_start_on(void **state)
{
    (void)state;
    assert_true(is_stored("key-one"));
    assert_int_equal(view_state().count[QV_KIND_SYSTEM], 1);
}

static void others_are_written_at_once(void **state)
{
    (void)state;
    long long before = entries();
    set_own("key-two");
    await(is_stored("key-two"));
    assert_int_equal(entries(), before + 1);
}

static void the_same_are_left_alone(void **state)
{
    (void)state;
    long long before = entries();
    for (int i = 0; i < 10; i++)
        set_own("key-one");
    assert_int_equal(enter("afterwards").status, QV_OK); /* the store has seen them all */
    assert_int_equal(entries(), before + 1);
    assert_true(is_stored("key-one"));
}

/* Faster than Redis answers: what is on its way is followed by the last. */
static void the_last_of_many_stays(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        char key[32];
        snprintf(key, sizeof(key), "key-of-%d", i);
        set_own(key);
    }
    set_own("key-last");
    await(is_stored("key-last"));
    assert_int_equal(enter("afterwards").status, QV_OK);
    assert_true(is_stored("key-last"));
}

static void what_came_while_redis_was_away_is_written_then(void **state)
{
    (void)state;
    redis_end(&redis, SIGKILL);
    await(has_reason("not reachable"));
    set_own("key-two");
    set_own("key-three");
    redis_start(&redis);
    await(is_well());
    await(is_stored("key-three"));
}

static void set_just_before_the_end(void **state)
{
    (void)state;
    set_own("key-two");
    qv_store_stop(f.store);
    set_own("key-three"); /* nobody writes it, and nothing leaks */
}

int main(void)
{
#define WITH_OWN(test) cmocka_unit_test_setup_teardown(test, set_up_own, tear_down_all)
    const struct CMUnitTest tests[] = {
        WITH_OWN(they_are_there_from_the_start_on),
        WITH_OWN(others_are_written_at_once),
        WITH_OWN(the_same_are_left_alone),
        WITH_OWN(the_last_of_many_stays),
        WITH_OWN(what_came_while_redis_was_away_is_written_then),
        WITH_OWN(set_just_before_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
