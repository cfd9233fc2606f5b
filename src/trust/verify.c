/*
 * The judgement over a peer's certificate: form of the leaf, path to an anchor (OpenSSL), use of
 * the leaf, CRLs. It is OpenSSL's certificate callback, so it runs inside each handshake in the
 * worker's thread, and the error that it sets picks the alert; the same steps run offline. Form is
 * looked at first, because a malformed leaf makes the path building give misleading reasons.
 */
#include "anchors.h"
#include "verdict.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

/** Short words for OpenSSL's reasons. */
static const struct path_reason {
    int error;
    const char *code;
} path_reasons[] = {
    {X509_V_ERR_CERT_HAS_EXPIRED, "expired"},
    {X509_V_ERR_CERT_NOT_YET_VALID, "not-yet-valid"},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, "unknown-issuer"},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "unknown-issuer"},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, "unknown-issuer"},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "unknown-issuer"},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "unknown-issuer"},
    {X509_V_ERR_CERT_SIGNATURE_FAILURE, "bad-signature"},
    {X509_V_ERR_EE_KEY_TOO_SMALL, "weak"},
    {X509_V_ERR_CA_KEY_TOO_SMALL, "weak"},
    {X509_V_ERR_CA_MD_TOO_WEAK, "weak"},
    {X509_V_ERR_INVALID_PURPOSE, "purpose"},
    {X509_V_ERR_INVALID_CA, "bad-issuer"},
    {X509_V_ERR_PATH_LENGTH_EXCEEDED, "bad-issuer"},
};

static const char *path_code(int error)
{
    for (size_t i = 0; i < sizeof(path_reasons) / sizeof(path_reasons[0]); i++)
        if (path_reasons[i].error == error)
            return path_reasons[i].code;
    return "bad-chain";
}

static int refuse_path(X509_STORE_CTX *context, struct qv_verdict *verdict)
{
    int error = X509_STORE_CTX_get_error(context);
    if (error == X509_V_OK)
        error = X509_V_ERR_UNSPECIFIED;
    const X509 *at_fault = X509_STORE_CTX_get_current_cert(context);
    if (at_fault == NULL)
        at_fault = X509_STORE_CTX_get0_cert(context);
    qv_verdict_refuse_certificate(verdict, at_fault, path_code(error), "%s",
                                  X509_verify_cert_error_string(error));
    return error;
}

/** Looks one certificate up in the CRLs of its issuer. An X509_V_ERR_... or X509_V_OK. */
static int check_crl(const struct qv_anchors *anchors, const X509 *x509, const X509 *issuer,
                     struct qv_wall now, struct qv_verdict *verdict)
{
    struct qv_issuer_key key;
    struct qv_crl_finding finding;
    if (qv_issuer_key_of(issuer, &key) != QV_OK ||
        qv_crls_look_up(anchors->crls, &key, X509_get0_serialNumber(x509), now, &finding) !=
            QV_OK) {
        qv_verdict_refuse(verdict, QV_INTERNAL, "internal", "the CRL could not be asked");
        return X509_V_ERR_UNSPECIFIED;
    }
    switch (finding.answer) {
    case QV_CRL_REVOKED:
        qv_verdict_refuse_certificate(verdict, x509, "revoked", "it is revoked (%s; %s)",
                                      finding.reason, finding.file);
        return X509_V_ERR_CERT_REVOKED;
    case QV_CRL_STALE:
        qv_verdict_refuse_certificate(
            verdict, x509, "stale-crl",
            "the CRL of its issuer is past its end, put a new one into %s", finding.file);
        return X509_V_ERR_CRL_HAS_EXPIRED;
    case QV_CRL_NONE:
    case QV_CRL_GOOD: break;
    }
    return X509_V_OK;
}

/** Every certificate below the anchor. */
static int check_crls(const struct qv_anchors *anchors, const STACK_OF(X509) * chain,
                      struct qv_wall now, struct qv_verdict *verdict)
{
    if (qv_crls_count(anchors->crls) == 0)
        return X509_V_OK;
    for (int i = 0; i + 1 < sk_X509_num(chain); i++) {
        int error =
            check_crl(anchors, sk_X509_value(chain, i), sk_X509_value(chain, i + 1), now, verdict);
        if (error != X509_V_OK)
            return error;
    }
    return X509_V_OK;
}

typedef enum qv_status leaf_half(X509 *leaf, int *ret_verify_error, struct qv_error *error);

static int check_leaf(leaf_half *rule, X509 *leaf, struct qv_verdict *verdict)
{
    int verify_error = X509_V_OK;
    QV_CLEANUP(qv_error) struct qv_error reason = {0};
    if (rule(leaf, &verify_error, &reason) == QV_OK)
        return X509_V_OK;
    qv_verdict_refuse_certificate(verdict, leaf, "leaf-rule", "%s", qv_error_message(&reason));
    return verify_error;
}

static int check(const struct qv_anchors *anchors, X509_STORE_CTX *context, struct qv_wall now,
                 struct qv_verdict *verdict)
{
    X509 *leaf = X509_STORE_CTX_get0_cert(context);
    int error = check_leaf(qv_leaf_form, leaf, verdict);
    if (error != X509_V_OK)
        return error;
    if (X509_verify_cert(context) != 1)
        return refuse_path(context, verdict);
    error = check_leaf(qv_leaf_use, leaf, verdict);
    if (error != X509_V_OK)
        return error;
    error = check_crls(anchors, X509_STORE_CTX_get0_chain(context), now, verdict);
    if (error == X509_V_OK)
        qv_verdict_accept(verdict);
    return error;
}

static struct qv_wall time_of(X509_STORE_CTX *context)
{
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(context);
    if ((X509_VERIFY_PARAM_get_flags(param) & X509_V_FLAG_USE_CHECK_TIME) != 0)
        return (struct qv_wall){.seconds = X509_VERIFY_PARAM_get_time(param)};
    return qv_wall_now();
}

int qv_anchors_on_verify(X509_STORE_CTX *context, void *anchors)
{
    struct qv_verdict verdict;
    ERR_set_mark();
    int error = check(anchors, context, time_of(context), &verdict);
    ERR_pop_to_mark();
    X509_STORE_CTX_set_error(context, error);
    SSL *ssl = X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx());
    if (ssl != NULL)
        qv_verdict_leave(ssl, &verdict, X509_STORE_CTX_get0_cert(context));
    return error == X509_V_OK;
}

void qv_anchors_judge(const struct qv_anchors *anchors, X509 *leaf,
                      const STACK_OF(X509) * untrusted, struct qv_wall now,
                      struct qv_verdict *ret_verdict)
{
    ERR_set_mark();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    /* The same as libssl does before it calls back: the purpose is that of a TLS client. */
    if (context == NULL ||
        X509_STORE_CTX_init(context, anchors->store, leaf, (STACK_OF(X509) *)untrusted) != 1 ||
        X509_STORE_CTX_set_default(context, "ssl_client") != 1) {
        qv_verdict_refuse(ret_verdict, QV_NO_MEMORY, "internal", "out of memory");
    } else {
        X509_STORE_CTX_set_time(context, 0, (time_t)now.seconds);
        (void)check(anchors, context, now, ret_verdict);
    }
    X509_STORE_CTX_free(context);
    ERR_pop_to_mark();
}

static bool check_dates(const X509 *x509, struct qv_wall now, struct qv_verdict *verdict)
{
    struct qv_wall begin, end;
    if (qv_certificate_time(X509_get0_notBefore(x509), &begin) != QV_OK ||
        qv_certificate_time(X509_get0_notAfter(x509), &end) != QV_OK)
        qv_verdict_refuse_certificate(verdict, x509, "bad-chain", "its dates cannot be read");
    else if (now.seconds < begin.seconds)
        qv_verdict_refuse_certificate(verdict, x509, "not-yet-valid",
                                      "certificate is not yet valid");
    else if (now.seconds >= end.seconds)
        qv_verdict_refuse_certificate(verdict, x509, "expired", "certificate has expired");
    else
        return true;
    return false;
}

void qv_anchors_judge_again(const struct qv_anchors *anchors, const STACK_OF(X509) * chain,
                            struct qv_wall now, struct qv_verdict *ret_verdict)
{
    for (int i = 0; i < sk_X509_num(chain); i++)
        if (!check_dates(sk_X509_value(chain, i), now, ret_verdict))
            return;
    if (check_leaf(qv_leaf_form, sk_X509_value(chain, 0), ret_verdict) != X509_V_OK ||
        check_leaf(qv_leaf_use, sk_X509_value(chain, 0), ret_verdict) != X509_V_OK ||
        check_crls(anchors, chain, now, ret_verdict) != X509_V_OK)
        return;
    qv_verdict_accept(ret_verdict);
}
