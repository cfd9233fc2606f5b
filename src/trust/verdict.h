/*
 * Verdicts, and how the one of the handshake's verify callback gets to whoever asks the SSL
 * afterwards. Private to `trust`.
 */
#ifndef QUIVER_TRUST_VERDICT_H
#define QUIVER_TRUST_VERDICT_H

#include <quiver/trust/anchors.h>

void qv_verdict_accept(struct qv_verdict *verdict);
/** `code` is static. */
void qv_verdict_refuse(struct qv_verdict *verdict, enum qv_status status, const char *code,
                       const char *format, ...) QV_PRINTF(4, 5);
/** Likewise, beginning with "<subject of x509>: "; `x509` may be NULL. */
void qv_verdict_refuse_certificate(struct qv_verdict *verdict, const X509 *x509, const char *code,
                                   const char *format, ...) QV_PRINTF(4, 5);
/** As text in RFC 2253, cut to `size`; never empty. */
void qv_verdict_name(const X509_NAME *name, char *text, size_t size);

/** What the verify callback leaves in an SSL, which owns it. */
struct qv_left_verdict {
    struct qv_verdict verdict;
    struct qv_path path; /**< of what was verified, where the verdict is QV_OK */
    X509 *peer;          /**< a reference */
};
/** Before the first handshake; false: OpenSSL gave no place for it. Idempotent; any thread. */
bool qv_verdict_prepare(void);
/** Without memory nothing is left: the verify result alone explains then. */
void qv_verdict_leave(SSL *ssl, const struct qv_verdict *verdict, const struct qv_path *path,
                      X509 *peer);
const struct qv_left_verdict *qv_verdict_left(const SSL *ssl); /**< NULL: nothing was left */

/** What an SSL_CTX was made for: by these its handshakes and tickets are judged. */
struct qv_binding {
    struct qv_anchors *anchors; /**< a weak reference: see qv_anchors_try_ref */
    uint64_t generation;        /**< TLS generation of the trust that it belongs to */
    unsigned char listener[QV_SHA256_SIZE];
};
/** Copies, and takes a weak reference. */
QV_MUST_CHECK enum qv_status qv_verdict_bind(SSL_CTX *context, const struct qv_binding *binding);
/** Lives as the SSL's context; NULL: it is none of ours. */
const struct qv_binding *qv_verdict_bound(const SSL *ssl);

/** The anchors that are in force now, where another trust came since the handshake began (see
 *  qv_trust_follow); NULL: the bound ones still are. Live as long as the SSL's thread does not
 *  change its trust. */
const struct qv_anchors *qv_verdict_newer(const SSL *ssl);

/** The time by which a handshake judges: the wall clock's, unless the parameters fix one. */
struct qv_wall qv_verdict_now(const X509_VERIFY_PARAM *parameters);

#endif
