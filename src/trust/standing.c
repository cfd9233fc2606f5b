/*
 * Does a path that was verified still stand? Dates, and the CRLs of each issuer in it: a few table
 * lookups, so that it can be asked in every handshake, of every ticket, and of every connection
 * whenever trust changes. What only keeps out (a stale or missing CRL) ends nothing that lives:
 * else whoever delays a CRL could cut everybody off. Any thread.
 */
#include "anchors.h"
#include "verdict.h"

#include <openssl/x509_vfy.h>

bool qv_path_is_in_time(const struct qv_path *path, struct qv_wall now)
{
    return now.seconds >= path->begin.seconds && now.seconds < path->end.seconds;
}

/** Whose date is it, the peer's own or that of a CA above? For the words. */
static const char *whose(const ASN1_TIME *own, struct qv_wall of_path)
{
    struct qv_wall time;
    bool peers_own = qv_certificate_time(own, &time) == QV_OK && time.seconds == of_path.seconds;
    return peers_own ? "certificate" : "a CA certificate above it";
}

static int check_dates(const struct qv_path *path, const X509 *subject, struct qv_wall now,
                       struct qv_verdict *verdict)
{
    if (now.seconds >= path->end.seconds) {
        const ASN1_TIME *own = subject != NULL ? X509_get0_notAfter(subject) : NULL;
        qv_verdict_refuse_certificate(verdict, subject, "expired", "%s has expired",
                                      whose(own, path->end));
        return X509_V_ERR_CERT_HAS_EXPIRED;
    }
    if (now.seconds < path->begin.seconds) {
        const ASN1_TIME *own = subject != NULL ? X509_get0_notBefore(subject) : NULL;
        qv_verdict_refuse_certificate(verdict, subject, "not-yet-valid", "%s is not yet valid",
                                      whose(own, path->begin));
        return X509_V_ERR_CERT_NOT_YET_VALID;
    }
    return X509_V_OK;
}

/** `above`: it is a CA's certificate that was looked up, not the peer's own. */
static int refuse_finding(const struct qv_crl_finding *finding, const X509 *subject, bool above,
                          struct qv_verdict *verdict)
{
    switch (finding->answer) {
    case QV_CRL_REVOKED:
        qv_verdict_refuse_certificate(verdict, subject, "revoked", "%s is revoked (%s; %s)",
                                      above ? "a CA certificate above it" : "it", finding->reason,
                                      finding->file);
        return X509_V_ERR_CERT_REVOKED;
    case QV_CRL_STALE:
        qv_verdict_refuse_certificate(
            verdict, subject, "stale-crl", "the CRL of %s is past its end, put a new one into %s",
            above ? "a CA above its issuer" : "its issuer", finding->file);
        return X509_V_ERR_CRL_HAS_EXPIRED;
    case QV_CRL_NONE:
        qv_verdict_refuse_certificate(
            verdict, subject, "no-crl",
            "there is no CRL of %s, and tls.require_crl wants one; add it to tls.crl",
            above ? "a CA above its issuer" : "its issuer");
        return X509_V_ERR_UNABLE_TO_GET_CRL;
    case QV_CRL_GOOD: break;
    }
    return X509_V_OK;
}

static bool counts(const struct qv_anchors *anchors, enum qv_crl_answer answer,
                   enum qv_occasion occasion)
{
    switch (answer) {
    case QV_CRL_REVOKED: return true;
    case QV_CRL_STALE:
        return occasion == QV_OCCASION_HANDSHAKE && anchors->stale_crl == QV_STALE_CRL_REFUSE;
    case QV_CRL_NONE: return occasion == QV_OCCASION_HANDSHAKE && anchors->require_crl;
    case QV_CRL_GOOD: break;
    }
    return false;
}

static int check_link(const struct qv_anchors *anchors, const struct qv_path *path, size_t at,
                      const X509 *subject, struct qv_wall now, enum qv_occasion occasion,
                      struct qv_verdict *verdict)
{
    struct qv_crl_finding finding;
    const struct qv_path_link *link = &path->links[at];
    if (qv_crls_look_up(anchors->crls, &link->issuer, &link->serial, now, &finding) != QV_OK) {
        qv_verdict_refuse(verdict, QV_INTERNAL, "internal", "the CRL could not be asked");
        return X509_V_ERR_UNSPECIFIED;
    }
    if (!counts(anchors, finding.answer, occasion))
        return X509_V_OK;
    return refuse_finding(&finding, subject, at > 0, verdict);
}

int qv_anchors_check_path(const struct qv_anchors *anchors, const struct qv_path *path,
                          const X509 *subject, struct qv_wall now, enum qv_occasion occasion,
                          struct qv_verdict *ret_verdict)
{
    int error = check_dates(path, subject, now, ret_verdict);
    for (size_t i = 0; i < path->count && error == X509_V_OK; i++)
        error = check_link(anchors, path, i, subject, now, occasion, ret_verdict);
    if (error == X509_V_OK)
        qv_verdict_accept(ret_verdict);
    return error;
}

void qv_anchors_judge_path(const struct qv_anchors *anchors, const struct qv_path *path,
                           const X509 *subject, struct qv_wall now, enum qv_occasion occasion,
                           struct qv_verdict *ret_verdict)
{
    (void)qv_anchors_check_path(anchors, path, subject, now, occasion, ret_verdict);
}
