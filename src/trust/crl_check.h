/*
 * May a CRL be believed, and for what? Private to `trust`.
 */
#ifndef QUIVER_TRUST_CRL_CHECK_H
#define QUIVER_TRUST_CRL_CHECK_H

#include "crl_parts.h"

#include <quiver/trust/crl.h>

#define QV_CRL_NUMBER_OCTETS 20 /* RFC 5280 5.2.3 */

/** What the extensions of a CRL say. */
struct qv_crl_about {
    unsigned char number[QV_CRL_NUMBER_OCTETS]; /**< big endian; zero: none given */
    unsigned char scope[QV_SHA256_SIZE];        /**< digest of the IssuingDistributionPoint */
};

/** Reads the extensions; QV_INVALID: indirect or delta CRL, a CRL of attribute certificates, an
 *  unknown critical extension, an unreadable one. */
QV_MUST_CHECK enum qv_status qv_crl_about_read(const struct qv_crl_parts *parts,
                                               struct qv_crl_about *ret_about,
                                               struct qv_error *error);

/** Which of the CAs signed it. QV_INVALID: none has the name, none the key, it may not sign CRLs,
 *  or the hash is weak. `ret_issuer` stays the list's. */
QV_MUST_CHECK enum qv_status qv_crl_issuer(const struct qv_crl_parts *parts,
                                           const STACK_OF(X509) * cas, X509 **ret_issuer,
                                           struct qv_error *error);

#endif
