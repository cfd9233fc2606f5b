// links: config
/*
 * limits.identities in quiver.yaml: what is read, each fault by file, line and key, and when two
 * lists are the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <quiver/base/memory.h>
#include <quiver/config/config.h>
#include <string.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define LEAST                                                                                      \
    "listeners:\n"                                                                                 \
    "- {name: a, address: 127.0.0.1, port: 0, tls: off, serve: [arrowhead], "                      \
    "authentication: declared}\n"                                                                  \
    "cloud: {name: testcloud.company.arrowhead.eu}\n"
#define LIST   LEAST "limits:\n  identities:\n"
#define LATEST "registry: {normalization: simple}\ncloud: {dialect: \"5.2\", name: a.b.c.d}\n"

static enum qv_status parse(const char *text, struct qv_config **ret_config,
                            struct qv_strings *faults)
{
    return qv_config_parse("etc/q.yaml", qv_str_from(text), ret_config, faults);
}

static struct qv_config *good(const char *text)
{
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    struct qv_config *config = NULL;
    if (parse(text, &config, &faults) != QV_OK)
        fail_msg("%s", faults.count > 0 ? faults.at[0] : "no fault told");
    return config;
}

static void what_is_read(void **state)
{
    (void)state;
    QV_CLEANUP(qv_config)
    struct qv_config *config =
        good(LIST "  - {systems: [scada, \" Mixed-Case \"]}\n"
                  "  - systems: [\"press-*\", lathe-?]\n"
                  "    requests: 50\n    burst: 100\n    connections: 20\n    instances: 500\n");
    const struct qv_config_identity_limits *limits = &config->limits.identities;
    assert_int_equal(limits->count, 2);
    const struct qv_config_identity_limit *none = &limits->at[0], *all = &limits->at[1];
    assert_int_equal(none->systems.count, 2);
    assert_string_equal(none->systems.at[1],
                        "Mixed-Case"); /* a name is converted by who compares */
    assert_int_equal(none->requests + none->burst + none->connections + none->instances, 0);
    assert_int_equal(all->systems.count, 2);
    assert_string_equal(all->systems.at[0], "press-*");
    assert_int_equal(all->requests, 50);
    assert_int_equal(all->burst, 100);
    assert_int_equal(all->connections, 20);
    assert_int_equal(all->instances, 500);
    assert_int_equal(all->line, 7);
}

static void none_by_default(void **state)
{
    (void)state;
    QV_CLEANUP(qv_config) struct qv_config *config = good(LEAST);
    QV_CLEANUP(qv_config) struct qv_config *empty = good(LEAST "limits: {identities: []}\n");
    assert_int_equal(config->limits.identities.count, 0);
    assert_int_equal(empty->limits.identities.count, 0);
}

static const struct {
    const char *text, *fault;
} faults[] = {
    {LEAST "limits: {identities: 5}\n",
     "4: limits.identities: must be a list of 0 to 1000 entries"},
    {LIST "  - press\n",
     "6: limits.identities[0]: must be a mapping with systems and their limits"},
    {LIST "  - {requests: 5}\n", "6: limits.identities[0].systems is missing"},
    {LIST "  - {systems: []}\n", "6: limits.identities[0].systems: must not be empty"},
    {LIST "  - {systems: press-7}\n",
     "6: limits.identities[0].systems: must be a list, write [a, b]"},
    {LIST "  - {systems: [\"press-[0-9]\"]}\n",
     "6: limits.identities[0].systems: \"press-[0-9]\" is no pattern of names: only * (any "
     "characters) and ? (one) are understood"},
    {LIST "  - {systems: [\"\"]}\n", "6: limits.identities[0].systems: \"\" is empty"},
    {LIST "  - {systems: [a], requests: 0}\n",
     "6: limits.identities[0].requests: \"0\" is not a whole number from 1 to 1000000"},
    {LIST "  - {systems: [a], requests: \"5\"}\n",
     "6: limits.identities[0].requests: must be written without quotes"},
    {LIST "  - {systems: [a]}\n  - {systems: [b], request: 5}\n",
     "7: limits.identities[1].request: is not a setting; known here: systems, requests, burst, "
     "connections, instances"},
    {LIST "  - {systems: [a], burst: 5}\n",
     "6: limits.identities[0].burst: has no effect without requests, give both"},
    {LIST "  - {systems: [a, \"*\"], requests: 5}\n  - {systems: [b], requests: 9}\n",
     "7: limits.identities[1].systems: never counts, as an earlier entry is for all (*), put it "
     "before that"},
    {LIST "  - {systems: [\"Press-*\"], requests: 5}\n",
     "6: limits.identities[0].systems: Press-* fits no name: names are stored in lower case"},
    {LIST "  - {systems: [\"@greenhouse\"], requests: 5}\n",
     "6: limits.identities[0].systems: @greenhouse is no name: groups are the policy's, write "
     "their "
     "names here, too"},
    {LEAST "limits: {identities: [{systems: [a], requests: 5}], identities: []}\n",
     "4: limits.identities: is given twice (first in line 4), remove one"},
};

static void faults_are_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(faults); i++) {
        QV_CLEANUP(qv_strings) struct qv_strings told = {0};
        struct qv_config *config = NULL;
        assert_int_equal(parse(faults[i].text, &config, &told), QV_INVALID);
        assert_null(config);
        assert_int_equal(told.count, 1);
        assert_true(qv_str_starts_with(qv_str_from(told.at[0]), QV_STR("etc/q.yaml:")));
        assert_string_equal(told.at[0] + strlen("etc/q.yaml:"), faults[i].fault);
    }
}

/* In 5.2 hyphens vanish from names, unless they are stored as they are. */
static void patterns_by_dialect(void **state)
{
    (void)state;
    static const char listener[] = "listeners:\n- {name: a, address: 127.0.0.1, port: 0, tls: off, "
                                   "serve: [arrowhead], authentication: declared}\n";
    static const char limits[] = "limits: {identities: [{systems: [\"Press-*\"], requests: 5}]}\n";
    static const char extended[] = "cloud: {dialect: \"5.2\", name: a.b.c.d}\n";
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    QV_CLEANUP(qv_strings) struct qv_strings told = {0};
    qv_buf_printf(&text, "%s%s%s", listener, limits, LATEST);
    QV_CLEANUP(qv_config) struct qv_config *config = good(text.at);
    assert_int_equal(config->limits.identities.count, 1);
    qv_buf_truncate(&text, 0);
    qv_buf_printf(&text, "%s%s%s", listener, limits, extended);
    struct qv_config *refused = NULL;
    assert_int_equal(parse(text.at, &refused, &told), QV_INVALID);
    assert_non_null(strstr(told.at[0], "without hyphens, as PressSeven"));
}

static void lists_are_compared_whole(void **state)
{
    (void)state;
    static const char base[] = LIST "  - {systems: [a, b], requests: 5, connections: 2}\n";
    static const char *const others[] = {
        LEAST,
        LIST "  - {systems: [b, a], requests: 5, connections: 2}\n",
        LIST "  - {systems: [a, b], requests: 6, connections: 2}\n",
        LIST "  - {systems: [a, b], requests: 5, burst: 5, connections: 2}\n",
        LIST "  - {systems: [a, b], requests: 5, connections: 3}\n",
        LIST "  - {systems: [a, b], requests: 5, connections: 2, instances: 1}\n",
        LIST "  - {systems: [a, b], requests: 5, connections: 2}\n  - {systems: [c]}\n",
    };
    QV_CLEANUP(qv_config) struct qv_config *one = good(base), *same = good(base);
    QV_CLEANUP(qv_strings) struct qv_strings soft = {0}, hard = {0};
    assert_int_equal(qv_config_compare(one, same, &soft, &hard), QV_OK);
    assert_int_equal(soft.count + hard.count, 0);
    for (size_t i = 0; i < COUNT(others); i++) {
        QV_CLEANUP(qv_config) struct qv_config *other = good(others[i]);
        assert_int_equal(qv_config_compare(one, other, &soft, &hard), QV_OK);
        assert_int_equal(soft.count, i + 1);
        assert_string_equal(soft.at[i], "limits.identities");
    }
    assert_int_equal(hard.count, 0);
}

static void lack_of_memory(void **state)
{
    (void)state;
    for (size_t nth = 1;; nth++) {
        struct qv_config *config = NULL;
        QV_CLEANUP(qv_strings) struct qv_strings told = {0};
        qv_memory_fail_at(nth);
        enum qv_status status = parse(LIST "  - {systems: [a, b], requests: 5}\n", &config, &told);
        bool reached = qv_memory_count() >= nth;
        qv_memory_fail_at(0);
        qv_config_free(&config);
        if (!reached) {
            assert_int_equal(status, QV_OK);
            break;
        }
        assert_int_equal(status, QV_NO_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read),
        cmocka_unit_test(none_by_default),
        cmocka_unit_test(faults_are_told),
        cmocka_unit_test(patterns_by_dialect),
        cmocka_unit_test(lists_are_compared_whole),
        cmocka_unit_test(lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
