// links: trust
/*
 * Resumption gets past no judgement: a ticket is good only at the trust and the listener that gave
 * it, and while the path by which its owner was let in still stands. What is not good goes on as a
 * full handshake. Ticket keys are copied between contexts here, for else nothing but OpenSSL's
 * decryption would be tested. In TLS 1.2 and 1.3.
 */
#include "../../src/trust/tickets.h"
#include "trust_fixture.h"

static void copy_keys(SSL_CTX *from, SSL_CTX *to)
{
    unsigned char keys[80];
    assert_int_equal(SSL_CTX_get_tlsext_ticket_keys(from, keys, sizeof(keys)), 1);
    assert_int_equal(SSL_CTX_set_tlsext_ticket_keys(to, keys, sizeof(keys)), 1);
}

/** A session of a handshake that was let in; the caller frees it. */
static SSL_SESSION *session_of(struct qv_trust *trust, size_t listener,
                               const struct fx_client *client)
{
    struct fx_tls tls;
    struct qv_path path;
    expect_path(trust, listener, client, now, &tls, &path);
    assert_int_equal(SSL_session_reused(tls.server), 0);
    SSL_SESSION *session = tls.session;
    assert_non_null(session);
    tls.session = NULL;
    fx_tls_free(&tls);
    return session;
}

/** Let in, by resumption or in full. */
static void expect_let_in(struct qv_trust *trust, size_t listener, const struct fx_client *client,
                          struct qv_wall when, bool resumed)
{
    struct fx_tls tls;
    struct qv_path path;
    expect_path(trust, listener, client, when, &tls, &path);
    assert_int_equal(SSL_session_reused(tls.server), resumed);
    fx_tls_free(&tls);
}

static void a_peer_resumes(void **state)
{
    (void)state;
    QV_CLEANUP(qv_trust) struct qv_trust *trust = load_good("cloud.crt", "cloud.crl");
    struct fx_pair leaf = fx_system(&cloud, "kelvin", "65");
    for (size_t i = 0; i < 2; i++) {
        struct fx_client client = {.pair = &leaf, .chain = {&cloud}, .version = versions[i]};
        struct qv_path first, again;
        struct fx_tls full, resumed;
        expect_path(trust, MUTUAL, &client, now, &full, &first);
        client.session = full.session;
        client.pair = NULL; /* the proof is in the session */
        for (int round = 0; round < 3; round++) {
            expect_path(trust, MUTUAL, &client, now, &resumed, &again);
            assert_int_equal(SSL_session_reused(resumed.server), 1);
            assert_memory_equal(&again, &first, sizeof(again));
            assert_int_equal(X509_cmp(SSL_get0_peer_certificate(resumed.server), leaf.x509), 0);
            assert_int_equal(SSL_SESSION_get_max_early_data(resumed.session), 0);
            fx_tls_free(&full);
            full = resumed; /* what it was given now is shown next */
            client.session = full.session;
        }
        fx_tls_free(&full);
    }
    fx_free(&leaf);
}

static void a_resumed_peer_keeps_its_identity(void **state)
{
    (void)state;
    QV_CLEANUP(qv_trust) struct qv_trust *trust = load_good("cloud.crt", NULL);
    struct fx_pair leaf = fx_system(&cloud, "kelvin", "65");
    struct fx_spec nobody_spec = {.cn = "x.y", .issuer = &cloud};
    struct fx_pair nobody = fx_make(&nobody_spec);
    for (size_t i = 0; i < 4; i++) {
        struct fx_client client = {.pair = i < 2 ? &leaf : &nobody, .version = versions[i % 2]};
        struct fx_tls full, resumed;
        fx_handshake(qv_trust_context(trust, MUTUAL), &client, &full);
        assert_true(full.done);
        client.session = full.session;
        fx_handshake(qv_trust_context(trust, MUTUAL), &client, &resumed);
        assert_int_equal(SSL_session_reused(resumed.server), 1);
        struct qv_verdict verdict;
        struct qv_path path;
        QV_CLEANUP(qv_identity) struct qv_identity *identity = NULL;
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        qv_trust_judge(trust, resumed.server, now, &verdict, &path, &identity, &error);
        assert_int_equal(verdict.status, QV_OK);
        assert_int_equal(error.status, i < 2 ? QV_OK : QV_UNAUTHENTICATED);
        assert_true((identity != NULL) == (i < 2));
        if (identity != NULL)
            assert_string_equal(identity->system, "kelvin");
        fx_tls_free(&full);
        fx_tls_free(&resumed);
    }
    fx_free(&leaf);
    fx_free(&nobody);
}

static void whoever_sent_none_resumes_where_none_is_needed(void **state)
{
    (void)state;
    QV_CLEANUP(qv_trust) struct qv_trust *trust = load_good("cloud.crt", NULL);
    for (size_t i = 0; i < 2; i++) {
        struct fx_client client = {.version = versions[i]};
        SSL_SESSION *session = session_of(trust, SERVER, &client);
        client.session = session;
        expect_let_in(trust, SERVER, &client, now, true);
        SSL_SESSION_free(session);
    }
}

static void a_ticket_of_nobody_stands_for_no_certificate(void **state)
{
    (void)state;
    QV_CLEANUP(qv_trust) struct qv_trust *trust = load_good("cloud.crt", NULL);
    SSL_CTX *context = qv_trust_context(trust, MUTUAL);
    static const int alerts[] = {SSL_AD_HANDSHAKE_FAILURE, SSL_AD_CERTIFICATE_REQUIRED};
    for (size_t i = 0; i < 2; i++) {
        struct fx_client client = {.version = versions[i]};
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL); /* as if it had asked for none once */
        SSL_SESSION *session = session_of(trust, MUTUAL, &client);
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
        client.session = session;
        expect_refused(trust, &client, "no-certificate", alerts[i]);
        SSL_SESSION_free(session);
    }
}

/* --- under another trust --- */

struct swap {
    const char *trust, *crl;
    const char *code; /**< NULL: the full handshake lets it in */
    int alert;
};

/** With the keys of the one before, and without. */
static void expect_swapped(const struct swap *swap, const struct fx_client *asked, bool keys)
{
    QV_CLEANUP(qv_trust) struct qv_trust *before = load_good("both.crt", NULL);
    QV_CLEANUP(qv_trust) struct qv_trust *after = load_good(swap->trust, swap->crl);
    if (keys)
        copy_keys(qv_trust_context(before, MUTUAL), qv_trust_context(after, MUTUAL));
    struct fx_client client = *asked;
    SSL_SESSION *session = session_of(before, MUTUAL, &client);
    client.session = session;
    if (swap->code != NULL)
        expect_refused(after, &client, swap->code, swap->alert);
    else
        expect_let_in(after, MUTUAL, &client, now, false);
    /* where nothing changed it is good */
    expect_let_in(before, MUTUAL, &client, now, true);
    SSL_SESSION_free(session);
}

static void a_ticket_ends_with_its_trust(void **state)
{
    (void)state;
    struct fx_pair of_cloud = fx_system(&cloud, "a", "66");
    struct fx_pair of_stranger = fx_system(&stranger, "b", "01");
    static const struct swap rows[] = {
        {"both.crt", "cloud.crl", "revoked", SSL_AD_CERTIFICATE_REVOKED},
        {"cloud.crt", NULL, "bad-signature", SSL_AD_DECRYPT_ERROR}, /* its CA left */
        {"both.crt", NULL, NULL, 0},
    };
    for (size_t i = 0; i < 4 * sizeof(rows) / sizeof(rows[0]); i++) {
        struct fx_client client = {.pair = i / 4 == 1 ? &of_stranger : &of_cloud,
                                   .version = versions[i % 2]};
        expect_swapped(&rows[i / 4], &client, i / 2 % 2 == 1);
    }
    fx_free(&of_cloud);
    fx_free(&of_stranger);
}

/** As if a generation had kept its number: the path itself is judged. */
static void a_path_that_does_not_stand_is_refused(void **state)
{
    (void)state;
    struct fx_pair leaf = fx_system(&cloud, "a", "66");
    QV_CLEANUP(qv_trust) struct qv_trust *before = load_good("cloud.crt", NULL);
    QV_CLEANUP(qv_trust) struct qv_trust *after = load_good("cloud.crt", "cloud.crl");
    SSL_CTX *context = qv_trust_context(after, MUTUAL);
    copy_keys(qv_trust_context(before, MUTUAL), context);
    SSL *any = SSL_new(context);
    struct qv_binding *binding = (struct qv_binding *)(uintptr_t)qv_verdict_bound(any);
    SSL_free(any);
    binding->generation = qv_trust_generation(before);
    for (size_t i = 0; i < 2; i++) {
        struct fx_client client = {.pair = &leaf, .version = versions[i]};
        SSL_SESSION *session = session_of(before, MUTUAL, &client);
        client.session = session;
        expect_refused(after, &client, "revoked", SSL_AD_CERTIFICATE_REVOKED);
        SSL_SESSION_free(session);
    }
    fx_free(&leaf);
}

/* --- at another listener --- */

static void a_ticket_is_good_at_its_listener_alone(void **state)
{
    (void)state;
    struct fx_pair leaf = fx_system(&cloud, "a", "65");
    QV_CLEANUP(qv_trust) struct qv_trust *trust = load_good("cloud.crt", NULL);
    SSL_CTX *contexts[LISTENERS] = {
        [MUTUAL] = qv_trust_context(trust, MUTUAL), [SERVER] = qv_trust_context(trust, SERVER)};
    for (size_t i = 0; i < 8; i++) {
        if (i == 4) { /* from here on nothing of OpenSSL's tells them apart */
            copy_keys(contexts[MUTUAL], contexts[SERVER]);
            for (size_t k = 0; k < LISTENERS; k += SERVER)
                assert_int_equal(
                    SSL_CTX_set_session_id_context(contexts[k], (const unsigned char *)"same", 4),
                    1);
        }
        size_t from = i / 2 % 2 == 0 ? MUTUAL : SERVER, to = from == MUTUAL ? SERVER : MUTUAL;
        struct fx_client client = {.pair = &leaf, .version = versions[i % 2]};
        SSL_SESSION *session = session_of(trust, from, &client);
        client.session = session;
        expect_let_in(trust, to, &client, now, false);
        expect_let_in(trust, from, &client, now, true);
        SSL_SESSION_free(session);
    }
    struct fx_client nobody = {.version = TLS1_3_VERSION};
    SSL_SESSION *session = session_of(trust, SERVER, &nobody);
    nobody.session = session;
    expect_refused(trust, &nobody, "no-certificate", SSL_AD_CERTIFICATE_REQUIRED);
    SSL_SESSION_free(session);
    fx_free(&leaf);
}

/* --- with time --- */

static void a_ticket_ends_with_its_path(void **state)
{
    (void)state;
    struct fx_spec spec = {.cn = "a." FX_CLOUD, .issuer = &cloud, .begin = -FX_DAY, .end = 600};
    struct fx_pair leaf = fx_make(&spec);
    for (size_t i = 0; i < 2; i++) {
        QV_CLEANUP(qv_trust) struct qv_trust *trust = load_good("cloud.crt", NULL);
        struct fx_client client = {.pair = &leaf, .version = versions[i]};
        SSL_SESSION *session = session_of(trust, MUTUAL, &client);
        client.session = session;
        set_clock(qv_trust_context(trust, MUTUAL), 500);
        expect_let_in(trust, MUTUAL, &client, later(500), true);
        set_clock(qv_trust_context(trust, MUTUAL), 700);
        expect_refused(trust, &client, "expired", SSL_AD_CERTIFICATE_EXPIRED);
        SSL_SESSION_free(session);
    }
    fx_free(&leaf);
}

static void a_ticket_is_refused_while_the_crl_is_stale(void **state)
{
    (void)state;
    struct fx_crl crl = {.issuer = &cloud, .begin = -FX_DAY, .end = 600};
    fx_write_crl(&folder, "short.crl", "w", &crl);
    struct fx_pair leaf = fx_system(&cloud, "a", "65");
    for (size_t i = 0; i < 4; i++) {
        configure("cloud.crt", "short.crl");
        config.tls.stale_crl = i < 2 ? QV_STALE_CRL_REFUSE : QV_STALE_CRL_ALLOW;
        QV_CLEANUP(qv_trust) struct qv_trust *trust = load_configured();
        struct fx_client client = {.pair = &leaf, .version = versions[i % 2]};
        SSL_SESSION *session = session_of(trust, MUTUAL, &client);
        client.session = session;
        set_clock(qv_trust_context(trust, MUTUAL), 700);
        if (i < 2)
            expect_refused(trust, &client, "stale-crl", SSL_AD_CERTIFICATE_EXPIRED);
        else
            expect_let_in(trust, MUTUAL, &client, later(700), true);
        SSL_SESSION_free(session);
    }
    fx_free(&leaf);
}

/** However often it is renewed, the key is proven anew within the hour. */
static void a_ticket_ends_an_hour_after_the_proof(void **state)
{
    (void)state;
    struct fx_pair leaf = fx_system(&cloud, "a", "65");
    static const struct {
        long clock;
        bool resumed;
    } rows[] = {{0, true}, {3590, true}, {3601, false}, {-10, false}};
    for (size_t i = 0; i < 2; i++) {
        QV_CLEANUP(qv_trust) struct qv_trust *trust = load_good("cloud.crt", NULL);
        struct fx_client client = {.pair = &leaf, .version = versions[i]};
        set_clock(qv_trust_context(trust, MUTUAL), 0);
        SSL_SESSION *session = session_of(trust, MUTUAL, &client);
        for (size_t k = 0; k < 4; k++) {
            client.session = session;
            set_clock(qv_trust_context(trust, MUTUAL), rows[k].clock);
            struct fx_tls tls;
            struct qv_path path;
            expect_path(trust, MUTUAL, &client, later(rows[k].clock), &tls, &path);
            assert_int_equal(SSL_session_reused(tls.server), rows[k].resumed);
            if (rows[k].resumed) { /* the renewed one is shown next */
                SSL_SESSION_free(session);
                session = tls.session;
                tls.session = NULL;
            }
            fx_tls_free(&tls);
        }
        SSL_SESSION_free(session);
    }
    fx_free(&leaf);
}

/* --- without its data --- */

static int issue_other(SSL *ssl, void *bytes)
{
    const char *text = bytes;
    return SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), text, strlen(text));
}

static void a_ticket_that_carries_nothing_of_ours_is_refused(void **state)
{
    (void)state;
    static char nothing[] = "", something[] =
                                    "\x01 this is long enough to hold what is looked for, "
                                    "and yet it is nothing that was written here";
    char *const carried[] = {nothing, something};
    struct fx_pair leaf = fx_system(&cloud, "a", "65");
    QV_CLEANUP(qv_trust) struct qv_trust *trust = load_good("cloud.crt", NULL);
    SSL_CTX *context = qv_trust_context(trust, MUTUAL);
    for (size_t i = 0; i < 4; i++) {
        struct fx_client client = {.pair = &leaf, .version = versions[i % 2]};
        assert_int_equal(SSL_CTX_set_session_ticket_cb(context, issue_other, NULL, carried[i / 2]),
                         1);
        SSL_SESSION *session = session_of(trust, MUTUAL, &client);
        client.session = session;
        struct fx_tls tls;
        fx_handshake(context, &client, &tls);
        assert_int_equal(SSL_session_reused(tls.server), 1); /* OpenSSL by itself takes it */
        struct qv_path path;
        assert_int_equal(qv_ticket_path(tls.server, &path), QV_INVALID);
        fx_tls_free(&tls);
        assert_int_equal(qv_tickets_install(context, true), QV_OK);
        expect_let_in(trust, MUTUAL, &client, now, false);
        SSL_SESSION_free(session);
    }
    fx_free(&leaf);
}

/** 0-RTT is offered by nobody; without a ticket of its own a client is served in full. */
static void whoever_has_no_ticket_gets_one(void **state)
{
    (void)state;
    struct fx_pair leaf = fx_system(&cloud, "a", "65");
    QV_CLEANUP(qv_trust) struct qv_trust *trust = load_good("cloud.crt", NULL);
    QV_CLEANUP(qv_trust) struct qv_trust *other = load_good("cloud.crt", NULL);
    for (size_t i = 0; i < 2; i++) {
        struct fx_client client = {.pair = &leaf, .version = versions[i]};
        SSL_SESSION *foreign = session_of(other, MUTUAL, &client);
        client.session = foreign;
        SSL_SESSION *session = session_of(trust, MUTUAL, &client); /* in full, with a new one */
        client.session = session;
        expect_let_in(trust, MUTUAL, &client, now, true);
        SSL_SESSION_free(foreign);
        SSL_SESSION_free(session);
        assert_int_equal(SSL_CTX_get_max_early_data(qv_trust_context(trust, MUTUAL)), 0);
    }
    fx_free(&leaf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peer_resumes),
        cmocka_unit_test(a_resumed_peer_keeps_its_identity),
        cmocka_unit_test(whoever_sent_none_resumes_where_none_is_needed),
        cmocka_unit_test(a_ticket_of_nobody_stands_for_no_certificate),
        cmocka_unit_test(a_ticket_ends_with_its_trust),
        cmocka_unit_test(a_path_that_does_not_stand_is_refused),
        cmocka_unit_test(a_ticket_is_good_at_its_listener_alone),
        cmocka_unit_test(a_ticket_ends_with_its_path),
        cmocka_unit_test(a_ticket_is_refused_while_the_crl_is_stale),
        cmocka_unit_test(a_ticket_ends_an_hour_after_the_proof),
        cmocka_unit_test(a_ticket_that_carries_nothing_of_ours_is_refused),
        cmocka_unit_test(whoever_has_no_ticket_gets_one),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
