// links: registry
/*
 * CHAP services among what Arrowhead lookups find: their form in each dialect, each filter, the end
 * of their lease, and their coming and going.
 */
#include "domain_fixture.h"

#include "chap_fixture.h"

#define DEFINITION "ml-service"

static struct qv_rules rules;
static struct qv_registry *registry;
static struct qv_view *view;

static int set_up(void **state)
{
    (void)state;
    rules = fixture_rules();
    if (qv_registry_new(&rules, &registry) != QV_OK || qv_view_new(&view) != QV_OK)
        return 1;
    qv_registry_expose_chap(registry, DEFINITION);
    qv_registry_publish(registry, view);
    fixture_set_clock(registry, 1000, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    qv_registry_free(&registry);
    return 0;
}

/* ---- the form -------------------------------------------------------------------------------- */

static enum qv_status make(const struct qv_rules *of, const char *id, const char *url,
                           const char *version, struct qv_chap_bridge *ret_bridge)
{
    char doc[1200];
    struct qv_entity_head *chap = NULL;
    snprintf(doc, sizeof(doc),
             CHAP_ENVELOPE("{}", "{\"id\":\"%s\",\"url\":\"%s\",\"info\":{\"id\":\"%s\","
                                 "\"version\":\"%s\",\"description\":null}}"),
             id, url, id, version);
    assert_int_equal(qv_entity_read(QV_KIND_CHAP, qv_str_from(id), qv_str_from(doc), &chap, NULL),
                     QV_OK);
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    enum qv_status status =
        qv_chap_bridge_new(of, DEFINITION, (const struct qv_chap *)chap, ret_bridge, &error);
    assert_true(status == QV_OK || error.message != NULL);
    qv_entity_free(&chap);
    return status;
}

#define MOMENTS "\"createdAt\":\"2026-01-31T12:00:00Z\",\"updatedAt\":\"2026-01-31T12:00:09Z\""
#define ANSWER(id, provider, definition, version, info_id, template_, protocol, host, port, path)  \
    "{\"instanceId\":\"" id "\",\"provider\":{\"name\":\"" provider                                \
    "\",\"version\":\"1.0.0\",\"addresses\":[{\"type\":" host "}]," MOMENTS                        \
    "},\"serviceDefinition\":{\"name\":\"" definition "\"," MOMENTS "},\"version\":\"" version     \
    "\",\"metadata\":{\"id\":\"" info_id "\",\"version\":\"1.2\"},\"interfaces\":"                 \
    "[{\"templateName\":\"" template_ "\",\"protocol\":\"" protocol                                \
    "\",\"policy\":\"NONE\",\"properties\":{\"accessAddresses\":[\"%s\"],\"accessPort\":" port     \
    ",\"basePath\":\"" path "\"}}]," MOMENTS "}"

static void has_the_form_of_each_dialect(void **state)
{
    (void)state;
    struct qv_rules of_5_2 = fixture_rules_5_2(), simple = fixture_rules_5_2();
    simple.dialect = qv_dialect_find(QV_DIALECT_5_2, QV_NORMALIZATION_SIMPLE);
    const struct {
        const struct qv_rules *rules;
        const char *url, *host, *answer;
    } rows[] = {
        {&rules, "http://Model-Service:8080", "model-service",
         ANSWER("my-model2::ml-service::1.2.0", "my-model2", "ml-service", "1.2.0", "my-model2",
                "generic-http", "http", "\"HOSTNAME\",\"address\":\"model-service\"", "8080", "/")},
        {&of_5_2, "https://10.0.0.7/api/v1?q#f", "10.0.0.7",
         ANSWER("MyModel2|mlService|1.2.0", "MyModel2", "mlService", "1.2.0", "my-model2",
                "generic_https", "https", "\"IPV4\",\"address\":\"10.0.0.7\"", "443", "/api/v1")},
        {&simple, "https://10.0.0.7/api/v1?q#f", "10.0.0.7",
         ANSWER("MyModel2|mlService|1.2.0", "MyModel2", "mlService", "1.2.0", "my-model2",
                "generic_https", "https", "\"IPV4\",\"address\":\"10.0.0.7\"", "443", "/api/v1")},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        QV_CLEANUP(qv_chap_bridge) struct qv_chap_bridge bridge = {0};
        QV_CLEANUP(qv_buf) struct qv_buf answer = {0};
        QV_CLEANUP(qv_buf) struct qv_buf expected = {0};
        QV_CLEANUP(qv_buf) struct qv_buf provider = {0};
        assert_int_equal(make(rows[i].rules, "my-model2", rows[i].url, "1.2", &bridge), QV_OK);
        qv_instance_write(bridge.instance, bridge.system, NULL, bridge.definition, QV_DETAIL_FULL,
                          NULL, &answer);
        const char *gap = strstr(rows[i].answer, "%s");
        qv_buf_put(&expected, (struct qv_str){rows[i].answer, (size_t)(gap - rows[i].answer)});
        qv_buf_put_text(&expected, rows[i].host);
        qv_buf_put_text(&expected, gap + 2);
        assert_string_equal(answer.at, expected.at);
        qv_chap_provider_write(rows[i].rules, QV_STR("my-model2"), &provider);
        assert_true(qv_str_equal(qv_buf_str(&provider), bridge.instance->provider));
    }
}

/* The properties of an interface as a text. */
static void says_where_a_service_is(void **state)
{
    (void)state;
    static const struct {
        const char *url, *properties; /* NULL: it has no form */
    } rows[] = {
        {"http://a.example", "{'accessAddresses':['a.example'],'accessPort':80,'basePath':'/'}"},
        {"HTTPS://A.Example/", "{'accessAddresses':['a.example'],'accessPort':443,'basePath':'/'}"},
        {"http://a:/x/", "{'accessAddresses':['a'],'accessPort':80,'basePath':'/x/'}"},
        {" http://a:65535?x=/y ", "{'accessAddresses':['a'],'accessPort':65535,'basePath':'/'}"},
        {"http://user:pa@ss@a:1/p#f", "{'accessAddresses':['a'],'accessPort':1,'basePath':'/p'}"},
        {"http://[2001:DB8::1]:81/",
         "{'accessAddresses':['2001:0db8:0000:0000:0000:0000:0000:0001'],'accessPort':81,"
         "'basePath':'/'}"},
        {"http://127.0.0.1:8000",
         "{'accessAddresses':['127.0.0.1'],'accessPort':8000,'basePath':'/'}"},
        {"http://", NULL},
        {"http:///x", NULL},
        {"http://user@", NULL},
        {"http://:80", NULL},
        {"http://a:0", NULL},
        {"http://a:65536", NULL},
        {"http://a:-1", NULL},
        {"http://a:8x", NULL},
        {"http://[::1", NULL},
        {"http://[a]", NULL},
        {"http://[::1]80", NULL},
        {"http://::1", NULL},
        {"http://a_b", NULL},
        {"http://0.0.0.0", NULL},
        {"http://1.2.3", NULL},
        {"http://a\\\\b", NULL},
        {"http:a", NULL},
        {"ftp://a", NULL},
        {"a", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        QV_CLEANUP(qv_chap_bridge) struct qv_chap_bridge bridge = {0};
        enum qv_status status = make(&rules, "m", rows[i].url, "1", &bridge);
        if (status != (rows[i].properties != NULL ? QV_OK : QV_INVALID))
            fail_msg("%s: %s", rows[i].url, qv_status_name(status));
        if (status != QV_OK)
            continue;
        assert_int_equal(bridge.instance->interface_count, 1);
        QV_CLEANUP(qv_json) json_t *interface = NULL;
        assert_int_equal(qv_json_parse(bridge.instance->interfaces[0].json, 9, &interface, NULL),
                         QV_OK);
        fixture_assert_json(json_object_get(interface, "properties"), rows[i].properties);
    }
    rules.self_addressing = false;
    QV_CLEANUP(qv_chap_bridge) struct qv_chap_bridge bridge = {0};
    assert_int_equal(make(&rules, "m", "http://127.0.0.1:8000", "1", &bridge), QV_INVALID);
}

static void versions_and_names_are_arrowheads(void **state)
{
    (void)state;
    static const struct {
        const char *version, *shown;
    } rows[] = {
        {"1.0.0", "1.0.0"},
        {"2", "2.0.0"},
        {"", "1.0.0"},
        {"1.2.3-beta", "1.0.0"},
        {"v1", "1.0.0"},
        {"1.2.3.4", "1.0.0"},
        {"123456789.1.1", "123456789.1.1"},
        {"1234567890.1.10", "1.0.0"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        QV_CLEANUP(qv_chap_bridge) struct qv_chap_bridge bridge = {0};
        assert_int_equal(make(&rules, "m", "http://h", rows[i].version, &bridge), QV_OK);
        assert_true(qv_str_equal(bridge.instance->version, qv_str_from(rows[i].shown)));
    }
    char id[65];
    memset(id, 'a', sizeof(id));
    QV_CLEANUP(qv_chap_bridge) struct qv_chap_bridge bridge = {0};
    id[64] = '\0';
    assert_int_equal(make(&rules, id, "http://h", "1", &bridge), QV_INVALID);
    id[63] = '\0';
    assert_int_equal(make(&rules, id, "http://h", "1", &bridge), QV_OK);
}

static void a_form_survives_every_failed_allocation(void **state)
{
    (void)state;
    struct qv_entity_head *chap = NULL;
    assert_int_equal(qv_entity_read(QV_KIND_CHAP, QV_STR("m"),
                                    QV_STR(CHAP_DOC("m", "http://h:1/x", "1", "")), &chap, NULL),
                     QV_OK);
    enum qv_status status = QV_NO_MEMORY;
    size_t nth = 1;
    for (; status != QV_OK; nth++) {
        QV_CLEANUP(qv_chap_bridge) struct qv_chap_bridge bridge = {0};
        qv_memory_fail_at(nth);
        status =
            qv_chap_bridge_new(&rules, DEFINITION, (const struct qv_chap *)chap, &bridge, NULL);
        qv_memory_fail_at(0);
        if (status != QV_OK && status != QV_NO_MEMORY)
            fail_msg("allocation %zu: %s", nth, qv_status_name(status));
        assert_true(nth < 1000);
    }
    assert_true(nth > 20);
    qv_entity_free(&chap);
}

/* ---- lookups --------------------------------------------------------------------------------- */

static void look_up(const char *quoted, struct qv_service_query **ret_query,
                    struct qv_service_result *ret_result)
{
    QV_CLEANUP(qv_json) json_t *body = fixture_quoted(quoted);
    struct qv_wall now = {.seconds = 1000};
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    if (qv_service_query_read(&rules, body, ret_query, &error) != QV_OK)
        fail_msg("%s: %s", quoted, qv_error_message(&error));
    assert_int_equal(qv_registry_find_services(registry, *ret_query, now, ret_result, NULL), QV_OK);
}

/* The ids that a lookup finds, in order, with blanks between them; a star at each that is leased.
 */
static const char *find(const char *quoted)
{
    static char ids[600];
    QV_CLEANUP(qv_service_query) struct qv_service_query *query = NULL;
    QV_CLEANUP(qv_service_result) struct qv_service_result result = {0};
    look_up(quoted, &query, &result);
    size_t length = 0;
    ids[0] = '\0';
    for (size_t i = 0; i < result.count; i++)
        length += (size_t)snprintf(ids + length, sizeof(ids) - length, "%s%.*s%s", i > 0 ? " " : "",
                                   QV_STR_ARG(result.matches[i].instance->head.id),
                                   result.matches[i].leased ? "*" : "");
    return ids;
}

#define M1 "m1::ml-service::1.0.0"
#define M2 "m2::ml-service::2.0.0"

static void put_plant(void)
{
    assert_int_equal(
        APPLY(view, PUT(QV_KIND_SYSTEM, "m1", SYSTEM_DOC("m1", "")),
              PUT(QV_KIND_SYSTEM, "a", SYSTEM_DOC("a", "")),
              PUT(QV_KIND_DEFINITION, "ml-service", DEFINITION_DOC("ml-service")),
              PUT(QV_KIND_DEFINITION, "x", DEFINITION_DOC("x")),
              PUT(QV_KIND_INSTANCE, "a::ml-service::1.0.0",
                  INSTANCE_DOC("a", "ml-service", "1.0.0", "", HTTP)),
              PUT(QV_KIND_INSTANCE, M1, INSTANCE_DOC("m1", "ml-service", "1.0.0", "", HTTP)),
              PUT(QV_KIND_INSTANCE, "m1::x::1.0.0", INSTANCE_DOC("m1", "x", "1.0.0", "", HTTP)),
              PUT_LEASED("m1", CHAP_DOC("m1", "http://h1:1", "1", ""), 1010),
              PUT_LEASED("m2", CHAP_DOC("m2", "https://10.0.0.2", "2", ",\"n\":5"), 1020),
              PUT_LEASED("m3", CHAP_DOC("m3", "http://h3", "3", ""), 1000),
              PUT_LEASED("m4", CHAP_DOC("m4", "http://no_form", "3", ""), 1020)),
        QV_OK);
}

static void is_found_by_each_filter(void **state)
{
    (void)state;
    put_plant();
    static const struct {
        const char *request, *found;
    } rows[] = {
        {"{'serviceDefinitionNames':['ml-service']}", M2 "* " M1 " a::ml-service::1.0.0"},
        {"{'serviceDefinitionNames':['x','ML-Service']}",
         M2 "* m1::x::1.0.0 " M1 " a::ml-service::1.0.0"},
        {"{'serviceDefinitionNames':['x']}", "m1::x::1.0.0"},
        {"{'providerNames':['m1']}", "m1::x::1.0.0 " M1},
        {"{'providerNames':['m2','m2','nobody','m3','m4']}", M2 "*"},
        {"{'providerNames':['m1','m2'],'serviceDefinitionNames':['x']}", "m1::x::1.0.0"},
        {"{'providerNames':['m1','m2'],'serviceDefinitionNames':['ml-service']}", M2 "* " M1},
        {"{'instanceIds':['" M2 "']}", M2 "*"},
        {"{'instanceIds':['" M1 "','" M2 "','m2::x::2.0.0','m2::ml-service::1.0.0']}", M2 "* " M1},
        {"{'instanceIds':['" M2 "'],'providerNames':['m1']}", ""},
        {"{'instanceIds':['" M2 "'],'serviceDefinitionNames':['x']}", ""},
        {"{'providerNames':['m2'],'versions':['2']}", M2 "*"},
        {"{'providerNames':['m2'],'versions':['3']}", ""},
        {"{'providerNames':['m2'],'alivesAt':'1970-01-01T00:17:00Z'}", M2 "*"},
        {"{'providerNames':['m2'],'alivesAt':'1970-01-01T00:17:01Z'}", ""},
        {"{'providerNames':['m2'],'metadataRequirementsList':[{'n':6},{'n':5}]}", M2 "*"},
        {"{'providerNames':['m2'],'metadataRequirementsList':[{'n':6}]}", ""},
        {"{'providerNames':['m2'],'metadataRequirementsList':[{'model_metadata.author':'A'}]}",
         M2 "*"},
        {"{'providerNames':['m1','m2'],'interfaceTemplateNames':['generic-https']}", M2 "*"},
        {"{'providerNames':['m2'],'policies':['NONE']}", M2 "*"},
        {"{'providerNames':['m2'],'policies':['CERT_AUTH']}", ""},
        {"{'providerNames':['m2'],'addressTypes':['IPV4']}", M2 "*"},
        {"{'providerNames':['m2'],'addressTypes':['IPV6']}", ""},
        {"{'providerNames':['m1'],'interfacePropertyRequirementsList':[{'accessPort':1}]}", ""},
        {"{'providerNames':['m2'],'interfacePropertyRequirementsList':[{'accessPort':443}]}",
         M2 "*"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *found = find(rows[i].request);
        if (strcmp(found, rows[i].found) != 0)
            fail_msg("%s: %s", rows[i].request, found);
    }
}

static void its_lease_is_its_end(void **state)
{
    (void)state;
    put_plant();
    fixture_set_clock(registry, 1019, 500);
    QV_CLEANUP(qv_service_query) struct qv_service_query *query = NULL;
    QV_CLEANUP(qv_service_result) struct qv_service_result result = {0};
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    look_up("{'providerNames':['m2'],'alivesAt':'1970-01-01T00:25:20Z'}", &query, &result);
    assert_int_equal(result.count, 1);
    assert_int_equal(result.matches[0].ends.seconds, 1520);
    qv_service_result_write(&result, QV_DETAIL_TERSE, false, &buf);
    assert_non_null(strstr(buf.at, "\"version\":\"2.0.0\",\"expiresAt\":\"1970-01-01T00:25:20Z\","
                                   "\"metadata\":{\"id\":\"m2\","));
    assert_null(strstr(buf.at, "null"));

    assert_true(qv_registry_is_exposed(registry, QV_STR(M2)));
    fixture_set_clock(registry, 1020, 500);
    assert_string_equal(find("{'providerNames':['m2']}"), "");
    assert_false(qv_registry_is_exposed(registry, QV_STR(M2)));
    assert_int_equal(APPLY(view, RENEW("m2", 1050)), QV_OK);
    assert_string_equal(find("{'providerNames':['m2']}"), M2 "*");
}

static void knows_what_is_only_chaps(void **state)
{
    (void)state;
    put_plant();
    assert_true(qv_registry_is_exposed(registry, QV_STR(M2)));
    assert_false(qv_registry_is_exposed(registry, QV_STR(M1))); /* somebody registered one */
    assert_false(qv_registry_is_exposed(registry, QV_STR("m3::ml-service::3.0.0"))); /* ended */
    assert_false(qv_registry_is_exposed(registry, QV_STR("m2::x::2.0.0")));
    assert_false(qv_registry_is_exposed(registry, QV_STR("m2")));
    assert_false(qv_registry_is_exposed(registry, QV_STR("")));
}

static void follows_each_change(void **state)
{
    (void)state;
    put_plant();
    assert_int_equal(APPLY(view, PUT(QV_KIND_CHAP, "m2", CHAP_DOC("m2", "http://new", "2.1", ""))),
                     QV_OK);
    assert_string_equal(find("{'providerNames':['m2']}"), "m2::ml-service::2.1.0*");
    assert_string_equal(find("{'instanceIds':['" M2 "']}"), "");
    assert_int_equal(APPLY(view, PUT(QV_KIND_CHAP, "m2", CHAP_DOC("m2", "http://no_form", "2", "")),
                           PUT_LEASED("m4", CHAP_DOC("m4", "http://h4", "4", ""), 1020)),
                     QV_OK);
    assert_string_equal(find("{'providerNames':['m2','m4']}"), "m4::ml-service::4.0.0*");
    assert_int_equal(APPLY(view, REMOVE(QV_KIND_CHAP, "m4"), REMOVE(QV_KIND_CHAP, "m2")), QV_OK);
    assert_string_equal(find("{'providerNames':['m2','m4']}"), "");
    /* all at once, in one change */
    assert_int_equal(APPLY(view, PUT_LEASED("m5", CHAP_DOC("m5", "http://h", "1", ""), 1020),
                           PUT_LEASED("m5", CHAP_DOC("m5", "http://h", "2", ""), 1020),
                           REMOVE(QV_KIND_CHAP, "m5"),
                           PUT_LEASED("m5", CHAP_DOC("m5", "http://h", "3", ""), 1020)),
                     QV_OK);
    assert_string_equal(find("{'providerNames':['m5']}"), "m5::ml-service::3.0.0*");
    /* what is registered under its id hides it, and does not change it */
    assert_string_equal(find("{'instanceIds':['" M1 "']}"), M1);
    assert_int_equal(
        APPLY(view, PUT(QV_KIND_INSTANCE, M1,
                        INSTANCE_DOC("m1", "ml-service", "1.0.0",
                                     ",\"expiresAt\":\"1970-01-01T00:16:39Z\"", HTTP))),
        QV_OK);
    assert_string_equal(find("{'instanceIds':['" M1 "']}"), M1 "*"); /* it has ended */
    assert_int_equal(APPLY(view, REMOVE(QV_KIND_INSTANCE, M1)), QV_OK);
    assert_string_equal(find("{'instanceIds':['" M1 "']}"), M1 "*");
}

/* In 5.2 several ids become one name. */
static void names_may_be_shared(void **state)
{
    (void)state;
    rules = fixture_rules_5_2();
    static const char *const ids[] = {"a1", "a-1", "a-b", "a1b"};
    static const char *const docs[] = {
        CHAP_DOC("a1", "http://h1", "1", ""), CHAP_DOC("a-1", "http://h2", "1", ""),
        CHAP_DOC("a-b", "http://h3", "1", ""), CHAP_DOC("a1b", "http://h4", "1", "")};
    /* each order of leaving */
    static const int orders[][2] = {{0, 1}, {1, 0}};
    for (size_t order = 0; order < COUNT_OF(orders); order++) {
        for (size_t i = 0; i < COUNT_OF(ids); i++)
            assert_int_equal(APPLY(view, PUT_LEASED(ids[i], docs[i], 1010)), QV_OK);
        assert_string_equal(find("{'providerNames':['A1']}"),
                            "A1|mlService|1.0.0* A1|mlService|1.0.0*");
        assert_string_equal(find("{'instanceIds':['A1|mlService|1.0.0']}"),
                            "A1|mlService|1.0.0* A1|mlService|1.0.0*");
        assert_int_equal(APPLY(view, REMOVE(QV_KIND_CHAP, ids[orders[order][0]])), QV_OK);
        assert_string_equal(find("{'providerNames':['A1']}"), "A1|mlService|1.0.0*");
        assert_string_equal(find("{'serviceDefinitionNames':['ml-service']}"),
                            "AB|mlService|1.0.0* A1|mlService|1.0.0* A1b|mlService|1.0.0*");
        assert_int_equal(APPLY(view, REMOVE(QV_KIND_CHAP, ids[orders[order][1]])), QV_OK);
        assert_string_equal(find("{'providerNames':['A1']}"), "");
    }
}

static void a_view_may_be_filled_before_or_after_it_belongs_to_the_registry(void **state)
{
    (void)state;
    for (int prepared = 0; prepared < 2; prepared++) {
        struct qv_view *next = NULL;
        assert_int_equal(qv_view_new(&next), QV_OK);
        if (prepared)
            qv_view_prepare_for(next, registry);
        assert_int_equal(APPLY(next, PUT(QV_KIND_CHAP, "m8", CHAP_DOC("m8", "http://h", "1", "")),
                               RENEW("m8", 1010),
                               PUT(QV_KIND_CHAP, "m9", CHAP_DOC("m9", "http://a_b", "1", ""))),
                         QV_OK);
        view = next;
        qv_registry_publish(registry, next);
        assert_string_equal(find("{'serviceDefinitionNames':['ml-service']}"),
                            "m8::ml-service::1.0.0*");
    }
}

/* Forms for which there was no memory when the view came into force are made with the next change,
   of whatever kind. */
static void memory_that_was_out_is_asked_for_again(void **state)
{
    (void)state;
    bool was_out = false;
    for (size_t nth = 1; nth < 40; nth++) {
        struct qv_view *next = NULL;
        assert_int_equal(qv_view_new(&next), QV_OK);
        assert_int_equal(APPLY(next, PUT_LEASED("m8", CHAP_DOC("m8", "http://h", "1", ""), 1010)),
                         QV_OK);
        view = next;
        qv_memory_fail_at(nth);
        qv_registry_publish(registry, next);
        qv_memory_fail_at(0);
        was_out = was_out || find("{'providerNames':['m8']}")[0] == '\0';
        assert_int_equal(APPLY(view, RENEW("m8", 1020)), QV_OK);
        assert_string_equal(find("{'providerNames':['m8']}"), "m8::ml-service::1.0.0*");
    }
    assert_true(was_out);
}

static enum qv_status sees_https(void *data, const struct qv_instance *instance, bool *ret_sees)
{
    *ret_sees = qv_str_equal(instance->interfaces[0].template_name, QV_STR("generic-https"));
    *(int *)data += 1;
    return QV_OK;
}

static void what_may_not_be_seen_is_not_found(void **state)
{
    (void)state;
    put_plant();
    int asked = 0;
    struct qv_service_query query = {.sees = sees_https, .view_data = &asked};
    QV_CLEANUP(qv_service_result) struct qv_service_result result = {0};
    assert_int_equal(qv_strings_add(&query.definitions, QV_STR("ml-service")), QV_OK);
    assert_int_equal(qv_registry_find_services(registry, &query, (struct qv_wall){.seconds = 1000},
                                               &result, NULL),
                     QV_OK);
    assert_int_equal(result.count, 1);
    assert_true(qv_str_equal(result.matches[0].instance->head.id, QV_STR(M2)));
    assert_non_null(result.matches[0].provider);
    assert_int_equal(asked, 3);
    qv_strings_free(&query.definitions);
}

static void a_restricted_discovery_finds_none(void **state)
{
    (void)state;
    put_plant();
    QV_CLEANUP(qv_service_query) struct qv_service_query *query = NULL;
    QV_CLEANUP(qv_json) json_t *body = fixture_quoted("{'providerNames':['m2']}");
    QV_CLEANUP(qv_service_result) struct qv_service_result result = {0};
    rules.discovery = QV_DISCOVERY_RESTRICTED;
    assert_int_equal(qv_service_query_read(&rules, body, &query, NULL), QV_OK);
    assert_int_equal(qv_service_query_restrict(&rules, QV_STR("somebody"), false, query, NULL),
                     QV_OK);
    assert_int_equal(qv_registry_find_services(registry, query, (struct qv_wall){.seconds = 1000},
                                               &result, NULL),
                     QV_OK);
    assert_int_equal(result.count, 0);
}

static void shows_the_certificate_that_registered_it(void **state)
{
    (void)state;
#define FINGERPRINT "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
    assert_int_equal(
        APPLY(view, PUT_LEASED("m",
                               CHAP_ENVELOPE("{\"x5t#S256\":\"" FINGERPRINT "\"}",
                                             "{\"id\":\"m\",\"url\":\"http://h\",\"info\":"
                                             "{\"id\":\"m\"}}"),
                               1010)),
        QV_OK);
    QV_CLEANUP(qv_service_query) struct qv_service_query *query = NULL;
    QV_CLEANUP(qv_service_result) struct qv_service_result result = {0};
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    look_up("{'providerNames':['m']}", &query, &result);
    assert_int_equal(result.count, 1);
    assert_non_null(result.matches[0].instance->provenance);
    qv_service_result_write(&result, QV_DETAIL_TERSE, true, &buf);
    assert_non_null(strstr(buf.at, "\"metadata\":{\"x5t#S256\":\"" FINGERPRINT "\"}"));
}

static void nothing_is_exposed_unless_it_is_asked_for(void **state)
{
    (void)state;
    qv_registry_free(&registry);
    assert_int_equal(qv_registry_new(&rules, &registry), QV_OK);
    assert_int_equal(qv_view_new(&view), QV_OK);
    qv_registry_publish(registry, view);
    fixture_set_clock(registry, 1000, 0);
    put_plant();
    assert_string_equal(find("{'providerNames':['m2']}"), "");
    assert_string_equal(find("{'serviceDefinitionNames':['ml-service']}"),
                        M1 " a::ml-service::1.0.0");
    assert_false(qv_registry_is_exposed(registry, QV_STR(M2)));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(has_the_form_of_each_dialect),
        TEST(says_where_a_service_is),
        TEST(versions_and_names_are_arrowheads),
        TEST(a_form_survives_every_failed_allocation),
        TEST(is_found_by_each_filter),
        TEST(its_lease_is_its_end),
        TEST(knows_what_is_only_chaps),
        TEST(follows_each_change),
        TEST(names_may_be_shared),
        TEST(a_view_may_be_filled_before_or_after_it_belongs_to_the_registry),
        TEST(memory_that_was_out_is_asked_for_again),
        TEST(what_may_not_be_seen_is_not_found),
        TEST(a_restricted_discovery_finds_none),
        TEST(shows_the_certificate_that_registered_it),
        TEST(nothing_is_exposed_unless_it_is_asked_for),
    };
    return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
