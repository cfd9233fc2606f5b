// links: domain
/*
 * Property validators (spec 3.8), each through a template whose one property it checks.
 */
#include "domain_fixture.h"

#define ADDRESSES "NOT_EMPTY_ADDRESS_LIST"
#define SET       "NOT_EMPTY_STRING_SET"
#define NAMES     "NOT_EMPTY_STRING_SET|NAME"
#define HTTP      "HTTP_OPERATIONS"

#define NO_LIST      "Property value should be a list of strings"
#define NO_SET       "Property value should be a set of string values"
#define NO_INTEGER   "Property value should be an integer"
#define NO_NUMBER    "Property value should be a number"
#define NO_BOUNDS    "Invalid minimum and/or maximum values"
#define OUT_OF_RANGE "Invalid property value"
#define NO_NAME      "The specified name does not match the naming convention: "
#define NO_RECORD    "Value should be a HttpOperationModel record"

static const struct {
    const char *validator, *value;
    const char *stored; /**< NULL: refused */
    const char *fault;
} cases[] = {
    {ADDRESSES, "['192.168.1.1']", "['192.168.1.1']", NULL},
    {ADDRESSES, "[' 192.168.1.1 ','TP2.Greenhouse.COM','::1','192.168.1.1']",
     "['192.168.1.1','tp2.greenhouse.com','0000:0000:0000:0000:0000:0000:0000:0001',"
     "'192.168.1.1']",
     NULL},
    {ADDRESSES, "'192.168.1.1'", NULL, NO_LIST},
    {ADDRESSES, "5", NULL, NO_LIST},
    {ADDRESSES, "{}", NULL, NO_LIST},
    {ADDRESSES, "true", NULL, NO_LIST},
    {ADDRESSES, "[1]", NULL, NO_LIST},
    {ADDRESSES, "['a',null]", NULL, NO_LIST},
    {ADDRESSES, "['a',['b']]", NULL, NO_LIST},
    {ADDRESSES, "['bad_host',1]", NULL, NO_LIST},
    {ADDRESSES, "[]", NULL, "Property value should be a non-empty list of strings"},
    {ADDRESSES, "['']", NULL, "Property value should be a list of non-blank strings"},
    {ADDRESSES, "['a',' ']", NULL, "Property value should be a list of non-blank strings"},
    {ADDRESSES, "['81ef.1a44.7af5']", NULL, "Unacceptable address type in property value: MAC"},
    {ADDRESSES, "['a','0.0.0.0']", NULL,
     "Address verification failure: 0.0.0.0 IPv4 address is invalid: placeholder address is "
     "denied"},

    {"PORT", "1", "1", NULL},
    {"PORT", "65535", "65535", NULL},
    {"PORT", "0", NULL, OUT_OF_RANGE},
    {"PORT", "-80", NULL, OUT_OF_RANGE},
    {"PORT", "65536", NULL, OUT_OF_RANGE},
    {"PORT", "9223372036854775807", NULL, OUT_OF_RANGE},
    {"PORT", "80.0", NULL, NO_INTEGER},
    {"PORT", "1e3", NULL, NO_INTEGER},
    {"PORT", "'8080'", NULL, NO_INTEGER},
    {"PORT", "true", NULL, NO_INTEGER},
    {"PORT", "[80]", NULL, NO_INTEGER},

    {"MINMAX|1|10", "1", "1", NULL},
    {"MINMAX|1|10", "10", "10", NULL},
    {"MINMAX|1|10", "5.5", "5.5", NULL},
    {"MINMAX|-1.5|1.5", "-1.5", "-1.5", NULL},
    {"MINMAX|-9223372036854775808|-9223372036854775807", "-9223372036854775808",
     "-9223372036854775808", NULL},
    {"MINMAX|1|10", "0", NULL, OUT_OF_RANGE},
    {"MINMAX|1|10", "11", NULL, OUT_OF_RANGE},
    {"MINMAX|1|10", "10.5", NULL, OUT_OF_RANGE},
    {"MINMAX|1.5|10", "5", NULL, NO_BOUNDS}, /* an integer needs integer bounds */
    {"MINMAX|a|10", "5", NULL, NO_BOUNDS},
    {"MINMAX|a|10", "5.5", NULL, NO_BOUNDS},
    {"MINMAX|1|", "5", NULL, NO_BOUNDS},
    {"MINMAX|1|true", "5", NULL, NO_BOUNDS},
    {"MINMAX|1", "5", NULL, "Missing minimum and/or maximum values"},
    {"MINMAX", "5", NULL, "Missing minimum and/or maximum values"},
    {"MINMAX", "'5'", NULL, NO_NUMBER},
    {"MINMAX|1|10", "[]", NULL, NO_NUMBER},

    {SET, "['b','a',' b ','B']", "['b','a','B']", NULL},
    {SET, "'b'", NULL, NO_SET},
    {SET, "{}", NULL, NO_SET},
    {SET, "[]", NULL, "Property value should be a non-empty set"},
    {SET, "[5]", NULL, "Value should be a string"},
    {SET, "['b',null]", NULL, "Value should be a string"},
    {SET, "['b',' ']", NULL, "Value should be a non-empty string"},
    {NAMES, "['Query','query',' set-x ']", "['query','set-x']", NULL},
    {NAMES, "['']", NULL, NO_NAME},
    {NAMES, "[' a_b ']", NULL, NO_NAME "a_b"},
    {NAMES, "['1']", NULL, NO_NAME "1"},
    {NAMES, "[['query']]", NULL, "Value should be a string"},

    {HTTP, "{'query':{'method':'GET','path':'/query'}}",
     "{'query':{'path':'/query','method':'GET'}}", NULL},
    {HTTP, "{' Query ':{'path':' query ','method':' get '}}",
     "{'query':{'path':'query','method':'GET'}}", NULL},
    {HTTP, "{'b':{'path':5,'method':'PATCH'},'a':{'path':true,'method':'trace'}}",
     "{'b':{'path':'5','method':'PATCH'},'a':{'path':'true','method':'TRACE'}}", NULL},
    {HTTP, "{'a':{'path':'/1','method':'GET'},'A':{'path':'/2','method':'PUT'}}",
     "{'a':{'path':'/2','method':'PUT'}}", NULL},
    {HTTP, "[]", NULL, "Property value should be a map of operations"},
    {HTTP, "'x'", NULL, "Property value should be a map of operations"},
    {HTTP, "{}", NULL, "Property value should be a non-empty map"},
    {HTTP, "{'a_b':{'path':'/','method':'GET'}}", NULL, NO_NAME "a_b"},
    {HTTP, "{' ':{'path':'/','method':'GET'}}", NULL, NO_NAME},
    {HTTP, "{'a':null}", NULL, NO_RECORD},
    {HTTP, "{'a':'GET'}", NULL, NO_RECORD},
    {HTTP, "{'a':[]}", NULL, NO_RECORD},
    {HTTP, "{'a':{}}", NULL, NO_RECORD},
    {HTTP, "{'a':{'path':'/'}}", NULL, NO_RECORD},
    {HTTP, "{'a':{'method':'GET'}}", NULL, NO_RECORD},
    {HTTP, "{'a':{'path':null,'method':'GET'}}", NULL, NO_RECORD},
    {HTTP, "{'a':{'path':' ','method':'GET'}}", NULL, NO_RECORD},
    {HTTP, "{'a':{'path':'/','method':''}}", NULL, NO_RECORD},
    {HTTP, "{'a':{'path':'/','method':'FETCH'}}", NULL, NO_RECORD},
    {HTTP, "{'a':{'path':'/','method':'GET','x':1}}", NULL, NO_RECORD},
    {HTTP, "{'a':{'path':[],'method':'GET'}}", NULL, NO_RECORD},
    {HTTP, "{'a':{'path':1.5,'method':'GET'}}", NULL, NO_RECORD},
};

/* Where dialect 5.2 differs. */
#define OPERATIONS   "NOT_EMPTY_STRING_SET|OPERATION"
#define NO_SET_5_2   "Property value should be a set/list of string values"
#define NO_OPERATION "The specified service operation name does not match the naming convention: "

static const struct {
    const char *validator, *value;
    const char *stored; /**< NULL: refused */
    const char *fault;
} cases_5_2[] = {
    {ADDRESSES, "['10.host.example']", NULL,
     "Address verification failure: 10.host.example is not a hostname"},
    {ADDRESSES, "['a1.2.3']", "['a1.2.3']", NULL},

    {SET, "['b','a',' b ','B_1']", "['b','a','B_1']", NULL},
    {SET, "'b'", NULL, NO_SET_5_2},
    {SET, "[]", NULL, "Property value should be a non-empty set/list"},
    {SET, "[' ']", NULL, "Value should be a non-empty string"},
    {NAMES, "['a_b']", "['a_b']", NULL}, /* the other dialect's argument */
    {OPERATIONS, "['Query_Temp','q t','query-temp']", "['query-temp','q-t']", NULL},
    {OPERATIONS, "['']", NULL, NO_OPERATION "null"},
    {OPERATIONS, "[' 2_B ']", NULL, NO_OPERATION "2-b"},
    {OPERATIONS, "['q',5]", NULL, "Value should be a string"},

    {HTTP, "{'Query_Temp':{'path':' /q ','method':' get '}}",
     "{'query-temp':{'path':'/q','method':'GET'}}", NULL},
    {HTTP, "{'q-t':{'path':'/1','method':'GET'},'q_t':{'path':'/2','method':'GET'}}",
     "{'q-t':{'path':'/2','method':'GET'}}", NULL},
    {HTTP, "{' ':5}", NULL, NO_OPERATION "null"},
    {HTTP, "{'2q':5}", NULL, NO_OPERATION "2q"},
    {HTTP, "{'a':null}", NULL, NO_RECORD},
    {HTTP, "{'a':{'method':'GET'}}", NULL, NO_RECORD},
    {HTTP, "{'a':{'path':'/'}}", NULL, NO_RECORD},
    {HTTP, "{'a':{'path':'/','method':'GET','x':1}}", NULL, NO_RECORD},
    {HTTP, "{'a':{'path':'','method':'GET'}}", NULL, NO_RECORD},
    {HTTP, "{'a':{'path':' ','method':'LOOK'}}", NULL, NO_RECORD},
    {HTTP, "{'a':{'path':'/','method':''}}", NULL, NO_RECORD},
    {HTTP, "{'a':{'path':'/','method':' '}}", NULL, NO_RECORD},
    {HTTP, "{'a':{'path':'/','method':'LOOK'}}", NULL, "Method should be a standard HTTP method"},
};

/* Registers an interface of a template whose one property has the validator. */
static enum qv_status validate(const struct qv_rules *rules, const char *validator,
                               const char *value, struct qv_service_registration **ret_registration,
                               struct qv_error *error)
{
    char text[512];
    snprintf(text, sizeof(text),
             "{'name':'probe','protocol':'tcp','properties':[{'name':'p','mandatory':true,"
             "'validator':'%s'}]}",
             validator);
    QV_CLEANUP(qv_json) json_t *doc = fixture_quoted(text);
    struct fixture_templates templates = {.source = {.find = fixture_find}, .count = 1};
    assert_int_equal(qv_template_read(doc, &templates.at[0], NULL), QV_OK);
    snprintf(text, sizeof(text),
             "{'serviceDefinitionName':'d','interfaces':[{'templateName':'probe','policy':'NONE',"
             "'properties':{'p':%s}}]}",
             value);
    QV_CLEANUP(qv_json) json_t *body = fixture_quoted(text);
    enum qv_status status =
        qv_service_registration_read(rules, &templates.source, QV_STR("prov"), body,
                                     (struct qv_wall){0}, ret_registration, error);
    fixture_templates_free(&templates);
    return status;
}

static void assert_value(const struct qv_rules *rules, const char *validator, const char *value,
                         const char *stored, const char *fault)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    QV_CLEANUP(qv_service_registration) struct qv_service_registration *registration = NULL;
    enum qv_status status = validate(rules, validator, value, &registration, &error);
    if (status != (stored != NULL ? QV_OK : QV_INVALID))
        fail_msg("%s of %s: %s", validator, value, qv_error_message(&error));
    if (stored == NULL)
        assert_string_equal(qv_error_message(&error), fault);
    else
        fixture_assert_json(json_object_get(registration->interfaces[0].properties, "p"), stored);
}

static void values_are_checked_and_normalized(void **state)
{
    (void)state;
    struct qv_rules rules = fixture_rules();
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_value(&rules, cases[i].validator, cases[i].value, cases[i].stored, cases[i].fault);
}

static void the_other_dialect_says_it_otherwise(void **state)
{
    (void)state;
    struct qv_rules rules = fixture_rules_5_2();
    for (size_t i = 0; i < COUNT_OF(cases_5_2); i++)
        assert_value(&rules, cases_5_2[i].validator, cases_5_2[i].value, cases_5_2[i].stored,
                     cases_5_2[i].fault);
}

/* A damaged template is not the caller's fault. */
static void an_unknown_validator_is_internal(void **state)
{
    (void)state;
    static const char *const unknown[] = {"", "port", "PORTS", "|PORT", "PORT "};
    struct qv_rules rules = fixture_rules();
    for (size_t i = 0; i < COUNT_OF(unknown); i++) {
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        struct qv_service_registration *registration = NULL;
        assert_int_equal(validate(&rules, unknown[i], "1", &registration, &error), QV_INTERNAL);
        assert_null(registration);
    }
}

static void more_arguments_than_needed_do_no_harm(void **state)
{
    (void)state;
    struct qv_rules rules = fixture_rules();
    QV_CLEANUP(qv_service_registration) struct qv_service_registration *registration = NULL;
    assert_int_equal(validate(&rules, "MINMAX|1|5|x|y|z|a|b|c", "3", &registration, NULL), QV_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_checked_and_normalized),
        cmocka_unit_test(the_other_dialect_says_it_otherwise),
        cmocka_unit_test(an_unknown_validator_is_internal),
        cmocka_unit_test(more_arguments_than_needed_do_no_harm),
    };
    return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
