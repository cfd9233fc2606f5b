// links: identity
/*
 * What the answers of the Authentication system and of the blacklist mean (spec/arrowhead-discovery
 * 1.5, 1.6), and how long they may be kept.
 */
#include "../../src/identity/replies.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <quiver/base/memory.h>
#include <stdio.h>
#include <string.h>

#define ASKED       "https://auth/verify"
#define INVALID     "Invalid authorization header"
#define KEEP_MS     10000
#define VERIFIED    "{\"verified\":true,\"systemName\":\"a\",\"sysop\":false"
#define ERROR(type) "{\"errorMessage\":\"words\",\"errorCode\":1,\"exceptionType\":\"" type "\"}"

/* 2030-01-01T00:00:00.5Z */
static const struct qv_wall now = {.seconds = 1893456000, .nanoseconds = 500000000};

static struct qv_fetched fetched(long status, const char *body)
{
    return (struct qv_fetched){.reached = true, .status = status, .body = qv_str_from(body)};
}

static void tokens(void **state)
{
    (void)state;
    static const struct {
        long http;
        const char *body;
        enum qv_status status;
        const char *words; /* of a name where all is well */
        int64_t keep_ms;
    } rows[] = {
        {200, VERIFIED "}", QV_OK, "a", 0},
        {200, VERIFIED ",\"expirationTime\":\"2031-01-01T00:00:00Z\"}", QV_OK, "a", KEEP_MS},
        {200, VERIFIED ",\"expirationTime\":\"+12031-01-01T00:00:00Z\"}", QV_OK, "a", KEEP_MS},
        {200, VERIFIED ",\"expirationTime\":\"2030-01-01T00:00:03Z\"}", QV_OK, "a", 2500},
        {200, VERIFIED ",\"expirationTime\":\"2030-01-01T00:00:10.501Z\"}", QV_OK, "a", KEEP_MS},
        {200, VERIFIED ",\"expirationTime\":\"2030-01-01T00:00:00.5Z\"}", QV_OK, "a", 0},
        {200, VERIFIED ",\"expirationTime\":\"2029-01-01T00:00:00Z\"}", QV_OK, "a", 0},
        {200, VERIFIED ",\"expirationTime\":\"soon\"}", QV_OK, "a", 0},
        {201, VERIFIED "}", QV_OK, "a", 0},
        {200, "{\"verified\":false}", QV_UNAUTHENTICATED, INVALID, 1000},
        {200, "{\"verified\":false,\"systemName\":\"a\"}", QV_UNAUTHENTICATED, INVALID, 1000},
        {200, "{\"systemName\":\"a\"}", QV_FOREIGN, "{\"systemName\":\"a\"}, status code: 200", 0},
        {200, "{\"verified\":true}", QV_FOREIGN, "{\"verified\":true}, status code: 200", 0},
        {200, "{\"verified\":true,\"systemName\":\"\"}", QV_FOREIGN,
         "{\"verified\":true,\"systemName\":\"\"}, status code: 200", 0},
        {200, "{\"verified\":true,\"systemName\":5}", QV_FOREIGN,
         "{\"verified\":true,\"systemName\":5}, status code: 200", 0},
        {200, "", QV_FOREIGN, ", status code: 200", 0},
        {200, "[", QV_FOREIGN, "[, status code: 200", 0},
        {301, VERIFIED "}", QV_FOREIGN, VERIFIED "}, status code: 301", 0},
        {400, ERROR("INVALID_PARAMETER"), QV_INVALID, "words", 0},
        {401, ERROR("AUTH"), QV_UNAUTHENTICATED, "words", 0},
        {403, ERROR("FORBIDDEN"), QV_DENIED, "words", 0},
        {404, ERROR("DATA_NOT_FOUND"), QV_NOT_FOUND, "words", 0},
        {408, ERROR("TIMEOUT"), QV_UNAVAILABLE, "words", 0},
        {423, ERROR("LOCKED"), QV_LOCKED, "words", 0},
        {500, ERROR("INTERNAL_SERVER_ERROR"), QV_INTERNAL, "words", 0},
        {500, ERROR("ARROWHEAD"), QV_FOREIGN, "words", 0},
        {503, ERROR("EXTERNAL_SERVER_ERROR"), QV_UNAVAILABLE, "words", 0},
        {500, ERROR("OTHER"), QV_FOREIGN, ERROR("OTHER") ", status code: 500", 0},
        {404, "<html>", QV_FOREIGN, "<html>, status code: 404", 0},
        {502, "\xFF\xFE", QV_FOREIGN, "(no text), status code: 502", 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct qv_fetched answer = fetched(rows[i].http, rows[i].body);
        QV_CLEANUP(qv_finding) struct qv_finding finding = {0};
        qv_finding_of_token(&answer, ASKED, KEEP_MS, now, &finding);
        assert_int_equal(finding.status, rows[i].status);
        assert_int_equal(finding.identity != NULL, rows[i].status == QV_OK);
        assert_string_equal(rows[i].status == QV_OK ? finding.identity->system
                                                    : qv_error_message(&finding.error),
                            rows[i].words);
        assert_true(finding.keep_ms == rows[i].keep_ms);
    }
}

static void sysop_is_an_operator(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "{\"verified\":true,\"systemName\":\"a\",\"sysop\":true}",
        "{\"verified\":true,\"systemName\":\"a\",\"sysop\":\"true\"}",
        "{\"verified\":true,\"systemName\":\"sysop\"}",
    };
    for (size_t i = 0; i < 3; i++) {
        struct qv_fetched answer = fetched(200, bodies[i]);
        QV_CLEANUP(qv_finding) struct qv_finding finding = {0};
        qv_finding_of_token(&answer, ASKED, KEEP_MS, now, &finding);
        assert_int_equal(finding.identity->profile,
                         i == 0 ? QV_PROFILE_OPERATOR : QV_PROFILE_SYSTEM);
    }
}

static void nobody_answered(void **state)
{
    (void)state;
    const struct qv_fetched nothing = {.reached = false, .reason = "it is away"};
    QV_CLEANUP(qv_finding) struct qv_finding finding = {0};
    qv_finding_of_token(&nothing, ASKED, KEEP_MS, now, &finding);
    assert_int_equal(finding.status, QV_UNAVAILABLE);
    assert_string_equal(qv_error_message(&finding.error),
                        "Could not get any response from: " ASKED);
    assert_true(finding.keep_ms == 0);
    qv_finding_free(&finding);
    qv_finding_of_name(&nothing, KEEP_MS, &finding);
    assert_int_equal(finding.status, QV_UNAVAILABLE);
}

/* Cut where a character ends. */
static void a_long_foreign_answer_is_cut(void **state)
{
    (void)state;
    char body[800];
    for (size_t i = 0; i < 133; i++)
        memcpy(body + 6 * i, "\xE2\x82\xAC\xE2\x82\xAC", 6);
    body[798] = '\0';
    memmove(body + 1, body, 798);
    body[0] = 'x';
    body[799] = '\0';
    struct qv_fetched answer = fetched(500, body);
    QV_CLEANUP(qv_finding) struct qv_finding finding = {0};
    qv_finding_of_token(&answer, ASKED, KEEP_MS, now, &finding);
    const char *words = qv_error_message(&finding.error);
    assert_true(qv_str_is_utf8(qv_str_from(words)));
    assert_int_equal(strstr(words, ", status code: 500") - words, 298);
}

static void a_short_patience_is_kept(void **state)
{
    (void)state;
    struct qv_fetched answer = fetched(200, "{\"verified\":false}");
    QV_CLEANUP(qv_finding) struct qv_finding finding = {0};
    qv_finding_of_token(&answer, ASKED, 0, now, &finding);
    assert_true(finding.keep_ms == 0);
}

static void names_on_the_blacklist(void **state)
{
    (void)state;
    static const struct {
        long http;
        const char *body;
        enum qv_status status;
        bool listed;
    } rows[] = {
        {200, "true", QV_OK, true},
        {200, " false\n", QV_OK, false},
        {200, "\"true\"", QV_UNAVAILABLE, false},
        {200, "1", QV_UNAVAILABLE, false},
        {200, "", QV_UNAVAILABLE, false},
        {200, "{\"listed\":true}", QV_UNAVAILABLE, false},
        {204, "", QV_UNAVAILABLE, false},
        {404, "false", QV_UNAVAILABLE, false},
        {302, "false", QV_UNAVAILABLE, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct qv_fetched answer = fetched(rows[i].http, rows[i].body);
        QV_CLEANUP(qv_finding) struct qv_finding finding = {0};
        qv_finding_of_name(&answer, 77, &finding);
        assert_int_equal(finding.status, rows[i].status);
        assert_int_equal(finding.listed, rows[i].listed);
        assert_true(finding.keep_ms == (rows[i].status == QV_OK ? 77 : 0));
    }
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    const struct qv_fetched answer = fetched(200, VERIFIED "}");
    bool found = false;
    for (size_t nth = 1; !found; nth++) {
        QV_CLEANUP(qv_finding) struct qv_finding finding = {0};
        qv_memory_fail_at(nth);
        qv_finding_of_token(&answer, ASKED, KEEP_MS, now, &finding);
        qv_memory_fail_at(0);
        found = finding.status == QV_OK;
        assert_int_equal(finding.identity != NULL, found);
        assert_true(nth < 100);
    }
}

int main(void)
{
    qv_memory_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens),
        cmocka_unit_test(sysop_is_an_operator),
        cmocka_unit_test(nobody_answered),
        cmocka_unit_test(a_long_foreign_answer_is_cut),
        cmocka_unit_test(a_short_patience_is_kept),
        cmocka_unit_test(names_on_the_blacklist),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
