/*
 * The leaf rule: what OpenSSL lets through as a client certificate and no one should (design 6).
 * A table of checks, each of which knows the reason in words and the X509_V_ERR_... by which
 * OpenSSL picks the fitting alert. X509_V_FLAG_X509_STRICT is not used instead, as the reference's
 * own sample certificates fail it. Depends on nothing but the certificate; any thread.
 */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <quiver/base/memory.h>
#include <quiver/identity/identity.h>
#include <string.h>

#define SERIAL_OCTETS_MAX 20 /* RFC 5280 4.1.2.2 */
#define EXTENSIONS_MAX    64 /* beyond any profile; bounds the search for repeated ones */
#define RSA_BITS_MIN      2048
#define RSA_BITS_MAX      8192 /* verifying costs its square: a longer key is an attack */
#define SIGNATURE_BITS    112  /* SHA-1 has less */

#define MALFORMED X509_V_ERR_CERT_REJECTED   /* alert bad_certificate */
#define UNFIT     X509_V_ERR_INVALID_PURPOSE /* alert unsupported_certificate */

/** One check: NULL where the leaf passes, else the reason; may set another error than the row's. */
struct leaf_check {
    const char *(*check)(X509 *leaf, int *verify_error);
    int verify_error;
};

static const char *check_version(X509 *leaf, int *verify_error)
{
    (void)verify_error;
    return X509_get_version(leaf) == X509_VERSION_3 ? NULL : "it is not of X.509 version 3";
}

static const char *check_serial(X509 *leaf, int *verify_error)
{
    (void)verify_error;
    const ASN1_INTEGER *serial = X509_get0_serialNumber(leaf);
    const unsigned char *at = ASN1_STRING_get0_data(serial);
    int length = ASN1_STRING_length(serial);
    if ((ASN1_STRING_type(serial) & V_ASN1_NEG) != 0)
        return "its serial number is negative";
    if (length == 0 || (length == 1 && at[0] == 0))
        return "its serial number is zero";
    /* The encoding has one octet more where the first bit is set, for the sign. */
    if (length + (at[0] >> 7) > SERIAL_OCTETS_MAX)
        return "its serial number is longer than 20 octets";
    return NULL;
}

static const char *check_extensions(X509 *leaf, int *verify_error)
{
    (void)verify_error;
    int count = X509_get_ext_count(leaf);
    if (count > EXTENSIONS_MAX)
        return "it has more extensions than any profile asks for";
    for (int i = 0; i < count; i++) {
        const ASN1_OBJECT *oid = X509_EXTENSION_get_object(X509_get_ext(leaf, i));
        for (int k = 0; k < i; k++)
            if (OBJ_cmp(oid, X509_EXTENSION_get_object(X509_get_ext(leaf, k))) == 0)
                return "it has an extension twice";
    }
    if ((X509_get_extension_flags(leaf) & (EXFLAG_INVALID | EXFLAG_INVALID_POLICY)) != 0)
        return "it has an extension that cannot be read";
    return NULL;
}

static const char *check_no_ca(X509 *leaf, int *verify_error)
{
    (void)verify_error;
    uint32_t flags = X509_get_extension_flags(leaf);
    if ((flags & EXFLAG_CA) != 0)
        return "it is a CA; a CA is no system";
    if ((flags & EXFLAG_KUSAGE) != 0 && (X509_get_key_usage(leaf) & KU_KEY_CERT_SIGN) != 0)
        return "its key usage has keyCertSign; a CA is no system";
    return NULL;
}

static const char *check_key_usage(X509 *leaf, int *verify_error)
{
    (void)verify_error;
    if ((X509_get_extension_flags(leaf) & EXFLAG_KUSAGE) == 0)
        return "it has no key usage; digitalSignature is wanted";
    if ((X509_get_key_usage(leaf) & KU_DIGITAL_SIGNATURE) == 0)
        return "its key usage lacks digitalSignature";
    return NULL;
}

static const char *check_extended_key_usage(X509 *leaf, int *verify_error)
{
    (void)verify_error;
    if ((X509_get_extension_flags(leaf) & EXFLAG_XKUSAGE) == 0)
        return "it has no extended key usage; clientAuth is wanted";
    if ((X509_get_extended_key_usage(leaf) & XKU_SSL_CLIENT) == 0)
        return "its extended key usage lacks clientAuth";
    return NULL;
}

static const char *check_rsa(const EVP_PKEY *key, int *verify_error)
{
    int bits = EVP_PKEY_get_bits(key);
    *verify_error = X509_V_ERR_EE_KEY_TOO_SMALL;
    if (bits < RSA_BITS_MIN)
        return "its RSA key is shorter than 2048 bits";
    *verify_error = UNFIT;
    if (bits > RSA_BITS_MAX)
        return "its RSA key is longer than 8192 bits";
    BIGNUM *exponent = NULL;
    if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent) != 1)
        return "its RSA key cannot be read";
    bool sound = BN_is_odd(exponent) && !BN_is_one(exponent);
    BN_free(exponent);
    return sound ? NULL : "its RSA key's exponent proves nothing";
}

static const char *check_ec(const EVP_PKEY *key, int *verify_error)
{
    static const char *const curves[] = {"prime256v1", "secp384r1", "secp521r1"};
    int is_explicit = 0;
    char name[32] = "";
    if (EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
                               &is_explicit) == 1 &&
        is_explicit != 0) {
        *verify_error = X509_V_ERR_EC_KEY_EXPLICIT_PARAMS;
        return "its EC key spells its curve out; a named curve is wanted";
    }
    if (EVP_PKEY_get_group_name(key, name, sizeof(name), NULL) == 1)
        for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
            if (strcmp(name, curves[i]) == 0)
                return NULL;
    return "its EC key is on another curve than P-256, P-384 and P-521";
}

static const char *check_key(X509 *leaf, int *verify_error)
{
    const EVP_PKEY *key = X509_get0_pubkey(leaf);
    if (key == NULL) {
        *verify_error = MALFORMED;
        return "its public key cannot be read";
    }
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS: return check_rsa(key, verify_error);
    case EVP_PKEY_EC: return check_ec(key, verify_error);
    case EVP_PKEY_ED25519:
    case EVP_PKEY_ED448: return NULL;
    default: return "its key is of a kind that TLS 1.3 does not have";
    }
}

static const char *check_signature(X509 *leaf, int *verify_error)
{
    (void)verify_error;
    int digest = NID_undef, kind = NID_undef, bits = 0;
    uint32_t flags = 0;
    if (X509_get_signature_info(leaf, &digest, &kind, &bits, &flags) != 1)
        return "its signature is of an unknown kind";
    if (bits < SIGNATURE_BITS)
        return "its signature's hash is too weak";
    if (kind == EVP_PKEY_DSA)
        return "it is signed with DSA, which is withdrawn";
    return NULL;
}

static const struct leaf_check form_checks[] = {
    {check_version, MALFORMED},
    {check_serial, MALFORMED},
    {check_extensions, MALFORMED},
};
static const struct leaf_check use_checks[] = {
    {check_no_ca, UNFIT},
    {check_key_usage, UNFIT},
    {check_extended_key_usage, UNFIT},
    {check_key, UNFIT},
    {check_signature, X509_V_ERR_CA_MD_TOO_WEAK},
};

static enum qv_status run_checks(const struct leaf_check *checks, size_t count, X509 *leaf,
                                 int *ret_verify_error, struct qv_error *error)
{
    const char *reason = NULL;
    int verify_error = X509_V_OK;
    ERR_set_mark();
    for (size_t i = 0; i < count && reason == NULL; i++) {
        verify_error = checks[i].verify_error;
        reason = checks[i].check(leaf, &verify_error);
    }
    ERR_pop_to_mark();
    if (reason == NULL)
        return QV_OK;
    *ret_verify_error = verify_error;
    return qv_error_set(error, QV_DENIED, "%s", reason);
}

enum qv_status qv_leaf_form(X509 *leaf, int *ret_verify_error, struct qv_error *error)
{
    return run_checks(form_checks, sizeof(form_checks) / sizeof(form_checks[0]), leaf,
                      ret_verify_error, error);
}

enum qv_status qv_leaf_use(X509 *leaf, int *ret_verify_error, struct qv_error *error)
{
    return run_checks(use_checks, sizeof(use_checks) / sizeof(use_checks[0]), leaf,
                      ret_verify_error, error);
}

enum qv_status qv_leaf_rule(X509 *leaf, int *ret_verify_error, struct qv_error *error)
{
    QV_TRY(qv_leaf_form(leaf, ret_verify_error, error));
    return qv_leaf_use(leaf, ret_verify_error, error);
}
