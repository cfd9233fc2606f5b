// links: domain
/*
 * Registrations of devices: the rows of spec 4.4 in their order, in both dialects; what is stored
 * of them, and when they equal what is stored already.
 */
#include "domain_fixture.h"

#include <quiver/domain/device.h>
#include <quiver/domain/words.h>

#include "view_fixture.h"

#define FAILED    "Failed to read request: "
#define NAMING    "The specified name does not match the naming convention: "
#define DEVICE_52 "The specified device name does not match the naming convention: "
#define ADDRESS   "Address verification failure: "
#define KEY       "Invalid metadata key: a.b, it should not contain . character"
#define LONG_NAME "a23456789012345678901234567890123456789012345678901234567890123b"
#define A         "'addresses':['10.0.0.1']"

static const struct qv_rules *rules_of(enum qv_dialect_id id)
{
    static struct qv_rules rules;
    rules = fixture_rules();
    rules.dialect = qv_dialect_get(id);
    return &rules;
}

static const struct {
    const char *body;
    const char *words;    /* in dialect 5.0 */
    const char *words_52; /* NULL: the same */
} refusals[] = {
    {"5", FAILED "the body must be an object", NULL},
    {"{'name':[],'addresses':{}}", FAILED "name must be a text", NULL},
    {"{'name':'d','addresses':{}}", FAILED "addresses must be a list of texts", NULL},
    {"{'name':'d','metadata':5," A "}", FAILED "metadata must be an object", NULL},
    /* rows 1 and 2 */
    {"{}", "Device name is empty", NULL},
    {"{'name':' ','addresses':[]}", "Device name is empty", NULL},
    {"{'name':'" LONG_NAME "'}", "Device name is too long",
     "At least one device address is needed"},
    {"{'name':'" LONG_NAME "'," A "}", "Device name is too long",
     DEVICE_52 "A23456789012345678901234567890123456789012345678901234567890123B"},
    /* rows 3 and 4 */
    {"{'name':'1d'}", "At least one device address is needed", NULL},
    {"{'name':'1d','addresses':[],'metadata':{'a.b':1}}", "At least one device address is needed",
     NULL},
    {"{'name':'1d','addresses':['a',''],'metadata':{'a.b':1}}", "Address is missing", NULL},
    {"{'name':'d','addresses':[null]}", "Address is missing", NULL},
    /* rows 6 to 8 */
    {"{'name':'1d'," A ",'metadata':{'x':{'a.b':1}}}", KEY "!", KEY},
    {"{'name':' Dev.X ','addresses':['0.0.0.0']}", NAMING "dev.x", DEVICE_52 "DEV.X"},
    {"{'name':'dev-','addresses':['0.0.0.0']}", NAMING "dev-", DEVICE_52 "DEV_"},
    {"{'name':'d','addresses':['10.0.0.1','0.0.0.0']}",
     ADDRESS "0.0.0.0 IPv4 address is invalid: placeholder address is denied", NULL},
};

static void assert_refused(enum qv_dialect_id id, const json_t *body, const char *words)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    struct qv_device_registration *registration = NULL;
    enum qv_status status = qv_device_registration_read(rules_of(id), body, &registration, &error);
    if (status != QV_INVALID || strcmp(qv_error_message(&error), words) != 0)
        fail_msg("\"%s\" instead of \"%s\"", qv_error_message(&error), words);
    assert_null(registration);
}

static void faults_are_found_in_the_references_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refusals); i++) {
        QV_CLEANUP(qv_json) json_t *body = fixture_quoted(refusals[i].body);
        const char *words_52 = refusals[i].words_52;
        assert_refused(QV_DIALECT_5_0, body, refusals[i].words);
        assert_refused(QV_DIALECT_5_2, body, words_52 != NULL ? words_52 : refusals[i].words);
    }
}

/* 5.0 looks at the length before metadata and names, 5.2 when the address is looked at at all. */
static void long_addresses_are_refused(void **state)
{
    (void)state;
    static const struct {
        enum qv_dialect_id dialect;
        size_t length;
        const char *more, *words;
    } rows[] = {
        {QV_DIALECT_5_0, 1025, ",\"metadata\":{\"a.b\":1}", "Address is too long"},
        {QV_DIALECT_5_0, 1024, ",\"metadata\":{\"a.b\":1}", KEY "!"},
        {QV_DIALECT_5_2, 1025, ",\"metadata\":{\"a.b\":1}", KEY},
        {QV_DIALECT_5_2, 1025, "", "Address is too long"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        QV_CLEANUP(qv_buf) struct qv_buf text = {0};
        qv_buf_printf(&text, "{\"name\":\"d\",\"addresses\":[\" %0*d \"]%s}", (int)rows[i].length,
                      0, rows[i].more);
        QV_CLEANUP(qv_json) json_t *body = fixture_json(text.at);
        assert_refused(rows[i].dialect, body, rows[i].words);
    }
}

static struct qv_device_registration *read_good(enum qv_dialect_id id, const char *text)
{
    QV_CLEANUP(qv_json) json_t *body = fixture_quoted(text);
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    struct qv_device_registration *registration = NULL;
    if (qv_device_registration_read(rules_of(id), body, &registration, &error) != QV_OK)
        fail_msg("%s: %s", text, qv_error_message(&error));
    return registration;
}

static void documents_are_written(void **state)
{
    (void)state;
    static const struct {
        enum qv_dialect_id dialect;
        const char *body, *document;
    } rows[] = {
        {QV_DIALECT_5_0,
         "{'name':' Thermo-Meter ','addresses':['81-EF-1A-44-7A-F5','10.0.0.1'],"
         "'metadata':{'n':null,'b':2.50,'a':[]}}",
         "{'name':'thermo-meter','metadata':{'n':null,'b':2.5,'a':[]},'addresses':["
         "{'type':'MAC','address':'81:ef:1a:44:7a:f5'},{'type':'IPV4','address':'10.0.0.1'}]}"},
        {QV_DIALECT_5_2, "{'name':'dev-one','addresses':['10.0.0.1'],'metadata':null}",
         "{'name':'DEV_ONE','addresses':[{'type':'IPV4','address':'10.0.0.1'}]}"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        QV_CLEANUP(qv_device_registration)
        struct qv_device_registration *registration = read_good(rows[i].dialect, rows[i].body);
        QV_CLEANUP(qv_buf) struct qv_buf document = {0};
        qv_device_registration_write(registration, &document);
        QV_CLEANUP(qv_json) json_t *doc = fixture_json(document.at);
        fixture_assert_json(doc, rows[i].document);
    }
}

#define STORED(metadata)                                                                           \
    ENVELOPE("{\"name\":\"d\"" metadata ",\"addresses\":[{\"type\":\"MAC\",\"address\":"           \
             "\"81:ef:1a:44:7a:f5\"},{\"type\":\"IPV4\",\"address\":\"10.0.0.1\"}]}")
#define BOTH "'addresses':['10.0.0.1','81ef.1a44.7af5']"

static void the_first_difference_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *stored, *body;
        const char *difference; /* NULL: none */
    } rows[] = {
        {STORED(""), "{'name':'D'," BOTH "}", NULL},
        {STORED(""), "{'name':'D','metadata':{}," A "}", "metadata is"},
        {STORED(",\"metadata\":{}"), "{'name':'d','metadata':{}," BOTH "}", NULL},
        {STORED(",\"metadata\":{\"a\":1,\"b\":{\"c\":2}}"),
         "{'name':'d','metadata':{'b':{'c':2},'a':1}," BOTH "}", NULL},
        {STORED(",\"metadata\":{\"a\":1}"), "{'name':'d','metadata':{'a':1.0}," BOTH "}",
         "metadata is"},
        {STORED(""), "{'name':'d'," A "}", "addresses are"},
        {STORED(""), "{'name':'d','addresses':['10.0.0.1','10.0.0.1']}", "addresses are"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct qv_entity_head *stored = NULL;
        assert_int_equal(
            qv_entity_read(QV_KIND_DEVICE, QV_STR("d"), qv_str_from(rows[i].stored), &stored, NULL),
            QV_OK);
        QV_CLEANUP(qv_device_registration)
        struct qv_device_registration *registration = read_good(QV_DIALECT_5_0, rows[i].body);
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        enum qv_status status =
            qv_device_registration_compare(registration, (const struct qv_device *)stored, &error);
        assert_int_equal(status, rows[i].difference != NULL ? QV_INVALID : QV_OK);
        if (rows[i].difference != NULL) {
            char words[128];
            snprintf(words, sizeof(words),
                     "Device with name 'd' already exists, but provided %s not matching",
                     rows[i].difference);
            assert_string_equal(qv_error_message(&error), words);
        }
        qv_entity_free(&stored);
    }
}

static void a_revokes_name_is_checked_as_the_dialect_does(void **state)
{
    (void)state;
    static const struct {
        enum qv_dialect_id dialect;
        const char *raw, *name, *words;
    } rows[] = {
        {QV_DIALECT_5_0, " Thermo ", "thermo", NULL},
        {QV_DIALECT_5_0, "no_name", "no_name", NULL},
        {QV_DIALECT_5_0, " ", NULL, "Device name is empty"},
        {QV_DIALECT_5_2, "dev-one", "DEV_ONE", NULL},
        {QV_DIALECT_5_2, "2dev", NULL, DEVICE_52 "2DEV"},
        {QV_DIALECT_5_2, " ", NULL, "Device name is empty"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char *name = NULL;
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        enum qv_status status =
            qv_device_name_read(rules_of(rows[i].dialect), qv_str_from(rows[i].raw), &name, &error);
        assert_int_equal(status, rows[i].name != NULL ? QV_OK : QV_INVALID);
        if (rows[i].name != NULL)
            assert_string_equal(name, rows[i].name);
        else
            assert_string_equal(qv_error_message(&error), rows[i].words);
        qv_free(name);
    }
}

static void dialects_have_their_own_words(void **state)
{
    (void)state;
    static const struct {
        enum qv_words which;
        const char *words, *words_52;
    } rows[] = {
        {QV_WORDS_SYSTEM_UNKNOWN, "System not exists: ", "System does not exist: "},
        {QV_WORDS_TEMPLATE_UNKNOWN,
         "Interface template not exists: ", "Interface template does not exist: "},
        {QV_WORDS_DEVICE_IN_USE, "At least one system is assigned to this device.",
         "At least one system is assigned to this device"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_string_equal(qv_dialect_words(qv_dialect_get(QV_DIALECT_5_0), rows[i].which),
                            rows[i].words);
        assert_string_equal(qv_dialect_words(qv_dialect_get(QV_DIALECT_5_2), rows[i].which),
                            rows[i].words_52);
    }
}

static void survives_every_failed_allocation(void **state)
{
    (void)state;
    QV_CLEANUP(qv_json) json_t *body = fixture_quoted("{'name':'d','metadata':{'a':1}," BOTH "}");
    struct qv_entity_head *stored = NULL;
    assert_int_equal(qv_entity_read(QV_KIND_DEVICE, QV_STR("d"),
                                    qv_str_from(STORED(",\"metadata\":{\"a\":1}")), &stored, NULL),
                     QV_OK);
    enum qv_status status = QV_NO_MEMORY;
    size_t nth = 1;
    for (; status != QV_OK; nth++) {
        struct qv_device_registration *registration = NULL;
        qv_memory_fail_at(nth);
        status = qv_device_registration_read(rules_of(QV_DIALECT_5_0), body, &registration, NULL);
        if (status == QV_OK)
            status = qv_device_registration_compare(registration, (const struct qv_device *)stored,
                                                    NULL);
        qv_memory_fail_at(0);
        assert_true(status == QV_OK || status == QV_NO_MEMORY);
        qv_device_registration_free(&registration);
        assert_true(nth < 500);
    }
    assert_true(nth > 15);
    qv_entity_free(&stored);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_are_found_in_the_references_order),
        cmocka_unit_test(long_addresses_are_refused),
        cmocka_unit_test(documents_are_written),
        cmocka_unit_test(the_first_difference_is_named),
        cmocka_unit_test(a_revokes_name_is_checked_as_the_dialect_does),
        cmocka_unit_test(dialects_have_their_own_words),
        cmocka_unit_test(survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
