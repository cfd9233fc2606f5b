// links: domain
/*
 * Interface policies extendable and open: templates that a registration brings along (spec 3.7,
 * rows 25 to 29 of 3.2).
 */
#include "domain_fixture.h"

#define INTERFACE(name, protocol, properties)                                                      \
    "{'templateName':'" name "','protocol':'" protocol                                             \
    "','policy':'NONE','properties':{" properties "}}"
#define BODY(interfaces) "{'serviceDefinitionName':'d','interfaces':[" interfaces "]}"

static enum qv_status read_with(enum qv_interface_policy policy, const char *text,
                                struct fixture_templates *templates,
                                struct qv_service_registration **ret_registration,
                                struct qv_error *error)
{
    struct qv_rules rules = fixture_rules();
    rules.interface_policy = policy;
    QV_CLEANUP(qv_json) json_t *body = fixture_quoted(text);
    return qv_service_registration_read(&rules, &templates->source, QV_STR("p"), body,
                                        (struct qv_wall){0}, ret_registration, error);
}

static struct qv_service_registration *read_good(enum qv_interface_policy policy, const char *text)
{
    struct fixture_templates templates;
    fixture_templates_load(&templates);
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    struct qv_service_registration *registration = NULL;
    if (read_with(policy, text, &templates, &registration, &error) != QV_OK)
        fail_msg("%s: %s", text, qv_error_message(&error));
    fixture_templates_free(&templates);
    return registration;
}

static void assert_written(const struct qv_template *template_, const char *expected)
{
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    qv_template_write(template_, &buf);
    QV_CLEANUP(qv_json) json_t *doc = fixture_json(buf.at);
    fixture_assert_json(doc, expected);
}

#define TWO                                                                                        \
    INTERFACE("New-1", " CoAP ", "'host':' A.example ','port':5683,'note':null")                   \
    "," INTERFACE("generic-http", "",                                                              \
                  "'accessAddresses':['a'],'accessPort':1,'basePath':''") "," INTERFACE("other",   \
                                                                                        "mqtt",    \
                                                                                        "'a':1")

static void extendable_makes_every_property_mandatory(void **state)
{
    (void)state;
    QV_CLEANUP(qv_service_registration)
    struct qv_service_registration *registration = read_good(QV_INTERFACE_EXTENDABLE, BODY(TWO));
    assert_int_equal(registration->new_template_count, 2);
    assert_written(registration->new_templates[0],
                   "{'name':'new-1','protocol':'coap','properties':[{'name':'host','mandatory':"
                   "true},{'name':'port','mandatory':true},{'name':'note','mandatory':true}]}");
    assert_written(
        registration->new_templates[1],
        "{'name':'other','protocol':'mqtt','properties':[{'name':'a','mandatory':true}]}");
    assert_false(registration->interfaces[0].template_known);
    assert_true(registration->interfaces[1].template_known);
    fixture_assert_json(registration->interfaces[0].properties,
                        "{'host':'a.example','port':5683,'note':null}");
}

static void open_asks_for_nothing(void **state)
{
    (void)state;
    QV_CLEANUP(qv_service_registration)
    struct qv_service_registration *registration = read_good(QV_INTERFACE_OPEN, BODY(TWO));
    assert_int_equal(registration->new_template_count, 2);
    assert_written(registration->new_templates[0],
                   "{'name':'new-1','protocol':'coap','properties':[]}");
    assert_written(registration->new_templates[1],
                   "{'name':'other','protocol':'mqtt','properties':[]}");
}

static void one_template_for_all_its_interfaces(void **state)
{
    (void)state;
    static const char text[] = BODY(INTERFACE("new", "coap", "'a':1,'b':2") "," INTERFACE(
        "NEW", " COAP", "'b':null,'a':'x','c':3"));
    for (int policy = QV_INTERFACE_EXTENDABLE; policy <= QV_INTERFACE_OPEN; policy++) {
        QV_CLEANUP(qv_service_registration)
        struct qv_service_registration *registration =
            read_good((enum qv_interface_policy)policy, text);
        assert_int_equal(registration->new_template_count, 1);
        assert_int_equal(registration->interface_count, 2);
    }
}

#define NO_EXCLUSIVITY "allow-exclusivity metadata must have integer value."

static const struct {
    enum qv_interface_policy policy;
    const char *body, *words;
} refusals[] = {
    {QV_INTERFACE_RESTRICTED, BODY(TWO), "Interface template not exists: new-1"},
    {QV_INTERFACE_EXTENDABLE, BODY(INTERFACE("new", " ", "'a':1")),
     "Interface protocol is missing"},
    /* a later interface: first its properties, then its protocol */
    {QV_INTERFACE_EXTENDABLE,
     BODY(
         INTERFACE("new", "coap", "'a':1,'b':2,'c':3") "," INTERFACE("new", "mqtt", "'a':1,'c':1")),
     "Mandatory interface property is missing: b"},
    {QV_INTERFACE_EXTENDABLE,
     BODY(INTERFACE("new", "coap", "'a':1") "," INTERFACE("new", "mqtt", "'a':1")),
     "Interface has different protocol than new template"},
    {QV_INTERFACE_OPEN,
     BODY(INTERFACE("new", "coap", "'a':1") "," INTERFACE("new", "mqtt", "'b':1")),
     "Interface has different protocol than new template"},
    /* all rows of the interfaces and of the metadata come before */
    {QV_INTERFACE_EXTENDABLE,
     BODY(INTERFACE("new", "coap", "'a':1") "," INTERFACE("new", "mqtt", "'b':1") "," INTERFACE(
         "generic-http", "", "'a':1")),
     "accessAddresses interface property is missing for generic-http"},
    {QV_INTERFACE_OPEN,
     "{'serviceDefinitionName':'d','metadata':{'allow-exclusivity':1},'interfaces':[" INTERFACE(
         "new", "coap", "'a':1") "," INTERFACE("new", "mqtt", "'a':1") "]}",
     NO_EXCLUSIVITY},
};

static void interfaces_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    struct fixture_templates templates;
    fixture_templates_load(&templates);
    for (size_t i = 0; i < COUNT_OF(refusals); i++) {
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        struct qv_service_registration *registration = NULL;
        assert_int_equal(
            read_with(refusals[i].policy, refusals[i].body, &templates, &registration, &error),
            QV_INVALID);
        assert_string_equal(qv_error_message(&error), refusals[i].words);
        assert_null(registration);
    }
    fixture_templates_free(&templates);
}

/* From then on the template is one like any other: nothing in it checks addresses. */
static void the_next_registration_finds_the_template(void **state)
{
    (void)state;
    struct fixture_templates templates;
    fixture_templates_load(&templates);
    QV_CLEANUP(qv_service_registration)
    struct qv_service_registration *first =
        read_good(QV_INTERFACE_EXTENDABLE, BODY(INTERFACE("new", "coap", "'host':' A ','port':1")));
    templates.at[templates.count++] = first->new_templates[0];
    first->new_template_count = 0;

    QV_CLEANUP(qv_error) struct qv_error error = {0};
    QV_CLEANUP(qv_service_registration) struct qv_service_registration *second = NULL;
    assert_int_equal(read_with(QV_INTERFACE_EXTENDABLE,
                               BODY(INTERFACE("new", "", "'host':' Bad_Host ','port':'any','x':1")),
                               &templates, &second, &error),
                     QV_OK);
    assert_int_equal(second->new_template_count, 0);
    assert_string_equal(second->interfaces[0].protocol, "coap");
    fixture_assert_json(second->interfaces[0].properties,
                        "{'host':' Bad_Host ','port':'any','x':1}");
    struct qv_service_registration *third = NULL;
    assert_int_equal(read_with(QV_INTERFACE_EXTENDABLE, BODY(INTERFACE("new", "", "'host':'a'")),
                               &templates, &third, &error),
                     QV_INVALID);
    assert_string_equal(qv_error_message(&error), "port interface property is missing for new");
    fixture_templates_free(&templates);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(extendable_makes_every_property_mandatory),
        cmocka_unit_test(open_asks_for_nothing),
        cmocka_unit_test(one_template_for_all_its_interfaces),
        cmocka_unit_test(interfaces_that_do_not_fit_are_refused),
        cmocka_unit_test(the_next_registration_finds_the_template),
    };
    return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
