// links: base
/*
 * JSON as Quiver takes and writes it (RFC 8259, spec/arrowhead-discovery 2.6 and 11.3): what is
 * read, what is refused and where, what is written, and that both fit together.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>
#include <quiver/base/json.h>
#include <quiver/base/memory.h>
#include <string.h>

#define DEPTH       8
#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const struct {
    struct qv_str text;
    const char *written;
} good[] = {
    {QV_STR("{}"), "{}"},
    {QV_STR(" \t\r\n[ ] "), "[]"},
    {QV_STR("\xEF\xBB\xBF{\"a\":1}"), "{\"a\":1}"},
    {QV_STR("null"), "null"},
    {QV_STR("true"), "true"},
    {QV_STR("false"), "false"},
    {QV_STR("\"\""), "\"\""},
    {QV_STR("{\"b\" : [1 , 2,{\"\":null}] , \"a\":\"x\"}"),
     "{\"b\":[1,2,{\"\":null}],\"a\":\"x\"}"},
    {QV_STR("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u001f\\u007f\""),
     "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u001f\x7F\""},
    {QV_STR("\"\\u00e4\\u20AC\\ud83d\\uDE00\""), "\"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\""},
    {QV_STR("\"\xF4\x8F\xBF\xBF\""), "\"\xF4\x8F\xBF\xBF\""},
    {QV_STR("{\"\\u0061\":1,\"b\\n\":2}"), "{\"a\":1,\"b\\n\":2}"},
    {QV_STR("0"), "0"},
    {QV_STR("-0"), "0"},
    {QV_STR("-12"), "-12"},
    {QV_STR("9223372036854775807"), "9223372036854775807"},
    {QV_STR("-9223372036854775808"), "-9223372036854775808"},
    {QV_STR("1.0"), "1.0"},
    {QV_STR("-0.0"), "-0.0"},
    {QV_STR("1.10"), "1.1"},
    {QV_STR("1e3"), "1000.0"},
    {QV_STR("1E+3"), "1000.0"},
    {QV_STR("0.1e-7"), "1.0e-08"},
    {QV_STR("1e22"), "1.0e+22"},
    {QV_STR("1.5e300"), "1.5e+300"},
    {QV_STR("0.1"), "0.1"},
    {QV_STR("0.30000000000000004"), "0.30000000000000004"},
    {QV_STR("123456789.0"), "123456789.0"},
    {QV_STR("1e-400"), "0.0"},
    {QV_STR("5e-324"), "4.94065645841247e-324"},
    {QV_STR("1.7976931348623157e308"), "1.7976931348623157e+308"},
    {QV_STR("[[[[[[[[]]]]]]]]"), "[[[[[[[[]]]]]]]]"},
    {QV_STR("[[],[],[],[],[],[],[],[],[],{},{}]"), "[[],[],[],[],[],[],[],[],[],{},{}]"},
};

static void what_is_read_is_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        QV_CLEANUP(qv_json) json_t *value = NULL, *again = NULL;
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        if (qv_json_parse(good[i].text, DEPTH, &value, &error) != QV_OK)
            fail_msg("%s: %s", good[i].text.at, qv_error_message(&error));
        QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
        qv_json_write(&buf, value);
        assert_string_equal(buf.at, good[i].written);
        assert_int_equal(qv_json_parse(qv_buf_str(&buf), DEPTH, &again, NULL), QV_OK);
        assert_true(qv_json_equal(value, again));
    }
}

static const struct {
    struct qv_str text;
    const char *fault; /* behind "malformed JSON: " */
} bad[] = {
    {QV_STR(""), "unexpected end at line 1, column 1"},
    {QV_STR(" \n "), "unexpected end at line 2, column 2"},
    {QV_STR("{"), "unexpected end at line 1, column 2"},
    {QV_STR("{} xyz"), "text behind the end at line 1, column 4"},
    {QV_STR("{}\0"), "text behind the end at line 1, column 3"},
    {QV_STR("{}{}"), "text behind the end at line 1, column 3"},
    {QV_STR("[1,]"), "unexpected character at line 1, column 4"},
    {QV_STR("[1 2]"), "unexpected character at line 1, column 4"},
    {QV_STR("[1}"), "unexpected character at line 1, column 3"},
    {QV_STR("{\"a\":1,}"), "unexpected character at line 1, column 8"},
    {QV_STR("{\"a\" 1}"), "unexpected character at line 1, column 6"},
    {QV_STR("{a:1}"), "unexpected character at line 1, column 2"},
    {QV_STR("{'a':1}"), "unexpected character at line 1, column 2"},
    {QV_STR("{1:1}"), "unexpected character at line 1, column 2"},
    {QV_STR("/* c */ {}"), "unexpected character at line 1, column 1"},
    {QV_STR("NaN"), "unexpected character at line 1, column 1"},
    {QV_STR("Infinity"), "unexpected character at line 1, column 1"},
    {QV_STR("-Infinity"), "unexpected character at line 1, column 2"},
    {QV_STR("True"), "unexpected character at line 1, column 1"},
    {QV_STR("nul"), "unexpected character at line 1, column 1"},
    {QV_STR("nulll"), "text behind the end at line 1, column 5"},
    {QV_STR("01"), "text behind the end at line 1, column 2"},
    {QV_STR("+1"), "unexpected character at line 1, column 1"},
    {QV_STR("-"), "unexpected end at line 1, column 2"},
    {QV_STR("1."), "unexpected end at line 1, column 3"},
    {QV_STR(".5"), "unexpected character at line 1, column 1"},
    {QV_STR("1e"), "unexpected end at line 1, column 3"},
    {QV_STR("1e+x"), "unexpected character at line 1, column 4"},
    {QV_STR("0x10"), "text behind the end at line 1, column 2"},
    {QV_STR("9223372036854775808"), "integer beyond 64 bits at line 1, column 1"},
    {QV_STR("-9223372036854775809"), "integer beyond 64 bits at line 1, column 1"},
    {QV_STR("1e400"), "number too large at line 1, column 1"},
    {QV_STR("-1e400"), "number too large at line 1, column 1"},
    {QV_STR("\"a"), "unexpected end at line 1, column 3"},
    {QV_STR("\"a\\"), "unexpected end at line 1, column 4"},
    {QV_STR("\"a\nb\""), "control character in a string at line 1, column 3"},
    {QV_STR("\"a\0b\""), "control character in a string at line 1, column 3"},
    {QV_STR("\"\x1F\""), "control character in a string at line 1, column 2"},
    {QV_STR("\"\\x\""), "invalid escape at line 1, column 2"},
    {QV_STR("\"\\\0\""), "invalid escape at line 1, column 2"},
    {QV_STR("\"\\u12\""), "invalid \\u escape at line 1, column 2"},
    {QV_STR("\"\\u12g4\""), "invalid \\u escape at line 1, column 2"},
    {QV_STR("\"\\u0000\""), "NUL character at line 1, column 2"},
    {QV_STR("{\"a\\u0000\":1}"), "NUL character at line 1, column 4"},
    {QV_STR("\"\\ud800\""), "lone surrogate at line 1, column 2"},
    {QV_STR("\"\\ud800\\n\""), "lone surrogate at line 1, column 2"},
    {QV_STR("\"\\ud800\\u0041\""), "lone surrogate at line 1, column 2"},
    {QV_STR("\"\\udc00\\udc00\""), "lone surrogate at line 1, column 2"},
    {QV_STR("\"\\udc00\""), "lone surrogate at line 1, column 2"},
    {QV_STR("\"\xC0\xAF\""), "bytes that are not UTF-8 at line 1, column 2"},
    {QV_STR("\"\xC3\xA4\xED\xA0\x80\""), "bytes that are not UTF-8 at line 1, column 3"},
    {QV_STR("\"\xC3"), "bytes that are not UTF-8 at line 1, column 2"},
    {QV_STR("{\0}\0"), "unexpected character at line 1, column 2"},
    {QV_STR("\xFF\xFE{\0}\0"), "bytes that are not UTF-8 at line 1, column 1"},
    {QV_STR("{\"a\":1,\n \"\\u0061\":2}"), "member given twice at line 2, column 2"},
    {QV_STR("{\"\":1,\"\":1}"), "member given twice at line 1, column 7"},
    {QV_STR("[[[[[[[[[]]]]]]]]]"), "nested too deeply at line 1, column 9"},
    {QV_STR("{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":"), "nested too deeply at line 1, column 25"},
    {QV_STR("\xEF\xBB\xBF\xEF\xBB\xBF{}"), "unexpected character at line 1, column 1"},
};

static void what_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        json_t *untouched = (json_t *)&bad;
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        assert_int_equal(qv_json_parse(bad[i].text, DEPTH, &untouched, &error), QV_INVALID);
        assert_ptr_equal(untouched, (json_t *)&bad);
        assert_int_equal(error.status, QV_INVALID);
        const char *message = qv_error_message(&error);
        assert_int_equal(strncmp(message, "malformed JSON: ", 16), 0);
        assert_string_equal(message + 16, bad[i].fault);
    }
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    struct qv_str text =
        QV_STR("{\"a\":[1.5e3,-2,true,null,\"\\u00e4\\n\xC3\xA4\"],\"b\":{\"c\":[]}}");
    for (size_t length = 0; length < text.length; length++) {
        /* a copy of that very size, so that the sanitizer sees a byte read too much */
        char *cut = qv_alloc_array(length, 1);
        assert_non_null(cut);
        memcpy(cut, text.at, length);
        json_t *value;
        assert_int_equal(qv_json_parse((struct qv_str){cut, length}, DEPTH, &value, NULL),
                         QV_INVALID);
        qv_free(cut);
    }
}

static void depth_is_bounded_whatever_comes(void **state)
{
    (void)state;
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    for (int i = 0; i < 1000000; i++)
        qv_buf_put_text(&text, "[");
    json_t *value;
    assert_int_equal(qv_json_parse(qv_buf_str(&text), 1000, &value, NULL), QV_INVALID);
    assert_int_equal(qv_json_parse(QV_STR("[]"), 0, &value, NULL), QV_INVALID);
    QV_CLEANUP(qv_json) json_t *number = NULL;
    assert_int_equal(qv_json_parse(QV_STR("1"), 0, &number, NULL), QV_OK);
}

static void lack_of_memory_at_any_place(void **state)
{
    (void)state;
    struct qv_str text = QV_STR("{\"a\":[1,2.5,\"text\\n\",{\"b\\n\":null}],\"c\":{},\"d\":[[]]}");
    size_t nth = 1;
    for (;; nth++) {
        json_t *value = NULL;
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        qv_memory_fail_at(nth);
        enum qv_status status = qv_json_parse(text, DEPTH, &value, &error);
        bool reached = qv_memory_count() >= nth;
        qv_memory_fail_at(0);
        if (!reached) {
            assert_int_equal(status, QV_OK);
            json_decref(value);
            break;
        }
        assert_int_equal(status, QV_NO_MEMORY);
        assert_null(value);
    }
    assert_true(nth > 15);
}

/* 1.1 stays 1.1 where the process writes 1,1; skipped where no such locale is installed. */
/* What qv_json_parse refuses and the lenient reader takes. */
static const struct {
    struct qv_str text;
    const char *written;
} lenient[] = {
    {QV_STR("{\"a\":1,\"b\":2,\"a\":[3]}"), "{\"a\":[3],\"b\":2}"},
    {QV_STR("{\"a\":{\"x\":1},\"\\u0061\":{\"y\":1}}"), "{\"a\":{\"y\":1}}"},
    {QV_STR("\"a\\u0000b\""), "\"a\\u0000b\""},
    {QV_STR("{\"a\\u0000\":1,\"a\":2}"), "{\"a\\u0000\":1,\"a\":2}"},
};

/* What neither takes, and how many characters stand before it. */
static const struct {
    struct qv_str text;
    size_t fault_at;
} refused_by_both[] = {
    {QV_STR(""), 0},
    {QV_STR("\xEF\xBB\xBF{"), 1},
    {QV_STR("{\n\"\xC3\xA4\xF0\x9F\x98\x80\":x}"), 7},
    {QV_STR("\"\\ud800\""), 1},
    {QV_STR("\"\0\""), 1},
    {QV_STR("[9223372036854775808]"), 1},
    {QV_STR("[[[[[[[[[]]]]]]]]]"), 8},
    {QV_STR("\"\xC3\xA4\xFF\""), 2},
    {QV_STR("{} x"), 3},
};

static void lenient_reading(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(lenient); i++) {
        QV_CLEANUP(qv_json) json_t *value = NULL;
        QV_CLEANUP(qv_buf) struct qv_buf written = {0};
        size_t fault_at = 99;
        assert_int_equal(qv_json_parse(lenient[i].text, DEPTH, &value, NULL), QV_INVALID);
        assert_int_equal(qv_json_parse_lenient(lenient[i].text, DEPTH, &value, &fault_at, NULL),
                         QV_OK);
        qv_json_write(&written, value);
        assert_string_equal(written.at, lenient[i].written);
        assert_int_equal(fault_at, 99);
    }
    for (size_t i = 0; i < COUNT(refused_by_both); i++) {
        struct qv_str text = refused_by_both[i].text;
        json_t *value = NULL;
        size_t fault_at = 99;
        assert_int_equal(qv_json_parse(text, DEPTH, &value, NULL), QV_INVALID);
        assert_int_equal(qv_json_parse_lenient(text, DEPTH, &value, &fault_at, NULL), QV_INVALID);
        assert_null(value);
        assert_int_equal(fault_at, refused_by_both[i].fault_at);
    }
}

static void no_locale_matters(void **state)
{
    (void)state;
    static const char *names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "sv_SE.UTF-8"};
    const char *found = NULL;
    for (size_t i = 0; i < COUNT(names) && found == NULL; i++)
        found = setlocale(LC_NUMERIC, names[i]);
    if (found == NULL)
        skip();
    QV_CLEANUP(qv_json) json_t *value = NULL;
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    assert_int_equal(qv_json_parse(QV_STR("[1.1,1e3,1.5e300]"), DEPTH, &value, NULL), QV_OK);
    qv_json_write(&buf, value);
    setlocale(LC_NUMERIC, "C");
    assert_string_equal(buf.at, "[1.1,1000.0,1.5e+300]");
}

static void pieces(void **state)
{
    (void)state;
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    bool first = true;
    qv_json_write_key(&buf, &first, "a");
    qv_json_write_str(&buf, QV_STR("x\0y/\"\\\n\x01 \xC3\xA4"));
    qv_json_write_key(&buf, &first, "b\"");
    qv_json_write(&buf, NULL);
    assert_string_equal(buf.at, "\"a\":\"x\\u0000y/\\\"\\\\\\n\\u0001 \xC3\xA4\",\"b\\\"\":null");
    QV_CLEANUP(qv_json) json_t *text = json_string("x");
    assert_true(qv_str_equal(qv_json_str(text), QV_STR("x")));
    assert_int_equal(qv_json_str(json_true()).length, 0);
    assert_int_equal(qv_json_str(NULL).length, 0);
}

/* RFC 3629: whatever bytes are given, the text that is written has none that is not of UTF-8. */
static void bytes_that_are_no_text_are_replaced(void **state)
{
#define R "\xEF\xBF\xBD"
    (void)state;
    static const struct {
        struct qv_str bytes;
        const char *written;
    } rows[] = {
        {QV_STR("\xFF"), R},
        {QV_STR("a\x80\"\xC3\xA4\xC3"), "a" R "\\\"\xC3\xA4" R},
        {QV_STR("\xC3\""), R "\\\""},
        {QV_STR("\xC0\xAF"), R R},
        {QV_STR("\xED\xA0\x80"), R R R},
        {QV_STR("\xF4\x90\x80\x80"), R R R R},
        {QV_STR("\xE2\x82x"), R R "x"},
        {QV_STR("\xF0\x9F\x98\x80"), "\xF0\x9F\x98\x80"},
    };
#undef R
    for (size_t i = 0; i < COUNT(rows); i++) {
        QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
        QV_CLEANUP(qv_json) json_t *value = NULL;
        qv_json_write_str(&buf, rows[i].bytes);
        assert_int_equal(qv_json_parse(qv_buf_str(&buf), DEPTH, &value, NULL), QV_OK);
        assert_int_equal(buf.length, strlen(buf.at));
        assert_true(qv_str_equal(qv_str_part(qv_buf_str(&buf), 1, buf.length - 2),
                                 qv_str_from(rows[i].written)));
    }
}

static void equality_is_by_kind_and_value(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool equal;
    } rows[] = {
        {"5", "5", true},
        {"5", "5.0", false},
        {"5.0", "5e0", true},
        {"\"5\"", "5", false},
        {"null", "false", false},
        {"{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", true},
        {"{\"a\":1}", "{\"a\":1,\"b\":null}", false},
        {"{}", "[]", false},
        {"{}", "{}", true},
        {"[1,2]", "[2,1]", false},
        {"[1,2]", "[1,2]", true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        QV_CLEANUP(qv_json) json_t *a = NULL, *b = NULL;
        assert_int_equal(qv_json_parse(qv_str_from(rows[i].a), DEPTH, &a, NULL), QV_OK);
        assert_int_equal(qv_json_parse(qv_str_from(rows[i].b), DEPTH, &b, NULL), QV_OK);
        assert_int_equal(qv_json_equal(a, b), rows[i].equal);
    }
    assert_false(qv_json_equal(NULL, json_null()));
}

static int use_our_memory(void **state)
{
    (void)state;
    qv_memory_init();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read_is_written),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(depth_is_bounded_whatever_comes),
        cmocka_unit_test(lack_of_memory_at_any_place),
        cmocka_unit_test(lenient_reading),
        cmocka_unit_test(no_locale_matters),
        cmocka_unit_test(pieces),
        cmocka_unit_test(bytes_that_are_no_text_are_replaced),
        cmocka_unit_test(equality_is_by_kind_and_value),
    };
    return cmocka_run_group_tests(tests, use_our_memory, NULL);
}
