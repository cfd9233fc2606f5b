// links: trust
/*
 * How long trust lives: what is large of it goes when nobody judges by it any more, however long
 * the connections that it let in live on; and nothing that such a connection, or a handshake that
 * was left behind, can still do misses it. In TLS 1.2 and 1.3.
 */
#include "../../src/trust/anchors.h"
#include "trust_fixture.h"

#include <pthread.h>

static struct fx_pair peer;

static int begin_life(void **state)
{
    int status = begin(state);
    peer = fx_system(&cloud, "a", "65");
    return status;
}

static int end_life(void **state)
{
    fx_free(&peer);
    return end(state);
}

/** A weak reference to the trust's anchors, as a look at them from outside; the caller drops it. */
static struct qv_anchors *watch(const struct qv_trust *trust)
{
    return qv_anchors_weak_ref((struct qv_anchors *)(uintptr_t)qv_trust_anchors(trust));
}

static void expect_large_part(const struct qv_anchors *anchors, bool there)
{
    assert_true((anchors->crls != NULL) == there);
    assert_true((anchors->chains != NULL) == there);
    assert_true((anchors->orphans != NULL) == there);
}

/** What the configuration says now takes the place of `trust`. */
static void replace(struct qv_trust **trust)
{
    struct qv_trust *renewed = NULL;
    QV_CLEANUP(qv_trust_renewal) struct qv_trust_renewal renewal = {0};
    assert_int_equal(qv_trust_renew(*trust, &config, NULL, now, &renewed, &renewal), QV_OK);
    qv_trust_free(trust);
    *trust = renewed;
}

/** One byte each way. */
static void expect_talk(const struct fx_tls *tls)
{
    char byte = 0;
    assert_int_equal(SSL_write(tls->server, "s", 1), 1);
    assert_int_equal(SSL_read(tls->client, &byte, 1), 1);
    assert_int_equal(byte, 's');
    assert_int_equal(SSL_write(tls->client, "c", 1), 1);
    assert_int_equal(SSL_read(tls->server, &byte, 1), 1);
    assert_int_equal(byte, 'c');
}

/** All that can happen in TLS after a handshake. */
static void expect_life_after(struct fx_tls *tls, int version)
{
    expect_talk(tls);
    if (version == TLS1_3_VERSION) {
        assert_int_equal(SSL_key_update(tls->client, SSL_KEY_UPDATE_REQUESTED), 1);
        expect_talk(tls);
        assert_int_equal(SSL_key_update(tls->server, SSL_KEY_UPDATE_REQUESTED), 1);
        expect_talk(tls);
        assert_int_equal(SSL_new_session_ticket(tls->server), 1);
    } else {
        (void)SSL_renegotiate(tls->client);
        (void)SSL_do_handshake(tls->client); /* is refused with a warning */
        char byte;
        assert_int_equal(SSL_read(tls->server, &byte, 1), -1);
        ERR_clear_error();
        return;
    }
    expect_talk(tls);
}

static void connections_keep_no_crls(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        QV_CLEANUP(qv_trust) struct qv_trust *trust = load_good("cloud.crt", "cloud.crl");
        struct qv_anchors *old = watch(trust);
        struct fx_client client = {.pair = &peer, .chain = {&cloud}, .version = versions[i]};
        struct fx_tls tls;
        struct qv_path path;
        expect_path(trust, MUTUAL, &client, now, &tls, &path);
        expect_large_part(old, true);
        replace(&trust);
        expect_large_part(old, false);
        expect_life_after(&tls, versions[i]);
        struct qv_verdict verdict;
        qv_trust_judge_again(trust, tls.server, &path, now, &verdict);
        assert_int_equal(verdict.status, QV_OK);
        qv_anchors_weak_free(&old);
        fx_tls_free(&tls);
    }
}

/** The CAs of then are still looked through when somebody new is to vouch. */
static void the_cas_of_then_stay(void **state)
{
    (void)state;
    struct fx_client client = {.pair = &peer, .version = TLS1_3_VERSION};
    fx_write_certificate(&folder, "cloud-and-organization.crt", "w", cloud.x509);
    fx_write_certificate(&folder, "cloud-and-organization.crt", "a", organization.x509);
    QV_CLEANUP(qv_trust) struct qv_trust *trust = load_good("cloud-and-organization.crt", NULL);
    struct qv_anchors *old = watch(trust);
    struct fx_tls tls;
    struct qv_path path;
    expect_path(trust, MUTUAL, &client, now, &tls, &path);
    configure("master.crt", NULL);
    replace(&trust);
    expect_large_part(old, false);
    struct qv_verdict verdict;
    qv_trust_judge_again(trust, tls.server, &path, now, &verdict);
    assert_int_equal(verdict.status, QV_OK);
    assert_int_equal(path.count, 3);
    qv_anchors_weak_free(&old);
    fx_tls_free(&tls);
}

/** Where the CAs' files are at fault, the old anchors are the new trust's, too. */
static void what_stays_in_force_stays_whole(void **state)
{
    (void)state;
    QV_CLEANUP(qv_trust) struct qv_trust *trust = load_good("cloud.crt", "cloud.crl");
    struct qv_anchors *old = watch(trust);
    struct qv_anchors *elsewhere = qv_anchors_try_ref(old); /* as the registry has one */
    configure("cloud.crt", "absent.crl");
    replace(&trust);
    qv_anchors_free(&elsewhere);
    expect_large_part(old, true);
    configure("cloud.crt", "cloud.crl");
    elsewhere = qv_anchors_try_ref(old);
    replace(&trust);
    expect_large_part(old, true);
    qv_anchors_free(&elsewhere);
    expect_large_part(old, false);
    assert_null(qv_anchors_try_ref(old));
    qv_anchors_weak_free(&old);
}

/** What a callback of a context does, until nobody has a reference any more. */
static void *use_until_gone(void *arg)
{
    size_t broken = 0;
    struct qv_anchors *weak = arg, *anchors;
    while ((anchors = qv_anchors_try_ref(weak)) != NULL) {
        broken += qv_crls_serial_count(qv_anchors_crls(anchors)) != 2;
        qv_anchors_free(&anchors);
    }
    qv_anchors_weak_free(&weak);
    return (void *)(uintptr_t)broken;
}

static void threads_may_ask_while_it_goes(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        pthread_t threads[4];
        QV_CLEANUP(qv_trust) struct qv_trust *trust = load_good("cloud.crt", "cloud.crl");
        for (size_t i = 0; i < 4; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, use_until_gone, watch(trust)), 0);
        struct qv_anchors *late = watch(trust);
        qv_trust_free(&trust);
        for (size_t i = 0; i < 4; i++) {
            void *result = NULL;
            assert_int_equal(pthread_join(threads[i], &result), 0);
            assert_null(result);
        }
        expect_large_part(late, false);
        qv_anchors_weak_free(&late);
    }
}

/* --- handshakes over the swap --- */

/** Both sides as far as they get, the server at most `steps` times. */
static int drive(struct fx_tls *tls, int steps)
{
    char byte;
    int result = 0;
    for (int i = 0; i < steps && result != 1; i++) {
        (void)SSL_read(tls->client, &byte, 1);
        ERR_clear_error();
        result = SSL_do_handshake(tls->server);
    }
    (void)SSL_read(tls->client, &byte, 1);
    return result;
}

/** A handshake of which the server has seen no more than the beginning. */
static void begin_handshake(struct qv_trust *trust, const struct fx_client *client,
                            struct fx_tls *tls)
{
    *tls = (struct fx_tls){.alert = -1};
    fx_client_begin(tls, client);
    tls->server = SSL_new(qv_trust_context(trust, MUTUAL));
    SSL_set_accept_state(tls->server);
    BIO *left = NULL, *right = NULL;
    assert_int_equal(BIO_new_bio_pair(&left, 1 << 18, &right, 1 << 18), 1);
    SSL_set_bio(tls->client, left, left);
    SSL_set_bio(tls->server, right, right);
}

static void a_handshake_that_is_held_on_to_goes_through(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        QV_CLEANUP(qv_trust) struct qv_trust *trust = load_good("cloud.crt", "cloud.crl");
        struct qv_anchors *old = watch(trust);
        struct fx_client client = {.pair = &peer, .version = versions[i]};
        struct fx_tls tls;
        begin_handshake(trust, &client, &tls);
        assert_int_not_equal(drive(&tls, 1), 1);
        struct qv_trust *held = qv_trust_ref(trust);
        replace(&trust);
        expect_large_part(old, true);
        assert_int_equal(drive(&tls, 9), 1);
        qv_trust_free(&held);
        expect_large_part(old, false);
        struct qv_path path;
        struct qv_verdict verdict;
        QV_CLEANUP(qv_identity) struct qv_identity *identity = NULL;
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        qv_trust_judge(trust, tls.server, now, &verdict, &path, &identity, &error);
        assert_int_equal(verdict.status, QV_OK);
        assert_non_null(identity);
        expect_talk(&tls);
        qv_anchors_weak_free(&old);
        fx_tls_free(&tls);
    }
}

static void one_that_is_not_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        QV_CLEANUP(qv_trust) struct qv_trust *trust = load_good("cloud.crt", "cloud.crl");
        struct fx_client client = {.pair = &peer, .version = versions[i]};
        struct fx_tls tls;
        begin_handshake(trust, &client, &tls);
        assert_int_not_equal(drive(&tls, 1), 1);
        replace(&trust);
        assert_int_not_equal(drive(&tls, 9), 1);
        qv_trust_explain_failure(tls.server, &tls.verdict, &tls.peer);
        assert_string_equal(tls.verdict.code, "internal");
        assert_non_null(strstr(tls.verdict.reason, "not in force any more"));
        assert_non_null(tls.peer);
        assert_int_equal(tls.alert, SSL_AD_INTERNAL_ERROR);
        fx_tls_free(&tls);
    }
}

/** A ticket is worth nothing then, though its key is still there: the handshake is a full one. */
static void its_tickets_are_worth_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        QV_CLEANUP(qv_trust) struct qv_trust *trust = load_good("cloud.crt", "cloud.crl");
        struct fx_client client = {.pair = &peer, .version = versions[i]};
        struct fx_tls first, tls;
        struct qv_path path;
        expect_path(trust, MUTUAL, &client, now, &first, &path);
        client.session = first.session;
        assert_non_null(client.session);
        begin_handshake(trust, &client, &tls);
        replace(&trust);
        assert_int_not_equal(drive(&tls, 9), 1);
        assert_int_equal(SSL_session_reused(tls.server), 0);
        assert_int_equal(tls.alert, SSL_AD_INTERNAL_ERROR);
        ERR_clear_error();
        fx_tls_free(&tls);
        fx_tls_free(&first);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections_keep_no_crls),
        cmocka_unit_test(the_cas_of_then_stay),
        cmocka_unit_test(what_stays_in_force_stays_whole),
        cmocka_unit_test(threads_may_ask_while_it_goes),
        cmocka_unit_test(a_handshake_that_is_held_on_to_goes_through),
        cmocka_unit_test(one_that_is_not_is_refused),
        cmocka_unit_test(its_tickets_are_worth_nothing),
    };
    return cmocka_run_group_tests(tests, begin_life, end_life);
}
