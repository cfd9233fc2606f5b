/*
 * A local cloud with its CAs, a registry's own certificate, CRLs, and a configuration that names
 * their files: what a trust is loaded from. One thread; `begin` and `end` are a group's.
 */
#ifndef QUIVER_TESTS_TRUST_FIXTURE_H
#define QUIVER_TESTS_TRUST_FIXTURE_H

#include "tls_fixture.h"
#include <quiver/base/log.h>
#include <quiver/base/memory.h>

static struct fx_pair master, organization, cloud, other_cloud, stranger, registry;
static struct fx_folder folder;
static struct qv_wall now;
static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

/* --- configurations --- */

enum { MUTUAL, PLAIN, SERVER, LISTENERS }; /* the listeners, by index */

static char certificate_path[128], key_path[128], trust_path[128], crl_path[128];
static char *trust_files[] = {trust_path}, *crl_files[] = {crl_path};
static char ciphers[128], cipher_suites[128], groups[64];
static struct qv_config_listener listeners[LISTENERS];
static struct qv_config config;

static inline void set_path(char at[128], const char *file)
{
    (void)snprintf(at, 128, "%s", fx_path(&folder, file));
}

/** As config/settings.c has them by default. */
static inline void configure_protocol(void)
{
    (void)snprintf(ciphers, sizeof(ciphers), "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!PSK");
    (void)snprintf(cipher_suites, sizeof(cipher_suites),
                   "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256");
    (void)snprintf(groups, sizeof(groups), "X25519:P-256:X448:P-384:P-521");
    config.tls.ciphers = ciphers;
    config.tls.cipher_suites = cipher_suites;
    config.tls.groups = groups;
}

static inline void configure(const char *trust, const char *crl)
{
    static char names[LISTENERS][8] = {"secure", "plain", "open"};
    static const enum qv_tls_mode modes[] = {QV_TLS_MUTUAL, QV_TLS_OFF, QV_TLS_SERVER};
    set_path(certificate_path, "registry.crt");
    set_path(key_path, "registry.key");
    set_path(trust_path, trust);
    for (size_t i = 0; i < LISTENERS; i++)
        listeners[i] = (struct qv_config_listener){.name = names[i], .tls = modes[i]};
    config = (struct qv_config){.listeners = listeners, .listener_count = LISTENERS};
    config.tls.certificate = certificate_path;
    config.tls.private_key = key_path;
    config.tls.trust = (struct qv_strings){.at = trust_files, .count = 1};
    configure_protocol();
    if (crl != NULL) {
        set_path(crl_path, crl);
        config.tls.crl = (struct qv_strings){.at = crl_files, .count = 1};
    }
}

static inline int begin(void **state)
{
    (void)state;
    qv_log_configure(QV_LOG_ERROR, QV_LOG_JSON);
    now = (struct qv_wall){.seconds = time(NULL)};
    folder = fx_folder_make();
    master = fx_ca("arrowhead.eu", "ma", NULL);
    organization = fx_ca("company.arrowhead.eu", "or", &master);
    cloud = fx_ca(FX_CLOUD, "lo", &organization);
    other_cloud = fx_ca("othercloud.company.arrowhead.eu", "lo", &organization);
    stranger = fx_cloud_ca();
    registry = fx_system(&cloud, "serviceregistry", "10");
    fx_write_certificate(&folder, "registry.crt", "w", registry.x509);
    fx_write_certificate(&folder, "registry.crt", "a", cloud.x509);
    fx_write_certificate(&folder, "registry.crt", "a", organization.x509);
    fx_write_key(&folder, "registry.key", registry.key, 0600);
    fx_write_certificate(&folder, "cloud.crt", "w", cloud.x509);
    fx_write_certificate(&folder, "master.crt", "w", master.x509);
    fx_write_certificate(&folder, "both.crt", "w", stranger.x509);
    fx_write_certificate(&folder, "both.crt", "a", cloud.x509);
    fx_write_certificate(&folder, "stranger.crt", "w", stranger.x509);
    struct fx_crl crl = {.issuer = &cloud, .serials = {"66", "67"}, .reason = 1};
    fx_write_crl(&folder, "cloud.crl", "w", &crl);
    return 0;
}

static inline int end(void **state)
{
    (void)state;
    struct fx_pair *all[] = {&master, &organization, &cloud, &other_cloud, &stranger, &registry};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        fx_free(all[i]);
    fx_folder_remove(&folder);
    return 0;
}

/** From the configuration as it is. */
static inline struct qv_trust *load_configured(void)
{
    struct qv_trust *trust = NULL;
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    enum qv_status status = qv_trust_load(&config, NULL, now, &trust, &faults);
    if (status != QV_OK)
        fail_msg("%s", faults.count > 0 ? faults.at[0] : "no fault told");
    assert_int_equal(ERR_peek_error(), 0);
    return trust;
}

static inline struct qv_trust *load_good(const char *trust_file, const char *crl)
{
    configure(trust_file, crl);
    return load_configured();
}

/* --- times --- */

/** From now on the context's handshakes are judged as if it were so many seconds later. */
static inline void set_clock(SSL_CTX *context, long seconds)
{
    X509_VERIFY_PARAM_set_time(SSL_CTX_get0_param(context), (time_t)now.seconds + seconds);
}

static inline struct qv_wall later(int64_t seconds)
{
    return (struct qv_wall){.seconds = now.seconds + seconds};
}

/* --- handshakes --- */

static inline void expect_refused_at(struct qv_trust *trust, size_t listener,
                                     const struct fx_client *client, const char *code, int alert)
{
    struct fx_tls tls;
    fx_handshake(qv_trust_context(trust, listener), client, &tls);
    if (tls.done)
        fail_msg("it is let in, not refused as '%s'", code);
    const struct qv_verdict *verdict = &tls.verdict;
    if (strcmp(verdict->code, code) != 0 || tls.alert != alert)
        fail_msg("'%s' (%s) and alert %d, not '%s' and %d", verdict->code, verdict->reason,
                 tls.alert, code, alert);
    assert_int_not_equal(verdict->status, QV_OK);
    assert_true(verdict->reason[0] != '\0');
    bool came = strcmp(code, "protocol") != 0 && strcmp(code, "parameters") != 0;
    assert_true((tls.peer != NULL) == (client->pair != NULL && came));
    fx_tls_free(&tls);
}

static inline void expect_refused(struct qv_trust *trust, const struct fx_client *client,
                                  const char *code, int alert)
{
    expect_refused_at(trust, MUTUAL, client, code, alert);
}

/** A handshake that succeeds and is judged well at `when`; the caller frees. */
static inline void expect_path(struct qv_trust *trust, size_t listener,
                               const struct fx_client *client, struct qv_wall when,
                               struct fx_tls *ret_tls, struct qv_path *ret_path)
{
    fx_handshake(qv_trust_context(trust, listener), client, ret_tls);
    if (!ret_tls->done)
        fail_msg("refused: %s", ret_tls->verdict.reason);
    struct qv_verdict verdict;
    QV_CLEANUP(qv_identity) struct qv_identity *identity = NULL;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    qv_trust_judge(trust, ret_tls->server, when, &verdict, ret_path, &identity, &error);
    if (verdict.status != QV_OK)
        fail_msg("judged: %s", verdict.reason);
    assert_int_equal(error.status, QV_OK);
    assert_int_equal(ERR_peek_error(), 0);
    assert_true((identity != NULL) == (client->pair != NULL || ret_path->count > 0));
    if (identity == NULL)
        return;
    char issuer[QV_ISSUER_KEY_TEXT];
    qv_issuer_key_text(&ret_path->links[0].issuer, issuer);
    assert_string_equal(identity->certificate->issuer_key, issuer);
}

#endif
