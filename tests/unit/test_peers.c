// links: server
/*
 * Places per address: counted for each by itself, an IPv6 network as one, up to the cap and never
 * beyond, from several threads too.
 */
#include "../../src/server/peers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <pthread.h>
#include <quiver/base/memory.h>
#include <string.h>

static struct qv_peers *peers;

static int set_up(void **state)
{
    (void)state;
    return qv_peers_new(&peers) == QV_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    qv_peers_free(&peers);
    qv_peers_free(&peers);
    return 0;
}

static struct sockaddr_storage address_of(const char *text, uint16_t port)
{
    struct sockaddr_storage address = {0};
    struct sockaddr_in *in4 = (struct sockaddr_in *)&address;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address;
    if (inet_pton(AF_INET, text, &in4->sin_addr) == 1) {
        in4->sin_family = AF_INET;
        in4->sin_port = htons(port);
        return address;
    }
    assert_int_equal(inet_pton(AF_INET6, text, &in6->sin6_addr), 1);
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(port);
    return address;
}

static struct qv_peer *take(const char *text, size_t most)
{
    struct sockaddr_storage address = address_of(text, 1);
    struct qv_peer *peer = NULL;
    assert_int_equal(qv_peers_take(peers, &address, most, &peer), QV_OK);
    assert_non_null(peer);
    return peer;
}

static void assert_full(const char *text, size_t most)
{
    struct sockaddr_storage address = address_of(text, 2);
    struct qv_peer *untouched = NULL;
    assert_int_equal(qv_peers_take(peers, &address, most, &untouched), QV_TOO_MANY);
    assert_null(untouched);
}

static size_t places_of(const char *text)
{
    struct sockaddr_storage address = address_of(text, 3);
    return qv_peers_places(peers, &address);
}

static void so_many_and_no_more(void **state)
{
    (void)state;
    struct qv_peer *first = take("10.0.0.1", 2), *second = take("10.0.0.1", 2);
    assert_ptr_equal(first, second);
    assert_full("10.0.0.1", 2);
    struct qv_peer *other = take("10.0.0.2", 2); /* is nobody's fault */
    qv_peers_leave(peers, first);
    first = take("10.0.0.1", 2);
    assert_full("10.0.0.1", 2);
    assert_int_equal(places_of("10.0.0.1"), 2);
    assert_int_equal(places_of("10.0.0.2"), 1);
    qv_peers_leave(peers, first);
    qv_peers_leave(peers, second);
    qv_peers_leave(peers, other);
    assert_int_equal(places_of("10.0.0.1"), 0);
    assert_int_equal(places_of("10.0.0.2"), 0);
}

/* A reload may change it. */
static void a_lower_cap_counts_for_those_who_come(void **state)
{
    (void)state;
    struct qv_peer *held[3];
    for (size_t i = 0; i < 3; i++)
        held[i] = take("10.0.0.1", 3);
    assert_full("10.0.0.1", 1);
    qv_peers_leave(peers, held[0]);
    assert_full("10.0.0.1", 1);
    held[0] = take("10.0.0.1", 4);
    for (size_t i = 0; i < 3; i++)
        qv_peers_leave(peers, held[i]);
}

static void an_ipv6_network_is_one_peer(void **state)
{
    (void)state;
    static const char *const same[] = {"2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"};
    static const char *const others[] = {"2001:db8:1:3::1", "::1", "::ffff:10.0.0.1", "10.0.0.1"};
    struct qv_peer *held[6];
    for (size_t i = 0; i < 2; i++)
        held[i] = take(same[i], 2);
    assert_full("2001:db8:1:2:8000::", 2);
    for (size_t i = 0; i < 4; i++)
        held[2 + i] = take(others[i], 2);
    assert_int_equal(places_of("2001:db8:1:2::9"), 2);
    assert_int_equal(places_of("2001:db8:1:3::9"), 1);
    assert_int_equal(places_of("10.0.0.1"), 1);
    for (size_t i = 0; i < 6; i++)
        qv_peers_leave(peers, held[i]);
}

/* More of them than there are buckets at first, so that the table grows under way. */
static void thousands_of_addresses_are_told_apart(void **state)
{
    (void)state;
    enum { MANY = 3000 };
    static struct qv_peer *held[MANY];
    for (uint32_t i = 0; i < MANY; i++) {
        struct sockaddr_storage address = address_of("0.0.0.0", 1);
        ((struct sockaddr_in *)&address)->sin_addr.s_addr = htonl(0x0a000000 + i * 256);
        assert_int_equal(qv_peers_take(peers, &address, 1, &held[i]), QV_OK);
    }
    for (uint32_t i = 0; i < MANY; i++) {
        struct sockaddr_storage address = address_of("0.0.0.0", 1);
        ((struct sockaddr_in *)&address)->sin_addr.s_addr = htonl(0x0a000000 + i * 256);
        assert_int_equal(qv_peers_places(peers, &address), 1);
        if (i % 2 == 0)
            qv_peers_leave(peers, held[i]);
        assert_int_equal(qv_peers_places(peers, &address), i % 2);
    }
    for (uint32_t i = 1; i < MANY; i += 2)
        qv_peers_leave(peers, held[i]);
}

static void without_memory_nobody_is_let_in(void **state)
{
    (void)state;
    struct qv_peers *none = NULL;
    for (size_t nth = 1; nth <= 2; nth++) {
        qv_memory_fail_at(nth);
        assert_int_equal(qv_peers_new(&none), QV_NO_MEMORY);
        assert_null(none);
    }
    struct sockaddr_storage address = address_of("10.0.0.1", 1);
    struct qv_peer *untouched = NULL;
    qv_memory_fail_at(1);
    assert_int_equal(qv_peers_take(peers, &address, 1, &untouched), QV_NO_MEMORY);
    qv_memory_fail_at(0);
    assert_null(untouched);
    assert_int_equal(places_of("10.0.0.1"), 0);
    qv_peers_leave(peers, take("10.0.0.1", 1));
}

enum { ROUNDS = 3000, CAP = 2 };

/* Comes and goes, and counts how often it was let in. */
static void *come_and_go(void *ret_let_in)
{
    size_t *let_in = ret_let_in;
    struct sockaddr_storage address = address_of("10.0.0.1", 1);
    for (int i = 0; i < ROUNDS; i++) {
        struct qv_peer *peer;
        if (qv_peers_take(peers, &address, CAP, &peer) != QV_OK)
            continue;
        (*let_in)++;
        qv_peers_leave(peers, peer);
    }
    return NULL;
}

static void threads_do_not_lose_count(void **state)
{
    (void)state;
    pthread_t threads[3];
    size_t let_in[3] = {0}, all = 0;
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, &let_in[i]), 0);
    for (size_t i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        all += let_in[i];
    }
    assert_true(all >= ROUNDS); /* one of them may be kept out by others that are asleep */
    assert_int_equal(places_of("10.0.0.1"), 0);
}

static void addresses_are_written_with_their_port(void **state)
{
    (void)state;
    static const struct {
        const char *address, *text;
        const char *mapped; /* NULL: as it is */
    } rows[] = {
        {"10.1.2.3", "10.1.2.3:65535", "::ffff:10.1.2.3"},
        {"2001:db8::1", "[2001:db8::1]:65535", NULL},
        {"2001:db8:1111:2222:3333:4444:5555:6666", "[2001:db8:1111:2222:3333:4444:5555:6666]:65535",
         NULL},
        {"::ffff:255.255.255.255", "[::ffff:255.255.255.255]:65535", NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sockaddr_storage address = address_of(rows[i].address, 65535);
        char text[QV_PEER_TEXT];
        qv_peer_write(&address, text);
        assert_string_equal(text, rows[i].text);
        struct in6_addr found = qv_peer_address(&address), expected;
        const char *mapped = rows[i].mapped != NULL ? rows[i].mapped : rows[i].address;
        assert_int_equal(inet_pton(AF_INET6, mapped, &expected), 1);
        assert_memory_equal(&found, &expected, sizeof(expected));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(so_many_and_no_more),
        TEST(a_lower_cap_counts_for_those_who_come),
        TEST(an_ipv6_network_is_one_peer),
        TEST(thousands_of_addresses_are_told_apart),
        TEST(without_memory_nobody_is_let_in),
        TEST(threads_do_not_lose_count),
        TEST(addresses_are_written_with_their_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
