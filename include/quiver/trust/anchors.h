/*
 * The second of the three parts of trust (design 6): CAs and CRLs, and the judgement over a
 * certificate by them. Reference-counted and immutable, but for what is remembered inside. They are
 * whole as long as anyone has a reference; connections that were let in by them have none, so that
 * CRLs that are in force no more do not stay in memory for those. Any thread.
 */
#ifndef QUIVER_TRUST_ANCHORS_H
#define QUIVER_TRUST_ANCHORS_H

#include <openssl/ssl.h>
#include <quiver/config/config.h>
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

/** When is judged: what is enough to keep somebody out may not be enough to throw somebody out. */
enum qv_occasion {
    QV_OCCASION_HANDSHAKE, /**< full or resumed: everything counts */
    QV_OCCASION_LIVE,      /**< a stale or missing CRL does not end what lives (tls.stale_crl) */
};

struct qv_anchors;

/** Reads the CA bundles and CRL files of `tls:`. Faults as in qv_trust_load. Both lists may be
 *  empty. `memory` may be NULL. */
QV_MUST_CHECK enum qv_status qv_anchors_load(const struct qv_config *config,
                                             const struct qv_crl_memory *memory, struct qv_wall now,
                                             struct qv_anchors **ret_anchors,
                                             struct qv_strings *faults);
struct qv_anchors *qv_anchors_ref(struct qv_anchors *anchors);
void qv_anchors_free(struct qv_anchors **anchors); /**< drops one reference */

/** The CAs, with the flags by which Quiver verifies; lives as the anchors. */
X509_STORE *qv_anchors_store(const struct qv_anchors *anchors);
const STACK_OF(X509) * qv_anchors_cas(const struct qv_anchors *anchors);
const struct qv_crls *qv_anchors_crls(const struct qv_anchors *anchors);

/** For warnings, health and metrics: each CA with its end. */
struct qv_ca_facts {
    const char *file, *subject; /**< the subject as RFC 2253 text; live as the anchors */
    struct qv_wall not_after;
};
size_t qv_anchors_count(const struct qv_anchors *anchors);
/** `index` below qv_anchors_count. */
void qv_anchors_facts(const struct qv_anchors *anchors, size_t index,
                      struct qv_ca_facts *ret_facts);

/**
 * For SSL_CTX_set_cert_verify_callback, with the anchors as `anchors`: the whole judgement in the
 * handshake, so that the fitting alert is sent. Where nobody has a reference any more it refuses
 * (alert internal_error): whoever makes handshakes holds on to their trust until they are through.
 * A chain that these anchors verified before is
 * remembered (bounded) and costs no second path validation; dates and CRLs are asked each time.
 * Leaves its verdict, the path and the peer's certificate in the SSL for qv_trust_judge and
 * qv_trust_explain_failure. Leaves OpenSSL's error queue as it was.
 */
int qv_anchors_on_verify(X509_STORE_CTX *context, void *anchors);

/** The same judgement without a socket and without the memory of chains, at the time `now`.
 *  `untrusted`: what the peer sent behind its leaf; may be NULL. `ret_path` (may be NULL) is
 *  written where the verdict is QV_OK. */
void qv_anchors_judge(const struct qv_anchors *anchors, X509 *leaf,
                      const STACK_OF(X509) * untrusted, struct qv_wall now,
                      struct qv_verdict *ret_verdict, struct qv_path *ret_path);

/** Is the path's anchor among these CAs, byte by byte? Then what was verified then holds now. */
bool qv_anchors_hold(const struct qv_anchors *anchors, const struct qv_path *path);
/** Judges what can change in a path whose anchor is held: dates and CRLs. `subject` (may be NULL)
 *  names the peer in the words. */
void qv_anchors_judge_path(const struct qv_anchors *anchors, const struct qv_path *path,
                           const X509 *subject, struct qv_wall now, enum qv_occasion occasion,
                           struct qv_verdict *ret_verdict);

#endif
