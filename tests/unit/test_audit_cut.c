// links: observe
/*
 * A trail whose first file begins in the middle (those before it are gone, or something cut it):
 * what stands there in front of the first whole line must be told by that line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <quiver/observe/audit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define WHOLE "{\"seq\":7,\"status\":201,\"previous\":\"" ZEROS "\"}\n"
#define TOLD  "{\"seq\":7,\"torn\":true,\"status\":201,\"previous\":\"" ZEROS "\"}\n"
#define CUT   "{\"seq\":6,\"time\":\"2026-0\n"

static char path[] = "/tmp/quiver-audit-cut-XXXXXX";

static enum qv_status verify(const char *text, struct qv_audit_summary *ret_summary,
                             struct qv_error *error)
{
    char *files[] = {path};
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    return qv_audit_verify(files, 1, NULL, ret_summary, error);
}

static void test_beginnings(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t torn;
        bool good;
    } rows[] = {
        {WHOLE, 0, true}, /* all before it is in another file */
        {TOLD, 0, true},  /* so is the torn line that it tells of */
        {CUT TOLD, 1, true},   {CUT CUT TOLD, 2, true},
        {CUT WHOLE, 0, false}, /* nobody tells of it: something cut the file */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        QV_CLEANUP(qv_audit_summary) struct qv_audit_summary found = {0};
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        enum qv_status status = verify(rows[i].text, &found, &error);
        assert_int_equal(status, rows[i].good ? QV_OK : QV_INVALID);
        if (rows[i].good) {
            assert_int_equal(found.lines, 1);
            assert_int_equal(found.torn, rows[i].torn);
            assert_false(found.begins);
        } else {
            assert_non_null(strstr(qv_error_message(&error), ":2: does not say that the line "));
        }
    }
}

static int make_file(void **state)
{
    (void)state;
    int made = mkstemp(path);
    return made < 0 ? -1 : close(made);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_beginnings)};
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
