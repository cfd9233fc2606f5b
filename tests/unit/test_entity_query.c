// links: domain
/*
 * Lookups of systems and devices: the rows of spec 4.2 and 4.5 in their order, in both dialects,
 * and what becomes of the filters.
 */
#include "domain_fixture.h"

#include <quiver/domain/device.h>
#include <quiver/domain/system.h>

#define FAILED    "Failed to read request: "
#define SYSTEM_52 "The specified system name does not match the naming convention: "
#define DEVICE_52 "The specified device name does not match the naming convention: "
#define ADDRESS   "Address verification failure: "
#define VERSION                                                                                    \
    "Version verification failure: version must contain exactly 2 separator . characters"
#define NO_NAME   "System name list contains null or empty element"
#define NO_DEVICE "Device name list contains null or empty element"
#define NO_PLACE  "Address list contains null or empty element"
#define BAD       "{'i':{'op':'ALMOST','value':1}}"

static const struct qv_rules *rules_of(enum qv_dialect_id id)
{
    static struct qv_rules rules;
    rules = fixture_rules();
    rules.dialect = qv_dialect_get(id);
    return &rules;
}

enum { DEVICES, SYSTEMS };

static const struct {
    int of;
    const char *body;
    const char *words;    /* in dialect 5.0; NULL: taken */
    const char *words_52; /* NULL: the same */
} refusals[] = {
    {SYSTEMS, "[]", FAILED "the body must be an object", NULL},
    {SYSTEMS, "{'systemNames':'x'}", FAILED "systemNames must be a list of texts", NULL},
    {SYSTEMS, "{'addressType':[]}", FAILED "addressType must be a text", NULL},
    {SYSTEMS, "{'metadataRequirementList':{}}",
     FAILED "metadataRequirementList must be a list of objects", NULL},
    /* as they were sent, in the order of the members */
    {SYSTEMS, "{'systemNames':['a',' '],'addresses':['']}", NO_NAME, NULL},
    {SYSTEMS, "{'systemNames':[null]}", NO_NAME, NULL},
    {SYSTEMS, "{'addresses':['10.0.0.1',null],'addressType':'x'}", NO_PLACE, NULL},
    {SYSTEMS, "{'addressType':' IPV4','metadataRequirementList':[null]}",
     "Invalid address type:  IPV4", NULL},
    {SYSTEMS, "{'metadataRequirementList':[{},null],'versions':[null]}",
     "Metadata requirement list contains null element", NULL},
    {SYSTEMS, "{'versions':['',null],'deviceNames':['']}", "Version list contains null element",
     NULL},
    {SYSTEMS, "{'deviceNames':[' '],'versions':['1.2.3.4']}", NO_DEVICE, NULL},
    /* normalized: names, typed addresses, versions, device names, requirements */
    {SYSTEMS, "{'systemNames':['2x'],'addressType':'MAC','addresses':['10.0.0.1']}",
     ADDRESS "10.0.0.1 is not MAC address", SYSTEM_52 "2x"},
    {SYSTEMS, "{'addressType':'ipv4','addresses':['10.0.0.1','::1'],'versions':['1.2.3.4']}",
     ADDRESS "0000:0000:0000:0000:0000:0000:0000:0001 is not IPv4 address", NULL},
    {SYSTEMS, "{'versions':[' ','1.2.3.4'],'deviceNames':['2d']}", VERSION, NULL},
    {SYSTEMS, "{'deviceNames':['2d'],'metadataRequirementList':[" BAD "]}",
     "Invalid metadata operation requirement: ALMOST", DEVICE_52 "2D"},
    {SYSTEMS, "{'systemNames':['2x'],'deviceNames':['d_']}", NULL, SYSTEM_52 "2x"},
    {DEVICES, "{'deviceNames':['']}", NO_DEVICE, NULL},
    {DEVICES, "{'addresses':[' ']}", NO_PLACE, NULL},
    {DEVICES, "{'addressType':'x'}", "Invalid address type: x", NULL},
    {DEVICES, "{'metadataRequirementList':[null]}",
     "Metadata requirement list contains null element", NULL},
    {DEVICES, "{'deviceNames':['2dev'],'addressType':'IPV4','addresses':['x']}",
     ADDRESS "x is not IPv4 address", DEVICE_52 "2DEV"},
    {DEVICES, "{'metadataRequirementList':[{'a':1}," BAD "]}",
     "Invalid metadata operation requirement: ALMOST", NULL},
};

static enum qv_status read_either(int of, enum qv_dialect_id id, const json_t *body,
                                  struct qv_error *error)
{
    QV_CLEANUP(qv_system_query) struct qv_system_query *systems = NULL;
    QV_CLEANUP(qv_device_query) struct qv_device_query *devices = NULL;
    enum qv_status status = of == SYSTEMS
                                ? qv_system_query_read(rules_of(id), body, &systems, error)
                                : qv_device_query_read(rules_of(id), body, &devices, error);
    assert_int_equal(systems != NULL || devices != NULL, status == QV_OK);
    return status;
}

static void assert_refused(size_t row, enum qv_dialect_id id, const char *words)
{
    QV_CLEANUP(qv_json) json_t *body = fixture_quoted(refusals[row].body);
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    enum qv_status status = read_either(refusals[row].of, id, body, &error);
    if (status != (words != NULL ? QV_INVALID : QV_OK) ||
        (words != NULL && strcmp(qv_error_message(&error), words) != 0))
        fail_msg("%s: \"%s\" instead of \"%s\"", refusals[row].body, qv_error_message(&error),
                 words != NULL ? words : "nothing");
}

static void faults_are_found_in_the_references_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refusals); i++) {
        const char *words = refusals[i].words, *words_52 = refusals[i].words_52;
        assert_refused(i, QV_DIALECT_5_0, words);
        assert_refused(i, QV_DIALECT_5_2, words_52 != NULL ? words_52 : words);
    }
}

static void assert_texts(const struct qv_strings *list, const char *const *expected)
{
    size_t count = 0;
    for (; expected[count] != NULL; count++) {
        assert_true(count < list->count);
        assert_string_equal(list->at[count], expected[count]);
    }
    assert_int_equal(list->count, count);
}

#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void filters_are_normalized(void **state)
{
    (void)state;
    QV_CLEANUP(qv_json)
    json_t *body = fixture_quoted(
        "{'systemNames':[' PROV ',5],'addresses':['81-EF-1A-44-7A-F5','Bad_Host','10.0.0.1'],"
        "'addressType':'','metadataRequirementList':[{},{'a':1}],'versions':['',2],"
        "'deviceNames':['Thermo'],'page':1}");
    QV_CLEANUP(qv_system_query) struct qv_system_query *query = NULL;
    assert_int_equal(qv_system_query_read(rules_of(QV_DIALECT_5_0), body, &query, NULL), QV_OK);
    assert_texts(&query->names, TEXTS("prov", "5"));
    assert_texts(&query->versions, TEXTS("1.0.0", "2.0.0"));
    assert_texts(&query->devices, TEXTS("thermo"));
    assert_texts(&query->filters.addresses, TEXTS("10.0.0.1", "81:ef:1a:44:7a:f5", "bad_host"));
    assert_int_equal(query->filters.address_types, 0);
    assert_int_equal(query->filters.metadata_count, 2);
}

static void without_a_body_nothing_is_filtered(void **state)
{
    (void)state;
    QV_CLEANUP(qv_system_query) struct qv_system_query *systems = NULL;
    QV_CLEANUP(qv_device_query) struct qv_device_query *devices = NULL;
    assert_int_equal(qv_system_query_read(rules_of(QV_DIALECT_5_0), NULL, &systems, NULL), QV_OK);
    assert_int_equal(qv_device_query_read(rules_of(QV_DIALECT_5_0), NULL, &devices, NULL), QV_OK);
    bool matches = false;
    assert_int_equal(systems->names.count + devices->names.count, 0);
    assert_true(qv_filters_match_addresses(&systems->filters, QV_STR("")));
    assert_int_equal(qv_filters_match_metadata(&devices->filters, QV_STR(""), &matches), QV_OK);
    assert_true(matches);
}

#define LIST                                                                                       \
    "[{\"type\":\"IPV4\",\"address\":\"10.0.0.1\"},{\"type\":\"HOSTNAME\",\"address\":"            \
    "\"ipv6.example\"}]"

static void written_lists_are_looked_through(void **state)
{
    (void)state;
    static const struct {
        const char *body, *list;
        bool matches;
    } rows[] = {
        {"{}", LIST, true},
        {"{}", "[]", true},
        {"{'addresses':['10.0.0.1']}", LIST, true},
        {"{'addresses':['x','IPV6.example']}", LIST, true},
        {"{'addresses':['10.0.0.11','0.0.0.1','HOSTNAME']}", LIST, false},
        {"{'addresses':['10.0.0.1']}", "[]", false},
        {"{'addresses':['10.0.0.1\\'},{\\'type\\':\\'IPV4']}", LIST, false},
        {"{'addressType':'hostname'}", LIST, true},
        {"{'addressType':'IPV6'}", LIST, false},
        {"{'addressType':'MAC'}", "[]", false},
        {"{'addressType':'IPV4','addresses':['10.0.0.1']}", LIST, true},
        {"{'addressType':'IPV4','addresses':['10.0.0.2']}", LIST, false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        QV_CLEANUP(qv_json) json_t *body = fixture_quoted(rows[i].body);
        QV_CLEANUP(qv_device_query) struct qv_device_query *query = NULL;
        assert_int_equal(qv_device_query_read(rules_of(QV_DIALECT_5_0), body, &query, NULL), QV_OK);
        if (qv_filters_match_addresses(&query->filters, qv_str_from(rows[i].list)) !=
            rows[i].matches)
            fail_msg("%s in %s", rows[i].body, rows[i].list);
    }
}

static void metadata_that_is_no_json_is_not_the_callers_fault(void **state)
{
    (void)state;
    QV_CLEANUP(qv_json) json_t *body = fixture_quoted("{'metadataRequirementList':[{'a':1}]}");
    QV_CLEANUP(qv_device_query) struct qv_device_query *query = NULL;
    assert_int_equal(qv_device_query_read(rules_of(QV_DIALECT_5_0), body, &query, NULL), QV_OK);
    bool matches = false;
    static const struct {
        const char *json;
        enum qv_status status;
        bool matches;
    } rows[] = {{"{\"a\":1}", QV_OK, true},
                {"{\"a\":1.0}", QV_OK, false},
                {"", QV_OK, false},
                {"{", QV_INTERNAL, false}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(
            qv_filters_match_metadata(&query->filters, qv_str_from(rows[i].json), &matches),
            rows[i].status);
        if (rows[i].status == QV_OK)
            assert_int_equal(matches, rows[i].matches);
    }
}

static void survives_every_failed_allocation(void **state)
{
    (void)state;
    QV_CLEANUP(qv_json)
    json_t *body = fixture_quoted("{'systemNames':['a'],'addresses':['::1'],'versions':['1'],"
                                  "'deviceNames':['d'],'metadataRequirementList':[{'a':1}]}");
    for (int of = DEVICES; of <= SYSTEMS; of++) {
        enum qv_status status = QV_NO_MEMORY;
        size_t nth = 1;
        for (; status != QV_OK; nth++) {
            qv_memory_fail_at(nth);
            status = read_either(of, QV_DIALECT_5_0, body, NULL);
            qv_memory_fail_at(0);
            assert_true(status == QV_OK || status == QV_NO_MEMORY);
            assert_true(nth < 500);
        }
        assert_true(nth > 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_are_found_in_the_references_order),
        cmocka_unit_test(filters_are_normalized),
        cmocka_unit_test(without_a_body_nothing_is_filtered),
        cmocka_unit_test(written_lists_are_looked_through),
        cmocka_unit_test(metadata_that_is_no_json_is_not_the_callers_fault),
        cmocka_unit_test(survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
