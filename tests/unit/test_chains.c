// links: trust
/*
 * The memory of verified chains: bounded, by exactly what was sent, shared by threads; and in
 * handshakes it saves the path validation and nothing else. That no path was validated shows in
 * OpenSSL having no verified chain.
 */
#include "../../src/trust/anchors.h"
#include "../../src/trust/chains.h"
#include "trust_fixture.h"
#include <pthread.h>

/* --- by itself --- */

static struct qv_chain_key key_of(size_t number)
{
    struct qv_chain_key key;
    struct qv_str text = {.at = (const char *)&number, .length = sizeof(number)};
    assert_int_equal(qv_sha256(text, key.digest), QV_OK);
    return key;
}

static void remember(struct qv_chains *chains, size_t number)
{
    struct qv_chain_key key = key_of(number);
    struct qv_path path = {.count = 1, .end.seconds = (int64_t)number};
    qv_chains_remember(chains, &key, &path);
}

static bool recall(struct qv_chains *chains, size_t number)
{
    struct qv_chain_key key = key_of(number);
    struct qv_path path;
    bool found = qv_chains_recall(chains, &key, &path);
    assert_true(!found || path.end.seconds == (int64_t)number);
    return found;
}

static void what_was_remembered_is_recalled(void **state)
{
    (void)state;
    QV_CLEANUP(qv_chains) struct qv_chains *chains = NULL;
    assert_int_equal(qv_chains_new(&chains), QV_OK);
    assert_false(recall(chains, 1));
    remember(chains, 1);
    remember(chains, 1);
    assert_true(recall(chains, 1));
    assert_false(recall(chains, 2));
    assert_int_equal(qv_chains_count(chains), 1);
    qv_memory_fail_at(1);
    remember(chains, 2);
    qv_memory_fail_at(0);
    assert_false(recall(chains, 2));
    assert_true(recall(chains, 1));
    struct qv_chains *none = NULL;
    qv_memory_fail_at(1);
    assert_int_equal(qv_chains_new(&none), QV_NO_MEMORY);
    qv_memory_fail_at(0);
    assert_null(none);
}

static void it_is_bounded(void **state)
{
    (void)state;
    QV_CLEANUP(qv_chains) struct qv_chains *chains = NULL;
    assert_int_equal(qv_chains_new(&chains), QV_OK);
    for (size_t i = 0; i < 4 * QV_CHAINS_MAX; i++) {
        remember(chains, i);
        assert_true(recall(chains, i)); /* the newest is there, whoever had to go */
    }
    assert_true(qv_chains_count(chains) <= QV_CHAINS_MAX);
    assert_true(qv_chains_count(chains) > QV_CHAINS_MAX * 9 / 10);
    size_t recent = 0;
    for (size_t i = 4 * QV_CHAINS_MAX - 1000; i < 4 * QV_CHAINS_MAX; i++)
        recent += recall(chains, i);
    assert_true(recent > 900); /* the oldest of a set goes first */
}

static void *hammer(void *chains)
{
    for (size_t i = 0; i < 20000; i++) {
        remember(chains, i % 500);
        (void)recall(chains, i * 7 % 500);
    }
    return NULL;
}

static void threads_share_it(void **state)
{
    (void)state;
    QV_CLEANUP(qv_chains) struct qv_chains *chains = NULL;
    assert_int_equal(qv_chains_new(&chains), QV_OK);
    pthread_t threads[3];
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, chains), 0);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(qv_chains_count(chains), 500);
}

static void the_key_is_what_was_sent(void **state)
{
    (void)state;
    X509 *const lists[][3] = {{NULL},
                              {cloud.x509},
                              {organization.x509},
                              {cloud.x509, organization.x509},
                              {organization.x509, cloud.x509},
                              {cloud.x509, cloud.x509}};
    enum { COUNT = sizeof(lists) / sizeof(lists[0]) };
    struct qv_chain_key keys[COUNT + 1], same;
    for (size_t i = 0; i < COUNT; i++) {
        STACK_OF(X509) *sent = sk_X509_new_null();
        for (size_t k = 0; lists[i][k] != NULL; k++)
            assert_true(sk_X509_push(sent, lists[i][k]) > 0);
        assert_int_equal(qv_chain_key_of(registry.x509, sent, &keys[i]), QV_OK);
        /* libssl's list begins with the leaf */
        assert_true(sk_X509_unshift(sent, registry.x509) > 0);
        assert_int_equal(qv_chain_key_of(registry.x509, sent, &same), QV_OK);
        assert_memory_equal(&same, &keys[i], sizeof(same));
        sk_X509_free(sent);
    }
    assert_int_equal(qv_chain_key_of(registry.x509, NULL, &same), QV_OK);
    assert_memory_equal(&same, &keys[0], sizeof(same));
    assert_int_equal(qv_chain_key_of(cloud.x509, NULL, &keys[COUNT]), QV_OK);
    for (size_t i = 0; i <= COUNT; i++)
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(&keys[i], &keys[k], sizeof(keys[i]));
}

/* --- in handshakes --- */

/** Lets it in; was the path validated for it? */
static bool is_validated(struct qv_trust *trust, const struct fx_client *client)
{
    struct fx_tls tls;
    struct qv_path path;
    expect_path(trust, MUTUAL, client, now, &tls, &path);
    assert_int_equal(SSL_session_reused(tls.server), 0);
    bool validated = sk_X509_num(SSL_get0_verified_chain(tls.server)) > 0;
    fx_tls_free(&tls);
    return validated;
}

static size_t remembered(struct qv_trust *trust)
{
    return qv_chains_count(qv_trust_anchors(trust)->chains);
}

static void who_comes_back_costs_no_second_validation(void **state)
{
    (void)state;
    QV_CLEANUP(qv_trust) struct qv_trust *trust = load_good("cloud.crt", "cloud.crl");
    struct fx_pair leaf = fx_system(&cloud, "a", "65"), other = fx_system(&cloud, "a", "64");
    struct fx_client client = {.pair = &leaf, .version = TLS1_2_VERSION};
    assert_true(is_validated(trust, &client));
    assert_false(is_validated(trust, &client));
    client.version = TLS1_3_VERSION;
    assert_false(is_validated(trust, &client));
    assert_int_equal(remembered(trust), 1);
    client.pair = &other;
    assert_true(is_validated(trust, &client));
    client.chain[0] = &cloud; /* not the same list */
    assert_true(is_validated(trust, &client));
    assert_false(is_validated(trust, &client));
    assert_int_equal(remembered(trust), 3);
    /* other anchors have verified nothing yet, be they the same files */
    QV_CLEANUP(qv_trust) struct qv_trust *next = load_good("cloud.crt", "cloud.crl");
    assert_int_equal(remembered(next), 0);
    assert_true(is_validated(next, &client));
    fx_free(&leaf);
    fx_free(&other);
}

static void a_memory_lets_nobody_in_by_anothers_key(void **state)
{
    (void)state;
    QV_CLEANUP(qv_trust) struct qv_trust *trust = load_good("cloud.crt", NULL);
    struct fx_pair leaf = fx_system(&cloud, "a", "65"), thief = fx_system(&stranger, "a", "65");
    struct fx_client client = {.pair = &leaf, .version = TLS1_3_VERSION};
    assert_true(is_validated(trust, &client));
    /* the same name and serial, another signature */
    client.pair = &thief;
    expect_refused(trust, &client, "bad-signature", SSL_AD_DECRYPT_ERROR);
    fx_free(&leaf);
    fx_free(&thief);
}

static void only_what_was_verified_is_remembered(void **state)
{
    (void)state;
    QV_CLEANUP(qv_trust) struct qv_trust *trust = load_good("cloud.crt", NULL);
    struct fx_spec specs[] = {
        {.cn = "a." FX_CLOUD, .issuer = &stranger},
        {.cn = "a." FX_CLOUD, .issuer = &cloud, .ku = FX_NONE},
        {.cn = "a." FX_CLOUD, .issuer = &cloud, .version = 1},
    };
    static const char *const codes[] = {"bad-signature", "leaf-rule", "leaf-rule"};
    static const int alerts[] = {SSL_AD_DECRYPT_ERROR, SSL_AD_UNSUPPORTED_CERTIFICATE,
                                 SSL_AD_BAD_CERTIFICATE};
    for (size_t i = 0; i < 6; i++) {
        struct fx_pair leaf = fx_make(&specs[i / 2]);
        struct fx_client client = {.pair = &leaf, .version = versions[i % 2]};
        for (int round = 0; round < 2; round++)
            expect_refused(trust, &client, codes[i / 2], alerts[i / 2]);
        fx_free(&leaf);
    }
    assert_int_equal(remembered(trust), 0);
}

static void dates_and_crls_are_asked_each_time(void **state)
{
    (void)state;
    struct fx_crl crl = {.issuer = &cloud, .serials = {"66"}, .begin = -FX_DAY, .end = 300};
    fx_write_crl(&folder, "short.crl", "w", &crl);
    struct fx_spec spec = {.cn = "a." FX_CLOUD, .issuer = &cloud, .begin = -FX_DAY, .end = 600};
    struct fx_pair leaf = fx_make(&spec), revoked = fx_system(&cloud, "b", "66");
    for (size_t i = 0; i < 2; i++) {
        QV_CLEANUP(qv_trust) struct qv_trust *trust = load_good("cloud.crt", "short.crl");
        SSL_CTX *context = qv_trust_context(trust, MUTUAL);
        struct fx_client client = {.pair = &leaf, .version = versions[i]};
        assert_true(is_validated(trust, &client));
        set_clock(context, 400);
        expect_refused(trust, &client, "stale-crl", SSL_AD_CERTIFICATE_EXPIRED);
        set_clock(context, 700);
        expect_refused(trust, &client, "expired", SSL_AD_CERTIFICATE_EXPIRED);
        set_clock(context, -2 * FX_DAY);
        expect_refused(trust, &client, "not-yet-valid", SSL_AD_BAD_CERTIFICATE);
        set_clock(context, 0);
        client.pair = &revoked;
        for (int round = 0; round < 2; round++)
            expect_refused(trust, &client, "revoked", SSL_AD_CERTIFICATE_REVOKED);
    }
    fx_free(&leaf);
    fx_free(&revoked);
}

/** What is remembered by a CA's certificate that has ended since is verified by its renewed one. */
static void a_path_out_of_time_is_looked_for_anew(void **state)
{
    (void)state;
    struct fx_spec spec = {.cn = FX_CLOUD,
                           .dnq = "lo",
                           .use_key = cloud.key,
                           .begin = -FX_DAY,
                           .end = 600,
                           .bc = "critical,CA:TRUE",
                           .ku = "critical,keyCertSign,cRLSign",
                           .eku = FX_NONE};
    struct fx_pair first = fx_make(&spec), leaf = fx_system(&cloud, "a", "65");
    QV_CLEANUP(qv_trust) struct qv_trust *trust = load_good("cloud.crt", NULL);
    struct fx_client client = {.pair = &leaf, .version = TLS1_3_VERSION};
    STACK_OF(X509) *by_first = sk_X509_new_null();
    assert_true(sk_X509_push(by_first, leaf.x509) > 0 && sk_X509_push(by_first, first.x509) > 0);
    struct qv_path path;
    struct qv_chain_key key;
    assert_int_equal(qv_path_of(by_first, &path), QV_OK);
    assert_int_equal(qv_chain_key_of(leaf.x509, NULL, &key), QV_OK);
    qv_chains_remember(qv_trust_anchors(trust)->chains, &key, &path);
    assert_false(is_validated(trust, &client));
    struct fx_tls tls;
    set_clock(qv_trust_context(trust, MUTUAL), 700);
    expect_path(trust, MUTUAL, &client, later(700), &tls, &path);
    assert_true(sk_X509_num(SSL_get0_verified_chain(tls.server)) > 0);
    assert_true(path.end.seconds > now.seconds + 700);
    fx_tls_free(&tls);
    sk_X509_free(by_first);
    fx_free(&first);
    fx_free(&leaf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_remembered_is_recalled),
        cmocka_unit_test(it_is_bounded),
        cmocka_unit_test(threads_share_it),
        cmocka_unit_test(the_key_is_what_was_sent),
        cmocka_unit_test(who_comes_back_costs_no_second_validation),
        cmocka_unit_test(a_memory_lets_nobody_in_by_anothers_key),
        cmocka_unit_test(only_what_was_verified_is_remembered),
        cmocka_unit_test(dates_and_crls_are_asked_each_time),
        cmocka_unit_test(a_path_out_of_time_is_looked_for_anew),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
