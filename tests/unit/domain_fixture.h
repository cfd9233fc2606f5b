/*
 * What tests of the domain share: rules of each dialect with everything allowed, the seeded
 * templates as a template source, and JSON from text.
 */
#ifndef QUIVER_TESTS_DOMAIN_FIXTURE_H
#define QUIVER_TESTS_DOMAIN_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <quiver/base/memory.h>
#include <quiver/domain/service.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define TEMPLATES_MAX   8

static char *fixture_aliases[] = {"address",         "addresses", "accessAddress",
                                  "accessAddresses", "host",      "hosts"};
static const struct qv_strings fixture_alias_list = {.at = fixture_aliases, .count = 6};

static inline struct qv_rules fixture_rules(void)
{
    return (struct qv_rules){
        .dialect = qv_dialect_get(QV_DIALECT_5_0),
        .interface_policy = QV_INTERFACE_RESTRICTED,
        .self_addressing = true,
        .non_routable_addressing = true,
        .address_alias = &fixture_alias_list,
    };
}

/** The same of dialect 5.2, with extended normalization. */
static inline struct qv_rules fixture_rules_5_2(void)
{
    struct qv_rules rules = fixture_rules();
    rules.dialect = qv_dialect_get(QV_DIALECT_5_2);
    return rules;
}

static inline json_t *fixture_json(const char *text)
{
    json_t *value;
    struct qv_error error = {0};
    if (qv_json_parse(qv_str_from(text), 128, &value, &error) != QV_OK)
        fail_msg("%s: %s", text, qv_error_message(&error));
    return value;
}

/** JSON with apostrophes for quotes, so that tables stay readable. */
static inline json_t *fixture_quoted(const char *text)
{
    char *copy = qv_strdup(text);
    assert_non_null(copy);
    for (char *at = copy; *at != '\0'; at++)
        *at = *at == '\'' ? '"' : *at;
    json_t *value = fixture_json(copy);
    qv_free(copy);
    return value;
}

static inline void fixture_assert_json(const json_t *value, const char *quoted)
{
    QV_CLEANUP(qv_buf) struct qv_buf written = {0};
    qv_json_write(&written, value);
    QV_CLEANUP(qv_json) json_t *expected = fixture_quoted(quoted);
    QV_CLEANUP(qv_buf) struct qv_buf wanted = {0};
    qv_json_write(&wanted, expected);
    assert_string_equal(written.at, wanted.at);
}

/** jansson's memory is Quiver's, so that a test can let it run out. */
static inline int fixture_setup(void **state)
{
    (void)state;
    qv_memory_init();
    return 0;
}

struct fixture_templates {
    struct qv_template_source source;
    struct qv_template *at[TEMPLATES_MAX];
    size_t count;
};

static inline const struct qv_template *fixture_find(const struct qv_template_source *source,
                                                     struct qv_str name)
{
    const struct fixture_templates *templates = (const struct fixture_templates *)source;
    for (size_t i = 0; i < templates->count; i++) {
        if (qv_str_equal(qv_str_from(templates->at[i]->name), name))
            return templates->at[i];
    }
    return NULL;
}

/** The seeded templates of the dialect. */
static inline void fixture_templates_load_of(struct fixture_templates *templates,
                                             const struct qv_dialect *dialect)
{
    *templates = (struct fixture_templates){.source = {.find = fixture_find}};
    const char *const *seeds = qv_template_seeds(dialect);
    for (; *seeds != NULL; seeds++) {
        QV_CLEANUP(qv_json) json_t *doc = fixture_json(*seeds);
        assert_int_equal(qv_template_read(doc, &templates->at[templates->count++], NULL), QV_OK);
    }
}

static inline void fixture_templates_load(struct fixture_templates *templates)
{
    fixture_templates_load_of(templates, qv_dialect_get(QV_DIALECT_5_0));
}

static inline void fixture_templates_free(struct fixture_templates *templates)
{
    while (templates->count > 0)
        qv_template_free(&templates->at[--templates->count]);
}

#endif
