/*
 * A CRL taken apart as far as that is cheap. Private to `trust`.
 */
#ifndef QUIVER_TRUST_CRL_PARTS_H
#define QUIVER_TRUST_CRL_PARTS_H

#include <openssl/x509.h>
#include <quiver/trust/path.h>

/** The fields of RFC 5280 5.1. `tbs` and `revoked` point into the DER text. */
struct qv_crl_parts {
    struct qv_str tbs;     /**< what is signed, with its header */
    struct qv_str revoked; /**< content of revokedCertificates; empty: nobody */
    X509_ALGOR *algorithm;
    ASN1_BIT_STRING *signature;
    X509_NAME *issuer;
    struct qv_wall this_update, next_update;
    bool has_next_update;
    X509_EXTENSIONS *extensions; /**< NULL: none */
};

/** QV_INVALID with what is malformed. The caller frees. */
QV_MUST_CHECK enum qv_status qv_crl_parts_read(struct qv_str der, struct qv_crl_parts *ret_parts,
                                               struct qv_error *error);
void qv_crl_parts_free(struct qv_crl_parts *parts);

/** DER: the next element of `rest` if its identifier octet is `tag`; moves `rest` behind it.
 *  `ret_whole` is the element with its header, `ret_content` without; either may be NULL. False,
 *  with `rest` where it was: another tag, or no DER. */
bool qv_der_next(struct qv_str *rest, unsigned char tag, struct qv_str *ret_whole,
                 struct qv_str *ret_content);

enum {
    QV_DER_BOOLEAN = 0x01,
    QV_DER_INTEGER = 0x02,
    QV_DER_BIT_STRING = 0x03,
    QV_DER_OCTET_STRING = 0x04,
    QV_DER_OID = 0x06,
    QV_DER_ENUMERATED = 0x0a,
    QV_DER_UTC_TIME = 0x17,
    QV_DER_GENERALIZED_TIME = 0x18,
    QV_DER_SEQUENCE = 0x30,
    QV_DER_CONTEXT_0 = 0xa0,
};

/** The entries of revokedCertificates, sorted. QV_INVALID with what is wrong: malformed, an
 *  entry of another issuer (indirect CRL), an unknown critical entry extension. */
QV_MUST_CHECK enum qv_status qv_crl_serials_read(struct qv_str revoked,
                                                 struct qv_serial **ret_serials, size_t *ret_count,
                                                 struct qv_error *error);

#endif
