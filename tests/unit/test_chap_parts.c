// links: cli
/*
 * What CHAP takes beside its listeners: when keys are read, when somebody is warned, and which
 * definitions there can be.
 */
#include "../../src/cli/chap_parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define VARIABLE    "QUIVER_TEST_CHAP_KEY"

static struct qv_config_listener listener;
static struct qv_config config;
static const struct qv_wall now = {.seconds = 1767225600};

static void configure(enum qv_serve serve, const char *key)
{
    listener = (struct qv_config_listener){.name = (char *)"a", .serve = serve};
    config = (struct qv_config){.file = (char *)"q.yaml", .listeners = &listener};
    config.listener_count = 1;
    config.chap.keys.env = (char *)VARIABLE;
    config.chap.definition = (char *)"ml-service";
    assert_int_equal(key != NULL ? setenv(VARIABLE, key, 1) : unsetenv(VARIABLE), 0);
}

static void keys_are_read_where_chap_is_served(void **state)
{
    (void)state;
    static const struct {
        enum qv_serve serve;
        const char *key;
        size_t count;
    } rows[] = {{QV_SERVE_CHAP, "k", 1}, {QV_SERVE_CHAP, NULL, 0}, {QV_SERVE_OPS, "k\x01k", 0}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        QV_CLEANUP(qv_service_keys) struct qv_service_keys *keys = NULL;
        configure(rows[i].serve, rows[i].key);
        assert_int_equal(chap_load(&config, now, &keys, NULL), QV_OK);
        assert_int_equal(keys != NULL, rows[i].serve == QV_SERVE_CHAP);
        if (keys != NULL)
            assert_int_equal(qv_service_keys_count(keys), rows[i].count);
    }
    struct qv_service_keys *keys = NULL;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    configure(QV_SERVE_CHAP, "k\x01k");
    assert_int_equal(chap_load(&config, now, &keys, &error), QV_INVALID);
    assert_null(keys);
    assert_string_equal(qv_error_message(&error), VARIABLE ": a key has a control character in it");
}

static void a_warning_where_nobody_can_register(void **state)
{
    (void)state;
    static const struct {
        enum qv_chap_authentication by;
        const char *key, *words;
    } rows[] = {{QV_CHAP_BY_KEY, NULL, "every registration is answered with 503"},
                {QV_CHAP_BY_BOTH, NULL, "every registration is answered with 503"},
                {QV_CHAP_BY_EITHER, NULL, "without a client certificate is answered with 503"},
                {QV_CHAP_BY_CERTIFICATE, NULL, NULL},
                {QV_CHAP_BY_KEY, "k", NULL},
                {QV_CHAP_BY_BOTH, "k", NULL}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        QV_CLEANUP(qv_service_keys) struct qv_service_keys *keys = NULL;
        configure(QV_SERVE_CHAP, rows[i].key);
        config.chap.authentication = rows[i].by;
        assert_int_equal(chap_load(&config, now, &keys, NULL), QV_OK);
        const char *words = chap_warning(&config, keys);
        assert_int_equal(words != NULL, rows[i].words != NULL);
        if (words != NULL)
            assert_non_null(strstr(words, rows[i].words));
        assert_null(chap_warning(&config, NULL)); /* nothing is served */
    }
}

static void the_definition_is_one_of_the_dialect(void **state)
{
    (void)state;
    static const struct {
        enum qv_dialect_id dialect;
        enum qv_normalization normalization;
        const char *definition;
        bool good;
    } rows[] = {{QV_DIALECT_5_0, QV_NORMALIZATION_EXTENDED, "ml-service", true},
                {QV_DIALECT_5_0, QV_NORMALIZATION_EXTENDED, "ML-Service", true},
                {QV_DIALECT_5_0, QV_NORMALIZATION_EXTENDED, "ml_service", false},
                {QV_DIALECT_5_0, QV_NORMALIZATION_EXTENDED, "-ml", false},
                {QV_DIALECT_5_2, QV_NORMALIZATION_EXTENDED, "ml-service", true},
                {QV_DIALECT_5_2, QV_NORMALIZATION_SIMPLE, "ml-service", true},
                {QV_DIALECT_5_2, QV_NORMALIZATION_SIMPLE, "mlService", true},
                {QV_DIALECT_5_2, QV_NORMALIZATION_EXTENDED, "5g", false}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        QV_CLEANUP(qv_service_keys) struct qv_service_keys *keys = NULL;
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        configure(QV_SERVE_OPS, NULL);
        config.cloud.dialect = rows[i].dialect;
        config.registry.normalization = rows[i].normalization;
        config.chap.definition = (char *)rows[i].definition;
        enum qv_status status = chap_load(&config, now, &keys, &error);
        assert_int_equal(status, rows[i].good ? QV_OK : QV_INVALID);
        if (!rows[i].good)
            assert_int_equal(strncmp(qv_error_message(&error), "q.yaml: chap.definition: ", 25), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_read_where_chap_is_served),
        cmocka_unit_test(a_warning_where_nobody_can_register),
        cmocka_unit_test(the_definition_is_one_of_the_dialect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
