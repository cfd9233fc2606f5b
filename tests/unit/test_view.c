// links: registry
/*
 * The view: changes applied as a whole, and lookups with each of their filters.
 */
#include "view_fixture.h"

#include <pthread.h>
#include <quiver/base/memory.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *alias_names[] = {(char *)"address", (char *)"accessAddresses", (char *)"host"};
static const struct qv_strings aliases = {.at = alias_names, .count = 3};
static struct qv_rules rules;
static struct qv_registry *registry;
static struct qv_view *view;

static int set_up(void **state)
{
    (void)state;
    rules = (struct qv_rules){.dialect = qv_dialect_get(QV_DIALECT_5_0), .address_alias = &aliases};
    assert_int_equal(qv_registry_new(&rules, &registry), QV_OK);
    assert_int_equal(qv_view_new(&view), QV_OK);
    qv_registry_publish(registry, view);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    qv_registry_free(&registry);
    return 0;
}

/* The ids that a lookup finds, in order, joined by blanks; `text` is the request's body. */
static char *find(const char *text)
{
    static char ids[4096];
    struct qv_service_query *query = NULL;
    struct qv_service_result result;
    QV_CLEANUP(qv_json) json_t *body = NULL;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    assert_int_equal(qv_json_parse(qv_str_from(text), 20, &body, NULL), QV_OK);
    enum qv_status status = qv_service_query_read(&rules, body, &query, &error);
    if (status != QV_OK)
        fail_msg("%s: %s", text, qv_error_message(&error));
    struct qv_wall now = {.seconds = 1800000000};
    assert_int_equal(qv_registry_find_services(registry, query, now, &result, NULL), QV_OK);
    ids[0] = '\0';
    for (size_t i = 0; i < result.count; i++) {
        struct qv_str id = result.matches[i].instance->head.id;
        if (i > 0)
            strcat(ids, " ");
        strncat(ids, id.at, id.length);
    }
    qv_service_result_free(&result);
    qv_service_query_free(&query);
    return ids;
}

#define V4   "{\"accessAddresses\":[\"10.0.0.1\",\"a.example\"],\"accessPort\":80}"
#define V6   "{\"accessPort\":81,\"host\":\"::1\"}"
#define BOTH INTERFACE("generic-http", "NONE", V4) "," INTERFACE("generic-https", "CERT_AUTH", V6)

static void put_plant(void)
{
    assert_int_equal(
        APPLY(view, PUT(QV_KIND_SYSTEM, "a", SYSTEM_DOC("a", "")),
              PUT(QV_KIND_SYSTEM, "b", SYSTEM_DOC("b", "")),
              PUT(QV_KIND_DEFINITION, "x", DEFINITION_DOC("x")),
              PUT(QV_KIND_DEFINITION, "y", DEFINITION_DOC("y")),
              PUT(QV_KIND_INSTANCE, "a::x::1.0.0",
                  INSTANCE_DOC("a", "x", "1.0.0", ",\"metadata\":{\"n\":5}", BOTH)),
              PUT(QV_KIND_INSTANCE, "a::x::2.0.0", INSTANCE_DOC("a", "x", "2.0.0", "", HTTP)),
              PUT(QV_KIND_INSTANCE, "a::y::1.0.0",
                  INSTANCE_DOC("a", "y", "1.0.0", ",\"expiresAt\":\"2027-01-15T08:00:01Z\"", HTTP)),
              PUT(QV_KIND_INSTANCE, "b::x::1.0.0",
                  INSTANCE_DOC("b", "x", "1.0.0", ",\"expiresAt\":\"2027-01-15T07:59:59Z\"", HTTP)),
              PUT(QV_KIND_INSTANCE, "b::y::1.0.0", INSTANCE_DOC("b", "y", "1.0.0", "", HTTP))),
        QV_OK);
}

static void finds_by_each_filter(void **state)
{
    (void)state;
    put_plant();
    static const struct {
        const char *request, *found;
    } rows[] = {
        /* now is 2027-01-15T08:00:00Z: b::x has ended, a::y ends in a second */
        {"{\"instanceIds\":[\"a::x::1.0.0\"]}", "a::x::1.0.0"},
        {"{\"instanceIds\":[\"a::x::1.0.0\",\"a::x::1.0.0\",\"b::x::1.0.0\"]}", "a::x::1.0.0"},
        {"{\"providerNames\":[\"a\"]}", "a::y::1.0.0 a::x::2.0.0 a::x::1.0.0"},
        {"{\"serviceDefinitionNames\":[\"x\",\"y\",\"x\"]}",
         "b::y::1.0.0 a::y::1.0.0 a::x::2.0.0 a::x::1.0.0"},
        {"{\"providerNames\":[\"a\",\"b\"],\"serviceDefinitionNames\":[\"y\"]}",
         "b::y::1.0.0 a::y::1.0.0"},
        {"{\"providerNames\":[\"nobody\"]}", ""},
        {"{\"providerNames\":[\"a\"],\"versions\":[\"2\"]}", "a::x::2.0.0"},
        {"{\"providerNames\":[\"a\"],\"alivesAt\":\"2027-01-15T08:00:01Z\"}",
         "a::y::1.0.0 a::x::2.0.0 a::x::1.0.0"},
        {"{\"providerNames\":[\"a\"],\"alivesAt\":\"2027-01-15T08:00:02Z\"}",
         "a::x::2.0.0 a::x::1.0.0"},
        {"{\"providerNames\":[\"a\"],\"metadataRequirementsList\":[{\"n\":6},{\"n\":5}]}",
         "a::x::1.0.0"},
        {"{\"providerNames\":[\"a\"],\"metadataRequirementsList\":[{\"n\":6}]}", ""},
        {"{\"providerNames\":[\"a\"],\"interfaceTemplateNames\":[\"generic-https\"]}",
         "a::x::1.0.0"},
        {"{\"providerNames\":[\"a\"],\"policies\":[\"CERT_AUTH\"]}", "a::x::1.0.0"},
        /* met by two interfaces, but by no single one */
        {"{\"providerNames\":[\"a\"],\"policies\":[\"CERT_AUTH\"],\"interfaceTemplateNames\":"
         "[\"generic-http\"]}",
         ""},
        {"{\"providerNames\":[\"a\"],\"interfacePropertyRequirementsList\":[{\"accessPort\":81}]}",
         "a::x::1.0.0"},
        {"{\"providerNames\":[\"a\"],\"addressTypes\":[\"IPV6\"]}", "a::x::1.0.0"},
        {"{\"providerNames\":[\"a\"],\"addressTypes\":[\"MAC\"]}", ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_string_equal(find(rows[i].request), rows[i].found);
}

static void address_types_shorten_the_answer_alone(void **state)
{
    (void)state;
    put_plant();
    struct qv_service_query query = {.address_types = QV_ADDRESS_HOSTNAME};
    assert_int_equal(qv_strings_add(&query.instance_ids, QV_STR("a::x::1.0.0")), QV_OK);
    struct qv_service_result result;
    struct qv_wall now = {0};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(qv_registry_find_services(registry, &query, now, &result, NULL), QV_OK);
        QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
        qv_service_result_write(&result, QV_DETAIL_TERSE, false, &buf);
        assert_non_null(strstr(buf.at,
                               "\"interfaces\":[{\"templateName\":\"generic-http\",\"protocol\":"
                               "\"http\",\"policy\":\"NONE\",\"properties\":{"
                               "\"accessAddresses\":[\"a.example\"],\"accessPort\":80}}]"));
        qv_service_result_free(&result);
        query.address_types = QV_ADDRESS_HOSTNAME;
    }
    query.address_types = 0;
    assert_int_equal(qv_registry_find_services(registry, &query, now, &result, NULL), QV_OK);
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    qv_service_result_write(&result, QV_DETAIL_TERSE, false, &buf);
    assert_non_null(strstr(buf.at, "[\"10.0.0.1\",\"a.example\"]"));
    assert_non_null(strstr(buf.at, "\"count\":1}"));
    qv_service_result_free(&result);
    qv_strings_free(&query.instance_ids);
}

static void a_change_is_applied_whole_or_not_at_all(void **state)
{
    (void)state;
    put_plant();
    assert_int_equal(
        APPLY(view, REMOVE(QV_KIND_INSTANCE, "a::x::1.0.0"), PUT(QV_KIND_SYSTEM, "c", "{\"v\":9}")),
        QV_INVALID);
    assert_string_equal(find("{\"instanceIds\":[\"a::x::1.0.0\"]}"), "a::x::1.0.0");

    const struct qv_effect effects[] = {
        REMOVE(QV_KIND_INSTANCE, "a::x::1.0.0"), PUT(QV_KIND_SYSTEM, "c", SYSTEM_DOC("c", "")),
        PUT(QV_KIND_INSTANCE, "c::z::1.0.0", INSTANCE_DOC("c", "z", "1.0.0", "", HTTP)),
        PUT(QV_KIND_DEFINITION, "z", DEFINITION_DOC("z"))};
    enum qv_status status = QV_NO_MEMORY;
    for (size_t nth = 1; status != QV_OK; nth++) {
        qv_memory_fail_at(nth);
        status = qv_view_apply(view, effects, 4, NULL);
        qv_memory_fail_at(0);
        bool there = find("{\"instanceIds\":[\"a::x::1.0.0\"]}")[0] != '\0';
        assert_int_equal(there, status != QV_OK);
        assert_true(nth < 500);
    }
    assert_string_equal(find("{\"providerNames\":[\"c\"]}"), "c::z::1.0.0");
}

/* More than one owner's array has to grow for it. */
static void many_instances_come_at_once_or_none(void **state)
{
    (void)state;
    put_plant();
    const struct qv_effect effects[] = {
        PUT(QV_KIND_INSTANCE, "a::x::1.0.0", INSTANCE_DOC("a", "x", "1.0.0", "", HTTP)),
        PUT(QV_KIND_INSTANCE, "a::x::3.0.0", INSTANCE_DOC("a", "x", "3.0.0", "", HTTP)),
        PUT(QV_KIND_INSTANCE, "a::x::4.0.0", INSTANCE_DOC("a", "x", "4.0.0", "", HTTP)),
        REMOVE(QV_KIND_INSTANCE, "a::x::2.0.0"),
        PUT(QV_KIND_INSTANCE, "b::x::5.0.0", INSTANCE_DOC("b", "x", "5.0.0", "", HTTP)),
        PUT(QV_KIND_INSTANCE, "b::x::6.0.0", INSTANCE_DOC("b", "x", "6.0.0", "", HTTP)),
        REMOVE(QV_KIND_INSTANCE, "b::x::5.0.0"),
        PUT(QV_KIND_INSTANCE, "b::x::7.0.0", INSTANCE_DOC("b", "x", "7.0.0", "", HTTP)),
        PUT(QV_KIND_INSTANCE, "b::x::7.0.0", INSTANCE_DOC("b", "x", "7.0.0", "", HTTP)),
    };
    size_t count = sizeof(effects) / sizeof(effects[0]), nth = 1;
    enum qv_status status = QV_NO_MEMORY;
    for (; status != QV_OK; nth++) {
        qv_memory_fail_at(nth);
        status = qv_view_apply(view, effects, count, NULL);
        qv_memory_fail_at(0);
        if (status != QV_OK)
            assert_string_equal(find("{\"serviceDefinitionNames\":[\"x\",\"y\"]}"),
                                "b::y::1.0.0 a::y::1.0.0 a::x::2.0.0 a::x::1.0.0");
        assert_true(nth < 1000);
    }
    assert_true(nth > count);
    assert_string_equal(find("{\"serviceDefinitionNames\":[\"x\"]}"),
                        "b::x::7.0.0 b::x::6.0.0 a::x::4.0.0 a::x::3.0.0 a::x::1.0.0");
    assert_string_equal(find("{\"providerNames\":[\"a\"]}"),
                        "a::y::1.0.0 a::x::4.0.0 a::x::3.0.0 a::x::1.0.0");
    assert_string_equal(find("{\"providerNames\":[\"b\"]}"), "b::y::1.0.0 b::x::7.0.0 b::x::6.0.0");
}

enum { CHURNED = 60 }; /* more than are fetched ahead at once */

static void put_or_remove(int which, bool in)
{
    char id[64], doc[600];
    snprintf(id, sizeof(id), "p%d::d%d::1.%d.0", which % 2, which % 3, which);
    snprintf(doc, sizeof(doc),
             "{\"v\":1,\"rev\":7,\"created\":\"2026-01-02T03:04:05Z\","
             "\"updated\":\"2026-01-02T03:04:06Z\",\"by\":{\"system\":\"x\"},\"doc\":"
             "{\"instanceId\":\"%s\",\"provider\":\"p%d\",\"serviceDefinition\":\"d%d\","
             "\"version\":\"1.%d.0\",\"metadata\":{\"n\":%d},\"interfaces\":[" HTTP "]}}",
             id, which % 2, which % 3, which, which % 5);
    assert_int_equal(in ? APPLY(view, PUT(QV_KIND_INSTANCE, id, doc))
                        : APPLY(view, REMOVE(QV_KIND_INSTANCE, id)),
                     QV_OK);
}

/* How many are found of those that are in and whose number leaves `rest`. */
static void check_found(const bool in[CHURNED], const char *request, int divisor, int rest)
{
    size_t expected = 0, found = 0;
    for (int i = 0; i < CHURNED; i++)
        expected += in[i] && i % divisor == rest;
    const char *ids = find(request);
    for (const char *at = ids; (at = strstr(at, "::1.")) != NULL; found++) {
        int which = atoi(at + 4);
        assert_true(in[which] && which % divisor == rest);
        at += 4;
    }
    assert_int_equal(found, expected);
}

static void owners_know_theirs_through_coming_and_going(void **state)
{
    (void)state;
    assert_int_equal(APPLY(view, PUT(QV_KIND_SYSTEM, "p0", SYSTEM_DOC("p0", "")),
                           PUT(QV_KIND_SYSTEM, "p1", SYSTEM_DOC("p1", "")),
                           PUT(QV_KIND_DEFINITION, "d0", DEFINITION_DOC("d0")),
                           PUT(QV_KIND_DEFINITION, "d1", DEFINITION_DOC("d1")),
                           PUT(QV_KIND_DEFINITION, "d2", DEFINITION_DOC("d2"))),
                     QV_OK);
    bool in[CHURNED] = {false};
    srand(11);
    for (int i = 0; i < 1500; i++) {
        int which = rand() % CHURNED;
        bool putting = rand() % 100 < (i < 750 ? 75 : 25);
        put_or_remove(which, putting); /* also where it is there already, or is not there */
        in[which] = putting;
        if (i % 10 != 0)
            continue;
        check_found(in, "{\"providerNames\":[\"p1\"]}", 2, 1);
        check_found(in, "{\"serviceDefinitionNames\":[\"d2\"]}", 3, 2);
        check_found(in, "{\"serviceDefinitionNames\":[\"d0\"],\"providerNames\":[\"p0\"]}", 6, 0);
        check_found(in,
                    "{\"providerNames\":[\"p0\",\"p1\"],"
                    "\"metadataRequirementsList\":[{\"n\":3}]}",
                    5, 3);
        check_found(in,
                    "{\"serviceDefinitionNames\":[\"d1\"],"
                    "\"metadataRequirementsList\":[{\"n\":{\"op\":\"GREATER_THAN\","
                    "\"value\":-1}}]}",
                    3, 1);
    }
}

/* More ids than are looked for at once, some of which nobody has. */
static void finds_many_ids(void **state)
{
    (void)state;
    assert_int_equal(APPLY(view, PUT(QV_KIND_SYSTEM, "p0", SYSTEM_DOC("p0", "")),
                           PUT(QV_KIND_SYSTEM, "p1", SYSTEM_DOC("p1", "")),
                           PUT(QV_KIND_DEFINITION, "d0", DEFINITION_DOC("d0")),
                           PUT(QV_KIND_DEFINITION, "d1", DEFINITION_DOC("d1"))),
                     QV_OK);
    bool in[CHURNED];
    char request[4000] = "{\"instanceIds\":[\"nobody::has::1.0.0\"";
    for (int i = 0; i < CHURNED; i++) {
        in[i] = i % 7 != 0;
        put_or_remove(i, in[i]);
        snprintf(request + strlen(request), sizeof(request) - strlen(request),
                 ",\"p%d::d%d::1.%d.0\"", i % 2, i % 3, i);
        in[i] = in[i] && i % 3 != 2; /* of d2 there is no definition */
    }
    strcat(request, "]}");
    check_found(in, request, 1, 0);
    strcpy(strrchr(request, '}'), ",\"metadataRequirementsList\":[{\"n\":2}]}");
    check_found(in, request, 5, 2);
}

static void an_instance_waits_for_its_provider(void **state)
{
    (void)state;
    assert_int_equal(APPLY(view, PUT(QV_KIND_INSTANCE, "p::q::1.0.0",
                                     INSTANCE_DOC("p", "q", "1.0.0", "", HTTP))),
                     QV_OK);
    assert_string_equal(find("{\"providerNames\":[\"p\"]}"), "");
    assert_int_equal(APPLY(view, PUT(QV_KIND_SYSTEM, "p", SYSTEM_DOC("p", "")),
                           PUT(QV_KIND_DEFINITION, "q", DEFINITION_DOC("q"))),
                     QV_OK);
    assert_string_equal(find("{\"providerNames\":[\"p\"]}"), "p::q::1.0.0");
}

static void repeating_a_change_reaches_the_same_state(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        put_plant();
    assert_string_equal(find("{\"providerNames\":[\"a\"]}"), "a::y::1.0.0 a::x::2.0.0 a::x::1.0.0");
    struct qv_registry_state now;
    qv_registry_state(registry, &now);
    assert_int_equal(now.count[QV_KIND_INSTANCE], 5);
    assert_int_equal(now.count[QV_KIND_SYSTEM], 2);

    for (int i = 0; i < 2; i++)
        assert_int_equal(APPLY(view, REMOVE(QV_KIND_INSTANCE, "a::x::1.0.0"),
                               REMOVE(QV_KIND_INSTANCE, "a::x::2.0.0"),
                               REMOVE(QV_KIND_INSTANCE, "a::y::1.0.0"),
                               REMOVE(QV_KIND_SYSTEM, "a")),
                         QV_OK);
    assert_string_equal(find("{\"serviceDefinitionNames\":[\"x\",\"y\"]}"), "b::y::1.0.0");
    qv_registry_state(registry, &now);
    assert_int_equal(now.count[QV_KIND_SYSTEM], 1);
}

static void a_system_moves_between_devices(void **state)
{
    (void)state;
    assert_int_equal(
        APPLY(view, PUT(QV_KIND_SYSTEM, "s", SYSTEM_DOC("s", ",\"device\":\"d1\"")),
              PUT(QV_KIND_DEVICE, "d1", DEVICE_DOC("d1")),
              PUT(QV_KIND_DEFINITION, "x", DEFINITION_DOC("x")),
              PUT(QV_KIND_INSTANCE, "s::x::1.0.0", INSTANCE_DOC("s", "x", "1.0.0", "", HTTP))),
        QV_OK);
    struct qv_service_query query = {0};
    assert_int_equal(qv_strings_add(&query.providers, QV_STR("s")), QV_OK);
    static const struct {
        const char *then; /* what the system is changed to after the look */
        const char *device;
    } rows[] = {
        {SYSTEM_DOC("s", ",\"device\":\"d2\""), "d1"},
        {SYSTEM_DOC("s", ""), NULL}, /* d2 is named but not there */
        {SYSTEM_DOC("s", ""), NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct qv_service_result result;
        struct qv_wall now = {0};
        assert_int_equal(qv_registry_find_services(registry, &query, now, &result, NULL), QV_OK);
        const struct qv_device *device = result.matches[0].device;
        assert_int_equal(device != NULL, rows[i].device != NULL);
        if (device != NULL)
            assert_true(qv_str_equal(device->head.id, qv_str_from(rows[i].device)));
        qv_service_result_free(&result);
        assert_int_equal(APPLY(view, PUT(QV_KIND_SYSTEM, "s", rows[i].then)), QV_OK);
    }
    qv_strings_free(&query.providers);
}

static void what_was_found_outlives_the_view(void **state)
{
    (void)state;
    put_plant();
    struct qv_service_query query = {0};
    assert_int_equal(qv_strings_add(&query.providers, QV_STR("b")), QV_OK);
    struct qv_service_result result;
    struct qv_wall now = {.seconds = 1800000000};
    assert_int_equal(qv_registry_find_services(registry, &query, now, &result, NULL), QV_OK);
    assert_int_equal(result.count, 1);

    struct qv_view *fresh = NULL;
    assert_int_equal(qv_view_new(&fresh), QV_OK);
    qv_view_set_position(fresh, 2, 77);
    qv_registry_publish(registry, fresh);
    view = fresh;
    struct qv_registry_state position;
    qv_registry_state(registry, &position);
    assert_int_equal(position.epoch, 2);
    assert_int_equal(position.revision, 77);
    assert_string_equal(find("{\"providerNames\":[\"b\"]}"), "");

    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    qv_service_result_write(&result, QV_DETAIL_FULL, false, &buf);
    assert_non_null(strstr(buf.at, "b::y::1.0.0"));
    qv_service_result_free(&result);
    qv_strings_free(&query.providers);
}

static void without_a_view_nothing_is_answered(void **state)
{
    (void)state;
    struct qv_registry *empty = NULL;
    assert_int_equal(qv_registry_new(&rules, &empty), QV_OK);
    struct qv_service_query query = {0};
    struct qv_service_result result;
    struct qv_wall now = {0};
    assert_int_equal(qv_registry_find_services(empty, &query, now, &result, NULL), QV_UNAVAILABLE);
    struct qv_registry_state position;
    qv_registry_state(empty, &position);
    assert_false(position.loaded);
    assert_int_equal(qv_registry_check_loaded(empty, NULL), QV_UNAVAILABLE);
    assert_int_equal(qv_registry_check_loaded(registry, NULL), QV_OK);
    qv_registry_free(&empty);
}

static void hands_out_templates_that_stay(void **state)
{
    (void)state;
    assert_int_equal(
        APPLY(view, PUT(QV_KIND_TEMPLATE, "t",
                        ENVELOPE("{\"name\":\"t\",\"protocol\":\"http\",\"properties\":[]}"))),
        QV_OK);
    QV_CLEANUP(qv_template_lookup) struct qv_template_lookup lookup;
    qv_template_lookup_begin(registry, &lookup);
    assert_null(lookup.source.find(&lookup.source, QV_STR("u")));
    const struct qv_template *found = lookup.source.find(&lookup.source, QV_STR("t"));
    assert_non_null(found);
    assert_int_equal(APPLY(view, REMOVE(QV_KIND_TEMPLATE, "t")), QV_OK);
    assert_string_equal(found->protocol, "http");
    assert_null(lookup.source.find(&lookup.source, QV_STR("t")));
}

static void a_lookup_survives_every_failed_allocation(void **state)
{
    (void)state;
    put_plant();
    struct qv_service_query query = {.address_types = QV_ADDRESS_IPV4 | QV_ADDRESS_HOSTNAME};
    assert_int_equal(qv_strings_add(&query.definitions, QV_STR("x")), QV_OK);
    assert_int_equal(qv_strings_add(&query.providers, QV_STR("a")), QV_OK);
    enum qv_status status = QV_NO_MEMORY;
    size_t nth = 1;
    for (; status != QV_OK; nth++) {
        struct qv_service_result result;
        struct qv_wall now = {0};
        qv_memory_fail_at(nth);
        status = qv_registry_find_services(registry, &query, now, &result, NULL);
        qv_memory_fail_at(0);
        if (status == QV_OK)
            qv_service_result_free(&result);
        assert_true(nth < 500);
    }
    assert_true(nth > 5);
    qv_strings_free(&query.definitions);
    qv_strings_free(&query.providers);
}

static void *replace_again_and_again(void *until)
{
    const struct qv_effect effect =
        PUT(QV_KIND_INSTANCE, "a::x::1.0.0",
            INSTANCE_DOC("a", "x", "1.0.0", ",\"metadata\":{\"n\":5}", BOTH));
    while (!__atomic_load_n((bool *)until, __ATOMIC_RELAXED))
        if (qv_view_apply(view, &effect, 1, NULL) != QV_OK)
            abort();
    return NULL;
}

/* Filters run without the lock: what is replaced meanwhile is there all the same. */
static void a_filtered_lookup_finds_what_is_being_replaced(void **state)
{
    (void)state;
    put_plant();
    pthread_t writer;
    bool enough = false;
    assert_int_equal(pthread_create(&writer, NULL, replace_again_and_again, &enough), 0);
    size_t found = 0;
    for (int i = 0; i < 3000; i++)
        found += strcmp(find("{\"serviceDefinitionNames\":[\"x\"],"
                             "\"metadataRequirementsList\":[{\"n\":5}]}"),
                        "a::x::1.0.0") == 0;
    __atomic_store_n(&enough, true, __ATOMIC_RELAXED);
    pthread_join(writer, NULL);
    assert_int_equal(found, 3000);
}

int main(void)
{
    qv_memory_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(finds_by_each_filter, set_up, tear_down),
        cmocka_unit_test_setup_teardown(address_types_shorten_the_answer_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_change_is_applied_whole_or_not_at_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_instances_come_at_once_or_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(owners_know_theirs_through_coming_and_going, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(finds_many_ids, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_instance_waits_for_its_provider, set_up, tear_down),
        cmocka_unit_test_setup_teardown(repeating_a_change_reaches_the_same_state, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_system_moves_between_devices, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_found_outlives_the_view, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_a_view_nothing_is_answered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hands_out_templates_that_stay, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_filtered_lookup_finds_what_is_being_replaced, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_lookup_survives_every_failed_allocation, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
