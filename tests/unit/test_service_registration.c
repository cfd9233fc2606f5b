// links: domain
/*
 * Register requests: the rows of spec 3.2 in their order, what is normalized, what is stored.
 */
#include "domain_fixture.h"

#define OK_PROPERTIES                                                                              \
    "'properties':{'accessAddresses':['192.168.56.116'],'accessPort':8080,'basePath':'/k'}"
#define OK_INTERFACE                                                                               \
    "{'templateName':'generic-http','protocol':'http','policy':'NONE'," OK_PROPERTIES "}"
#define OK_INTERFACES "'interfaces':[" OK_INTERFACE "]"
#define DEFINITION    "'serviceDefinitionName':'kelvin-info'"
#define A64           "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/** One interface of generic-http with these properties. */
#define WITH(properties)                                                                           \
    "{" DEFINITION ",'interfaces':[{'templateName':'generic-http','policy':'NONE',"                \
    "'properties':{" properties "}}]}"
/** One interface with these members and good properties. */
#define INTERFACE(members) "{" DEFINITION ",'interfaces':[{" members "," OK_PROPERTIES "}]}"

/* 2026-01-31T12:00:00Z */
static const struct qv_wall now = {.seconds = 1769860800};

static enum qv_status read_as(const struct qv_rules *rules, const char *requester,
                              const json_t *body, struct qv_service_registration **ret_registration,
                              struct qv_error *error)
{
    struct fixture_templates templates;
    fixture_templates_load(&templates);
    enum qv_status status = qv_service_registration_read(
        rules, &templates.source, qv_str_from(requester), body, now, ret_registration, error);
    fixture_templates_free(&templates);
    return status;
}

static struct qv_service_registration *read_good(const struct qv_rules *rules, const char *text)
{
    QV_CLEANUP(qv_json) json_t *body = fixture_quoted(text);
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    struct qv_service_registration *registration = NULL;
    if (read_as(rules, "prov", body, &registration, &error) != QV_OK)
        fail_msg("%s: %s", text, qv_error_message(&error));
    return registration;
}

static void assert_refused(const struct qv_rules *rules, const char *requester, const char *text,
                           const char *words)
{
    QV_CLEANUP(qv_json) json_t *body = fixture_quoted(text);
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    struct qv_service_registration *registration = NULL;
    enum qv_status status = read_as(rules, requester, body, &registration, &error);
    if (status != QV_INVALID || strcmp(qv_error_message(&error), words) != 0)
        fail_msg("%s: \"%s\" instead of \"%s\"", text, qv_error_message(&error), words);
    assert_null(registration);
}

/* ---- refusals ---- */

#define FAILED            "Failed to read request: "
#define PAST              "Expiration time is in the past"
#define NO_TIME           "Expiration time has an invalid time format"
#define NO_NAME           "The specified name does not match the naming convention: "
#define KEY(key)          "Invalid metadata key: " key ", it should not contain . character!"
#define MISSING(property) property " interface property is missing for generic-http"

static const struct {
    const char *body, *words;
} refusals[] = {
    /* decoding comes before every rule */
    {"null", FAILED "the body must be an object"},
    {"[]", FAILED "the body must be an object"},
    {"'x'", FAILED "the body must be an object"},
    {"{'serviceDefinitionName':['x']," OK_INTERFACES "}",
     FAILED "serviceDefinitionName must be a text"},
    {"{'serviceDefinitionName':{}," OK_INTERFACES "}",
     FAILED "serviceDefinitionName must be a text"},
    {"{" DEFINITION ",'version':1.10," OK_INTERFACES "}", FAILED "version must be a text"},
    {"{'metadata':[]}", FAILED "metadata must be an object"},
    {"{'metadata':''}", FAILED "metadata must be an object"},
    {"{'interfaces':{}}", FAILED "interfaces must be a list of objects"},
    {"{'interfaces':''}", FAILED "interfaces must be a list of objects"},
    {"{'interfaces':[{},'']}", FAILED "interfaces[1] must be an object"},
    {"{'interfaces':[{},null]}", FAILED "interfaces[1] must be an object"},
    {"{'interfaces':[[]]}", FAILED "interfaces[0] must be an object"},
    {"{'interfaces':[{'policy':[]}]}", FAILED "interfaces[0].policy must be a text"},
    {"{'interfaces':[{},{'properties':[]}]}", FAILED "interfaces[1].properties must be an object"},
    /* rows 2 to 4 */
    {"{" OK_INTERFACES "}", "Service definition name is empty"},
    {"{'serviceDefinitionName':null," OK_INTERFACES "}", "Service definition name is empty"},
    {"{'serviceDefinitionName':' '," OK_INTERFACES "}", "Service definition name is empty"},
    {"{'ServiceDefinitionName':'x'," OK_INTERFACES "}", "Service definition name is empty"},
    {"{'serviceDefinitionName':'1" A64 "'}", "Service definition name is too long"},
    {"{'serviceDefinitionName':' kelvin'," OK_INTERFACES "}", NO_NAME " kelvin"},
    {"{'serviceDefinitionName':5," OK_INTERFACES "}", NO_NAME "5"},
    {"{'serviceDefinitionName':true,'expiresAt':'x'}", NO_TIME}, /* the name is "true" */
    {"{'serviceDefinitionName':'1x','expiresAt':'x'," OK_INTERFACES "}", NO_NAME "1x"},
    /* rows 5 and 6, and the year's end */
    {"{" DEFINITION ",'expiresAt':'2030-01-01','metadata':{'a.b':1}}", NO_TIME},
    {"{" DEFINITION ",'expiresAt':' 2030-01-01T00:00:00Z'}", NO_TIME},
    {"{" DEFINITION ",'expiresAt':5}", NO_TIME},
    {"{" DEFINITION ",'expiresAt':'2026-01-31T11:59:59Z','metadata':{'a.b':1}}", PAST},
    {"{" DEFINITION ",'expiresAt':'2026-01-31T11:59:59.999Z'}", PAST},
    {"{" DEFINITION ",'expiresAt':'-0001-01-01T00:00:00Z'}", PAST},
    {"{" DEFINITION ",'expiresAt':'+10000-01-01T00:00:00Z'}",
     "Expiration time is after the year 9999"},
    /* rows 7 and 8 */
    {"{" DEFINITION ",'metadata':{'a.b':1},'interfaces':[]}", KEY("a.b")},
    {"{" DEFINITION ",'metadata':{'n':null,'a.b':1}}", KEY("a.b")},
    {"{" DEFINITION ",'metadata':{'a':{'n':null,'x':{'b.c':1}},'y.z':2}}", KEY("b.c")},
    {"{" DEFINITION ",'metadata':{'l':[1,[{'y.z':null}]]}}", KEY("y.z")},
    {"{" DEFINITION "}", "Service interface list is empty"},
    {"{" DEFINITION ",'interfaces':[]}", "Service interface list is empty"},
    {"{" DEFINITION ",'interfaces':null,'version':'x'}", "Service interface list is empty"},
    /* rows 9 to 13, of each interface before any later row */
    {INTERFACE("'policy':''"), "Interface template name is missing"},
    {INTERFACE("'templateName':'t','policy':' '"), "Interface policy is missing"},
    {"{" DEFINITION ",'interfaces':[{'templateName':'t','policy':'x','properties':{}}]}",
     "Invalid interface policy"},
    {INTERFACE("'templateName':'t','policy':' NONE'"), "Invalid interface policy"},
    {"{" DEFINITION ",'interfaces':[{'templateName':'t','policy':'NONE','properties':{}}]}",
     "Interface properties are missing"},
    {"{" DEFINITION ",'interfaces':[{'templateName':'t','policy':'NONE'}]}",
     "Interface properties are missing"},
    {WITH("'x':{'n':null,'y.z':1}"), KEY("y.z")},
    {"{" DEFINITION ",'version':'x','interfaces':[" OK_INTERFACE ",{}]}",
     "Interface template name is missing"},
    /* row 14 */
    {"{" DEFINITION
     ",'version':'1.2.3.4','interfaces':[{'templateName':'1x','policy':'NONE'," OK_PROPERTIES "}]}",
     "Version verification failure: version must contain exactly 2 separator . characters"},
    /* rows 15 and 16 */
    {INTERFACE("'templateName':'Generic Http','policy':'NONE'"), NO_NAME "generic http"},
    {INTERFACE("'templateName':'1" A64 A64 A64 A64 "','policy':'NONE'"),
     NO_NAME "1" A64 A64 A64 A64},
    {INTERFACE("'templateName':'" A64 A64 A64 A64 "','policy':'NONE'"),
     "Interface template name is too long"},
    /* rows 17 to 20, and 25 behind all of them */
    {INTERFACE("'templateName':'tmpl','policy':'NONE','protocol':' '"),
     "Interface protocol is missing"},
    {INTERFACE("'templateName':'tmpl','policy':'NONE','protocol':'" A64 "'"),
     "Interface protocol is too long"},
    {"{" DEFINITION ",'interfaces':[{'templateName':'tmpl','policy':'NONE','protocol':'coap',"
     "'properties':{'host':'bad_host','" A64 "':1}}]}",
     "Interface property name is too long"},
    {"{" DEFINITION ",'interfaces':[{'templateName':'tmpl','policy':'NONE','protocol':'coap',"
     "'properties':{'x':1,'HOST':'bad_host'}}]}",
     "Address verification failure: bad_host is not a hostname"},
    {"{" DEFINITION ",'interfaces':[{'templateName':'Tmpl','policy':'NONE','protocol':'coap',"
     "'properties':{'x':1}}," OK_INTERFACE "]}",
     "Interface template not exists: tmpl"},
    {"{" DEFINITION ",'interfaces':[{'templateName':'tmpl','policy':'NONE','protocol':'coap',"
     "'properties':{'x':1}},{'templateName':'generic-http','policy':'NONE','properties':{'x':1}}]}",
     MISSING("accessAddresses")},
    {"{" DEFINITION ",'metadata':{'allow-exclusivity':1},'interfaces':[{'templateName':'tmpl',"
     "'policy':'NONE','protocol':'coap','properties':{'x':1}}]}",
     "allow-exclusivity metadata must have integer value."},
    /* row 21 */
    {"{" DEFINITION ",'interfaces':[{'templateName':'generic-http','protocol':'X','policy':'NONE',"
     "'properties':{'x':1}}]}",
     "x protocol is invalid for generic-http"},
    /* rows 22 and 23, property by property */
    {WITH("'accessPort':0"), MISSING("accessAddresses")},
    {WITH("'accessAddresses':null,'accessPort':0"), MISSING("accessAddresses")},
    {WITH("'accessAddresses':[]"), "Property value should be a non-empty list of strings"},
    {WITH("'accessAddresses':['a']"), MISSING("accessPort")},
    {WITH("'accessAddresses':['a'],'accessPort':0"), "Invalid property value"},
    {WITH("'accessAddresses':['a'],'accessPort':1,'operations':5"), MISSING("basePath")},
    {WITH("'accessAddresses':['a'],'accessPort':1,'basePath':'','operations':5"),
     "Property value should be a map of operations"},
    /* the first alias beside the template's own is checked, too */
    {WITH("'host':'bad_host','accessAddresses':['a'],'accessPort':0"),
     "Address verification failure: bad_host is not a hostname"},
    {WITH("'hosts':['a',5,''],'accessAddresses':['a'],'accessPort':0"),
     "Address verification failure:  is not a hostname"},
    /* row 24 */
    {"{" DEFINITION ",'metadata':{'allow-exclusivity':null}," OK_INTERFACES "}",
     "allow-exclusivity metadata must have integer value."},
    {"{" DEFINITION ",'metadata':{'allow-exclusivity':''}," OK_INTERFACES "}",
     "allow-exclusivity metadata must have integer value."},
    {"{" DEFINITION ",'metadata':{'allow-exclusivity':'1.0'}," OK_INTERFACES "}",
     "allow-exclusivity metadata must have integer value."},
    {"{" DEFINITION ",'metadata':{'allow-exclusivity':'2147483648'}," OK_INTERFACES "}",
     "allow-exclusivity metadata must have integer value."},
    {"{" DEFINITION ",'metadata':{'allow-exclusivity':'-2147483649'}," OK_INTERFACES "}",
     "allow-exclusivity metadata must have integer value."},
};

static void faults_are_found_in_the_references_order(void **state)
{
    (void)state;
    struct qv_rules rules = fixture_rules();
    for (size_t i = 0; i < COUNT_OF(refusals); i++) {
        assert_refused(&rules, "prov", refusals[i].body, refusals[i].words);
    }
}

static void a_requester_has_a_name(void **state)
{
    (void)state;
    struct qv_rules rules = fixture_rules();
    assert_refused(&rules, " ", "{}", "System name is empty");
    assert_refused(&rules, "", "{" DEFINITION "," OK_INTERFACES "}", "System name is empty");
    assert_refused(&rules, "", "{'metadata':5}", FAILED "metadata must be an object");
}

static void addresses_follow_the_rules_of_the_operator(void **state)
{
    (void)state;
    struct qv_rules rules = fixture_rules();
    rules.self_addressing = false;
    assert_refused(&rules, "prov", WITH("'accessAddresses':['LoopBack'],'accessPort':0"),
                   "Address verification failure: loopback hostname is invalid: self-addressing is "
                   "disabled");
}

/* ---- what is accepted ---- */

static void texts_are_normalized(void **state)
{
    (void)state;
    struct qv_rules rules = fixture_rules();
    QV_CLEANUP(qv_json)
    json_t *body = fixture_quoted(
        "{'serviceDefinitionName':'Kelvin-Info','version':2,'expiresAt':'',"
        "'metadata':null,'provider':'x','interfaces':[{'templateName':"
        "' Generic-HTTP ','protocol':' HTTP ','policy':'cert_auth'," OK_PROPERTIES "}]}");
    QV_CLEANUP(qv_service_registration) struct qv_service_registration *registration = NULL;
    assert_int_equal(read_as(&rules, " Prov-1 ", body, &registration, NULL), QV_OK);
    assert_string_equal(registration->provider, "prov-1");
    assert_string_equal(registration->definition, "kelvin-info");
    assert_string_equal(registration->version, "2.0.0");
    assert_string_equal(registration->instance_id, "prov-1::kelvin-info::2.0.0");
    assert_false(registration->expires);
    assert_null(registration->metadata);
    assert_int_equal(registration->interface_count, 1);
    assert_string_equal(registration->interfaces[0].template_name, "generic-http");
    assert_string_equal(registration->interfaces[0].protocol, "http");
    assert_string_equal(registration->interfaces[0].policy, "CERT_AUTH");
    assert_true(registration->interfaces[0].template_known);
}

static void the_protocol_is_the_templates(void **state)
{
    (void)state;
    struct qv_rules rules = fixture_rules();
    QV_CLEANUP(qv_service_registration)
    struct qv_service_registration *registration =
        read_good(&rules, INTERFACE("'templateName':'generic-https','policy':'NONE'"));
    assert_string_equal(registration->interfaces[0].protocol, "https");
}

static void all_policies_of_the_draft_are_taken(void **state)
{
    (void)state;
    static const char *const policies[] = {"NONE",
                                           "cert_auth",
                                           "TOKEN_AUTH",
                                           "Time_Limited_Token_Auth",
                                           "USAGE_LIMITED_TOKEN_AUTH",
                                           "JSON_WEB_TOKEN_AUTH"};
    struct qv_rules rules = fixture_rules();
    for (size_t i = 0; i < COUNT_OF(policies); i++) {
        char text[512];
        snprintf(text, sizeof(text), INTERFACE("'templateName':'generic-http','policy':'%s'"),
                 policies[i]);
        QV_CLEANUP(qv_service_registration)
        struct qv_service_registration *registration = read_good(&rules, text);
        assert_int_equal(strcasecmp(registration->interfaces[0].policy, policies[i]), 0);
    }
}

static void properties_come_in_the_order_of_an_answer(void **state)
{
    (void)state;
    struct qv_rules rules = fixture_rules();
    QV_CLEANUP(qv_service_registration)
    struct qv_service_registration *registration = read_good(
        &rules, WITH("'z':{'b':1,'a':null},'basePath':5,'operations':{'Q':{'method':'get','path':"
                     "'/q'}},'accessPort':80,'a':1.0,'accessAddresses':['A.example']"));
    fixture_assert_json(registration->interfaces[0].properties,
                        "{'accessAddresses':['a.example'],'accessPort':80,'operations':{'q':{"
                        "'path':'/q','method':'GET'}},'basePath':5,'z':{'b':1,'a':null},'a':1.0}");
}

static void an_optional_null_is_kept(void **state)
{
    (void)state;
    struct qv_rules rules = fixture_rules();
    QV_CLEANUP(qv_service_registration)
    struct qv_service_registration *registration = read_good(
        &rules, WITH("'accessAddresses':['a'],'accessPort':80,'basePath':'','operations':null"));
    fixture_assert_json(
        registration->interfaces[0].properties,
        "{'accessAddresses':['a'],'accessPort':80,'operations':null,'basePath':''}");
}

/* Beside the template's own addresses others are judged, but stored as they were sent. */
static void other_addresses_stay_as_they_were_sent(void **state)
{
    (void)state;
    struct qv_rules rules = fixture_rules();
    QV_CLEANUP(qv_service_registration)
    struct qv_service_registration *registration = read_good(
        &rules,
        WITH("'host':' HOST.example ','accessAddresses':['a'],'accessPort':80,'basePath':''"));
    fixture_assert_json(json_object_get(registration->interfaces[0].properties, "host"),
                        "' HOST.example '");
}

static void exclusivity_is_an_integer_in_text(void **state)
{
    (void)state;
    static const char *const good[] = {"10", "-10", "+7", "0", "2147483647", "-2147483648"};
    struct qv_rules rules = fixture_rules();
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        char text[512];
        snprintf(text, sizeof(text),
                 "{" DEFINITION ",'metadata':{'allow-exclusivity':'%s'}," OK_INTERFACES "}",
                 good[i]);
        QV_CLEANUP(qv_service_registration)
        struct qv_service_registration *registration = read_good(&rules, text);
        assert_non_null(registration->metadata);
    }
}

/* Under another interface_policy the template is brought along; its addresses are normalized. */
static void an_unknown_template_may_be_brought_along(void **state)
{
    (void)state;
    struct qv_rules rules = fixture_rules();
    rules.interface_policy = QV_INTERFACE_OPEN;
    QV_CLEANUP(qv_service_registration)
    struct qv_service_registration *registration = read_good(
        &rules, "{" DEFINITION ",'interfaces':[{'templateName':'tmpl','policy':'NONE','protocol':"
                "' CoAP ','properties':{'x':1,'host':' A.example.org ','port':5683}},{"
                "'templateName':'tmpl','policy':'NONE','protocol':'coap','properties':{"
                "'Addresses':['::1',5,'81-EF-1A-44-7A-F5'],'host':'bad_host'}}]}");
    const struct qv_interface *first = &registration->interfaces[0];
    assert_false(first->template_known);
    assert_string_equal(first->protocol, "coap");
    fixture_assert_json(first->properties, "{'x':1,'host':'a.example.org','port':5683}");
    fixture_assert_json(registration->interfaces[1].properties,
                        "{'Addresses':['0000:0000:0000:0000:0000:0000:0000:0001',"
                        "'81:ef:1a:44:7a:f5'],'host':'bad_host'}");
    assert_int_equal(registration->new_template_count, 1);
}

static void the_body_is_not_changed(void **state)
{
    (void)state;
    static const char *text = WITH("'accessAddresses':['A'],'accessPort':80,'basePath':''");
    struct qv_rules rules = fixture_rules();
    QV_CLEANUP(qv_json) json_t *body = fixture_quoted(text);
    QV_CLEANUP(qv_service_registration) struct qv_service_registration *registration = NULL;
    assert_int_equal(read_as(&rules, "prov", body, &registration, NULL), QV_OK);
    fixture_assert_json(body, text);
}

/* ---- documents ---- */

#define STORY                                                                                      \
    "{" DEFINITION ",'version':'','expiresAt':'2030-01-01T00:00:00.75Z','metadata':{'m':0.5,"      \
    "'n':null},'interfaces':[" OK_INTERFACE ",{'templateName':'generic-mqtt','policy':'NONE',"     \
    "'properties':{'accessAddresses':['::1','B.example','192.168.56.116'],'accessPort':1883,"      \
    "'baseTopic':'k/','operations':['q']}}]}"

static void the_stored_document_is_complete(void **state)
{
    (void)state;
    struct qv_rules rules = fixture_rules();
    QV_CLEANUP(qv_service_registration)
    struct qv_service_registration *registration = read_good(&rules, STORY);
    assert_true(registration->expires);
    assert_int_equal(registration->expires_at.nanoseconds, 750000000);
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    qv_service_registration_write(registration, &buf);
    QV_CLEANUP(qv_json) json_t *doc = fixture_json(buf.at);
    fixture_assert_json(
        doc, "{'instanceId':'prov::kelvin-info::1.0.0','provider':'prov','serviceDefinition':"
             "'kelvin-info','version':'1.0.0','expiresAt':'2030-01-01T00:00:00Z','metadata':{'m':"
             "0.5,'n':null},'interfaces':[{'templateName':'generic-http','protocol':'http',"
             "'policy':'NONE'," OK_PROPERTIES "},{'templateName':'generic-mqtt','protocol':'tcp',"
             "'policy':'NONE','properties':{'accessAddresses':['0000:0000:0000:0000:0000:0000:"
             "0000:0001','b.example','192.168.56.116'],'accessPort':1883,'operations':['q'],"
             "'baseTopic':'k/'}}]}");
}

static void what_was_not_given_is_not_stored(void **state)
{
    (void)state;
    struct qv_rules rules = fixture_rules();
    QV_CLEANUP(qv_service_registration)
    struct qv_service_registration *registration =
        read_good(&rules, "{" DEFINITION "," OK_INTERFACES "}");
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    qv_service_registration_write(registration, &buf);
    QV_CLEANUP(qv_json) json_t *doc = fixture_json(buf.at);
    assert_null(json_object_get(doc, "expiresAt"));
    assert_null(json_object_get(doc, "metadata"));
    assert_int_equal(json_object_size(doc), 5);
}

static void a_provider_gets_the_interfaces_addresses(void **state)
{
    (void)state;
    struct qv_rules rules = fixture_rules();
    QV_CLEANUP(qv_service_registration)
    struct qv_service_registration *registration = read_good(&rules, STORY);
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    qv_service_registration_write_provider(&rules, registration, &buf);
    QV_CLEANUP(qv_json) json_t *doc = fixture_json(buf.at);
    fixture_assert_json(
        doc, "{'name':'prov','version':'1.0.0','addresses':[{'type':'IPV4','address':"
             "'192.168.56.116'},{'type':'IPV6','address':'0000:0000:0000:0000:0000:0000:0000:0001'"
             "},{'type':'HOSTNAME','address':'b.example'}],'automatic':true}");
}

static void a_provider_gets_only_good_addresses(void **state)
{
    (void)state;
    QV_CLEANUP(qv_json)
    json_t *template_ = fixture_quoted("{'name':'loose','protocol':'x','properties':[]}");
    struct fixture_templates templates = {.source = {.find = fixture_find}, .count = 1};
    assert_int_equal(qv_template_read(template_, &templates.at[0], NULL), QV_OK);
    QV_CLEANUP(qv_json)
    json_t *body = fixture_quoted(
        "{" DEFINITION ",'interfaces':[{'templateName':'loose','policy':'NONE','properties':"
        "{'x':'c','hosts':['bad_host',7,' A ','81-EF-1A-44-7A-F5','a'],'host':'b'}},"
        "{'templateName':'loose','policy':'NONE','properties':{'x':1}}]}");
    struct qv_rules rules = fixture_rules();
    QV_CLEANUP(qv_service_registration) struct qv_service_registration *registration = NULL;
    assert_int_equal(qv_service_registration_read(&rules, &templates.source, QV_STR("p"), body, now,
                                                  &registration, NULL),
                     QV_OK);
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    qv_service_registration_write_provider(&rules, registration, &buf);
    QV_CLEANUP(qv_json) json_t *doc = fixture_json(buf.at);
    fixture_assert_json(json_object_get(doc, "addresses"),
                        "[{'type':'HOSTNAME','address':'a'},"
                        "{'type':'MAC','address':'81:ef:1a:44:7a:f5'}]");
    fixture_templates_free(&templates);
}

static void aliases_are_found_in_the_order_of_properties(void **state)
{
    (void)state;
    static const struct {
        const char *properties, *name;
    } cases[] = {
        {"{'x':1,'HOST':'a','address':'b'}", "HOST"},
        {"{'host':' ','address':'b'}", "address"},
        {"{'host':[],'address':[1],'hosts':[1,'']}", "hosts"},
        {"{'host':5,'address':{'a':'b'},'hostname':'c'}", NULL},
    };
    struct qv_rules rules = fixture_rules();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        QV_CLEANUP(qv_json) json_t *properties = fixture_quoted(cases[i].properties);
        const char *name = NULL;
        const json_t *value = qv_interface_addresses(&rules, properties, &name);
        assert_int_equal(value != NULL, cases[i].name != NULL);
        if (value != NULL)
            assert_string_equal(name, cases[i].name);
    }
}

/* ---- memory ---- */

static void registration_when_memory_runs_out(void **state)
{
    (void)state;
    struct qv_rules rules = fixture_rules();
    rules.interface_policy = QV_INTERFACE_EXTENDABLE;
    struct fixture_templates templates;
    fixture_templates_load(&templates);
    QV_CLEANUP(qv_json)
    json_t *body = fixture_quoted(
        "{" DEFINITION ",'version':2,'metadata':{'a':1},'interfaces':[" OK_INTERFACE
        ",{'templateName':'tmpl','policy':'none','protocol':'x','properties':{'host':['::1'],"
        "'y':1}},{'templateName':'generic-mqtt','policy':'NONE','properties':{'accessAddresses':"
        "['a'],'accessPort':1,'baseTopic':'','operations':['q','r']}},{'templateName':"
        "'generic-http','policy':'NONE','properties':{'accessAddresses':['a'],'accessPort':1,"
        "'basePath':'','operations':{'q':{'path':5,'method':'get'}}}}]}");
    size_t nth = 1;
    for (bool failed = true; failed; nth++) {
        QV_CLEANUP(qv_service_registration) struct qv_service_registration *registration = NULL;
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        qv_memory_fail_at(nth);
        enum qv_status status = qv_service_registration_read(
            &rules, &templates.source, QV_STR("prov"), body, now, &registration, &error);
        failed = status != QV_OK;
        bool met = qv_memory_count() >= nth;
        qv_memory_fail_at(0);
        assert_int_equal(status, met ? QV_NO_MEMORY : QV_OK);
        assert_true((registration == NULL) == failed);
    }
    assert_true(nth > 50); /* the sweep met the whole of it */
    fixture_templates_free(&templates);
}

static void documents_when_memory_runs_out(void **state)
{
    (void)state;
    struct qv_rules rules = fixture_rules();
    QV_CLEANUP(qv_service_registration)
    struct qv_service_registration *registration = read_good(&rules, STORY);
    for (size_t nth = 1;; nth++) {
        QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
        qv_memory_fail_at(nth);
        qv_service_registration_write_provider(&rules, registration, &buf);
        bool met = qv_memory_count() >= nth;
        qv_memory_fail_at(0);
        assert_int_equal(qv_buf_status(&buf), met ? QV_NO_MEMORY : QV_OK);
        if (!met)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_are_found_in_the_references_order),
        cmocka_unit_test(a_requester_has_a_name),
        cmocka_unit_test(addresses_follow_the_rules_of_the_operator),
        cmocka_unit_test(texts_are_normalized),
        cmocka_unit_test(the_protocol_is_the_templates),
        cmocka_unit_test(all_policies_of_the_draft_are_taken),
        cmocka_unit_test(properties_come_in_the_order_of_an_answer),
        cmocka_unit_test(an_optional_null_is_kept),
        cmocka_unit_test(other_addresses_stay_as_they_were_sent),
        cmocka_unit_test(exclusivity_is_an_integer_in_text),
        cmocka_unit_test(an_unknown_template_may_be_brought_along),
        cmocka_unit_test(the_body_is_not_changed),
        cmocka_unit_test(the_stored_document_is_complete),
        cmocka_unit_test(what_was_not_given_is_not_stored),
        cmocka_unit_test(a_provider_gets_the_interfaces_addresses),
        cmocka_unit_test(a_provider_gets_only_good_addresses),
        cmocka_unit_test(aliases_are_found_in_the_order_of_properties),
        cmocka_unit_test(registration_when_memory_runs_out),
        cmocka_unit_test(documents_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
