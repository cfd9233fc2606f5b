// links: config
/*
 * Two states of one file: which settings differ, of which kind, what is in force then; and where
 * the data lies by a file that is not right.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <quiver/base/memory.h>
#include <quiver/config/config.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define SHIPPED     TEST_DATA "/../../../config/quiver.yaml"
#define PLAIN                                                                                      \
    "- {name: a, address: 127.0.0.1, port: 0, tls: off, serve: [arrowhead], "                      \
    "authentication: declared}\n"
#define SECURE "- {name: b, address: 0.0.0.0, port: 1, tls: mutual, serve: [arrowhead]}\n"
#define BASE   "cloud: {name: testcloud.company.arrowhead.eu}\nlisteners:\n" PLAIN

static struct qv_config *parse(const char *text)
{
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    struct qv_config *config = NULL;
    if (qv_config_parse("etc/q.yaml", qv_str_from(text), &config, &faults) != QV_OK)
        fail_msg("%s", faults.count > 0 ? faults.at[0] : "no fault told");
    return config;
}

static void assert_list(const struct qv_strings *list, const char *expected)
{
    QV_CLEANUP(qv_buf) struct qv_buf all = {0};
    for (size_t i = 0; i < list->count; i++)
        qv_buf_printf(&all, "%s%s", i > 0 ? " " : "", list->at[i]);
    assert_string_equal(all.at != NULL ? all.at : "", expected);
}

static void assert_differ(const struct qv_config *a, const struct qv_config *b,
                          const char *reloadable, const char *fixed)
{
    QV_CLEANUP(qv_strings) struct qv_strings soft = {0}, hard = {0};
    assert_int_equal(qv_config_compare(a, b, &soft, &hard), QV_OK);
    assert_list(&soft, reloadable);
    assert_list(&hard, fixed);
}

static const struct {
    const char *before, *after, *reloadable, *fixed;
} rows[] = {
    {"", "", "", ""},
    {"", "limits: {body: 256KiB}\nlog: {level: info}\n", "", ""}, /* says the default */
    {"", "# a word\n\nlimits: {body: 262144}\n", "", ""},
    {"", "limits: {body: 257KiB}\n", "limits.body", ""},
    {"", "limits: {workers: 3, json_depth: 9}\n", "limits.json_depth", "limits.workers"},
    {"", "limits: {connections: 9, connections_per_peer: 8}\n",
     "limits.connections limits.connections_per_peer", ""},
    {"", "log: {level: debug, format: text}\n", "log.level log.format", ""},
    {"", "tls: {certificate: a}\n", "tls.certificate", ""},
    {"tls: {certificate: a}\n", "tls: {certificate: b}\n", "tls.certificate", ""},
    {"tls: {certificate: a}\n", "tls: {certificate: ./a}\n", "tls.certificate", ""},
    {"tls: {trust: [a, b]}\n", "tls: {trust: [a, b]}\n", "", ""},
    {"tls: {trust: [a, b]}\n", "tls: {trust: [b, a]}\n", "tls.trust", ""},
    {"tls: {trust: [a, b]}\n", "tls: {trust: [a], crl: [b]}\n", "tls.trust tls.crl", ""},
    {"", "tls: {require_crl: true, stale_crl: allow, min_version: \"1.3\"}\n",
     "tls.require_crl tls.stale_crl tls.min_version", ""},
    {"", "tls: {ciphers: HIGH}\n", "tls.ciphers", ""},
    {"", "store: {redis: \"redis://h\"}\n", "", "store.redis"},
    {"store: {redis: \"redis://h\"}\n", "store: {redis: \"redis://h:6379/0\"}\n", "", ""},
    {"store: {redis: \"redis://h\"}\n", "store: {redis: \"redis://i\"}\n", "", "store.redis"},
    {"store: {redis: \"redis://h\"}\n", "store: {redis: \"redis://h:1\"}\n", "", "store.redis"},
    {"store: {redis: \"redis://h\"}\n", "store: {redis: \"redis://h/1\"}\n", "", "store.redis"},
    {"store: {redis: \"redis://h\"}\n", "store: {redis: \"redis://u:p@h\"}\n", "", "store.redis"},
    {"store: {redis: \"redis://u:p@h\"}\n", "store: {redis: \"redis://u:q@h\"}\n", "",
     "store.redis"},
    {"store: {redis: \"unix:///a\"}\n", "store: {redis: \"unix:///b\"}\n", "", "store.redis"},
    {"", "store: {timeout: 3s}\nregistry: {verbose: false, direct_access: [a]}\n", "",
     "store.timeout registry.direct_access registry.verbose"},
    {"", "authorization: {policy: a.yaml}\naudit: {file: a.log}\n", "authorization.policy",
     "audit.file"},
    {"audit: {file: a.log}\n", "audit: {file: stdout}\n", "", "audit.file"},
    {"audit: {file: a.log}\n", "audit: {file: a.log, required: true}\n", "", "audit.required"},
    {"", "chap: {ttl: 30s, keys: {env: SERVICEKIT_REGISTRATION_KEY}}\n", "", ""},
    {"", "chap: {keys: {file: a}, ttl: 31s}\n", "chap.keys.file", "chap.ttl"},
    {"chap: {keys: {file: a}}\n", "chap: {keys: {file: b}}\n", "chap.keys.file", ""},
    {"", "chap: {keys: {env: A}, hosts: [a], definition: b}\n", "",
     "chap.keys.env chap.hosts chap.definition"},
    {"", "chap: {authentication: either, public_url: \"https://a\"}\n", "",
     "chap.public_url chap.authentication"},
    {"chap: {public_url: \"https://a/\"}\n", "chap: {public_url: \"https://a\"}\n", "", ""},
    {"", "chap: {mirror: \"redis://h\"}\n", "", "chap.mirror"},
    {"chap: {mirror: \"redis://h\"}\n", "chap: {mirror: \"redis://h:6379/0\"}\n", "", ""},
    {"chap: {mirror: \"redis://h\"}\n", "chap: {mirror: \"redis://:p@h\"}\n", "", "chap.mirror"},
    {"chap: {mirror: \"redis://h\"}\n", "store: {redis: \"redis://h\"}\n", "",
     "store.redis chap.mirror"},
    {"", "registry: {advertise: {address: h, port: 5}}\nlog: {level: error}\n", "log.level",
     "registry.advertise.address registry.advertise.port"},
};

static void settings_that_differ(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char one[512], other[512];
        snprintf(one, sizeof(one), "%s%s", BASE, rows[i].before);
        snprintf(other, sizeof(other), "%s%s", BASE, rows[i].after);
        QV_CLEANUP(qv_config) struct qv_config *a = parse(one), *b = parse(other);
        assert_differ(a, b, rows[i].reloadable, rows[i].fixed);
        assert_differ(b, a, rows[i].reloadable, rows[i].fixed);
        assert_differ(b, b, "", "");
    }
}

static void listeners_are_compared_whole(void **state)
{
    (void)state;
    static const char *const others[] = {
        "- {name: A, address: 127.0.0.1, port: 0, tls: off, serve: [arrowhead], "
        "authentication: declared}\n",
        "- {name: a, address: \"::1\", port: 0, tls: off, serve: [arrowhead], "
        "authentication: declared}\n",
        "- {name: a, address: 127.0.0.1, port: 5, tls: off, serve: [arrowhead], "
        "authentication: declared}\n",
        "- {name: a, address: 127.0.0.1, port: 0, tls: off, serve: [arrowhead, ops], "
        "authentication: declared}\n",
        "- {name: a, address: 127.0.0.1, port: 0, tls: off, serve: [arrowhead], "
        "authentication: declared, allow_plaintext: true}\n",
        "- {name: a, address: 127.0.0.1, port: 0, tls: off, serve: [ops]}\n",
        PLAIN "- {name: b, address: 127.0.0.1, port: 0, tls: off, serve: [ops]}\n",
    };
    QV_CLEANUP(qv_config) struct qv_config *base = parse(BASE);
    for (size_t i = 0; i < COUNT(others); i++) {
        char text[512];
        snprintf(text, sizeof(text),
                 "cloud: {name: testcloud.company.arrowhead.eu}\nlisteners:\n%s", others[i]);
        QV_CLEANUP(qv_config) struct qv_config *other = parse(text);
        assert_differ(base, other, "", "listeners");
    }
    /* another place in the file is no other listener */
    QV_CLEANUP(qv_config)
    struct qv_config *moved =
        parse("# one\n# two\nlisteners:\n" PLAIN "cloud: {name: testcloud.company.arrowhead.eu}\n");
    assert_differ(base, moved, "", "");
}

/* Every kind has its comparison: the shipped file against one that changes every setting. */
static void every_setting_is_compared(void **state)
{
    (void)state;
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0}, soft = {0}, hard = {0};
    QV_CLEANUP(qv_config) struct qv_config *every = NULL;
    QV_CLEANUP(qv_config) struct qv_config *base = parse(BASE);
    assert_int_equal(qv_config_load(TEST_DATA "/config/every.yaml", &every, &faults), QV_OK);
    assert_int_equal(qv_config_compare(base, every, &soft, &hard), QV_OK);
    assert_list(&soft,
                "tls.certificate tls.private_key tls.private_key_password_file tls.trust tls.crl "
                "tls.require_crl tls.stale_crl tls.min_version tls.ciphers tls.cipher_suites "
                "tls.groups authorization.policy identity.authentication_system.ca "
                "identity.authentication_system.secrets_file identity.blacklist.ca "
                "chap.keys.file limits.body limits.json_depth limits.connections "
                "limits.connections_per_peer "
                "limits.handshake_timeout limits.request_timeout limits.identities log.level "
                "log.format");
    assert_int_equal(hard.count, 43);
}

/* ---- what is in force then ------------------------------------------------------------------- */

#define TLS_BASE                                                                                   \
    "listeners:\n" SECURE "tls: {certificate: c, private_key: k, trust: [t], ciphers: HIGH}\n"

static void what_can_is_taken_over(void **state)
{
    (void)state;
    QV_CLEANUP(qv_config) struct qv_config *running = parse(TLS_BASE "limits: {body: 1MiB}\n");
    QV_CLEANUP(qv_config)
    struct qv_config *file =
        parse("listeners:\n" PLAIN SECURE
              "tls: {certificate: d, private_key: k, trust: [t, u], min_version: \"1.3\"}\n"
              "limits: {workers: 7, connections: 12}\nstore: {timeout: 3s}\n"
              "log: {level: error}\n");
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    struct qv_config view;
    assert_int_equal(qv_config_overlay(running, file, &view, &faults), QV_OK);
    assert_int_equal(faults.count, 0);
    assert_string_equal(view.tls.certificate, "etc/d");
    assert_int_equal(view.tls.trust.count, 2);
    assert_int_equal(view.tls.min_version, QV_TLS_1_3);
    assert_string_equal(view.tls.ciphers, file->tls.ciphers);
    assert_int_equal(view.limits.connections, 12);
    assert_int_equal(view.limits.body, 262144);
    assert_int_equal(view.log.level, QV_LOG_ERROR);
    assert_int_equal(view.limits.workers, 0);
    assert_int_equal(view.listener_count, 1);
    assert_ptr_equal(view.listeners, running->listeners);
    assert_true(view.store.timeout_ms == 2000);
    assert_differ(running, &view,
                  "tls.certificate tls.trust tls.min_version tls.ciphers limits.body "
                  "limits.connections log.level",
                  "");
    assert_differ(&view, file, "", "listeners store.timeout limits.workers");
}

/* The file is right by itself, but who runs cannot go on by it. */
static void what_does_not_go_together_is_refused(void **state)
{
    (void)state;
    QV_CLEANUP(qv_config) struct qv_config *running = parse(TLS_BASE), *file = parse(BASE);
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    struct qv_config view = {.listener_count = 42};
    assert_int_equal(qv_config_overlay(running, file, &view, &faults), QV_INVALID);
    assert_true(faults.count > 0);
    assert_non_null(strstr(faults.at[0], "listener b"));
    assert_non_null(strstr(faults.at[0], "tls.certificate"));
    assert_int_equal(view.listener_count, 42);
}

/* ---- where the data lies --------------------------------------------------------------------- */

static void assert_data_directory(const char *text, const char *expected)
{
    char path[] = "/tmp/quiver-test-compare-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, strlen(text)), (ssize_t)strlen(text));
    close(file);
    char *found = NULL;
    assert_int_equal(qv_config_data_directory(path, &found, NULL), QV_OK);
    assert_string_equal(found, expected);
    qv_free(found);
    assert_int_equal(unlink(path), 0);
}

static void where_the_data_lies_is_known_of_a_wrong_file(void **state)
{
    (void)state;
    assert_data_directory(BASE "store: {data_directory: d}\n", "/tmp/d");
    assert_data_directory(BASE, "/tmp/../data");
    assert_data_directory("store: {data_directory: /d, nonsense: 1}\nlisteners: 5\n", "/d");
    assert_data_directory("store: {data_directory: /d}\nlog: {level: [\n", "/tmp/../data");
    assert_data_directory("store: {data_directory: \"\"}\n", "/tmp/../data");
    char *found = NULL;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    assert_int_equal(qv_config_data_directory("/no/such/file", &found, &error), QV_INVALID);
    assert_string_equal(qv_error_message(&error), "/no/such/file: No such file or directory");
    assert_null(found);
}

static void lack_of_memory(void **state)
{
    (void)state;
    QV_CLEANUP(qv_config) struct qv_config *running = parse(TLS_BASE), *file = parse(BASE);
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0}, soft = {0}, hard = {0};
    struct qv_config view;
    qv_memory_fail_at(1);
    assert_int_equal(qv_config_compare(running, file, &soft, &hard), QV_NO_MEMORY);
    qv_memory_fail_at(1);
    assert_int_equal(qv_config_overlay(running, file, &view, &faults), QV_NO_MEMORY);
    for (size_t nth = 1;; nth++) {
        char *found = NULL;
        qv_memory_fail_at(nth);
        enum qv_status status = qv_config_data_directory(SHIPPED, &found, NULL);
        bool reached = qv_memory_count() >= nth;
        qv_memory_fail_at(0);
        if (status == QV_OK)
            assert_non_null(strstr(found, "data"));
        qv_free(found);
        if (!reached)
            break;
        assert_true(status == QV_OK || status == QV_NO_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_that_differ),
        cmocka_unit_test(listeners_are_compared_whole),
        cmocka_unit_test(every_setting_is_compared),
        cmocka_unit_test(what_can_is_taken_over),
        cmocka_unit_test(what_does_not_go_together_is_refused),
        cmocka_unit_test(where_the_data_lies_is_known_of_a_wrong_file),
        cmocka_unit_test(lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
