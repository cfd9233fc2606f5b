/*
 * Certificates and CRLs for unit tests, made with OpenSSL when the test runs: no key file is ever
 * committed. A struct fx_spec that is all zero but for `cn` is a sound system certificate, signed
 * by `issuer`. A failing call of OpenSSL's fails the test. One thread.
 */
#ifndef QUIVER_TESTS_X509_FIXTURE_H
#define QUIVER_TESTS_X509_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <quiver/base/clock.h>
#include <quiver/base/str.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FX_CLOUD "testcloud.company.arrowhead.eu"
#define FX_NONE  "-" /* leaves an extension or attribute out */
#define FX_DAY   86400

struct fx_pair {
    X509 *x509;
    EVP_PKEY *key;
};

struct fx_spec {
    const char *cn;               /**< FX_NONE: none */
    const char *dnq;              /**< NULL: "sy" */
    const struct fx_pair *issuer; /**< NULL: signed by itself */
    const char *key;              /**< NULL: "P-256"; a curve, "RSA:<bits>", "ED25519", "DSA" ... */
    EVP_PKEY *use_key;            /**< instead of a new one; borrowed */
    const char *serial;           /**< hexadecimal, may begin with a minus; NULL: "1234" */
    long begin, end;              /**< seconds from now; both 0: yesterday to tomorrow */
    const char *bc, *ku, *eku;    /**< NULL: those of a system; FX_NONE: left out */
    const char *san;              /**< NULL: none */
    const EVP_MD *digest;         /**< NULL: SHA-256 */
    int version;                  /**< X.509 version; 0: 3 */
    bool extension_twice;         /**< the key usage once more */
    void (*subject)(X509_NAME *name); /**< writes the subject instead of cn and dnq */
};

static inline void fx_free(struct fx_pair *pair)
{
    X509_free(pair->x509);
    EVP_PKEY_free(pair->key);
    *pair = (struct fx_pair){0};
}

static inline EVP_PKEY *fx_dsa_key(void)
{
    EVP_PKEY *parameters = NULL, *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DSA", NULL);
    assert_int_equal(EVP_PKEY_paramgen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_dsa_paramgen_bits(ctx, 1024), 1);
    assert_int_equal(EVP_PKEY_paramgen(ctx, &parameters), 1);
    EVP_PKEY_CTX_free(ctx);
    ctx = EVP_PKEY_CTX_new(parameters, NULL);
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_keygen(ctx, &key), 1);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(parameters);
    return key;
}

static inline EVP_PKEY *fx_explicit_key(void)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_ec_paramgen_curve_nid(ctx, NID_X9_62_prime256v1), 1);
    assert_int_equal(EVP_PKEY_CTX_set_ec_param_enc(ctx, 0), 1);
    assert_int_equal(EVP_PKEY_keygen(ctx, &key), 1);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static inline EVP_PKEY *fx_key(const char *kind)
{
    EVP_PKEY *key;
    if (kind == NULL)
        kind = "P-256";
    if (strcmp(kind, "DSA") == 0)
        return fx_dsa_key();
    if (strcmp(kind, "explicit") == 0)
        return fx_explicit_key();
    if (strncmp(kind, "RSA:", 4) == 0)
        key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)atoi(kind + 4));
    else if (strncmp(kind, "ED", 2) == 0)
        key = EVP_PKEY_Q_keygen(NULL, NULL, kind);
    else
        key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", kind);
    assert_non_null(key);
    return key;
}

static inline void fx_add_name(X509_NAME *name, const char *field, int type, const char *text,
                               int length, int set)
{
    assert_int_equal(
        X509_NAME_add_entry_by_txt(name, field, type, (const unsigned char *)text, length, -1, set),
        1);
}

static inline void fx_add_extension(X509 *x509, X509 *issuer, int nid, const char *value)
{
    if (value == NULL || strcmp(value, FX_NONE) == 0)
        return;
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, x509, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(x509, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static inline void fx_sign(X509 *x509, EVP_PKEY *key, const EVP_MD *digest)
{
    bool has_digest = EVP_PKEY_get_base_id(key) != EVP_PKEY_ED25519 &&
                      EVP_PKEY_get_base_id(key) != EVP_PKEY_ED448;
    if (digest == NULL)
        digest = EVP_sha256();
    assert_true(X509_sign(x509, key, has_digest ? digest : NULL) > 0);
}

static inline void fx_subject(X509 *x509, const struct fx_spec *spec)
{
    X509_NAME *name = X509_get_subject_name(x509);
    if (spec->subject != NULL) {
        spec->subject(name);
        return;
    }
    if (strcmp(spec->cn, FX_NONE) != 0) /* a long one passes X.520's bound, as OpenSSL reads it */
        assert_int_equal(X509_NAME_add_entry_by_OBJ(name, OBJ_nid2obj(NID_commonName),
                                                    V_ASN1_UTF8STRING,
                                                    (const unsigned char *)spec->cn, -1, -1, 0),
                         1);
    const char *dnq = spec->dnq != NULL ? spec->dnq : "sy";
    if (strcmp(dnq, FX_NONE) != 0)
        fx_add_name(name, "dnQualifier", V_ASN1_PRINTABLESTRING, dnq, -1, 0);
}

static inline void fx_serial(X509 *x509, const char *text)
{
    BIGNUM *number = NULL;
    assert_true(BN_hex2bn(&number, text != NULL ? text : "1234") > 0);
    ASN1_INTEGER *serial = BN_to_ASN1_INTEGER(number, NULL);
    assert_int_equal(X509_set_serialNumber(x509, serial), 1);
    ASN1_INTEGER_free(serial);
    BN_free(number);
}

static inline struct fx_pair fx_make(const struct fx_spec *spec)
{
    struct fx_pair made = {.x509 = X509_new(), .key = spec->use_key};
    if (made.key != NULL)
        EVP_PKEY_up_ref(made.key);
    else
        made.key = fx_key(spec->key);
    X509 *issuer = spec->issuer != NULL ? spec->issuer->x509 : made.x509;
    assert_int_equal(X509_set_version(made.x509, (spec->version != 0 ? spec->version : 3) - 1), 1);
    fx_serial(made.x509, spec->serial);
    bool dated = spec->begin != 0 || spec->end != 0;
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(made.x509), dated ? spec->begin : -FX_DAY));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(made.x509), dated ? spec->end : FX_DAY));
    fx_subject(made.x509, spec);
    assert_int_equal(X509_set_issuer_name(made.x509, X509_get_subject_name(issuer)), 1);
    assert_int_equal(X509_set_pubkey(made.x509, made.key), 1);
    if (spec->version != 1) {
        fx_add_extension(made.x509, issuer, NID_basic_constraints,
                         spec->bc != NULL ? spec->bc : "critical,CA:FALSE");
        const char *ku = spec->ku != NULL ? spec->ku : "critical,digitalSignature,keyEncipherment";
        fx_add_extension(made.x509, issuer, NID_key_usage, ku);
        if (spec->extension_twice)
            fx_add_extension(made.x509, issuer, NID_key_usage, ku);
        fx_add_extension(made.x509, issuer, NID_ext_key_usage,
                         spec->eku != NULL ? spec->eku : "serverAuth,clientAuth");
        fx_add_extension(made.x509, issuer, NID_subject_alt_name, spec->san);
    }
    fx_sign(made.x509, spec->issuer != NULL ? spec->issuer->key : made.key, spec->digest);
    return made;
}

static inline struct fx_pair fx_ca(const char *cn, const char *dnq, const struct fx_pair *issuer)
{
    struct fx_spec spec = {.cn = cn,
                           .dnq = dnq,
                           .issuer = issuer,
                           .serial = "77",
                           .bc = "critical,CA:TRUE",
                           .ku = "critical,keyCertSign,cRLSign",
                           .eku = FX_NONE};
    return fx_make(&spec);
}

static inline struct fx_pair fx_cloud_ca(void)
{
    return fx_ca(FX_CLOUD, "lo", NULL);
}

static inline struct fx_pair fx_system(const struct fx_pair *issuer, const char *name,
                                       const char *serial)
{
    char cn[200];
    (void)snprintf(cn, sizeof(cn), "%s." FX_CLOUD, name);
    struct fx_spec spec = {.cn = cn, .issuer = issuer, .serial = serial, .san = "DNS:localhost"};
    return fx_make(&spec);
}

/* --- CRLs --- */

struct fx_crl {
    const struct fx_pair *issuer;
    const char *serials[8]; /**< hexadecimal, up to the first NULL */
    int reason;             /**< CRLReason of the last one; 0: none given */
    long begin, end;  /**< seconds from now; both 0: yesterday to tomorrow; end LONG_MIN: none */
    long number;      /**< CRL number; 0: none */
    int critical_nid; /**< adds that extension, critical, with `extension` as value */
    const char *extension; /**< configuration text of OpenSSL's */
    const EVP_MD *digest;  /**< NULL: SHA-256 */
};

static inline void fx_revoke(X509_CRL *crl, const char *serial, int reason)
{
    X509_REVOKED *entry = X509_REVOKED_new();
    BIGNUM *number = NULL;
    assert_true(BN_hex2bn(&number, serial) > 0);
    ASN1_INTEGER *integer = BN_to_ASN1_INTEGER(number, NULL);
    ASN1_TIME *at = X509_gmtime_adj(NULL, -3600);
    assert_int_equal(X509_REVOKED_set_serialNumber(entry, integer), 1);
    assert_int_equal(X509_REVOKED_set_revocationDate(entry, at), 1);
    if (reason > 0) {
        ASN1_ENUMERATED *code = ASN1_ENUMERATED_new();
        assert_int_equal(ASN1_ENUMERATED_set(code, reason), 1);
        assert_int_equal(X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, code, 0, 0), 1);
        ASN1_ENUMERATED_free(code);
    }
    assert_int_equal(X509_CRL_add0_revoked(crl, entry), 1);
    ASN1_TIME_free(at);
    ASN1_INTEGER_free(integer);
    BN_free(number);
}

static inline void fx_crl_dates(X509_CRL *crl, const struct fx_crl *spec)
{
    bool dated = spec->begin != 0 || spec->end != 0;
    ASN1_TIME *at = X509_gmtime_adj(NULL, dated ? spec->begin : -FX_DAY);
    assert_int_equal(X509_CRL_set1_lastUpdate(crl, at), 1);
    ASN1_TIME_free(at);
    if (spec->end == -1)
        return;
    at = X509_gmtime_adj(NULL, dated ? spec->end : FX_DAY);
    assert_int_equal(X509_CRL_set1_nextUpdate(crl, at), 1);
    ASN1_TIME_free(at);
}

static inline X509_CRL *fx_crl(const struct fx_crl *spec)
{
    X509_CRL *crl = X509_CRL_new();
    assert_int_equal(X509_CRL_set_version(crl, X509_CRL_VERSION_2), 1);
    assert_int_equal(X509_CRL_set_issuer_name(crl, X509_get_subject_name(spec->issuer->x509)), 1);
    fx_crl_dates(crl, spec);
    for (size_t i = 0; i < 8 && spec->serials[i] != NULL; i++)
        fx_revoke(crl, spec->serials[i], i == 7 || spec->serials[i + 1] == NULL ? spec->reason : 0);
    if (spec->number != 0) {
        ASN1_INTEGER *number = ASN1_INTEGER_new();
        assert_int_equal(ASN1_INTEGER_set(number, spec->number), 1);
        assert_int_equal(X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, 0), 1);
        ASN1_INTEGER_free(number);
    }
    if (spec->critical_nid != 0) {
        X509_EXTENSION *extension =
            X509V3_EXT_conf_nid(NULL, NULL, spec->critical_nid, spec->extension);
        assert_non_null(extension);
        assert_int_equal(X509_EXTENSION_set_critical(extension, 1), 1);
        assert_int_equal(X509_CRL_add_ext(crl, extension, -1), 1);
        X509_EXTENSION_free(extension);
    }
    assert_true(X509_CRL_sign(crl, spec->issuer->key,
                              spec->digest != NULL ? spec->digest : EVP_sha256()) > 0);
    return crl;
}

/* --- files in a folder of the test's own --- */

struct fx_folder {
    char path[64];
};

static inline struct fx_folder fx_folder_make(void)
{
    struct fx_folder folder = {.path = "/tmp/quiver-test-XXXXXX"};
    assert_non_null(mkdtemp(folder.path));
    return folder;
}

/** Into a static buffer of four, so that a call can name several. */
static inline char *fx_path(const struct fx_folder *folder, const char *name)
{
    static char paths[4][128];
    static unsigned next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, sizeof(paths[0]), "%s/%s", folder->path, name);
    return path;
}

static inline FILE *fx_open(const struct fx_folder *folder, const char *name, const char *mode)
{
    FILE *file = fopen(fx_path(folder, name), mode);
    assert_non_null(file);
    return file;
}

static inline void fx_write_certificate(const struct fx_folder *folder, const char *name,
                                        const char *mode, X509 *x509)
{
    FILE *file = fx_open(folder, name, mode);
    assert_int_equal(PEM_write_X509(file, x509), 1);
    assert_int_equal(fclose(file), 0);
}

static inline void fx_write_key(const struct fx_folder *folder, const char *name, EVP_PKEY *key,
                                mode_t mode)
{
    FILE *file = fx_open(folder, name, "w");
    assert_int_equal(fchmod(fileno(file), mode), 0);
    assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(fclose(file), 0);
}

static inline void fx_write_crl(const struct fx_folder *folder, const char *name, const char *mode,
                                const struct fx_crl *spec)
{
    X509_CRL *crl = fx_crl(spec);
    FILE *file = fx_open(folder, name, mode);
    assert_int_equal(PEM_write_X509_CRL(file, crl), 1);
    assert_int_equal(fclose(file), 0);
    X509_CRL_free(crl);
}

static inline void fx_write_text(const struct fx_folder *folder, const char *name, const char *text)
{
    FILE *file = fx_open(folder, name, "w");
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static inline void fx_folder_remove(struct fx_folder *folder)
{
    char command[128];
    (void)snprintf(command, sizeof(command), "rm -r %s", folder->path);
    assert_int_equal(system(command), 0);
}

static inline bool fx_any_contains(const struct qv_strings *texts, const char *part)
{
    for (size_t i = 0; i < texts->count; i++)
        if (strstr(texts->at[i], part) != NULL)
            return true;
    return false;
}

#endif
