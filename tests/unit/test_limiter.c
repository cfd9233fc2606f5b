// links: server
/*
 * Shares: the arithmetic of buckets, what counts for whom, connections and requests over their
 * bounds, other limits while it runs, and a table that does not grow for ever. Time comes in.
 */
#include "../../src/server/bucket.h"
#include "../../src/server/limiter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <quiver/base/memory.h>
#include <stdio.h>
#include <string.h>

#define SECOND INT64_C(1000000)

static struct qv_mono at(int64_t us)
{
    return (struct qv_mono){.us = 1000 * SECOND + us};
}

/* ---- buckets --------------------------------------------------------------------------------- */

static bool take(struct qv_bucket *bucket, size_t rate, size_t size, int64_t us, int64_t *wait_us)
{
    int64_t wait_ns = 0;
    bool taken = qv_bucket_take(bucket, rate, size, at(us), &wait_ns);
    *wait_us = wait_ns / 1000;
    return taken;
}

static void a_bucket_gives_its_size_and_then_its_rate(void **state)
{
    (void)state;
    struct qv_bucket bucket = {0};
    int64_t wait;
    for (int i = 0; i < 5; i++)
        assert_true(take(&bucket, 10, 5, 0, &wait));
    assert_false(take(&bucket, 10, 5, 0, &wait));
    assert_int_equal(wait, SECOND / 10);
    assert_false(take(&bucket, 10, 5, SECOND / 10 - 1, &wait)); /* asking costs nothing */
    assert_int_equal(wait, 1);
    assert_true(take(&bucket, 10, 5, SECOND / 10, &wait));
    assert_false(take(&bucket, 10, 5, SECOND / 10, &wait));
    assert_false(qv_bucket_is_full(&bucket, at(SECOND / 2)));
    assert_true(qv_bucket_is_full(&bucket, at(SECOND * 6 / 10)));
    /* however long the pause, it holds no more than its size */
    for (int i = 0; i < 5; i++)
        assert_true(take(&bucket, 10, 5, 3600 * SECOND, &wait));
    assert_false(take(&bucket, 10, 5, 3600 * SECOND, &wait));
}

static void rates_come_out_right(void **state)
{
    (void)state;
    static const struct {
        size_t rate, size, seconds;
    } rows[] = {{1, 1, 20}, {3, 1, 10}, {7, 50, 10}, {50, 100, 10}, {1000, 1, 2}, {50000, 9, 1}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct qv_bucket bucket = {0};
        size_t taken = 0;
        int64_t wait;
        for (int64_t us = 0; us < (int64_t)rows[i].seconds * SECOND; us += 10)
            taken += take(&bucket, rows[i].rate, rows[i].size, us, &wait);
        size_t expected = rows[i].size + rows[i].rate * rows[i].seconds;
        assert_in_range(taken, expected - 2, expected);
    }
}

static void other_rates_do_not_punish_for_ever(void **state)
{
    (void)state;
    struct qv_bucket bucket = {0};
    int64_t wait;
    for (int i = 0; i < 1000; i++)
        assert_true(take(&bucket, 1, 1000, 0, &wait)); /* would be full in 1,000 s */
    assert_false(take(&bucket, 100, 10, 0, &wait));
    assert_int_equal(wait, SECOND / 100);
    assert_true(take(&bucket, 100, 10, SECOND / 100, &wait));
}

static void waits_in_seconds(void **state)
{
    (void)state;
    assert_int_equal(qv_bucket_seconds(1), 1);
    assert_int_equal(qv_bucket_seconds(1000 * SECOND), 1);
    assert_int_equal(qv_bucket_seconds(1000 * SECOND + 1), 2);
    assert_int_equal(qv_bucket_seconds(60 * 1000 * SECOND), 60);
}

/* ---- the limiter ----------------------------------------------------------------------------- */

#define CONFIG                                                                                     \
    "cloud: {name: testcloud.company.arrowhead.eu}\n"                                              \
    "listeners:\n- {name: a, address: 127.0.0.1, port: 0, tls: off, serve: [arrowhead], "          \
    "authentication: declared}\n"                                                                  \
    "limits:\n  identities: "

static struct qv_config *config_of(const char *identities)
{
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    struct qv_config *config = NULL;
    qv_buf_printf(&text, "%s%s\n", CONFIG, identities);
    if (qv_config_parse("q.yaml", qv_buf_str(&text), &config, &faults) != QV_OK)
        fail_msg("%s", faults.count > 0 ? faults.at[0] : "no fault told");
    return config;
}

static struct qv_limiter *limiter_of(const char *identities)
{
    struct qv_limiter *limiter = NULL;
    struct qv_config *config = config_of(identities);
    assert_int_equal(
        qv_limiter_new(qv_dialect_get(QV_DIALECT_5_0), &config->limits.identities, &limiter),
        QV_OK);
    qv_config_free(&config); /* it has a copy */
    return limiter;
}

static void renew(struct qv_limiter *limiter, const char *identities)
{
    struct qv_config *config = config_of(identities);
    assert_int_equal(qv_limiter_renew(limiter, &config->limits.identities), QV_OK);
    qv_config_free(&config);
}

static struct qv_share *connect_as(struct qv_limiter *limiter, const char *name)
{
    struct qv_share *share = NULL;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    assert_int_equal(qv_limiter_connect(limiter, qv_str_from(name), at(0), &share, &error), QV_OK);
    assert_non_null(share);
    return share;
}

static void assert_crowded(struct qv_limiter *limiter, const char *name, const char *words)
{
    struct qv_share *untouched = NULL;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    assert_int_equal(qv_limiter_connect(limiter, qv_str_from(name), at(0), &untouched, &error),
                     QV_TOO_MANY);
    assert_string_equal(error.message, words);
    assert_null(untouched);
}

static struct qv_allowance ask(struct qv_limiter *limiter, struct qv_share *share, const char *name,
                               int64_t us, const char *words)
{
    struct qv_allowance allowance = {.retry_after = 99, .instances = 99};
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    enum qv_status status =
        qv_limiter_request(limiter, share, qv_str_from(name), at(us), &allowance, &error);
    assert_int_equal(status, words != NULL ? QV_TOO_MANY : QV_OK);
    if (words != NULL)
        assert_string_equal(error.message, words);
    return allowance;
}

/* One request that passes, or is too many. */
#define PASSES(name, us) ((void)ask(limiter, NULL, name, us, NULL))
#define REFUSED(name, us, most)                                                                    \
    (ask(limiter, NULL, name, us, "More than " most " requests a second by " name).retry_after)

static void the_first_entry_that_fits_counts(void **state)
{
    (void)state;
    QV_CLEANUP(qv_limiter)
    struct qv_limiter *limiter =
        limiter_of("[{systems: [Press-1, scada], instances: 7}, {systems: [\"press-*\"], "
                   "requests: 2, instances: 3}, {systems: [\"*\"], requests: 1}]");
    assert_true(qv_limiter_has_limits(limiter));
    for (int i = 0; i < 50; i++) /* its name is compared as it is stored */
        assert_int_equal(ask(limiter, NULL, "press-1", 0, NULL).instances, 7);
    PASSES("press-2", 0);
    assert_int_equal(ask(limiter, NULL, "press-2", 0, NULL).instances, 3);
    assert_int_equal(REFUSED("press-2", 0, "2"), 1);
    assert_int_equal(ask(limiter, NULL, "press-3", 0, NULL).instances, 3); /* a share of its own */
    PASSES("lathe", 0);
    assert_int_equal(REFUSED("lathe", 0, "1"), 1);
    assert_int_equal(qv_limiter_count(limiter), 3);
}

static void without_limits_nothing_is_kept(void **state)
{
    (void)state;
    QV_CLEANUP(qv_limiter) struct qv_limiter *limiter = limiter_of("[]");
    assert_false(qv_limiter_has_limits(limiter));
    for (int i = 0; i < 50; i++)
        assert_int_equal(ask(limiter, NULL, "press", 0, NULL).instances, 0);
    assert_int_equal(qv_limiter_count(limiter), 0);
    renew(limiter, "[{systems: [lathe], requests: 1}]");
    PASSES("press", 0);
    PASSES("press", 0);
    assert_int_equal(qv_limiter_count(limiter), 0);
}

static void how_long_to_wait(void **state)
{
    (void)state;
    QV_CLEANUP(qv_limiter)
    struct qv_limiter *limiter = limiter_of("[{systems: [press], requests: 1, burst: 4}]");
    for (int i = 0; i < 4; i++)
        PASSES("press", 0);
    assert_int_equal(REFUSED("press", 0, "1"), 1);
    assert_int_equal(ask(limiter, NULL, "press", SECOND, NULL).retry_after, 0);
    assert_int_equal(REFUSED("press", SECOND + SECOND / 2, "1"), 1);
}

static void connections_over_the_bound(void **state)
{
    (void)state;
    QV_CLEANUP(qv_limiter)
    struct qv_limiter *limiter = limiter_of("[{systems: [press], connections: 2}]");
    struct qv_share *first = connect_as(limiter, "press"), *second = connect_as(limiter, "press");
    struct qv_share *other = connect_as(limiter, "lathe");
    assert_ptr_equal(first, second);
    assert_crowded(limiter, "press", "More than 2 connections of press");
    qv_limiter_disconnect(limiter, &first, at(0));
    assert_null(first);
    qv_limiter_disconnect(limiter, &first, at(0)); /* NULL is fine */
    first = connect_as(limiter, "press");
    assert_crowded(limiter, "press", "More than 2 connections of press");
    assert_int_equal(qv_limiter_count(limiter), 2);
    qv_limiter_disconnect(limiter, &first, at(0));
    qv_limiter_disconnect(limiter, &second, at(0));
    qv_limiter_disconnect(limiter, &other, at(0));
    assert_int_equal(qv_limiter_count(limiter), 0); /* they said nothing any more */
}

static bool tells(struct qv_limiter *limiter, const char *name, int64_t us, uint64_t suppressed)
{
    uint64_t found = 99;
    bool line = qv_limiter_tells(limiter, qv_str_from(name), at(us), &found);
    assert_int_equal(found, suppressed);
    return line;
}

/* A line a second for each system, whoever of the others has one. */
static void refusals_that_are_told(void **state)
{
    (void)state;
    QV_CLEANUP(qv_limiter)
    struct qv_limiter *limiter = limiter_of("[{systems: [\"*\"], requests: 1000000}]");
    PASSES("press", 0);
    PASSES("lathe", 0);
    assert_true(tells(limiter, "press", 0, 0));
    for (int i = 0; i < 7; i++)
        assert_false(tells(limiter, "press", SECOND - 1, 0));
    assert_true(tells(limiter, "lathe", SECOND - 1, 0));
    /* connecting anew does not make it forgotten, though its bucket is full again */
    struct qv_share *share = connect_as(limiter, "press");
    qv_limiter_disconnect(limiter, &share, at(SECOND - 1));
    assert_false(tells(limiter, "press", SECOND - 1, 0));
    assert_true(tells(limiter, "press", SECOND, 8));
    assert_true(tells(limiter, "press", 3 * SECOND, 0));
    assert_true(tells(limiter, "nobody", 0, 0)); /* who has no share */
    share = connect_as(limiter, "press");
    qv_limiter_disconnect(limiter, &share, at(4 * SECOND));
    assert_int_equal(qv_limiter_count(limiter), 1); /* it says nothing any more */
}

/* One system has one share, by whichever connection, and without any. */
static void requests_of_a_connection(void **state)
{
    (void)state;
    QV_CLEANUP(qv_limiter)
    struct qv_limiter *limiter = limiter_of("[{systems: [press], requests: 3}]");
    struct qv_share *one = connect_as(limiter, "press"), *other = connect_as(limiter, "press");
    (void)ask(limiter, one, "", 0, NULL);
    (void)ask(limiter, other, "", 0, NULL);
    PASSES("press", 0);
    (void)ask(limiter, one, "", 0, "More than 3 requests a second by press");
    assert_int_equal(REFUSED("press", 0, "3"), 1);
    qv_limiter_disconnect(limiter, &one, at(0));
    qv_limiter_disconnect(limiter, &other, at(0));
    assert_int_equal(qv_limiter_count(limiter), 1); /* reconnecting does not fill the bucket */
    one = connect_as(limiter, "press");
    (void)ask(limiter, one, "", 0, "More than 3 requests a second by press");
    qv_limiter_disconnect(limiter, &one, at(SECOND));
    assert_int_equal(qv_limiter_count(limiter), 0);
}

static void other_limits_while_it_runs(void **state)
{
    (void)state;
    QV_CLEANUP(qv_limiter) struct qv_limiter *limiter = limiter_of("[]");
    struct qv_share *one = connect_as(limiter, "press"), *other = connect_as(limiter, "press");
    renew(limiter, "[{systems: [press], connections: 2, requests: 1, instances: 4}]");
    assert_crowded(limiter, "press", "More than 2 connections of press"); /* were counted before */
    assert_int_equal(ask(limiter, one, "", 0, NULL).instances, 4);
    (void)ask(limiter, one, "", 0, "More than 1 requests a second by press");
    renew(limiter, "[{systems: [press], connections: 1, requests: 100}]");
    assert_int_equal(ask(limiter, one, "", SECOND / 100, NULL).instances, 0);
    assert_crowded(limiter, "press", "More than 1 connections of press");
    renew(limiter, "[]");
    for (int i = 0; i < 500; i++)
        (void)ask(limiter, other, "", SECOND, NULL);
    qv_limiter_disconnect(limiter, &one, at(2 * SECOND));
    qv_limiter_disconnect(limiter, &other, at(2 * SECOND));
    assert_int_equal(qv_limiter_count(limiter), 0);
}

static void the_table_is_bounded(void **state)
{
    (void)state;
    QV_CLEANUP(qv_limiter)
    struct qv_limiter *limiter = limiter_of("[{systems: [\"*\"], requests: 1, connections: 1}]");
    struct qv_share *kept = connect_as(limiter, "kept");
    (void)ask(limiter, kept, "", 0, NULL);
    char name[32];
    for (int i = 0; i < 2 * QV_LIMITER_IDLE_MAX; i++) {
        snprintf(name, sizeof(name), "invented-%d", i);
        PASSES(name, 0);
        assert_true(qv_limiter_count(limiter) <= QV_LIMITER_IDLE_MAX + 1);
    }
    assert_int_equal(qv_limiter_count(limiter), QV_LIMITER_IDLE_MAX + 1);
    /* who has a connection is never forgotten, nor who asked last */
    (void)ask(limiter, kept, "", 0, "More than 1 requests a second by kept");
    assert_crowded(limiter, "kept", "More than 1 connections of kept");
    QV_CLEANUP(qv_buf) struct qv_buf words = {0};
    qv_buf_printf(&words, "More than 1 requests a second by %s", name);
    (void)ask(limiter, NULL, name, 0, words.at);
    /* full ones go when new ones come, two for one */
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "later-%d", i);
        PASSES(name, 2 * SECOND);
    }
    assert_int_equal(qv_limiter_count(limiter), QV_LIMITER_IDLE_MAX + 1 - 100);
    qv_limiter_disconnect(limiter, &kept, at(2 * SECOND));
}

/* Over all threads together exactly what the bucket holds, and every place comes back. */
enum { THREADS = 4, EACH = 2000, BURST = 3000 };

static void *press(void *data)
{
    struct qv_limiter *limiter = data;
    size_t passed = 0;
    for (int i = 0; i < EACH; i++) {
        struct qv_share *share = NULL;
        struct qv_allowance allowance;
        if (qv_limiter_connect(limiter, QV_STR("press"), at(0), &share, NULL) == QV_OK &&
            qv_limiter_request(limiter, share, QV_STR(""), at(0), &allowance, NULL) == QV_OK)
            passed++;
        qv_limiter_disconnect(limiter, &share, at(0));
    }
    return (void *)(uintptr_t)passed;
}

static void from_several_threads(void **state)
{
    (void)state;
    QV_CLEANUP(qv_limiter)
    struct qv_limiter *limiter = limiter_of("[{systems: [press], requests: 1, burst: 3000}]");
    pthread_t threads[THREADS];
    size_t passed = 0;
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, press, limiter), 0);
    for (size_t i = 0; i < THREADS; i++) {
        void *mine;
        assert_int_equal(pthread_join(threads[i], &mine), 0);
        passed += (uintptr_t)mine;
    }
    assert_int_equal(passed, BURST);
    assert_int_equal(qv_limiter_count(limiter), 1);
}

static void lack_of_memory(void **state)
{
    (void)state;
    struct qv_config *config = config_of("[{systems: [press, \"lathe-*\"], requests: 1}]");
    struct qv_limiter *limiter = NULL;
    for (size_t nth = 1; limiter == NULL; nth++) {
        qv_memory_fail_at(nth);
        enum qv_status status =
            qv_limiter_new(qv_dialect_get(QV_DIALECT_5_0), &config->limits.identities, &limiter);
        qv_memory_fail_at(0);
        assert_int_equal(status, limiter != NULL ? QV_OK : QV_NO_MEMORY);
    }
    struct qv_share *share = NULL;
    struct qv_allowance allowance;
    qv_memory_fail_at(1);
    assert_int_equal(qv_limiter_connect(limiter, QV_STR("press"), at(0), &share, NULL),
                     QV_NO_MEMORY);
    assert_null(share);
    qv_memory_fail_at(1);
    assert_int_equal(qv_limiter_request(limiter, NULL, QV_STR("press"), at(0), &allowance, NULL),
                     QV_NO_MEMORY);
    qv_memory_fail_at(1);
    assert_int_equal(qv_limiter_renew(limiter,
                                      &(struct qv_config_identity_limits){
                                          .at = config->limits.identities.at, .count = 1}),
                     QV_NO_MEMORY);
    qv_memory_fail_at(0);
    assert_true(qv_limiter_has_limits(limiter)); /* the old ones */
    PASSES("press", 0);
    assert_int_equal(REFUSED("press", 0, "1"), 1);
    qv_limiter_free(&limiter);
    qv_limiter_free(&limiter);
    qv_config_free(&config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bucket_gives_its_size_and_then_its_rate),
        cmocka_unit_test(rates_come_out_right),
        cmocka_unit_test(other_rates_do_not_punish_for_ever),
        cmocka_unit_test(waits_in_seconds),
        cmocka_unit_test(the_first_entry_that_fits_counts),
        cmocka_unit_test(without_limits_nothing_is_kept),
        cmocka_unit_test(how_long_to_wait),
        cmocka_unit_test(connections_over_the_bound),
        cmocka_unit_test(refusals_that_are_told),
        cmocka_unit_test(requests_of_a_connection),
        cmocka_unit_test(other_limits_while_it_runs),
        cmocka_unit_test(the_table_is_bounded),
        cmocka_unit_test(from_several_threads),
        cmocka_unit_test(lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
