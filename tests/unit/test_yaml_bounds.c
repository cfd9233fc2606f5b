// links: policy
/*
 * What a YAML file can cost: whatever stands in it, few faults are told, and its depth and the
 * number of its groups are bounded (quadratic work lies behind both).
 */
#include "policy_fixture.h"

#include <quiver/base/yaml.h>
#include <quiver/config/config.h>

static void parse_policy(const struct qv_buf *text, struct qv_strings *faults)
{
    struct qv_policy *policy = NULL;
    struct qv_rules rules = {.dialect = qv_dialect_get(QV_DIALECT_5_0)};
    assert_int_equal(qv_policy_parse("p.yaml", qv_buf_str(text), &rules, &policy, faults),
                     QV_INVALID);
    assert_null(policy);
}

static void parse_config(const struct qv_buf *text, struct qv_strings *faults)
{
    struct qv_config *config = NULL;
    assert_int_equal(qv_config_parse("p.yaml", qv_buf_str(text), &config, faults), QV_INVALID);
    assert_null(config);
}

static void put_times(struct qv_buf *text, const char *what, int times)
{
    for (int i = 0; i < times; i++)
        qv_buf_put_text(text, what);
}

static void (*const parsers[])(const struct qv_buf *text,
                               struct qv_strings *faults) = {parse_policy, parse_config};
enum { PARSERS = sizeof(parsers) / sizeof(parsers[0]) };

/* Deep as it may be, and far deeper, in each way in which YAML nests; closed or not. */
static void test_depth(void **state)
{
    (void)state;
    static const struct {
        const char *open, *close;
        int times;
        bool deep;
    } cases[] = {
        {"[", "]", 99, false},      {"[", "]", 100, true},      {"[", "", 200000, true},
        {"[", "]", 100000, true},   {"{a: ", "}", 98, false},   {"{a: ", "}", 100, true},
        {"{a: ", "}", 50000, true}, {"- ", "", 100, true},      {"- ", "", 300000, true},
        {"? ", "", 200000, true},   {"[{a: ", "}]", 49, false}, {"[{a: ", "}]", 30000, true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (size_t k = 0; k < PARSERS; k++) {
            QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
            QV_CLEANUP(qv_buf) struct qv_buf text = {0};
            qv_buf_put_text(&text, "rules:\n  ");
            put_times(&text, cases[i].open, cases[i].times);
            qv_buf_put_text(&text, "1");
            put_times(&text, cases[i].close, cases[i].times);
            parsers[k](&text, &faults);
            assert_true(faults.count >= 1);
            assert_int_equal(strcmp(faults.at[0], "p.yaml:2: is nested too deeply") == 0,
                             cases[i].deep);
        }
    }
}

static void assert_bounded(const struct qv_strings *faults)
{
    assert_int_equal(faults->count, QV_YAML_FAULTS_MAX);
    assert_null(strstr(faults->at[faults->count - 2], "more faults"));
    assert_non_null(strstr(faults->at[faults->count - 1], "there are more faults from here on"));
}

static void test_unknown_keys(void **state)
{
    (void)state;
    for (size_t k = 0; k < PARSERS; k++) {
        QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
        QV_CLEANUP(qv_buf) struct qv_buf text = {0};
        for (int i = 0; i < 20000; i++)
            qv_buf_printf(&text, "k%d: 1\n", i);
        put_times(&text, "version: 1\n", 5000);
        parsers[k](&text, &faults);
        assert_bounded(&faults);
        assert_non_null(strstr(faults.at[0], "p.yaml:1: "));
    }
}

/* Below the bound each is told. */
static void test_few_faults(void **state)
{
    (void)state;
    for (size_t k = 0; k < PARSERS; k++) {
        QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
        QV_CLEANUP(qv_buf) struct qv_buf text = {0};
        for (int i = 0; i < 50; i++)
            qv_buf_printf(&text, "k%d: 1\n", i);
        parsers[k](&text, &faults);
        assert_true(faults.count >= 50 && faults.count < QV_YAML_FAULTS_MAX);
        assert_non_null(strstr(faults.at[49], "p.yaml:50: "));
    }
}

static void test_keys_given_twice(void **state)
{
    (void)state;
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    qv_buf_put_text(&text, "version: 1\nrules: []\nversion: 1\nversion: 1\n");
    parse_policy(&text, &faults);
    assert_string_equal(faults.at[0],
                        "p.yaml:3: version is given twice (first in line 1), remove one");
    assert_string_equal(faults.at[1],
                        "p.yaml:4: version is given twice (first in line 1), remove one");
}

static void put_groups(struct qv_buf *text, int count)
{
    qv_buf_put_text(text, "version: 1\ngroups:\n");
    for (int i = 0; i < count; i++)
        qv_buf_printf(text, "  g%d: [s]\n", i);
    qv_buf_put_text(text, "rules:\n  - name: a\n    who: {systems: [\"@x\"]}\n    deny: [\"*\"]\n");
}

static void test_groups(void **state)
{
    (void)state;
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0}, more = {0};
    QV_CLEANUP(qv_buf) struct qv_buf text = {0}, larger = {0};
    put_groups(&text, 1000);
    parse_policy(&text, &faults);
    assert_int_equal(faults.count, 1);
    assert_non_null(strstr(faults.at[0], "\"@x\" is no group of this file; there are: @g0, @g1, "));
    assert_non_null(strstr(faults.at[0], "@g19 ..."));
    assert_null(strstr(faults.at[0], "@g20"));
    put_groups(&larger, 1001);
    parse_policy(&larger, &more);
    assert_string_equal(more.at[0], "p.yaml:3: groups: are more than 1000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_depth),      cmocka_unit_test(test_unknown_keys),
        cmocka_unit_test(test_few_faults), cmocka_unit_test(test_keys_given_twice),
        cmocka_unit_test(test_groups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
