// links: base
/*
 * The growing buffer: what it holds, how it grows, how it remembers that memory ran out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <quiver/base/buf.h>
#include <quiver/base/memory.h>
#include <string.h>

static void appending(void **state)
{
    (void)state;
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    assert_int_equal(qv_buf_str(&buf).length, 0);
    qv_buf_put(&buf, QV_STR("ab\0c"));
    qv_buf_put(&buf, qv_str_from(NULL));
    qv_buf_put_char(&buf, '-');
    qv_buf_put_text(&buf, "text");
    qv_buf_printf(&buf, " %d %s", 42, "x");
    assert_int_equal(qv_buf_status(&buf), QV_OK);
    assert_true(qv_str_equal(qv_buf_str(&buf), QV_STR("ab\0c-text 42 x")));
    assert_int_equal(buf.at[buf.length], 0);
    qv_buf_truncate(&buf, 99);
    assert_int_equal(buf.length, 14);
    qv_buf_truncate(&buf, 2);
    assert_string_equal(buf.at, "ab");
}

static void growing(void **state)
{
    (void)state;
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    for (int i = 0; i < 100000; i++)
        qv_buf_put_char(&buf, (char)('a' + i % 26));
    assert_int_equal(buf.length, 100000);
    for (int i = 0; i < 100000; i++)
        assert_int_equal(buf.at[i], 'a' + i % 26);
    qv_buf_reserve(&buf, 100000);
    const char *before = buf.at;
    for (int i = 0; i < 100000; i++)
        qv_buf_put_char(&buf, 'x');
    assert_ptr_equal(buf.at, before);
}

static void taking(void **state)
{
    (void)state;
    struct qv_buf buf = {0};
    char *text = NULL;
    size_t length = 9;
    assert_int_equal(qv_buf_take(&buf, &text, &length), QV_OK);
    assert_string_equal(text, "");
    assert_int_equal(length, 0);
    qv_free(text);
    qv_buf_put_text(&buf, "mine");
    assert_int_equal(qv_buf_take(&buf, &text, NULL), QV_OK);
    assert_string_equal(text, "mine");
    assert_null(buf.at);
    qv_free(text);
    qv_buf_free(&buf);
    qv_buf_free(NULL);
}

static void lack_of_memory_is_remembered(void **state)
{
    (void)state;
    struct qv_buf buf = {0};
    qv_buf_put_text(&buf, "kept");
    char large[1000];
    memset(large, 'x', sizeof(large));
    qv_memory_fail_at(1);
    qv_buf_put(&buf, (struct qv_str){large, sizeof(large)});
    qv_memory_fail_at(0);
    qv_buf_put_text(&buf, "later");
    qv_buf_printf(&buf, "later");
    assert_int_equal(qv_buf_status(&buf), QV_NO_MEMORY);
    assert_string_equal(buf.at, "kept");
    char *text = large;
    assert_int_equal(qv_buf_take(&buf, &text, NULL), QV_NO_MEMORY);
    assert_ptr_equal(text, large);
    qv_buf_free(&buf);
    assert_int_equal(qv_buf_status(&buf), QV_OK);
}

static void impossible_sizes(void **state)
{
    (void)state;
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    qv_buf_put_text(&buf, "kept");
    qv_buf_reserve(&buf, SIZE_MAX - 2);
    assert_int_equal(qv_buf_status(&buf), QV_NO_MEMORY);
    assert_string_equal(buf.at, "kept");
}

static void digits(void **state)
{
    (void)state;
    static const struct {
        uint64_t number;
        unsigned width;
        const char *text;
    } rows[] = {
        {0, 0, "0"},
        {0, 1, "0"},
        {7, 2, "07"},
        {42, 2, "42"},
        {123, 2, "123"},
        {1000, 6, "001000"},
        {UINT64_MAX, 0, "18446744073709551615"},
        {1, 20, "00000000000000000001"},
        {1, 21, "00000000000000000001"}, /* no wider than a number can be */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
        qv_buf_put_digits(&buf, rows[i].number, rows[i].width);
        assert_string_equal(buf.at, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits),
        cmocka_unit_test(appending),
        cmocka_unit_test(growing),
        cmocka_unit_test(taking),
        cmocka_unit_test(lack_of_memory_is_remembered),
        cmocka_unit_test(impossible_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
