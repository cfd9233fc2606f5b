// links: domain
/*
 * Registrations of systems: the rows of spec 4.1 in their order, in both dialects; what is stored
 * of them, and when they equal what is stored already.
 */
#include "domain_fixture.h"

#include <quiver/domain/system.h>

#include "view_fixture.h"

#define FAILED    "Failed to read request: "
#define NAMING    "The specified name does not match the naming convention: "
#define SYSTEM_52 "The specified system name does not match the naming convention: "
#define DEVICE_52 "The specified device name does not match the naming convention: "
#define NUMBERS                                                                                    \
    "Version verification failure: the version should only contain numbers and separator "
#define ADDRESS   "Address verification failure: "
#define KEY       "Invalid metadata key: a.b, it should not contain . character"
#define NEEDED    "At least one system address is needed for every system"
#define A         "'addresses':['10.0.0.1']"
#define LONG_NAME "a23456789012345678901234567890123456789012345678901234567890123b"

static const struct qv_rules *rules_of(enum qv_dialect_id id)
{
    static struct qv_rules rules;
    rules = fixture_rules();
    rules.dialect = qv_dialect_get(id);
    return &rules;
}

static const struct {
    const char *requester, *body;
    const char *words;    /* in dialect 5.0 */
    const char *words_52; /* NULL: the same */
} refusals[] = {
    {"s", "null", FAILED "the body must be an object", NULL},
    {"s", "[]", FAILED "the body must be an object", NULL},
    {"s", "{'addresses':'10.0.0.1'}", FAILED "addresses must be a list of texts", NULL},
    {"s", "{'addresses':[{}]}", FAILED "addresses[0] must be a text", NULL},
    {"s", "{" A ",'metadata':'x'}", FAILED "metadata must be an object", NULL},
    {"s", "{" A ",'version':1.10}", FAILED "version must be a text", NULL},
    {"s", "{" A ",'deviceName':{}}", FAILED "deviceName must be a text", NULL},
    /* rows 1 and 2 */
    {" ", "{'addresses':['']}", "System name is empty", "Name is missing"},
    {LONG_NAME, "{'addresses':['']}", "System name is too long", "Address is missing"},
    {LONG_NAME, "{" A "}", "System name is too long",
     SYSTEM_52 "A23456789012345678901234567890123456789012345678901234567890123b"},
    /* rows 3 and 4 */
    {"s", "{'addresses':['10.0.0.1',null]}", "Address is missing", NULL},
    {"s", "{'addresses':[' '],'deviceName':'d','metadata':{'a.b':1}}", "Address is missing", NULL},
    {"s", "{}", NEEDED, NULL},
    {"s", "{'addresses':[],'deviceName':' ','metadata':{'a.b':1}}", NEEDED, NULL},
    /* row 5 */
    {"1s", "{" A ",'metadata':{'c':[{'a.b':1}]},'version':'x'}", KEY "!", KEY},
    {"s", "{" A ",'metadata':{'n':null,'a.b':1}}", KEY "!", KEY},
    /* rows 6 to 8 */
    {"1S", "{" A ",'version':'x'}", NAMING "1s", SYSTEM_52 "1S"},
    {"a/b", "{" A "}", NAMING "a/b", SYSTEM_52 "A/b"},
    {"s", "{'addresses':['0.0.0.0'],'version':'x.y.z'}", NUMBERS "dot characters",
     NUMBERS ". characters"},
    {"s", "{'addresses':['10.0.0.1','Bad_Host'],'deviceName':'2d'}",
     ADDRESS "bad_host is not a hostname", NULL},
    {"s", "{'addresses':['33:33:00:00:00:01']}",
     ADDRESS "33:33:00:00:00:01 MAC address is invalid: multicast address is denied", NULL},
    /* the name of a device is looked at by 5.2 alone: see below for 5.0 */
    {"s", "{" A ",'deviceName':'2d'}", NULL, DEVICE_52 "2D"},
};

static void assert_refused(enum qv_dialect_id id, size_t row, const char *words)
{
    QV_CLEANUP(qv_json) json_t *body = fixture_quoted(refusals[row].body);
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    struct qv_system_registration *registration = NULL;
    enum qv_status status = qv_system_registration_read(
        rules_of(id), qv_str_from(refusals[row].requester), body, &registration, &error);
    if (status != QV_INVALID || strcmp(qv_error_message(&error), words) != 0)
        fail_msg("%s: \"%s\" instead of \"%s\"", refusals[row].body, qv_error_message(&error),
                 words);
    assert_null(registration);
}

static void faults_are_found_in_the_references_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refusals); i++) {
        const char *words = refusals[i].words, *words_52 = refusals[i].words_52;
        if (words != NULL)
            assert_refused(QV_DIALECT_5_0, i, words);
        assert_refused(QV_DIALECT_5_2, i, words_52 != NULL ? words_52 : words);
    }
}

static struct qv_system_registration *read_good(enum qv_dialect_id id, const char *requester,
                                                const char *text)
{
    QV_CLEANUP(qv_json) json_t *body = fixture_quoted(text);
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    struct qv_system_registration *registration = NULL;
    if (qv_system_registration_read(rules_of(id), qv_str_from(requester), body, &registration,
                                    &error) != QV_OK)
        fail_msg("%s: %s", text, qv_error_message(&error));
    return registration;
}

static void documents_are_written_in_pieces(void **state)
{
    (void)state;
    static const struct {
        enum qv_dialect_id dialect;
        const char *requester, *body, *document; /* the pieces with bars between them */
    } rows[] = {
        {QV_DIALECT_5_0, "Prov",
         "{'name':'other','addresses':['81-EF-1A-44-7A-F5',' Host.Example ','::1','::1'],"
         "'metadata':{'z':1,'a':[null,5.0]},'version':' 3. ','deviceName':' Thermo '}",
         "{'name':'prov','metadata':{'z':1,'a':[null,5.0]},'version':'3.0.0'|"
         "[{'type':'MAC','address':'81:ef:1a:44:7a:f5'},{'type':'HOSTNAME','address':"
         "'host.example'},{'type':'IPV6','address':'0000:0000:0000:0000:0000:0000:0000:0001'},"
         "{'type':'IPV6','address':'0000:0000:0000:0000:0000:0000:0000:0001'}]|"
         ",'device':'thermo'}"},
        {QV_DIALECT_5_0, "p", "{" A ",'metadata':null,'version':null,'deviceName':' '}",
         "{'name':'p','version':'1.0.0'|[{'type':'IPV4','address':'10.0.0.1'}]|}"},
        {QV_DIALECT_5_0, "p", "{'metadata':{},'deviceName':'no_name!'}",
         "{'name':'p','metadata':{},'version':'1.0.0'||,'device':'no_name!'}"},
        {QV_DIALECT_5_2, "my-provider", "{'deviceName':' dev one','addresses':null}",
         "{'name':'MyProvider','version':'1.0.0'||,'device':'DEV_ONE'}"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        QV_CLEANUP(qv_system_registration)
        struct qv_system_registration *registration =
            read_good(rows[i].dialect, rows[i].requester, rows[i].body);
        QV_CLEANUP(qv_system_document) struct qv_system_document document = {0};
        qv_system_registration_write(registration, &document);
        QV_CLEANUP(qv_buf) struct qv_buf whole = {0};
        qv_buf_printf(&whole, "%s|%s|%s", document.front.at,
                      document.addresses.length > 0 ? document.addresses.at : "", document.back.at);
        for (char *at = whole.at; *at != '\0'; at++)
            *at = *at == '"' ? '\'' : *at;
        assert_string_equal(whole.at, rows[i].document);
    }
}

/* ---- comparing with what is stored ---- */

#define STORED_DEVICE                                                                              \
    ENVELOPE("{\"name\":\"d\",\"addresses\":[{\"type\":\"MAC\",\"address\":"                       \
             "\"81:ef:1a:44:7a:f5\"},{\"type\":\"IPV4\",\"address\":\"10.0.0.2\"},{\"type\":"      \
             "\"HOSTNAME\",\"address\":\"d.example\"}]}")
#define STORED_ADDRESS(type, address) "{\"type\":\"" type "\",\"address\":\"" address "\"}"
#define PLAIN                                                                                      \
    ENVELOPE("{\"name\":\"s\",\"version\":\"1.0.0\",\"addresses\":[" STORED_ADDRESS(               \
        "IPV4", "10.0.0.1") "]}")
#define RICH                                                                                       \
    ENVELOPE("{\"name\":\"s\",\"metadata\":{\"a\":1,\"o\":{\"x\":[1,2]}},\"version\":\"1.0.0\","   \
             "\"addresses\":[" STORED_ADDRESS("IPV4", "10.0.0.2") "," STORED_ADDRESS(              \
                 "HOSTNAME", "d.example") "],\"device\":\"d\"}")
#define TWICE                                                                                      \
    ENVELOPE(                                                                                      \
        "{\"name\":\"s\",\"metadata\":{},\"version\":\"1.0.0\",\"addresses\":[" STORED_ADDRESS(    \
            "IPV4",                                                                                \
            "10.0.0.1") "," STORED_ADDRESS("IPV4",                                                 \
                                           "10.0.0.1") "," STORED_ADDRESS("IPV4",                  \
                                                                          "10.0.0.3") "]}")
#define M "'metadata':{'o':{'x':[1,2]},'a':1}"

static const struct {
    const char *stored, *body;
    const char *difference; /* NULL: none */
} comparisons[] = {
    {PLAIN, "{" A "}", NULL},
    {PLAIN, "{'addresses':[' 10.0.0.1 '],'version':'1'}", NULL},
    {PLAIN, "{" A ",'metadata':{},'version':'2'}", "metadata"},
    {PLAIN, "{'addresses':['10.0.0.9'],'version':'2','deviceName':'d'}", "version"},
    {PLAIN, "{'addresses':['10.0.0.9'],'deviceName':'d'}", "address list"},
    {PLAIN, "{'addresses':['10.0.0.1','10.0.0.1']}", "address list"},
    {PLAIN, "{'deviceName':'d'}", "address list"}, /* it is on no device to inherit from */
    {PLAIN, "{" A ",'deviceName':'d'}", "device name"},
    {RICH, "{" M ",'deviceName':'D','addresses':['d.example','10.0.0.2']}", NULL},
    {RICH, "{" M ",'deviceName':'d'}", NULL},
    {RICH, "{" M ",'deviceName':'other'}", "device name"},
    {RICH, "{" M ",'addresses':['d.example','10.0.0.2']}", "device name"},
    {RICH, "{'deviceName':'d'}", "metadata"},
    {RICH, "{'metadata':{'o':{'x':[2,1]},'a':1},'deviceName':'d'}", "metadata"},
    {RICH, "{'metadata':{'o':{'x':[1,2]},'a':1.0},'deviceName':'d'}", "metadata"},
    {RICH, "{'metadata':{'o':{'x':[1,2]},'a':1,'n':null},'deviceName':'d'}", "metadata"},
    {RICH, "{" M ",'deviceName':'d','addresses':['10.0.0.2']}", "address list"},
    {TWICE, "{'metadata':{},'addresses':['10.0.0.3','10.0.0.1','10.0.0.1']}", NULL},
    {TWICE, "{'metadata':{},'addresses':['10.0.0.3','10.0.0.3','10.0.0.1']}", "address list"},
    {TWICE, "{'addresses':['10.0.0.3','10.0.0.1','10.0.0.1']}", "metadata"},
};

static struct qv_entity_head *read_entity(enum qv_kind kind, const char *id, const char *envelope)
{
    struct qv_entity_head *entity = NULL;
    assert_int_equal(qv_entity_read(kind, qv_str_from(id), qv_str_from(envelope), &entity, NULL),
                     QV_OK);
    return entity;
}

static void the_first_difference_is_named(void **state)
{
    (void)state;
    struct qv_entity_head *device = read_entity(QV_KIND_DEVICE, "d", STORED_DEVICE);
    for (size_t i = 0; i < COUNT_OF(comparisons); i++) {
        struct qv_entity_head *stored = read_entity(QV_KIND_SYSTEM, "s", comparisons[i].stored);
        const struct qv_system *system = (const struct qv_system *)stored;
        QV_CLEANUP(qv_system_registration)
        struct qv_system_registration *registration =
            read_good(QV_DIALECT_5_0, "S", comparisons[i].body);
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        enum qv_status status = qv_system_registration_compare(
            registration, system,
            system->device.length > 0 ? (const struct qv_device *)device : NULL, &error);
        char words[128] = "";
        if (comparisons[i].difference != NULL)
            snprintf(words, sizeof(words),
                     "System with name: s already exists, but provided %s is not matching",
                     comparisons[i].difference);
        if (status != (words[0] != '\0' ? QV_INVALID : QV_OK) ||
            (words[0] != '\0' && strcmp(qv_error_message(&error), words) != 0))
            fail_msg("%s: \"%s\" instead of \"%s\"", comparisons[i].body, qv_error_message(&error),
                     words);
        qv_entity_free(&stored);
    }
    qv_entity_free(&device);
}

static void the_callers_name_is_checked_as_the_dialect_does(void **state)
{
    (void)state;
    static const struct {
        enum qv_dialect_id dialect;
        const char *requester, *name, *words;
    } rows[] = {
        {QV_DIALECT_5_0, "PROV", "prov", NULL},
        {QV_DIALECT_5_0, "1_x", "1_x", NULL},
        {QV_DIALECT_5_0, " ", NULL, "System name is empty"},
        {QV_DIALECT_5_2, "my-provider", "MyProvider", NULL},
        {QV_DIALECT_5_2, "2alpha", NULL, SYSTEM_52 "2alpha"},
        {QV_DIALECT_5_2, "", NULL, "Name is missing"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char *name = NULL;
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        enum qv_status status = qv_system_name_read(rules_of(rows[i].dialect),
                                                    qv_str_from(rows[i].requester), &name, &error);
        assert_int_equal(status, rows[i].name != NULL ? QV_OK : QV_INVALID);
        if (rows[i].name != NULL)
            assert_string_equal(name, rows[i].name);
        else
            assert_string_equal(qv_error_message(&error), rows[i].words);
        qv_free(name);
    }
}

static void names_that_keep_their_case_are_folded(void **state)
{
    (void)state;
    QV_CLEANUP(qv_buf) struct qv_buf none = {0}, folded = {0};
    qv_system_name_fold(qv_dialect_get(QV_DIALECT_5_0), QV_STR("prov"), &none);
    assert_int_equal(none.length, 0);
    qv_system_name_fold(qv_dialect_get(QV_DIALECT_5_2), QV_STR("AlphaBETA"), &folded);
    assert_string_equal(folded.at, "alphabeta");
}

static void survives_every_failed_allocation(void **state)
{
    (void)state;
    QV_CLEANUP(qv_json)
    json_t *body = fixture_quoted("{" M ",'addresses':['d.example','10.0.0.2'],'deviceName':'d'}");
    struct qv_entity_head *stored = read_entity(QV_KIND_SYSTEM, "s", RICH);
    enum qv_status status = QV_NO_MEMORY;
    size_t nth = 1;
    for (; status != QV_OK; nth++) {
        struct qv_system_registration *registration = NULL;
        qv_memory_fail_at(nth);
        status = qv_system_registration_read(rules_of(QV_DIALECT_5_0), QV_STR("s"), body,
                                             &registration, NULL);
        if (status == QV_OK)
            status = qv_system_registration_compare(registration, (const struct qv_system *)stored,
                                                    NULL, NULL);
        qv_memory_fail_at(0);
        assert_true(status == QV_OK || status == QV_NO_MEMORY);
        qv_system_registration_free(&registration);
        assert_true(nth < 500);
    }
    assert_true(nth > 20);
    qv_entity_free(&stored);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_are_found_in_the_references_order),
        cmocka_unit_test(documents_are_written_in_pieces),
        cmocka_unit_test(the_first_difference_is_named),
        cmocka_unit_test(the_callers_name_is_checked_as_the_dialect_does),
        cmocka_unit_test(names_that_keep_their_case_are_folded),
        cmocka_unit_test(survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
