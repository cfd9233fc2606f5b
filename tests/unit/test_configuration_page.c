// links: config
/*
 * docs/configuration.md is written from the table of settings: this test fails where the two
 * differ. With QUIVER_WRITE_DOCS=1 in the environment it writes the page anew instead.
 */
#include <quiver/base/file.h>
#include <quiver/config/config.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const char page[] = TEST_DATA "/../../../docs/configuration.md";
static const char introduction[] =
    "# Configuration\n\n"
    "Quiver reads one file, given by `--config`: YAML, checked whole before anything starts. "
    "Unknown keys, wrong\n"
    "types, values out of range and settings that this version cannot honour are refused, each "
    "with file, line\n"
    "and remedy; `quiver check --config FILE` does just that. Relative paths are relative to the "
    "file's folder.\n\n"
    "`config/quiver.yaml` is a commented example. Sizes are written like `256KiB` or `1MiB`, "
    "durations like\n"
    "`500ms`, `2s`, `1m`.\n\n"
    "This page is written from the table of settings in src/config/settings.c.\n\n";

static void write_page(const struct qv_buf *text)
{
    FILE *file = fopen(page, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text->at, 1, text->length, file), text->length);
    assert_int_equal(fclose(file), 0);
}

static void says_what_the_table_says(void **state)
{
    (void)state;
    QV_CLEANUP(qv_buf) struct qv_buf expected = {0};
    QV_CLEANUP(qv_buf) struct qv_buf found = {0};
    qv_buf_put_text(&expected, introduction);
    qv_config_write_reference(&expected);
    assert_int_equal(qv_buf_status(&expected), QV_OK);
    if (getenv("QUIVER_WRITE_DOCS") != NULL)
        write_page(&expected);
    assert_int_equal(qv_file_read(page, 1 << 20, &found, NULL), QV_OK);
    assert_string_equal(found.at, expected.at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(says_what_the_table_says)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
