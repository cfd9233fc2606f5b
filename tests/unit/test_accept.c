// links: server
/*
 * How many of those who wait at a door come in at a time, and what the worker learns of the others.
 * The connections are this test's: they are counted and ended.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <unistd.h>

#define H2O_USE_LIBUV       0 /* as the server is built */
#define qv_connection_begin count_in
#include "../../src/server/accept.c"

static unsigned let_in;

void count_in(struct qv_worker *worker, const struct qv_listener *listener, int fd,
              const struct sockaddr_storage *peer, struct qv_peer *place)
{
    (void)listener, (void)peer;
    let_in++;
    close(fd);
    qv_accept_release(worker, place);
}

/* A listening socket, and so many that wait at it. */
static int wait_at_door(int *clients, size_t count)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof(address);
    int door = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(door, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(door, (int)count), 0);
    assert_int_equal(getsockname(door, (struct sockaddr *)&address, &length), 0);
    for (size_t i = 0; i < count; i++) {
        clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(clients[i], (struct sockaddr *)&address, sizeof(address)), 0);
    }
    return door;
}

static void whoever_is_left_at_the_door_is_told(void **state)
{
    (void)state;
    enum { WAITING = ACCEPTED_AT_ONCE + 4 };
    int clients[WAITING];
    struct qv_server server = {0};
    struct qv_worker worker = {.server = &server,
                               .limits = {.connections = 100, .connections_per_peer = 100}};
    assert_int_equal(qv_peers_new(&server.peers), QV_OK);
    struct qv_door door = {.worker = &worker, .fd = wait_at_door(clients, WAITING)};
    h2o_socket_t sock = {.data = &door};

    on_door(&sock, NULL);
    assert_int_equal(let_in, ACCEPTED_AT_ONCE);
    assert_true(worker.rest.crowded);

    worker.rest.crowded = false;
    on_door(&sock, NULL);
    assert_int_equal(let_in, WAITING);
    assert_false(worker.rest.crowded);

    for (size_t i = 0; i < WAITING; i++)
        close(clients[i]);
    close(door.fd);
    qv_peers_free(&server.peers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_is_left_at_the_door_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
