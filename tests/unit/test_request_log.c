// links: server
/*
 * The log's line "request": which answers have one, what is in it, and that nothing a client sends
 * gets into it as it is. Asked over a real plaintext listener; whatever the log says goes to a
 * file.
 */
#include "server_fixture.h"

#include <fcntl.h>
#include <quiver/base/log.h>
#include <unistd.h>

static int log_file = -1;
static char logged[64 * 1024];

static int begin_logged(void **state)
{
    char path[] = "/tmp/quiver-test-request-log-XXXXXX";
    int fault = begin(state);
    configure_server();
    start_server();
    log_file = mkstemp(path);
    assert_int_not_equal(log_file, -1);
    unlink(path);
    qv_log_to(log_file);
    qv_log_configure(QV_LOG_INFO, QV_LOG_JSON);
    return fault;
}

static int end_logged(void **state)
{
    qv_server_log_requests(QV_LOG_REQUESTS_OFF);
    qv_log_to(STDERR_FILENO);
    qv_log_configure(QV_LOG_INFO, QV_LOG_AUTO);
    close(log_file);
    stop_server();
    return end(state);
}

/* Sends one request; what was logged of it by the time of the answer, which comes after. */
static const char *ask(const char *request, int status)
{
    struct peer peer;
    assert_int_equal(ftruncate(log_file, 0), 0);
    assert_int_equal(lseek(log_file, 0, SEEK_SET), 0);
    peer_connect(&peer, PLAIN);
    assert_int_equal(peer_ask(&peer, request), status);
    peer_close(&peer);
    ssize_t length = pread(log_file, logged, sizeof(logged) - 1, 0);
    assert_true(length >= 0);
    logged[length] = '\0';
    return logged;
}

static size_t count_lines(const char *text)
{
    size_t count = 0;
    for (; (text = strchr(text, '\n')) != NULL; text++)
        count++;
    return count;
}

#define NOWHERE "GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n"

static void off_says_nothing(void **state)
{
    (void)state;
    assert_string_equal(ask(LIVE, 200), "");
    assert_string_equal(ask(NOWHERE, 404), "");
}

static void errors_are_those_from_400_on(void **state)
{
    (void)state;
    qv_server_log_requests(QV_LOG_REQUESTS_ERRORS);
    assert_string_equal(ask(LIVE, 200), "");
    assert_int_equal(count_lines(ask(NOWHERE, 404)), 1);
}

static void the_level_counts_too(void **state)
{
    (void)state;
    qv_server_log_requests(QV_LOG_REQUESTS_ALL);
    qv_log_configure(QV_LOG_WARNING, QV_LOG_JSON);
    assert_string_equal(ask(LIVE, 200), "");
}

static void a_line_has_these_fields(void **state)
{
    (void)state;
    static const char *const parts[] = {
        "\"level\":\"info\",\"event\":\"request\",\"method\":\"GET\",\"path\":\"/health/live\","
        "\"status\":200,\"operation\":\"ops.health\",\"system\":\"\",\"peer\":\"127.0.0.1:",
        "\",\"listener\":\"", "\",\"duration_us\":"};
    qv_server_log_requests(QV_LOG_REQUESTS_ALL);
    const char *at = ask("GET /health/live?token=s3cret HTTP/1.1\r\nHost: a\r\n\r\n", 200);
    assert_int_equal(count_lines(at), 1);
    assert_null(strstr(at, "s3cret"));
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        at = strstr(at, parts[i]);
        assert_non_null(at);
    }
}

static void nothing_is_forged(void **state)
{
    (void)state;
    static const char *const requests[] = {
        "GET /a\"},{\"event\":\"forged\" HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a\\\" HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /\xff\xc2\x85\xe2\x80\xa8\xe2\x80\xae HTTP/1.1\r\nHost: a\r\n\r\n",
    };
    qv_server_log_requests(QV_LOG_REQUESTS_ALL);
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        const char *line = ask(requests[i], 404);
        assert_int_equal(count_lines(line), 1);
        assert_null(strstr(line, ",\"event\":\"forged\""));
        for (const char *at = line; *at != '\n'; at++)
            assert_true(*at >= ' ' && *at <= '~');
    }
}

static void what_is_long_is_cut(void **state)
{
    (void)state;
    char request[2048] = "GET /", *end = request + strlen(request);
    memset(end, 'x', 1100);
    strcpy(end + 1100, " HTTP/1.1\r\nHost: a\r\n\r\n");
    qv_server_log_requests(QV_LOG_REQUESTS_ALL);
    const char *line = ask(request, 404);
    assert_non_null(strstr(line, "xxx[cut]\",\"status\":404,"));
    assert_in_range(strlen(line), 1024, 1400);
}

static void what_libh2o_refuses_has_a_line(void **state)
{
    (void)state;
    qv_server_log_requests(QV_LOG_REQUESTS_ERRORS);
    const char *line =
        ask("POST /x?s3cret HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n", 413);
    assert_int_equal(count_lines(line), 1);
    assert_non_null(strstr(line, "\"path\":\"/x\",\"status\":413,\"operation\":\"\""));
    assert_non_null(strstr(line, "\"duration_us\":0}"));
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, begin_logged, end_logged)
    const struct CMUnitTest tests[] = {
        TEST(off_says_nothing),
        TEST(errors_are_those_from_400_on),
        TEST(the_level_counts_too),
        TEST(a_line_has_these_fields),
        TEST(nothing_is_forged),
        TEST(what_is_long_is_cut),
        TEST(what_libh2o_refuses_has_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
