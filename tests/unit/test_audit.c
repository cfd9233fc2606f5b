// links: observe
/*
 * The audit trail: what a line says, and what a trail can be.
 */
#include "audit_fixture.h"

#include <limits.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_a_file_nothing_is_written),
        TEST(a_line_says_who_did_what),
        TEST(no_text_forges_a_line),
        TEST(a_nul_makes_no_line_unreadable),
        TEST(long_texts_are_cut),
        TEST(what_cannot_be_a_trail_is_not_opened),
        TEST(two_do_not_write_one_trail),
        TEST(memory_that_runs_out),
        TEST(settings),
    };
    qv_memory_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
