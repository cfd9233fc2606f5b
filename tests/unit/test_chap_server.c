// links: server
/*
 * Listeners that serve CHAP, asked over real sockets: paths and methods, slashes at the end, the
 * shape of each error, Host headers, keys and certificates. Nothing here needs a store: whatever
 * would change something is refused before.
 */
#include "server_fixture.h"

#define VARIABLE "QUIVER_TEST_SERVER_KEY"
#define KEY      "X-Service-Key: s3cret\r\n"
#define CHAP_POLICY                                                                                \
    "version: 1\nrules:\n"                                                                         \
    "  - {name: reading, who: {anonymous: true}, allow: [chap.list]}\n"                            \
    "  - {name: known, who: {profile: [system]}, allow: [chap.list]}\n"                            \
    "  - {name: keys, who: {service_key: true}, allow: [chap.register, chap.get, chap.delete]}\n"

static struct fx_pair prov, gate;
static struct qv_registry *services;

static void prepare_chap(void)
{
    struct qv_view *view = NULL;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    assert_int_equal(qv_registry_new(&api.rules, &services), QV_OK);
    assert_int_equal(qv_view_new(&view), QV_OK);
    qv_registry_publish(services, view);
    api.registry = services;
    if (qv_service_keys_new(&config, now, &api.service_keys, &error) != QV_OK)
        fail_msg("%s", qv_error_message(&error));
}

static int begin_chap(void **state)
{
    static char variable[] = VARIABLE, definition[] = "ml-service", host[] = "chap.example";
    static char *hosts[] = {host};
    int fault = begin(state);
    const struct fx_spec foreign = {.cn = "gate." FX_CLOUD, .dnq = "ga", .issuer = &cloud};
    prov = fx_system(&cloud, "prov", "20");
    gate = fx_make(&foreign);
    setenv(VARIABLE, "s3cret", 1);
    configure_server();
    for (size_t i = 0; i < LISTENERS; i++)
        listeners[i].serve = QV_SERVE_CHAP;
    config.chap.keys.env = variable;
    config.chap.definition = definition;
    config.chap.ttl_ms = 30000;
    config.chap.hosts = (struct qv_strings){.at = hosts, .count = 1};
    config.authorization.explain_to_clients = true;
    set_policy(CHAP_POLICY);
    prepare_api = prepare_chap;
    start_server();
    return fault;
}

static int end_chap(void **state)
{
    qv_service_keys_free(&api.service_keys);
    stop_server();
    qv_registry_free(&services);
    fx_free(&prov);
    fx_free(&gate);
    return end(state);
}

/* ---- asking ---------------------------------------------------------------------------------- */

struct asked {
    const char *request; /* method, blank, target */
    const char *headers; /* each with its end of line; without Host: it is "localhost" */
    int status;
    const char *body;   /* NULL: none */
    const char *header; /* that the answer must have; NULL: any */
};

static void expect(struct peer *peer, const struct asked *asked)
{
    char request[1024];
    const char *headers = asked->headers != NULL ? asked->headers : "";
    const char *host = strstr(headers, "Host:") == NULL ? "Host: localhost\r\n" : "";
    snprintf(request, sizeof(request), "%s HTTP/1.1\r\n%s%s\r\n", asked->request, host, headers);
    int status = peer_ask(peer, request);
    const char *body = strstr(answer, "\r\n\r\n");
    if (status != asked->status || body == NULL ||
        strcmp(body + 4, asked->body != NULL ? asked->body : "") != 0 ||
        (asked->header != NULL && strstr(answer, asked->header) == NULL))
        fail_msg("%s: %s", asked->request, answer);
    if (asked->body != NULL && strstr(answer, "Content-Type: application/json\r\n") == NULL &&
        strstr(answer, "content-type: application/json\r\n") == NULL)
        fail_msg("%s: no type: %s", asked->request, answer);
}

static void expect_all(size_t listener, const struct fx_pair *pair, const struct asked *rows,
                       size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct peer peer;
        if (listener == PLAIN)
            peer_connect(&peer, listener);
        else
            peer_open(&peer, listener, pair, TLS1_3_VERSION, NULL);
        expect(&peer, &rows[i]);
        peer_close(&peer);
    }
}
#define EXPECT(listener, pair, rows)                                                               \
    expect_all(listener, pair, rows, sizeof(rows) / sizeof(*(rows)))

#define DETAIL(text) "{\"detail\":\"" text "\"}"
#define MISSING      DETAIL("Not Found")
#define METHOD       DETAIL("Method Not Allowed")
#define EMPTY        "{\"count\":0,\"services\":[]}"
#define NO_KEY                                                                                     \
    "{\"detail\":[{\"type\":\"missing\",\"loc\":[\"header\",\"X-Service-Key\"],\"msg\":\"Field "   \
    "required\",\"input\":null}]}"

/* ---- paths ----------------------------------------------------------------------------------- */

static void paths_are_decoded_and_not_tidied_up(void **state)
{
    (void)state;
    static const struct asked rows[] = {
        {"GET /v2/services", NULL, 200, EMPTY, NULL},
        {"GET /v2/services?limit=0", NULL, 200, EMPTY, NULL},
        {"GET /v2/services?", "Accept: text/html\r\n", 200, EMPTY, NULL},
        {"GET /v2/%73ervices", NULL, 200, EMPTY, NULL},
        {"HEAD /v2/services", NULL, 200, NULL, "ength: 25\r\n"},
        {"GET /v2/services/a", KEY, 404, DETAIL("Service a not found"), NULL},
        {"GET /v2/services/%61%20%22", KEY, 404, DETAIL("Service a \\\" not found"), NULL},
        {"GET /v2/services/$register", KEY, 404, DETAIL("Service $register not found"), NULL},
        {"DELETE /v2/services/%24register", KEY, 404, DETAIL("Service $register not found"), NULL},
        {"GET /v2/services/a%00b", KEY, 404, DETAIL("Service a\\u0000b not found"), NULL},
        {"GET /v2/services/%zz;x", KEY, 404, DETAIL("Service %zz;x not found"), NULL},
        {"GET /v2/services/a/b", NULL, 404, MISSING, NULL},
        {"GET /v2/services/a%2Fb", NULL, 404, MISSING, NULL},
        {"GET /v2/services/a/b/$ping", NULL, 404, MISSING, NULL},
        {"GET /v2/services/a/$pong", NULL, 404, MISSING, NULL},
        {"GET /v2/services;x=1", NULL, 404, MISSING, NULL},
        {"GET /V2/services", NULL, 404, MISSING, NULL},
        {"GET //v2/services", NULL, 404, MISSING, NULL},
        {"GET /v2//services", NULL, 404, MISSING, NULL},
        {"GET /v2/./services", NULL, 404, MISSING, NULL},
        {"GET /v2/nosuch/", NULL, 404, MISSING, NULL},
        {"GET /", NULL, 404, MISSING, NULL},
        {"GET /health/live", NULL, 404, MISSING, NULL},
    };
    EXPECT(PLAIN, NULL, rows);
}

static void methods_are_told(void **state)
{
    (void)state;
    static const struct asked rows[] = {
        {"POST /v2/services", NULL, 405, METHOD, "llow: GET, HEAD\r\n"},
        {"OPTIONS /v2/services", NULL, 405, METHOD, "llow: GET, HEAD\r\n"},
        {"FOO /v2/services", NULL, 405, METHOD, "llow: GET, HEAD\r\n"},
        {"get /v2/services", NULL, 405, METHOD, "llow: GET, HEAD\r\n"},
        {"PUT /v2/services/a", KEY, 405, METHOD, "llow: GET, HEAD, DELETE\r\n"},
        {"OPTIONS /v2/services/a", KEY, 405, METHOD, "llow: GET, HEAD, DELETE\r\n"},
        {"PUT /v2/services/$register", KEY, 405, METHOD, "llow: POST\r\n"},
        {"GET /v2/services/a/$ping", KEY, 405, METHOD, "llow: PUT\r\n"},
        {"HEAD /v2/services/a/$ping", KEY, 405, NULL, "llow: PUT\r\n"},
        {"DELETE /v2/services/a/%24ping", KEY, 405, METHOD, "llow: PUT\r\n"},
    };
    EXPECT(PLAIN, NULL, rows);
}

#define TO(place) "ocation: " place "\r\n"

static void a_slash_at_the_end_leads_on(void **state)
{
    (void)state;
    static const struct asked rows[] = {
        {"GET /v2/services/", NULL, 307, NULL, TO("http://localhost/v2/services")},
        {"POST /v2/services/", NULL, 307, NULL, TO("http://localhost/v2/services")},
        {"GET /v2/services/?a=b", NULL, 307, NULL, TO("http://localhost/v2/services?a=b")},
        {"GET /v2/services/a//", NULL, 307, NULL, TO("http://localhost/v2/services/a")},
        {"POST /v2/services/%24register/", NULL, 307, NULL,
         TO("http://localhost/v2/services/$register")},
        {"PUT /v2/services/a/$ping/", NULL, 307, NULL, TO("http://localhost/v2/services/a/$ping")},
        {"DELETE /v2/services/a%20%0D%0Ab%3F/", NULL, 307, NULL,
         TO("http://localhost/v2/services/a%20%0D%0Ab%3F")},
        {"GET /v2/services/", "Host: chap.example:8000\r\n", 307, NULL,
         TO("http://chap.example:8000/v2/services")},
        {"GET http://chap.example/v2/services/", "Host: evil.example\r\n", 307, NULL,
         TO("http://chap.example/v2/services")},
        /* of a stranger's name only the path is left */
        {"GET /v2/services/", "Host: evil.example\r\n", 307, NULL, TO("/v2/services")},
        {"GET /v2/services/", "Host: evil.example\r\nX-Forwarded-Host: chap.example\r\n", 307, NULL,
         TO("/v2/services")},
        {"GET /v2/services/",
         "Host: chap.example\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\n", 307, NULL,
         TO("http://chap.example/v2/services")},
    };
    EXPECT(PLAIN, NULL, rows);
    static const struct asked tls[] = {
        {"GET /v2/services/", NULL, 307, NULL, TO("https://localhost/v2/services")},
        {"GET /v2/services/", "Host: chap.example\r\n", 307, NULL, TO("/v2/services")},
    };
    EXPECT(SERVER, NULL, tls);
}

/* ---- errors ---------------------------------------------------------------------------------- */

static void every_error_is_a_detail(void **state)
{
    (void)state;
    static const struct asked rows[] = {
        {"GET /v2/services", "Host: \"\r\n", 400, DETAIL("Host header is invalid"), NULL},
        {"GET *", NULL, 400, DETAIL("Request target is no path"), NULL},
        {"POST /v2/services/$register", KEY "Content-Length: 1026\r\n", 413,
         DETAIL("Request body is larger than 1024 bytes"), NULL},
        {"POST /v2/services/$register", KEY "Content-Length: x\r\n", 400,
         DETAIL("Invalid request: broken content-length header"), NULL},
        {"POST /v2/services/$register", KEY "Expect: x\r\nContent-Length: 1\r\n", 400,
         DETAIL("Expectation is not supported"), NULL},
    };
    EXPECT(PLAIN, NULL, rows);
}

static void keys_come_before_the_body(void **state)
{
    (void)state;
    static const struct asked rows[] = {
        {"POST /v2/services/$register", NULL, 422, NO_KEY, NULL},
        {"PUT /v2/services/a/$ping", NULL, 422, NO_KEY, NULL},
        {"DELETE /v2/services/a", "X-Service_Key: s3cret\r\n", 422, NO_KEY, NULL},
        {"DELETE /v2/services/A", "x-service-key:\r\n", 401, DETAIL("Invalid service key"), NULL},
        {"DELETE /v2/services/A", "x-SERVICE-key: \t \r\n", 401, DETAIL("Invalid service key"),
         NULL},
        {"DELETE /v2/services/A", "X-Service-Key: wrong\r\n" KEY, 401,
         DETAIL("Invalid service key"), NULL},
        {"DELETE /v2/services/A", "X-Service-Key:\r\n" KEY, 401, DETAIL("Invalid service key"),
         NULL},
        {"DELETE /v2/services/A", KEY "X-Service-Key: wrong\r\n", 404,
         DETAIL("Service A not found"), NULL},
        {"DELETE /v2/services/A", "X-Service-Key: \t s3cret \t\r\n", 404,
         DETAIL("Service A not found"), NULL},
    };
    EXPECT(PLAIN, NULL, rows);
}

static void a_registration_needs_a_name_of_ours(void **state)
{
    (void)state;
    static const char body[] = "{\"url\":\"http://h\",\"info\":{\"id\":\"a\",\"display_name\":"
                               "\"A\",\"model_metadata\":{},\"period_type\":\"weekly\"}}";
    static const char words[] =
        DETAIL("The Host header is no name of this server, so there is no ping_url to give: it "
               "must be in the server's certificate (without TLS: in chap.hosts), or "
               "chap.public_url must be set");
    char request[512];
    struct peer peer;
    peer_connect(&peer, PLAIN);
    snprintf(request, sizeof(request),
             "POST /v2/services/$register HTTP/1.1\r\nHost: evil.example\r\n" KEY
             "Content-Length: %zu\r\n\r\n%s",
             strlen(body), body);
    assert_int_equal(peer_ask(&peer, request), 400);
    assert_string_equal(strstr(answer, "\r\n\r\n") + 4, words);
    peer_close(&peer);
}

/* ---- who calls ------------------------------------------------------------------------------- */

static void the_policy_decides_by_proof(void **state)
{
    (void)state;
    static const struct asked nobody[] = {
        {"GET /v2/services", NULL, 200, EMPTY, NULL},
        {"GET /v2/services/a", NULL, 403, DETAIL("no rule allows chap.get"), NULL},
        {"GET /v2/services/a", "X-Service-Key: wrong\r\n", 403, DETAIL("no rule allows chap.get"),
         NULL},
        {"GET /v2/services/a", KEY, 404, DETAIL("Service a not found"), NULL},
        {"PUT /v2/services/a/$ping", KEY, 403, DETAIL("no rule allows chap.ping"), NULL},
    };
    EXPECT(PLAIN, NULL, nobody);
    EXPECT(SERVER, NULL, nobody);
    EXPECT(SERVER, &prov, nobody);
    EXPECT(MUTUAL, &prov, nobody);
}

/* Of one connection, one request with a key and one without. */
static void rights_of_a_key_are_not_the_connections(void **state)
{
    (void)state;
    static const struct asked rows[] = {
        {"GET /v2/services/a", KEY, 404, DETAIL("Service a not found"), NULL},
        {"GET /v2/services/a", NULL, 403, DETAIL("no rule allows chap.get"), NULL},
        {"GET /v2/services/a", KEY, 404, DETAIL("Service a not found"), NULL},
        {"GET /v2/services", NULL, 200, EMPTY, NULL},
    };
    struct peer peer;
    peer_open(&peer, SERVER, &prov, TLS1_3_VERSION, NULL);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect(&peer, &rows[i]);
    peer_close(&peer);
}

static void a_certificate_without_identity_is_refused(void **state)
{
    (void)state;
    struct peer peer;
    peer_open(&peer, SERVER, &gate, TLS1_3_VERSION, NULL);
    int status = peer_ask(&peer, "GET /v2/services HTTP/1.1\r\nHost: localhost\r\n" KEY "\r\n");
    assert_true(status == 403 || status == 401);
    assert_non_null(strstr(answer, "\r\n\r\n{\"detail\":\""));
    assert_null(strstr(answer, "errorMessage"));
    peer_close(&peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_decoded_and_not_tidied_up),
        cmocka_unit_test(methods_are_told),
        cmocka_unit_test(a_slash_at_the_end_leads_on),
        cmocka_unit_test(every_error_is_a_detail),
        cmocka_unit_test(keys_come_before_the_body),
        cmocka_unit_test(a_registration_needs_a_name_of_ours),
        cmocka_unit_test(the_policy_decides_by_proof),
        cmocka_unit_test(rights_of_a_key_are_not_the_connections),
        cmocka_unit_test(a_certificate_without_identity_is_refused),
    };
    return cmocka_run_group_tests(tests, begin_chap, end_chap);
}
