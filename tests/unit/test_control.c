// links: cli
/*
 * The control socket: who can make and find it, what may be asked over it, and that nobody who
 * asks, or does not, keeps others waiting.
 */
#include "../../src/cli/control.h"
#include "../../src/cli/control_socket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <ftw.h>
#include <quiver/base/memory.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static char folder[512];
static struct control *control;
static int runs;

static void run_greet(void *data, struct qv_buf *answer)
{
    runs++;
    qv_buf_printf(answer, "{\"hello\":\"%s\"}", (const char *)data);
}

static void run_flood(void *data, struct qv_buf *answer)
{
    (void)data;
    for (size_t i = 0; i < 4 * 1024 * 1024; i += 16)
        qv_buf_put_text(answer, "0123456789abcdef");
}

static const struct control_verb verbs[] = {{"greet", run_greet}, {"flood", run_flood}, {0}};

/* ---- the folder: its path is longer than any socket's may be --------------------------------- */

static int remove_entry(const char *path, const struct stat *facts, int kind, struct FTW *place)
{
    (void)facts, (void)kind, (void)place;
    return remove(path);
}

static int set_up(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/quiver-test-control-XXXXXX");
    assert_non_null(mkdtemp(folder));
    size_t length = strlen(folder);
    memset(folder + length + 1, 'x', 200);
    folder[length] = '/';
    folder[length + 201] = '\0';
    assert_int_equal(mkdir(folder, 0700), 0);
    runs = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    control_free(&control);
    control_free(&control);
    *strrchr(folder, '/') = '\0';
    return nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static int open_socket(void)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    int made = -1;
    if (control_socket_listen(folder, &made, &error) != QV_OK)
        fail_msg("%s", qv_error_message(&error));
    return made;
}

static void start(void)
{
    assert_int_equal(control_new(open_socket(), verbs, "you", &control), QV_OK);
}

static int knock(void)
{
    int connection = -1;
    assert_int_equal(control_socket_connect(folder, &connection, NULL), QV_OK);
    return connection;
}

/* ---- the socket ------------------------------------------------------------------------------ */

static void it_is_the_owners_alone(void **state)
{
    (void)state;
    char path[600];
    struct stat facts;
    mode_t mask = umask(0);
    start();
    umask(mask);
    snprintf(path, sizeof(path), "%s/control.sock", folder);
    assert_int_equal(stat(path, &facts), 0);
    assert_true(S_ISSOCK(facts.st_mode));
    assert_int_equal(facts.st_mode & 07777, 0600);
    control_socket_remove(folder);
    assert_int_equal(stat(path, &facts), -1);
    control_socket_remove(folder);
    control_socket_remove("/no/such/folder");
}

static void what_is_left_behind_is_replaced(void **state)
{
    (void)state;
    close(open_socket()); /* as if it had been killed */
    start();
    close(knock());
}

static void a_live_one_is_refused_with_its_holder(void **state)
{
    (void)state;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    char holder[64];
    int second = -1;
    start();
    snprintf(holder, sizeof(holder), "(process %ld)", (long)getpid());
    assert_int_equal(control_socket_listen(folder, &second, &error), QV_UNAVAILABLE);
    assert_int_equal(second, -1);
    assert_non_null(strstr(qv_error_message(&error), holder));
    assert_non_null(strstr(qv_error_message(&error), folder));
    assert_non_null(strstr(qv_error_message(&error), "store.data_directory"));
    close(knock()); /* and the first goes on */
}

static void nobody_there_is_told_by_name(void **state)
{
    (void)state;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    int connection = -1;
    assert_int_equal(control_socket_connect(folder, &connection, &error), QV_UNAVAILABLE);
    assert_non_null(strstr(qv_error_message(&error), "control.sock: No such file"));
    close(open_socket());
    assert_int_equal(control_socket_connect(folder, &connection, &error), QV_UNAVAILABLE);
    assert_non_null(strstr(qv_error_message(&error), "Connection refused"));
    assert_int_equal(control_socket_connect("/no/such", &connection, &error), QV_UNAVAILABLE);
    assert_non_null(strstr(qv_error_message(&error), "/no/such cannot be opened"));
    assert_int_equal(control_socket_listen("/no/such", &connection, &error), QV_UNAVAILABLE);
    assert_int_equal(connection, -1);
}

/* ---- the requests ---------------------------------------------------------------------------- */

static void requests_and_their_answers(void **state)
{
    (void)state;
    static const struct {
        const char *request, *answer;
    } rows[] = {
        {"{\"do\":\"greet\"}", "{\"hello\":\"you\"}\n"},
        {" {\"do\" : \"greet\", \"more\": [1]} ", "{\"hello\":\"you\"}\n"},
        {"{\"do\":\"Greet\"}", "{\"error\":\"\\\"do\\\" must be one of: greet flood\"}\n"},
        {"{\"do\":\"greet \"}", "{\"error\":\"\\\"do\\\" must be one of: greet flood\"}\n"},
        {"{\"do\":5}", "{\"error\":\"\\\"do\\\" must be one of: greet flood\"}\n"},
        {"{}", "{\"error\":\"\\\"do\\\" must be one of: greet flood\"}\n"},
        {"[\"greet\"]", "{\"error\":\"\\\"do\\\" must be one of: greet flood\"}\n"},
        {"\"greet\"", "{\"error\":\"\\\"do\\\" must be one of: greet flood\"}\n"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        QV_CLEANUP(qv_buf) struct qv_buf answer = {0};
        control_answer(verbs, "you", qv_str_from(rows[i].request), &answer);
        assert_string_equal(answer.at, rows[i].answer);
    }
    assert_int_equal(runs, 2);
    static const char *const broken[] = {"",
                                         "greet",
                                         "{\"do\":\"greet\"",
                                         "{\"do\":\"greet\"} x",
                                         "{\"do\":\"greet\",\"do\":\"greet\"}",
                                         "[[[[[[1]]]]]]",
                                         "\xff"};
    for (size_t i = 0; i < COUNT(broken); i++) {
        QV_CLEANUP(qv_buf) struct qv_buf answer = {0};
        control_answer(verbs, "you", qv_str_from(broken[i]), &answer);
        assert_memory_equal(answer.at, "{\"error\":\"", 10);
        assert_int_equal(answer.at[answer.length - 1], '\n');
        assert_ptr_equal(strchr(answer.at, '\n'), answer.at + answer.length - 1);
    }
    assert_int_equal(runs, 2);
}

/* ---- the clients ----------------------------------------------------------------------------- */

/* One turn of the thread that polls, `later_ms` from now. */
static void turn(int64_t later_ms)
{
    struct pollfd polled[CONTROL_POLLED];
    struct qv_mono now = qv_mono_add_ms(qv_mono_now(), later_ms);
    control_prepare(control, now, polled);
    assert_true(poll(polled, CONTROL_POLLED, 0) >= 0);
    control_serve(control, polled, now);
}

static void turns(int count)
{
    while (count-- > 0)
        turn(0);
}

static void say(int connection, const char *text)
{
    assert_int_equal(send(connection, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static void assert_answered(int connection, const char *expected)
{
    char answer[256] = "";
    ssize_t got = recv(connection, answer, sizeof(answer) - 1, MSG_DONTWAIT);
    assert_true(got > 0);
    assert_string_equal(answer, expected);
    assert_int_equal(recv(connection, answer, 1, MSG_DONTWAIT), 0); /* closed behind it */
    close(connection);
}

static bool is_open(int connection)
{
    char byte;
    return recv(connection, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static void a_request_may_come_in_pieces(void **state)
{
    (void)state;
    start();
    int client = knock();
    turns(2);
    say(client, "{\"do\":");
    turns(2);
    assert_true(is_open(client));
    say(client, "\"greet\"}\n");
    turns(2);
    assert_answered(client, "{\"hello\":\"you\"}\n");
}

static void several_ask_at_once(void **state)
{
    (void)state;
    int clients[CONTROL_CLIENTS + 3];
    start();
    for (size_t i = 0; i < COUNT(clients); i++) {
        clients[i] = knock();
        say(clients[i], "{\"do\":\"greet\"}\n");
    }
    turns(4); /* three wait for a place */
    for (size_t i = 0; i < COUNT(clients); i++)
        assert_answered(clients[i], "{\"hello\":\"you\"}\n");
    assert_int_equal(runs, COUNT(clients));
}

static void a_silent_one_holds_nobody_up(void **state)
{
    (void)state;
    int silent[CONTROL_CLIENTS];
    start();
    for (size_t i = 0; i < CONTROL_CLIENTS; i++)
        silent[i] = knock();
    turn(0);
    say(silent[0], "{"); /* a drop now and then does not help */
    int waiting = knock();
    say(waiting, "{\"do\":\"greet\"}\n");
    turns(2);
    assert_true(is_open(waiting));
    turn(CONTROL_PATIENCE_MS + 1000);
    for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
        assert_false(is_open(silent[i]));
        close(silent[i]);
    }
    turns(2);
    assert_answered(waiting, "{\"hello\":\"you\"}\n");
}

/* Who has asked while something else took long is served, not dropped. */
static void a_late_look_is_not_held_against_them(void **state)
{
    (void)state;
    start();
    int client = knock();
    turn(0);
    say(client, "{\"do\":\"greet\"}\n");
    turn(CONTROL_PATIENCE_MS * 10);
    assert_answered(client, "{\"hello\":\"you\"}\n");
}

static void too_much_is_refused(void **state)
{
    (void)state;
    char text[CONTROL_REQUEST_MAX + 2];
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    start();
    int client = knock();
    turn(0);
    say(client, text);
    turns(2);
    char answer[64] = "";
    assert_true(recv(client, answer, sizeof(answer) - 1, MSG_DONTWAIT) > 0);
    assert_string_equal(answer, "{\"error\":\"the request is too long\"}");
    close(client);
}

static void who_leaves_is_forgotten(void **state)
{
    (void)state;
    start();
    for (int i = 0; i < 3 * CONTROL_CLIENTS; i++) {
        int client = knock();
        if (i % 2 == 0)
            say(client, "{\"do\":\"greet\"}"); /* no newline: nothing was asked */
        turn(0);
        close(client);
        turns(2);
    }
    assert_int_equal(runs, 0);
    int client = knock();
    say(client, "{\"do\":\"greet\"}\n");
    close(client); /* does not wait for the answer */
    turns(3);
    assert_int_equal(runs, 1);
}

static void a_long_answer_waits_for_its_reader(void **state)
{
    (void)state;
    start();
    int client = knock();
    say(client, "{\"do\":\"flood\"}\n");
    turns(2);
    static char bytes[65536];
    size_t total = 0;
    for (;;) {
        ssize_t got = recv(client, bytes, sizeof(bytes), MSG_DONTWAIT);
        if (got == 0)
            break;
        if (got > 0)
            total += (size_t)got;
        turn(0);
    }
    assert_int_equal(total, 4 * 1024 * 1024 + 1);
    close(client);

    client = knock();
    say(client, "{\"do\":\"flood\"}\n");
    turns(2);
    turn(CONTROL_PATIENCE_MS + 1000); /* nobody reads */
    while (recv(client, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
        ;
    assert_false(is_open(client));
    close(client);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(it_is_the_owners_alone),
        TEST(what_is_left_behind_is_replaced),
        TEST(a_live_one_is_refused_with_its_holder),
        TEST(nobody_there_is_told_by_name),
        TEST(requests_and_their_answers),
        TEST(a_request_may_come_in_pieces),
        TEST(several_ask_at_once),
        TEST(a_silent_one_holds_nobody_up),
        TEST(a_late_look_is_not_held_against_them),
        TEST(too_much_is_refused),
        TEST(who_leaves_is_forgotten),
        TEST(a_long_answer_waits_for_its_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
