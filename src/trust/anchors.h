/*
 * What the anchors are made of. Private to `trust`; others see quiver/trust/anchors.h.
 */
#ifndef QUIVER_TRUST_ANCHORS_PRIVATE_H
#define QUIVER_TRUST_ANCHORS_PRIVATE_H

#include "chains.h"
#include "orphans.h"

#include <quiver/trust/anchors.h>
#include <stdatomic.h>

#define QV_SECURITY_LEVEL 2 /* 112 bits: refuses RSA-1024 and SHA-1 in keys and signatures */

#define QV_CA_SUBJECT_MAX 160 /* of a CA's name as text; a longer one is cut */

struct qv_ca {
    char *file; /**< owned */
    char subject[QV_CA_SUBJECT_MAX];
    struct qv_wall end;
};

struct qv_anchor_digest {
    unsigned char bytes[QV_SHA256_SIZE];
};

/**
 * Of two lives. Whoever judges has a reference (qv_anchors_ref), and what judging needs and is
 * large ends with the last of these. A TLS context lives as long as the longest connection that
 * was made with it; so it has a weak one, which keeps the rest, and must ask for more.
 */
struct qv_anchors {
    atomic_size_t references; /**< all of them together have one weak one */
    atomic_size_t weak;
    X509_STORE *store;
    STACK_OF(X509) * cas;
    struct qv_ca *facts; /**< of the CAs, in their order; once loaded as many as `cas` */
    size_t fact_count;
    struct qv_anchor_digest *digests; /**< of the CAs' DER, sorted; as many as `cas` */
    struct qv_anchor_digest all;      /**< of the digests: which CAs these are, together */
    /* The large part, gone with the last reference. */
    struct qv_crls *crls;
    struct qv_chains *chains;   /**< what changes in here, behind a lock of its own */
    struct qv_orphans *orphans; /**< likewise */
    /* The settings. */
    bool require_crl;
    enum qv_stale_crl stale_crl;
};

/** A weak reference; from whoever has any. */
struct qv_anchors *qv_anchors_weak_ref(struct qv_anchors *anchors);
void qv_anchors_weak_free(struct qv_anchors **anchors); /**< drops one weak reference */
/** A reference out of a weak one; NULL: nobody judges by these anchors any more. Any thread. */
struct qv_anchors *qv_anchors_try_ref(struct qv_anchors *anchors);

/** As qv_anchors_judge_path; the X509_V_ERR_... by which OpenSSL picks the alert, or X509_V_OK. */
int qv_anchors_check_path(const struct qv_anchors *anchors, const struct qv_path *path,
                          const X509 *subject, struct qv_wall now, enum qv_occasion occasion,
                          struct qv_verdict *ret_verdict);
struct qv_question {
    X509 *leaf;
    const STACK_OF(X509) * untrusted; /**< may be NULL */
    struct qv_wall now;
    enum qv_occasion occasion;
    bool remember; /**< use the memory of chains, as a handshake does */
};
/** As qv_anchors_judge; the X509_V_ERR_... by which OpenSSL picks the alert, or X509_V_OK. */
int qv_anchors_answer(const struct qv_anchors *anchors, const struct qv_question *question,
                      struct qv_verdict *ret_verdict, struct qv_path *ret_path);
/** May the path be used at that time? */
bool qv_path_is_in_time(const struct qv_path *path, struct qv_wall now);

#endif
