// links: trust
/*
 * Renewing trust: part by part, all of a part or nothing of it; and what is said beforehand. The
 * TLS settings, which count as of the own part.
 */
#include "trust_fixture.h"

/** Renews from the configuration as it is. One word a fault of each part; NULL: the part is
 *  renewed. */
static struct qv_trust *renew(struct qv_trust *old, const char *own_fault,
                              const char *anchors_fault)
{
    const char *const words[QV_TRUST_PARTS] = {
        [QV_TRUST_OWN] = own_fault, [QV_TRUST_ANCHORS] = anchors_fault};
    struct qv_trust *trust = NULL;
    QV_CLEANUP(qv_trust_renewal) struct qv_trust_renewal renewal = {0};
    assert_int_equal(qv_trust_renew(old, &config, NULL, now, &trust, &renewal), QV_OK);
    assert_int_equal(ERR_peek_error(), 0);
    for (size_t i = 0; i < QV_TRUST_PARTS; i++) {
        const struct qv_strings *faults = &renewal.faults[i];
        if (renewal.renewed[i] != (words[i] == NULL) || faults->count != (words[i] != NULL) ||
            (words[i] != NULL && !fx_any_contains(faults, words[i])))
            fail_msg("%s: not '%s' but '%s'", qv_trust_part_name((enum qv_trust_part)i),
                     words[i] != NULL ? words[i] : "renewed",
                     faults->count > 0 ? faults->at[0] : "renewed");
    }
    assert_true(qv_trust_generation(trust) > qv_trust_generation(old));
    assert_true(qv_trust_context(trust, MUTUAL) != qv_trust_context(old, MUTUAL));
    assert_null(qv_trust_context(trust, PLAIN));
    assert_non_null(qv_trust_context(trust, SERVER));
    assert_string_equal(qv_trust_cloud(trust).at, FX_CLOUD);
    return trust;
}

/** Which certificate is served, and does that peer come in? */
static void expect_service(struct qv_trust *trust, const struct fx_pair *own,
                           const struct fx_pair *peer, const char *code)
{
    struct fx_client client = {.pair = peer, .version = TLS1_3_VERSION};
    struct fx_tls tls;
    fx_handshake(qv_trust_context(trust, MUTUAL), &client, &tls);
    assert_int_equal(X509_cmp(SSL_get0_peer_certificate(tls.client), own->x509), 0);
    QV_CLEANUP(qv_certificate) struct qv_certificate *facts = NULL;
    assert_int_equal(qv_certificate_read(own->x509, &facts), QV_OK);
    assert_string_equal(qv_trust_own(trust)->fingerprint, facts->fingerprint);
    assert_int_equal(tls.done, code == NULL);
    if (code != NULL)
        assert_string_equal(tls.verdict.code, code);
    fx_tls_free(&tls);
}

static struct fx_pair next_own(void)
{
    struct fx_pair own = fx_system(&cloud, "serviceregistry", "11");
    fx_write_certificate(&folder, "next.crt", "w", own.x509);
    fx_write_key(&folder, "next.key", own.key, 0600);
    return own;
}

static void use_next_own(void)
{
    set_path(certificate_path, "next.crt");
    set_path(key_path, "next.key");
}

/* --- parts --- */

static void both_parts_are_renewed(void **state)
{
    (void)state;
    struct fx_pair own = next_own(), peer = fx_system(&cloud, "a", "66");
    QV_CLEANUP(qv_trust) struct qv_trust *old = load_good("cloud.crt", NULL);
    configure("cloud.crt", "cloud.crl");
    use_next_own();
    QV_CLEANUP(qv_trust) struct qv_trust *trust = renew(old, NULL, NULL);
    expect_service(trust, &own, &peer, "revoked");
    expect_service(old, &registry, &peer, NULL); /* as it was */
    qv_trust_free(&old);
    expect_service(trust, &own, &peer, "revoked");
    fx_free(&own);
    fx_free(&peer);
}

static void nothing_new_is_a_new_trust(void **state)
{
    (void)state;
    struct fx_pair peer = fx_system(&cloud, "a", "65");
    QV_CLEANUP(qv_trust) struct qv_trust *old = load_good("cloud.crt", NULL);
    QV_CLEANUP(qv_trust) struct qv_trust *trust = renew(old, NULL, NULL);
    struct fx_client client = {.pair = &peer, .version = TLS1_3_VERSION};
    struct fx_tls before, after;
    struct qv_path path;
    expect_path(old, MUTUAL, &client, now, &before, &path);
    client.session = before.session; /* tickets die with the old one */
    expect_path(trust, MUTUAL, &client, now, &after, &path);
    assert_int_equal(SSL_session_reused(after.server), 0);
    fx_tls_free(&before);
    fx_tls_free(&after);
    fx_free(&peer);
}

static void expect_resumed(struct qv_trust *from, struct qv_trust *at, bool resumed)
{
    struct fx_pair peer = fx_system(&cloud, "a", "65");
    struct fx_client client = {.pair = &peer, .version = TLS1_3_VERSION};
    struct fx_tls before, after;
    struct qv_path path;
    expect_path(from, MUTUAL, &client, now, &before, &path);
    client.session = before.session;
    expect_path(at, MUTUAL, &client, now, &after, &path);
    assert_int_equal(SSL_session_reused(after.server), resumed);
    fx_tls_free(&before);
    fx_tls_free(&after);
    fx_free(&peer);
}

static void the_same_again_keeps_tickets(void **state)
{
    (void)state;
    struct qv_trust *old = load_good("cloud.crt", NULL), *again = NULL, *third = NULL;
    assert_int_equal(qv_trust_again(old, &again), QV_OK);
    assert_true(qv_trust_generation(again) > qv_trust_generation(old));
    assert_int_equal(qv_trust_tls_generation(again), qv_trust_tls_generation(old));
    assert_string_equal(qv_trust_cloud(again).at, FX_CLOUD);
    assert_ptr_equal(qv_trust_context(again, MUTUAL), qv_trust_context(old, MUTUAL));
    expect_resumed(old, again, true);
    assert_int_equal(qv_trust_again(again, &third), QV_OK);
    expect_resumed(old, third, true);
    qv_trust_free(&old);
    qv_trust_free(&again); /* what it has lives by itself */
    expect_resumed(third, third, true);
    QV_CLEANUP(qv_trust) struct qv_trust *renewed = renew(third, NULL, NULL);
    assert_true(qv_trust_tls_generation(renewed) > qv_trust_tls_generation(third));
    expect_resumed(third, renewed, false);
    qv_trust_free(&third);
}

static void what_is_alike(void **state)
{
    (void)state;
    struct fx_pair own = next_own();
    QV_CLEANUP(qv_trust) struct qv_trust *bare = load_good("cloud.crt", NULL);
    QV_CLEANUP(qv_trust) struct qv_trust *same = renew(bare, NULL, NULL);
    assert_true(qv_trust_is_alike(bare, same));
    QV_CLEANUP(qv_trust) struct qv_trust *listed = load_good("cloud.crt", "cloud.crl");
    QV_CLEANUP(qv_trust) struct qv_trust *as_listed = renew(listed, NULL, NULL);
    assert_true(qv_trust_is_alike(listed, as_listed));
    assert_false(qv_trust_is_alike(bare, listed));
    QV_CLEANUP(qv_trust) struct qv_trust *both = load_good("both.crt", "cloud.crl");
    assert_false(qv_trust_is_alike(listed, both));
    fx_write_certificate(&folder, "moved.crt", "w", cloud.x509);
    QV_CLEANUP(qv_trust) struct qv_trust *moved = load_good("moved.crt", "cloud.crl");
    assert_false(qv_trust_is_alike(listed, moved)); /* warnings and metrics name the file */
    configure("both.crt", "cloud.crl");
    use_next_own();
    QV_CLEANUP(qv_trust) struct qv_trust *next = renew(both, NULL, NULL);
    assert_false(qv_trust_is_alike(both, next));
    fx_free(&own);
}

static void lack_of_memory_for_the_same_again(void **state)
{
    (void)state;
    QV_CLEANUP(qv_trust) struct qv_trust *old = load_good("cloud.crt", "cloud.crl");
    bool swept = false;
    size_t failures = 0;
    for (size_t nth = 1; !swept; nth++) {
        QV_CLEANUP(qv_trust) struct qv_trust *again = NULL;
        qv_memory_fail_at(nth);
        enum qv_status status = qv_trust_again(old, &again);
        swept = qv_memory_count() < nth;
        qv_memory_fail_at(0);
        assert_int_equal(status, swept ? QV_OK : QV_NO_MEMORY);
        assert_true((again != NULL) == swept);
        failures += !swept;
    }
    assert_true(failures >= 3);
}

static void a_fault_in_the_own_part_holds_the_other_not_back(void **state)
{
    (void)state;
    struct fx_pair own = next_own(), peer = fx_system(&cloud, "a", "66");
    struct fx_spec other_cloud_spec = {
        .cn = "r.othercloud.company.arrowhead.eu", .issuer = &organization, .san = "DNS:localhost"};
    struct fx_pair other = fx_make(&other_cloud_spec);
    fx_write_certificate(&folder, "other.crt", "w", other.x509);
    fx_write_certificate(&folder, "other.crt", "a", organization.x509);
    fx_write_key(&folder, "other.key", other.key, 0600);
    fx_write_certificate(&folder, "wide.crt", "w", cloud.x509);
    fx_write_certificate(&folder, "wide.crt", "a", organization.x509);
    static const struct {
        const char *certificate, *key, *fault;
    } rows[] = {
        {"next.crt", "registry.key", "the key is not that of"},
        {"absent.crt", "next.key", "absent.crt"},
        {"other.crt", "other.key", "cloud"},
    };
    QV_CLEANUP(qv_trust) struct qv_trust *old = load_good("wide.crt", NULL);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        configure("wide.crt", "cloud.crl");
        set_path(certificate_path, rows[i].certificate);
        set_path(key_path, rows[i].key);
        QV_CLEANUP(qv_trust) struct qv_trust *trust = renew(old, rows[i].fault, NULL);
        expect_service(trust, &registry, &peer, "revoked");
    }
    fx_free(&own);
    fx_free(&peer);
    fx_free(&other);
}

static void a_fault_in_cas_and_crls_holds_the_other_not_back(void **state)
{
    (void)state;
    struct fx_pair own = next_own(), peer = fx_system(&cloud, "a", "66");
    struct fx_crl crl = {.issuer = &stranger};
    fx_write_crl(&folder, "stranger.crl", "w", &crl);
    fx_write_text(&folder, "empty.crt", "");
    QV_CLEANUP(qv_trust) struct qv_trust *old = load_good("cloud.crt", "cloud.crl");
    static const char *const rows[][3] = {{"cloud.crt", "stranger.crl", "stranger.crl"},
                                          {"cloud.crt", "absent.crl", "absent.crl"},
                                          {"empty.crt", "cloud.crl", "empty.crt"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        configure(rows[i][0], rows[i][1]);
        use_next_own();
        if (i == 2)
            config.tls.crl.count = 0;
        QV_CLEANUP(qv_trust) struct qv_trust *trust = renew(old, NULL, rows[i][2]);
        assert_ptr_equal(qv_trust_anchors(trust), qv_trust_anchors(old));
        expect_service(trust, &own, &peer, "revoked");
    }
    fx_free(&own);
    fx_free(&peer);
}

static void both_may_be_at_fault(void **state)
{
    (void)state;
    struct fx_pair peer = fx_system(&cloud, "a", "66");
    QV_CLEANUP(qv_trust) struct qv_trust *old = load_good("cloud.crt", "cloud.crl");
    configure("absent.crt", NULL);
    set_path(key_path, "absent.key");
    QV_CLEANUP(qv_trust) struct qv_trust *trust = renew(old, "absent.key", "absent.crt");
    expect_service(trust, &registry, &peer, "revoked");
    fx_free(&peer);
}

static void the_own_chain_is_checked_against_the_cas_to_come(void **state)
{
    (void)state;
    struct fx_pair of_stranger = fx_system(&stranger, "b", "01"), own = next_own();
    QV_CLEANUP(qv_trust) struct qv_trust *old = load_good("cloud.crt", NULL);
    configure("stranger.crt", NULL);
    use_next_own();
    QV_CLEANUP(qv_trust) struct qv_trust *trust = renew(old, "no chain from it to a CA", NULL);
    expect_service(trust, &registry, &of_stranger, NULL); /* the new CA, the old certificate */
    fx_free(&of_stranger);
    fx_free(&own);
}

static void without_tls_all_is_as_new(void **state)
{
    (void)state;
    static char cloud_name[] = "a.b.c.d";
    configure("absent", NULL);
    struct qv_config plain = {.listeners = &listeners[PLAIN], .listener_count = 1};
    plain.cloud.name = cloud_name;
    QV_CLEANUP(qv_trust) struct qv_trust *old = NULL, *trust = NULL;
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    QV_CLEANUP(qv_trust_renewal) struct qv_trust_renewal renewal = {0};
    assert_int_equal(qv_trust_load(&plain, NULL, now, &old, &faults), QV_OK);
    assert_int_equal(qv_trust_renew(old, &plain, NULL, now, &trust, &renewal), QV_OK);
    assert_true(renewal.renewed[QV_TRUST_OWN] && renewal.renewed[QV_TRUST_ANCHORS]);
    assert_string_equal(qv_trust_cloud(trust).at, "a.b.c.d");
    assert_null(qv_trust_own(trust));
    QV_CLEANUP(qv_strings) struct qv_strings warnings = {0};
    assert_int_equal(qv_trust_warnings(trust, now, &warnings), QV_OK);
    assert_int_equal(warnings.count, 0);
    qv_trust_free(&trust);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        QV_CLEANUP(qv_trust) struct qv_trust *old = load_good("cloud.crt", "cloud.crl");
        if (i == 1) /* and where both parts stay as they are */
            set_path(trust_path, "absent.crt");
        if (i == 1)
            set_path(key_path, "absent.key");
        size_t failures = 0;
        bool swept = false;
        for (size_t nth = 1; !swept; nth++) {
            QV_CLEANUP(qv_trust) struct qv_trust *trust = NULL;
            QV_CLEANUP(qv_trust_renewal) struct qv_trust_renewal renewal = {0};
            qv_memory_fail_at(nth);
            enum qv_status status = qv_trust_renew(old, &config, NULL, now, &trust, &renewal);
            swept = qv_memory_count() < nth;
            qv_memory_fail_at(0);
            assert_true((trust != NULL) == (status == QV_OK));
            assert_true(trust != NULL || status == QV_NO_MEMORY);
            if (trust != NULL)
                for (size_t part = 0; part < QV_TRUST_PARTS; part++)
                    assert_int_equal(renewal.renewed[part], i == 0);
            failures += status != QV_OK;
        }
        assert_true(failures > 15);
    }
}

/* --- TLS settings --- */

static void unsound_settings_are_faults(void **state)
{
    (void)state;
    static const struct {
        char *setting;
        size_t size;
        const char *value, *fault;
    } rows[] = {
        {ciphers, sizeof(ciphers), "ECDHE+AESGCM:AES128-GCM-SHA256",
         "tls.ciphers: AES128-GCM-SHA256 is not allowed: it has no forward secrecy"},
        {ciphers, sizeof(ciphers), "ECDHE-ECDSA-AES128-SHA256",
         "tls.ciphers: ECDHE-ECDSA-AES128-SHA256 is not allowed: it is no AEAD"},
        {ciphers, sizeof(ciphers), "ADH-AES128-GCM-SHA256",
         "tls.ciphers: ADH-AES128-GCM-SHA256 is not allowed: it proves nothing"},
        {ciphers, sizeof(ciphers), "DHE-PSK-AES128-GCM-SHA256",
         "tls.ciphers: DHE-PSK-AES128-GCM-SHA256 is not allowed: it proves nothing by"},
        {ciphers, sizeof(ciphers), "nonsense", "tls.ciphers: OpenSSL knows nothing"},
        {ciphers, sizeof(ciphers), "ECDHE+AESGCM:@SECLEVEL=0", "tls.ciphers: the security level"},
        {cipher_suites, sizeof(cipher_suites), "TLS_AES_128_GCM_SHA999",
         "tls.cipher_suites: OpenSSL knows nothing"},
        {groups, sizeof(groups), "P-256:nonsense", "tls.groups: OpenSSL knows nothing"},
    };
    struct fx_pair peer = fx_system(&cloud, "a", "66");
    QV_CLEANUP(qv_trust) struct qv_trust *old = load_good("cloud.crt", NULL);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        configure("cloud.crt", "cloud.crl");
        (void)snprintf(rows[i].setting, rows[i].size, "%s", rows[i].value);
        QV_CLEANUP(qv_trust) struct qv_trust *trust = renew(old, rows[i].fault, NULL);
        expect_service(trust, &registry, &peer, "revoked");
        /* at a start it is a fault of the whole */
        QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
        struct qv_trust *started = NULL;
        assert_int_equal(qv_trust_load(&config, NULL, now, &started, &faults), QV_INVALID);
        assert_true(fx_any_contains(&faults, rows[i].fault));
    }
    fx_free(&peer);
}

static void settings_are_renewed_with_the_own_part(void **state)
{
    (void)state;
    struct fx_pair peer = fx_system(&cloud, "a", "65");
    QV_CLEANUP(qv_trust) struct qv_trust *old = load_good("cloud.crt", NULL);
    (void)snprintf(ciphers, sizeof(ciphers), "ECDHE+CHACHA20:DHE+AESGCM:!DSS:!aNULL");
    QV_CLEANUP(qv_trust) struct qv_trust *chacha = renew(old, NULL, NULL);
    struct fx_client client = {
        .pair = &peer, .version = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256"};
    struct fx_tls tls;
    struct qv_path path;
    expect_path(old, MUTUAL, &client, now, &tls, &path);
    fx_tls_free(&tls);
    expect_refused(chacha, &client, "parameters", SSL_AD_HANDSHAKE_FAILURE);
    /* with a fault in the key they stay with it */
    configure_protocol();
    set_path(key_path, "absent.key");
    QV_CLEANUP(qv_trust) struct qv_trust *kept = renew(chacha, "absent.key", NULL);
    expect_refused(kept, &client, "parameters", SSL_AD_HANDSHAKE_FAILURE);
    configure("cloud.crt", NULL);
    config.tls.min_version = QV_TLS_1_3;
    QV_CLEANUP(qv_trust) struct qv_trust *newest = renew(kept, NULL, NULL);
    expect_refused(newest, &client, "protocol", SSL_AD_PROTOCOL_VERSION);
    client.version = TLS1_3_VERSION;
    expect_path(newest, MUTUAL, &client, now, &tls, &path);
    fx_tls_free(&tls);
    fx_free(&peer);
}

static void the_cas_are_named_to_clients(void **state)
{
    (void)state;
    QV_CLEANUP(qv_trust) struct qv_trust *trust = load_good("both.crt", NULL);
    const STACK_OF(X509_NAME) *names = SSL_CTX_get_client_CA_list(qv_trust_context(trust, MUTUAL));
    assert_int_equal(sk_X509_NAME_num(names), 2);
    assert_int_equal(X509_NAME_cmp(sk_X509_NAME_value(names, 1), X509_get_subject_name(cloud.x509)),
                     0);
}

/* --- what is said beforehand --- */

static struct fx_pair ca_that_ends(const char *cn, int64_t days)
{
    struct fx_spec spec = {.cn = cn,
                           .dnq = "lo",
                           .begin = -FX_DAY,
                           .end = days * FX_DAY,
                           .bc = "critical,CA:TRUE",
                           .ku = "critical,keyCertSign,cRLSign",
                           .eku = FX_NONE};
    return fx_make(&spec);
}

static void what_ends_soon_is_said(void **state)
{
    (void)state;
    struct fx_pair lasting = ca_that_ends(FX_CLOUD, 90);
    fx_write_certificate(&folder, "lasting.crt", "w", lasting.x509);
    struct fx_spec spec = {.cn = "r." FX_CLOUD,
                           .issuer = &lasting,
                           .begin = -FX_DAY,
                           .end = 20 * FX_DAY,
                           .san = "DNS:localhost"};
    struct fx_pair own = fx_make(&spec);
    fx_write_certificate(&folder, "own.crt", "w", own.x509);
    fx_write_key(&folder, "own.key", own.key, 0600);
    struct fx_crl crl = {.issuer = &lasting, .begin = -FX_DAY, .end = 10 * FX_DAY};
    fx_write_crl(&folder, "ten.crl", "w", &crl);
    configure("lasting.crt", "ten.crl");
    set_path(certificate_path, "own.crt");
    set_path(key_path, "own.key");
    QV_CLEANUP(qv_trust) struct qv_trust *trust = load_configured();
    static const struct {
        int64_t days;
        size_t count;
        const char *crl, *own;
    } rows[] = {
        {2, 0, NULL, NULL},
        {4, 1, "ten.crl: the CRL of dnQualifier=lo,CN=" FX_CLOUD " ends on 2", NULL},
        {11, 1, " ended on 2", NULL},
        {14, 2, " ended on 2", "own.crt: the own certificate ends on 2"},
        {21, 2, " ended on 2", "own.crt: the own certificate ended on 2"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        QV_CLEANUP(qv_strings) struct qv_strings warnings = {0};
        assert_int_equal(qv_trust_warnings(trust, later(rows[i].days * FX_DAY), &warnings), QV_OK);
        assert_int_equal(warnings.count, rows[i].count);
        assert_true(rows[i].crl == NULL || fx_any_contains(&warnings, rows[i].crl));
        assert_true(rows[i].own == NULL || fx_any_contains(&warnings, rows[i].own));
    }
    size_t nth = 1;
    enum qv_status status = QV_NO_MEMORY;
    for (; status != QV_OK; nth++) {
        QV_CLEANUP(qv_strings) struct qv_strings warnings = {0};
        qv_memory_fail_at(nth);
        status = qv_trust_warnings(trust, later(14 * FX_DAY), &warnings);
        qv_memory_fail_at(0);
        assert_true(status == QV_OK || status == QV_NO_MEMORY);
    }
    assert_true(nth > 4);
    fx_free(&own);
    fx_free(&lasting);
}

/* Each CA by its name, for a bundle may hold several. */
static void a_ca_that_ends_soon_is_said(void **state)
{
    (void)state;
    struct fx_pair lasting = ca_that_ends(FX_CLOUD, 90), old = ca_that_ends("old", 10);
    struct fx_pair own = fx_system(&lasting, "serviceregistry", "10");
    fx_write_certificate(&folder, "bundle.crt", "w", lasting.x509);
    fx_write_certificate(&folder, "bundle.crt", "a", old.x509);
    fx_write_certificate(&folder, "own.crt", "w", own.x509);
    fx_write_key(&folder, "own.key", own.key, 0600);
    configure("bundle.crt", NULL);
    set_path(certificate_path, "own.crt");
    set_path(key_path, "own.key");
    QV_CLEANUP(qv_trust) struct qv_trust *trust = load_configured();
    static const struct {
        int64_t days;
        size_t count;
        const char *words;
    } rows[] = {{2, 0, NULL},
                {4, 1, "bundle.crt: the CA dnQualifier=lo,CN=old ends on 2"},
                {11, 1, "bundle.crt: the CA dnQualifier=lo,CN=old ended on 2"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        QV_CLEANUP(qv_strings) struct qv_strings warnings = {0};
        assert_int_equal(qv_trust_warnings(trust, later(rows[i].days * FX_DAY), &warnings), QV_OK);
        assert_int_equal(warnings.count, 1 + rows[i].count); /* the own certificate lives a day */
        assert_true(rows[i].words == NULL || fx_any_contains(&warnings, rows[i].words));
    }
    struct fx_pair *all[] = {&lasting, &old, &own};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        fx_free(all[i]);
}

static void parts_have_names(void **state)
{
    (void)state;
    assert_string_equal(qv_trust_part_name(QV_TRUST_OWN), "own certificate");
    assert_string_equal(qv_trust_part_name(QV_TRUST_ANCHORS), "CAs and CRLs");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_parts_are_renewed),
        cmocka_unit_test(nothing_new_is_a_new_trust),
        cmocka_unit_test(the_same_again_keeps_tickets),
        cmocka_unit_test(what_is_alike),
        cmocka_unit_test(lack_of_memory_for_the_same_again),
        cmocka_unit_test(a_fault_in_the_own_part_holds_the_other_not_back),
        cmocka_unit_test(a_fault_in_cas_and_crls_holds_the_other_not_back),
        cmocka_unit_test(both_may_be_at_fault),
        cmocka_unit_test(the_own_chain_is_checked_against_the_cas_to_come),
        cmocka_unit_test(without_tls_all_is_as_new),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(unsound_settings_are_faults),
        cmocka_unit_test(settings_are_renewed_with_the_own_part),
        cmocka_unit_test(the_cas_are_named_to_clients),
        cmocka_unit_test(what_ends_soon_is_said),
        cmocka_unit_test(a_ca_that_ends_soon_is_said),
        cmocka_unit_test(parts_have_names),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
