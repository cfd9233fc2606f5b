// links: trust
/*
 * Judged again: live connections, and handshakes that ended under another trust than they began
 * under. What changed counts, what only keeps newcomers out does not.
 */
#include "trust_fixture.h"

/** Let in under `before`, judged under `after` at `when`. */
static void expect_rejudged(struct qv_trust *before, struct qv_trust *after, struct qv_wall when,
                            const char *serial, const char *code)
{
    struct fx_pair leaf = fx_system(&cloud, "a", serial);
    for (size_t i = 0; i < 2; i++) {
        struct fx_client client = {
            .pair = &leaf, .chain = {&cloud, &organization}, .version = versions[i]};
        struct fx_tls tls;
        struct qv_path path, live;
        expect_path(before, MUTUAL, &client, now, &tls, &live);
        struct qv_verdict verdict;
        QV_CLEANUP(qv_identity) struct qv_identity *identity = NULL;
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        qv_trust_judge(after, tls.server, when, &verdict, &path, &identity, &error);
        assert_string_equal(verdict.code, code);
        assert_true((verdict.status == QV_OK) == (code[0] == '\0'));
        assert_true((identity != NULL) == (code[0] == '\0'));
        qv_trust_judge_again(after, tls.server, &live, when, &verdict);
        assert_string_equal(verdict.code, code);
        assert_true((verdict.status == QV_OK) == (code[0] == '\0'));
        if (code[0] == '\0')
            assert_memory_equal(&live, &path, sizeof(path));
        assert_int_equal(ERR_peek_error(), 0);
        fx_tls_free(&tls);
    }
    fx_free(&leaf);
}

static void what_changed_meanwhile_counts(void **state)
{
    (void)state;
    QV_CLEANUP(qv_trust) struct qv_trust *old = load_good("cloud.crt", NULL);
    QV_CLEANUP(qv_trust) struct qv_trust *with_crl = load_good("cloud.crt", "cloud.crl");
    QV_CLEANUP(qv_trust) struct qv_trust *of_master = load_good("master.crt", NULL);
    QV_CLEANUP(qv_trust) struct qv_trust *of_both = load_good("both.crt", NULL);
    expect_rejudged(old, old, now, "66", "");
    expect_rejudged(old, with_crl, now, "66", "revoked");
    expect_rejudged(old, with_crl, now, "65", "");
    expect_rejudged(old, of_both, now, "65", "");
    expect_rejudged(old, old, later(FX_DAY + 1), "65", "expired");
    expect_rejudged(old, with_crl, later(FX_DAY + 1), "65", "expired");
    expect_rejudged(old, old, later(-FX_DAY - 60), "65", "not-yet-valid");
    /* what the peer sent leads to the new CA, and from the old one's chain to its own */
    expect_rejudged(old, of_master, now, "65", "");
    expect_rejudged(of_master, old, now, "65", "");
    expect_rejudged(of_master, with_crl, now, "66", "revoked");
}

static void peers_of_a_ca_that_left_are_ended(void **state)
{
    (void)state;
    struct fx_pair of_stranger = fx_system(&stranger, "b", "01");
    QV_CLEANUP(qv_trust) struct qv_trust *both = load_good("both.crt", NULL);
    QV_CLEANUP(qv_trust) struct qv_trust *one = load_good("cloud.crt", NULL);
    struct fx_client client = {.pair = &of_stranger, .version = TLS1_3_VERSION};
    struct fx_tls tls;
    struct qv_path path;
    expect_path(both, MUTUAL, &client, now, &tls, &path);
    struct qv_verdict verdict;
    qv_trust_judge_again(both, tls.server, &path, now, &verdict);
    assert_int_equal(verdict.status, QV_OK);
    qv_trust_judge_again(one, tls.server, &path, now, &verdict);
    assert_int_equal(verdict.status, QV_DENIED);
    assert_string_equal(verdict.code, "unknown-issuer");
    assert_non_null(strstr(verdict.reason, "CN=b." FX_CLOUD));
    assert_non_null(strstr(verdict.reason, "no longer in tls.trust"));
    fx_tls_free(&tls);
    fx_free(&of_stranger);
}

/** Live stays where a newcomer is refused. */
static void what_only_keeps_out_ends_nothing(void **state)
{
    (void)state;
    struct fx_crl crl = {.issuer = &cloud, .serials = {"66"}, .begin = -FX_DAY, .end = 600};
    fx_write_crl(&folder, "short.crl", "w", &crl);
    QV_CLEANUP(qv_trust) struct qv_trust *stale = load_good("cloud.crt", "short.crl");
    configure("cloud.crt", NULL);
    config.tls.require_crl = true;
    QV_CLEANUP(qv_trust) struct qv_trust *required = load_configured();
    QV_CLEANUP(qv_trust) struct qv_trust *of_master = load_good("master.crt", NULL);
    struct fx_pair leaf = fx_system(&cloud, "a", "65"), revoked = fx_system(&cloud, "b", "66");
    struct fx_client client = {
        .pair = &leaf, .chain = {&cloud, &organization}, .version = TLS1_3_VERSION};
    struct fx_tls tls;
    struct qv_path path;
    struct qv_verdict verdict;
    struct qv_trust *const after[] = {stale, required, stale};
    for (size_t i = 0; i < 3; i++) {
        /* the third time the path is looked for anew */
        expect_path(i < 2 ? stale : of_master, MUTUAL, &client, now, &tls, &path);
        qv_trust_judge_again(after[i], tls.server, &path, later(700), &verdict);
        assert_int_equal(verdict.status, QV_OK);
        QV_CLEANUP(qv_identity) struct qv_identity *identity = NULL;
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        qv_trust_judge(after[i], tls.server, later(700), &verdict, &path, &identity, &error);
        assert_string_equal(verdict.code, i == 1 ? "no-crl" : "stale-crl");
        assert_null(identity);
        fx_tls_free(&tls);
    }
    client.pair = &revoked; /* stale as it is, what it says is true */
    expect_path(of_master, MUTUAL, &client, now, &tls, &path);
    qv_trust_judge_again(stale, tls.server, &path, later(700), &verdict);
    assert_string_equal(verdict.code, "revoked");
    fx_tls_free(&tls);
    fx_free(&leaf);
    fx_free(&revoked);
}

/** The cloud's CA as it was first, which ends in ten minutes, and as it was renewed. */
static struct fx_pair short_lived_ca(void)
{
    struct fx_spec spec = {.cn = FX_CLOUD,
                           .dnq = "lo",
                           .use_key = cloud.key,
                           .issuer = &organization,
                           .serial = "78",
                           .begin = -FX_DAY,
                           .end = 600,
                           .bc = "critical,CA:TRUE",
                           .ku = "critical,keyCertSign,cRLSign",
                           .eku = FX_NONE};
    return fx_make(&spec);
}

static void a_renewed_ca_vouches_on(void **state)
{
    (void)state;
    struct fx_pair first = short_lived_ca(), leaf = fx_system(&cloud, "a", "65");
    fx_write_certificate(&folder, "first.crt", "w", first.x509);
    fx_write_certificate(&folder, "overlap.crt", "w", first.x509);
    fx_write_certificate(&folder, "overlap.crt", "a", cloud.x509);
    QV_CLEANUP(qv_trust) struct qv_trust *before = load_good("first.crt", NULL);
    QV_CLEANUP(qv_trust) struct qv_trust *overlap = load_good("overlap.crt", NULL);
    QV_CLEANUP(qv_trust) struct qv_trust *after = load_good("cloud.crt", NULL);
    for (size_t i = 0; i < 2; i++) {
        struct fx_client client = {.pair = &leaf, .version = versions[i]};
        struct fx_tls tls;
        struct qv_path path;
        struct qv_verdict verdict;
        expect_path(before, MUTUAL, &client, now, &tls, &path);
        struct qv_wall its_end;
        assert_int_equal(qv_certificate_time(X509_get0_notAfter(first.x509), &its_end), QV_OK);
        assert_int_equal(path.end.seconds, its_end.seconds);
        /* its own CA's time is over, and nobody renewed it */
        qv_trust_judge_again(before, tls.server, &path, later(700), &verdict);
        assert_string_equal(verdict.code, "expired");
        assert_non_null(strstr(verdict.reason, "a CA certificate above it has expired"));
        struct qv_path by_time = path, by_swap = path;
        qv_trust_judge_again(overlap, tls.server, &by_time, later(500), &verdict);
        assert_int_equal(verdict.status, QV_OK);
        assert_memory_equal(&by_time, &path, sizeof(path)); /* no need to look further */
        qv_trust_judge_again(overlap, tls.server, &by_time, later(700), &verdict);
        assert_int_equal(verdict.status, QV_OK);
        qv_trust_judge_again(after, tls.server, &by_swap, now, &verdict);
        assert_int_equal(verdict.status, QV_OK);
        assert_memory_equal(&by_time, &by_swap, sizeof(path));
        assert_true(by_swap.end.seconds > now.seconds + 700);
        fx_tls_free(&tls);
    }
    fx_free(&first);
    fx_free(&leaf);
}

/** A resumed connection kept nothing of what was sent. */
static void a_resumed_connection_is_judged_likewise(void **state)
{
    (void)state;
    struct fx_pair leaf = fx_system(&cloud, "a", "66");
    QV_CLEANUP(qv_trust) struct qv_trust *old = load_good("cloud.crt", NULL);
    QV_CLEANUP(qv_trust) struct qv_trust *both = load_good("both.crt", NULL);
    QV_CLEANUP(qv_trust) struct qv_trust *with_crl = load_good("cloud.crt", "cloud.crl");
    for (size_t i = 0; i < 2; i++) {
        struct fx_client client = {.pair = &leaf, .version = versions[i]};
        struct fx_tls first, tls;
        struct qv_path path;
        expect_path(old, MUTUAL, &client, now, &first, &path);
        client.session = first.session;
        expect_path(old, MUTUAL, &client, now, &tls, &path);
        assert_int_equal(SSL_session_reused(tls.server), 1);
        struct qv_verdict verdict;
        qv_trust_judge_again(both, tls.server, &path, now, &verdict);
        assert_int_equal(verdict.status, QV_OK);
        qv_trust_judge_again(with_crl, tls.server, &path, now, &verdict);
        assert_string_equal(verdict.code, "revoked");
        qv_trust_judge_again(both, tls.server, &path, later(FX_DAY + 1), &verdict);
        assert_string_equal(verdict.code, "expired");
        QV_CLEANUP(qv_identity) struct qv_identity *identity = NULL;
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        struct qv_path at_the_end; /* the swap came in the middle of the handshake */
        qv_trust_judge(with_crl, tls.server, now, &verdict, &at_the_end, &identity, &error);
        assert_string_equal(verdict.code, "revoked");
        assert_null(identity);
        memset(path.anchor, 0, sizeof(path.anchor)); /* as if that CA had left */
        qv_trust_judge_again(both, tls.server, &path, now, &verdict);
        assert_int_equal(verdict.status, QV_OK);
        assert_true(qv_anchors_hold(qv_trust_anchors(both), &path));
        fx_tls_free(&first);
        fx_tls_free(&tls);
    }
    fx_free(&leaf);
}

static void nobody_stays_nobody(void **state)
{
    (void)state;
    QV_CLEANUP(qv_trust) struct qv_trust *trust = load_good("cloud.crt", "cloud.crl");
    struct fx_client client = {.version = TLS1_3_VERSION};
    struct fx_tls tls;
    struct qv_path path;
    expect_path(trust, SERVER, &client, now, &tls, &path);
    assert_int_equal(path.count, 0);
    struct qv_verdict verdict;
    qv_trust_judge_again(trust, tls.server, &path, later(FX_DAY * 9), &verdict);
    assert_int_equal(verdict.status, QV_OK);
    fx_tls_free(&tls);
}

/** A handshake in which nothing could be kept aside is judged from what the SSL itself has. */
static void without_memory_in_the_handshake(void **state)
{
    (void)state;
    struct fx_pair leaf = fx_system(&cloud, "a", "65");
    QV_CLEANUP(qv_trust) struct qv_trust *trust = load_good("cloud.crt", "cloud.crl");
    size_t resumable = 0, rounds = 20;
    for (size_t i = 0; i < 2 * rounds; i++) {
        struct fx_client client = {.pair = &leaf, .version = versions[i % 2]};
        struct fx_tls tls;
        qv_memory_fail_at(1 + i / 2);
        fx_handshake(qv_trust_context(trust, MUTUAL), &client, &tls);
        qv_memory_fail_at(0);
        assert_true(tls.done);
        struct qv_verdict verdict;
        struct qv_path path;
        QV_CLEANUP(qv_identity) struct qv_identity *identity = NULL;
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        qv_trust_judge(trust, tls.server, now, &verdict, &path, &identity, &error);
        assert_int_equal(verdict.status, QV_OK);
        assert_non_null(identity);
        assert_int_equal(path.count, 1);
        struct fx_tls again;
        client.session = tls.session;
        expect_path(trust, MUTUAL, &client, now, &again, &path);
        resumable += SSL_session_reused(again.server) == 1;
        fx_tls_free(&again);
        fx_tls_free(&tls);
    }
    assert_true(resumable > 0 && resumable < 2 * rounds);
    fx_free(&leaf);
}

static void every_allocation_of_a_judgement_may_fail(void **state)
{
    (void)state;
    struct fx_pair leaf = fx_system(&cloud, "a", "65");
    QV_CLEANUP(qv_trust) struct qv_trust *trust = load_good("cloud.crt", "cloud.crl");
    struct fx_client client = {.pair = &leaf, .version = TLS1_3_VERSION};
    struct fx_tls tls;
    struct qv_path path;
    expect_path(trust, MUTUAL, &client, now, &tls, &path);
    struct qv_identity *identity = NULL;
    size_t failures = 0;
    for (size_t nth = 1; identity == NULL; nth++, failures++) {
        struct qv_verdict verdict;
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        qv_memory_fail_at(nth);
        qv_trust_judge(trust, tls.server, now, &verdict, &path, &identity, &error);
        qv_memory_fail_at(0);
        assert_true((identity != NULL) == (verdict.status == QV_OK));
    }
    assert_true(failures > 5);
    qv_identity_free(&identity);
    fx_tls_free(&tls);
    fx_free(&leaf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_changed_meanwhile_counts),
        cmocka_unit_test(peers_of_a_ca_that_left_are_ended),
        cmocka_unit_test(what_only_keeps_out_ends_nothing),
        cmocka_unit_test(a_renewed_ca_vouches_on),
        cmocka_unit_test(a_resumed_connection_is_judged_likewise),
        cmocka_unit_test(nobody_stays_nobody),
        cmocka_unit_test(without_memory_in_the_handshake),
        cmocka_unit_test(every_allocation_of_a_judgement_may_fail),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
