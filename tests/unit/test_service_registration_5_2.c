// links: domain
/*
 * Register requests in dialect 5.2 (spec 3.14): which rows are gone, which come later, and how
 * names and policies are taken.
 */
#include "domain_fixture.h"

#define PROPERTIES         "'properties':{'accessAddresses':['10.0.0.1'],'accessPort':8080,'basePath':'/k'}"
#define INTERFACE(members) "{" members "," PROPERTIES "}"
#define GOOD               INTERFACE("'templateName':'generic_http','policy':'NONE'")
#define BRIDGE             INTERFACE("'templateName':'generic_http','policy':'Translation_Bridge_Token_Auth'")
#define DEFINITION         "'serviceDefinitionName':'kelvin-info'"
#define WITH(members)      "{" DEFINITION "," members ",'interfaces':[" GOOD "]}"
#define ONE(interface)     "{" DEFINITION ",'interfaces':[" interface "]}"
#define A64                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

#define NO(kind) "The specified " kind " does not match the naming convention: "
#define NO_INTEGER                                                                                 \
    "allowExclusivity metadata must have the string representation of an integer value."
#define NO_OFFER "Invalid interface policy: TRANSLATION_BRIDGE_TOKEN_AUTH"
#define NO_VERSION                                                                                 \
    "Version verification failure: the version should only contain numbers and separator . "       \
    "characters"

/* 2026-01-31T12:00:00Z */
static const struct qv_wall now = {.seconds = 1769860800};

static enum qv_status read_as(const struct qv_rules *rules, const char *requester, const char *text,
                              struct qv_service_registration **ret_registration,
                              struct qv_error *error)
{
    struct fixture_templates templates;
    fixture_templates_load_of(&templates, rules->dialect);
    QV_CLEANUP(qv_json) json_t *body = fixture_quoted(text);
    enum qv_status status = qv_service_registration_read(
        rules, &templates.source, qv_str_from(requester), body, now, ret_registration, error);
    fixture_templates_free(&templates);
    return status;
}

static const struct {
    const char *requester, *body, *words;
} refusals[] = {
    /* as it was sent: neither name is looked at */
    {"2a", "{'serviceDefinitionName':' '}", "Service definition name is empty"},
    {" ", "{'serviceDefinitionName':' '}", "System name is empty"},
    {"2a", "{'serviceDefinitionName':'2b','expiresAt':'x'}",
     "Expiration time has an invalid time format"},
    {"a", WITH("'metadata':{'a':{'n':null,'x.y':1}}"),
     "Invalid metadata key: x.y, it should not contain . character"},
    {"2a", ONE(INTERFACE("'templateName':'t','policy':'JSON_WEB_TOKEN_AUTH'")),
     "Invalid interface policy"},
    {"a", ONE("{'templateName':'t','policy':'NONE','properties':{'a.b':1}}"),
     "Invalid metadata key: a.b, it should not contain . character"},
    /* normalized: caller, definition, version, interfaces */
    {"2a", "{'serviceDefinitionName':'2b','version':'x','interfaces':[" GOOD "]}",
     NO("system name") "2a"},
    {"a.b", ONE(GOOD), NO("system name") "A.b"},
    {"a", "{'serviceDefinitionName':'2b','version':'x','interfaces':[" GOOD "]}",
     NO("service definition name") "2b"},
    {"a", "{'serviceDefinitionName':'" A64 "','interfaces':[" GOOD "]}",
     NO("service definition name") A64},
    {"a",
     "{" DEFINITION
     ",'version':'x','interfaces':[" INTERFACE("'templateName':'2x','policy':'NONE'") "]}",
     NO_VERSION},
    {"a", ONE(INTERFACE("'templateName':'Generic.HTTP','policy':'NONE'")),
     NO("interface template name") "generic.http"},
    {"a", ONE(INTERFACE("'templateName':'" A64 "','policy':'NONE'")),
     NO("interface template name") A64},
    {"a", ONE(INTERFACE("'templateName':'new','policy':'NONE'")), "Interface protocol is missing"},
    {"a", ONE(INTERFACE("'templateName':'generic_http','protocol':'https','policy':'NONE'")),
     "https protocol is invalid for generic_http"},
    {"a", ONE("{'templateName':'generic-http','policy':'NONE','properties':{'basePath':''}}"),
     "accessAddresses interface property is missing for generic_http"},
    /* then policies, then exclusivity, then templates */
    {"a", ONE(BRIDGE ",{'templateName':'generic_http','policy':'NONE','properties':{'a':1}}"),
     "accessAddresses interface property is missing for generic_http"},
    {"a", "{" DEFINITION ",'metadata':{'allowExclusivity':1},'interfaces':[" GOOD "," BRIDGE "]}",
     NO_OFFER},
    {"a", WITH("'metadata':{'allowExclusivity':10}"), NO_INTEGER},
    {"a", WITH("'metadata':{'allowExclusivity':null}"), NO_INTEGER},
    {"a", WITH("'metadata':{'allowExclusivity':''}"), NO_INTEGER},
    {"a", WITH("'metadata':{'allowExclusivity':'1.0'}"), NO_INTEGER},
    {"a", WITH("'metadata':{'allowExclusivity':'2147483648'}"), NO_INTEGER},
    {"a",
     "{" DEFINITION ",'metadata':{'allowExclusivity':1},'interfaces':[" INTERFACE(
         "'templateName':'new','protocol':'x','policy':'NONE'") "]}",
     NO_INTEGER},
    {"a", ONE(INTERFACE("'templateName':'New-One','protocol':'x','policy':'NONE'")),
     "Interface template does not exist: new_one"},
};

static void faults_are_found_in_the_references_order(void **state)
{
    (void)state;
    struct qv_rules rules = fixture_rules_5_2();
    for (size_t i = 0; i < COUNT_OF(refusals); i++) {
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        struct qv_service_registration *registration = NULL;
        enum qv_status status =
            read_as(&rules, refusals[i].requester, refusals[i].body, &registration, &error);
        if (status != QV_INVALID || strcmp(qv_error_message(&error), refusals[i].words) != 0)
            fail_msg("%s: \"%s\" instead of \"%s\"", refusals[i].body, qv_error_message(&error),
                     refusals[i].words);
        assert_null(registration);
    }
}

static struct qv_service_registration *read_good(const struct qv_rules *rules,
                                                 const char *requester, const char *text)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    struct qv_service_registration *registration = NULL;
    if (read_as(rules, requester, text, &registration, &error) != QV_OK)
        fail_msg("%s: %s", text, qv_error_message(&error));
    return registration;
}

static void names_are_converted(void **state)
{
    (void)state;
    struct qv_rules rules = fixture_rules_5_2();
    QV_CLEANUP(qv_service_registration)
    struct qv_service_registration *registration =
        read_good(&rules, "temperature-provider2",
                  "{'serviceDefinitionName':' Kelvin Info ','version':2,'interfaces':["
                  "{'templateName':'Generic-HTTP','protocol':' HTTP ','policy':'cert_auth',"
                  "'properties':{'accessAddresses':['10.0.0.1'],'accessPort':8080,'basePath':'/k',"
                  "'operations':{'Query_Temp':{'path':'/q','method':'get'}}}}]}");
    assert_string_equal(registration->provider, "TemperatureProvider2");
    assert_string_equal(registration->definition, "kelvinInfo");
    assert_string_equal(registration->instance_id, "TemperatureProvider2|kelvinInfo|2.0.0");
    assert_null(registration->metadata);
    const struct qv_interface *interface = &registration->interfaces[0];
    assert_string_equal(interface->template_name, "generic_http");
    assert_string_equal(interface->protocol, "http");
    assert_string_equal(interface->policy, "CERT_AUTH");
    assert_true(interface->template_known);
    assert_int_equal(registration->new_template_count, 0);
    fixture_assert_json(json_object_get(interface->properties, "operations"),
                        "{'query-temp':{'path':'/q','method':'GET'}}");
}

static void simple_normalization_converts_nothing(void **state)
{
    (void)state;
    struct qv_rules rules = fixture_rules_5_2();
    rules.dialect = qv_dialect_find(QV_DIALECT_5_2, QV_NORMALIZATION_SIMPLE);
    QV_CLEANUP(qv_service_registration)
    struct qv_service_registration *registration =
        read_good(&rules, " Alpha ",
                  "{'serviceDefinitionName':' kelvinInfo ','interfaces':[" INTERFACE(
                      "'templateName':' generic_http ','policy':'NONE'") "]}");
    assert_string_equal(registration->instance_id, "Alpha|kelvinInfo|1.0.0");
    assert_string_equal(registration->interfaces[0].template_name, "generic_http");
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    struct qv_service_registration *refused = NULL;
    assert_int_equal(read_as(&rules, "Alpha", ONE(GOOD), &refused, &error), QV_INVALID);
    assert_string_equal(qv_error_message(&error), NO("service definition name") "kelvin-info");
}

static void all_policies_but_one_are_offered(void **state)
{
    (void)state;
    static const char *const policies[] = {"none",
                                           "CERT_AUTH",
                                           "TIME_LIMITED_TOKEN_AUTH",
                                           "USAGE_LIMITED_TOKEN_AUTH",
                                           "BASE64_SELF_CONTAINED_TOKEN_AUTH",
                                           "Rsa_Sha256_Json_Web_Token_Auth",
                                           "RSA_SHA512_JSON_WEB_TOKEN_AUTH"};
    struct qv_rules rules = fixture_rules_5_2();
    for (size_t i = 0; i < COUNT_OF(policies); i++) {
        char text[512];
        snprintf(text, sizeof(text), ONE(INTERFACE("'templateName':'generic_http','policy':'%s'")),
                 policies[i]);
        QV_CLEANUP(qv_service_registration)
        struct qv_service_registration *registration = read_good(&rules, "a", text);
        assert_int_equal(strcasecmp(registration->interfaces[0].policy, policies[i]), 0);
    }
}

static void exclusivity_is_an_integer_in_text(void **state)
{
    (void)state;
    static const char *const good[] = {"10", "-10", "+7"};
    struct qv_rules rules = fixture_rules_5_2();
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        char text[512];
        snprintf(text, sizeof(text), WITH("'metadata':{'allowExclusivity':'%s'}"), good[i]);
        QV_CLEANUP(qv_service_registration)
        struct qv_service_registration *registration = read_good(&rules, "a", text);
        assert_non_null(registration->metadata);
    }
    /* the other dialect's member is one like any other */
    QV_CLEANUP(qv_service_registration)
    struct qv_service_registration *registration =
        read_good(&rules, "a", WITH("'metadata':{'allow-exclusivity':1}"));
    assert_non_null(registration->metadata);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_are_found_in_the_references_order),
        cmocka_unit_test(names_are_converted),
        cmocka_unit_test(simple_normalization_converts_nothing),
        cmocka_unit_test(all_policies_but_one_are_offered),
        cmocka_unit_test(exclusivity_is_an_integer_in_text),
    };
    return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
