// links: store
/*
 * The store's loop and its connection to Redis by themselves. Against a peer that reads slowly:
 * what timers, posts and answers send while the socket is full arrives whole and in order. Against
 * one that never accepts: it is given up in time, and tried again after pauses that grow.
 */
#include "../../src/store/contact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { COMMANDS = 8000, LENGTH = 60000, UNDER_WAY = 200, PATIENCE_MS = 20000 };

/* ---- the peer: reads a little at a time, answers each whole command ---------------------------
 */

struct peer {
    int listener;
    size_t wire_length; /* of one command */
    pthread_t thread;
};

static void *serve(void *argument)
{
    const struct peer *peer = argument;
    static char room[50000];
    size_t got = 0;
    int fd = accept(peer->listener, NULL, NULL);
    for (;;) {
        ssize_t size = read(fd, room, sizeof(room));
        if (size <= 0)
            break;
        got += (size_t)size;
        for (; got >= peer->wire_length; got -= peer->wire_length)
            if (write(fd, "+OK\r\n", 5) != 5)
                break;
    }
    close(fd);
    return NULL;
}

static void start_peer(struct peer *peer, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    peer->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(peer->listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(peer->listener, 1), 0);
    assert_int_equal(pthread_create(&peer->thread, NULL, serve, peer), 0);
}

/* ---- who sends: whenever the loop comes round -------------------------------------------------
 */

struct sender {
    struct qv_loop *loop;
    struct qv_link *link;
    struct qv_timer timer;
    char text[LENGTH];
    size_t sent, answered;
    bool broken;
};

static struct sender s;

static void on_answer(void *data, const struct qv_reply *reply, bool sent)
{
    (void)data;
    assert_true(sent);
    assert_non_null(reply);
    if (++s.answered == COMMANDS)
        qv_loop_end(s.loop);
}

static void send_one(struct qv_timer *timer)
{
    const struct qv_str words[] = {QV_STR("SET"), {s.text, sizeof(s.text)}};
    if (s.sent < COMMANDS && s.sent - s.answered < UNDER_WAY) {
        assert_int_equal(qv_link_send(s.link, words, 2, on_answer, NULL, NULL), QV_OK);
        s.sent++;
    }
    qv_loop_arm_surely(s.loop, timer, qv_mono_add_ms(qv_mono_now(), 0));
}

static void on_up(void *data)
{
    (void)data;
    qv_loop_arm_surely(s.loop, &s.timer, qv_mono_now());
}

static void on_down(void *data, const char *reason)
{
    (void)data;
    (void)reason;
    s.broken = true;
    qv_loop_end(s.loop);
}

/* libh2o bears writes only from within its loop; a write between two turns that just fits into the
   socket's buffer made it abort when there was room again. */
static void what_a_timer_sends_into_a_full_socket_arrives(void **state)
{
    (void)state;
    char folder[] = "/tmp/quiver-test-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/redis.sock", folder);
    memset(s.text, 'x', sizeof(s.text));
    struct peer peer = {.wire_length = strlen("*2\r\n$3\r\nSET\r\n$60000\r\n\r\n") + LENGTH};
    start_peer(&peer, path);
    const struct qv_link_handler handler = {.up = on_up, .down = on_down};
    const struct qv_config_redis redis = {.kind = QV_REDIS_EMBEDDED};
    s.timer.fire = send_one;
    assert_int_equal(qv_loop_new(&s.loop), QV_OK);
    assert_int_equal(qv_link_new(s.loop, &redis, path, PATIENCE_MS, &handler, NULL, &s.link),
                     QV_OK);
    qv_link_connect(s.link);
    qv_loop_run(s.loop);
    qv_loop_disarm(s.loop, &s.timer);
    qv_link_free(&s.link);
    qv_loop_free(&s.loop);
    pthread_join(peer.thread, NULL);
    close(peer.listener);
    unlink(path);
    rmdir(folder);
    assert_false(s.broken);
    assert_int_equal(s.answered, COMMANDS);
}

/* ---- a peer that never accepts ----------------------------------------------------------------
 */

enum { SHORT_PATIENCE_MS = 300, ATTEMPTS = 11, FIRST_PAUSE_MS = 10, LONGEST_PAUSE_MS = 1000 };

/* On TCP of the loopback: one connection fills its backlog, the next ones are left waiting. */
struct deaf_peer {
    int listener, filler[3];
    struct qv_config_redis redis;
};

static void start_deaf(struct deaf_peer *peer, char host[], bool listens)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(peer->listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(peer->listener, (struct sockaddr *)&address, &size), 0);
    peer->redis = (struct qv_config_redis){
        .kind = QV_REDIS_TCP, .host = host, .port = ntohs(address.sin_port)};
    if (listens)
        assert_int_equal(listen(peer->listener, 0), 0);
    for (size_t i = 0; i < 3; i++) {
        peer->filler[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (listens)
            (void)connect(peer->filler[i], (struct sockaddr *)&address, size);
    }
}

static void stop_deaf(struct deaf_peer *peer)
{
    for (size_t i = 0; i < 3; i++)
        close(peer->filler[i]);
    close(peer->listener);
}

struct attempts {
    struct qv_contact contact;
    size_t count, wanted, settle_at; /* settle_at 0: never */
    struct qv_mono lost_at[ATTEMPTS];
    char reason[160];
};

static void on_lost(struct qv_contact *contact, const char *reason)
{
    struct attempts *attempts = (struct attempts *)contact;
    snprintf(attempts->reason, sizeof(attempts->reason), "%s", reason);
    attempts->lost_at[attempts->count++] = qv_mono_now();
    if (attempts->count == attempts->settle_at)
        qv_contact_settled(contact);
    if (attempts->count == attempts->wanted)
        qv_loop_end(contact->loop);
}

static void on_greeted(struct qv_contact *contact)
{
    (void)contact;
    fail_msg("nobody accepts");
}

/* Tries until it was lost so often. */
static struct qv_mono try_to_connect(struct attempts *attempts, bool listens)
{
    char host[] = "127.0.0.1";
    struct qv_loop *loop;
    struct deaf_peer peer;
    start_deaf(&peer, host, listens);
    attempts->contact.greeted = on_greeted;
    attempts->contact.lost = on_lost;
    assert_int_equal(qv_loop_new(&loop), QV_OK);
    assert_int_equal(
        qv_contact_init(&attempts->contact, loop, &peer.redis, NULL, SHORT_PATIENCE_MS), QV_OK);
    struct qv_mono begun = qv_mono_now();
    qv_contact_start(&attempts->contact);
    qv_loop_run(loop);
    qv_contact_destroy(&attempts->contact);
    qv_loop_free(&loop);
    stop_deaf(&peer);
    return begun;
}

static int64_t ms_between(struct qv_mono from, struct qv_mono to)
{
    return (to.us - from.us) / 1000;
}

static void who_never_accepts_is_given_up_in_time(void **state)
{
    (void)state;
    struct attempts attempts = {.wanted = 2};
    struct qv_mono begun = try_to_connect(&attempts, true);
    assert_string_equal(attempts.reason, "no connection in time");
    assert_in_range(ms_between(begun, attempts.lost_at[0]), SHORT_PATIENCE_MS, 3000);
    assert_in_range(ms_between(attempts.lost_at[0], attempts.lost_at[1]),
                    SHORT_PATIENCE_MS + FIRST_PAUSE_MS, 3000);
}

/* Each pause is twice the one before, up to a second: no less, so nobody is hammered, and hardly
   more, so a Redis that is back is found soon. */
static void pauses_between_attempts_grow_to_a_second(void **state)
{
    (void)state;
    enum { SLOW_MACHINE_MS = 500, SETTLED = 10 };
    struct attempts attempts = {.wanted = ATTEMPTS, .settle_at = SETTLED};
    (void)try_to_connect(&attempts, false);
    assert_string_equal(attempts.reason, "Connection refused");
    int64_t pause = FIRST_PAUSE_MS;
    for (size_t i = 1; i < ATTEMPTS; i++) {
        if (i == SETTLED) /* all was well in between */
            pause = FIRST_PAUSE_MS;
        int64_t passed = ms_between(attempts.lost_at[i - 1], attempts.lost_at[i]);
        assert_in_range(passed, pause, pause + SLOW_MACHINE_MS);
        pause = pause * 2 < LONGEST_PAUSE_MS ? pause * 2 : LONGEST_PAUSE_MS;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_timer_sends_into_a_full_socket_arrives),
        cmocka_unit_test(who_never_accepts_is_given_up_in_time),
        cmocka_unit_test(pauses_between_attempts_grow_to_a_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
