// links: domain
/*
 * Interface templates: reading, writing, and the seeded ones (spec 3.7).
 */
#include "domain_fixture.h"

static void seeds_are_the_four_templates(void **state)
{
    (void)state;
    static const struct {
        const char *name, *protocol, *properties[4];
    } expected[] = {
        {"generic-http", "http", {"accessAddresses", "accessPort", "basePath", "operations"}},
        {"generic-https", "https", {"accessAddresses", "accessPort", "basePath", "operations"}},
        {"generic-mqtt", "tcp", {"accessAddresses", "accessPort", "baseTopic", "operations"}},
        {"generic-mqtts", "ssl", {"accessAddresses", "accessPort", "baseTopic", "operations"}},
    };
    struct fixture_templates templates;
    fixture_templates_load(&templates);
    assert_int_equal(templates.count, COUNT_OF(expected));
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        const struct qv_template *seed = templates.at[i];
        assert_string_equal(seed->name, expected[i].name);
        assert_string_equal(seed->protocol, expected[i].protocol);
        assert_int_equal(seed->property_count, 4);
        for (size_t k = 0; k < 4; k++)
            assert_string_equal(seed->properties[k].name, expected[i].properties[k]);
        assert_int_equal(seed->properties[2].place, 3); /* shown behind the operations */
        assert_int_equal(seed->properties[3].place, 2);
        assert_null(seed->properties[2].validator);
        assert_int_equal(seed->properties[3].mandatory, i >= 2);
    }
    fixture_templates_free(&templates);
}

/* The same but for their names and the argument of one validator. */
static void seeds_of_the_other_dialect(void **state)
{
    (void)state;
    static const char *const names[] = {"generic_http", "generic_https", "generic_mqtt",
                                        "generic_mqtts"};
    struct fixture_templates templates, other;
    fixture_templates_load(&templates);
    fixture_templates_load_of(&other, qv_dialect_get(QV_DIALECT_5_2));
    assert_int_equal(other.count, COUNT_OF(names));
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        assert_string_equal(other.at[i]->name, names[i]);
        assert_string_equal(other.at[i]->protocol, templates.at[i]->protocol);
        for (size_t k = 0; k < 4; k++)
            assert_string_equal(other.at[i]->properties[k].name,
                                templates.at[i]->properties[k].name);
        assert_string_equal(other.at[i]->properties[3].validator,
                            i < 2 ? "HTTP_OPERATIONS" : "NOT_EMPTY_STRING_SET|OPERATION");
    }
    fixture_templates_free(&templates);
    fixture_templates_free(&other);
}

static void templates_are_written_as_they_were_read(void **state)
{
    (void)state;
    const char *const *seeds = qv_template_seeds(qv_dialect_get(QV_DIALECT_5_0));
    for (; *seeds != NULL; seeds++) {
        QV_CLEANUP(qv_json) json_t *doc = fixture_json(*seeds);
        QV_CLEANUP(qv_template) struct qv_template *read = NULL;
        QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
        assert_int_equal(qv_template_read(doc, &read, NULL), QV_OK);
        qv_template_write(read, &buf);
        assert_string_equal(buf.at, *seeds);
    }
}

static void other_documents_are_no_templates(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "5",
        "{}",
        "{'name':5,'protocol':'http','properties':[]}",
        "{'name':'a','properties':[]}",
        "{'name':'a','protocol':'http'}",
        "{'name':'a','protocol':'http','properties':{}}",
        "{'name':'a','protocol':'http','properties':[5]}",
        "{'name':'a','protocol':'http','properties':[{'name':'p'}]}",
        "{'name':'a','protocol':'http','properties':[{'name':'p','mandatory':1}]}",
        "{'name':'a','protocol':'http','properties':[{'name':'p','mandatory':true,'validator':1}]}",
        "{'name':'a','protocol':'http','properties':[{'name':'p','mandatory':true,'place':-1}]}",
        "{'name':'a','protocol':'http','properties':[{'name':'p','mandatory':true,'place':1}]}",
        "{'name':'a','protocol':'http','properties':[{'name':'p','mandatory':true,'place':'0'}]}",
        "{'name':'a','protocol':'http','properties':[{'name':'p','mandatory':true},"
        "{'name':'q','mandatory':true,'place':0}]}",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        QV_CLEANUP(qv_json) json_t *doc = fixture_quoted(bad[i]);
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        struct qv_template *read = NULL;
        assert_int_equal(qv_template_read(doc, &read, &error), QV_INVALID);
        assert_null(read);
        assert_non_null(strstr(qv_error_message(&error), "not an interface template"));
    }
}

static void a_template_may_have_no_properties(void **state)
{
    (void)state;
    QV_CLEANUP(qv_json)
    json_t *doc = fixture_quoted("{'name':'a','protocol':'coap','properties':[]}");
    QV_CLEANUP(qv_template) struct qv_template *read = NULL;
    assert_int_equal(qv_template_read(doc, &read, NULL), QV_OK);
    assert_int_equal(read->property_count, 0);
}

static void template_when_memory_runs_out(void **state)
{
    (void)state;
    QV_CLEANUP(qv_json)
    json_t *doc = fixture_json(qv_template_seeds(qv_dialect_get(QV_DIALECT_5_0))[0]);
    for (size_t nth = 1;; nth++) {
        QV_CLEANUP(qv_template) struct qv_template *read = NULL;
        qv_memory_fail_at(nth);
        enum qv_status status = qv_template_read(doc, &read, NULL);
        bool failed = qv_memory_count() >= nth;
        qv_memory_fail_at(0);
        assert_int_equal(status, failed ? QV_NO_MEMORY : QV_OK);
        assert_true((read == NULL) == failed);
        if (!failed)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seeds_are_the_four_templates),
        cmocka_unit_test(seeds_of_the_other_dialect),
        cmocka_unit_test(templates_are_written_as_they_were_read),
        cmocka_unit_test(other_documents_are_no_templates),
        cmocka_unit_test(a_template_may_have_no_properties),
        cmocka_unit_test(template_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
