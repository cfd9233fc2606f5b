// links: domain
/*
 * Lookup requests: the rows of spec 3.11 in their order, and what becomes of the ten filters.
 */
#include "domain_fixture.h"

#define P "'providerNames':['x']"
#define NO_FILTER                                                                                  \
    "One of the following filters must be used: 'instanceIds', 'providerNames', "                  \
    "'serviceDefinitionNames'"
#define FAILED  "Failed to read request: "
#define NO_TIME "Alive time has an invalid time format"

static const struct {
    const char *body, *words;
} refusals[] = {
    {"null", FAILED "the body must be an object"},
    {"[]", FAILED "the body must be an object"},
    {"5", FAILED "the body must be an object"},
    {"{'providerNames':'x'}", FAILED "providerNames must be a list of texts"},
    {"{'providerNames':''}", FAILED "providerNames must be a list of texts"},
    {"{'providerNames':{}}", FAILED "providerNames must be a list of texts"},
    {"{'providerNames':[null,1.5]}", FAILED "providerNames[1] must be a text"},
    {"{'versions':[[]]}", FAILED "versions[0] must be a text"},
    {"{'alivesAt':{}}", FAILED "alivesAt must be a text"},
    {"{'metadataRequirementsList':{}}",
     FAILED "metadataRequirementsList must be a list of objects"},
    {"{'metadataRequirementsList':[{},'']}",
     FAILED "metadataRequirementsList[1] must be an object"},
    {"{'interfacePropertyRequirementsList':[1]}",
     FAILED "interfacePropertyRequirementsList[0] must be an object"},
    /* row 1 */
    {"{}", NO_FILTER},
    {"{'instanceIds':[],'providerNames':null,'serviceDefinitionNames':[]}", NO_FILTER},
    {"{'versions':[''],'policies':['x']}", NO_FILTER},
    {"{'providernames':['x']}", NO_FILTER},
    /* rows 2 to 5 */
    {"{" P ",'instanceIds':['a',null]}", "Instance id list contains null or empty element"},
    {"{'providerNames':[' '],'serviceDefinitionNames':['']}",
     "Provider name list contains null or empty element"},
    {"{" P ",'serviceDefinitionNames':[''],'versions':['']}",
     "Service definition name list contains null or empty element"},
    {"{" P ",'versions':[''],'alivesAt':'x'}", "Version list contains null or empty element"},
    /* row 6 */
    {"{" P ",'alivesAt':'x','metadataRequirementsList':[null]}", NO_TIME},
    {"{" P ",'alivesAt':' 2030-01-01T00:00:00Z'}", NO_TIME},
    /* rows 7 to 13 */
    {"{" P ",'metadataRequirementsList':[{},null],'addressTypes':['']}",
     "Metadata requirements list contains null element"},
    {"{" P ",'addressTypes':['x',' ']}", "Address type list contains null or empty element"},
    {"{" P ",'addressTypes':['IPV4','IPv5'],'interfaceTemplateNames':['']}",
     "Address type list contains invalid element: IPv5"},
    {"{" P ",'addressTypes':[' IPV4']}", "Address type list contains invalid element:  IPV4"},
    {"{" P ",'interfaceTemplateNames':[''],'interfacePropertyRequirementsList':[null]}",
     "Interface template list contains null or empty element"},
    {"{" P ",'interfacePropertyRequirementsList':[null],'policies':[null]}",
     "Interface property requirements list contains null element"},
    {"{" P ",'policies':['x',null]}", "Policy list contains null or empty element"},
    {"{" P ",'policies':['NONE','NONE ']}", "Policy list contains invalid element: NONE "},
    /* requirements are read when all else is well, whatever is stored */
    {"{" P ",'metadataRequirementsList':[{'i':{'op':'LESS','value':1}}],'policies':['x']}",
     "Policy list contains invalid element: x"},
    {"{" P ",'metadataRequirementsList':[{'i':5},{'i':{'op':'LESS','value':1}}]}",
     "Invalid metadata operation requirement: LESS"},
    {"{" P ",'interfacePropertyRequirementsList':[{'i':{'op':'LESS','value':1}}]}",
     "Invalid metadata operation requirement: LESS"},
};

static void assert_refused(const struct qv_rules *rules, const char *text, const char *words)
{
    QV_CLEANUP(qv_json) json_t *body = fixture_quoted(text);
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    struct qv_service_query *query = NULL;
    enum qv_status status = qv_service_query_read(rules, body, &query, &error);
    if (status != QV_INVALID || strcmp(qv_error_message(&error), words) != 0)
        fail_msg("%s: \"%s\" instead of \"%s\"", text, qv_error_message(&error), words);
    assert_null(query);
}

static void faults_are_found_in_the_references_order(void **state)
{
    (void)state;
    struct qv_rules rules = fixture_rules();
    for (size_t i = 0; i < COUNT_OF(refusals); i++)
        assert_refused(&rules, refusals[i].body, refusals[i].words);
}

/* Dialect 5.2 checks what a lookup names, after all that was checked as it was sent, list by list
 * (spec 3.14). */
#define NO(kind) "The specified " kind " does not match the naming convention: "
#define ALL_BAD                                                                                    \
    "'instanceIds':['a|b|1','x'],'providerNames':['a','2a'],'serviceDefinitionNames':['2b'],"      \
    "'versions':['x'],'interfaceTemplateNames':['2c'],"                                            \
    "'policies':['NONE','translation_bridge_token_auth'],"                                         \
    "'metadataRequirementsList':[{'i':{'op':'LESS','value':1}}]"

static const struct {
    const char *body, *words;
} refusals_5_2[] = {
    {"{" ALL_BAD ",'addressTypes':['x']}", "Address type list contains invalid element: x"},
    {"{'providerNames':['a'],'policies':['TOKEN_AUTH']}",
     "Policy list contains invalid element: TOKEN_AUTH"},
    {"{" ALL_BAD "}", NO("service instance identifier") "X"},
    {"{'instanceIds':['a|2b|1']}", NO("service definition name") "2b"},
    {"{'instanceIds':['a||1']}", NO("service definition name") "null"},
    {"{'instanceIds':['|b|1']}", NO("system name") "null"},
    {"{'instanceIds':['a|b|1|']}", NO("service instance identifier") "A|b|1.0.0"},
    {"{'instanceIds':['a|b|']}", NO("service instance identifier") "A|b"},
    {"{'instanceIds':['a::b::1.0.0']}", NO("service instance identifier") "A::b::1.0.0"},
    {"{'providerNames':['a','2a'],'serviceDefinitionNames':['2b'],'versions':['x']}",
     NO("system name") "2a"},
    {"{'serviceDefinitionNames':['2b'],'versions':['x']}", NO("service definition name") "2b"},
    {"{'providerNames':['a'],'versions':['1.2.3.4'],'interfaceTemplateNames':['2c']}",
     "Version verification failure: version must contain exactly 2 separator . characters"},
    {"{'providerNames':['a'],'interfaceTemplateNames':['2c'],'policies':["
     "'TRANSLATION_BRIDGE_TOKEN_AUTH']}",
     NO("interface template name") "2c"},
    {"{'providerNames':['a'],'policies':['translation_bridge_token_auth']}",
     "Invalid interface policy: TRANSLATION_BRIDGE_TOKEN_AUTH"},
    {"{'providerNames':['a'],'metadataRequirementsList':[{'i':{'op':'LESS','value':1}}]}",
     "Invalid metadata operation requirement: LESS"},
};

static void the_other_dialect_checks_what_is_named(void **state)
{
    (void)state;
    struct qv_rules rules = fixture_rules_5_2();
    for (size_t i = 0; i < COUNT_OF(refusals_5_2); i++)
        assert_refused(&rules, refusals_5_2[i].body, refusals_5_2[i].words);
}

static struct qv_service_query *read_by(const struct qv_rules *rules, const char *text)
{
    QV_CLEANUP(qv_json) json_t *body = fixture_quoted(text);
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    struct qv_service_query *query = NULL;
    if (qv_service_query_read(rules, body, &query, &error) != QV_OK)
        fail_msg("%s: %s", text, qv_error_message(&error));
    return query;
}

static struct qv_service_query *read_good(const char *text)
{
    struct qv_rules rules = fixture_rules();
    return read_by(&rules, text);
}

#define ALL                                                                                        \
    "{'instanceIds':[' A::B::1 ','c'],'providerNames':[' PROV ',5,true],"                          \
    "'serviceDefinitionNames':['Kelvin-Info'],'versions':['1',2,' 3.4 '],"                         \
    "'alivesAt':'2030-01-01T00:00:00.5Z','metadataRequirementsList':[{},{'a':1}],"                 \
    "'addressTypes':['ipv4','Hostname','IPV4'],'interfaceTemplateNames':[' Generic-HTTP '],"       \
    "'interfacePropertyRequirementsList':[{'accessPort':8443}],'policies':['none','Cert_Auth'],"   \
    "'page':0}"

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
    QV_CLEANUP(qv_service_query) struct qv_service_query *query = read_good(ALL);
    assert_texts(&query->instance_ids, TEXTS("a::b::1", "c"));
    assert_texts(&query->providers, TEXTS("prov", "5", "true"));
    assert_texts(&query->definitions, TEXTS("kelvin-info"));
    assert_texts(&query->versions, TEXTS("1.0.0", "2.0.0", "3.4.0"));
    assert_true(query->has_alives_at);
    assert_int_equal(query->alives_at.seconds, 1893456000);
    assert_int_equal(query->alives_at.nanoseconds, 500000000);
    assert_int_equal(query->metadata_count, 2);
    assert_int_equal(query->address_types, QV_ADDRESS_IPV4 | QV_ADDRESS_HOSTNAME);
    assert_texts(&query->templates, TEXTS("generic-http"));
    assert_int_equal(query->property_count, 1);
    assert_texts(&query->policies, TEXTS("NONE", "CERT_AUTH"));
}

static void filters_of_the_other_dialect(void **state)
{
    (void)state;
    struct qv_rules rules = fixture_rules_5_2();
    QV_CLEANUP(qv_service_query)
    struct qv_service_query *query = read_by(
        &rules, "{'instanceIds':['temperature-provider2|kelvin-info|1'],'providerNames':[' a b '],"
                "'serviceDefinitionNames':['Kelvin_Info'],'versions':['2'],"
                "'interfaceTemplateNames':['Generic-HTTP'],'policies':['cert_auth']}");
    assert_texts(&query->instance_ids, TEXTS("TemperatureProvider2|kelvinInfo|1.0.0"));
    assert_texts(&query->providers, TEXTS("AB"));
    assert_texts(&query->definitions, TEXTS("kelvinInfo"));
    assert_texts(&query->versions, TEXTS("2.0.0"));
    assert_texts(&query->templates, TEXTS("generic_http"));
    assert_texts(&query->policies, TEXTS("CERT_AUTH"));
}

static void requirements_are_ready_to_match(void **state)
{
    (void)state;
    QV_CLEANUP(qv_service_query) struct qv_service_query *query = read_good(ALL);
    QV_CLEANUP(qv_json) json_t *secure = fixture_quoted("{'accessPort':8443}");
    QV_CLEANUP(qv_json) json_t *plain = fixture_quoted("{'accessPort':8080}");
    assert_true(qv_requirement_matches(query->metadata[0], NULL));
    assert_false(qv_requirement_matches(query->metadata[1], secure));
    assert_true(qv_requirement_matches(query->properties[0], secure));
    assert_false(qv_requirement_matches(query->properties[0], plain));
}

static void empty_members_do_not_filter(void **state)
{
    (void)state;
    QV_CLEANUP(qv_service_query)
    struct qv_service_query *query =
        read_good("{" P ",'versions':[],'alivesAt':' ','metadataRequirementsList':[],"
                  "'addressTypes':null,'policies':[]}");
    assert_int_equal(query->versions.count, 0);
    assert_false(query->has_alives_at);
    assert_int_equal(query->metadata_count, 0);
    assert_int_equal(query->address_types, 0);
    assert_int_equal(query->policies.count, 0);
}

/* Any year may be asked for, also one that has passed. */
static void alive_at_any_time(void **state)
{
    (void)state;
    static const char *const times[] = {"0000-01-01T00:00:00Z", "-0001-01-01T00:00:00Z",
                                        "+12030-01-01T00:00:00Z", "2030-01-01T18:00:00+18:00",
                                        "2029-12-31T23:59:60Z"};
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        char text[128];
        snprintf(text, sizeof(text), "{" P ",'alivesAt':'%s'}", times[i]);
        QV_CLEANUP(qv_service_query) struct qv_service_query *query = read_good(text);
        assert_true(query->has_alives_at);
    }
}

static void query_when_memory_runs_out(void **state)
{
    (void)state;
    struct qv_rules rules = fixture_rules();
    QV_CLEANUP(qv_json) json_t *body = fixture_quoted(ALL);
    size_t nth = 1;
    for (bool failed = true; failed; nth++) {
        QV_CLEANUP(qv_service_query) struct qv_service_query *query = NULL;
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        qv_memory_fail_at(nth);
        enum qv_status status = qv_service_query_read(&rules, body, &query, &error);
        failed = status != QV_OK;
        bool met = qv_memory_count() >= nth;
        qv_memory_fail_at(0);
        assert_int_equal(status, met ? QV_NO_MEMORY : QV_OK);
        assert_true((query == NULL) == failed);
    }
    assert_true(nth > 20); /* the sweep met the whole of it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_are_found_in_the_references_order),
        cmocka_unit_test(the_other_dialect_checks_what_is_named),
        cmocka_unit_test(filters_are_normalized),
        cmocka_unit_test(filters_of_the_other_dialect),
        cmocka_unit_test(requirements_are_ready_to_match),
        cmocka_unit_test(empty_members_do_not_filter),
        cmocka_unit_test(alive_at_any_time),
        cmocka_unit_test(query_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
