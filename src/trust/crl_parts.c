/*
 * Takes a CRL apart without making an object of each entry: OpenSSL's X509_CRL needs some 300
 * bytes for a revoked certificate, and a CRL may have a million. Everything that is not the list
 * of entries is given to OpenSSL's own decoders. Pure; any thread.
 */
#include "crl_parts.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <quiver/identity/identity.h>

bool qv_der_next(struct qv_str *rest, unsigned char tag, struct qv_str *ret_whole,
                 struct qv_str *ret_content)
{
    const unsigned char *at = (const unsigned char *)rest->at;
    if (rest->length < 2 || at[0] != tag)
        return false;
    size_t header = 2, length = at[1];
    if (length >= 0x80) {
        size_t octets = length & 0x7f;
        if (octets < 1 || octets > sizeof(uint32_t) || rest->length < 2 + octets)
            return false;
        length = 0;
        for (size_t i = 0; i < octets; i++)
            length = length << 8 | at[2 + i];
        /* DER: the shortest form only. */
        if (length < 0x80 || length >> (8 * (octets - 1)) == 0)
            return false;
        header += octets;
    }
    if (length > rest->length - header)
        return false;
    if (ret_whole != NULL)
        *ret_whole = qv_str_part(*rest, 0, header + length);
    if (ret_content != NULL)
        *ret_content = qv_str_part(*rest, header, length);
    *rest = qv_str_part(*rest, header + length, SIZE_MAX);
    return true;
}

/** Runs one of OpenSSL's decoders over exactly `whole`. */
#define DECODE(d2i, whole)                                                                         \
    ({                                                                                             \
        const unsigned char *decode_at_ = (const unsigned char *)(whole).at;                       \
        d2i(NULL, &decode_at_, (whole).length <= LONG_MAX ? (long)(whole).length : 0);             \
    })

static bool read_time(struct qv_str *rest, struct qv_wall *ret_time)
{
    struct qv_str whole;
    if (!qv_der_next(rest, QV_DER_UTC_TIME, &whole, NULL) &&
        !qv_der_next(rest, QV_DER_GENERALIZED_TIME, &whole, NULL))
        return false;
    ASN1_TIME *time = DECODE(d2i_ASN1_TIME, whole);
    bool readable = time != NULL && qv_certificate_time(time, ret_time) == QV_OK;
    ASN1_TIME_free(time);
    return readable;
}

static bool read_extensions(struct qv_str *rest, struct qv_crl_parts *parts)
{
    struct qv_str explicit_content, whole;
    if (!qv_der_next(rest, QV_DER_CONTEXT_0, NULL, &explicit_content))
        return true;
    if (!qv_der_next(&explicit_content, QV_DER_SEQUENCE, &whole, NULL) ||
        explicit_content.length > 0)
        return false;
    parts->extensions = DECODE(d2i_X509_EXTENSIONS, whole);
    return parts->extensions != NULL;
}

/** The inside of tbsCertList; `algorithm` is the outer one, which must be repeated there. */
static bool read_tbs(struct qv_str tbs, struct qv_str algorithm, struct qv_crl_parts *parts)
{
    struct qv_str whole;
    (void)qv_der_next(&tbs, QV_DER_INTEGER, NULL, NULL); /* the version: 1 has none */
    if (!qv_der_next(&tbs, QV_DER_SEQUENCE, &whole, NULL) || !qv_str_equal(whole, algorithm))
        return false;
    if (!qv_der_next(&tbs, QV_DER_SEQUENCE, &whole, NULL))
        return false;
    parts->issuer = DECODE(d2i_X509_NAME, whole);
    if (parts->issuer == NULL || !read_time(&tbs, &parts->this_update))
        return false;
    if (tbs.length > 0 && (tbs.at[0] == QV_DER_UTC_TIME || tbs.at[0] == QV_DER_GENERALIZED_TIME)) {
        parts->has_next_update = true;
        if (!read_time(&tbs, &parts->next_update))
            return false;
    }
    (void)qv_der_next(&tbs, QV_DER_SEQUENCE, NULL, &parts->revoked);
    return read_extensions(&tbs, parts) && tbs.length == 0;
}

static bool read_parts(struct qv_str der, struct qv_crl_parts *parts)
{
    struct qv_str list, tbs, algorithm, signature;
    if (!qv_der_next(&der, QV_DER_SEQUENCE, NULL, &list) || der.length > 0 ||
        !qv_der_next(&list, QV_DER_SEQUENCE, &parts->tbs, &tbs) ||
        !qv_der_next(&list, QV_DER_SEQUENCE, &algorithm, NULL) ||
        !qv_der_next(&list, QV_DER_BIT_STRING, &signature, NULL) || list.length > 0)
        return false;
    parts->algorithm = DECODE(d2i_X509_ALGOR, algorithm);
    parts->signature = DECODE(d2i_ASN1_BIT_STRING, signature);
    return parts->algorithm != NULL && parts->signature != NULL && read_tbs(tbs, algorithm, parts);
}

enum qv_status qv_crl_parts_read(struct qv_str der, struct qv_crl_parts *ret_parts,
                                 struct qv_error *error)
{
    QV_CLEANUP(qv_crl_parts) struct qv_crl_parts parts = {0};
    ERR_set_mark();
    bool readable = read_parts(der, &parts);
    ERR_pop_to_mark();
    if (!readable)
        return qv_error_set(error, QV_INVALID, "the CRL is malformed");
    *ret_parts = parts;
    parts = (struct qv_crl_parts){0};
    return QV_OK;
}

void qv_crl_parts_free(struct qv_crl_parts *parts)
{
    X509_ALGOR_free(parts->algorithm);
    ASN1_BIT_STRING_free(parts->signature);
    X509_NAME_free(parts->issuer);
    sk_X509_EXTENSION_pop_free(parts->extensions, X509_EXTENSION_free);
    *parts = (struct qv_crl_parts){0};
}
