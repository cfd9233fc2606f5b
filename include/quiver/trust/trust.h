/*
 * Whom this server trusts and as whom it answers: own certificate and key, CAs and CRLs, the TLS
 * contexts made of them, and the one judgement over a peer (design 6). A struct qv_trust is
 * immutable and reference-counted; a reload builds another. Any thread.
 */
#ifndef QUIVER_TRUST_TRUST_H
#define QUIVER_TRUST_TRUST_H

#include <quiver/base/buf.h>
#include <quiver/config/config.h>
#include <quiver/trust/anchors.h>

struct qv_trust;

/**
 * Opens and checks all files of `tls:`: key private and fitting the certificate, the chain builds
 * to a configured CA (where any is configured), dates at `now`, server usage, own identity
 * (profile sy, five-part CN), each CRL signed by a configured CA. Each fault is one message with
 * the file's name, appended to `faults`; QV_INVALID when there is any. Without TLS listeners the
 * trust has only the configured cloud.
 */
QV_MUST_CHECK enum qv_status qv_trust_load(const struct qv_config *config, struct qv_wall now,
                                           struct qv_trust **ret_trust, struct qv_strings *faults);
struct qv_trust *qv_trust_ref(struct qv_trust *trust);
void qv_trust_free(struct qv_trust **trust); /**< drops one reference */

/** "<cloud>.<organization>.<x>.<y>": the own certificate's, else cloud.name, else empty. Lives as
 *  the trust. */
struct qv_str qv_trust_cloud(const struct qv_trust *trust);
/** Number of this trust: rises with each one loaded in this process. */
uint64_t qv_trust_generation(const struct qv_trust *trust);
/** CAs and CRLs; lives as the trust. */
const struct qv_anchors *qv_trust_anchors(const struct qv_trust *trust);

/** The TLS context of a listener (index in config->listeners), NULL where it has none. Lives as
 *  the trust; whoever takes a reference of its own (SSL_CTX_up_ref, SSL_new) may outlive it.
 *  TLS 1.2 and 1.3, ALPN http/1.1 only, client certificates as the listener's `tls` says, no
 *  session resumption yet, no automatic chain. */
SSL_CTX *qv_trust_context(const struct qv_trust *trust, size_t listener);

/**
 * The one judgement (design 6), at the end of every handshake and whenever trust changed: leaf
 * rule, serials of the chain in the CRLs, dates, issuer; the whole path where other anchors than
 * the present ones verified it. `ssl` has finished its handshake.
 * `ret_verdict` says why TLS itself is to be ended (status QV_OK where it may live).
 * Where it may live: `ret_identity` is the caller, or NULL with `ret_error` the 401 or 403 that
 * each request gets (words with QV_IDENTITY_URL; the verdict's reason says to operators what is
 * wrong); both NULL where the listener asks for no certificate and none came (`ret_error` has
 * status QV_OK then). All three are always written; `ret_error` may hold an older error.
 */
void qv_trust_judge(const struct qv_trust *trust, const SSL *ssl, struct qv_wall now,
                    struct qv_verdict *ret_verdict, struct qv_identity **ret_identity,
                    struct qv_error *ret_error);

/** Why a handshake that failed was refused: from the verdict that the verify callback left, else
 *  OpenSSL's error queue (which this empties). `ret_peer` is the peer's certificate as far as it
 *  came, NULL if it did not; owned by the caller. The verdict's status is never QV_OK. */
void qv_trust_explain_failure(const SSL *ssl, struct qv_verdict *ret_verdict,
                              struct qv_certificate **ret_peer);

#endif
