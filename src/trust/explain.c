/*
 * Why a handshake failed, in words and as a short code to count by: what the verify callback left
 * tells most; OpenSSL's first error the rest. Runs in the connection's worker, right after the
 * handshake, while the thread's error queue is still this handshake's.
 */
#include "verdict.h"

#include <openssl/err.h>
#include <quiver/trust/trust.h>

#define ALERT_FIRST SSL_AD_REASON_OFFSET /* reasons that stand for an alert that the peer sent */
#define ALERT_LAST  (SSL_AD_REASON_OFFSET + 255)

static const struct tls_reason {
    int reason;
    const char *code, *words;
} tls_reasons[] = {
    {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, "no-certificate", "the client sent no certificate"},
    {SSL_R_UNSUPPORTED_PROTOCOL, "protocol", "the client offers no TLS version that is allowed"},
    {SSL_R_VERSION_TOO_LOW, "protocol", "the client offers no TLS version that is allowed"},
    {SSL_R_NO_SHARED_CIPHER, "parameters", "the client offers no cipher suite that is allowed"},
    {SSL_R_NO_SUITABLE_KEY_SHARE, "parameters", "the client offers no group that is allowed"},
    {SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, "parameters", "no signature algorithm is shared"},
    {SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, "parameters", "no signature algorithm is shared"},
    {SSL_R_HTTP_REQUEST, "not-tls", "plain HTTP came to a TLS port"},
    {SSL_R_HTTPS_PROXY_REQUEST, "not-tls", "a proxy request came to a TLS port"},
    {SSL_R_WRONG_VERSION_NUMBER, "not-tls", "what came is not TLS"},
    {SSL_R_BAD_SIGNATURE, "proof",
     "the client did not prove that the certificate's key is its own"},
    {SSL_R_WRONG_CURVE, "leaf-rule", "the client's key is on a curve that is not allowed"},
    {SSL_R_WRONG_SIGNATURE_TYPE, "proof",
     "the client proved its key by a method that was not offered"},
    {SSL_R_CERT_LENGTH_MISMATCH, "malformed", "the client's certificates are malformed"},
    {SSL_R_LENGTH_MISMATCH, "malformed", "a message of the client's is malformed"},
    {SSL_R_EXCESSIVE_MESSAGE_SIZE, "too-large", "the client sent more certificates than are read"},
    {SSL_R_UNEXPECTED_EOF_WHILE_READING, "gone", "the client went away during the handshake"},
};

static void explain_error(unsigned long error, struct qv_verdict *verdict)
{
    int reason = ERR_GET_REASON(error);
    if (error == 0) {
        qv_verdict_refuse(verdict, QV_UNAUTHENTICATED, "gone",
                          "the client went away or took too long for the handshake");
        return;
    }
    if (ERR_GET_LIB(error) == ERR_LIB_SSL) {
        for (size_t i = 0; i < sizeof(tls_reasons) / sizeof(tls_reasons[0]); i++)
            if (tls_reasons[i].reason == reason) {
                qv_verdict_refuse(verdict, QV_UNAUTHENTICATED, tls_reasons[i].code, "%s",
                                  tls_reasons[i].words);
                return;
            }
        if (reason >= ALERT_FIRST && reason <= ALERT_LAST) {
            qv_verdict_refuse(verdict, QV_UNAUTHENTICATED, "client-alert",
                              "the client ended the handshake: %s",
                              SSL_alert_desc_string_long(reason - ALERT_FIRST));
            return;
        }
    }
    const char *words = ERR_reason_error_string(error);
    if (words == NULL)
        words = "the handshake failed";
    /* The only ASN.1 that a peer sends in a handshake. */
    if (ERR_GET_LIB(error) == ERR_LIB_ASN1)
        qv_verdict_refuse(verdict, QV_UNAUTHENTICATED, "malformed",
                          "the certificate cannot be read (malformed): %s", words);
    else
        qv_verdict_refuse(verdict, QV_UNAUTHENTICATED, "handshake", "%s", words);
}

void qv_trust_explain_failure(const SSL *ssl, struct qv_verdict *ret_verdict,
                              struct qv_certificate **ret_peer)
{
    const struct qv_left_verdict *left = qv_verdict_left(ssl);
    if (left != NULL && left->verdict.status != QV_OK)
        *ret_verdict = left->verdict;
    else
        explain_error(ERR_peek_error(), ret_verdict);
    X509 *peer = left != NULL ? left->peer : SSL_get0_peer_certificate(ssl);
    *ret_peer = NULL;
    if (peer != NULL && qv_certificate_read(peer, ret_peer) != QV_OK)
        *ret_peer = NULL; /* no memory: the reason alone must do */
    ERR_clear_error();
}
