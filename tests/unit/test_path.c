// links: server
/*
 * Targets taken apart, and the last part of a path decoded once.
 */
#include "../../src/server/path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void assert_text(struct qv_str text, const char *expected)
{
    assert_int_equal(text.length, strlen(expected));
    if (text.length > 0)
        assert_memory_equal(text.at, expected, text.length);
}

static const struct {
    const char *raw, *path, *query, *authority;
} targets[] = {
    {"/", "/", "", NULL},
    {"/a/b?verbose=true", "/a/b", "verbose=true", NULL},
    {"/a?", "/a", "", NULL},
    {"/a??b", "/a", "?b", NULL},
    {"/a%2Fb/../c;x", "/a%2Fb/../c;x", "", NULL},
    {"//evil/x", "//evil/x", "", NULL},
    {"/http://evil/x", "/http://evil/x", "", NULL},
    {"http://registry:80/a?q", "/a", "q", "registry:80"},
    {"HTTPS://registry/a/b", "/a/b", "", "registry"},
    {"http://registry", "/", "", "registry"},
    {"http://registry?q", "/", "q", "registry"},
    {"http://[::1]:8080/", "/", "", "[::1]:8080"},
};

static void targets_are_taken_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        struct qv_target target;
        assert_int_equal(qv_target_read(qv_str_from(targets[i].raw), &target, NULL), QV_OK);
        assert_text(target.path, targets[i].path);
        assert_text(target.query, targets[i].query);
        if (targets[i].authority == NULL)
            assert_null(target.authority.at);
        else
            assert_text(target.authority, targets[i].authority);
    }
}

static void other_targets_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",          "*",       "a",         "?q",           "host:80",      "http:/a",
        "ftp://a/b", "http://", "http:///a", "http://u@h/a", "http:\\\\h/a", "https"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct qv_target target = {.path = QV_STR("untouched")};
        if (qv_target_read(qv_str_from(bad[i]), &target, NULL) != QV_INVALID)
            fail_msg("accepted: %s", bad[i]);
        assert_text(target.path, "untouched");
    }
}

static const struct {
    const char *part, *decoded;
} parts[] = {
    {"provider::kelvin-info::1.0.0", "provider::kelvin-info::1.0.0"},
    {"a%3A%3Ab%3a%3ac", "a::b::c"},
    {"a|b%7Cc", "a|b|c"},
    {"%2525", "%25"}, /* once, not twice */
    {"%252F", "%2F"},
    {"a+b", "a+b"},
    {"%C3%A4\xc3\xa4", "\xc3\xa4\xc3\xa4"},
    {"..", ".."},
    {"%41", "A"},
};

static void parts_are_decoded_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        struct qv_str part = qv_str_from(parts[i].part);
        char room[64];
        struct qv_str decoded;
        assert_int_equal(qv_path_decode(part, room, &decoded, NULL), QV_OK);
        assert_text(decoded, parts[i].decoded);
    }
}

static const struct {
    const char *part, *message;
} bad_parts[] = {
    {"a;b", "Path parameter must not contain ;"},
    {"a%3bb", "Path parameter must not contain ;"},
    {"a%2Fb", "Path parameter must not contain %2F"},
    {"a%2fb", "Path parameter must not contain %2F"},
    {"a%5Cb", "Path parameter must not contain %5C"},
    {"a\\b", "Path parameter must not contain %5C"},
    {"a%00", "Path parameter must not contain %00"},
    {"%", "Path parameter has a broken percent encoding"},
    {"a%4", "Path parameter has a broken percent encoding"},
    {"%zz", "Path parameter has a broken percent encoding"},
    {"%4g", "Path parameter has a broken percent encoding"},
    {"%%41", "Path parameter has a broken percent encoding"},
    {"%FF", "Path parameter is not UTF-8"},
    {"%C0%AF", "Path parameter is not UTF-8"},
    {"%ED%A0%80", "Path parameter is not UTF-8"},
    {"\xe4", "Path parameter is not UTF-8"},
};

static void faults_are_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bad_parts) / sizeof(bad_parts[0]); i++) {
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        struct qv_str part = qv_str_from(bad_parts[i].part), decoded = QV_STR("untouched");
        char room[64];
        if (qv_path_decode(part, room, &decoded, &error) != QV_INVALID)
            fail_msg("accepted: %s", bad_parts[i].part);
        assert_string_equal(qv_error_message(&error), bad_parts[i].message);
        assert_text(decoded, "untouched");
    }
}

static void whole_paths_are_decoded_once(void **state)
{
    (void)state;
    static const struct {
        const char *path, *decoded; /* NULL: a part has a slash */
    } rows[] = {
        {"/v2/services/$register", "/v2/services/$register"},
        {"/v2/%73ervices/%24register", "/v2/services/$register"},
        {"/%2525", "/%25"},
        {"/a+b;c=d\\e", "/a+b;c=d\\e"},
        {"/%zz%4%", "/%zz%4%"},
        {"/%e4%FF", "/\xe4\xff"},
        {"//a/./..//", "//a/./..//"},
        {"/a%2Fb", NULL},
        {"/a%2f", NULL},
        {"/a%252F", "/a%2F"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char room[64];
        struct qv_str decoded = QV_STR("untouched");
        bool good = qv_path_decode_all(qv_str_from(rows[i].path), room, &decoded);
        assert_int_equal(good, rows[i].decoded != NULL);
        assert_text(decoded, good ? rows[i].decoded : "untouched");
    }
    char room[8];
    struct qv_str decoded;
    assert_true(qv_path_decode_all(QV_STR("/a%00b"), room, &decoded));
    assert_int_equal(decoded.length, 4);
    assert_memory_equal(decoded.at, "/a\0b", 4);
}

static void paths_are_encoded_for_a_header(void **state)
{
    (void)state;
    QV_CLEANUP(qv_buf) struct qv_buf path = {0};
    QV_CLEANUP(qv_buf) struct qv_buf query = {0};
    qv_path_encode(QV_STR("/v2/$register/a b?#%\r\n\0\xc3\xbc<\"~"), &path);
    assert_string_equal(path.at, "/v2/$register/a%20b%3F%23%25%0D%0A%00%C3%BC%3C%22~");
    qv_query_encode(QV_STR("a=b%20&c[]=?/\xff\t#"), &query);
    assert_string_equal(query.at, "a=b%20&c[]=?/%FF%09%23");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_are_taken_apart),
        cmocka_unit_test(other_targets_are_refused),
        cmocka_unit_test(parts_are_decoded_once),
        cmocka_unit_test(faults_are_named),
        cmocka_unit_test(whole_paths_are_decoded_once),
        cmocka_unit_test(paths_are_encoded_for_a_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
