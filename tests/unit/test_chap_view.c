// links: registry
/*
 * CHAP services in the view: leases, registry time, and finding those that live.
 */
#include "domain_fixture.h"

#include <pthread.h>

#include "chap_fixture.h"

static struct qv_rules rules;
static struct qv_registry *registry;
static struct qv_view *view;

static int set_up(void **state)
{
    (void)state;
    rules = fixture_rules();
    if (qv_registry_new(&rules, &registry) != QV_OK || qv_view_new(&view) != QV_OK)
        return 1;
    qv_registry_publish(registry, view);
    fixture_set_clock(registry, 1000, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    qv_registry_free(&registry);
    return 0;
}

#define DOC(id) CHAP_DOC(id, "http://h", "1", "")

/* The ids of those that live, with blanks between them. */
static const char *alive(void)
{
    static char ids[256];
    size_t length = 0;
    QV_CLEANUP(qv_chap_result) struct qv_chap_result result = {0};
    assert_int_equal(qv_registry_find_chap(registry, &result, NULL), QV_OK);
    ids[0] = '\0';
    for (size_t i = 0; i < result.count; i++)
        length += (size_t)snprintf(ids + length, sizeof(ids) - length, "%s%.*s", i > 0 ? " " : "",
                                   QV_STR_ARG(result.matches[i].chap->head.id));
    return ids;
}

/* When the lease ends, in seconds since 1970; 0: it is not found. */
static int64_t end_of(const char *id)
{
    QV_CLEANUP(qv_chap_match) struct qv_chap_match match = {0};
    assert_int_equal(qv_registry_get_chap(registry, qv_str_from(id), &match, NULL), QV_OK);
    if (match.chap == NULL)
        return 0;
    assert_true(qv_str_equal(match.chap->head.id, qv_str_from(id)));
    return match.ends_us / 1000000;
}

static void finds_those_whose_lease_goes_on(void **state)
{
    (void)state;
    assert_string_equal(alive(), "");
    assert_int_equal(APPLY(view, PUT_LEASED("b", DOC("b"), 1001), PUT_LEASED("a", DOC("a"), 1030),
                           PUT_LEASED("d", DOC("d"), 1000), PUT(QV_KIND_CHAP, "c", DOC("c"))),
                     QV_OK);
    assert_string_equal(alive(), "a b");
    assert_int_equal(end_of("a"), 1030);
    assert_int_equal(end_of("d"), 0); /* ends now */
    assert_int_equal(end_of("c"), 0); /* never had a lease */
    assert_int_equal(end_of("nobody"), 0);

    fixture_set_clock(registry, 1001, 0);
    assert_string_equal(alive(), "a");
    fixture_set_clock(registry, 1029, 0);
    assert_string_equal(alive(), "a");
    fixture_set_clock(registry, 1030, 0);
    assert_string_equal(alive(), "");
}

static void a_renewal_moves_the_end_and_nothing_else(void **state)
{
    (void)state;
    assert_int_equal(APPLY(view, PUT_LEASED("a", DOC("a"), 1010)), QV_OK);
    QV_CLEANUP(qv_chap_match) struct qv_chap_match before = {0};
    assert_int_equal(qv_registry_get_chap(registry, QV_STR("a"), &before, NULL), QV_OK);
    qv_memory_fail_at(1); /* it needs none */
    assert_int_equal(APPLY(view, RENEW("a", 1040), RENEW("nobody", 1040)), QV_OK);
    qv_memory_fail_at(0);
    QV_CLEANUP(qv_chap_match) struct qv_chap_match after = {0};
    assert_int_equal(qv_registry_get_chap(registry, QV_STR("a"), &after, NULL), QV_OK);
    assert_ptr_equal(after.chap, before.chap);
    assert_int_equal(after.ends_us, 1040000000);
    assert_string_equal(alive(), "a");

    /* among other effects, and where it had ended */
    fixture_set_clock(registry, 1050, 0);
    assert_string_equal(alive(), "");
    assert_int_equal(APPLY(view, RENEW("a", 1080), RENEW("nobody", 1080),
                           PUT_LEASED("b", DOC("b"), 1090), RENEW("b", 1095)),
                     QV_OK);
    assert_int_equal(end_of("a"), 1080);
    assert_int_equal(end_of("b"), 1095);
}

static void a_new_document_keeps_the_lease_unless_it_brings_one(void **state)
{
    (void)state;
    assert_int_equal(APPLY(view, PUT_LEASED("a", DOC("a"), 1010)), QV_OK);
    assert_int_equal(APPLY(view, PUT(QV_KIND_CHAP, "a", CHAP_DOC("a", "http://new", "1", ""))),
                     QV_OK);
    assert_int_equal(end_of("a"), 1010);
    assert_int_equal(APPLY(view, PUT_LEASED("a", DOC("a"), 1020)), QV_OK);
    assert_int_equal(end_of("a"), 1020);
}

static void what_is_deleted_is_not_renewed(void **state)
{
    (void)state;
    assert_int_equal(APPLY(view, PUT_LEASED("a", DOC("a"), 1010)), QV_OK);
    assert_int_equal(APPLY(view, REMOVE(QV_KIND_CHAP, "a")), QV_OK);
    assert_int_equal(APPLY(view, RENEW("a", 1090)), QV_OK);
    assert_string_equal(alive(), "");
    assert_int_equal(APPLY(view, REMOVE(QV_KIND_CHAP, "a")), QV_OK);
    struct qv_registry_state counts;
    qv_registry_state(registry, &counts);
    assert_int_equal(counts.count[QV_KIND_CHAP], 0);
    /* a later one of the same name begins anew */
    assert_int_equal(APPLY(view, PUT(QV_KIND_CHAP, "a", DOC("a"))), QV_OK);
    assert_int_equal(end_of("a"), 0);
    assert_int_equal(APPLY(view, REMOVE(QV_KIND_CHAP, "a"), PUT_LEASED("a", DOC("a"), 1020)),
                     QV_OK);
    assert_int_equal(end_of("a"), 1020);
}

static void a_failed_change_leaves_leases_alone(void **state)
{
    (void)state;
    assert_int_equal(APPLY(view, PUT_LEASED("a", DOC("a"), 1010)), QV_OK);
    assert_int_equal(APPLY(view, RENEW("a", 1090), PUT_LEASED("b", "{}", 1090)), QV_INVALID);
    assert_int_equal(end_of("a"), 1010);
}

static void ends_are_shown_in_wall_time(void **state)
{
    (void)state;
    assert_int_equal(APPLY(view, PUT_LEASED("a", DOC("a"), 1010)), QV_OK);
    fixture_set_clock(registry, 1000, 600);
    assert_int_equal(end_of("a"), 1610);
    QV_CLEANUP(qv_chap_result) struct qv_chap_result result = {0};
    assert_int_equal(qv_registry_find_chap(registry, &result, NULL), QV_OK);
    assert_int_equal(result.matches[0].ends_us, 1610000000);
}

static void time_goes_on_for_five_seconds_and_then_stands(void **state)
{
    (void)state;
    assert_int_equal(APPLY(view, PUT_LEASED("four", DOC("four"), 1004),
                           PUT_LEASED("five", DOC("five"), 1005), RENEW("five", 1005),
                           PUT_LEASED("six", DOC("six"), 1006)),
                     QV_OK);
    struct qv_mono now = qv_mono_now();
    qv_registry_set_clock(registry, 1000000000, 0, (struct qv_mono){.us = now.us - 4000000});
    assert_string_equal(strstr(alive(), "six"), "six");
    assert_int_equal(end_of("four"), 0);
    qv_registry_set_clock(registry, 1000000000, 0, (struct qv_mono){.us = now.us - 3600000000});
    assert_string_equal(alive(), "six");
    assert_int_equal(end_of("five"), 0);
}

/* Registry time stands at so many milliseconds. */
static void stand_at(int64_t ms, int64_t offset_us)
{
    qv_registry_set_clock(registry, ms * 1000, offset_us, (struct qv_mono){.us = INT64_MAX});
}

/* What was seen to have ended stays so, unless the clock was really set back. */
static void time_told_late_brings_nothing_back(void **state)
{
    (void)state;
    assert_int_equal(APPLY(view, PUT_LEASED("a", DOC("a"), 1010)), QV_OK);
    stand_at(1010300, 0);
    assert_string_equal(alive(), "");
    stand_at(1009700, 0);
    assert_string_equal(alive(), "");
    stand_at(1009600, 0); /* not little by little, either */
    assert_string_equal(alive(), "");
    stand_at(1009700, 1); /* time was given back */
    assert_string_equal(alive(), "a");
    stand_at(1011000, 1);
    assert_string_equal(alive(), "");
    stand_at(1009900, 1); /* more than an answer takes */
    assert_string_equal(alive(), "a");
}

static void time_that_was_never_told_ends_nothing(void **state)
{
    (void)state;
    struct qv_registry *fresh = NULL;
    struct qv_view *filled = NULL;
    assert_int_equal(qv_registry_new(&rules, &fresh), QV_OK);
    QV_CLEANUP(qv_chap_result) struct qv_chap_result result = {0};
    assert_int_equal(qv_registry_find_chap(fresh, &result, NULL), QV_UNAVAILABLE);
    struct qv_chap_match match;
    assert_int_equal(qv_registry_get_chap(fresh, QV_STR("a"), &match, NULL), QV_UNAVAILABLE);
    assert_int_equal(qv_view_new(&filled), QV_OK);
    assert_int_equal(APPLY(filled, PUT_LEASED("a", DOC("a"), 1)), QV_OK);
    qv_registry_publish(fresh, filled);
    assert_int_equal(qv_registry_find_chap(fresh, &result, NULL), QV_OK);
    assert_int_equal(result.count, 1);
    qv_chap_result_free(&result); /* before the registry, and once more at the end */
    qv_registry_free(&fresh);
}

static void survives_every_failed_allocation(void **state)
{
    (void)state;
    assert_int_equal(APPLY(view, PUT_LEASED("a", DOC("a"), 1010)), QV_OK);
    enum qv_status status = QV_NO_MEMORY;
    for (size_t nth = 1; status != QV_OK; nth++) {
        struct qv_effect effects[] = {PUT_LEASED("a", DOC("a"), 1020),
                                      PUT_LEASED("b", DOC("b"), 1020)};
        qv_memory_fail_at(nth);
        status = qv_view_apply(view, effects, 2, NULL);
        qv_memory_fail_at(0);
        assert_string_equal(alive(), status == QV_OK ? "a b" : "a");
        assert_int_equal(end_of("a"), status == QV_OK ? 1020 : 1010);
        assert_true(nth < 500);
    }
    status = QV_NO_MEMORY;
    for (size_t nth = 1; status != QV_OK; nth++) {
        QV_CLEANUP(qv_chap_result) struct qv_chap_result result = {0};
        qv_memory_fail_at(nth);
        status = qv_registry_find_chap(registry, &result, NULL);
        qv_memory_fail_at(0);
        assert_int_equal(result.count, status == QV_OK ? 2 : 0);
        assert_true(nth < 50);
    }
}

/* ---- side by side ---------------------------------------------------------------------------- */

enum { MANY = 1500, ROUNDS = 40 };

static void *read_on(void *data)
{
    const bool *stop = data;
    while (!__atomic_load_n(stop, __ATOMIC_RELAXED)) {
        QV_CLEANUP(qv_chap_result) struct qv_chap_result result = {0};
        if (qv_registry_find_chap(registry, &result, NULL) != QV_OK || result.count < MANY)
            return (void *)"those that live all the time were not all found";
        for (size_t i = 1; i < result.count; i++)
            if (qv_str_compare(result.matches[i - 1].chap->head.id,
                               result.matches[i].chap->head.id) >= 0)
                return (void *)"not in order";
    }
    return NULL;
}

static void put_numbered(const char *prefix, int which, bool in)
{
    char id[32], doc[700];
    snprintf(id, sizeof(id), "%s%d", prefix, which);
    snprintf(doc, sizeof(doc),
             CHAP_ENVELOPE("{}", "{\"id\":\"%s\",\"url\":\"http://h\",\"info\":{}}"), id);
    if (in)
        assert_int_equal(APPLY(view, PUT_LEASED(id, doc, 5000)), QV_OK);
    else
        assert_int_equal(APPLY(view, REMOVE(QV_KIND_CHAP, id)), QV_OK);
}

static void readers_and_pings_go_on_side_by_side(void **state)
{
    (void)state;
    for (int i = 0; i < MANY; i++)
        put_numbered("m", i, true);
    bool stop = false;
    pthread_t reader;
    assert_int_equal(pthread_create(&reader, NULL, read_on, &stop), 0);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < MANY; i += 10) {
            char id[32];
            snprintf(id, sizeof(id), "m%d", i);
            assert_int_equal(APPLY(view, RENEW(id, 5000 + round)), QV_OK);
        }
        put_numbered("x", round % 5, round % 2 == 0);
        fixture_set_clock(registry, 1000 + round, round);
    }
    __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
    void *fault = NULL;
    assert_int_equal(pthread_join(reader, &fault), 0);
    if (fault != NULL)
        fail_msg("%s", (const char *)fault);
    assert_int_equal(end_of("m10"), 5000 + ROUNDS - 1 + ROUNDS - 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(finds_those_whose_lease_goes_on),
        TEST(a_renewal_moves_the_end_and_nothing_else),
        TEST(a_new_document_keeps_the_lease_unless_it_brings_one),
        TEST(what_is_deleted_is_not_renewed),
        TEST(a_failed_change_leaves_leases_alone),
        TEST(ends_are_shown_in_wall_time),
        TEST(time_goes_on_for_five_seconds_and_then_stands),
        TEST(time_told_late_brings_nothing_back),
        TEST(time_that_was_never_told_ends_nothing),
        TEST(survives_every_failed_allocation),
        TEST(readers_and_pings_go_on_side_by_side),
    };
    return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
