/*
 * Whether a CRL may be believed: its extensions and its signature, both looked at once, when it is
 * loaded. What is not understood and critical makes it unusable (RFC 5280 5.2); whoever signed it
 * must be entitled to. Pure; any thread.
 */
#include "crl_check.h"

#include "verdict.h"

#include <limits.h>
#include <openssl/asn1t.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

static enum qv_status read_number(X509_EXTENSION *extension, struct qv_crl_about *about,
                                  struct qv_error *error)
{
    ASN1_INTEGER *number = X509V3_EXT_d2i(extension);
    int length = number != NULL ? ASN1_STRING_length(number) : 0;
    bool fits = length > 0 && length <= QV_CRL_NUMBER_OCTETS &&
                (ASN1_STRING_type(number) & V_ASN1_NEG) == 0;
    if (fits)
        memcpy(about->number + QV_CRL_NUMBER_OCTETS - length, ASN1_STRING_get0_data(number),
               (size_t)length);
    ASN1_INTEGER_free(number);
    return fits ? QV_OK : qv_error_set(error, QV_INVALID, "its CRL number is malformed");
}

static enum qv_status read_scope(X509_EXTENSION *extension, struct qv_crl_about *about,
                                 struct qv_error *error)
{
    ISSUING_DIST_POINT *point = X509V3_EXT_d2i(extension);
    if (point == NULL)
        return qv_error_set(error, QV_INVALID, "its issuing distribution point is malformed");
    bool indirect = point->indirectCRL > 0, attributes = point->onlyattr > 0;
    ISSUING_DIST_POINT_free(point);
    if (indirect)
        return qv_error_set(error, QV_INVALID, "it is an indirect CRL, which is not supported");
    if (attributes)
        return qv_error_set(error, QV_INVALID, "it is about attribute certificates only");
    const ASN1_OCTET_STRING *data = X509_EXTENSION_get_data(extension);
    return qv_sha256((struct qv_str){.at = (const char *)ASN1_STRING_get0_data(data),
                                     .length = (size_t)ASN1_STRING_length(data)},
                     about->scope);
}

static enum qv_status refuse_delta(X509_EXTENSION *extension, struct qv_crl_about *about,
                                   struct qv_error *error)
{
    (void)extension, (void)about;
    return qv_error_set(error, QV_INVALID,
                        "it is a delta CRL, which is not supported; configure the complete one");
}

/** What is known; authorityKeyIdentifier is not needed, as every CA of the name is tried. */
static const struct known_extension {
    int nid;
    enum qv_status (*read)(X509_EXTENSION *extension, struct qv_crl_about *about,
                           struct qv_error *error);
} known_extensions[] = {
    {NID_crl_number, read_number},
    {NID_issuing_distribution_point, read_scope},
    {NID_delta_crl, refuse_delta},
    {NID_authority_key_identifier, NULL},
};

static enum qv_status read_extension(X509_EXTENSION *extension, struct qv_crl_about *about,
                                     struct qv_error *error)
{
    int nid = OBJ_obj2nid(X509_EXTENSION_get_object(extension));
    for (size_t i = 0; i < sizeof(known_extensions) / sizeof(known_extensions[0]); i++) {
        if (known_extensions[i].nid != nid)
            continue;
        return known_extensions[i].read != NULL ? known_extensions[i].read(extension, about, error)
                                                : QV_OK;
    }
    if (X509_EXTENSION_get_critical(extension) > 0)
        return qv_error_set(error, QV_INVALID, "it has a critical extension that is not known");
    return QV_OK;
}

enum qv_status qv_crl_about_read(const struct qv_crl_parts *parts, struct qv_crl_about *ret_about,
                                 struct qv_error *error)
{
    struct qv_crl_about about = {0};
    enum qv_status status = QV_OK;
    ERR_set_mark();
    for (int i = 0; i < sk_X509_EXTENSION_num(parts->extensions) && status == QV_OK; i++)
        status = read_extension(sk_X509_EXTENSION_value(parts->extensions, i), &about, error);
    ERR_pop_to_mark();
    QV_TRY(status);
    *ret_about = about;
    return QV_OK;
}

static bool is_weak(const X509_ALGOR *algorithm)
{
    static const int weak[] = {NID_sha1, NID_md5, NID_md4, NID_md2, NID_mdc2, NID_ripemd160};
    const ASN1_OBJECT *oid = NULL;
    int digest = NID_undef, kind = NID_undef;
    X509_ALGOR_get0(&oid, NULL, NULL, algorithm);
    if (OBJ_find_sigid_algs(OBJ_obj2nid(oid), &digest, &kind) != 1)
        return false; /* unknown: verifying it fails */
    for (size_t i = 0; i < sizeof(weak) / sizeof(weak[0]); i++)
        if (weak[i] == digest)
            return true;
    return false;
}

static bool is_signed_by(const struct qv_crl_parts *parts, X509 *ca)
{
    EVP_PKEY *key = X509_get0_pubkey(ca);
    if (key == NULL || parts->tbs.length > INT_MAX)
        return false;
    /* Borrowed, not copied: the text may be large. It is read only. */
    ASN1_STRING text = {.type = V_ASN1_SEQUENCE,
                        .length = (int)parts->tbs.length,
                        .data = (unsigned char *)(uintptr_t)parts->tbs.at};
    return ASN1_item_verify(ASN1_ITEM_rptr(ASN1_SEQUENCE), parts->algorithm, parts->signature,
                            &text, key) == 1;
}

static enum qv_status name_issuer(const struct qv_crl_parts *parts, bool known,
                                  struct qv_error *error)
{
    char name[200];
    qv_verdict_name(parts->issuer, name, sizeof(name));
    if (known)
        return qv_error_set(error, QV_INVALID, "its signature is not by the configured CA %s",
                            name);
    return qv_error_set(error, QV_INVALID,
                        "its issuer %s is not configured; add that CA's certificate to tls.trust, "
                        "or to this file where a CA of tls.trust vouches for it",
                        name);
}

enum qv_status qv_crl_issuer(const struct qv_crl_parts *parts, const STACK_OF(X509) * cas,
                             X509 **ret_issuer, struct qv_error *error)
{
    if (is_weak(parts->algorithm))
        return qv_error_set(error, QV_INVALID, "its signature's hash is too weak");
    bool known = false;
    X509 *issuer = NULL;
    ERR_set_mark();
    for (int i = 0; i < sk_X509_num(cas) && issuer == NULL; i++) {
        X509 *ca = sk_X509_value(cas, i);
        if (X509_NAME_cmp(X509_get_subject_name(ca), parts->issuer) != 0)
            continue;
        known = true;
        if (is_signed_by(parts, ca))
            issuer = ca;
    }
    ERR_pop_to_mark();
    if (issuer == NULL)
        return name_issuer(parts, known, error);
    if ((X509_get_key_usage(issuer) & KU_CRL_SIGN) == 0)
        return qv_error_set(error, QV_INVALID,
                            "its issuer's certificate does not allow it to sign CRLs (cRLSign)");
    *ret_issuer = issuer;
    return QV_OK;
}
