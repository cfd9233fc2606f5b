// links: base
/*
 * Text as pointer and length: comparing, cutting, numbers, UTF-8, lists.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <quiver/base/memory.h>
#include <quiver/base/str.h>
#include <string.h>

static void comparing(void **state)
{
    (void)state;
    assert_true(qv_str_equal(QV_STR("a"), QV_STR("a")));
    assert_false(qv_str_equal(QV_STR("a"), QV_STR("A")));
    assert_false(qv_str_equal(QV_STR("a"), QV_STR("ab")));
    assert_true(qv_str_equal(QV_STR(""), qv_str_from(NULL)));
    assert_true(qv_str_equal_ignore_case(QV_STR("TestCloud"), QV_STR("tESTcLOUD")));
    assert_false(qv_str_equal_ignore_case(QV_STR("["), QV_STR("{")));
    assert_false(qv_str_equal_ignore_case(QV_STR("\xC3\x84"), QV_STR("\xC3\xA4")));
    assert_false(qv_str_equal_ignore_case(QV_STR("a"), QV_STR("ab")));
    assert_true(qv_str_compare(QV_STR("a"), QV_STR("ab")) < 0);
    assert_true(qv_str_compare(QV_STR("b"), QV_STR("ab")) > 0);
    assert_true(qv_str_compare(QV_STR("\xFF"), QV_STR("a")) > 0);
    assert_int_equal(qv_str_compare(QV_STR(""), qv_str_from(NULL)), 0);
    assert_true(qv_str_starts_with(QV_STR("abc"), QV_STR("ab")));
    assert_true(qv_str_starts_with(QV_STR("abc"), QV_STR("")));
    assert_false(qv_str_starts_with(QV_STR("ab"), QV_STR("abc")));
}

static void parts_are_clamped(void **state)
{
    (void)state;
    assert_true(qv_str_equal(qv_str_part(QV_STR("abcdef"), 2, 3), QV_STR("cde")));
    assert_true(qv_str_equal(qv_str_part(QV_STR("abc"), 1, SIZE_MAX), QV_STR("bc")));
    assert_int_equal(qv_str_part(QV_STR("abc"), 9, 1).length, 0);
    assert_null(qv_str_part(qv_str_from(NULL), 0, 5).at);
    assert_int_equal(qv_str_find(QV_STR("a::b"), ':'), 1);
    assert_int_equal(qv_str_find(QV_STR("ab"), ':'), SIZE_MAX);
    assert_int_equal(qv_str_find(qv_str_from(NULL), ':'), SIZE_MAX);
}

static void trim_and_blank(void **state)
{
    (void)state;
    assert_true(qv_str_equal(qv_str_trim(QV_STR(" \t\x01 a b\n\0")), QV_STR("a b")));
    assert_int_equal(qv_str_trim(QV_STR("  ")).length, 0);
    /* a no-break space is not trimmed */
    assert_int_equal(qv_str_trim(QV_STR("\xC2\xA0")).length, 2);
    assert_true(qv_str_is_blank(QV_STR("")));
    assert_true(qv_str_is_blank(qv_str_from(NULL)));
    assert_true(qv_str_is_blank(QV_STR(" \t\r\n\x1C\x1F")));
    assert_true(qv_str_is_blank(QV_STR("\xE2\x80\x83\xE3\x80\x80"))); /* U+2003, U+3000 */
    assert_false(qv_str_is_blank(QV_STR("\xC2\xA0")));                /* U+00A0 does not break */
    assert_false(qv_str_is_blank(QV_STR("\xE2\x80\x87")));            /* nor does U+2007 */
    assert_false(qv_str_is_blank(QV_STR(" \x01")));
    assert_false(qv_str_is_blank(QV_STR(" \xFF")));
    assert_false(qv_str_is_blank(QV_STR(" a")));
}

static void splitting(void **state)
{
    (void)state;
    struct qv_str rest = QV_STR("a..b."), part;
    const char *expected[] = {"a", "", "b", ""};
    for (size_t i = 0; i < 4; i++) {
        assert_true(qv_str_split_next(&rest, '.', &part));
        assert_true(qv_str_equal(part, qv_str_from(expected[i])));
    }
    assert_false(qv_str_split_next(&rest, '.', &part));
    assert_false(qv_str_split_next(&rest, '.', &part));
    rest = qv_str_from(NULL);
    assert_true(qv_str_split_next(&rest, '.', &part));
    assert_int_equal(part.length, 0);
    assert_false(qv_str_split_next(&rest, '.', &part));
}

static void numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t max, value;
        enum qv_status status;
    } rows[] = {
        {"0", 10, 0, QV_OK},
        {"007", 10, 7, QV_OK},
        {"10", 10, 10, QV_OK},
        {"11", 10, 0, QV_INVALID},
        {"18446744073709551615", UINT64_MAX, UINT64_MAX, QV_OK},
        {"18446744073709551616", UINT64_MAX, 0, QV_INVALID},
        {"99999999999999999999999", UINT64_MAX, 0, QV_INVALID},
        {"", 10, 0, QV_INVALID},
        {"-1", 10, 0, QV_INVALID},
        {"+1", 10, 0, QV_INVALID},
        {" 1", 10, 0, QV_INVALID},
        {"1 ", 10, 0, QV_INVALID},
        {"1e1", 10, 0, QV_INVALID},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t value = 77;
        assert_int_equal(qv_str_to_uint(qv_str_from(rows[i].text), rows[i].max, &value),
                         rows[i].status);
        assert_true(value == (rows[i].status == QV_OK ? rows[i].value : 77));
    }
}

static void utf8(void **state)
{
    (void)state;
    static const struct {
        struct qv_str text;
        bool valid;
    } rows[] = {
        {{"", 0}, true},
        {{"a\0b", 3}, true},
        {{"\xC3\xA4", 2}, true},
        {{"\xE2\x82\xAC", 3}, true},
        {{"\xF0\x9F\x98\x80", 4}, true},
        {{"\xF4\x8F\xBF\xBF", 4}, true},
        {{"\xEF\xBF\xBF", 3}, true},
        {{"\xC0\xAF", 2}, false},         /* overlong */
        {{"\xC1\xBF", 2}, false},         /* overlong */
        {{"\xE0\x9F\xBF", 3}, false},     /* overlong */
        {{"\xF0\x8F\xBF\xBF", 4}, false}, /* overlong */
        {{"\xED\xA0\x80", 3}, false},     /* surrogate */
        {{"\xF4\x90\x80\x80", 4}, false}, /* beyond U+10FFFF */
        {{"\xF5\x80\x80\x80", 4}, false},
        {{"\x80", 1}, false},
        {{"\xC3", 1}, false},
        {{"\xE2\x82", 2}, false},
        {{"\xE2\x82\x41", 3}, false},
        {{"\xFF", 1}, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(qv_str_is_utf8(rows[i].text), rows[i].valid);
}

static void code_points(void **state)
{
    (void)state;
    uint32_t c = 0;
    assert_int_equal(qv_str_next_code_point(QV_STR("a"), &c), 1);
    assert_int_equal(c, 'a');
    assert_int_equal(qv_str_next_code_point(QV_STR("\xC3\xA4x"), &c), 2);
    assert_int_equal(c, 0xE4);
    assert_int_equal(qv_str_next_code_point(QV_STR("\xE2\x82\xAC"), &c), 3);
    assert_int_equal(c, 0x20AC);
    assert_int_equal(qv_str_next_code_point(QV_STR("\xF0\x9F\x98\x80"), &c), 4);
    assert_int_equal(c, 0x1F600);
    assert_int_equal(qv_str_next_code_point(QV_STR("\xFF"), &c), 0);
    assert_int_equal(qv_str_next_code_point(QV_STR(""), &c), 0);
    assert_int_equal(c, 0x1F600);
}

static void lists(void **state)
{
    (void)state;
    struct qv_strings list = {0};
    for (char c = 'a'; c <= 'k'; c++)
        assert_int_equal(qv_strings_add(&list, (struct qv_str){&c, 1}), QV_OK);
    assert_int_equal(list.count, 11);
    assert_string_equal(list.at[0], "a");
    assert_string_equal(list.at[10], "k");
    assert_true(qv_strings_contain(&list, QV_STR("e")));
    assert_false(qv_strings_contain(&list, QV_STR("E")));
    qv_strings_free(&list);
    assert_int_equal(list.count, 0);
    qv_strings_free(&list);
    qv_strings_free(NULL);
}

static void lists_survive_lack_of_memory(void **state)
{
    (void)state;
    struct qv_strings list = {0};
    for (size_t nth = 1; nth <= 2; nth++) {
        qv_memory_fail_at(nth);
        assert_int_equal(qv_strings_add(&list, QV_STR("x")), QV_NO_MEMORY);
        assert_int_equal(list.count, 0);
    }
    qv_memory_fail_at(0);
    assert_int_equal(qv_strings_add(&list, QV_STR("x")), QV_OK);
    qv_strings_free(&list);
}

static void duplicating(void **state)
{
    (void)state;
    char *copy = qv_str_dup(qv_str_part(QV_STR("abcdef"), 1, 2));
    assert_string_equal(copy, "bc");
    qv_free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comparing),
        cmocka_unit_test(parts_are_clamped),
        cmocka_unit_test(trim_and_blank),
        cmocka_unit_test(splitting),
        cmocka_unit_test(numbers),
        cmocka_unit_test(utf8),
        cmocka_unit_test(code_points),
        cmocka_unit_test(lists),
        cmocka_unit_test(lists_survive_lack_of_memory),
        cmocka_unit_test(duplicating),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
