// links: api
/*
 * GET /metrics: the format that a scraper expects, the numbers as they are, and from how many
 * threads they come. docs/monitoring/README.md has the table of all metrics: with
 * QUIVER_WRITE_DOCS=1 in the environment it is written anew instead of compared.
 */
#include "../../src/api/operations.h"
#include "../../src/observe/metrics_private.h"

#include "view_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <quiver/base/file.h>
#include <quiver/base/memory.h>
#include <stdlib.h>
#include <string.h>

static struct qv_config_listener listeners[] = {{.name = "secure"}, {.name = "o\"p\\s\n"}};
static struct qv_config config = {.listeners = listeners, .listener_count = 2};
static struct qv_metrics *metrics;
static struct qv_buf text;

static int set_up(void **state)
{
    (void)state;
    return qv_metrics_new(&config, (struct qv_wall){.seconds = 1234}, &metrics) == QV_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    qv_metrics_free(&metrics);
    qv_metrics_free(&metrics);
    qv_buf_free(&text);
    text = (struct qv_buf){0};
    return 0;
}

static void scrape(const struct qv_metrics_asked *asked)
{
    static const struct qv_metrics_asked nothing;
    qv_buf_truncate(&text, 0);
    qv_buf_put_char(&text, '\n');
    qv_metrics_write(metrics, asked != NULL ? asked : &nothing, &text);
    assert_int_equal(qv_buf_status(&text), QV_OK);
}

/* Of the last scrape. */
static void assert_line(const char *line)
{
    QV_CLEANUP(qv_buf) struct qv_buf wanted = {0};
    qv_buf_printf(&wanted, "\n%s\n", line);
    if (strstr(text.at, wanted.at) == NULL)
        fail_msg("not there: %s", line);
}

static struct qv_metrics_slot *add_slot(void)
{
    struct qv_metrics_slot *slot = NULL;
    assert_int_equal(qv_metrics_add_slot(metrics, &slot), QV_OK);
    assert_non_null(slot);
    return slot;
}

/* ---- the format ------------------------------------------------------------------------------ */

/* Each family has its HELP and its TYPE in front of its series, once; each series stands once. */
static void each_line_is_well_formed(void **state)
{
    (void)state;
    struct qv_registry_state registry = {.loaded = true};
    QV_CLEANUP(qv_handshakes) struct qv_handshakes *handshakes = NULL;
    assert_int_equal(qv_handshakes_new(&handshakes), QV_OK);
    add_slot();
    scrape(&(struct qv_metrics_asked){.registry = &registry, .handshakes = handshakes});
    struct qv_str rest = qv_str_part(qv_buf_str(&text), 1, SIZE_MAX), line, family = {0};
    size_t series = 0;
    while (qv_str_split_next(&rest, '\n', &line) && line.length > 0) {
        struct qv_str words = line, word;
        assert_true(qv_str_split_next(&words, ' ', &word));
        if (qv_str_equal(word, QV_STR("#"))) {
            assert_true(qv_str_split_next(&words, ' ', &word));
            assert_true(qv_str_equal(word, QV_STR("HELP")) || qv_str_equal(word, QV_STR("TYPE")));
            assert_true(qv_str_split_next(&words, ' ', &family));
            continue;
        }
        assert_true(qv_str_starts_with(line, family));
        char last = line.at[line.length - 1];
        assert_true(last >= '0' && last <= '9');
        QV_CLEANUP(qv_buf) struct qv_buf name = {0};
        size_t end = line.length;
        while (line.at[end - 1] != ' ')
            end--;
        qv_buf_printf(&name, "\n%.*s", (int)end, line.at);
        const char *first = strstr(text.at, name.at);
        assert_non_null(first);
        assert_null(strstr(first + 1, name.at));
        series++;
    }
    assert_int_equal(rest.length, 0);
    assert_true(series > 500);
}

static void labels_are_escaped(void **state)
{
    (void)state;
    scrape(NULL);
    assert_line("quiver_connections{listener=\"secure\"} 0");
    assert_line("quiver_connections{listener=\"o\\\"p\\\\s\\n\"} 0");
}

/* ---- the numbers ----------------------------------------------------------------------------- */

static void answers_are_summed_over_the_workers(void **state)
{
    (void)state;
    struct qv_metrics_slot *one = add_slot(), *other = add_slot();
    qv_metrics_answered(one, QV_OP_SERVICE_LOOKUP, 200, 100);
    qv_metrics_answered(one, QV_OP_SERVICE_LOOKUP, 200, 101);
    qv_metrics_answered(other, QV_OP_SERVICE_LOOKUP, 200, 3000000);
    qv_metrics_answered(other, QV_OP_SERVICE_LOOKUP, 403, 60000000);
    qv_metrics_answered(other, QV_OP_COUNT, 413, -1);
    qv_metrics_answered(other, QV_OP_COUNT, 299, 0);
    scrape(NULL);
    assert_line("quiver_requests_total{operation=\"service.lookup\",status=\"200\"} 3");
    assert_line("quiver_requests_total{operation=\"service.lookup\",status=\"403\"} 1");
    assert_line("quiver_requests_total{operation=\"service.register\",status=\"200\"} 0");
    assert_line("quiver_requests_total{operation=\"none\",status=\"413\"} 1");
    assert_line("quiver_requests_total{operation=\"none\",status=\"other\"} 1");
#define BUCKET(le, count)                                                                          \
    assert_line("quiver_request_duration_seconds_bucket{operation=\"service.lookup\",le=\"" le     \
                "\"} " count)
    BUCKET("0.0001", "1");
    BUCKET("0.00025", "2");
    BUCKET("2.5", "2");
    BUCKET("5", "3");
    BUCKET("10", "3");
    BUCKET("+Inf", "4");
    assert_line("quiver_request_duration_seconds_sum{operation=\"service.lookup\"} 63.000201");
    assert_line("quiver_request_duration_seconds_count{operation=\"service.lookup\"} 4");
    assert_line("quiver_request_duration_seconds_count{operation=\"none\"} 1");
}

static void connections_come_and_go(void **state)
{
    (void)state;
    struct qv_metrics_slot *one = add_slot(), *other = add_slot();
    qv_metrics_connected(one, 0);
    qv_metrics_connected(other, 0);
    qv_metrics_connected(other, 1);
    qv_metrics_disconnected(other, 0);
    scrape(NULL);
    assert_line("quiver_connections{listener=\"secure\"} 1");
    assert_line("quiver_connections{listener=\"o\\\"p\\\\s\\n\"} 1");
}

static void a_lost_link_counts_once(void **state)
{
    (void)state;
    qv_metrics_link(metrics, QV_LINK_COMMANDS, false); /* it never stood */
    qv_metrics_link(metrics, QV_LINK_COMMANDS, true);
    qv_metrics_link(metrics, QV_LINK_JOURNAL, true);
    qv_metrics_link(metrics, QV_LINK_COMMANDS, false);
    qv_metrics_link(metrics, QV_LINK_COMMANDS, false);
    scrape(NULL);
    assert_line("quiver_store_link_up{link=\"commands\"} 0");
    assert_line("quiver_store_link_up{link=\"journal\"} 1");
    assert_line("quiver_store_disconnects_total{link=\"commands\"} 1");
    assert_line("quiver_store_disconnects_total{link=\"journal\"} 0");
}

static void the_store_tells(void **state)
{
    (void)state;
    qv_metrics_store(metrics, true, 7);
    qv_metrics_ended(metrics, 3);
    qv_metrics_ended(metrics, 2);
    qv_metrics_round_trip(metrics, 400);
    qv_metrics_limited(metrics, QV_LIMIT_INSTANCES);
    scrape(NULL);
    assert_line("quiver_store_writable 1");
    assert_line("quiver_journal_lag_entries 7");
    assert_line("quiver_leases_ended_total 5");
    assert_line("quiver_store_round_trip_seconds_bucket{le=\"0.00025\"} 0");
    assert_line("quiver_store_round_trip_seconds_bucket{le=\"0.0005\"} 1");
    assert_line("quiver_store_round_trip_seconds_sum 0.0004");
    assert_line("quiver_store_round_trip_seconds_count 1");
    assert_line("quiver_limit_refusals_total{limit=\"instances\"} 1");
    assert_line("quiver_limit_refusals_total{limit=\"requests\"} 0");
    assert_line("process_start_time_seconds 1234");
    assert_null(strstr(text.at, "\nquiver_registry_revision ")); /* nobody knows it */
}

static void a_failed_reload_keeps_the_time_of_the_last_good_one(void **state)
{
    (void)state;
    qv_metrics_reloaded(metrics, 1, "policy", true, (struct qv_wall){.seconds = 50});
    qv_metrics_reloaded(metrics, 1, "policy", false, (struct qv_wall){.seconds = 60});
    qv_metrics_reloaded(metrics, QV_METRICS_PARTS, "too many", false, (struct qv_wall){0});
    scrape(NULL);
    assert_line("quiver_reload_successful{part=\"policy\"} 0");
    assert_line("quiver_reload_timestamp_seconds{part=\"policy\"} 60");
    assert_line("quiver_reload_success_timestamp_seconds{part=\"policy\"} 50");
    assert_null(strstr(text.at, "too many"));
}

static void the_view_is_weighed(void **state)
{
    (void)state;
    struct qv_rules rules = {.dialect = qv_dialect_get(QV_DIALECT_5_0)};
    struct qv_registry *registry = NULL;
    struct qv_view *view = NULL;
    struct qv_registry_state found;
    assert_int_equal(qv_registry_new(&rules, &registry), QV_OK);
    assert_int_equal(qv_view_new(&view), QV_OK);
    qv_registry_publish(registry, view);
    const struct qv_effect system = PUT(QV_KIND_SYSTEM, "press", SYSTEM_DOC("press", ""));
    const struct qv_effect instance = PUT(QV_KIND_INSTANCE, "press::heat::1.0.0",
                                          INSTANCE_DOC("press", "heat", "1.0.0", "", HTTP));
    assert_int_equal(APPLY(view, system, instance), QV_OK);
    qv_registry_state(registry, &found);
    size_t once = found.bytes[QV_KIND_INSTANCE];
    assert_true(once > 200 && once < 2000);
    assert_true(found.bytes[QV_KIND_SYSTEM] > 100);
    assert_int_equal(found.bytes[QV_KIND_DEVICE], 0);
    assert_int_equal(APPLY(view, system, instance), QV_OK); /* replaces them */
    qv_registry_state(registry, &found);
    assert_int_equal(found.bytes[QV_KIND_INSTANCE], once);
    scrape(&(struct qv_metrics_asked){.registry = &found});
    assert_line("quiver_registry_entries{kind=\"instance\"} 1");
    assert_line("quiver_registry_loaded 1");
    assert_int_equal(APPLY(view, REMOVE(QV_KIND_INSTANCE, "press::heat::1.0.0"),
                           REMOVE(QV_KIND_SYSTEM, "press")),
                     QV_OK);
    qv_registry_state(registry, &found);
    for (int kind = 0; kind < QV_KIND_COUNT; kind++)
        assert_int_equal(found.bytes[kind], 0);
    qv_registry_free(&registry);
}

/* ---- without --------------------------------------------------------------------------------- */

static void without_metrics_nothing_is_counted(void **state)
{
    (void)state;
    struct qv_metrics_slot *slot = (void *)&text;
    assert_int_equal(qv_metrics_add_slot(NULL, &slot), QV_OK);
    assert_null(slot);
    qv_metrics_answered(NULL, QV_OP_SERVICE_LOOKUP, 200, 1);
    qv_metrics_connected(NULL, 0);
    qv_metrics_disconnected(NULL, 0);
    qv_metrics_limited(NULL, QV_LIMIT_REQUESTS);
    qv_metrics_link(NULL, QV_LINK_COMMANDS, true);
    qv_metrics_round_trip(NULL, 1);
    qv_metrics_store(NULL, true, 0);
    qv_metrics_ended(NULL, 1);
    qv_metrics_reloaded(NULL, 0, "policy", true, (struct qv_wall){0});
    qv_metrics_set_trust(NULL, NULL);
}

static void without_memory_there_is_none(void **state)
{
    (void)state;
    struct qv_metrics *none = NULL;
    struct qv_metrics_slot *slot = NULL;
    qv_memory_fail_at(1);
    assert_int_equal(qv_metrics_new(&config, (struct qv_wall){0}, &none), QV_NO_MEMORY);
    assert_null(none);
    qv_memory_fail_at(1);
    assert_int_equal(qv_metrics_add_slot(metrics, &slot), QV_NO_MEMORY);
    qv_memory_fail_at(0);
    assert_null(slot);
}

static void slots_share_no_cache_line(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++)
        assert_int_equal((uintptr_t)add_slot() % 64, 0);
}

/* ---- the page -------------------------------------------------------------------------------- */

static const char page[] = TEST_DATA "/../../../docs/monitoring/README.md";
static const char begin[] = "<!-- written from the table in src/observe/metrics_families.c -->\n";
static const char end[] = "<!-- end of the table -->\n";

static void write_page(const struct qv_buf *found, const char *from, const char *to,
                       const struct qv_buf *table)
{
    FILE *file = fopen(page, "w");
    assert_non_null(file);
    fprintf(file, "%.*s%s%s", (int)(from - found->at), found->at, table->at, to);
    assert_int_equal(fclose(file), 0);
}

static void the_page_has_the_table(void **state)
{
    (void)state;
    QV_CLEANUP(qv_buf) struct qv_buf expected = {0};
    QV_CLEANUP(qv_buf) struct qv_buf found = {0};
    qv_metrics_write_reference(&expected);
    assert_int_equal(qv_buf_status(&expected), QV_OK);
    assert_int_equal(qv_file_read(page, 1 << 20, &found, NULL), QV_OK);
    const char *from = strstr(found.at, begin);
    assert_non_null(from);
    from += sizeof(begin) - 1;
    const char *to = strstr(from, end);
    assert_non_null(to);
    if (getenv("QUIVER_WRITE_DOCS") != NULL) {
        write_page(&found, from, to, &expected);
        return;
    }
    QV_CLEANUP(qv_buf) struct qv_buf table = {0};
    qv_buf_put(&table, (struct qv_str){.at = from, .length = (size_t)(to - from)});
    assert_string_equal(table.at, expected.at);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_line_is_well_formed),
        TEST(labels_are_escaped),
        TEST(answers_are_summed_over_the_workers),
        TEST(connections_come_and_go),
        TEST(a_lost_link_counts_once),
        TEST(the_store_tells),
        TEST(a_failed_reload_keeps_the_time_of_the_last_good_one),
        TEST(the_view_is_weighed),
        TEST(without_metrics_nothing_is_counted),
        TEST(without_memory_there_is_none),
        TEST(slots_share_no_cache_line),
        TEST(the_page_has_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
