/*
 * The one judgement over a peer: may its connection live, and who is it. Every listener's every
 * connection passes here at the end of its handshake, and again when trust changed; runs in the
 * connection's worker. The verify callback judged by the same code, early, for the alert's sake.
 */
#include "verdict.h"

#include <openssl/err.h>
#include <quiver/trust/trust.h>

static void judge_certificate(const struct qv_anchors *anchors, const SSL *ssl, X509 *leaf,
                              struct qv_wall now, struct qv_verdict *verdict)
{
    STACK_OF(X509) *chain = SSL_get0_verified_chain(ssl);
    long result = SSL_get_verify_result(ssl);
    if (result != X509_V_OK)
        qv_verdict_refuse_certificate(verdict, leaf, "bad-chain", "%s",
                                      X509_verify_cert_error_string(result));
    else if (sk_X509_num(chain) > 0 && qv_verdict_bound(ssl) == anchors)
        qv_anchors_judge_again(anchors, chain, now, verdict);
    else
        qv_anchors_judge(anchors, leaf, chain, now, verdict);
}

static void judge_nobody(const SSL *ssl, struct qv_verdict *verdict)
{
    if ((SSL_get_verify_mode(ssl) & SSL_VERIFY_FAIL_IF_NO_PEER_CERT) != 0)
        qv_verdict_refuse(verdict, QV_UNAUTHENTICATED, "no-certificate",
                          "the client sent no certificate");
}

void qv_trust_judge(const struct qv_trust *trust, const SSL *ssl, struct qv_wall now,
                    struct qv_verdict *ret_verdict, struct qv_identity **ret_identity,
                    struct qv_error *ret_error)
{
    qv_verdict_accept(ret_verdict);
    *ret_identity = NULL;
    qv_error_free(ret_error);
    X509 *leaf = SSL_get0_peer_certificate(ssl);
    if (leaf == NULL) {
        judge_nobody(ssl, ret_verdict);
        return;
    }
    ERR_set_mark();
    judge_certificate(qv_trust_anchors(trust), ssl, leaf, now, ret_verdict);
    ERR_pop_to_mark();
    if (ret_verdict->status != QV_OK)
        return;
    QV_CLEANUP(qv_error) struct qv_error reason = {0};
    enum qv_status status =
        qv_identity_from_leaf(leaf, qv_trust_cloud(trust), ret_identity, ret_error, &reason);
    if (status == QV_OK)
        return;
    qv_verdict_refuse_certificate(ret_verdict, leaf, "identity", "%s", qv_error_message(&reason));
    /* Who is not let in by name still gets an answer that says so; without memory it cannot. */
    bool answerable = status == QV_UNAUTHENTICATED || status == QV_DENIED;
    ret_verdict->status = answerable ? QV_OK : status;
}
