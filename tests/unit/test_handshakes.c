// links: observe
/*
 * Counting handshakes: each outcome and reason by itself, strangers together, all series from the
 * start.
 */
#include <quiver/observe/handshakes.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <pthread.h>
#include <quiver/base/memory.h>
#include <string.h>

static struct qv_handshakes *handshakes;
static struct qv_buf text;

static int set_up(void **state)
{
    (void)state;
    return qv_handshakes_new(&handshakes) == QV_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    qv_handshakes_free(&handshakes);
    qv_handshakes_free(&handshakes);
    qv_buf_free(&text);
    text = (struct qv_buf){0};
    return 0;
}

/* Writes all, and looks for the line. */
static void assert_line(const char *line)
{
    qv_buf_truncate(&text, 0);
    qv_buf_put_char(&text, '\n');
    qv_handshakes_write(handshakes, &text);
    qv_handshakes_write_ended(handshakes, &text);
    assert_int_equal(qv_buf_status(&text), QV_OK);
    if (strstr(text.at, line) == NULL)
        fail_msg("not there: %s", line);
}

static void all_series_are_there_from_the_start(void **state)
{
    (void)state;
    assert_line("\nquiver_handshakes_total{outcome=\"full\",reason=\"\"} 0\n");
    assert_line("\nquiver_handshakes_total{outcome=\"resumed\",reason=\"\"} 0\n");
    assert_line("\nquiver_handshakes_total{outcome=\"refused\",reason=\"revoked\"} 0\n");
    assert_line("\nquiver_connections_ended_total{reason=\"expired\"} 0\n");
    /* Who lives on has no reason, and who was refused has one. */
    assert_null(strstr(text.at, "outcome=\"full\",reason=\"revoked\""));
    assert_null(strstr(text.at, "outcome=\"refused\",reason=\"\""));
    assert_null(strstr(text.at, "ended_total{reason=\"\"}"));
    assert_null(strstr(text.at, "outcome=\"ended\""));
}

static void each_is_counted_by_itself(void **state)
{
    (void)state;
    qv_handshakes_count(handshakes, QV_HANDSHAKE_FULL, NULL);
    qv_handshakes_count(handshakes, QV_HANDSHAKE_FULL, "");
    qv_handshakes_count(handshakes, QV_HANDSHAKE_RESUMED, "revoked"); /* it has none */
    qv_handshakes_count(handshakes, QV_HANDSHAKE_REFUSED, "revoked");
    qv_handshakes_count(handshakes, QV_HANDSHAKE_REFUSED, "timeout");
    qv_handshakes_count(handshakes, QV_HANDSHAKE_REFUSED, "timeout");
    for (int i = 0; i < 3; i++)
        qv_handshakes_count(handshakes, QV_HANDSHAKE_ENDED, "revoked");
    assert_line("\nquiver_handshakes_total{outcome=\"full\",reason=\"\"} 2\n");
    assert_line("\nquiver_handshakes_total{outcome=\"resumed\",reason=\"\"} 1\n");
    assert_line("\nquiver_handshakes_total{outcome=\"refused\",reason=\"revoked\"} 1\n");
    assert_line("\nquiver_handshakes_total{outcome=\"refused\",reason=\"timeout\"} 2\n");
    assert_line("\nquiver_connections_ended_total{reason=\"revoked\"} 3\n");
    assert_line("\nquiver_connections_ended_total{reason=\"expired\"} 0\n");
}

static void strangers_count_as_other(void **state)
{
    (void)state;
    static const char *const strangers[] = {NULL, "", "other", "never heard of", "revoked "};
    for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++)
        qv_handshakes_count(handshakes, QV_HANDSHAKE_REFUSED, strangers[i]);
    assert_line("\nquiver_handshakes_total{outcome=\"refused\",reason=\"other\"} 5\n");
    assert_line("\nquiver_connections_ended_total{reason=\"other\"} 0\n");
}

enum { EACH = 10000 };

static void *count_many(void *unused)
{
    (void)unused;
    for (int i = 0; i < EACH; i++)
        qv_handshakes_count(handshakes, QV_HANDSHAKE_REFUSED, "expired");
    return NULL;
}

static void no_count_is_lost_between_threads(void **state)
{
    (void)state;
    pthread_t threads[3];
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_many, NULL), 0);
    for (size_t i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    assert_line("\nquiver_handshakes_total{outcome=\"refused\",reason=\"expired\"} 30000\n");
}

static void without_memory_there_is_none(void **state)
{
    (void)state;
    struct qv_handshakes *none = NULL;
    qv_memory_fail_at(1);
    assert_int_equal(qv_handshakes_new(&none), QV_NO_MEMORY);
    qv_memory_fail_at(0);
    assert_null(none);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_series_are_there_from_the_start),
        TEST(each_is_counted_by_itself),
        TEST(strangers_count_as_other),
        TEST(no_count_is_lost_between_threads),
        TEST(without_memory_there_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
