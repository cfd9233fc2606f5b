/*
 * What of CRLs is remembered, and how it is written. Private to `trust`; others see
 * quiver/trust/crl_memory.h.
 */
#ifndef QUIVER_TRUST_CRL_MEMORY_PRIVATE_H
#define QUIVER_TRUST_CRL_MEMORY_PRIVATE_H

#include "crl.h"

#include <quiver/trust/crl_memory.h>

#define QV_CRL_SEEN_MAX 1024

struct qv_crl_seen {
    struct qv_crl_stamp stamp;
    char issuer[QV_CRL_ISSUER_MAX]; /**< for people */
};
struct qv_crl_seen_list {
    struct qv_crl_seen *at; /**< owned */
    size_t count;
};
void qv_crl_seen_list_free(struct qv_crl_seen_list *list);

/** The text of the file, one line for each. */
void qv_crl_seen_write(const struct qv_crl_seen_list *list, struct qv_buf *buf);
/** QV_INVALID with what is wrong. */
QV_MUST_CHECK enum qv_status
qv_crl_seen_parse(struct qv_str text, struct qv_crl_seen_list *ret_list, struct qv_error *error);
/** Appends the CRL's number and thisUpdate as words. */
void qv_crl_stamp_write(const struct qv_crl_stamp *stamp, struct qv_buf *buf);

/** A fault where the CRL is older than what is remembered. `memory` may be NULL. */
QV_MUST_CHECK enum qv_status qv_crl_memory_check(const struct qv_crl_memory *memory,
                                                 const struct qv_crl *crl,
                                                 struct qv_strings *faults);

#endif
