// links: api
/*
 * What handlers tell the policy about an object, and what a lookup shows where the policy hides
 * something: not a trace of it, in entries or count.
 */
#include "handler_fixture.h"

/* ---- objects --------------------------------------------------------------------------------- */

#define OPEN(on_)                                                                                  \
    "version: 1\nrules:\n"                                                                         \
    "  - {name: all, who: {profile: system}, allow: ['*']}\n"                                      \
    "  - {name: not so, who: {profile: system}, deny: ['*'], on: {" on_ "}}\n"

#define INTERFACE_(template_, policy)                                                              \
    "{\"templateName\":\"" template_ "\",\"policy\":\"" policy "\",\"properties\":{"               \
    "\"accessAddresses\":[\"10.0.0.1\"],\"accessPort\":80,\"basePath\":\"/\"}}"
#define SERVICE(name, version)                                                                     \
    "{\"serviceDefinitionName\":\"" name "\",\"version\":\"" version                               \
    "\",\"metadata\":{\"state\":\"draft\"},\"interfaces\":[" INTERFACE_(                           \
        "generic-http", "NONE") "," INTERFACE_("generic-https", "CERT_AUTH") "]}"

#define REGISTER_I                                                                                 \
    service_register, QV_OP_SERVICE_REGISTER, SERVICE("temp", "1.0.0"), NULL, NULL, JSON
#define REVOKE_I(id) service_revoke, QV_OP_SERVICE_REVOKE, NULL, NULL, id, NULL
#define REGISTER_S                                                                                 \
    system_register, QV_OP_SYSTEM_REGISTER,                                                        \
        "{\"addresses\":[\"10.0.0.1\"],\"metadata\":{\"state\":\"draft\"}}", NULL, NULL, JSON
#define REVOKE_S system_revoke, QV_OP_SYSTEM_REVOKE, NULL, NULL, NULL, NULL
#define REGISTER_D                                                                                 \
    device_register, QV_OP_DEVICE_REGISTER,                                                        \
        "{\"name\":\"d\",\"addresses\":[\"10.0.0.1\"],\"metadata\":{\"state\":\"draft\"}}", NULL,  \
        NULL, JSON
#define REVOKE_D(name) device_revoke, QV_OP_DEVICE_REVOKE, NULL, NULL, name, NULL

#define STATE "metadata: {state: draft}"

static const struct {
    struct call call;
    const char *policy;
    bool denied;
    const char *object;
} judged[] = {
    {{REGISTER_I}, OPEN("services: temp"), true, "prov::temp::1.0.0"},
    {{REGISTER_I}, OPEN("services: temperature"), false, "prov::temp::1.0.0"},
    {{REGISTER_I}, OPEN("provider: prov"), true, "prov::temp::1.0.0"},
    {{REGISTER_I}, OPEN("provider: self"), true, "prov::temp::1.0.0"},
    {{REGISTER_I}, OPEN("versions: '1.*'"), true, "prov::temp::1.0.0"},
    {{REGISTER_I}, OPEN("versions: '2.*'"), false, "prov::temp::1.0.0"},
    {{REGISTER_I}, OPEN("interfaces: generic-http"), true, "prov::temp::1.0.0"},
    {{REGISTER_I}, OPEN("interfaces: generic-https"), true, "prov::temp::1.0.0"},
    {{REGISTER_I}, OPEN("interfaces: generic-mqtt"), false, "prov::temp::1.0.0"},
    {{REGISTER_I}, OPEN("policies: NONE"), true, "prov::temp::1.0.0"},
    {{REGISTER_I}, OPEN("policies: CERT_AUTH"), true, "prov::temp::1.0.0"},
    {{REGISTER_I}, OPEN("policies: '*_TOKEN_AUTH'"), false, "prov::temp::1.0.0"},
    {{REGISTER_I}, OPEN(STATE), true, "prov::temp::1.0.0"},
    {{REGISTER_I}, OPEN("metadata: {state: final}"), false, "prov::temp::1.0.0"},
    /* of a revocation it is what stands there */
    {{REVOKE_I("prov::temp::1.0.0")}, OPEN("services: temp"), true, "prov::temp::1.0.0"},
    {{REVOKE_I("Prov::Temp::1.0.0")}, OPEN("versions: 1.0.0"), true, "prov::temp::1.0.0"},
    {{REVOKE_I("prov::temp::1.0.0")}, OPEN("interfaces: generic-http"), true, "prov::temp::1.0.0"},
    {{REVOKE_I("prov::temp::1.0.0")}, OPEN("policies: NONE"), true, "prov::temp::1.0.0"},
    {{REVOKE_I("prov::temp::1.0.0")}, OPEN(STATE), true, "prov::temp::1.0.0"},
    {{REVOKE_I("prov::temp::1.0.0")}, OPEN("metadata: {state: final}"), false, "prov::temp::1.0.0"},
    /* nothing there: nothing is known of it but its name */
    {{REVOKE_I("prov::temp::2.0.0")}, OPEN("services: temp"), true, "prov::temp::2.0.0"},
    {{REVOKE_I("prov::temp::2.0.0")}, OPEN(STATE), false, "prov::temp::2.0.0"},
    {{REVOKE_I("prov::temp::2.0.0")}, OPEN("interfaces: '*'"), false, "prov::temp::2.0.0"},
    {{REVOKE_I("other::temp::1.0.0")}, OPEN("provider: other"), true, "other::temp::1.0.0"},
    {{REVOKE_I("other::temp::1.0.0")}, OPEN("provider: self"), false, "other::temp::1.0.0"},
    {{REVOKE_I("other::temp::1.0.0")}, NULL, true, "other::temp::1.0.0"},
    {{REGISTER_S}, OPEN("provider: prov"), true, "prov"},
    {{REGISTER_S}, OPEN("services: '*'"), false, "prov"},
    {{REGISTER_S}, OPEN(STATE), true, "prov"},
    {{REVOKE_S}, OPEN(STATE), true, "prov"},
    {{REVOKE_S}, OPEN("metadata: {state: final}"), false, "prov"},
    {{REVOKE_S}, OPEN("provider: self"), true, "prov"},
    {{REGISTER_D}, OPEN(STATE), true, "d"},
    {{REGISTER_D}, OPEN("provider: '*'"), false, "d"},
    {{REVOKE_D("d")}, OPEN(STATE), true, "d"},
    {{REVOKE_D("e")}, OPEN(STATE), false, "e"},
};

#define DRAFT ",\"metadata\":{\"state\":\"draft\"}"

static void put_drafts(void)
{
    static const char system[] =
        ENVELOPE("{\"name\":\"prov\",\"version\":\"1.0.0\"" DRAFT ",\"addresses\":[]}");
    static const char device[] = ENVELOPE("{\"name\":\"d\"" DRAFT ",\"addresses\":[]}");
    assert_int_equal(APPLY(view, PUT(QV_KIND_SYSTEM, "prov", system),
                           PUT(QV_KIND_DEVICE, "d", device),
                           PUT(QV_KIND_DEFINITION, "temp", DEFINITION_DOC("temp")),
                           PUT(QV_KIND_INSTANCE, "prov::temp::1.0.0",
                               INSTANCE_DOC("prov", "temp", "1.0.0", DRAFT, HTTP))),
                     QV_OK);
}

static void put_template(const char *name)
{
    QV_CLEANUP(qv_buf) struct qv_buf envelope = {0};
    qv_buf_printf(&envelope,
                  "{\"v\":1,\"rev\":7,\"created\":\"2026-01-02T03:04:05Z\",\"updated\":"
                  "\"2026-01-02T03:04:06Z\",\"doc\":{\"name\":\"%s\",\"protocol\":\"http\","
                  "\"properties\":[]}}",
                  name);
    assert_int_equal(APPLY(view, PUT(QV_KIND_TEMPLATE, name, envelope.at)), QV_OK);
}

static void the_policy_is_asked_about_all_that_is_known(void **state)
{
    (void)state;
    put_drafts();
    put_template("generic-http");
    put_template("generic-https");
    for (size_t i = 0; i < COUNT_OF(judged); i++) {
        QV_CLEANUP(qv_response) struct qv_response response = {0};
        struct qv_job *job = NULL;
        set_policy(judged[i].policy);
        run(&judged[i].call, &response, &job);
        if ((response.status == 403) != judged[i].denied || (job == NULL) != judged[i].denied)
            fail_msg("row %zu: %d %s", i, response.status, response.body.at);
        assert_string_equal(response.record.object.at, judged[i].object);
        assert_int_equal(response.record.verdict,
                         judged[i].denied ? QV_RECORD_DENIED : QV_RECORD_NONE);
        if (judged[i].policy != NULL)
            assert_string_equal(response.record.rule, judged[i].denied ? "not so" : "all");
        qv_job_free(&job);
    }
}

/* What stands there cannot be known yet, so nothing is decided. */
static void without_a_view_nothing_is_revoked(void **state)
{
    (void)state;
    static const struct call calls[] = {
        {REVOKE_I("prov::temp::1.0.0")}, {REVOKE_S}, {REVOKE_D("d")}};
    struct qv_registry *empty = NULL;
    assert_int_equal(qv_registry_new(&api.rules, &empty), QV_OK);
    api.registry = empty;
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        QV_CLEANUP(qv_response) struct qv_response response = {0};
        struct qv_job *job = NULL;
        run(&calls[i], &response, &job);
        assert_null(job);
        assert_int_equal(response.status, 503);
        assert_int_equal(response.record.verdict, QV_RECORD_NONE);
    }
    qv_registry_free(&empty);
}

/* ---- what a lookup shows --------------------------------------------------------------------- */

#define VISIBLE(entries)                                                                           \
    "version: 1\nrules:\n"                                                                         \
    "  - {name: all, who: {profile: system}, allow: ['*']}\nvisible:\n" entries
#define SHOW(on_) "  - {name: \"" on_ "\", who: {systems: prov}, on: {" on_ "}}\n"

static void put_greenhouse(void)
{
    static const char *const providers[] = {"a", "b", "c", "prov"};
    for (size_t i = 0; i < COUNT_OF(providers); i++) {
        char id[32], system[256], instance[512];
        snprintf(id, sizeof(id), "%s::temp::1.0.0", providers[i]);
        snprintf(system, sizeof(system),
                 ENVELOPE("{\"name\":\"%s\",\"version\":\"1.0.0\",\"addresses\":[]}"),
                 providers[i]);
        snprintf(
            instance, sizeof(instance),
            ENVELOPE("{\"instanceId\":\"%s\",\"provider\":\"%s\",\"serviceDefinition\":\"temp\","
                     "\"version\":\"1.0.0\",\"metadata\":{\"open\":%s},\"interfaces\":[%s]}"),
            id, providers[i], i == 0 ? "true" : "false",
            i == 1 ? INTERFACE("generic-https", "CERT_AUTH", "{\"p\":1}")
                   : INTERFACE("generic-http", "NONE", "{\"p\":1}"));
        assert_int_equal(APPLY(view, PUT(QV_KIND_SYSTEM, providers[i], system),
                               PUT(QV_KIND_DEFINITION, "temp", DEFINITION_DOC("temp")),
                               PUT(QV_KIND_INSTANCE, id, instance)),
                         QV_OK);
    }
}

#define ALL     "{\"serviceDefinitionNames\":[\"temp\"]}"
#define IDS     "{\"instanceIds\":[\"a::temp::1.0.0\",\"b::temp::1.0.0\",\"prov::temp::1.0.0\"]}"
#define OF(who) "{\"providerNames\":[\"" who "\"]}"
#define CLOSED                                                                                     \
    "{\"serviceDefinitionNames\":[\"temp\"],\"metadataRequirementsList\":[{\"open\":false}]}"
#define HTTP_ONLY                                                                                  \
    "{\"serviceDefinitionNames\":[\"temp\"],\"interfaceTemplateNames\":[\"generic-http\"]}"

static const struct {
    const char *policy, *body;
    const char *shown; /* first letters, in the order of the answer */
} looked_up[] = {
    {VISIBLE(SHOW("provider: self")), ALL, "p"},
    {VISIBLE(SHOW("provider: self")), IDS, "p"},
    {VISIBLE(SHOW("provider: self")), OF("a"), ""},
    {VISIBLE(SHOW("provider: self")), OF("prov"), "p"},
    {VISIBLE(SHOW("provider: [a, c]")), ALL, "ca"},
    {VISIBLE(SHOW("provider: [a, c]")), CLOSED, "c"},
    {VISIBLE(SHOW("provider: [a, b]")), HTTP_ONLY, "a"},
    {VISIBLE(SHOW("metadata: {open: true}")), ALL, "a"},
    {VISIBLE(SHOW("metadata: {open: true}")), CLOSED, ""},
    {VISIBLE(SHOW("interfaces: generic-https")), ALL, "b"},
    {VISIBLE(SHOW("policies: NONE")), ALL, "pca"},
    {VISIBLE(SHOW("versions: '1.*'")), ALL, "pcba"},
    {VISIBLE(SHOW("services: other")), ALL, ""},
    {VISIBLE(SHOW("provider: a") SHOW("policies: CERT_AUTH")), ALL, "ba"},
    {VISIBLE("  - {name: others, who: {systems: other}}\n"), ALL, ""},
    {VISIBLE("  - {name: all see all, who: {profile: system}}\n"), ALL, "pcba"},
    {NULL, ALL, "pcba"},
};

static void look_up(const char *body, struct qv_response *response)
{
    struct qv_job *job = NULL;
    run(&(struct call){service_lookup, QV_OP_SERVICE_LOOKUP, body, NULL, NULL, JSON}, response,
        &job);
    assert_null(job);
}

static void a_lookup_shows_what_is_visible_and_no_trace_of_the_rest(void **state)
{
    (void)state;
    put_greenhouse();
    for (size_t i = 0; i < COUNT_OF(looked_up); i++) {
        QV_CLEANUP(qv_response) struct qv_response response = {0};
        set_policy(looked_up[i].policy);
        look_up(looked_up[i].body, &response);
        assert_int_equal(response.status, 200);
        json_t *answer = fixture_json(response.body.at);
        char shown[8] = "";
        size_t k;
        const json_t *entry;
        json_array_foreach (json_object_get(answer, "entries"), k, entry) {
            shown[k] = json_string_value(json_object_get(entry, "instanceId"))[0];
            shown[k + 1] = '\0';
        }
        if (strcmp(shown, looked_up[i].shown) != 0)
            fail_msg("row %zu: %s", i, response.body.at);
        assert_int_equal(json_integer_value(json_object_get(answer, "count")), strlen(shown));
        json_decref(answer);
    }
}

/* Nobody can tell by an answer what is hidden from them and what is not there at all. */
static void hidden_and_absent_look_the_same(void **state)
{
    (void)state;
    QV_CLEANUP(qv_response) struct qv_response hidden = {0}, absent = {0};
    set_policy(VISIBLE(SHOW("provider: self")));
    look_up(OF("a"), &absent);
    put_greenhouse();
    look_up(OF("a"), &hidden);
    assert_string_equal(hidden.body.at, absent.body.at);
}

static void every_failed_allocation_is_answered(void **state)
{
    (void)state;
    put_greenhouse();
    put_drafts();
    set_policy(VISIBLE(SHOW("metadata: {open: true}")));
    static const struct call calls[] = {
        {service_lookup, QV_OP_SERVICE_LOOKUP, ALL, NULL, NULL, JSON},
        {REVOKE_I("prov::temp::1.0.0")}};
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        bool failed = true;
        for (size_t nth = 1; failed; nth++) {
            QV_CLEANUP(qv_response) struct qv_response response = {0};
            struct qv_job *job = NULL;
            qv_memory_fail_at(nth);
            run(&calls[i], &response, &job);
            qv_memory_fail_at(0);
            failed = job == NULL && response.status != 200;
            if (failed)
                assert_int_equal(response.status, 503);
            else if (job == NULL && !response.body.failed)
                /* what could not be judged for want of memory is not shown */
                assert_true(strstr(response.body.at, "b::temp") == NULL);
            qv_job_free(&job);
            assert_true(nth < 500);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    qv_memory_init();
    const struct CMUnitTest tests[] = {
        TEST(the_policy_is_asked_about_all_that_is_known),
        TEST(without_a_view_nothing_is_revoked),
        TEST(a_lookup_shows_what_is_visible_and_no_trace_of_the_rest),
        TEST(hidden_and_absent_look_the_same),
        TEST(every_failed_allocation_is_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
