/*
 * The judgement over a peer's certificate: form of the leaf, path to an anchor (OpenSSL), use of
 * the leaf; then dates and CRLs of the path (standing.c). It is OpenSSL's certificate callback, so
 * it runs inside each handshake in the worker's thread, and the error that it sets picks the alert;
 * the same steps run offline. Form is looked at first, because a malformed leaf makes the path
 * building give misleading reasons. What was verified once under these anchors is remembered. In a
 * handshake the anchors may be nobody's any more: then nobody is let in by them.
 */
#include "anchors.h"
#include "verdict.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#define ISSUER_TEXT 90 /* what a reason has room for, behind the subject */

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

/* --- paths that OpenSSL refuses --- */

static X509 *at_fault(X509_STORE_CTX *context)
{
    X509 *current = X509_STORE_CTX_get_current_cert(context);
    return current != NULL ? current : X509_STORE_CTX_get0_cert(context);
}

static void in_its_words(X509_STORE_CTX *context, const char *code, struct qv_verdict *verdict)
{
    int error = X509_STORE_CTX_get_error(context);
    qv_verdict_refuse_certificate(verdict, at_fault(context), code, "%s",
                                  X509_verify_cert_error_string(error));
}

static void of_no_issuer(X509_STORE_CTX *context, const char *code, struct qv_verdict *verdict)
{
    char issuer[ISSUER_TEXT];
    X509 *orphan = at_fault(context);
    qv_verdict_name(X509_get_issuer_name(orphan), issuer, sizeof(issuer));
    qv_verdict_refuse_certificate(verdict, orphan, code, "no CA of tls.trust issued it (issuer %s)",
                                  issuer);
}

/** Where it is the leaf that is for another purpose, our rule says which use it lacks. */
static void of_no_use(X509_STORE_CTX *context, const char *code, struct qv_verdict *verdict)
{
    X509 *leaf = X509_STORE_CTX_get0_cert(context);
    if (at_fault(context) != leaf || check_leaf(qv_leaf_use, leaf, verdict) == X509_V_OK)
        in_its_words(context, code, verdict);
}

static const struct path_reason {
    int error;
    const char *code;
    void (*refuse)(X509_STORE_CTX *context, const char *code, struct qv_verdict *verdict);
} path_reasons[] = {
    {X509_V_ERR_CERT_HAS_EXPIRED, "expired", in_its_words},
    {X509_V_ERR_CERT_NOT_YET_VALID, "not-yet-valid", in_its_words},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, "unknown-issuer", of_no_issuer},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "unknown-issuer", of_no_issuer},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, "unknown-issuer", of_no_issuer},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "unknown-issuer", in_its_words},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "unknown-issuer", in_its_words},
    {X509_V_ERR_CERT_SIGNATURE_FAILURE, "bad-signature", in_its_words},
    {X509_V_ERR_EE_KEY_TOO_SMALL, "weak", in_its_words},
    {X509_V_ERR_CA_KEY_TOO_SMALL, "weak", in_its_words},
    {X509_V_ERR_CA_MD_TOO_WEAK, "weak", in_its_words},
    {X509_V_ERR_INVALID_PURPOSE, "purpose", of_no_use},
    {X509_V_ERR_INVALID_CA, "bad-issuer", in_its_words},
    {X509_V_ERR_PATH_LENGTH_EXCEEDED, "bad-issuer", in_its_words},
};

/** The error stays OpenSSL's, and with it the alert, whatever the words. */
static int refuse_path(X509_STORE_CTX *context, struct qv_verdict *verdict)
{
    if (X509_STORE_CTX_get_error(context) == X509_V_OK)
        X509_STORE_CTX_set_error(context, X509_V_ERR_UNSPECIFIED);
    int error = X509_STORE_CTX_get_error(context);
    for (size_t i = 0; i < sizeof(path_reasons) / sizeof(path_reasons[0]); i++)
        if (path_reasons[i].error == error) {
            path_reasons[i].refuse(context, path_reasons[i].code, verdict);
            return error;
        }
    in_its_words(context, "bad-chain", verdict);
    return error;
}

/* --- the judgement --- */

/** Everything that no clock and no CRL changes: what comes out is worth remembering. */
static int verify(X509_STORE_CTX *context, struct qv_verdict *verdict, struct qv_path *path)
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
    switch (qv_path_of(X509_STORE_CTX_get0_chain(context), path)) {
    case QV_OK: return X509_V_OK;
    case QV_INVALID:
        qv_verdict_refuse_certificate(verdict, leaf, "bad-chain",
                                      "its chain is too long or has dates that cannot be read");
        return X509_V_ERR_CERT_CHAIN_TOO_LONG;
    default:
        qv_verdict_refuse(verdict, QV_INTERNAL, "internal", "the chain could not be read");
        return X509_V_ERR_UNSPECIFIED;
    }
}

/** A remembered path that is out of time proves nothing: another one may have come into its time
 *  meanwhile (a CA's certificate that was renewed), so that the path is looked for anew. */
static int verify_or_recall(const struct qv_anchors *anchors, X509_STORE_CTX *context,
                            struct qv_wall now, struct qv_verdict *verdict, struct qv_path *path)
{
    struct qv_chain_key key;
    if (qv_chain_key_of(X509_STORE_CTX_get0_cert(context), X509_STORE_CTX_get0_untrusted(context),
                        &key) != QV_OK)
        return verify(context, verdict, path);
    if (qv_chains_recall(anchors->chains, &key, path) && qv_path_is_in_time(path, now))
        return X509_V_OK;
    int error = verify(context, verdict, path);
    if (error == X509_V_OK)
        qv_chains_remember(anchors->chains, &key, path);
    return error;
}

/** `anchors` NULL: they ended. */
static int judge_handshake(const struct qv_anchors *anchors, X509_STORE_CTX *context,
                           struct qv_verdict *verdict, struct qv_path *path)
{
    if (anchors == NULL) {
        qv_verdict_refuse(verdict, QV_UNAVAILABLE, "internal",
                          "the CAs and CRLs that it began under are not in force any more");
        return X509_V_ERR_UNSPECIFIED;
    }
    struct qv_wall now = qv_verdict_now(X509_STORE_CTX_get0_param(context));
    int error = verify_or_recall(anchors, context, now, verdict, path);
    if (error != X509_V_OK)
        return error;
    return qv_anchors_check_path(anchors, path, X509_STORE_CTX_get0_cert(context), now,
                                 QV_OCCASION_HANDSHAKE, verdict);
}

/** Trust changed since the handshake began: `context` looks for paths to CAs of before. */
static int judge_by_newer(const struct qv_anchors *anchors, X509_STORE_CTX *context,
                          struct qv_verdict *verdict, struct qv_path *path)
{
    const struct qv_question question = {
        .leaf = X509_STORE_CTX_get0_cert(context),
        .untrusted = X509_STORE_CTX_get0_untrusted(context),
        .now = qv_verdict_now(X509_STORE_CTX_get0_param(context)),
        .occasion = QV_OCCASION_HANDSHAKE,
        .remember = true,
    };
    return qv_anchors_answer(anchors, &question, verdict, path);
}

int qv_anchors_on_verify(X509_STORE_CTX *context, void *arg)
{
    QV_CLEANUP(qv_anchors) struct qv_anchors *anchors = qv_anchors_try_ref(arg);
    struct qv_verdict verdict;
    struct qv_path path = {0};
    X509 *leaf = X509_STORE_CTX_get0_cert(context);
    SSL *ssl = X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx());
    const struct qv_anchors *newer = ssl != NULL ? qv_verdict_newer(ssl) : NULL;
    ERR_set_mark();
    int error = newer != NULL ? judge_by_newer(newer, context, &verdict, &path)
                              : judge_handshake(anchors, context, &verdict, &path);
    ERR_pop_to_mark();
    X509_STORE_CTX_set_error(context, error);
    if (ssl != NULL)
        qv_verdict_leave(ssl, &verdict, &path, leaf);
    return error == X509_V_OK;
}

int qv_anchors_answer(const struct qv_anchors *anchors, const struct qv_question *question,
                      struct qv_verdict *ret_verdict, struct qv_path *ret_path)
{
    struct qv_path path = {0};
    struct qv_wall now = question->now;
    X509 *leaf = question->leaf;
    int error = X509_V_ERR_OUT_OF_MEM;
    ERR_set_mark();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    /* The same as libssl does before it calls back: the purpose is that of a TLS client. */
    if (context == NULL ||
        X509_STORE_CTX_init(context, anchors->store, leaf, (STACK_OF(X509) *)question->untrusted) !=
            1 ||
        X509_STORE_CTX_set_default(context, "ssl_client") != 1) {
        qv_verdict_refuse(ret_verdict, QV_NO_MEMORY, "internal", "out of memory");
    } else {
        X509_STORE_CTX_set_time(context, 0, (time_t)now.seconds);
        error = question->remember ? verify_or_recall(anchors, context, now, ret_verdict, &path)
                                   : verify(context, ret_verdict, &path);
        if (error == X509_V_OK)
            error =
                qv_anchors_check_path(anchors, &path, leaf, now, question->occasion, ret_verdict);
        if (error == X509_V_OK && ret_path != NULL)
            *ret_path = path;
    }
    X509_STORE_CTX_free(context);
    ERR_pop_to_mark();
    return error;
}

void qv_anchors_judge(const struct qv_anchors *anchors, X509 *leaf,
                      const STACK_OF(X509) * untrusted, struct qv_wall now,
                      struct qv_verdict *ret_verdict, struct qv_path *ret_path)
{
    struct qv_question question = {
        .leaf = leaf, .untrusted = untrusted, .now = now, .occasion = QV_OCCASION_HANDSHAKE};
    (void)qv_anchors_answer(anchors, &question, ret_verdict, ret_path);
}
