// links: store
/*
 * The store's loop and its connection to Redis by themselves, against a peer that reads slowly:
 * what timers, posts and answers send while the socket is full arrives whole and in order.
 */
#include "../../src/store/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_timer_sends_into_a_full_socket_arrives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
