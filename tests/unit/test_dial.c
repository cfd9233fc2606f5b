// links: store
/*
 * Reaching Redis: a host's addresses are tried one after the other, and what failed is told once,
 * from the loop. The resolver is this test's.
 */
#define H2O_USE_LIBUV      0
#define qv_resolve_numeric addresses_of
#include "../../src/store/dial.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <unistd.h>

static struct addrinfo *prepared; /* handed out once */

struct addrinfo *addresses_of(const char *host, uint16_t port)
{
    (void)host, (void)port;
    struct addrinfo *list = prepared;
    prepared = NULL;
    return list;
}

struct dialling {
    struct qv_loop *loop;
    struct qv_dial dial;
    unsigned done;
    in_port_t port; /* that was reached, in network order; 0: none */
    char reason[QV_DIAL_REASON];
};

static void on_done(void *data, h2o_socket_t *socket, const char *reason)
{
    struct dialling *dialling = data;
    dialling->done++;
    if (socket != NULL) {
        struct sockaddr_in peer;
        h2o_socket_getpeername(socket, (struct sockaddr *)&peer);
        dialling->port = peer.sin_port;
        h2o_socket_close(socket);
    } else {
        snprintf(dialling->reason, sizeof(dialling->reason), "%s", reason);
    }
    qv_loop_end(dialling->loop);
}

/* A port of this machine, kept by the descriptor; whoever comes is refused where it does not
 * listen. */
static struct addrinfo *make_address(bool listens, int *ret_descriptor)
{
    const struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    struct addrinfo *made = NULL;
    socklen_t length = sizeof(struct sockaddr_in);
    assert_int_equal(getaddrinfo("127.0.0.1", "0", &hints, &made), 0);
    *ret_descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(*ret_descriptor, made->ai_addr, made->ai_addrlen), 0);
    if (listens)
        assert_int_equal(listen(*ret_descriptor, 1), 0);
    assert_int_equal(getsockname(*ret_descriptor, made->ai_addr, &length), 0);
    return made;
}

static in_port_t port_of(const struct addrinfo *address)
{
    return ((const struct sockaddr_in *)address->ai_addr)->sin_port;
}

/* Dials, and runs the loop until it is told what came of it. */
static void dial(struct dialling *dialling, const char *path)
{
    static const struct qv_config_redis redis = {.kind = QV_REDIS_TCP, .host = "redis", .port = 1};
    *dialling = (struct dialling){0};
    assert_int_equal(qv_loop_new(&dialling->loop), QV_OK);
    qv_dial_start(&dialling->dial, dialling->loop, &redis, path, on_done, dialling);
    assert_int_equal(dialling->done, 0); /* never from inside the call */
    alarm(60);
    qv_loop_run(dialling->loop);
    alarm(0);
    assert_int_equal(dialling->done, 1);
    qv_dial_cancel(&dialling->dial);
    qv_loop_free(&dialling->loop);
}

static void the_next_address_is_tried(void **state)
{
    (void)state;
    struct dialling dialling;
    int first, second;
    prepared = make_address(false, &first);
    prepared->ai_next = make_address(true, &second);
    in_port_t port = port_of(prepared->ai_next);
    dial(&dialling, NULL);
    assert_int_equal(dialling.port, port);
    close(first);
    close(second);
}

static void the_first_that_answers_is_taken(void **state)
{
    (void)state;
    struct dialling dialling;
    int first, second;
    prepared = make_address(true, &first);
    prepared->ai_next = make_address(true, &second);
    in_port_t port = port_of(prepared);
    dial(&dialling, NULL);
    assert_int_equal(dialling.port, port);
    close(first);
    close(second);
}

static void the_last_failure_is_told(void **state)
{
    (void)state;
    struct dialling dialling;
    int first, second;
    prepared = make_address(false, &first);
    prepared->ai_next = make_address(false, &second);
    dial(&dialling, NULL);
    assert_int_equal(dialling.port, 0);
    assert_string_equal(dialling.reason, "Connection refused");
    close(first);
    close(second);
}

static void paths_that_lead_nowhere(void **state)
{
    (void)state;
    struct dialling dialling;
    char longer[120];
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    dial(&dialling, "/nowhere/redis.sock");
    assert_string_equal(dialling.reason, "No such file or directory");
    dial(&dialling, longer);
    assert_string_equal(dialling.reason, "the path of a Unix socket has at most 107 bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_address_is_tried),
        cmocka_unit_test(the_first_that_answers_is_taken),
        cmocka_unit_test(the_last_failure_is_told),
        cmocka_unit_test(paths_that_lead_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
