// links: api
/*
 * The handlers of CHAP services: what is answered, refused, and handed to the store. The store's
 * part is played by the test: it says what a change came to.
 */
#include "handler_fixture.h"

#include <string.h>

#define OPEN "version: 1\nrules:\n  - {name: all, who: {profile: [system]}, allow: ['chap.*']}\n"
#define OTHERS                                                                                     \
    "version: 1\nrules:\n"                                                                         \
    "  - {name: all, who: {profile: [system]}, allow: ['chap.*'], on: {metadata: {owner: me}}}\n"

#define INFO                                                                                       \
    "{\"id\":\"m1\",\"display_name\":\"M\",\"version\":\"2.0.0\",\"description\":null,"            \
    "\"model_metadata\":{\"author\":null},\"period_type\":\"weekly\"}"
#define DOC "{\"id\":\"m1\",\"url\":\"http://old:1\",\"info\":" INFO "}"
#define STORED                                                                                     \
    "{\"v\":1,\"rev\":7,\"created\":\"2026-01-02T03:04:05.000006Z\","                              \
    "\"updated\":\"2026-01-02T03:04:05.000006Z\",\"by\":{},\"doc\":" DOC "}"
/* 2026-01-02T03:04:05.000006Z in microseconds */
#define CREATED INT64_C(1767323045000006)
#define SECOND  INT64_C(1000000)

#define BODY                                                                                       \
    "{\"url\":\"http://new:2\",\"info\":{\"id\":\"m1\",\"display_name\":\"M\","                    \
    "\"model_metadata\":{},\"period_type\":\"weekly\"}}"

static char definition[] = "ml-service", public_url[] = "https://registry.example:8444/up";

static int set_chap_up(void **state)
{
    int fault = set_up(state);
    config.chap.definition = definition;
    config.chap.ttl_ms = 30999;
    base = "http://r:80";
    set_policy(OPEN);
    return fault;
}

/* So many microseconds after the service came. */
static void set_clock(int64_t since_us)
{
    qv_registry_set_clock(registry, CREATED + since_us, 0, qv_mono_now());
}

static void put_service(int64_t lease_us)
{
    const struct qv_effect put = {.kind = QV_KIND_CHAP,
                                  .id = QV_STR("m1"),
                                  .envelope = qv_str_from(STORED),
                                  .renews = true,
                                  .lease_us = CREATED + lease_us};
    assert_int_equal(qv_view_apply(view, &put, 1, NULL), QV_OK);
}

static void expect(const struct call *call, int status, const char *body)
{
    QV_CLEANUP(qv_response) struct qv_response response = {.shape = QV_SHAPE_DETAIL};
    struct qv_job *job = NULL;
    run(call, &response, &job);
    bool started = job != NULL;
    qv_job_free(&job);
    assert_false(started);
    if (response.status != status || strcmp(response.body.at, body) != 0)
        fail_msg("%d %s", response.status, response.body.at);
    assert_string_equal(response.content_type, JSON);
}

static void expect_words(const struct call *call, int status, const char *words)
{
    QV_CLEANUP(qv_response) struct qv_response response = {.shape = QV_SHAPE_DETAIL};
    struct qv_job *job = NULL;
    run(call, &response, &job);
    assert_null(job);
    assert_int_equal(response.status, status);
    assert_true(strncmp(response.body.at, "{\"detail\":", 10) == 0);
    if (strstr(response.body.at, words) == NULL)
        fail_msg("%s", response.body.at);
}

/* A change that the store made; its answer must be this. Empty body: there is none. */
static void expect_made(const struct call *call, struct qv_outcome outcome, bool hands_out,
                        int status, const char *body, enum qv_recorded verdict)
{
    QV_CLEANUP(qv_response) struct qv_response response = {.shape = QV_SHAPE_DETAIL};
    struct qv_job *job = NULL;
    run(call, &response, &job);
    if (job == NULL)
        fail_msg("%d %s", response.status, response.body.at);
    job->outcome = outcome;
    if (hands_out)
        assert_int_equal(
            qv_registry_get(registry, QV_KIND_CHAP, QV_STR("m1"), &job->outcome.chap, NULL), QV_OK);
    qv_job_finish(job, &response);
    assert_int_equal(qv_job_is_recorded(job), call->operation != QV_OP_CHAP_PING);
    qv_job_free(&job);
    if (response.status != status ||
        strcmp(response.body.at != NULL ? response.body.at : "", body) != 0)
        fail_msg("%d %s", response.status, response.body.at);
    assert_int_equal(response.record.verdict, verdict);
}

/* ---- register -------------------------------------------------------------------------------- */

#define REGISTER .handle = chap_register, .operation = QV_OP_CHAP_REGISTER, .content_type = JSON
#define SUCCESS  "Service registered successfully"
#define REGISTERED(message, base)                                                                  \
    "{\"id\":\"m1\",\"status\":\"registered\",\"service_url\":\"http://"                           \
    "old:1\",\"message\":\"" message "\",\"ttl_seconds\":30,\"ping_url\":\"" base                  \
    "/v2/services/m1/$ping\"}"

static void a_registration_is_answered(void **state)
{
    (void)state;
    static const struct {
        enum qv_chap_how how;
        bool done;
        const char *seed, *later; /* from 2.1 on */
    } rows[] = {
        {QV_CHAP_NEW, true, REGISTERED(SUCCESS, "http://r:80"), REGISTERED(SUCCESS, "http://r:80")},
        {QV_CHAP_SAME, true, REGISTERED("Service already registered", "http://r:80"),
         REGISTERED("Service registration updated", "http://r:80")},
        {QV_CHAP_UPDATED, true, REGISTERED("Service registration updated", "http://r:80"),
         REGISTERED("Service registration updated", "http://r:80")},
        {QV_CHAP_KEPT, false, REGISTERED("Service already registered", "http://r:80"),
         REGISTERED("Service already registered", "http://r:80")},
    };
    const struct call call = {REGISTER, .body = BODY};
    put_service(SECOND);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (unsigned d = QV_CHAP_SEED; d <= QV_CHAP_2_2; d++) {
            config.chap.dialect = (enum qv_chap_dialect)d;
            const struct qv_outcome outcome = {.done = rows[i].done, .chap_how = rows[i].how};
            expect_made(&call, outcome, true, 200, d == QV_CHAP_SEED ? rows[i].seed : rows[i].later,
                        QV_RECORD_ALLOWED);
        }
}

static void ping_url_is_as_configured(void **state)
{
    (void)state;
    static const char *const bases[] = {NULL, "http://r:80"};
    const struct qv_outcome made = {.done = true};
    const struct call call = {REGISTER, .body = BODY};
    put_service(SECOND);
    base = NULL;
    expect_words(&call, 400, "chap.hosts");
    expect_words(&call, 400, "chap.public_url");
    for (size_t i = 0; i < 2; i++) {
        base = bases[i];
        config.chap.ping_url = QV_CHAP_ABSOLUTE;
        config.chap.public_url = public_url;
        expect_made(&call, made, true, 200, REGISTERED(SUCCESS, "https://registry.example:8444/up"),
                    QV_RECORD_ALLOWED);
        config.chap.ping_url = QV_CHAP_RELATIVE;
        expect_made(&call, made, true, 200, REGISTERED(SUCCESS, ""), QV_RECORD_ALLOWED);
        config.chap.public_url = NULL;
        expect_made(&call, made, true, 200, REGISTERED(SUCCESS, ""), QV_RECORD_ALLOWED);
    }
}

static void content_types_are_judged(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        bool json[3]; /* seed, 2.1, 2.2 */
    } rows[] = {
        {"application/json", {true, true, true}},
        {"Application/JSON; charset=latin-1", {true, true, true}},
        {"application/vnd.x+json", {true, true, true}},
        {"application/x+JSON ;a=b", {true, true, true}},
        {NULL, {true, true, false}},
        {"", {true, true, false}},
        {"text/json", {false, false, false}},
        {"application/jsonx", {false, false, false}},
        {"application/json/x+json", {false, false, false}},
        {"application/", {false, false, false}},
        {"applicationx/json", {false, false, false}},
        {"json", {false, false, false}},
        {"*/*", {false, false, false}},
        {";", {false, false, false}},
        {"text/plain; application/json", {false, false, false}},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (unsigned d = QV_CHAP_SEED; d <= QV_CHAP_2_2; d++) {
            config.chap.dialect = (enum qv_chap_dialect)d;
            const struct call call = {.handle = chap_register,
                                      .operation = QV_OP_CHAP_REGISTER,
                                      .content_type = rows[i].type,
                                      .body = "5"};
            /* as JSON it is a number, else a text */
            expect(&call, 422,
                   rows[i].json[d]
                       ? "{\"detail\":[{\"type\":\"model_attributes_type\",\"loc\":[\"body\"],"
                         "\"msg\":\"Input should be a valid dictionary or object to extract fields "
                         "from\",\"input\":5}]}"
                       : "{\"detail\":[{\"type\":\"model_attributes_type\",\"loc\":[\"body\"],"
                         "\"msg\":\"Input should be a valid dictionary or object to extract fields "
                         "from\",\"input\":\"5\"}]}");
        }
}

static void faults_of_the_body_are_told(void **state)
{
    (void)state;
    static const char missing[] = "{\"detail\":[{\"type\":\"missing\",\"loc\":[\"body\"],"
                                  "\"msg\":\"Field required\",\"input\":null}]}";
    const struct call none = {REGISTER};
    const struct call null = {REGISTER, .body = "null"};
    const struct call no_text = {.handle = chap_register,
                                 .operation = QV_OP_CHAP_REGISTER,
                                 .content_type = "text/plain",
                                 .body = ""};
    expect(&none, 422, missing);
    expect(&null, 422, missing);
    expect(&no_text, 422, missing);
    const struct call empty = {REGISTER, .body = "{}"};
    expect(&empty, 422,
           "{\"detail\":[{\"type\":\"missing\",\"loc\":[\"body\",\"url\"],\"msg\":\"Field "
           "required\",\"input\":{}},{\"type\":\"missing\",\"loc\":[\"body\",\"info\"],\"msg\":"
           "\"Field required\",\"input\":{}}]}");
    const struct call broken = {REGISTER, .body = "{"};
    expect_words(&broken, 422, "\"json_invalid\"");
}

static void bytes_that_are_no_text_have_an_answer_of_their_own(void **state)
{
    (void)state;
    const struct call bytes = {REGISTER, .body = "{\"url\":\"\xFC\"}"};
    expect(&bytes, 400, "{\"detail\":\"There was an error parsing the body\"}");
    /* nothing is parsed that is not sent as JSON */
    const struct call other = {.handle = chap_register,
                               .operation = QV_OP_CHAP_REGISTER,
                               .content_type = "text/plain",
                               .body = "\xFC"};
    expect_words(&other, 422, "\"model_attributes_type\"");
}

/* ---- ping and delete ------------------------------------------------------------------------- */

#define PING      .handle = chap_ping, .operation = QV_OP_CHAP_PING
#define DELETE    .handle = chap_delete, .operation = QV_OP_CHAP_DELETE
#define NOT_FOUND "{\"detail\":\"Service m1 not found\"}"

static void a_ping_tells_the_new_end(void **state)
{
    (void)state;
    const struct call ping = {PING, .param = "m1", .body = "{broken"};
    const struct qv_outcome alive = {
        .done = true, .chap_times = {.pinged_us = CREATED, .ends_us = CREATED + 30 * SECOND}};
    expect_made(&ping, alive, false, 200,
                "{\"id\":\"m1\",\"status\":\"alive\",\"last_ping_at\":"
                "\"2026-01-02T03:04:05.000006+00:00\",\"expires_at\":"
                "\"2026-01-02T03:04:35.000006+00:00\"}",
                QV_RECORD_NONE);
    expect_made(&ping, (struct qv_outcome){.done = false}, false, 404, NOT_FOUND, QV_RECORD_NONE);
}

static void a_delete_has_no_words(void **state)
{
    (void)state;
    const struct call call = {DELETE, .param = "m1"};
    expect_made(&call, (struct qv_outcome){.done = true}, false, 204, "", QV_RECORD_ALLOWED);
    expect_made(&call, (struct qv_outcome){.done = false}, false, 404, NOT_FOUND,
                QV_RECORD_REFUSED);
    expect_made(&call, (struct qv_outcome){.done = true, .chap_how = QV_CHAP_ENDED}, false, 404,
                NOT_FOUND, QV_RECORD_REFUSED);
}

static void the_store_being_away_is_told(void **state)
{
    (void)state;
    const struct call calls[] = {
        {REGISTER, .body = BODY}, {PING, .param = "m1"}, {DELETE, .param = "m1"}};
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        struct qv_outcome away = {.status = QV_UNAVAILABLE};
        qv_error_set(&away.error, QV_UNAVAILABLE, "Redis is away");
        enum qv_recorded verdict =
            calls[i].operation == QV_OP_CHAP_PING ? QV_RECORD_NONE : QV_RECORD_REFUSED;
        expect_made(&calls[i], away, false, 503, "{\"detail\":\"Redis is away\"}", verdict);
    }
}

static void what_is_no_slug_is_not_found(void **state)
{
    (void)state;
    static const struct {
        const char *id, *body;
    } rows[] = {
        {"$register", "{\"detail\":\"Service $register not found\"}"},
        {"Bad_ID", "{\"detail\":\"Service Bad_ID not found\"}"},
        {"\"\xc3\xbc\n", "{\"detail\":\"Service \\\"\xc3\xbc\\n not found\"}"},
        {"\xff", "{\"detail\":\"Service \xef\xbf\xbd not found\"}"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct call calls[] = {
            {PING, .param = rows[i].id},
            {DELETE, .param = rows[i].id},
            {.handle = chap_get, .operation = QV_OP_CHAP_GET, .param = rows[i].id}};
        for (size_t c = 0; c < sizeof(calls) / sizeof(calls[0]); c++)
            expect(&calls[c], 404, rows[i].body);
    }
}

static void a_rule_decides_about_the_service(void **state)
{
    (void)state;
    set_policy(OTHERS);
    put_service(SECOND);
    const struct call calls[] = {
        {REGISTER, .body = BODY}, {PING, .param = "m1"}, {DELETE, .param = "m1"}};
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        expect_words(&calls[i], 403, "Forbidden");
    config.authorization.explain_to_clients = true;
    expect_words(&calls[0], 403, "no rule allows chap.register");
}

/* ---- reading --------------------------------------------------------------------------------- */

#define LEAN                                                                                       \
    "{\"id\":\"m1\",\"display_name\":\"M\",\"version\":\"2.0.0\",\"model_metadata\":{},"           \
    "\"period_type\":\"weekly\"}"

static void services_are_shown_with_their_times(void **state)
{
    (void)state;
    static const char at[] = "2026-01-02T03:04:15.000006+00:00";
    static const char ends[] = "2026-01-02T03:04:45.000006+00:00";
    const struct call list = {.handle = chap_list, .operation = QV_OP_CHAP_LIST};
    const struct call get = {.handle = chap_get, .operation = QV_OP_CHAP_GET, .param = "m1"};
    char one[1024], all[1200];
    config.chap.ttl_ms = 30000;
    set_clock(0);
    expect(&list, 200, "{\"count\":0,\"services\":[]}");
    expect(&get, 404, NOT_FOUND);
    put_service(40 * SECOND); /* pinged ten seconds after it came */
    for (unsigned d = QV_CHAP_SEED; d <= QV_CHAP_2_2; d++) {
        config.chap.dialect = (enum qv_chap_dialect)d;
        snprintf(one, sizeof(one),
                 "{\"id\":\"m1\",\"url\":\"http://old:1\",\"info\":%s,\"registered_at\":\"2026-01-"
                 "02T03:04:05.000006+00:00\",\"last_updated\":\"%s\",\"last_ping_at\":\"%s\","
                 "\"expires_at\":\"%s\"}",
                 d == QV_CHAP_SEED ? INFO : LEAN, at, at, ends);
        snprintf(all, sizeof(all), "{\"count\":1,\"services\":[%s]}", one);
        expect(&get, 200, one);
        expect(&list, 200, all);
    }
}

static void no_ping_is_before_the_registration(void **state)
{
    (void)state;
    const struct call get = {.handle = chap_get, .operation = QV_OP_CHAP_GET, .param = "m1"};
    config.chap.ttl_ms = 30000; /* longer than when it registered */
    set_clock(0);
    put_service(10 * SECOND);
    QV_CLEANUP(qv_response) struct qv_response response = {.shape = QV_SHAPE_DETAIL};
    struct qv_job *job = NULL;
    run(&get, &response, &job);
    assert_non_null(strstr(response.body.at,
                           "\"last_ping_at\":\"2026-01-02T03:04:05.000006+00:00\","
                           "\"expires_at\":\"2026-01-02T03:04:15.000006+00:00\""));
}

/* Redis' clock was set back by an hour since it came: the ping is not told to be after its end. */
static void no_ping_is_after_the_end(void **state)
{
    (void)state;
    const struct call get = {.handle = chap_get, .operation = QV_OP_CHAP_GET, .param = "m1"};
    config.chap.ttl_ms = 30000;
    qv_registry_set_clock(registry, CREATED, -3600 * SECOND, qv_mono_now());
    put_service(40 * SECOND);
    QV_CLEANUP(qv_response) struct qv_response response = {.shape = QV_SHAPE_DETAIL};
    struct qv_job *job = NULL;
    run(&get, &response, &job);
    assert_non_null(strstr(response.body.at,
                           "\"last_ping_at\":\"2026-01-02T02:04:15.000006+00:00\","
                           "\"expires_at\":\"2026-01-02T02:04:45.000006+00:00\""));
}

static void what_has_ended_is_gone(void **state)
{
    (void)state;
    const struct call get = {.handle = chap_get, .operation = QV_OP_CHAP_GET, .param = "m1"};
    const struct call list = {.handle = chap_list, .operation = QV_OP_CHAP_LIST};
    put_service(40 * SECOND);
    set_clock(40 * SECOND);
    expect(&get, 404, NOT_FOUND);
    expect(&list, 200, "{\"count\":0,\"services\":[]}");
}

/* ---- through Arrowhead ----------------------------------------------------------------------- */

static void what_stands_for_a_service_is_not_revoked(void **state)
{
    (void)state;
    set_policy("version: 1\nrules:\n"
               "  - {name: all, who: {profile: [system]}, allow: ['service.*']}\n");
    QV_CLEANUP(qv_view) struct qv_view *exposing = NULL;
    qv_registry_expose_chap(registry, definition);
    assert_int_equal(qv_view_new(&exposing), QV_OK);
    view = exposing;
    put_service(40 * SECOND);
    set_clock(0);
    qv_registry_publish(registry, exposing);
    exposing = NULL;
    QV_CLEANUP(qv_response) struct qv_response response = {0};
    struct qv_job *job = NULL;
    const struct call call = {.handle = service_revoke,
                              .operation = QV_OP_SERVICE_REVOKE,
                              .param = "m1::ml-service::2.0.0"};
    run(&call, &response, &job);
    qv_job_free(&job);
    assert_int_equal(response.status, 403);
    assert_string_equal(response.body.at,
                        ERROR("m1::ml-service::2.0.0 stands for a CHAP service: it ends when that "
                              "is deleted, or with its lease",
                              403, "FORBIDDEN"));
    assert_int_equal(response.record.verdict, QV_RECORD_DENIED);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_chap_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_registration_is_answered),
        TEST(ping_url_is_as_configured),
        TEST(content_types_are_judged),
        TEST(faults_of_the_body_are_told),
        TEST(bytes_that_are_no_text_have_an_answer_of_their_own),
        TEST(a_ping_tells_the_new_end),
        TEST(a_delete_has_no_words),
        TEST(the_store_being_away_is_told),
        TEST(what_is_no_slug_is_not_found),
        TEST(a_rule_decides_about_the_service),
        TEST(services_are_shown_with_their_times),
        TEST(no_ping_is_before_the_registration),
        TEST(no_ping_is_after_the_end),
        TEST(what_has_ended_is_gone),
        TEST(what_stands_for_a_service_is_not_revoked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
