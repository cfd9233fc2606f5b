// links: base
/*
 * Reading files, and paths.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <quiver/base/file.h>
#include <quiver/base/memory.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/quiver-test-file-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL;
}

static char *in_folder(const char *name)
{
    char *path = qv_path_join(folder, name);
    assert_non_null(path);
    return path;
}

static int remove_folder(void **state)
{
    (void)state;
    static const char *names[] = {"text", "empty", "fifo"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char *path = in_folder(names[i]);
        unlink(path);
        qv_free(path);
    }
    return rmdir(folder);
}

static void write_file(const char *path, const char *text, size_t length)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void whole_files_are_appended(void **state)
{
    (void)state;
    char *path = in_folder("text");
    char large[200000];
    memset(large, 'x', sizeof(large));
    write_file(path, large, sizeof(large));
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    qv_buf_put_text(&buf, "before");
    assert_int_equal(qv_file_read(path, sizeof(large), &buf, NULL), QV_OK);
    assert_int_equal(buf.length, 6 + sizeof(large));
    assert_memory_equal(buf.at + 6, large, sizeof(large));
    qv_free(path);
    path = in_folder("empty");
    write_file(path, "", 0);
    assert_int_equal(qv_file_read(path, 0, &buf, NULL), QV_OK);
    assert_int_equal(buf.length, 6 + sizeof(large));
    qv_free(path);
}

static void files_that_tell_no_size_are_read(void **state)
{
    (void)state;
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    assert_int_equal(qv_file_read("/proc/self/status", 1 << 20, &buf, NULL), QV_OK);
    assert_true(buf.length > 100);
    size_t length = buf.length;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    assert_int_equal(qv_file_read("/proc/self/status", 50, &buf, &error), QV_TOO_LARGE);
    assert_int_equal(buf.length, length);
}

static void faults_name_path_and_reason(void **state)
{
    (void)state;
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    assert_int_equal(qv_file_read("/no/such/file", 10, &buf, &error), QV_NOT_FOUND);
    assert_string_equal(qv_error_message(&error), "/no/such/file: No such file or directory");
    assert_int_equal(qv_file_read("/proc", 10, &buf, &error), QV_INVALID);
    assert_string_equal(qv_error_message(&error), "/proc: not a regular file");
    assert_int_equal(qv_file_read("/proc/version/x", 10, &buf, &error), QV_INVALID);
    assert_non_null(strstr(qv_error_message(&error), "Not a directory"));

    char *path = in_folder("fifo");
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(qv_file_read(path, 10, &buf, &error), QV_INVALID); /* and does not wait */
    qv_free(path);

    path = in_folder("text");
    write_file(path, "12345", 5);
    assert_int_equal(qv_file_read(path, 4, &buf, &error), QV_TOO_LARGE);
    assert_non_null(strstr(qv_error_message(&error), "larger than 4 bytes"));
    assert_int_equal(buf.length, 0);
    qv_memory_fail_at(1);
    assert_int_equal(qv_file_read(path, 5, &buf, &error), QV_NO_MEMORY);
    qv_memory_fail_at(0);
    qv_free(path);
}

static void paths(void **state)
{
    (void)state;
    static const struct {
        const char *directory, *path, *joined;
    } joins[] = {
        {"/etc", "a", "/etc/a"}, {"/etc/", "a", "/etc/a"}, {"/etc", "/a", "/a"},
        {".", "../a", "./../a"}, {"/", "a", "/a"},         {"", "a", "a"},
    };
    for (size_t i = 0; i < sizeof(joins) / sizeof(joins[0]); i++) {
        char *joined = qv_path_join(joins[i].directory, joins[i].path);
        assert_string_equal(joined, joins[i].joined);
        qv_free(joined);
    }
    static const struct {
        const char *path, *directory;
    } folders[] = {{"a", "."}, {"/a", "/"}, {"/etc/a", "/etc"}, {"x/y/z", "x/y"}, {"", "."}};
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        char *directory = qv_path_directory(folders[i].path);
        assert_string_equal(directory, folders[i].directory);
        qv_free(directory);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_files_are_appended),
        cmocka_unit_test(files_that_tell_no_size_are_read),
        cmocka_unit_test(faults_name_path_and_reason),
        cmocka_unit_test(paths),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
