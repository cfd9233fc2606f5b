/*
 * The second of the three parts of trust (design 6): CAs and CRLs, and the judgement over a
 * certificate by them. Reference-counted and immutable, so that a TLS context and all its
 * connections can hold on to the part they began with. Any thread.
 */
#ifndef QUIVER_TRUST_ANCHORS_H
#define QUIVER_TRUST_ANCHORS_H

#include <openssl/ssl.h>
#include <quiver/trust/crl.h>

/** What came of a peer: filled during the handshake, read by the server at its end. */
struct qv_verdict {
    enum qv_status status; /**< QV_OK, or why the handshake is refused */
    char reason[256]; /**< in words an operator can act on; where the status is QV_OK: empty, or
                           why there is no identity (code "identity") */
    const char *code; /**< short stable word of the reason, for counting: "revoked", "expired",
                           "unknown-issuer", "no-certificate", "leaf-rule" ...; static; "" where
                           there is none */
};

struct qv_anchors;

/** Reads the CA bundles and CRL files. Faults as in qv_trust_load. Both lists may be empty. */
QV_MUST_CHECK enum qv_status qv_anchors_load(const struct qv_strings *trust,
                                             const struct qv_strings *crl, struct qv_wall now,
                                             struct qv_anchors **ret_anchors,
                                             struct qv_strings *faults);
struct qv_anchors *qv_anchors_ref(struct qv_anchors *anchors);
void qv_anchors_free(struct qv_anchors **anchors); /**< drops one reference */

/** The CAs, with the flags by which Quiver verifies; lives as the anchors. */
X509_STORE *qv_anchors_store(const struct qv_anchors *anchors);
const STACK_OF(X509) * qv_anchors_cas(const struct qv_anchors *anchors);

/**
 * For SSL_CTX_set_cert_verify_callback, with the anchors as `anchors`: the whole judgement in the
 * handshake, so that the fitting alert is sent. Leaves its verdict and the peer's certificate in
 * the SSL for qv_trust_explain_failure. Leaves OpenSSL's error queue as it was.
 */
int qv_anchors_on_verify(X509_STORE_CTX *context, void *anchors);

/** The same judgement without a socket, at the time `now`. `untrusted`: what the peer sent behind
 *  its leaf; may be NULL. */
void qv_anchors_judge(const struct qv_anchors *anchors, X509 *leaf,
                      const STACK_OF(X509) * untrusted, struct qv_wall now,
                      struct qv_verdict *ret_verdict);

/** Judges again what is bound to change in a chain (leaf first, anchor last) that these anchors
 *  have verified before: dates and CRLs, and the leaf rule; no signature is checked. */
void qv_anchors_judge_again(const struct qv_anchors *anchors, const STACK_OF(X509) * chain,
                            struct qv_wall now, struct qv_verdict *ret_verdict);

#endif
