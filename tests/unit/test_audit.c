// links: observe
/*
 * The audit trail: what a line says, that the chain shows whatever was done to it, and that it goes
 * on across restarts, rotation, torn lines and full disks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <pthread.h>
#include <quiver/base/file.h>
#include <quiver/base/json.h>
#include <quiver/base/memory.h>
#include <quiver/observe/audit.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define ZEROS       "0000000000000000000000000000000000000000000000000000000000000000"

static char folder[32];
static char path[64], rotated[64], other[64]; /* in it: the trail, what rotation makes of it */
static int log_file = -1;
static struct qv_config config;

/* ---- fixture --------------------------------------------------------------------------------- */

static int set_up(void **state)
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

static int remove_one(const char *name, const struct stat *facts, int kind, struct FTW *walk)
{
    (void)facts, (void)kind, (void)walk;
    return remove(name);
}

static int tear_down(void **state)
{
    (void)state;
    qv_log_to(2);
    close(log_file);
    return nftw(folder, remove_one, 4, FTW_DEPTH | FTW_PHYS);
}

static bool was_logged(const char *words)
{
    static char text[65536];
    ssize_t length = pread(log_file, text, sizeof(text) - 1, 0);
    text[length > 0 ? length : 0] = '\0';
    return strstr(text, words) != NULL;
}

static void content(const char *file, struct qv_buf *ret_text)
{
    qv_buf_truncate(ret_text, 0);
    assert_int_equal(qv_file_read(file, 1 << 24, ret_text, NULL), QV_OK);
}

static void write_bytes(const char *file, const char *mode, const void *bytes, size_t length)
{
    FILE *out = fopen(file, mode);
    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, length, out), length);
    assert_int_equal(fclose(out), 0);
}

static struct qv_audit *open_trail(void)
{
    struct qv_audit *audit = NULL;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    if (qv_audit_open(&config, &audit, &error) != QV_OK)
        fail_msg("%s", qv_error_message(&error));
    return audit;
}

static void write_line(struct qv_audit *audit, const char *object)
{
    const struct qv_audit_event event = {.operation = "service.register",
                                         .object = qv_str_from(object),
                                         .verdict = "allowed",
                                         .status = 201};
    qv_audit_write(audit, &event);
}

static void write_lines(struct qv_audit *audit, size_t count)
{
    for (size_t i = 0; i < count; i++)
        write_line(audit, "thing");
}

static void make_trail(size_t count)
{
    struct qv_audit *audit = open_trail();
    write_lines(audit, count);
    qv_audit_free(&audit);
}

static struct qv_audit_summary verified(const char *first, const char *second)
{
    struct qv_audit_summary found = {0};
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    char *files[] = {(char *)(uintptr_t)first, (char *)(uintptr_t)second};
    if (qv_audit_verify(files, second != NULL ? 2 : 1, NULL, &found, &error) != QV_OK)
        fail_msg("%s", qv_error_message(&error));
    return found;
}

/* How many whole lines, torn and lost ones there are in a trail that holds from its beginning. */
static void expect_trail(size_t lines, size_t torn, uint64_t lost)
{
    QV_CLEANUP(qv_audit_summary) struct qv_audit_summary found = verified(path, NULL);
    assert_int_equal(found.lines, lines);
    assert_int_equal(found.torn, torn);
    assert_int_equal(found.lost, lost);
    assert_true(found.begins);
    assert_false(found.ends_torn);
    assert_int_equal(found.last_seq, lines);
}

static void expect_fault(const char *first, const char *second, const char *anchor,
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
static void expect_fault_at(size_t line, const char *words)
{
    char expected[256];
    snprintf(expected, sizeof(expected), "%s:%zu: %s", path, line, words);
    expect_fault(path, NULL, NULL, expected);
}

static void expect_refused(const char *words)
{
    struct qv_audit *audit = NULL;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    assert_int_equal(qv_audit_open(&config, &audit, &error), QV_INVALID);
    assert_null(audit);
    if (strstr(qv_error_message(&error), words) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", words, qv_error_message(&error));
}

/* ---- lines ----------------------------------------------------------------------------------- */

static void without_a_file_nothing_is_written(void **state)
{
    (void)state;
    config.audit.file = NULL;
    struct qv_audit *audit = open_trail();
    write_line(audit, "a");
    qv_audit_reopen(audit);
    assert_int_equal(qv_audit_reserve(audit, NULL), QV_OK);
    assert_int_equal(qv_audit_lost(audit), 0);
    qv_audit_free(&audit);
    qv_audit_free(&audit);
    assert_int_equal(access(path, F_OK), -1);
}

/* The line without its time, which is checked for itself. */
static void expect_line(const char *line, const char *before_time, const char *behind_time)
{
    const size_t digits = strlen("2030-01-01T00:00:00.000000Z");
    assert_int_equal(strncmp(line, before_time, strlen(before_time)), 0);
    struct qv_wall at;
    struct qv_str time = {.at = line + strlen(before_time), .length = digits};
    assert_int_equal(qv_wall_parse(time, &at), QV_OK);
    assert_int_equal(time.at[19], '.');
    assert_true(llabs(at.seconds - qv_wall_now().seconds) < 60);
    assert_string_equal(time.at + digits, behind_time);
}

static void a_line_says_who_did_what(void **state)
{
    (void)state;
    struct qv_certificate certificate = {.fingerprint = (char[]){"Ab-_"}, .serial = (char[]){"0a"}};
    struct qv_identity identity = {.system = (char[]){"Shift-Lead"},
                                   .cloud = (char[]){"c.o.arrowhead.eu"},
                                   .profile = QV_PROFILE_OPERATOR,
                                   .certificate = &certificate};
    const struct qv_audit_event full = {.identity = &identity,
                                        .system = "shift-lead",
                                        .peer = "10.0.0.1:5",
                                        .listener = "secure",
                                        .operation = "service.revoke",
                                        .object = QV_STR("a::b::1.0.0"),
                                        .verdict = "denied",
                                        .rule = "quarantine",
                                        .key = 3,
                                        .generation = 7,
                                        .status = 403,
                                        .reason = QV_STR("denied by rule 'quarantine'"),
                                        .epoch = 2,
                                        .revision = 9,
                                        .duration_us = 15};
    const struct qv_audit_event least = {.identity = &identity, .operation = "", .status = 401};
    certificate.serial = NULL;
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    struct qv_audit *audit = open_trail();
    qv_audit_write(audit, &full);
    content(path, &text);
    expect_line(
        text.at, "{\"seq\":1,\"time\":\"",
        "\",\"system\":\"shift-lead\",\"cloud\":\"c.o.arrowhead.eu\","
        "\"profile\":\"operator\",\"fingerprint\":\"Ab-_\",\"peer\":\"10.0.0.1:5\","
        "\"listener\":\"secure\",\"operation\":\"service.revoke\","
        "\"object\":\"a::b::1.0.0\",\"verdict\":\"denied\",\"rule\":\"quarantine\","
        "\"reason\":\"denied by rule 'quarantine'\",\"key\":3,\"generation\":7,\"status\":403,"
        "\"revision\":\"2.9\",\"duration_us\":15,\"previous\":\"" ZEROS "\"}\n");
    identity = (struct qv_identity){.system = (char[]){"me"}, .profile = QV_PROFILE_SYSTEM};
    assert_int_equal(truncate(path, 0), 0); /* as logrotate's copytruncate: appending goes on */
    qv_audit_write(audit, &least);
    content(path, &text);
    char *previous = strstr(text.at, "\"previous\":\"");
    assert_non_null(previous);
    assert_int_not_equal(strncmp(previous + 12, ZEROS, 64), 0);
    strcpy(previous, "");
    expect_line(text.at, "{\"seq\":2,\"time\":\"",
                "\",\"system\":\"me\",\"profile\":\"system\",\"generation\":0,\"status\":401,"
                "\"duration_us\":0,");
    qv_audit_free(&audit);
    struct stat facts;
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 07777, 0600);
}

/* Members of the only line. */
static json_t *only_line(struct qv_buf *text)
{
    json_t *value = NULL;
    content(path, text);
    assert_int_equal(text->at[text->length - 1], '\n');
    for (size_t i = 0; i < text->length - 1; i++)
        assert_in_range((unsigned char)text->at[i], ' ', '~');
    assert_int_equal(qv_json_parse(qv_buf_str(text), 2, &value, NULL), QV_OK);
    return value;
}

static void no_text_forges_a_line(void **state)
{
    (void)state;
    static const char hostile[] =
        "a\"}\n{\"seq\":2}\r\\\x1b[2J\x7f\xe2\x80\xae\xf0\x9f\x8f\xb9\xff";
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    struct qv_audit *audit = open_trail();
    write_line(audit, hostile);
    qv_audit_free(&audit);
    QV_CLEANUP(qv_json) json_t *value = only_line(&text);
    assert_string_equal(json_string_value(json_object_get(value, "object")),
                        "a\"}\n{\"seq\":2}\r\\\x1b[2J\x7f\xe2\x80\xae\xf0\x9f\x8f\xb9\xef\xbf\xbd");
    expect_trail(1, 0, 0);
}

/* Readers of JSON refuse one within a text, ours as well: a line that has it would be taken for one
   that was altered, by `audit verify` and by the next start. */
static void a_nul_makes_no_line_unreadable(void **state)
{
    (void)state;
    const struct qv_audit_event event = {
        .operation = "chap.delete", .object = {"a\0b", 3}, .status = 401};
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    struct qv_audit *audit = open_trail();
    qv_audit_write(audit, &event);
    qv_audit_free(&audit);
    QV_CLEANUP(qv_json) json_t *value = only_line(&text);
    assert_string_equal(json_string_value(json_object_get(value, "object")), "a\xef\xbf\xbd"
                                                                             "b");
    make_trail(1);
    expect_trail(2, 0, 0);
}

static void long_texts_are_cut(void **state)
{
    (void)state;
    char worst[3000];
    memset(worst, 1, sizeof(worst) - 1); /* each becomes six bytes */
    worst[sizeof(worst) - 1] = '\0';
    struct qv_certificate certificate = {.fingerprint = worst, .serial = worst};
    const struct qv_identity identity = {.system = worst,
                                         .cloud = worst,
                                         .profile = QV_PROFILE_OPERATOR,
                                         .certificate = &certificate};
    struct qv_audit_event event = {.identity = &identity,
                                   .system = worst,
                                   .peer = worst,
                                   .listener = worst,
                                   .operation = worst,
                                   .object = qv_str_from(worst),
                                   .verdict = worst,
                                   .rule = worst,
                                   .key = UINT_MAX,
                                   .generation = UINT64_MAX,
                                   .status = INT_MAX,
                                   .reason = qv_str_from(worst),
                                   .epoch = UINT64_MAX,
                                   .revision = UINT64_MAX,
                                   .suppressed = UINT64_MAX,
                                   .duration_us = INT64_MAX};
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    struct qv_audit *audit = open_trail();
    qv_audit_write(audit, &event);
    qv_audit_free(&audit);
    content(path, &text);
    assert_in_range(text.length, 2000, PIPE_BUF - 200); /* seq and lost may be longer, too */
    assert_non_null(strstr(text.at, "\\u0001[cut]\",\"verdict\""));
    assert_non_null(
        strstr(text.at, "[cut]\",\"key\":4294967295,\"generation\":9223372036854775807,"));
    expect_trail(1, 0, 0);
}

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

/* As a crash leaves it. */
static void tear(const char *rest)
{
    write_bytes(path, "a", rest, strlen(rest));
}

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

/* ---- full disks ------------------------------------------------------------------------------ */

static void limit_files(rlim_t size)
{
    struct rlimit limit = {.rlim_cur = size, .rlim_max = RLIM_INFINITY};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size == RLIM_INFINITY ? limit.rlim_max : size;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static rlim_t size_of_trail(void)
{
    struct stat facts;
    assert_int_equal(stat(path, &facts), 0);
    return (rlim_t)facts.st_size;
}

/* The limit on a file's size ends a write in the middle, and then all others. */
static void a_line_that_is_cut_short_is_lost_and_told(void **state)
{
    (void)state;
    struct qv_audit *audit = open_trail();
    write_lines(audit, 2);
    for (rlim_t part = 1; part <= 40; part += 13) {
        limit_files(size_of_trail() + part);
        write_lines(audit, 3);
        limit_files(RLIM_INFINITY);
        write_line(audit, "there is room again");
    }
    assert_int_equal(qv_audit_lost(audit), 12);
    expect_trail(6, 4, 12);
    /* Behind a torn line room for one byte: its newline. */
    limit_files(size_of_trail() + 10);
    write_line(audit, "torn");
    limit_files(size_of_trail() + 1);
    write_line(audit, "only a newline");
    limit_files(RLIM_INFINITY);
    write_line(audit, "whole");
    /* Room for all but the newline. */
    rlim_t before = size_of_trail();
    write_line(audit, "fits");
    limit_files(size_of_trail() + (size_of_trail() - before) - 1);
    write_line(audit, "fits");
    limit_files(RLIM_INFINITY);
    write_line(audit, "behind it");
    assert_int_equal(qv_audit_lost(audit), 14);
    expect_trail(10, 5, 14);
    qv_audit_free(&audit);
    assert_true(was_logged("audit line lost"));
    assert_true(was_logged("audit trail goes on"));
}

/* Of what is written and reserved in a full file system nothing is lost, and nothing more is taken.
   `fill` and `empty` make it full and give room again. */
static void check_required(void (*fill)(void), void (*empty)(void))
{
    enum { PROMISED = 30 };
    config.audit.required = true;
    struct qv_audit *audit = open_trail();
    struct qv_audit_event event = {.verdict = "allowed", .status = 201, .reserved = true};
    for (size_t i = 0; i < PROMISED; i++)
        assert_int_equal(qv_audit_reserve(audit, NULL), QV_OK);
    fill();
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    size_t more = 0;
    while (qv_audit_reserve(audit, &error) == QV_OK)
        assert_true(++more < 1000);
    assert_int_equal(error.status, QV_UNAVAILABLE);
    assert_non_null(strstr(qv_error_message(&error), "the audit trail cannot be written: "));
    /* Lines without a promise do not eat what is promised. */
    write_lines(audit, 2000);
    uint64_t lost = qv_audit_lost(audit);
    assert_in_range(lost, 1, 2000);
    for (size_t i = 0; i < PROMISED + more; i++)
        qv_audit_write(audit, &event);
    assert_int_equal(qv_audit_lost(audit), lost);
    empty();
    int64_t deadline = qv_mono_now().us + 10 * 1000 * 1000;
    while (qv_audit_reserve(audit, NULL) != QV_OK)
        assert_true(qv_mono_now().us < deadline);
    qv_audit_write(audit, &event);
    qv_audit_free(&audit);
    assert_true(lost <= 2000);
    expect_trail(PROMISED + more + 1 + 2000 - lost, 0, lost);
}

static void limit_to_what_is_there(void)
{
    limit_files(size_of_trail() + 200 * 1024);
}

static void lift_limit(void)
{
    limit_files(RLIM_INFINITY);
}

static void required_under_a_limit(void **state)
{
    (void)state;
    check_required(limit_to_what_is_there, lift_limit);
}

/* A write that fails though there was room: no change until a line is written again. */
static void required_on_a_faulty_disk(void **state)
{
    (void)state;
    config.audit.required = true;
    struct qv_audit *audit = open_trail();
    assert_int_equal(qv_audit_reserve(audit, NULL), QV_OK);
    limit_files(1);
    const struct qv_audit_event event = {.verdict = "allowed", .status = 201, .reserved = true};
    qv_audit_write(audit, &event);
    limit_files(RLIM_INFINITY);
    assert_int_equal(qv_audit_lost(audit), 1);
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    assert_int_equal(qv_audit_reserve(audit, &error), QV_UNAVAILABLE);
    write_line(audit, "the refused change");
    assert_int_equal(qv_audit_reserve(audit, NULL), QV_OK);
    qv_audit_write(audit, &event);
    qv_audit_free(&audit);
    expect_trail(2, 1, 1);
}

static void fill_disk(void)
{
    static const char block[4096] = "x";
    FILE *file = fopen(other, "w");
    assert_non_null(file);
    setvbuf(file, NULL, _IONBF, 0);
    while (fwrite(block, sizeof(block), 1, file) == 1)
        ;
    assert_int_equal(errno, ENOSPC);
    fclose(file);
}

static void empty_disk(void)
{
    assert_int_equal(unlink(other), 0);
}

/* A small disk of our own on the folder, seen by this process alone; false: not allowed. */
static bool mount_small_disk(void)
{
    return unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("none", folder, "tmpfs", 0, "size=512k") == 0;
}

static void on_a_full_disk(void **state)
{
    (void)state;
    if (!mount_small_disk())
        skip(); /* only root may; the tests above do without */
    struct qv_audit *audit = open_trail();
    write_lines(audit, 2);
    fill_disk();
    write_lines(audit, 1000);
    uint64_t lost = qv_audit_lost(audit);
    assert_in_range(lost, 900, 1000);
    empty_disk();
    write_line(audit, "there is room again");
    qv_audit_free(&audit);
    QV_CLEANUP(qv_audit_summary) struct qv_audit_summary found = verified(path, NULL);
    assert_int_equal(found.lost, lost);
    assert_int_equal(found.lines, 2 + 1000 - lost + 1);
    assert_int_equal(unlink(path), 0);
    check_required(fill_disk, empty_disk);
    assert_int_equal(umount(folder), 0);
}

static off_t blocks_of(const char *file)
{
    struct stat facts;
    assert_int_equal(stat(file, &facts), 0);
    return facts.st_blocks * 512;
}

static void promised_room_moves_with_rotation(void **state)
{
    (void)state;
    config.audit.required = true;
    struct qv_audit *audit = open_trail();
    const struct qv_audit_event event = {.verdict = "allowed", .status = 201, .reserved = true};
    for (size_t i = 0; i < 20; i++)
        assert_int_equal(qv_audit_reserve(audit, NULL), QV_OK);
    qv_audit_write(audit, &event);
    assert_true(blocks_of(path) >= 20 * 4096);
    assert_int_equal(rename(path, rotated), 0);
    qv_audit_reopen(audit);
    assert_true(blocks_of(rotated) <= 4096); /* given back */
    assert_true(blocks_of(path) >= 19 * 4096);
    assert_int_equal(size_of_trail(), 0);
    for (size_t i = 0; i < 19; i++)
        qv_audit_write(audit, &event);
    qv_audit_free(&audit);
    QV_CLEANUP(qv_audit_summary) struct qv_audit_summary found = verified(rotated, path);
    assert_int_equal(found.lines, 20);
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

/* ---- standard output ------------------------------------------------------------------------- */

/* The trail on a standard output of ours; what it wrote goes to `path`. cmocka's own words wait. */
static void write_to_stdout(int ours, int theirs, size_t fill, size_t then)
{
    config.audit.file = (char[]){QV_AUDIT_STDOUT};
    fflush(stdout);
    int kept = dup(STDOUT_FILENO);
    dup2(ours, STDOUT_FILENO);
    struct qv_audit *audit = open_trail();
    write_lines(audit, fill);
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    char some[8192];
    ssize_t got;
    while ((got = read(theirs, some, sizeof(some))) > 0)
        qv_buf_put(&text, (struct qv_str){some, (size_t)got});
    write_lines(audit, then);
    while ((got = read(theirs, some, sizeof(some))) > 0)
        qv_buf_put(&text, (struct qv_str){some, (size_t)got});
    qv_audit_reopen(audit);
    qv_audit_free(&audit);
    dup2(kept, STDOUT_FILENO);
    close(kept);
    assert_int_equal(fcntl(ours, F_GETFL) & O_NONBLOCK, 0); /* others share it */
    close(ours);
    close(theirs);
    write_bytes(path, "w", text.at, text.length);
}

static void standard_output_never_blocks(void **state)
{
    (void)state;
    for (int sockets = 0; sockets < 2; sockets++) {
        int ends[2];
        if (sockets == 0)
            assert_int_equal(pipe2(ends, 0), 0);
        else
            assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
        int reader = ends[0], writer = ends[1];
        assert_int_equal(fcntl(reader, F_SETFL, O_NONBLOCK), 0);
        write_to_stdout(writer, reader, 5000, 2);
        QV_CLEANUP(qv_audit_summary) struct qv_audit_summary found = verified(path, NULL);
        assert_in_range(found.lost, 1, 4999);
        assert_int_equal(found.lines, 5002 - found.lost);
    }
}

/* ---- opening --------------------------------------------------------------------------------- */

static void what_cannot_be_a_trail_is_not_opened(void **state)
{
    (void)state;
    write_bytes(path, "w", "127.0.0.1 localhost\n", 20);
    expect_refused("audit.log: is no audit trail");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    expect_refused("is no regular file");
    assert_int_equal(unlink(path), 0);
    config.audit.file = folder;
    expect_refused("Is a directory");
    config.audit.file = (char[]){"/nowhere/at/all"};
    expect_refused("audit.file: /nowhere/at/all: No such file");
}

static void two_do_not_write_one_trail(void **state)
{
    (void)state;
    struct qv_audit *audit = open_trail();
    expect_refused("is written by another Quiver");
    qv_audit_free(&audit);
    make_trail(1);
}

static void memory_that_runs_out(void **state)
{
    (void)state;
    char *files[] = {path};
    make_trail(3);
    tear("{\"seq\":4,");
    enum qv_status status = QV_NO_MEMORY;
    for (size_t nth = 1; status != QV_OK; nth++) {
        struct qv_audit *audit = NULL;
        qv_memory_fail_at(nth);
        status = qv_audit_open(&config, &audit, NULL);
        qv_memory_fail_at(0);
        assert_true(status == QV_OK || status == QV_NO_MEMORY);
        assert_true((status == QV_OK) == (audit != NULL));
        qv_audit_free(&audit);
    }
    status = QV_NO_MEMORY;
    for (size_t nth = 1; status != QV_OK; nth++) {
        struct qv_audit_summary found = {0};
        qv_memory_fail_at(nth);
        status = qv_audit_verify(files, 1, NULL, &found, NULL);
        qv_memory_fail_at(0);
        assert_true(status == QV_OK || status == QV_NO_MEMORY);
        assert_int_equal(found.lines, status == QV_OK ? 3 : 0);
        qv_audit_summary_free(&found);
    }
}

/* ---- settings -------------------------------------------------------------------------------- */

static void settings(void **state)
{
    (void)state;
    static const char least[] =
        "cloud: {name: testcloud.company.arrowhead.eu}\n"
        "listeners:\n"
        "- {name: a, address: 127.0.0.1, port: 0, tls: off, serve: [arrowhead], "
        "authentication: declared}\n";
    static const struct {
        const char *text, *file, *fault;
    } rows[] = {
        {"", NULL, NULL},
        {"audit: {file: a.log, required: true}\n", "etc/a.log", NULL},
        {"audit: {file: stdout}\n", QV_AUDIT_STDOUT, NULL},
        {"audit: {file: ./stdout, required: true}\n", "etc/./stdout", NULL},
        {"audit: {required: true}\n", NULL, "etc/q.yaml:4: audit.required: needs a file"},
        {"audit: {file: stdout, required: true}\n", NULL, "etc/q.yaml:4: audit.required: needs a "},
        {"audit: {required: false}\n", NULL, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[512];
        snprintf(text, sizeof(text), "%s%s", least, rows[i].text);
        QV_CLEANUP(qv_config) struct qv_config *read = NULL;
        QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
        enum qv_status status = qv_config_parse("etc/q.yaml", qv_str_from(text), &read, &faults);
        assert_int_equal(status, rows[i].fault == NULL ? QV_OK : QV_INVALID);
        if (rows[i].fault != NULL) {
            assert_int_equal(faults.count, 1);
            assert_non_null(strstr(faults.at[0], rows[i].fault));
        } else if (rows[i].file != NULL) {
            assert_string_equal(read->audit.file, rows[i].file);
            assert_true(read->audit.required == (strstr(text, "required: true") != NULL));
        } else {
            assert_null(read->audit.file);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_a_file_nothing_is_written),
        TEST(a_line_says_who_did_what),
        TEST(no_text_forges_a_line),
        TEST(a_nul_makes_no_line_unreadable),
        TEST(long_texts_are_cut),
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
        TEST(a_line_that_is_cut_short_is_lost_and_told),
        TEST(required_under_a_limit),
        TEST(required_on_a_faulty_disk),
        TEST(promised_room_moves_with_rotation),
        TEST(many_threads_write_one_chain),
        TEST(standard_output_never_blocks),
        TEST(what_cannot_be_a_trail_is_not_opened),
        TEST(two_do_not_write_one_trail),
        TEST(memory_that_runs_out),
        TEST(settings),
        TEST(on_a_full_disk), /* last: it leaves the process in a mount namespace of its own */
    };
    qv_memory_init();
    signal(SIGXFSZ, SIG_IGN); /* the limit is to fail writes, not to end us */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
