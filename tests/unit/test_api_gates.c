// links: api
/*
 * What the server's gates ask of the api: which lookup needs no identity, and who is to be looked
 * up on the blacklist, and where (spec/arrowhead-discovery 1.5-1.7).
 */
#include "view_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <quiver/api/gates.h>
#include <quiver/base/memory.h>
#include <string.h>

#define LOOKUP "/serviceregistry/service-discovery/lookup"

static struct qv_config config;
static struct qv_api api;

static struct qv_request request_of(const char *method, const char *path, const char *body)
{
    return (struct qv_request){
        .method = qv_str_from(method),
        .path = qv_str_from(path),
        .body = qv_str_from(body),
        .json_depth = 32,
    };
}

/* ---- the lookup of the identity service ---- */

static void the_one_lookup(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path, *body;
        bool is;
    } rows[] = {
        {"POST", LOOKUP, "{\"serviceDefinitionNames\":[\"identity\"]}", true},
        {"POST", LOOKUP, "{\"serviceDefinitionNames\":[\"identity\"],\"versions\":[\"1\"]}", true},
        {"POST", LOOKUP, "{\"policies\":5,\"serviceDefinitionNames\":[\"identity\"]}", true},
        {"GET", LOOKUP, "{\"serviceDefinitionNames\":[\"identity\"]}", false},
        {"POST", "/x/lookup", "{\"serviceDefinitionNames\":[\"identity\"]}", false},
        {"POST", LOOKUP "/", "{\"serviceDefinitionNames\":[\"identity\"]}", false},
        {"POST", "/serviceregistry/system-discovery/lookup",
         "{\"serviceDefinitionNames\":[\"identity\"]}", false},
        {"POST", LOOKUP, "{\"serviceDefinitionNames\":[\"identity\",\"x\"]}", false},
        {"POST", LOOKUP, "{\"serviceDefinitionNames\":[\"identity\",\"identity\"]}", false},
        {"POST", LOOKUP, "{\"serviceDefinitionNames\":[\"Identity\"]}", false},
        {"POST", LOOKUP, "{\"serviceDefinitionNames\":[\"identity \"]}", false},
        {"POST", LOOKUP, "{\"serviceDefinitionNames\":\"identity\"}", false},
        {"POST", LOOKUP, "{\"serviceDefinitionNames\":[]}", false},
        {"POST", LOOKUP, "{\"serviceDefinitionNames\":[\"identity\"],\"x\":1}", false},
        {"POST", LOOKUP, "{\"providerNames\":[\"identity\"]}", false},
        {"POST", LOOKUP, "{}", false},
        {"POST", LOOKUP, "[\"identity\"]", false},
        {"POST", LOOKUP, "{\"serviceDefinitionNames\":[\"identity\"]} x", false},
        {"POST", LOOKUP, "", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct qv_request request = request_of(rows[i].method, rows[i].path, rows[i].body);
        api.rules.dialect = qv_dialect_get(QV_DIALECT_5_2);
        assert_int_equal(qv_gate_is_identity_lookup(&request), rows[i].is);
        assert_int_equal(qv_gate_needs_nobody(&api, &request), rows[i].is);
        api.rules.dialect = qv_dialect_get(QV_DIALECT_5_0);
        assert_int_equal(qv_gate_is_identity_lookup(&request), rows[i].is);
        assert_false(qv_gate_needs_nobody(&api, &request));
    }
}

/* ---- the blacklist ---- */

/* "name at url", "name" where the check cannot be made, "-" where nobody is asked. */
static const char *question_of(struct qv_request request)
{
    static char text[256];
    bool asks = false;
    QV_CLEANUP(qv_buf) struct qv_buf name = {0};
    QV_CLEANUP(qv_buf) struct qv_buf url = {0};
    assert_int_equal(qv_gate_blacklist(&api, &request, &asks, &name, &url), QV_OK);
    snprintf(text, sizeof(text), "%s%s%s", asks ? name.at : "-", url.length > 0 ? " at " : "",
             url.length > 0 ? url.at : "");
    return text;
}

static struct qv_request request_by(const char *system, enum qv_profile profile)
{
    static struct qv_identity caller;
    caller = (struct qv_identity){.system = (char *)(uintptr_t)system, .profile = profile};
    struct qv_request request = request_of("GET", "/x", "");
    request.identity = &caller;
    return request;
}

static void who_is_asked_about(void **state)
{
    (void)state;
    static char *exempt[] = {(char *)"Exempt-One", (char *)"two"};
    static const struct {
        const char *system;
        enum qv_profile profile;
        const char *of_5_0, *of_5_2;
    } rows[] = {
        {"Some-System", QV_PROFILE_SYSTEM, "some-system at https://b/check",
         "SomeSystem at https://b/check"},
        {"exempt-one", QV_PROFILE_SYSTEM, "-", "-"},
        {"Two", QV_PROFILE_SYSTEM, "-", "-"},
        {"two2", QV_PROFILE_SYSTEM, "two2 at https://b/check", "Two2 at https://b/check"},
        {"blacklist", QV_PROFILE_SYSTEM, "-", "-"},
        {"some-system", QV_PROFILE_OPERATOR, "-", "-"},
    };
    config.identity.blacklist.mode = QV_BLACKLIST_REQUIRED;
    config.identity.blacklist.url = (char *)(uintptr_t) "https://b/check";
    config.identity.blacklist.exempt = (struct qv_strings){exempt, 2};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        api.rules.dialect = qv_dialect_get(QV_DIALECT_5_0);
        assert_string_equal(question_of(request_by(rows[i].system, rows[i].profile)),
                            rows[i].of_5_0);
        api.rules.dialect = qv_dialect_get(QV_DIALECT_5_2);
        assert_string_equal(question_of(request_by(rows[i].system, rows[i].profile)),
                            rows[i].of_5_2);
    }
    struct qv_request request = request_by("some-system", QV_PROFILE_SYSTEM);
    request.identity = NULL;
    assert_string_equal(question_of(request), "-");
    request = request_by("some-system", QV_PROFILE_SYSTEM);
    request.method = QV_STR("POST");
    request.path = QV_STR(LOOKUP);
    request.body = QV_STR("{\"serviceDefinitionNames\":[\"identity\"]}");
    assert_string_equal(question_of(request), "-");
    config.identity.blacklist.mode = QV_BLACKLIST_OFF;
    assert_string_equal(question_of(request_by("some-system", QV_PROFILE_SYSTEM)), "-");
}

#define HTTPS(properties) INTERFACE("generic-https", "NONE", properties)
#define CHECK(more)                                                                                \
    "{\"accessAddresses\":[\"10.0.0.9\",\"x\"],\"accessPort\":8451,\"basePath\":\"/blacklist\","   \
    "\"operations\":{\"check\":{\"method\":\"GET\",\"path\":\"/check\"}}" more "}"

static void where_it_is_asked(void **state)
{
    (void)state;
    static const struct {
        const char *provider, *interfaces, *question;
    } rows[] = {
        {"blacklist", HTTPS(CHECK("")), "a at https://10.0.0.9:8451/blacklist/check"},
        {"blacklist", HTTP "," HTTPS(CHECK("")), "a at https://10.0.0.9:8451/blacklist/check"},
        {"blacklist",
         HTTPS("{\"accessAddresses\":[\"0000:0000:0000:0000:0000:0000:0000:0001\"],\"accessPort\":"
               "1,\"basePath\":\"b/\",\"operations\":{\"check\":{\"path\":\"c/\"}}}"),
         "a at https://[0000:0000:0000:0000:0000:0000:0000:0001]:1/b/c"},
        {"blacklist",
         HTTPS("{\"accessAddresses\":[\"h\"],\"accessPort\":1,\"basePath\":\"\","
               "\"operations\":{\"check\":{\"path\":\"\"}}}"),
         "a at https://h:1"},
        {"blacklist", INTERFACE("generic-http", "NONE", CHECK("")), "a"},
        {"blacklist", HTTPS("{}"), "a"},
        {"blacklist", HTTPS("{\"accessAddresses\":[\"h\"],\"accessPort\":1}"), "a"},
        {"blacklist",
         HTTPS("{\"accessAddresses\":[],\"accessPort\":1,\"operations\":"
               "{\"check\":{\"path\":\"/c\"}}}"),
         "a"},
        {"blacklist",
         HTTPS("{\"accessAddresses\":[\"h\"],\"accessPort\":0,\"operations\":"
               "{\"check\":{\"path\":\"/c\"}}}"),
         "a"},
        {"blacklist",
         HTTPS("{\"accessAddresses\":[\"h/x@evil\"],\"accessPort\":1,\"operations\":"
               "{\"check\":{\"path\":\"/c\"}}}"),
         "a"},
        {"other", HTTPS(CHECK("")), "a"},
    };
    api.rules.dialect = qv_dialect_get(QV_DIALECT_5_0);
    config.identity.blacklist.mode = QV_BLACKLIST_REQUIRED;
    config.identity.blacklist.url = NULL;
    config.identity.blacklist.exempt = (struct qv_strings){0};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        QV_CLEANUP(qv_registry) struct qv_registry *registry = NULL;
        assert_int_equal(qv_registry_new(&api.rules, &registry), QV_OK);
        api.registry = registry;
        /* nothing is loaded yet */
        assert_string_equal(question_of(request_by("a", QV_PROFILE_SYSTEM)), "a");
        struct qv_view *view;
        assert_int_equal(qv_view_new(&view), QV_OK);
        char id[64], system[512], instance[2048];
        snprintf(id, sizeof(id), "%s::blacklist-discovery::1.0.0", rows[i].provider);
        snprintf(system, sizeof(system), ENVELOPE("{\"name\":\"%s\",\"version\":\"1.0.0\"}"),
                 rows[i].provider);
        snprintf(instance, sizeof(instance),
                 ENVELOPE("{\"instanceId\":\"%s\",\"provider\":\"%s\",\"serviceDefinition\":"
                          "\"blacklist-discovery\",\"version\":\"1.0.0\",\"interfaces\":[%s]}"),
                 id, rows[i].provider, rows[i].interfaces);
        assert_int_equal(APPLY(view, PUT(QV_KIND_SYSTEM, rows[i].provider, system),
                               PUT(QV_KIND_DEFINITION, "blacklist-discovery", DEFINITION_DOC("b")),
                               PUT(QV_KIND_INSTANCE, id, instance)),
                         QV_OK);
        qv_registry_publish(registry, view);
        assert_string_equal(question_of(request_by("a", QV_PROFILE_SYSTEM)), rows[i].question);
    }
}

static void verdicts(void **state)
{
    (void)state;
    static const struct {
        enum qv_status found;
        bool listed;
        enum qv_status status;
        const char *of_5_0, *of_5_2;
    } rows[] = {
        {QV_OK, false, QV_OK, "ok", "ok"},
        {QV_OK, true, QV_DENIED, "a system is blacklisted!", "a system is blacklisted"},
        {QV_UNAVAILABLE, false, QV_DENIED,
         "Blacklist system is not available, the system might be blacklisted.",
         "Blacklist system is not available, the system might be blacklisted"},
        {QV_NO_MEMORY, false, QV_NO_MEMORY, "ok", "ok"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (int is_5_2 = 0; is_5_2 < 2; is_5_2++) {
            api.rules.dialect = qv_dialect_get(is_5_2 ? QV_DIALECT_5_2 : QV_DIALECT_5_0);
            const struct qv_inquiry inquiry = {.status = rows[i].found, .listed = rows[i].listed};
            QV_CLEANUP(qv_error) struct qv_error error = {0};
            assert_int_equal(qv_gate_blacklist_verdict(&api, &inquiry, QV_STR("a"), &error),
                             rows[i].status);
            assert_string_equal(qv_error_message(&error), is_5_2 ? rows[i].of_5_2 : rows[i].of_5_0);
        }
}

static int set_up(void **state)
{
    (void)state;
    config = (struct qv_config){0};
    api = (struct qv_api){.config = &config, .rules = {.dialect = qv_dialect_get(QV_DIALECT_5_0)}};
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_one_lookup, set_up),
        cmocka_unit_test_setup(who_is_asked_about, set_up),
        cmocka_unit_test_setup(where_it_is_asked, set_up),
        cmocka_unit_test_setup(verdicts, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
