// links: server
/*
 * Another trust and other limits while connections live: who is still trusted keeps his connection,
 * who is not loses it, whether he is idle, asks, shakes hands or comes back with a ticket.
 */
#include "server_fixture.h"

#include <pthread.h>

static struct fx_pair good, bad;

static int set_up(void **state)
{
    (void)state;
    good = fx_system(&cloud, "good-system", "20");
    bad = fx_system(&cloud, "bad-system", "21");
    configure_server();
    start_server();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    stop_server();
    fx_free(&good);
    fx_free(&bad);
    return 0;
}

/* From the next renewal on. */
static void revoke_bad(void)
{
    struct fx_crl crl = {.issuer = &cloud, .serials = {"66", "21"}, .reason = 1};
    fx_write_crl(&folder, "revoked.crl", "w", &crl);
    set_path(crl_path, "revoked.crl");
}

static void who_is_trusted_notices_nothing(void **state)
{
    (void)state;
    struct peer peers[4];
    for (size_t i = 0; i < 2; i++)
        peer_open(&peers[i], MUTUAL, &good, versions[i], NULL);
    peer_open(&peers[2], SERVER, NULL, TLS1_3_VERSION, NULL); /* shows no certificate */
    peer_connect(&peers[3], PLAIN);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(peer_ask(&peers[i], LIVE), 200);
    for (int round = 0; round < 20; round++) {
        struct qv_sweep sweep = renew_server();
        assert_int_equal(sweep.kept, 3); /* the plain one has nothing to be judged by */
        assert_int_equal(sweep.ended, 0);
        for (size_t i = 0; i < 4; i++)
            assert_int_equal(peer_ask(&peers[i], LIVE), 200);
    }
    assert_int_equal(HANDSHAKES("full", ""), 3);
    for (size_t i = 0; i < 4; i++)
        peer_close(&peers[i]);
}

static void who_is_revoked_is_cut_while_idle(void **state)
{
    (void)state;
    struct peer kept[4], cut[4];
    for (size_t i = 0; i < 4; i++) {
        peer_open(&kept[i], i < 2 ? MUTUAL : SERVER, &good, versions[i % 2], NULL);
        peer_open(&cut[i], i < 2 ? MUTUAL : SERVER, &bad, versions[i % 2], NULL);
        assert_int_equal(peer_ask(&kept[i], LIVE), 200);
        assert_int_equal(peer_ask(&cut[i], LIVE), 200);
    }
    revoke_bad();
    struct qv_sweep sweep = renew_server();
    assert_int_equal(sweep.kept, 4);
    assert_int_equal(sweep.ended, 4);
    assert_int_equal(ENDED("revoked"), 4);
    for (size_t i = 0; i < 4; i++) {
        assert_cut(&cut[i]);
        assert_int_equal(peer_ask(&kept[i], LIVE), 200);
        peer_close(&kept[i]);
        peer_close(&cut[i]);
    }
}

/* Its request came in pieces; the end of it came when it was not trusted any more. */
static void a_request_under_way_is_not_run(void **state)
{
    (void)state;
    struct peer peer;
    peer_open(&peer, MUTUAL, &bad, TLS1_3_VERSION, NULL);
    assert_int_equal(peer_ask(&peer, LIVE), 200);
    assert_true(peer_write(&peer, "GET /health/live HTTP/1.1\r\n") > 0);
    revoke_bad();
    assert_int_equal(renew_server().ended, 1);
    assert_int_equal(peer_ask(&peer, "Host: a\r\n\r\n"), 0);
    peer_close(&peer);
}

static void whose_ca_left_is_cut(void **state)
{
    (void)state;
    struct peer peer;
    peer_open(&peer, MUTUAL, &good, TLS1_2_VERSION, NULL);
    assert_int_equal(peer_ask(&peer, LIVE), 200);
    struct fx_pair next_ca = fx_cloud_ca();
    struct fx_pair own = fx_system(&next_ca, "serviceregistry", "11");
    fx_write_certificate(&folder, "next-ca.crt", "w", next_ca.x509);
    fx_write_certificate(&folder, "next.crt", "w", own.x509);
    fx_write_key(&folder, "next.key", own.key, 0600);
    set_path(trust_path, "next-ca.crt");
    set_path(certificate_path, "next.crt");
    set_path(key_path, "next.key");
    config.tls.crl = (struct qv_strings){0};
    struct qv_sweep sweep = renew_server();
    assert_int_equal(sweep.kept, 0);
    assert_int_equal(sweep.ended, 1);
    assert_cut(&peer);
    peer_close(&peer);
    fx_free(&next_ca);
    fx_free(&own);
}

static void whose_certificate_ends_is_cut_at_that_moment(void **state)
{
    (void)state;
    struct fx_spec spec = {
        .cn = "brief." FX_CLOUD, .issuer = &cloud, .serial = "30", .begin = -60, .end = 4};
    struct fx_pair brief = fx_make(&spec);
    struct peer peers[2], kept;
    peer_open(&kept, MUTUAL, &good, TLS1_3_VERSION, NULL);
    for (size_t i = 0; i < 2; i++) {
        peer_open(&peers[i], i == 0 ? MUTUAL : SERVER, &brief, versions[i], NULL);
        assert_int_equal(peer_ask(&peers[i], LIVE), 200);
    }
    for (size_t i = 0; i < 2; i++) {
        assert_cut(&peers[i]); /* waits for it */
        peer_close(&peers[i]);
    }
    assert_int_equal(ENDED("expired"), 2);
    assert_int_equal(peer_ask(&kept, LIVE), 200);
    peer_close(&kept);
    fx_free(&brief);
}

/* The ends are looked at once a second; a request in between is not run all the same. */
static void a_request_after_the_end_is_not_run(void **state)
{
    (void)state;
    struct fx_spec spec = {
        .cn = "brief." FX_CLOUD, .issuer = &cloud, .serial = "30", .begin = -60, .end = 4};
    struct fx_pair brief = fx_make(&spec);
    struct qv_wall brief_end, asked;
    assert_int_equal(qv_certificate_time(X509_get0_notAfter(brief.x509), &brief_end), QV_OK);
    struct peer peer;
    peer_open(&peer, MUTUAL, &brief, TLS1_3_VERSION, NULL);
    for (bool served = true; served;) {
        asked = qv_wall_now();
        served = peer_ask(&peer, LIVE) == 200;
        assert_true(!served || asked.seconds < brief_end.seconds);
    }
    assert_int_equal(ENDED("expired"), 1);
    peer_close(&peer);
    fx_free(&brief);
}

/* The hello goes out under the old trust, the certificate under the new one. */
static void a_handshake_is_judged_by_the_trust_of_its_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct peer peer;
        peer_connect(&peer, MUTUAL);
        peer_prepare(&peer, &bad, versions[i], NULL);
        BIO *wire = BIO_new(BIO_s_mem()), *nothing = BIO_new(BIO_s_mem());
        BIO_set_mem_eof_return(nothing, -1);
        SSL_set_bio(peer.ssl, nothing, wire);
        assert_int_equal(SSL_do_handshake(peer.ssl), -1);
        ERR_clear_error();
        char *hello;
        long size = BIO_get_mem_data(wire, &hello);
        assert_int_equal(send(peer.fd, hello, (size_t)size, MSG_NOSIGNAL), size);
        char first;
        assert_int_equal(recv(peer.fd, &first, 1, MSG_PEEK), 1); /* it is being dealt with */
        configure_server();
        revoke_bad();
        assert_int_equal(renew_server().ended, 0);
        assert_int_equal(SSL_set_fd(peer.ssl, peer.fd), 1);
        (void)SSL_do_handshake(peer.ssl);
        ERR_clear_error();
        assert_int_equal(peer_ask(&peer, LIVE), 0);
        wait_for_end(&peer);
        assert_int_equal(HANDSHAKES("refused", "revoked"), i + 1);
        peer_close(&peer);
        configure_server();
        (void)renew_server();
    }
    assert_int_equal(HANDSHAKES("full", ""), 0);
}

/* A connection of `pair`, which is served; its session, owned by the caller. */
static SSL_SESSION *take_session(size_t listener, const struct fx_pair *pair, int version)
{
    struct peer peer;
    peer_open(&peer, listener, pair, version, NULL);
    assert_int_equal(peer_ask(&peer, LIVE), 200);
    SSL_SESSION *session = peer.session;
    assert_non_null(session);
    peer.session = NULL;
    peer_close(&peer);
    return session;
}

static void sessions_are_resumed(void **state)
{
    (void)state;
    for (long i = 0; i < 2; i++) {
        SSL_SESSION *session = take_session(MUTUAL, &good, versions[i]);
        struct peer peer;
        peer_open(&peer, MUTUAL, &good, versions[i], session);
        assert_int_equal(peer_ask(&peer, LIVE), 200);
        assert_int_equal(SSL_session_reused(peer.ssl), 1);
        assert_int_equal(HANDSHAKES("resumed", ""), i + 1);
        assert_int_equal(HANDSHAKES("full", ""), i + 1);
        peer_close(&peer);
        SSL_SESSION_free(session);
    }
}

static void who_is_revoked_does_not_come_back_with_a_ticket(void **state)
{
    (void)state;
    SSL_SESSION *sessions[4];
    for (size_t i = 0; i < 4; i++)
        sessions[i] = take_session(i < 2 ? MUTUAL : SERVER, &bad, versions[i % 2]);
    revoke_bad();
    (void)renew_server();
    for (long i = 0; i < 4; i++) {
        struct peer peer;
        peer_open(&peer, i < 2 ? MUTUAL : SERVER, &bad, versions[i % 2], sessions[i]);
        assert_int_equal(peer_ask(&peer, LIVE), 0);
        wait_for_end(&peer);
        assert_int_equal(HANDSHAKES("refused", "revoked"), i + 1);
        peer_close(&peer);
        SSL_SESSION_free(sessions[i]);
    }
    assert_int_equal(HANDSHAKES("resumed", ""), 0);
}

static void a_resumed_connection_is_cut_like_any_other(void **state)
{
    (void)state;
    SSL_SESSION *session = take_session(MUTUAL, &bad, TLS1_3_VERSION);
    struct peer peer;
    peer_open(&peer, MUTUAL, &bad, TLS1_3_VERSION, session);
    assert_int_equal(peer_ask(&peer, LIVE), 200);
    assert_int_equal(SSL_session_reused(peer.ssl), 1);
    revoke_bad();
    assert_int_equal(renew_server().ended, 1);
    assert_cut(&peer);
    peer_close(&peer);
    SSL_SESSION_free(session);
}

/* ---- limits ---------------------------------------------------------------------------------- */

static void one_address_has_so_many_connections(void **state)
{
    (void)state;
    config.limits.connections_per_peer = 2;
    (void)renew_server();
    struct peer peers[3], turned_away;
    for (size_t i = 0; i < 2; i++) {
        peer_connect(&peers[i], i == 0 ? PLAIN : SERVER); /* the doors share the count */
        if (i == 1)
            peer_prepare(&peers[i], NULL, TLS1_3_VERSION, NULL);
        assert_int_equal(peer_ask(&peers[i], LIVE), 200);
    }
    peer_connect(&turned_away, PLAIN);
    assert_cut(&turned_away);
    peer_close(&turned_away);
    config.limits.connections_per_peer = 3;
    assert_int_equal(renew_server().kept, 1);
    peer_connect(&peers[2], PLAIN);
    assert_int_equal(peer_ask(&peers[2], LIVE), 200);
    for (size_t i = 0; i < 3; i++)
        peer_close(&peers[i]);
}

/* What waited outside is let in by a renewal that makes room. */
static void a_higher_limit_lets_the_waiting_in(void **state)
{
    (void)state;
    config.limits.connections = 1;
    (void)renew_server();
    struct peer first, second;
    peer_connect(&first, PLAIN);
    assert_int_equal(peer_ask(&first, LIVE), 200);
    peer_connect(&second, PLAIN);
    assert_true(peer_write(&second, LIVE) > 0);
    config.limits.connections = 2;
    (void)renew_server();
    char byte;
    assert_int_equal(peer_read(&second, &byte, 1), 1);
    peer_close(&second);
    peer_close(&first);
}

static void a_body_may_be_as_large_as_it_says_now(void **state)
{
    (void)state;
    static const char large[] =
        "POST /health/live HTTP/1.1\r\nHost: a\r\nContent-Length: 64\r\n\r\n"
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    struct peer peer;
    peer_connect(&peer, PLAIN);
    assert_int_equal(peer_ask(&peer, large), 405);
    config.limits.body = 63;
    (void)renew_server();
    assert_int_equal(peer_ask(&peer, large), 413);
    peer_close(&peer);
}

static void idle_connections_end_by_the_new_time(void **state)
{
    (void)state;
    struct peer peer;
    peer_connect(&peer, PLAIN);
    assert_int_equal(peer_ask(&peer, LIVE), 200);
    config.limits.request_ms = 100;
    (void)renew_server();
    assert_cut(&peer);
    peer_close(&peer);
}

static void handshakes_stall_no_longer_than_they_may(void **state)
{
    (void)state;
    config.limits.handshake_ms = 100;
    (void)renew_server();
    struct peer peer;
    peer_connect(&peer, MUTUAL);
    assert_int_equal(send(peer.fd, "\x16\x03\x01", 3, MSG_NOSIGNAL), 3);
    assert_cut(&peer);
    assert_int_equal(HANDSHAKES("refused", "timeout"), 1);
    peer_close(&peer);
}

/* ---- many, and at once ----------------------------------------------------------------------- */

/* Comes, asks and goes; every other connection ends in the middle of a renewal or near it. */
static void *come_and_go(void *ret_faults)
{
    size_t *faults = ret_faults;
    for (int i = 0; i < 40; i++) {
        struct peer peer;
        peer_open(&peer, MUTUAL, &good, versions[i % 2], NULL);
        if (peer_ask(&peer, LIVE) != 200)
            (*faults)++;
        peer_close(&peer);
    }
    return NULL;
}

static void renewals_under_load_fail_nobody(void **state)
{
    (void)state;
    pthread_t thread;
    size_t faults = 0;
    struct peer live[8];
    for (size_t i = 0; i < 8; i++)
        peer_open(&live[i], MUTUAL, &good, versions[i % 2], NULL);
    assert_int_equal(pthread_create(&thread, NULL, come_and_go, &faults), 0);
    for (int round = 0; round < 20; round++) {
        assert_int_equal(renew_server().ended, 0);
        for (size_t i = 0; i < 8; i++)
            assert_int_equal(peer_ask(&live[i], LIVE), 200);
    }
    pthread_join(thread, NULL);
    assert_int_equal(faults, 0);
    for (size_t i = 0; i < 8; i++)
        peer_close(&live[i]);
}

static void a_server_that_stopped_is_not_renewed(void **state)
{
    (void)state;
    struct qv_sweep untouched = {.kept = 77};
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    qv_server_stop(server);
    assert_int_equal(qv_server_renew(server, in_force, policy, &config.limits, &untouched, &error),
                     QV_UNAVAILABLE);
    assert_int_equal(untouched.kept, 77);
    assert_string_equal(qv_error_message(&error), "the server is not running");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_is_trusted_notices_nothing),
        TEST(who_is_revoked_is_cut_while_idle),
        TEST(a_request_under_way_is_not_run),
        TEST(whose_ca_left_is_cut),
        TEST(whose_certificate_ends_is_cut_at_that_moment),
        TEST(a_request_after_the_end_is_not_run),
        TEST(a_handshake_is_judged_by_the_trust_of_its_end),
        TEST(sessions_are_resumed),
        TEST(who_is_revoked_does_not_come_back_with_a_ticket),
        TEST(a_resumed_connection_is_cut_like_any_other),
        TEST(one_address_has_so_many_connections),
        TEST(a_higher_limit_lets_the_waiting_in),
        TEST(a_body_may_be_as_large_as_it_says_now),
        TEST(idle_connections_end_by_the_new_time),
        TEST(handshakes_stall_no_longer_than_they_may),
        TEST(renewals_under_load_fail_nobody),
        TEST(a_server_that_stopped_is_not_renewed),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
