// links: server
/*
 * The raw head of a request: what the library lets through and Quiver must not.
 */
#include "../../src/server/head.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define LINE "POST /x HTTP/1.1\r\n"
#define HOST "host: registry:8443\r\n"

static const struct {
    const char *input;
    bool http_1_0, has_body;
} good_heads[] = {
    {LINE HOST "\r\n", false, false},
    {LINE HOST "content-length: 0\r\n\r\n", false, false},
    {LINE HOST "content-length: 000\r\n\r\n", false, false},
    {LINE HOST "content-length: 12\r\n\r\nhello world!", false, true},
    {LINE HOST "Content-Length:\t10 \r\n\r\n", false, true},
    {LINE HOST "transfer-encoding: chunked\r\n\r\n0\r\n\r\n", false, true},
    {LINE "Host:\r\n\r\n", false, false},
    {LINE "Host: [::1]:8443\r\n\r\n", false, false},
    {"GET / HTTP/1.0\r\n\r\n", true, false},
    {"GET / HTTP/1.1\nhost: a\n\n", false, false},
    {"\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n", false, false},
    {"!#$%&'*+-.^_`|~ / HTTP/1.1\r\nhost: a\r\n\r\n", false, false},
    /* what looks like a header in the body or in another header's value is none */
    {LINE HOST "content-length: 40\r\n\r\nhost: b\r\ncontent-length: 1\r\n\r\n", false, true},
    {LINE HOST "x: host: b\r\nx-host: b\r\nhostx: b\r\n\r\n", false, false},
};

static void good_heads_pass(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(good_heads) / sizeof(good_heads[0]); i++) {
        struct qv_head head = {.has_body = !good_heads[i].has_body};
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        enum qv_status status =
            qv_head_check(qv_str_from(good_heads[i].input), good_heads[i].http_1_0, &head, &error);
        if (status != QV_OK)
            fail_msg("%s: %s", good_heads[i].input, qv_error_message(&error));
        assert_int_equal(head.has_body, good_heads[i].has_body);
    }
}

static const struct {
    const char *input;
    bool http_1_0;
    const char *message;
} bad_heads[] = {
    {LINE HOST "content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n", false,
     "Content-Length and Transfer-Encoding exclude each other"},
    {LINE HOST "transfer-encoding: chunked\r\ncontent-length: 1\r\n\r\n", false,
     "Content-Length and Transfer-Encoding exclude each other"},
    {LINE HOST "content-length: 1\r\ncontent-length: 1\r\n\r\n", false,
     "Content-Length header is given more than once"},
    {LINE HOST "content-length: 1\r\nX: y\r\nCONTENT-LENGTH: 2\r\n\r\n", false,
     "Content-Length header is given more than once"},
    {LINE HOST "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n", false,
     "Transfer-Encoding header is given more than once"},
    {LINE HOST "Host: b\r\n\r\n", false, "Host header is given more than once"},
    {LINE HOST HOST "\n", false, "Host header is given more than once"},
    {LINE "\r\n", false, "Host header is missing"},
    {LINE "\r\nhost: in-the-body\r\n\r\n", false, "Host header is missing"},
    {LINE "host: a b\r\n\r\n", false, "Host header is invalid"},
    {LINE "host: user@a\r\n\r\n", false, "Host header is invalid"},
    {LINE "host: a/b\r\n\r\n", false, "Host header is invalid"},
    {LINE "host: \xc3\xa4\r\n\r\n", false, "Host header is invalid"},
    {LINE HOST "x: y\r\n folded\r\n\r\n", false, "Header lines must not be folded"},
    {LINE HOST "x: y\r\n\tfolded\n\r\n", false, "Header lines must not be folded"},
    {LINE HOST "x: y\r\n \r\n\r\n", false, "Header lines must not be folded"},
    {"POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n", true,
     "HTTP/1.0 has no Transfer-Encoding"},
    {"GET / HTTP/1.0\r\nhost: a\r\nhost: b\r\n\r\n", true, "Host header is given more than once"},
    {"G@T / HTTP/1.1\r\nhost: a\r\n\r\n", false, "Request method is invalid"},
    {"G\xc3\xa4T / HTTP/1.1\r\nhost: a\r\n\r\n", false, "Request method is invalid"},
    {" / HTTP/1.1\r\nhost: a\r\n\r\n", false, "Request method is invalid"},
    {"GET\r\nhost: a\r\n\r\n", false, "Request method is invalid"},
    {"", false, "Request line is missing"},
    {"\r\n\r\n", false, "Request line is missing"},
    {"GET / HTTP/1.1", false, "Request line is missing"},
    {LINE, false, "Request head is incomplete"},
    {LINE HOST "host: b", false, "Request head is incomplete"},
};

static void bad_heads_are_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bad_heads) / sizeof(bad_heads[0]); i++) {
        struct qv_head head = {.has_body = true};
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        enum qv_status status =
            qv_head_check(qv_str_from(bad_heads[i].input), bad_heads[i].http_1_0, &head, &error);
        if (status != QV_INVALID)
            fail_msg("accepted: %s", bad_heads[i].input);
        assert_string_equal(qv_error_message(&error), bad_heads[i].message);
        assert_true(head.has_body); /* untouched */
    }
}

static void a_nul_is_no_host(void **state)
{
    (void)state;
    assert_false(qv_authority_is_valid((struct qv_str){"a\0b", 3}));
    assert_true(qv_authority_is_valid(QV_STR("registry.local:8443")));
    assert_true(qv_authority_is_valid(QV_STR("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_heads_pass),
        cmocka_unit_test(bad_heads_are_named),
        cmocka_unit_test(a_nul_is_no_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
