// links: observe
/*
 * The chain of the audit trail shows whatever was done to it, and goes on across restarts,
 * rotation, torn lines and threads.
 */
#include "audit_fixture.h"

#include <pthread.h>

/* ---- the chain ------------------------------------------------------------------------------- */

static void a_restart_goes_on(void **state)
{
    (void)state;
    make_trail(3);
    make_trail(0);
    make_trail(2);
    expect_trail(5, 0, 0);
    assert_true(was_logged("audit trail opened"));
    QV_CLEANUP(qv_audit_summary) struct qv_audit_summary found = verified(path, NULL);
    assert_true(was_logged(found.last)); /* the log is an anchor */
}

static void a_restart_of_a_long_trail_goes_on(void **state)
{
    (void)state;
    make_trail(3000); /* more than what is read of the end */
    struct stat facts;
    assert_int_equal(stat(path, &facts), 0);
    assert_true(facts.st_size > 256 * 1024);
    make_trail(1);
    expect_trail(3001, 0, 0);
}

/* What is done to the lines of a trail of five; the first is 1. */
static void alter(struct qv_buf *text, size_t line, const char *what)
{
    char *lines[6], *at = text->at;
    for (size_t i = 1; i < 6; i++) {
        lines[i] = at;
        at = strchr(at, '\n');
        assert_non_null(at);
        *at++ = '\0';
    }
    QV_CLEANUP(qv_buf) struct qv_buf out = {0};
    for (size_t i = 1; i < 6; i++) {
        if (i == line && strcmp(what, "remove") == 0)
            continue;
        if (i == line && strcmp(what, "edit") == 0)
            *strstr(lines[i], "201") = '3';
        if (i == line && strcmp(what, "ruin") == 0)
            *strstr(lines[i], "status") = '"';
        if (i == line && strcmp(what, "swap") == 0)
            qv_buf_printf(&out, "%s\n", lines[i + 1]);
        qv_buf_printf(&out, "%s\n", lines[i]);
        if (i == line && strcmp(what, "repeat") == 0)
            qv_buf_printf(&out, "%s\n", lines[i]);
        if (i == line && strcmp(what, "junk") == 0)
            qv_buf_put_text(&out, "hello\n");
        if (i == line && strcmp(what, "empty") == 0)
            qv_buf_put_text(&out, "\n");
        i += i == line && strcmp(what, "swap") == 0;
    }
    write_bytes(path, "w", out.at, out.length);
}

static void whatever_is_done_to_lines_is_found(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        size_t line, found_at;
        const char *words;
    } rows[] = {
        {"edit", 3, 4, "`previous` is not the SHA-256 of what is before it"},
        {"edit", 1, 2, "`previous` is not the SHA-256 of what is before it"},
        {"ruin", 3, 4, "seq is 4, but 3 follows"},
        {"remove", 3, 3, "seq is 4, but 3 follows"},
        {"swap", 2, 2, "seq is 3, but 2 follows"},
        {"repeat", 2, 3, "seq is 2, but 3 follows"},
        {"junk", 2, 3, "is no line of an audit trail"},
        {"empty", 2, 4, "does not say that the line before it is torn"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        QV_CLEANUP(qv_buf) struct qv_buf text = {0};
        make_trail(5);
        expect_trail(5, 0, 0);
        content(path, &text);
        alter(&text, rows[i].line, rows[i].what);
        expect_fault_at(rows[i].found_at, rows[i].words);
        assert_int_equal(unlink(path), 0);
    }
}

/* The chain cannot tell; who noted the hash can. */
static void a_missing_end_is_found_by_an_anchor(void **state)
{
    (void)state;
    make_trail(4);
    QV_CLEANUP(qv_audit_summary) struct qv_audit_summary noted = verified(path, NULL);
    make_trail(1);
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    content(path, &text);
    struct qv_audit_summary found = {0};
    char *files[] = {path};
    assert_int_equal(qv_audit_verify(files, 1, noted.last, &found, NULL), QV_OK);
    assert_int_equal(found.lines, 5);
    qv_audit_summary_free(&found);
    size_t three = (size_t)(strstr(text.at, "{\"seq\":4") - text.at);
    write_bytes(path, "w", text.at, three);
    expect_trail(3, 0, 0);
    expect_fault(path, NULL, noted.last, "lines at the end are missing");
}

static void what_is_no_trail_is_refused(void **state)
{
    (void)state;
    static char longest[70000];
    memset(longest, 'a', sizeof(longest));
    memcpy(longest, "{\"seq\":1,", 9);
    static const char no_zeros[] = "{\"seq\":1,\"previous\":\"1"
                                   "000000000000000000000000000000000000000000000000000000000000000"
                                   "\"}\n";
    expect_fault(path, NULL, NULL, "No such file");
    write_bytes(path, "w", "\x1f\x8b\x08", 3);
    expect_fault_at(1, "is no line of an audit trail: it was altered or put in, or the file is");
    write_bytes(path, "w", longest, sizeof(longest));
    expect_fault_at(1, "is longer than");
    write_bytes(path, "w", no_zeros, strlen(no_zeros));
    expect_fault_at(1, "seq 1 begins a trail");
    write_bytes(path, "w", "", 0);
    QV_CLEANUP(qv_audit_summary) struct qv_audit_summary found = verified(path, NULL);
    assert_int_equal(found.lines, 0);
    assert_string_equal(found.last, ZEROS);
    make_trail(2);
    assert_int_equal(rename(path, other), 0);
    make_trail(2);
    expect_fault(path, other, NULL, "other:1: a new trail begins here");
    expect_fault(folder, NULL, NULL, "cannot be read");
}

/* ---- rotation -------------------------------------------------------------------------------- */

static void rotation_continues_the_chain(void **state)
{
    (void)state;
    struct qv_audit *audit = open_trail();
    write_lines(audit, 3);
    qv_audit_reopen(audit); /* nothing was moved */
    write_line(audit, "still there");
    assert_int_equal(rename(path, rotated), 0);
    write_line(audit, "moved, not yet reopened");
    qv_audit_reopen(audit);
    write_lines(audit, 2);
    qv_audit_free(&audit);
    QV_CLEANUP(qv_audit_summary) struct qv_audit_summary both = verified(rotated, path);
    assert_int_equal(both.lines, 7);
    assert_true(both.begins);
    QV_CLEANUP(qv_audit_summary) struct qv_audit_summary second = verified(path, NULL);
    assert_false(second.begins);
    assert_int_equal(second.first_seq, 6);
    assert_int_equal(second.last_seq, 7);
    assert_string_equal(second.last, both.last);
    expect_fault(path, rotated, NULL, "audit.log.1:1: a new trail begins here");
    assert_int_equal(truncate(rotated, 0), 0);
    QV_CLEANUP(qv_audit_summary) struct qv_audit_summary emptied = verified(rotated, path);
    assert_false(emptied.begins);
}

static void rotation_while_nothing_runs_continues_the_chain(void **state)
{
    (void)state;
    make_trail(3);
    assert_int_equal(rename(path, rotated), 0);
    write_bytes(other, "w", "", 0); /* not one of ours by its name */
    make_trail(2);
    QV_CLEANUP(qv_audit_summary) struct qv_audit_summary found = verified(rotated, path);
    assert_int_equal(found.lines, 5);
    /* What is packed cannot be gone on with: it says so, and begins anew. */
    assert_int_equal(unlink(path), 0);
    write_bytes(rotated, "w", "\x1f\x8b\x08", 3);
    make_trail(1);
    expect_trail(1, 0, 0);
    assert_true(was_logged("begins anew"));
}

static void what_cannot_be_reopened_goes_on_in_the_old_file(void **state)
{
    (void)state;
    struct qv_audit *audit = open_trail();
    write_line(audit, "a");
    assert_int_equal(rename(path, rotated), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    qv_audit_reopen(audit);
    assert_true(was_logged("audit trail not reopened"));
    write_line(audit, "b");
    assert_int_equal(rmdir(path), 0);
    qv_audit_reopen(audit);
    write_line(audit, "c");
    qv_audit_free(&audit);
    QV_CLEANUP(qv_audit_summary) struct qv_audit_summary found = verified(rotated, path);
    assert_int_equal(found.lines, 3);
}

/* ---- torn lines ------------------------------------------------------------------------------ */

static void a_torn_line_is_told_by_the_next(void **state)
{
    (void)state;
    make_trail(2);
    tear("{\"seq\":3,\"ti");
    QV_CLEANUP(qv_audit_summary) struct qv_audit_summary found = verified(path, NULL);
    assert_true(found.ends_torn);
    assert_int_equal(found.lines, 2);
    make_trail(2);
    expect_trail(4, 1, 0);
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    content(path, &text);
    assert_non_null(strstr(text.at, "{\"seq\":3,\"ti\n{\"seq\":3,"));
    char *told = strstr(text.at, "Z\",\"torn\":true,\"operation\"");
    assert_non_null(told);
    assert_null(strstr(told + 10, "torn"));
    /* It is under the chain, too, and so is the line before it. */
    char *torn = strstr(text.at, "\"ti\n");
    torn[1] = 'x';
    write_bytes(path, "w", text.at, text.length);
    expect_fault_at(4, "`previous` is not the SHA-256");
    torn[1] = 't';
    *strstr(text.at, "201") = '3'; /* of the first line: seen at the second */
    write_bytes(path, "w", text.at, text.length);
    expect_fault_at(2, "`previous` is not the SHA-256");
}

static void torn_lines_of_every_kind(void **state)
{
    (void)state;
    tear("{\"se"); /* the very first */
    make_trail(1);
    expect_trail(1, 1, 0);
    tear("{\"seq\":2,");
    make_trail(0); /* nothing was written in between */
    tear("\n{\"seq\":2,\"a");
    make_trail(1);
    expect_trail(2, 3, 0);
    write_bytes(path, "a", "\0\0\0", 3); /* never written: the machine stopped */
    make_trail(1);
    expect_trail(3, 4, 0);
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    content(path, &text);
    write_bytes(path, "w", text.at, text.length - 1); /* only the newline is missing */
    make_trail(1);
    expect_trail(4, 4, 0);
    tear("{\"seq\":9,");
    make_trail(1);
    expect_fault_at(9, "is no line of an audit trail");
}

static void a_torn_line_before_rotation(void **state)
{
    (void)state;
    make_trail(2);
    tear("{\"seq\":3,\"time\":\"20");
    assert_int_equal(rename(path, rotated), 0);
    make_trail(2);
    QV_CLEANUP(qv_audit_summary) struct qv_audit_summary found = verified(rotated, path);
    assert_int_equal(found.lines, 4);
    assert_int_equal(found.torn, 1);
    assert_non_null(strstr(found.notes.at[0], "audit.log.1:3: torn"));
}

/* ---- threads --------------------------------------------------------------------------------- */

enum { THREADS = 6, LINES_EACH = 400 };

static void *write_many(void *data)
{
    struct qv_audit *audit = data;
    for (size_t i = 0; i < LINES_EACH; i++) {
        struct qv_audit_event event = {.operation = "system.register", .status = 201};
        event.reserved = i % 2 == 0 && qv_audit_reserve(audit, NULL) == QV_OK;
        qv_audit_write(audit, &event);
    }
    return NULL;
}

static void many_threads_write_one_chain(void **state)
{
    (void)state;
    config.audit.required = true;
    struct qv_audit *audit = open_trail();
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_many, audit), 0);
    rename(path, rotated);
    qv_audit_reopen(audit);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(qv_audit_lost(audit), 0);
    qv_audit_free(&audit);
    QV_CLEANUP(qv_audit_summary) struct qv_audit_summary found = verified(rotated, path);
    assert_int_equal(found.lines, THREADS * LINES_EACH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_restart_goes_on),
        TEST(a_restart_of_a_long_trail_goes_on),
        TEST(whatever_is_done_to_lines_is_found),
        TEST(a_missing_end_is_found_by_an_anchor),
        TEST(what_is_no_trail_is_refused),
        TEST(rotation_continues_the_chain),
        TEST(rotation_while_nothing_runs_continues_the_chain),
        TEST(what_cannot_be_reopened_goes_on_in_the_old_file),
        TEST(a_torn_line_is_told_by_the_next),
        TEST(torn_lines_of_every_kind),
        TEST(a_torn_line_before_rotation),
        TEST(many_threads_write_one_chain),
    };
    qv_memory_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
