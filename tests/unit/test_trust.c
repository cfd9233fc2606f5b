// links: trust
/*
 * Trust as a whole: loading with all its faults told, handshakes in TLS 1.2 and 1.3 with the alert
 * that the client gets, the judgement at their end, and the words for what failed.
 */
#include "trust_fixture.h"

/** Exactly these words, one a fault; NULL ends. */
static void expect_faults(const char *const *words)
{
    struct qv_trust *trust = NULL;
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    assert_int_equal(qv_trust_load(&config, NULL, now, &trust, &faults), QV_INVALID);
    assert_null(trust);
    size_t count = 0;
    for (; words[count] != NULL; count++)
        if (!fx_any_contains(&faults, words[count]))
            fail_msg("'%s' is not said but '%s'", words[count], faults.at[0]);
    assert_int_equal(faults.count, count);
    for (size_t i = 0; i < faults.count; i++) {
        assert_true(strncmp(faults.at[i], folder.path, strlen(folder.path)) == 0 ||
                    strncmp(faults.at[i], "tls.", 4) == 0);
        assert_null(strstr(faults.at[i], "PRIVATE"));
    }
}
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* --- loading --- */

static void it_loads(void **state)
{
    (void)state;
    QV_CLEANUP(qv_trust) struct qv_trust *trust = load_good("cloud.crt", "cloud.crl");
    assert_string_equal(qv_trust_cloud(trust).at, FX_CLOUD);
    assert_non_null(qv_trust_context(trust, 0));
    assert_null(qv_trust_context(trust, 1));
    assert_non_null(qv_trust_context(trust, 2));
    assert_null(qv_trust_context(trust, 3));
    QV_CLEANUP(qv_trust) struct qv_trust *next = load_good("master.crt", NULL);
    assert_true(qv_trust_generation(next) > qv_trust_generation(trust));
}

static void without_tls_there_is_only_the_cloud(void **state)
{
    (void)state;
    static char cloud_name[] = "a.b.c.d";
    struct qv_config plain = {.listeners = &listeners[1], .listener_count = 1};
    configure("absent", "absent");
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    for (int named = 0; named < 2; named++) {
        plain.cloud.name = named != 0 ? cloud_name : NULL;
        QV_CLEANUP(qv_trust) struct qv_trust *trust = NULL;
        assert_int_equal(qv_trust_load(&plain, NULL, now, &trust, &faults), QV_OK);
        assert_true(qv_str_equal(qv_trust_cloud(trust), qv_str_from(plain.cloud.name)));
        assert_null(qv_trust_context(trust, 0));
    }
}

static void all_faults_are_told(void **state)
{
    (void)state;
    configure("absent.crt", "absent.crl");
    set_path(certificate_path, "absent.pem");
    set_path(key_path, "absent.key");
    expect_faults(WORDS("absent.crt: ", "absent.crl: ", "absent.pem: ", "absent.key: "));
}

static void unfit_keys_are_refused(void **state)
{
    (void)state;
    configure("cloud.crt", "cloud.crl");
    set_path(key_path, "other.key");
    fx_write_key(&folder, "other.key", cloud.key, 0600);
    expect_faults(WORDS("other.key: the key is not that of the first certificate in"));
    static const mode_t open_modes[] = {0640, 0604, 0660, 0610};
    for (size_t i = 0; i < sizeof(open_modes) / sizeof(open_modes[0]); i++) {
        fx_write_key(&folder, "other.key", registry.key, open_modes[i]);
        expect_faults(WORDS("run: chmod 600"));
    }
    fx_write_key(&folder, "other.key", registry.key, 0600);
    fx_write_text(&folder, "other.key", "nothing");
    expect_faults(WORDS("no private key"));
    FILE *file = fx_open(&folder, "other.key", "w");
    assert_int_equal(
        PEM_write_PKCS8PrivateKey(file, registry.key, EVP_aes_128_cbc(), "secret", 6, NULL, NULL),
        1);
    assert_int_equal(fclose(file), 0);
    expect_faults(WORDS("the key is encrypted"));
}

static void expect_own_fault(struct fx_spec spec, const char *words)
{
    spec.issuer = spec.issuer != NULL ? spec.issuer : &cloud;
    struct fx_pair own = fx_make(&spec);
    fx_write_certificate(&folder, "own.crt", "w", own.x509);
    fx_write_key(&folder, "own.key", own.key, 0600);
    fx_free(&own);
    configure("cloud.crt", NULL);
    set_path(certificate_path, "own.crt");
    set_path(key_path, "own.key");
    expect_faults(WORDS(words));
}

static void unfit_own_certificates_are_refused(void **state)
{
    (void)state;
    static char other_name[] = "a.b.c.d";
    const char *cn = "r." FX_CLOUD;
    expect_own_fault((struct fx_spec){.cn = cn, .begin = -9, .end = -5}, "expired on 20");
    expect_own_fault((struct fx_spec){.cn = cn, .begin = 99, .end = 999}, "not valid before 20");
    expect_own_fault((struct fx_spec){.cn = cn, .eku = "clientAuth"}, "serverAuth");
    expect_own_fault((struct fx_spec){.cn = "r.x"}, "five parts");
    expect_own_fault((struct fx_spec){.cn = cn, .dnq = "op"}, "its profile is OPERATOR");
    expect_own_fault((struct fx_spec){.cn = cn, .issuer = &stranger}, "no chain from it");
    expect_own_fault((struct fx_spec){.cn = cn, .key = "RSA:1024"}, "no chain from it");
    configure("cloud.crt", NULL);
    config.cloud.name = other_name;
    expect_faults(WORDS("but cloud.name is a.b.c.d"));
    configure("cloud.crt", NULL);
    fx_write_text(&folder, "own.crt",
                  "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n");
    set_path(certificate_path, "own.crt");
    expect_faults(WORDS("own.crt: block 1 is no readable certificate"));
}

static void unfit_cas_are_refused(void **state)
{
    (void)state;
    configure("registry.crt", NULL); /* a leaf and two CAs */
    expect_faults(WORDS("is no CA"));
    fx_write_text(&folder, "empty.crt", "");
    configure("empty.crt", NULL);
    expect_faults(WORDS("no certificate"));
    struct fx_crl crl = {.issuer = &stranger};
    fx_write_crl(&folder, "stranger.crl", "w", &crl);
    configure("cloud.crt", "stranger.crl");
    expect_faults(WORDS("not by the configured CA"));
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    configure("cloud.crt", "cloud.crl");
    struct qv_trust *trust = NULL;
    size_t failures = 0;
    for (size_t nth = 1; trust == NULL; nth++, failures++) {
        QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
        qv_memory_fail_at(nth);
        enum qv_status status = qv_trust_load(&config, NULL, now, &trust, &faults);
        qv_memory_fail_at(0);
        assert_true((trust != NULL) == (status == QV_OK));
    }
    assert_true(failures > 20);
    struct qv_trust *second = qv_trust_ref(trust);
    qv_trust_free(&trust);
    assert_string_equal(qv_trust_cloud(second).at, FX_CLOUD);
    qv_trust_free(&second);
    qv_trust_free(&second);
}

/* --- handshakes --- */

struct row {
    struct fx_spec spec;
    const char *code; /**< NULL: let in */
    int alert;
};

/** What each request of the connection would be told; "" for an identity. */
static void expect_let_in(struct qv_trust *trust, size_t listener, const struct fx_client *client,
                          const char *system, const char *words)
{
    struct fx_tls tls;
    fx_handshake(qv_trust_context(trust, listener), client, &tls);
    if (!tls.done)
        fail_msg("%s", tls.verdict.reason);
    struct qv_verdict verdict;
    QV_CLEANUP(qv_identity) struct qv_identity *identity = NULL;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    struct qv_path path;
    qv_trust_judge(trust, tls.server, now, &verdict, &path, &identity, &error);
    assert_int_equal(verdict.status, QV_OK);
    assert_int_equal(ERR_peek_error(), 0);
    assert_true((identity != NULL) == (system != NULL));
    if (system != NULL)
        assert_string_equal(identity->system, system);
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    qv_identity_error_text(qv_str_from(error.message), QV_STR("URL"), &text);
    assert_true(qv_str_equal(qv_buf_str(&text), qv_str_from(words)));
    assert_string_equal(verdict.code, words[0] != '\0' ? "identity" : "");
    assert_true((words[0] != '\0') == (verdict.reason[0] != '\0'));
    assert_true((words[0] == '\0') == (error.status == QV_OK));
    fx_tls_free(&tls);
}

static void handshakes(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{.serial = "65"}, NULL, 0},
        {{.key = "RSA:2048"}, NULL, 0},
        {{.key = "P-521"}, NULL, 0},
        {{.key = "ED25519"}, NULL, 0},
        {{.serial = "66"}, "revoked", SSL_AD_CERTIFICATE_REVOKED},
        {{.begin = -99, .end = -1}, "expired", SSL_AD_CERTIFICATE_EXPIRED},
        {{.begin = 99, .end = 999}, "not-yet-valid", SSL_AD_BAD_CERTIFICATE},
        {{.eku = "serverAuth"}, "leaf-rule", SSL_AD_UNSUPPORTED_CERTIFICATE},
        {{.eku = "anyExtendedKeyUsage"}, "leaf-rule", SSL_AD_UNSUPPORTED_CERTIFICATE},
        {{.eku = FX_NONE}, "leaf-rule", SSL_AD_UNSUPPORTED_CERTIFICATE},
        {{.ku = FX_NONE}, "leaf-rule", SSL_AD_UNSUPPORTED_CERTIFICATE},
        {{.bc = "critical,CA:TRUE"}, "leaf-rule", SSL_AD_UNSUPPORTED_CERTIFICATE},
        {{.version = 1}, "leaf-rule", SSL_AD_BAD_CERTIFICATE},
        {{.version = 2}, "leaf-rule", SSL_AD_BAD_CERTIFICATE},
        {{.serial = "0"}, "leaf-rule", SSL_AD_BAD_CERTIFICATE},
        {{.serial = "-5"}, "leaf-rule", SSL_AD_BAD_CERTIFICATE},
        {{.extension_twice = true}, "leaf-rule", SSL_AD_BAD_CERTIFICATE},
        {{.key = "RSA:1024"}, "weak", SSL_AD_BAD_CERTIFICATE},
        {{.key = "secp256k1"}, "leaf-rule", SSL_AD_UNSUPPORTED_CERTIFICATE},
        {{.key = "explicit"}, "bad-chain", SSL_AD_BAD_CERTIFICATE},
    };
    QV_CLEANUP(qv_trust) struct qv_trust *trust = load_good("cloud.crt", "cloud.crl");
    for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i / 2];
        struct fx_spec spec = row->spec;
        spec.cn = "kelvin." FX_CLOUD;
        spec.issuer = &cloud;
        struct fx_pair pair = fx_make(&spec);
        struct fx_client client = {.pair = &pair, .chain = {&cloud}, .version = versions[i % 2]};
        /* OpenSSL as a client does not offer this curve in TLS 1.3. */
        bool unable = spec.key != NULL && strcmp(spec.key, "secp256k1") == 0 && i % 2 == 1;
        if (row->code != NULL && !unable)
            expect_refused(trust, &client, row->code, row->alert);
        else if (!unable)
            expect_let_in(trust, 0, &client, "kelvin", "");
        fx_free(&pair);
    }
}

static void a_weak_hash_is_refused(void **state)
{
    (void)state;
    QV_CLEANUP(qv_trust) struct qv_trust *trust = load_good("cloud.crt", NULL);
    struct fx_spec spec = {.cn = "a." FX_CLOUD, .issuer = &cloud, .digest = EVP_sha1()};
    struct fx_pair pair = fx_make(&spec);
    struct fx_client client = {.pair = &pair, .version = TLS1_3_VERSION};
    expect_refused(trust, &client, "weak", SSL_AD_BAD_CERTIFICATE);
    fx_free(&pair);
}

static void strangers_are_refused(void **state)
{
    (void)state;
    QV_CLEANUP(qv_trust) struct qv_trust *trust = load_good("cloud.crt", "cloud.crl");
    struct fx_pair of_stranger = fx_system(&stranger, "a", "01");
    struct fx_pair of_organization = fx_system(&organization, "a", "01");
    struct fx_spec self = {.cn = "a." FX_CLOUD};
    struct fx_pair self_signed = fx_make(&self);
    struct fx_client rows[] = {
        {.pair = &of_organization, .chain = {&organization, &master}},
        {.pair = &self_signed},
    };
    for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
        rows[i / 2].version = versions[i % 2];
        expect_refused(trust, &rows[i / 2], "unknown-issuer", SSL_AD_UNKNOWN_CA);
    }
    /* the namesake's signature is tried with the cloud's key */
    struct fx_client namesake = {.pair = &of_stranger, .chain = {&stranger}};
    for (size_t i = 0; i < 2; i++) {
        namesake.version = versions[i];
        expect_refused(trust, &namesake, "bad-signature", SSL_AD_DECRYPT_ERROR);
    }
    fx_free(&of_stranger);
    fx_free(&of_organization);
    fx_free(&self_signed);
}

static void nobody_is_refused_where_mutual(void **state)
{
    (void)state;
    QV_CLEANUP(qv_trust) struct qv_trust *trust = load_good("cloud.crt", NULL);
    struct fx_client client = {.version = TLS1_3_VERSION};
    expect_refused(trust, &client, "no-certificate", SSL_AD_CERTIFICATE_REQUIRED);
    expect_let_in(trust, 2, &client, NULL, "");
    client.version = TLS1_2_VERSION;
    expect_refused(trust, &client, "no-certificate", SSL_AD_HANDSHAKE_FAILURE);
    expect_let_in(trust, 2, &client, NULL, "");
}

static void a_bad_certificate_is_refused_at_a_server_listener_too(void **state)
{
    (void)state;
    QV_CLEANUP(qv_trust) struct qv_trust *trust = load_good("cloud.crt", "cloud.crl");
    struct fx_pair revoked = fx_system(&cloud, "a", "66"), good = fx_system(&cloud, "b", "65");
    struct fx_client client = {.pair = &revoked, .version = TLS1_3_VERSION};
    struct fx_tls tls;
    fx_handshake(qv_trust_context(trust, 2), &client, &tls);
    assert_false(tls.done);
    assert_int_equal(tls.alert, SSL_AD_CERTIFICATE_REVOKED);
    fx_tls_free(&tls);
    client.pair = &good;
    expect_let_in(trust, 2, &client, "b", "");
    fx_free(&revoked);
    fx_free(&good);
}

static void the_reason_names_who_and_where(void **state)
{
    (void)state;
    QV_CLEANUP(qv_trust) struct qv_trust *trust = load_good("cloud.crt", "cloud.crl");
    struct fx_pair revoked = fx_system(&cloud, "kelvin", "67");
    struct fx_client client = {.pair = &revoked, .version = TLS1_3_VERSION};
    struct fx_tls tls;
    fx_handshake(qv_trust_context(trust, 0), &client, &tls);
    assert_false(tls.done);
    assert_non_null(strstr(tls.verdict.reason, "CN=kelvin." FX_CLOUD));
    assert_non_null(strstr(tls.verdict.reason, "revoked (key compromise; "));
    assert_non_null(strstr(tls.verdict.reason, "cloud.crl"));
    assert_string_equal(tls.peer->serial, "67");
    fx_tls_free(&tls);
    fx_free(&revoked);
}

static void the_leaf_alone_is_who_calls(void **state)
{
    (void)state;
    QV_CLEANUP(qv_trust) struct qv_trust *trust = load_good("cloud.crt", "cloud.crl");
    struct fx_spec nobody = {.cn = "a.b.c.d", .issuer = &cloud};
    struct fx_spec operator_ = {.cn = "boss." FX_CLOUD, .dnq = "op"};
    struct fx_pair leaf = fx_make(&nobody), boss = fx_make(&operator_);
    struct fx_client client = {.pair = &leaf, .chain = {&boss}};
    for (size_t i = 0; i < 2; i++) {
        client.version = versions[i];
        expect_let_in(trust, 0, &client, NULL, "Unauthenticated access attempt: URL");
    }
    fx_free(&leaf);
    fx_free(&boss);
}

static void below_a_master_each_cloud_vouches_for_its_own(void **state)
{
    (void)state;
    QV_CLEANUP(qv_trust) struct qv_trust *trust = load_good("master.crt", NULL);
    struct fx_pair good = fx_system(&cloud, "a", "01"), fake = fx_system(&other_cloud, "a", "01");
    struct fx_client client = {.pair = &good, .chain = {&cloud, &organization}};
    for (size_t i = 0; i < 2; i++) {
        client.version = versions[i];
        expect_let_in(trust, 0, &client, "a", "");
    }
    client = (struct fx_client){.pair = &fake, .chain = {&other_cloud, &organization}};
    for (size_t i = 0; i < 2; i++) {
        client.version = versions[i];
        expect_let_in(trust, 0, &client, NULL, "Unauthorized access: URL, from foreign cloud");
    }
    client = (struct fx_client){.pair = &good, .chain = {&organization}, .version = TLS1_3_VERSION};
    expect_refused(trust, &client, "unknown-issuer", SSL_AD_UNKNOWN_CA);
    fx_free(&good);
    fx_free(&fake);
}

static void a_revoked_issuer_is_refused(void **state)
{
    (void)state;
    struct fx_crl crl = {.issuer = &organization, .serials = {"77"}}; /* every CA's serial here */
    fx_write_crl(&folder, "organization.crl", "w", &crl);
    fx_write_certificate(&folder, "organization.crl", "a", organization.x509);
    QV_CLEANUP(qv_trust) struct qv_trust *trust = load_good("master.crt", "organization.crl");
    struct fx_pair leaf = fx_system(&cloud, "a", "01");
    struct fx_client client = {
        .pair = &leaf, .chain = {&cloud, &organization}, .version = TLS1_3_VERSION};
    expect_refused(trust, &client, "revoked", SSL_AD_CERTIFICATE_REVOKED);
    fx_free(&leaf);
}

static void a_stale_crl_refuses_its_cas_peers_or_is_allowed(void **state)
{
    (void)state;
    struct fx_crl crl = {.issuer = &cloud, .serials = {"66"}, .begin = -2 * FX_DAY, .end = -FX_DAY};
    fx_write_crl(&folder, "stale.crl", "w", &crl);
    QV_CLEANUP(qv_trust) struct qv_trust *trust = load_good("cloud.crt", "stale.crl");
    struct fx_pair leaf = fx_system(&cloud, "a", "01"), revoked = fx_system(&cloud, "a", "66");
    struct fx_client client = {.pair = &leaf, .version = TLS1_3_VERSION};
    expect_refused(trust, &client, "stale-crl", SSL_AD_CERTIFICATE_EXPIRED);
    config.tls.stale_crl = QV_STALE_CRL_ALLOW;
    QV_CLEANUP(qv_trust) struct qv_trust *allows = load_configured();
    expect_let_in(allows, 0, &client, "a", "");
    client.pair = &revoked;
    expect_refused(allows, &client, "revoked", SSL_AD_CERTIFICATE_REVOKED);
    fx_free(&leaf);
    fx_free(&revoked);
}

static void a_ca_without_crl_vouches_for_nobody_where_one_is_required(void **state)
{
    (void)state;
    struct fx_pair leaf = fx_system(&cloud, "a", "01");
    struct fx_client client = {.pair = &leaf, .chain = {&cloud, &organization}};
    configure("cloud.crt", NULL);
    config.tls.require_crl = true;
    QV_CLEANUP(qv_trust) struct qv_trust *none = load_configured();
    configure("cloud.crt", "cloud.crl");
    config.tls.require_crl = true;
    QV_CLEANUP(qv_trust) struct qv_trust *complete = load_configured();
    fx_write_certificate(&folder, "lower.crl", "w", organization.x509);
    fx_write_certificate(&folder, "lower.crl", "a", cloud.x509);
    struct fx_crl crl = {.issuer = &cloud};
    fx_write_crl(&folder, "lower.crl", "a", &crl);
    configure("master.crt", "lower.crl"); /* of the three issuers two have none */
    config.tls.require_crl = true;
    QV_CLEANUP(qv_trust) struct qv_trust *partial = load_configured();
    for (size_t i = 0; i < 2; i++) {
        client.version = versions[i];
        expect_refused(none, &client, "no-crl", SSL_AD_UNKNOWN_CA);
        expect_let_in(complete, 0, &client, "a", "");
        expect_refused(partial, &client, "no-crl", SSL_AD_UNKNOWN_CA);
    }
    fx_free(&leaf);
}

static void protocols(void **state)
{
    (void)state;
    QV_CLEANUP(qv_trust) struct qv_trust *trust = load_good("cloud.crt", NULL);
    struct fx_pair leaf = fx_system(&cloud, "a", "01");
    struct fx_client client = {
        .pair = &leaf, .version = TLS1_1_VERSION, .ciphers = "ALL:@SECLEVEL=0"};
    expect_refused(trust, &client, "protocol", SSL_AD_PROTOCOL_VERSION);
    static const char *const bad[] = {"AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA",
                                      "ECDHE-ECDSA-AES128-SHA256", "DHE-RSA-AES128-GCM-SHA256"};
    client.version = TLS1_2_VERSION;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        client.ciphers = bad[i];
        expect_refused(trust, &client, "parameters", SSL_AD_HANDSHAKE_FAILURE);
    }
    client.ciphers = "ECDHE-ECDSA-CHACHA20-POLY1305";
    expect_let_in(trust, 0, &client, "a", "");
    fx_free(&leaf);
}

static void alpn_gives_http_1_1_or_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *offered, *chosen;
    } rows[] = {{NULL, ""},
                {"\x02h2", ""},
                {"\x02h2\x08http/1.1", "http/1.1"},
                {"\x08http/1.0\x08http/1.1", "http/1.1"}};
    QV_CLEANUP(qv_trust) struct qv_trust *trust = load_good("cloud.crt", NULL);
    for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
        struct fx_client client = {.version = versions[i % 2], .alpn = rows[i / 2].offered};
        struct fx_tls tls;
        fx_handshake(qv_trust_context(trust, 2), &client, &tls);
        assert_true(tls.done);
        const unsigned char *chosen = NULL;
        unsigned length = 0;
        SSL_get0_alpn_selected(tls.client, &chosen, &length);
        assert_true(qv_str_equal((struct qv_str){.at = (const char *)chosen, .length = length},
                                 qv_str_from(rows[i / 2].chosen)));
        fx_tls_free(&tls);
    }
}

/** Whole, yet without CRLs to judge by: it lets nobody in. */
static void a_context_outlives_its_trust(void **state)
{
    (void)state;
    struct qv_trust *trust = load_good("cloud.crt", "cloud.crl");
    SSL_CTX *context = qv_trust_context(trust, 0);
    assert_int_equal(SSL_CTX_up_ref(context), 1);
    qv_trust_free(&trust);
    struct fx_pair good = fx_system(&cloud, "a", "65");
    struct fx_client client = {.pair = &good, .version = TLS1_3_VERSION};
    struct fx_tls tls;
    fx_handshake(context, &client, &tls);
    assert_false(tls.done);
    assert_string_equal(tls.verdict.code, "internal");
    assert_int_equal(tls.alert, SSL_AD_INTERNAL_ERROR);
    fx_tls_free(&tls);
    SSL_CTX_free(context);
    fx_free(&good);
}

static void what_is_no_tls_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *sent, *code;
    } rows[] = {{"GET / HTTP/1.1\r\n\r\n", "not-tls"},
                {"\x99\x99\x99\x99\x99\x99\x99\x99\x99\x99\x99", "not-tls"},
                {"", "gone"}};
    QV_CLEANUP(qv_trust) struct qv_trust *trust = load_good("cloud.crt", NULL);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        SSL *ssl = SSL_new(qv_trust_context(trust, 0));
        BIO *in = BIO_new_mem_buf(rows[i].sent, -1), *out = BIO_new(BIO_s_mem());
        BIO_set_mem_eof_return(in, 0);
        SSL_set_bio(ssl, in, out);
        assert_true(SSL_accept(ssl) != 1);
        struct qv_verdict verdict;
        struct qv_certificate *peer = NULL;
        qv_trust_explain_failure(ssl, &verdict, &peer);
        assert_string_equal(verdict.code, rows[i].code);
        assert_int_not_equal(verdict.status, QV_OK);
        assert_null(peer);
        assert_int_equal(ERR_peek_error(), 0);
        SSL_free(ssl);
    }
}

static void what_cannot_be_read_is_named(void **state)
{
    (void)state;
    QV_CLEANUP(qv_trust) struct qv_trust *trust = load_good("cloud.crt", NULL);
    SSL *ssl = SSL_new(qv_trust_context(trust, 0));
    struct qv_verdict verdict;
    struct qv_certificate *peer = NULL;
    const unsigned char *at = (const unsigned char *)"\x30\x03\x02\x01\x01";
    assert_null(d2i_X509(NULL, &at, 5)); /* what libssl does with what the peer sent */
    qv_trust_explain_failure(ssl, &verdict, &peer);
    assert_string_equal(verdict.code, "malformed");
    assert_ptr_equal(strstr(verdict.reason, "the certificate cannot be read (malformed): "),
                     verdict.reason);
    assert_true(strlen(verdict.reason) > strlen("the certificate cannot be read (malformed): "));
    assert_null(peer);
    SSL_free(ssl);
}

/** What an operator reads; the codes and alerts are above. */
static void the_words_say_what_to_do(void **state)
{
    (void)state;
    static const struct {
        struct fx_spec spec;
        const struct fx_pair *issuer;
        const char *code, *words;
    } rows[] = {
        {{.eku = "serverAuth"}, &cloud, "leaf-rule", "its extended key usage lacks clientAuth"},
        {{.ku = "keyAgreement"}, &cloud, "leaf-rule", "its key usage lacks digitalSignature"},
        {{.serial = "1"},
         &other_cloud,
         "unknown-issuer",
         ": no CA of tls.trust issued it (issuer dnQualifier=lo,CN=othercloud."},
        {{.begin = -9999, .end = -999}, &cloud, "expired", "certificate has expired"},
    };
    QV_CLEANUP(qv_trust) struct qv_trust *trust = load_good("cloud.crt", NULL);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fx_spec spec = rows[i].spec;
        spec.cn = "kelvin." FX_CLOUD;
        spec.issuer = rows[i].issuer;
        struct fx_pair pair = fx_make(&spec);
        struct fx_client client = {.pair = &pair, .version = TLS1_3_VERSION};
        struct fx_tls tls;
        fx_handshake(qv_trust_context(trust, MUTUAL), &client, &tls);
        struct qv_verdict offline;
        qv_anchors_judge(qv_trust_anchors(trust), pair.x509, NULL, now, &offline, NULL);
        assert_string_equal(tls.verdict.code, rows[i].code);
        assert_non_null(strstr(tls.verdict.reason, "CN=kelvin." FX_CLOUD));
        assert_non_null(strstr(tls.verdict.reason, rows[i].words));
        assert_string_equal(offline.code, tls.verdict.code);
        assert_string_equal(offline.reason, tls.verdict.reason);
        fx_tls_free(&tls);
        fx_free(&pair);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_loads),
        cmocka_unit_test(without_tls_there_is_only_the_cloud),
        cmocka_unit_test(all_faults_are_told),
        cmocka_unit_test(unfit_keys_are_refused),
        cmocka_unit_test(unfit_own_certificates_are_refused),
        cmocka_unit_test(unfit_cas_are_refused),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(handshakes),
        cmocka_unit_test(a_weak_hash_is_refused),
        cmocka_unit_test(strangers_are_refused),
        cmocka_unit_test(what_cannot_be_read_is_named),
        cmocka_unit_test(the_words_say_what_to_do),
        cmocka_unit_test(nobody_is_refused_where_mutual),
        cmocka_unit_test(a_bad_certificate_is_refused_at_a_server_listener_too),
        cmocka_unit_test(the_reason_names_who_and_where),
        cmocka_unit_test(the_leaf_alone_is_who_calls),
        cmocka_unit_test(below_a_master_each_cloud_vouches_for_its_own),
        cmocka_unit_test(a_revoked_issuer_is_refused),
        cmocka_unit_test(a_stale_crl_refuses_its_cas_peers_or_is_allowed),
        cmocka_unit_test(a_ca_without_crl_vouches_for_nobody_where_one_is_required),
        cmocka_unit_test(protocols),
        cmocka_unit_test(alpn_gives_http_1_1_or_nothing),
        cmocka_unit_test(a_context_outlives_its_trust),
        cmocka_unit_test(what_is_no_tls_is_named),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
