/*
 * A trail in a folder of its own: writing lines to it, and what the verification says of it.
 */
#ifndef QUIVER_TEST_AUDIT_FIXTURE_H
#define QUIVER_TEST_AUDIT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <quiver/base/file.h>
#include <quiver/base/json.h>
#include <quiver/base/memory.h>
#include <quiver/observe/audit.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define ZEROS       "0000000000000000000000000000000000000000000000000000000000000000"

static char folder[32];
static char path[64], rotated[64], other[64]; /* in it: the trail, what rotation makes of it */
static int log_file = -1;
static struct qv_config config;

static inline int set_up(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/quiver-test-audit-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(path, sizeof(path), "%s/audit.log", folder);
    snprintf(rotated, sizeof(rotated), "%s/audit.log.1", folder);
    snprintf(other, sizeof(other), "%s/other", folder);
    memset(&config, 0, sizeof(config));
    config.audit.file = path;
    log_file = memfd_create("log", MFD_CLOEXEC);
    qv_log_to(log_file);
    return log_file < 0;
}

static inline int remove_one(const char *name, const struct stat *facts, int kind, struct FTW *walk)
{
    (void)facts, (void)kind, (void)walk;
    return remove(name);
}

static inline int tear_down(void **state)
{
    (void)state;
    qv_log_to(2);
    close(log_file);
    return nftw(folder, remove_one, 4, FTW_DEPTH | FTW_PHYS);
}

static inline bool was_logged(const char *words)
{
    static char text[65536];
    ssize_t length = pread(log_file, text, sizeof(text) - 1, 0);
    text[length > 0 ? length : 0] = '\0';
    return strstr(text, words) != NULL;
}

static inline void content(const char *file, struct qv_buf *ret_text)
{
    qv_buf_truncate(ret_text, 0);
    assert_int_equal(qv_file_read(file, 1 << 24, ret_text, NULL), QV_OK);
}

static inline void write_bytes(const char *file, const char *mode, const void *bytes, size_t length)
{
    FILE *out = fopen(file, mode);
    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, length, out), length);
    assert_int_equal(fclose(out), 0);
}

static inline struct qv_audit *open_trail(void)
{
    struct qv_audit *audit = NULL;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    if (qv_audit_open(&config, &audit, &error) != QV_OK)
        fail_msg("%s", qv_error_message(&error));
    return audit;
}

static inline void write_line(struct qv_audit *audit, const char *object)
{
    const struct qv_audit_event event = {.operation = "service.register",
                                         .object = qv_str_from(object),
                                         .verdict = "allowed",
                                         .status = 201};
    qv_audit_write(audit, &event);
}

static inline void write_lines(struct qv_audit *audit, size_t count)
{
    for (size_t i = 0; i < count; i++)
        write_line(audit, "thing");
}

static inline void make_trail(size_t count)
{
    struct qv_audit *audit = open_trail();
    write_lines(audit, count);
    qv_audit_free(&audit);
}

static inline struct qv_audit_summary verified(const char *first, const char *second)
{
    struct qv_audit_summary found = {0};
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    char *files[] = {(char *)(uintptr_t)first, (char *)(uintptr_t)second};
    if (qv_audit_verify(files, second != NULL ? 2 : 1, NULL, &found, &error) != QV_OK)
        fail_msg("%s", qv_error_message(&error));
    return found;
}

/* How many whole lines, torn and lost ones there are in a trail that holds from its beginning. */
static inline void expect_trail(size_t lines, size_t torn, uint64_t lost)
{
    QV_CLEANUP(qv_audit_summary) struct qv_audit_summary found = verified(path, NULL);
    assert_int_equal(found.lines, lines);
    assert_int_equal(found.torn, torn);
    assert_int_equal(found.lost, lost);
    assert_true(found.begins);
    assert_false(found.ends_torn);
    assert_int_equal(found.last_seq, lines);
}

static inline void expect_fault(const char *first, const char *second, const char *anchor,
                                const char *words)
{
    struct qv_audit_summary found = {0};
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    char *files[] = {(char *)(uintptr_t)first, (char *)(uintptr_t)second};
    assert_int_equal(qv_audit_verify(files, second != NULL ? 2 : 1, anchor, &found, &error),
                     QV_INVALID);
    if (strstr(qv_error_message(&error), words) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", words, qv_error_message(&error));
    assert_int_equal(found.lines, 0); /* untouched */
}

/* "<the trail>:<line>: <words>" */
static inline void expect_fault_at(size_t line, const char *words)
{
    char expected[256];
    snprintf(expected, sizeof(expected), "%s:%zu: %s", path, line, words);
    expect_fault(path, NULL, NULL, expected);
}

static inline void expect_refused(const char *words)
{
    struct qv_audit *audit = NULL;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    assert_int_equal(qv_audit_open(&config, &audit, &error), QV_INVALID);
    assert_null(audit);
    if (strstr(qv_error_message(&error), words) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", words, qv_error_message(&error));
}

/* As a crash leaves it. */
static inline void tear(const char *rest)
{
    write_bytes(path, "a", rest, strlen(rest));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
