// links: domain
/*
 * Lists as long as a raised limits.body lets in cost what they are long. Nothing here looks at a
 * clock: with work that grows by the square of LONG (some 10^11 steps) the program does not end
 * within the time that every unit test has.
 */
#include "domain_fixture.h"
#include <quiver/base/text_set.h>
#include <quiver/domain/template.h>

enum { LONG = 400000 };

/* `["<prefix>0","<prefix>1",...]`, each of `count` texts `times` times. */
static void write_list(struct qv_buf *buf, const char *prefix, size_t count, size_t times)
{
    for (size_t i = 0; i < count * times; i++)
        qv_buf_printf(buf, "%s\"%s%zu\"", i == 0 ? "[" : ",", prefix, i % count);
    qv_buf_put_char(buf, ']');
    assert_int_equal(qv_buf_status(buf), QV_OK);
}

static void a_set_keeps_the_order_of_coming(void **state)
{
    (void)state;
    static const struct {
        struct qv_str text;
        size_t place, count;
    } rows[] = {
        {QV_STR("b"), 0, 1}, {QV_STR("a"), 1, 2}, {QV_STR("b"), 0, 2},
        {{0}, 2, 3},         {QV_STR(""), 2, 3},  {QV_STR("a\0b"), 3, 4},
    };
    QV_CLEANUP(qv_text_set) struct qv_text_set set = {0};
    assert_int_equal(qv_text_set_count(&set), 0);
    assert_false(qv_text_set_has(&set, QV_STR("a")));
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        size_t place = SIZE_MAX;
        assert_int_equal(qv_text_set_add(&set, rows[i].text, &place), QV_OK);
        assert_int_equal(place, rows[i].place);
        assert_int_equal(qv_text_set_count(&set), rows[i].count);
        assert_true(qv_text_set_has(&set, rows[i].text));
    }
    assert_false(qv_text_set_has(&set, QV_STR("a\0c")));
}

static void a_set_without_memory_stays_as_it_is(void **state)
{
    (void)state;
    QV_CLEANUP(qv_text_set) struct qv_text_set set = {0};
    size_t place = SIZE_MAX;
    enum qv_status status = QV_NO_MEMORY;
    for (size_t nth = 1; status != QV_OK; nth++) {
        qv_memory_fail_at(nth);
        status = qv_text_set_add(&set, QV_STR("a"), &place);
        qv_memory_fail_at(0);
        assert_int_equal(qv_text_set_count(&set), status == QV_OK ? 1 : 0);
        assert_int_equal(place, status == QV_OK ? 0 : SIZE_MAX);
    }
}

static void a_set_of_operations(void **state)
{
    (void)state;
    QV_CLEANUP(qv_json)
    json_t *doc = fixture_quoted("{'name':'probe','protocol':'tcp','properties':[{'name':'p',"
                                 "'mandatory':true,'validator':'NOT_EMPTY_STRING_SET'}]}");
    struct fixture_templates templates = {.source = {.find = fixture_find}, .count = 1};
    assert_int_equal(qv_template_read(doc, &templates.at[0], NULL), QV_OK);
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    qv_buf_put_text(&text, "{\"serviceDefinitionName\":\"d\",\"interfaces\":[{\"templateName\":"
                           "\"probe\",\"policy\":\"NONE\",\"properties\":{\"p\":");
    write_list(&text, "o", LONG, 2);
    qv_buf_put_text(&text, "}}]}");
    QV_CLEANUP(qv_json) json_t *body = fixture_json(text.at);
    struct qv_rules rules = fixture_rules();
    QV_CLEANUP(qv_service_registration) struct qv_service_registration *registration = NULL;
    assert_int_equal(qv_service_registration_read(&rules, &templates.source, QV_STR("prov"), body,
                                                  (struct qv_wall){0}, &registration, NULL),
                     QV_OK);
    const json_t *set = json_object_get(registration->interfaces[0].properties, "p");
    assert_int_equal(json_array_size(set), LONG);
    assert_string_equal(json_string_value(json_array_get(set, 0)), "o0");
    assert_string_equal(json_string_value(json_array_get(set, LONG - 1)), "o399999");
    fixture_templates_free(&templates);
}

static void addresses_of_an_automatic_provider(void **state)
{
    (void)state;
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    qv_buf_put_text(&text, "{\"addresses\":");
    write_list(&text, "host", LONG, 2);
    qv_buf_put_char(&text, '}');
    struct qv_rules rules = fixture_rules();
    QV_CLEANUP(qv_json) json_t *properties = fixture_json(text.at);
    struct qv_interface interface = {.properties = properties};
    const struct qv_service_registration registration = {
        .provider = (char *)"prov", .interfaces = &interface, .interface_count = 1};
    QV_CLEANUP(qv_buf) struct qv_buf written = {0};
    qv_service_registration_write_provider(&rules, &registration, &written);
    QV_CLEANUP(qv_json) json_t *doc = fixture_json(written.at);
    const json_t *addresses = json_object_get(doc, "addresses");
    assert_int_equal(json_array_size(addresses), LONG);
    fixture_assert_json(json_array_get(addresses, 1), "{'type':'HOSTNAME','address':'host1'}");
}

static void properties_of_a_template(void **state)
{
    (void)state;
    QV_CLEANUP(qv_json) json_t *doc = fixture_quoted("{'name':'n','protocol':'p','properties':[]}");
    json_t *list = json_object_get(doc, "properties");
    for (size_t i = 0; i < LONG; i++) {
        json_t *property = json_pack("{s:s,s:b,s:I}", "name", "x", "mandatory", 0, "place",
                                     (json_int_t)(LONG - 1 - i));
        assert_int_equal(json_array_append_new(list, property), 0);
    }
    QV_CLEANUP(qv_template) struct qv_template *template_ = NULL;
    assert_int_equal(qv_template_read(doc, &template_, NULL), QV_OK);
    assert_int_equal(template_->properties[0].place, LONG - 1);
}

/* `count` interfaces of a template each; answers with the status of the registration. */
static enum qv_status register_templates(size_t count, struct qv_error *error)
{
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    qv_buf_put_text(&text, "{\"serviceDefinitionName\":\"d\",\"interfaces\":");
    for (size_t i = 0; i < count + 10; i++) /* repeating one does not make them more */
        qv_buf_printf(&text,
                      "%s{\"templateName\":\"t%zu\",\"protocol\":\"tcp\",\"policy\":\"NONE\","
                      "\"properties\":{\"a\":1}}",
                      i == 0 ? "[" : ",", i < count ? i : 0);
    qv_buf_put_text(&text, "]}");
    QV_CLEANUP(qv_json) json_t *body = fixture_json(text.at);
    struct fixture_templates templates = {.source = {.find = fixture_find}};
    struct qv_rules rules = fixture_rules();
    rules.interface_policy = QV_INTERFACE_OPEN;
    QV_CLEANUP(qv_service_registration) struct qv_service_registration *registration = NULL;
    enum qv_status status = qv_service_registration_read(
        &rules, &templates.source, QV_STR("prov"), body, (struct qv_wall){0}, &registration, error);
    assert_int_equal(registration != NULL ? registration->new_template_count : count, count);
    return status;
}

static void templates_of_a_registration_are_bounded(void **state)
{
    (void)state;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    assert_int_equal(register_templates(QV_REGISTRATION_TEMPLATES_MAX, NULL), QV_OK);
    assert_int_equal(register_templates(QV_REGISTRATION_TEMPLATES_MAX + 1, &error), QV_INVALID);
    assert_string_equal(qv_error_message(&error),
                        "Service interface list has more than 2000 different templates");
}

static json_t *make_numbers(size_t first)
{
    json_t *list = json_array();
    for (size_t i = 0; i < LONG; i++)
        assert_int_equal(json_array_append_new(list, json_integer((json_int_t)(first + i))), 0);
    return list;
}

static bool long_lists_match(const char *operator_, json_t *operand, json_t *found)
{
    QV_CLEANUP(qv_json)
    json_t *object = json_pack("{s:{s:s,s:O}}", "l", "op", operator_, "value", operand);
    QV_CLEANUP(qv_json) json_t *metadata = json_pack("{s:O}", "l", found);
    QV_CLEANUP(qv_requirement) struct qv_requirement *requirement = NULL;
    assert_int_equal(
        qv_requirement_read(qv_dialect_get(QV_DIALECT_5_2), object, &requirement, NULL), QV_OK);
    return qv_requirement_matches(requirement, metadata);
}

static void lists_with_a_common_element(void **state)
{
    (void)state;
    QV_CLEANUP(qv_json) json_t *operand = make_numbers(0);
    QV_CLEANUP(qv_json) json_t *apart = make_numbers(LONG);
    QV_CLEANUP(qv_json) json_t *touching = make_numbers(LONG - 1);
    assert_false(long_lists_match("CONTAINS_ANY", operand, apart));
    assert_true(long_lists_match("NOT_CONTAINS_ANY", operand, apart));
    assert_true(long_lists_match("CONTAINS_ANY", operand, touching));
}

/* Many instances are asked for one of many values. */
static void one_of_many(void **state)
{
    (void)state;
    QV_CLEANUP(qv_json) json_t *operand = make_numbers(0);
    QV_CLEANUP(qv_json)
    json_t *object = json_pack("{s:{s:s,s:O}}", "n", "op", "IN", "value", operand);
    QV_CLEANUP(qv_requirement) struct qv_requirement *requirement = NULL;
    assert_int_equal(
        qv_requirement_read(qv_dialect_get(QV_DIALECT_5_0), object, &requirement, NULL), QV_OK);
    for (size_t i = 0; i < LONG; i++) {
        QV_CLEANUP(qv_json) json_t *metadata = json_pack("{s:I}", "n", (json_int_t)(2 * i));
        assert_true(qv_requirement_matches(requirement, metadata) == (2 * i < LONG));
    }
}

/* The elements of a set are short: what is found is not looked at further than they are long, by
 * however many requirements. */
static void large_values_are_not_in_sets_of_small_ones(void **state)
{
    (void)state;
    QV_CLEANUP(qv_json) json_t *metadata = json_pack("{s:{}}", "o");
    json_t *members = json_object_get(metadata, "o");
    for (size_t i = 0; i < LONG; i++) {
        char name[24];
        snprintf(name, sizeof(name), "m%zu", i);
        assert_int_equal(json_object_set_new(members, name, json_true()), 0);
    }
    QV_CLEANUP(qv_json)
    json_t *object = fixture_quoted(
        "{'o':{'op':'IN','value':[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]}}");
    QV_CLEANUP(qv_requirement) struct qv_requirement *requirement = NULL;
    assert_int_equal(
        qv_requirement_read(qv_dialect_get(QV_DIALECT_5_0), object, &requirement, NULL), QV_OK);
    for (size_t i = 0; i < LONG; i++)
        assert_false(qv_requirement_matches(requirement, metadata));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_keeps_the_order_of_coming),
        cmocka_unit_test(a_set_without_memory_stays_as_it_is),
        cmocka_unit_test(a_set_of_operations),
        cmocka_unit_test(addresses_of_an_automatic_provider),
        cmocka_unit_test(properties_of_a_template),
        cmocka_unit_test(templates_of_a_registration_are_bounded),
        cmocka_unit_test(lists_with_a_common_element),
        cmocka_unit_test(one_of_many),
        cmocka_unit_test(large_values_are_not_in_sets_of_small_ones),
    };
    return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
