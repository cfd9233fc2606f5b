/*
 * How CRLs are kept. Private to `trust`; others see quiver/trust/crl.h.
 */
#ifndef QUIVER_TRUST_CRL_PRIVATE_H
#define QUIVER_TRUST_CRL_PRIVATE_H

#include "crl_check.h"

/** Which CRL it is, and how new: the newest of an issuer key and scope counts. */
struct qv_crl_stamp {
    struct qv_issuer_key issuer;
    struct qv_crl_about about;
    struct qv_wall this_update;
};
bool qv_crl_stamp_alike(const struct qv_crl_stamp *a, const struct qv_crl_stamp *b);
/** Which is newer, by number and then by thisUpdate; <0, 0, >0. */
int qv_crl_stamp_compare(const struct qv_crl_stamp *a, const struct qv_crl_stamp *b);

#define QV_CRL_ISSUER_MAX 200 /* of the issuer's name as text; a longer one is cut */

struct qv_crl {
    struct qv_crl_stamp stamp;
    struct qv_wall next_update;
    bool has_next_update;
    char *file;                /**< owned */
    struct qv_serial *serials; /**< owned, sorted */
    size_t count;
    char issuer[QV_CRL_ISSUER_MAX]; /**< RFC 2253 text, ASCII */
};
struct qv_crls {
    struct qv_crl *at;
    size_t count;
};

void qv_crl_free(struct qv_crl **crl);
/** Adds it, or keeps the newer where there is one of its issuer and scope. Takes it over on
 *  success. */
QV_MUST_CHECK enum qv_status qv_crls_add(struct qv_crls *crls, struct qv_crl **crl,
                                         bool *ret_replaced);

#endif
