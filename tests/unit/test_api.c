// links: api
/*
 * What handlers share: error objects, media types, bodies, query parameters, the table of routes.
 */
#include "../../src/api/handler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void assert_body(const struct qv_response *response, const char *expected)
{
    assert_false(response->body.failed);
    assert_string_equal(response->body.at, expected);
}

static void writes_the_error_object(void **state)
{
    (void)state;
    static const struct {
        enum qv_status status;
        int http;
        const char *type;
    } rows[] = {
        {QV_INVALID, 400, "INVALID_PARAMETER"},
        {QV_METHOD_NOT_ALLOWED, 405, "INVALID_PARAMETER"},
        {QV_NOT_ACCEPTABLE, 406, "INVALID_PARAMETER"},
        {QV_TOO_LARGE, 413, "INVALID_PARAMETER"},
        {QV_UNSUPPORTED_MEDIA, 415, "INVALID_PARAMETER"},
        {QV_UNAUTHENTICATED, 401, "AUTH"},
        {QV_DENIED, 403, "FORBIDDEN"},
        {QV_TOO_MANY, 429, "FORBIDDEN"},
        {QV_NOT_FOUND, 404, "DATA_NOT_FOUND"},
        {QV_LOCKED, 423, "LOCKED"},
        {QV_UNAVAILABLE, 503, "EXTERNAL_SERVER_ERROR"},
        {QV_NO_MEMORY, 503, "EXTERNAL_SERVER_ERROR"},
        {QV_INTERNAL, 500, "INTERNAL_SERVER_ERROR"},
        {QV_FOREIGN, 500, "ARROWHEAD"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        QV_CLEANUP(qv_response) struct qv_response response = {0};
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        qv_error_set(&error, rows[i].status, "a \"b\"");
        qv_response_set_error(&response, &error, QV_STR("GET /x"));
        char expected[256];
        snprintf(expected, sizeof(expected),
                 "{\"errorMessage\":\"a \\\"b\\\"\",\"errorCode\":%d,\"exceptionType\":\"%s\","
                 "\"origin\":\"GET /x\"}",
                 rows[i].http, rows[i].type);
        assert_int_equal(response.status, rows[i].http);
        assert_int_equal(response.retry_after, rows[i].http == 503   ? 1
                                               : rows[i].http == 429 ? 60
                                                                     : 0);
        response.retry_after = 7; /* whoever knows how long says so before */
        qv_response_set_error(&response, &error, QV_STR("GET /x"));
        assert_int_equal(response.retry_after, rows[i].http == 503   ? 1
                                               : rows[i].http == 429 ? 7
                                                                     : 0);
        assert_body(&response, expected);

        qv_response_set_error(&response, &error, QV_STR(""));
        assert_null(strstr(response.body.at, "origin"));
    }
}

static void errors_of_chap_are_details(void **state)
{
    (void)state;
    static const struct {
        enum qv_status status;
        int http;
        unsigned retry_after;
    } rows[] = {{QV_INVALID, 400, 0},   {QV_METHOD_NOT_ALLOWED, 405, 0},
                {QV_TOO_LARGE, 413, 0}, {QV_UNAUTHENTICATED, 401, 0},
                {QV_DENIED, 403, 0},    {QV_TOO_MANY, 429, 60},
                {QV_NOT_FOUND, 404, 0}, {QV_UNAVAILABLE, 503, 1},
                {QV_INTERNAL, 500, 0}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        QV_CLEANUP(qv_response) struct qv_response response = {.shape = QV_SHAPE_DETAIL};
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        qv_error_set(&error, rows[i].status, "a \"b\"");
        qv_response_set_error(&response, &error, QV_STR("GET /x"));
        assert_int_equal(response.status, rows[i].http);
        assert_int_equal(response.retry_after, rows[i].retry_after);
        assert_string_equal(response.content_type, "application/json");
        assert_body(&response, "{\"detail\":\"a \\\"b\\\"\"}");
        qv_response_set_detail(&response, 422, QV_STR("[1]"));
        assert_int_equal(response.status, 422);
        assert_int_equal(response.retry_after, 0);
        assert_body(&response, "{\"detail\":[1]}");
    }
    struct qv_str words = qv_response_no_memory(QV_SHAPE_DETAIL);
    assert_memory_equal(words.at, "{\"detail\":\"out of memory\"}", words.length);
}

static void a_denial_of_chap_is_a_detail(void **state)
{
    (void)state;
    struct qv_config config = {.authorization.explain_to_clients = true};
    const struct qv_api api = {.config = &config};
    QV_CLEANUP(qv_response) struct qv_response response = {.shape = QV_SHAPE_DETAIL};
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    qv_error_set(&error, QV_DENIED, "denied by rule 'quarantine'");
    const struct qv_decision decision = {.rule = "quarantine"};
    qv_response_set_denied(&response, &api, &error, &decision, QV_STR("GET /x"));
    assert_int_equal(response.status, 403);
    assert_string_equal(response.rule, "quarantine");
    assert_body(&response, "{\"detail\":\"denied by rule 'quarantine'\"}");
}

static void explains_a_denial_as_configured(void **state)
{
    (void)state;
    struct qv_config config = {0};
    const struct qv_api api = {.config = &config};
    static const struct {
        bool explain, reference_words;
        const char *rule, *words;
    } rows[] = {
        {true, false, "quarantine", "denied"},
        {true, true, "quarantine", "denied"},
        {false, true, NULL, "denied"},
        {false, false, NULL, "Forbidden"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        config.authorization.explain_to_clients = rows[i].explain;
        QV_CLEANUP(qv_response) struct qv_response response = {0};
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        qv_error_set(&error, QV_DENIED, "denied");
        const struct qv_decision decision = {.rule = "quarantine",
                                             .reference_words = rows[i].reference_words};
        qv_response_set_denied(&response, &api, &error, &decision, QV_STR(""));
        char expected[128];
        snprintf(expected, sizeof(expected),
                 "{\"errorMessage\":\"%s\",\"errorCode\":403,\"exceptionType\":\"FORBIDDEN\"}",
                 rows[i].words);
        assert_body(&response, expected);
        if (rows[i].rule != NULL)
            assert_string_equal(response.rule, rows[i].rule);
        else
            assert_null(response.rule);
        /* the audit trail is told in any case */
        assert_int_equal(response.record.verdict, QV_RECORD_DENIED);
        assert_string_equal(response.record.rule, "quarantine");
        assert_string_equal(response.record.reason.at, "denied");
    }
}

static void records_who_had_no_right(void **state)
{
    (void)state;
    static const enum qv_status rows[] = {QV_INVALID,    QV_UNAUTHENTICATED, QV_DENIED,
                                          QV_TOO_MANY,   QV_NOT_FOUND,       QV_LOCKED,
                                          QV_UNAVAILABLE};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        QV_CLEANUP(qv_response) struct qv_response response = {0};
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        qv_error_set(&error, rows[i], "words");
        qv_response_set_error(&response, &error, QV_STR(""));
        bool denied = rows[i] == QV_UNAUTHENTICATED || rows[i] == QV_DENIED;
        assert_int_equal(response.record.verdict, denied ? QV_RECORD_DENIED : QV_RECORD_NONE);
        assert_string_equal(denied ? response.record.reason.at : "words", "words");
        assert_int_equal(response.record.reason.length > 0, denied);
        assert_null(response.record.rule);
    }
}

static void takes_and_gives_json_alone(void **state)
{
    (void)state;
    static const struct {
        const char *content_type, *accept;
        enum qv_status status;
    } rows[] = {
        {"application/json", NULL, QV_OK},
        {"Application/JSON ; charset=utf-8", "*/*", QV_OK},
        {NULL, NULL, QV_UNSUPPORTED_MEDIA},
        {"", NULL, QV_UNSUPPORTED_MEDIA},
        {"text/json", NULL, QV_UNSUPPORTED_MEDIA},
        {"application/problem+json", NULL, QV_UNSUPPORTED_MEDIA},
        {"application/json, text/plain", NULL, QV_UNSUPPORTED_MEDIA},
        {"application/json", "", QV_OK},
        {"application/json", "application/*", QV_OK},
        {"application/json", "text/html, application/json;q=0.5", QV_OK},
        {"application/json", "text/html", QV_NOT_ACCEPTABLE},
        {"application/json", "nonsense", QV_NOT_ACCEPTABLE},
        {"application/json", "application/json;q=0", QV_NOT_ACCEPTABLE},
        {"application/json", "*/*, application/json;q=0.000", QV_NOT_ACCEPTABLE},
        {"application/json", "application/json;q=0.001, */*;q=0", QV_OK},
        /* the media type is judged before what is accepted */
        {"text/plain", "text/plain", QV_UNSUPPORTED_MEDIA},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct qv_response response = {0};
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        struct qv_request request = {0};
        if (rows[i].content_type != NULL)
            request.content_type = qv_str_from(rows[i].content_type);
        if (rows[i].accept != NULL)
            request.accept = qv_str_from(rows[i].accept);
        assert_int_equal(check_media(&request, &response, &error), rows[i].status);
        assert_int_equal(response.accept != NULL, rows[i].status == QV_UNSUPPORTED_MEDIA);
    }
}

static void reads_truth_values(void **state)
{
    (void)state;
    static const struct {
        const char *query;
        enum qv_status status;
        bool value;
    } rows[] = {
        {"", QV_OK, false},
        {"verbose", QV_OK, false},
        {"verbose=", QV_OK, false},
        {"verbose=%20+", QV_OK, false},
        {"verbose=true", QV_OK, true},
        {"verbose=TRUE", QV_OK, true},
        {"verbose=on", QV_OK, true},
        {"verbose=yes", QV_OK, true},
        {"verbose=1", QV_OK, true},
        {"verbose=%20true%20", QV_OK, true},
        {"verbose=%74rue", QV_OK, true},
        {"verbose=off", QV_OK, false},
        {"verbose=no", QV_OK, false},
        {"verbose=0", QV_OK, false},
        {"verbose=true&verbose=abc", QV_OK, true},
        {"other=5&verbose=true", QV_OK, true},
        {"Verbose=abc", QV_OK, false},
        {"verbose=abc", QV_INVALID, false},
        {"verbose=truetrue", QV_INVALID, false},
        {"verbose=%2", QV_INVALID, false},
        {"verbose=%zz", QV_INVALID, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool value = !rows[i].value;
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        assert_int_equal(read_truth(qv_str_from(rows[i].query), "verbose", &value, &error),
                         rows[i].status);
        if (rows[i].status == QV_OK)
            assert_int_equal(value, rows[i].value);
        else
            assert_non_null(strstr(qv_error_message(&error), "verbose"));
    }
}

static void reads_bodies(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        enum qv_status status;
    } rows[] = {
        {"{}", QV_OK},
        {"[1]", QV_OK},
        {"\xef\xbb\xbf{\"a\":{\"b\":{}}}", QV_OK},
        {"", QV_INVALID},
        {"null", QV_INVALID},
        {"{", QV_INVALID},
        {"{} x", QV_INVALID},
        {"{\"a\":1,\"a\":2}", QV_INVALID},
        {"[[[[]]]]", QV_INVALID},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        QV_CLEANUP(qv_json) json_t *body = NULL;
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        const struct qv_request request = {.body = qv_str_from(rows[i].body), .json_depth = 3};
        assert_int_equal(read_body(&request, &body, &error), rows[i].status);
        assert_int_equal(body != NULL, rows[i].status == QV_OK);
        if (rows[i].status != QV_OK)
            assert_true(qv_str_starts_with(qv_str_from(qv_error_message(&error)),
                                           QV_STR("Failed to read request: ")));
    }
}

/* Each path says in all its rows and in Allow what methods it has. */
static void routes_agree_with_their_allow(void **state)
{
    (void)state;
    size_t count = 0;
    for (const struct qv_route *route = qv_api_routes(); route->method != NULL; route++, count++) {
        assert_non_null(strstr(route->allow, route->method));
        /* on CHAP's listeners nothing answers to OPTIONS */
        bool has_options = route->serve != QV_SERVE_CHAP;
        assert_int_equal(route->allow_options != NULL, has_options);
        if (has_options) {
            assert_non_null(strstr(route->allow_options, route->method));
            assert_non_null(strstr(route->allow_options, "OPTIONS"));
        }
        assert_int_equal(route->path[strlen(route->path) - 1] == '/', route->param);
        assert_non_null(route->handle);
    }
    assert_true(count >= 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_the_error_object),
        cmocka_unit_test(errors_of_chap_are_details),
        cmocka_unit_test(a_denial_of_chap_is_a_detail),
        cmocka_unit_test(explains_a_denial_as_configured),
        cmocka_unit_test(records_who_had_no_right),
        cmocka_unit_test(takes_and_gives_json_alone),
        cmocka_unit_test(reads_truth_values),
        cmocka_unit_test(reads_bodies),
        cmocka_unit_test(routes_agree_with_their_allow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
