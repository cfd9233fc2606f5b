// links: trust
/*
 * Peers whose CA left: one of a group is looked at closely, the others are told the same; nobody
 * of another group is, and nobody who comes anew.
 */
#include "../../src/trust/trust.h"
#include "trust_fixture.h"

/* --- the memory --- */

static struct qv_orphan_key key_number(unsigned number)
{
    struct qv_orphan_key key = {{0}};
    memcpy(key.digest, &number, sizeof(number));
    return key;
}

static void it_is_bounded(void **state)
{
    (void)state;
    struct qv_orphans *orphans = NULL;
    assert_int_equal(qv_orphans_new(&orphans), QV_OK);
    for (unsigned i = 0; i < QV_ORPHANS_MAX + 1; i++) {
        struct qv_orphan_key key = key_number(i);
        assert_false(qv_orphans_know(orphans, &key));
        qv_orphans_note(orphans, &key);
        qv_orphans_note(orphans, &key); /* once more is no second place */
        assert_true(qv_orphans_know(orphans, &key));
    }
    for (unsigned i = 0; i < QV_ORPHANS_MAX + 1; i++) {
        struct qv_orphan_key key = key_number(i);
        assert_int_equal(qv_orphans_know(orphans, &key), i != 0);
    }
    qv_orphans_free(&orphans);
    qv_orphans_free(&orphans);
    qv_memory_fail_at(1);
    assert_int_equal(qv_orphans_new(&orphans), QV_NO_MEMORY);
    qv_memory_fail_at(0);
    assert_null(orphans);
}

/* --- keys --- */

static void the_key_is_what_a_search_for_an_issuer_sees(void **state)
{
    (void)state;
    struct fx_pair a = fx_system(&cloud, "a", "01"), b = fx_system(&cloud, "b", "02"),
                   foreign = fx_system(&other_cloud, "a", "01");
    STACK_OF(X509) *none = sk_X509_new_null(), *one = sk_X509_new_null(), *two = sk_X509_new_null();
    assert_true(sk_X509_push(one, cloud.x509) > 0 && sk_X509_push(two, cloud.x509) > 0 &&
                sk_X509_push(two, organization.x509) > 0);
    struct qv_path path = {.count = 1}, other_key = path, other_anchor = path, other_leaf = path;
    other_key.links[0].issuer.digest[0] = 1;
    other_anchor.anchor[0] = 1;
    other_leaf.links[0].serial.length = 1;
    other_leaf.end.seconds = 1;
    const unsigned char cas[QV_SHA256_SIZE] = {0}, other_cas[QV_SHA256_SIZE] = {1};
    const struct {
        struct qv_orphan orphan;
        bool same;
    } rows[] = {
        {{a.x509, one, &path, cas}, true},        {{b.x509, one, &path, cas}, true},
        {{b.x509, one, &other_leaf, cas}, true},  {{foreign.x509, one, &path, cas}, false},
        {{a.x509, NULL, &path, cas}, false},      {{a.x509, none, &path, cas}, false},
        {{a.x509, two, &path, cas}, false},       {{a.x509, one, &other_key, cas}, false},
        {{a.x509, one, &path, other_cas}, false}, {{a.x509, one, &other_anchor, cas}, false},
    };
    struct qv_orphan_key first, key;
    assert_int_equal(qv_orphan_key_of(&rows[0].orphan, &first), QV_OK);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(qv_orphan_key_of(&rows[i].orphan, &key), QV_OK);
        assert_int_equal(memcmp(&key, &first, sizeof(key)) == 0, rows[i].same);
    }
    sk_X509_free(none);
    sk_X509_free(one);
    sk_X509_free(two);
    fx_free(&a);
    fx_free(&b);
    fx_free(&foreign);
}

/* --- judging --- */

struct live {
    struct fx_pair pair;
    struct fx_tls tls;
    struct qv_path path;
};

/** By TLS; whose system it is does not matter here. */
static void let_in(struct qv_trust *trust, const struct fx_pair *issuer, const char *name,
                   struct live *live)
{
    live->pair = fx_system(issuer, name, "01");
    struct fx_client client = {.pair = &live->pair, .version = TLS1_3_VERSION};
    fx_handshake(qv_trust_context(trust, MUTUAL), &client, &live->tls);
    assert_true(live->tls.done);
    struct qv_verdict verdict;
    QV_CLEANUP(qv_identity) struct qv_identity *identity = NULL;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    qv_trust_judge(trust, live->tls.server, now, &verdict, &live->path, &identity, &error);
    assert_int_equal(verdict.status, QV_OK);
}

static void live_free(struct live *live)
{
    fx_tls_free(&live->tls);
    fx_free(&live->pair);
}

static void expect_ended(struct qv_trust *trust, struct live *live, const char *name)
{
    struct qv_verdict verdict;
    struct qv_path before = live->path;
    qv_trust_judge_again(trust, live->tls.server, &live->path, now, &verdict);
    assert_int_equal(verdict.status, QV_DENIED);
    assert_string_equal(verdict.code, "unknown-issuer");
    char words[128];
    (void)snprintf(words, sizeof(words), "CN=%s." FX_CLOUD, name);
    assert_non_null(strstr(verdict.reason, words));
    assert_non_null(strstr(verdict.reason, "no longer in tls.trust"));
    assert_memory_equal(&before, &live->path, sizeof(before));
    assert_int_equal(ERR_peek_error(), 0);
}

static void expect_kept(struct qv_trust *trust, struct live *live)
{
    struct qv_verdict verdict;
    qv_trust_judge_again(trust, live->tls.server, &live->path, now, &verdict);
    assert_int_equal(verdict.status, QV_OK);
    assert_true(qv_anchors_hold(trust->anchors, &live->path));
}

/** Trusted by name: the cloud, its namesake, and another. */
static struct qv_trust *load_three(void)
{
    fx_write_certificate(&folder, "three.crt", "w", cloud.x509);
    fx_write_certificate(&folder, "three.crt", "a", stranger.x509);
    fx_write_certificate(&folder, "three.crt", "a", other_cloud.x509);
    return load_good("three.crt", NULL);
}

static void the_others_are_told_the_same(void **state)
{
    (void)state;
    const struct fx_pair *const left[] = {&stranger, &other_cloud}; /* with a namesake, without */
    QV_CLEANUP(qv_trust) struct qv_trust *three = load_three();
    for (size_t i = 0; i < 2; i++) {
        struct live first, second, kept;
        let_in(three, left[i], "first", &first);
        let_in(three, left[i], "second", &second);
        let_in(three, &cloud, "kept", &kept);
        QV_CLEANUP(qv_trust) struct qv_trust *after = load_good("cloud.crt", NULL);
        expect_ended(after, &first, "first");
        /* not looked at: by these CAs a look would find somebody */
        X509_STORE *store = after->anchors->store;
        after->anchors->store = three->anchors->store;
        expect_ended(after, &second, "second");
        expect_ended(after, &first, "first");
        after->anchors->store = store;
        expect_kept(after, &kept);
        live_free(&first);
        live_free(&second);
        live_free(&kept);
    }
}

/** Who finds somebody is no orphan, whatever became of others under the same CA. */
static void only_who_found_nobody_is_remembered(void **state)
{
    (void)state;
    QV_CLEANUP(qv_trust) struct qv_trust *three = load_three();
    QV_CLEANUP(qv_trust) struct qv_trust *of_master = load_good("master.crt", NULL);
    struct live alone, shown;
    let_in(three, &cloud, "alone", &alone);
    shown.pair = fx_system(&cloud, "shown", "02");
    struct fx_client client = {
        .pair = &shown.pair, .chain = {&cloud, &organization}, .version = TLS1_3_VERSION};
    expect_path(three, MUTUAL, &client, now, &shown.tls, &shown.path);
    expect_ended(of_master, &alone, "alone"); /* it sent no way up */
    expect_kept(of_master, &shown);
    assert_int_equal(shown.path.count, 3);
    /* revoked, expired: nothing to remember */
    QV_CLEANUP(qv_trust) struct qv_trust *fresh = load_good("master.crt", NULL);
    struct live late = {.pair = fx_system(&cloud, "late", "03")};
    client.pair = &late.pair;
    expect_path(three, MUTUAL, &client, now, &late.tls, &late.path);
    struct qv_verdict verdict;
    qv_trust_judge_again(fresh, late.tls.server, &late.path, later(2 * FX_DAY), &verdict);
    assert_string_equal(verdict.code, "expired");
    expect_kept(fresh, &late);
    live_free(&late);
    live_free(&shown);
    live_free(&alone);
}

/** A newcomer is looked at in full, be he of a group that is known. */
static void newcomers_are_judged_in_full(void **state)
{
    (void)state;
    QV_CLEANUP(qv_trust) struct qv_trust *three = load_three();
    QV_CLEANUP(qv_trust) struct qv_trust *after = load_good("cloud.crt", NULL);
    struct live live;
    let_in(three, &cloud, "live", &live);
    struct qv_path path = live.path;
    path.anchor[0] ^= 1; /* as if it had come by another */
    struct qv_orphan orphan = {live.pair.x509, SSL_get_peer_cert_chain(live.tls.server), &path,
                               three->anchors->all.bytes};
    struct qv_orphan_key key;
    assert_int_equal(qv_orphan_key_of(&orphan, &key), QV_OK);
    qv_orphans_note(after->anchors->orphans, &key);
    struct qv_verdict verdict;
    struct qv_path again = path;
    qv_trust_judge_again(after, live.tls.server, &again, now, &verdict);
    assert_string_equal(verdict.code, "unknown-issuer");
    QV_CLEANUP(qv_identity) struct qv_identity *identity = NULL;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    qv_trust_judge(after, live.tls.server, now, &verdict, &path, &identity, &error);
    assert_int_equal(verdict.status, QV_OK);
    struct fx_client client = {.pair = &live.pair, .version = TLS1_3_VERSION};
    struct fx_tls tls;
    expect_path(after, MUTUAL, &client, now, &tls, &path);
    fx_tls_free(&tls);
    live_free(&live);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_bounded),
        cmocka_unit_test(the_key_is_what_a_search_for_an_issuer_sees),
        cmocka_unit_test(the_others_are_told_the_same),
        cmocka_unit_test(only_who_found_nobody_is_remembered),
        cmocka_unit_test(newcomers_are_judged_in_full),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
