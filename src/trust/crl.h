/*
 * How CRLs are kept. Private to `trust`; others see quiver/trust/crl.h.
 */
#ifndef QUIVER_TRUST_CRL_PRIVATE_H
#define QUIVER_TRUST_CRL_PRIVATE_H

#include "crl_check.h"

struct qv_crl {
    struct qv_issuer_key issuer;
    struct qv_crl_about about;
    struct qv_wall this_update, next_update;
    bool has_next_update;
    char *file;                /**< owned */
    struct qv_serial *serials; /**< owned, sorted */
    size_t count;
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
