// links: base
/*
 * The log's two forms, its levels, and that no text can forge or steer anything.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <limits.h>
#include <quiver/base/json.h>
#include <quiver/base/log.h>
#include <quiver/base/memory.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int ends[2];
static char line[4096];

static int open_pipe(void **state)
{
    (void)state;
    if (pipe2(ends, O_NONBLOCK) != 0)
        return 1;
    qv_log_to(ends[1]);
    return 0;
}

static int close_pipe(void **state)
{
    (void)state;
    qv_log_to(2);
    qv_log_configure(QV_LOG_INFO, QV_LOG_AUTO);
    return close(ends[0]) | close(ends[1]);
}

/* What was logged since the last call. */
static const char *logged(void)
{
    ssize_t length = read(ends[0], line, sizeof(line) - 1);
    line[length > 0 ? length : 0] = '\0';
    return line;
}

static void json_lines(void **state)
{
    (void)state;
    qv_log_configure(QV_LOG_INFO, QV_LOG_AUTO); /* a pipe is no terminal: JSON */
    qv_log(QV_LOG_WARNING, "handshake refused", QV_LOG_CSTR("peer", "10.0.0.1"),
           QV_LOG_INT("port", -8443), QV_LOG_CSTR("none", NULL));
    const char *text = logged();
    assert_int_equal(text[strlen(text) - 1], '\n');
    QV_CLEANUP(qv_json) json_t *value = NULL;
    assert_int_equal(qv_json_parse(qv_str_from(text), 5, &value, NULL), QV_OK);
    assert_string_equal(json_string_value(json_object_get(value, "level")), "warning");
    assert_string_equal(json_string_value(json_object_get(value, "event")), "handshake refused");
    assert_string_equal(json_string_value(json_object_get(value, "peer")), "10.0.0.1");
    assert_string_equal(json_string_value(json_object_get(value, "none")), "");
    assert_int_equal(json_integer_value(json_object_get(value, "port")), -8443);
    assert_int_equal(strlen(json_string_value(json_object_get(value, "time"))), 24);
    qv_log(QV_LOG_ERROR, "no fields");
    assert_non_null(strstr(logged(), "\"event\":\"no fields\"}\n"));
}

static void text_lines(void **state)
{
    (void)state;
    qv_log_configure(QV_LOG_INFO, QV_LOG_TEXT);
    qv_log(QV_LOG_INFO, "listening", QV_LOG_CSTR("address", "0.0.0.0"), QV_LOG_INT("port", 80),
           QV_LOG_CSTR("words", "a b"), QV_LOG_CSTR("empty", ""), QV_LOG_CSTR("equal", "a=b"));
    const char *text = logged();
    assert_string_equal(text + 24, " INFO  listening address=0.0.0.0 port=80 words=\"a b\" "
                                   "empty=\"\" equal=\"a=b\"\n");
}

static void levels(void **state)
{
    (void)state;
    qv_log_configure(QV_LOG_WARNING, QV_LOG_JSON);
    assert_false(qv_log_enabled(QV_LOG_INFO));
    assert_true(qv_log_enabled(QV_LOG_ERROR));
    qv_log(QV_LOG_INFO, "dropped");
    assert_string_equal(logged(), "");
    qv_log_configure(QV_LOG_DEBUG, QV_LOG_JSON);
    qv_log(QV_LOG_DEBUG, "kept");
    assert_non_null(strstr(logged(), "\"level\":\"debug\""));
}

static void nothing_forges_a_line(void **state)
{
    (void)state;
    const struct qv_str evil = QV_STR("a\nINFO b\x1B[2J\0\x7F\xC2\x9B\xE2\x80\xAE\xFF\"\\\xC3\xA4");
    const char *escaped = "\"a\\u000aINFO b\\u001b[2J\\u0000\\u007f\\u009b\\u202e\\ufffd"
                          "\\\"\\\\\xC3\xA4\"";
    for (int format = QV_LOG_JSON; format <= QV_LOG_TEXT; format++) {
        qv_log_configure(QV_LOG_INFO, (enum qv_log_format)format);
        qv_log(QV_LOG_INFO, "x", QV_LOG_STR("text", evil));
        const char *text = logged();
        assert_non_null(strstr(text, escaped));
        assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    }
}

static void a_terminal_gets_colours(void **state)
{
    (void)state;
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(terminal >= 0);
    assert_int_equal(grantpt(terminal), 0);
    assert_int_equal(unlockpt(terminal), 0);
    int user = open(ptsname(terminal), O_RDWR | O_NOCTTY);
    assert_true(user >= 0);
    qv_log_to(user);
    qv_log_configure(QV_LOG_INFO, QV_LOG_AUTO);
    qv_log(QV_LOG_ERROR, "gone");
    ssize_t length = read(terminal, line, sizeof(line) - 1);
    assert_true(length > 0);
    line[length] = '\0';
    assert_non_null(strstr(line, "\033[31mERROR\033[0m gone"));
    qv_log_configure(QV_LOG_INFO, QV_LOG_JSON);
    qv_log(QV_LOG_ERROR, "gone");
    length = read(terminal, line, sizeof(line) - 1);
    assert_true(length > 0);
    line[length] = '\0';
    assert_null(strchr(line, '\033'));
    qv_log_to(ends[1]);
    close(user);
    close(terminal);
}

static void without_memory_the_loss_is_told(void **state)
{
    (void)state;
    qv_log_configure(QV_LOG_INFO, QV_LOG_JSON);
    qv_memory_fail_at(1);
    qv_log(QV_LOG_INFO, "x");
    qv_memory_fail_at(0);
    assert_non_null(strstr(logged(), "out of memory"));
}

static void a_full_pipe_does_not_stop_anyone(void **state)
{
    (void)state;
    qv_log_configure(QV_LOG_INFO, QV_LOG_JSON);
    for (int i = 0; i < 5000; i++)
        qv_log(QV_LOG_INFO, "filling the pipe");
    while (logged()[0] != '\0') {
    }
    qv_log(QV_LOG_INFO, "again");
    assert_non_null(strstr(logged(), "again"));
}

enum { PATIENCE_S = 60, LINES = 3000 };

/* Nobody reads for a while, then somebody does and is told. Were a write to wait, the alarm would
   end the test. */
static void assert_dropped_and_told(int reader, int writer)
{
    static char filler[3000], text[1 << 20];
    memset(filler, 'f', sizeof(filler) - 1);
    qv_log_configure(QV_LOG_INFO, QV_LOG_JSON);
    qv_log_to(writer);
    alarm(PATIENCE_S);
    for (int i = 0; i < LINES; i++)
        qv_log(QV_LOG_INFO, "unread", QV_LOG_CSTR("filler", filler));
    assert_int_equal(fcntl(writer, F_GETFL) & O_NONBLOCK, 0); /* others share it */
    assert_int_equal(fcntl(reader, F_SETFL, O_NONBLOCK), 0);
    int got = 0;
    ssize_t length;
    while ((length = read(reader, text, sizeof(text))) > 0)
        for (ssize_t i = 0; i < length; i++)
            got += text[i] == '\n';
    assert_in_range(got, 1, LINES - 1);
    qv_log(QV_LOG_INFO, "read again");
    length = read(reader, text, sizeof(text) - 1);
    assert_true(length > 0);
    text[length] = '\0';
    char *event = strstr(text, "\"event\":\"read again\",\"dropped\":");
    assert_non_null(event);
    assert_in_range(strtol(strrchr(event, ':') + 1, NULL, 10), LINES - got - 1, LINES - got);
    qv_log(QV_LOG_INFO, "told once");
    length = read(reader, text, sizeof(text) - 1);
    text[length > 0 ? length : 0] = '\0';
    assert_non_null(strstr(text, "\"event\":\"told once\"}\n"));
    alarm(0);
    qv_log_to(ends[1]);
}

static void a_pipe_that_nobody_reads_stops_nobody(void **state)
{
    (void)state;
    int pipe_ends[2];
    assert_int_equal(pipe2(pipe_ends, O_CLOEXEC), 0);
    assert_dropped_and_told(pipe_ends[0], pipe_ends[1]);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

static void a_socket_that_nobody_reads_stops_nobody(void **state)
{
    (void)state;
    int socket_ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, socket_ends), 0);
    assert_dropped_and_told(socket_ends[0], socket_ends[1]);
    close(socket_ends[0]);
    close(socket_ends[1]);
}

/* What a pipe takes whole or not at all; whoever reads it still reads JSON. */
static void a_long_line_is_cut_for_a_pipe_and_whole_in_a_file(void **state)
{
    (void)state;
    static char text[20000], found[40000];
    memset(text, 1, sizeof(text) - 1); /* each becomes an escape of six */
    qv_log_configure(QV_LOG_INFO, QV_LOG_JSON);
    qv_log(QV_LOG_INFO, "long", QV_LOG_CSTR("a", text), QV_LOG_CSTR("b", "short"));
    ssize_t length = read(ends[0], found, sizeof(found));
    assert_in_range(length, 1000, PIPE_BUF);
    QV_CLEANUP(qv_json) json_t *value = NULL;
    assert_int_equal(
        qv_json_parse((struct qv_str){.at = found, .length = (size_t)length}, 5, &value, NULL),
        QV_OK);
    assert_non_null(strstr(json_string_value(json_object_get(value, "a")), "\x01[cut]"));
    assert_string_equal(json_string_value(json_object_get(value, "b")), "short");

    FILE *file = tmpfile();
    assert_non_null(file);
    memset(text, 'x', sizeof(text) - 1);
    qv_log_to(fileno(file));
    qv_log(QV_LOG_INFO, "long", QV_LOG_CSTR("a", text));
    qv_log_to(ends[1]);
    length = pread(fileno(file), found, sizeof(found) - 1, 0);
    assert_true(length > (ssize_t)sizeof(text));
    found[length] = '\0';
    assert_non_null(strstr(found, text));
    fclose(file);
}

/* Whoever wrote JOURNAL_STREAM means one pipe or socket and no other. */
static void a_line_to_the_journal_begins_with_its_priority(void **state)
{
    (void)state;
    static const struct {
        enum qv_log_level level;
        const char *beginning;
    } cases[] = {{QV_LOG_DEBUG, "<7>{"},
                 {QV_LOG_INFO, "<6>{"},
                 {QV_LOG_WARNING, "<4>{"},
                 {QV_LOG_ERROR, "<3>{"}};
    char journal[64];
    struct stat facts;
    qv_log_configure(QV_LOG_DEBUG, QV_LOG_JSON);
    assert_int_equal(fstat(ends[1], &facts), 0);
    snprintf(journal, sizeof(journal), "%ju:%ju", (uintmax_t)facts.st_dev, (uintmax_t)facts.st_ino);
    assert_int_equal(setenv("JOURNAL_STREAM", journal, 1), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        qv_log(cases[i].level, "event");
        assert_memory_equal(logged(), cases[i].beginning, 4);
    }
    assert_string_equal(qv_log_priority(QV_LOG_ERROR, ends[1]), "<3>");
    snprintf(journal, sizeof(journal), "%ju:%ju", (uintmax_t)facts.st_dev,
             (uintmax_t)facts.st_ino + 1);
    assert_int_equal(setenv("JOURNAL_STREAM", journal, 1), 0);
    qv_log(QV_LOG_ERROR, "event");
    assert_memory_equal(logged(), "{\"", 2);
    assert_string_equal(qv_log_priority(QV_LOG_ERROR, ends[1]), "");
    assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
    assert_string_equal(qv_log_priority(QV_LOG_ERROR, ends[1]), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_lines),
        cmocka_unit_test(text_lines),
        cmocka_unit_test(levels),
        cmocka_unit_test(nothing_forges_a_line),
        cmocka_unit_test(a_terminal_gets_colours),
        cmocka_unit_test(without_memory_the_loss_is_told),
        cmocka_unit_test(a_full_pipe_does_not_stop_anyone),
        cmocka_unit_test(a_pipe_that_nobody_reads_stops_nobody),
        cmocka_unit_test(a_socket_that_nobody_reads_stops_nobody),
        cmocka_unit_test(a_long_line_is_cut_for_a_pipe_and_whole_in_a_file),
        cmocka_unit_test(a_line_to_the_journal_begins_with_its_priority),
    };
    return cmocka_run_group_tests(tests, open_pipe, close_pipe);
}
