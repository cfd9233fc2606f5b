/*
 * The one judgement over a peer: may its connection live, and who is it. Every listener's every
 * connection passes here at the end of its handshake, full or resumed, and again when trust changed
 * or time passed; runs in the connection's worker. The verify callback judged by the same code,
 * early, for the alert's sake.
 */
#include "anchors.h"
#include "tickets.h"

#include <openssl/err.h>
#include <quiver/trust/trust.h>
#include <string.h>

/** The path by which the handshake let its peer in; false: none is known. */
static bool path_of_handshake(const SSL *ssl, struct qv_path *path)
{
    if (SSL_session_reused(ssl) == 1)
        return qv_ticket_path(ssl, path) == QV_OK && path->count > 0;
    const struct qv_left_verdict *left = qv_verdict_left(ssl);
    if (left == NULL || left->verdict.status != QV_OK)
        return false;
    *path = left->path;
    return path->count > 0;
}

/** As in a new handshake with all that is at hand: what the peer sent (a resumed session kept none
 *  of it), and the CAs that were known when it began. None of these is believed. */
static void verify_anew(const struct qv_anchors *anchors, const SSL *ssl, struct qv_path *path,
                        struct qv_wall now, enum qv_occasion occasion, struct qv_verdict *verdict)
{
    const STACK_OF(X509) *sent = SSL_get_peer_cert_chain(ssl);
    const struct qv_binding *binding = qv_verdict_bound(ssl);
    STACK_OF(X509) *untrusted = sent != NULL ? sk_X509_dup(sent) : sk_X509_new_null();
    bool complete = untrusted != NULL;
    for (int i = 0; binding != NULL && i < sk_X509_num(binding->anchors->cas) && complete; i++)
        complete = sk_X509_push(untrusted, sk_X509_value(binding->anchors->cas, i)) > 0;
    struct qv_question question = {.leaf = SSL_get0_peer_certificate(ssl),
                                   .untrusted = untrusted,
                                   .now = now,
                                   .occasion = occasion,
                                   .remember = true};
    if (complete)
        (void)qv_anchors_answer(anchors, &question, verdict, path);
    else
        qv_verdict_refuse(verdict, QV_NO_MEMORY, "internal", "out of memory");
    sk_X509_free(untrusted);
}

static bool is_in_time(const X509 *leaf, struct qv_wall now)
{
    struct qv_wall begin, end;
    return qv_certificate_time(X509_get0_notBefore(leaf), &begin) == QV_OK &&
           qv_certificate_time(X509_get0_notAfter(leaf), &end) == QV_OK &&
           now.seconds >= begin.seconds && now.seconds < end.seconds;
}

/** Where a CA left and another of its name came, OpenSSL finds a signature that is not by that. */
static bool is_of_no_issuer(const struct qv_verdict *verdict)
{
    return strcmp(verdict->code, "unknown-issuer") == 0 ||
           strcmp(verdict->code, "bad-signature") == 0;
}

static void refuse_orphan(const SSL *ssl, struct qv_verdict *verdict)
{
    qv_verdict_refuse_certificate(verdict, SSL_get0_peer_certificate(ssl), "unknown-issuer",
                                  "the CA that vouched for it is no longer in tls.trust");
}

/** For a path whose anchor left. */
static void find_issuer(const struct qv_anchors *anchors, const SSL *ssl, struct qv_path *path,
                        struct qv_wall now, enum qv_occasion occasion, struct qv_verdict *verdict)
{
    verify_anew(anchors, ssl, path, now, occasion, verdict);
    if (is_of_no_issuer(verdict))
        refuse_orphan(ssl, verdict);
}

/** Another path is looked for where the anchor left, and where a CA's time ended before the
 *  peer's own: a CA that was renewed vouches for it all the same. */
static void judge_path(const struct qv_anchors *anchors, const SSL *ssl, struct qv_path *path,
                       struct qv_wall now, enum qv_occasion occasion, struct qv_verdict *verdict)
{
    const X509 *leaf = SSL_get0_peer_certificate(ssl);
    if (!qv_anchors_hold(anchors, path)) {
        find_issuer(anchors, ssl, path, now, occasion, verdict);
        return;
    }
    (void)qv_anchors_check_path(anchors, path, leaf, now, occasion, verdict);
    if (qv_path_is_in_time(path, now) || !is_in_time(leaf, now))
        return;
    struct qv_verdict anew;
    verify_anew(anchors, ssl, path, now, occasion, &anew);
    if (anew.status == QV_OK)
        *verdict = anew;
}

/* --- those who live --- */

static bool key_of_live(const SSL *ssl, const struct qv_path *path, struct qv_orphan_key *ret_key)
{
    const struct qv_binding *binding = qv_verdict_bound(ssl);
    if (binding == NULL || path->count == 0)
        return false;
    const struct qv_orphan live = {.leaf = SSL_get0_peer_certificate(ssl),
                                   .sent = SSL_get_peer_cert_chain(ssl),
                                   .path = path,
                                   .cas = binding->anchors->all.bytes};
    return qv_orphan_key_of(&live, ret_key) == QV_OK;
}

/** A whole CA's peers at once: where one of them found nobody, the others need not look. */
static void judge_live(const struct qv_anchors *anchors, const SSL *ssl, struct qv_path *path,
                       struct qv_wall now, struct qv_verdict *verdict)
{
    struct qv_orphan_key key;
    if (qv_anchors_hold(anchors, path) || !key_of_live(ssl, path, &key)) {
        judge_path(anchors, ssl, path, now, QV_OCCASION_LIVE, verdict);
        return;
    }
    if (qv_orphans_know(anchors->orphans, &key)) {
        refuse_orphan(ssl, verdict);
        return;
    }
    find_issuer(anchors, ssl, path, now, QV_OCCASION_LIVE, verdict);
    if (strcmp(verdict->code, "unknown-issuer") == 0)
        qv_orphans_note(anchors->orphans, &key);
}

static void judge_nobody(const SSL *ssl, struct qv_verdict *verdict)
{
    if ((SSL_get_verify_mode(ssl) & SSL_VERIFY_FAIL_IF_NO_PEER_CERT) != 0)
        qv_verdict_refuse(verdict, QV_UNAUTHENTICATED, "no-certificate",
                          "the client sent no certificate");
}

static void judge_peer(const struct qv_trust *trust, const SSL *ssl, struct qv_wall now,
                       struct qv_verdict *verdict, struct qv_path *path)
{
    const struct qv_anchors *anchors = qv_trust_anchors(trust);
    long result = SSL_get_verify_result(ssl);
    if (result != X509_V_OK)
        qv_verdict_refuse_certificate(verdict, SSL_get0_peer_certificate(ssl), "bad-chain", "%s",
                                      X509_verify_cert_error_string(result));
    else if (path_of_handshake(ssl, path))
        judge_path(anchors, ssl, path, now, QV_OCCASION_HANDSHAKE, verdict);
    else
        verify_anew(anchors, ssl, path, now, QV_OCCASION_HANDSHAKE, verdict);
}

static void take_identity(const struct qv_trust *trust, X509 *leaf, const struct qv_path *path,
                          struct qv_verdict *verdict, struct qv_identity **ret_identity,
                          struct qv_error *ret_error)
{
    QV_CLEANUP(qv_error) struct qv_error reason = {0};
    enum qv_status status =
        qv_identity_from_leaf(leaf, qv_trust_cloud(trust), ret_identity, ret_error, &reason);
    if (status == QV_OK) {
        qv_issuer_key_text(&path->links[0].issuer, (*ret_identity)->certificate->issuer_key);
        return;
    }
    qv_verdict_refuse_certificate(verdict, leaf, "identity", "%s", qv_error_message(&reason));
    /* Who is not let in by name still gets an answer that says so; without memory it cannot. */
    bool answerable = status == QV_UNAUTHENTICATED || status == QV_DENIED;
    verdict->status = answerable ? QV_OK : status;
}

void qv_trust_judge(const struct qv_trust *trust, const SSL *ssl, struct qv_wall now,
                    struct qv_verdict *ret_verdict, struct qv_path *ret_path,
                    struct qv_identity **ret_identity, struct qv_error *ret_error)
{
    qv_verdict_accept(ret_verdict);
    *ret_path = (struct qv_path){0};
    *ret_identity = NULL;
    qv_error_free(ret_error);
    X509 *leaf = SSL_get0_peer_certificate(ssl);
    if (leaf == NULL) {
        judge_nobody(ssl, ret_verdict);
        return;
    }
    ERR_set_mark();
    judge_peer(trust, ssl, now, ret_verdict, ret_path);
    ERR_pop_to_mark();
    if (ret_verdict->status == QV_OK)
        take_identity(trust, leaf, ret_path, ret_verdict, ret_identity, ret_error);
}

void qv_trust_judge_again(const struct qv_trust *trust, const SSL *ssl, struct qv_path *path,
                          struct qv_wall now, struct qv_verdict *ret_verdict)
{
    if (SSL_get0_peer_certificate(ssl) == NULL) {
        qv_verdict_accept(ret_verdict);
        judge_nobody(ssl, ret_verdict);
        return;
    }
    ERR_set_mark();
    judge_live(qv_trust_anchors(trust), ssl, path, now, ret_verdict);
    ERR_pop_to_mark();
}
