/*
 * What a certificate's subject says in Arrowhead's terms. Private to `identity`.
 */
#ifndef QUIVER_IDENTITY_NAMES_H
#define QUIVER_IDENTITY_NAMES_H

#include <quiver/identity/identity.h>

/** The parts of a CN; they point into `cn`. Zero-initialized: empty. */
struct qv_names {
    char *cn; /**< owned, UTF-8 without NUL */
    struct qv_str system, cloud;
    enum qv_profile profile; /**< never QV_PROFILE_UNKNOWN */
};

/** QV_UNAUTHENTICATED with the reason for an operator in `reason`, or QV_NO_MEMORY. */
QV_MUST_CHECK enum qv_status qv_names_read(X509 *x509, struct qv_names *ret_names,
                                           struct qv_error *reason);
void qv_names_free(struct qv_names *names);

/** Is the issuer's name that of the local cloud `cloud`: one CN, which is it, case ignored? */
QV_MUST_CHECK enum qv_status qv_names_issuer_vouches(X509 *x509, struct qv_str cloud,
                                                     struct qv_error *reason);

/** 1-63 ASCII letters, digits and hyphens. */
bool qv_names_is_label(struct qv_str text);

/** An identity with copies of the texts, one reference; `cloud` may be NULL. Takes over
 *  `*certificate` (which may be NULL) on success. */
QV_MUST_CHECK enum qv_status qv_identity_make(struct qv_str system, const struct qv_str *cloud,
                                              enum qv_profile profile,
                                              struct qv_certificate **certificate,
                                              struct qv_identity **ret_identity);

#endif
