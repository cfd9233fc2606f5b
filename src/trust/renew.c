/*
 * A new trust out of an old one: each part is built and checked completely before it takes the
 * place of its predecessor, and a part in which there is a fault stays as it was, whatever the
 * other comes to. The old trust is not touched, so that giving up halfway costs nothing. CAs go
 * first, as the own certificate is checked against those that will be in force. Runs where trust
 * is loaded.
 */
#include "crl.h"
#include "trust.h"

#include <quiver/base/log.h>
#include <quiver/base/memory.h>

void qv_trust_renewal_free(struct qv_trust_renewal *renewal)
{
    for (size_t i = 0; i < QV_TRUST_PARTS; i++)
        qv_strings_free(&renewal->faults[i]);
    *renewal = (struct qv_trust_renewal){0};
}

/** What every step is given. */
struct renewing {
    const struct qv_trust *old;
    const struct qv_config *config;
    struct qv_wall now;
    struct qv_trust *trust;          /* in the making */
    struct qv_trust_renewal renewal; /* likewise */
};

static void renewing_free(struct renewing *renewing)
{
    qv_trust_free(&renewing->trust);
    qv_trust_renewal_free(&renewing->renewal);
}

static bool is_among(const struct qv_crl *crl, const struct qv_crls *crls)
{
    for (size_t i = 0; i < crls->count; i++)
        if (qv_crl_stamp_alike(&crl->stamp, &crls->at[i].stamp))
            return true;
    return false;
}

/** Whoever takes a CRL out of the configuration lets in whom it listed: that may be meant, as with
 * a CA that goes, but must not happen without a word. */
static void warn_of_crls_that_go(const struct qv_anchors *old, const struct qv_anchors *renewed)
{
    for (size_t i = 0; i < qv_crls_count(old->crls); i++)
        if (!is_among(&old->crls->at[i], renewed->crls))
            qv_log(QV_LOG_WARNING, "CRL is not configured any more; nobody is refused by it",
                   QV_LOG_CSTR("issuer", old->crls->at[i].issuer),
                   QV_LOG_CSTR("file", old->crls->at[i].file));
}

static enum qv_status renew_anchors(struct renewing *renewing, const struct qv_crl_memory *memory)
{
    enum qv_status status =
        qv_anchors_load(renewing->config, memory, renewing->now, &renewing->trust->anchors,
                        &renewing->renewal.faults[QV_TRUST_ANCHORS]);
    renewing->renewal.renewed[QV_TRUST_ANCHORS] = status == QV_OK;
    if (status == QV_OK)
        warn_of_crls_that_go(renewing->old->anchors, renewing->trust->anchors);
    if (status != QV_INVALID)
        return status;
    renewing->trust->anchors = qv_anchors_ref(renewing->old->anchors);
    return QV_OK;
}

static void drop_own(struct qv_trust *trust)
{
    for (size_t i = 0; i < trust->context_count; i++)
        SSL_CTX_free(trust->contexts[i]);
    qv_free(trust->contexts);
    trust->contexts = NULL;
    trust->context_count = 0;
    qv_own_free(&trust->own);
    qv_protocol_free(&trust->protocol);
}

/** With its contexts: whether OpenSSL takes a certificate shows only there. */
static enum qv_status try_own(struct renewing *renewing)
{
    struct qv_trust *trust = renewing->trust;
    struct qv_strings *faults = &renewing->renewal.faults[QV_TRUST_OWN];
    QV_TRY(qv_trust_load_own(trust, renewing->config, trust->anchors, renewing->now, faults));
    QV_TRY(qv_own_check_succession(renewing->old->own, trust->own, faults));
    return qv_trust_make_contexts(trust, renewing->config, faults);
}

static enum qv_status renew_own(struct renewing *renewing)
{
    struct qv_trust *trust = renewing->trust;
    enum qv_status status = try_own(renewing);
    renewing->renewal.renewed[QV_TRUST_OWN] = status == QV_OK;
    if (status != QV_INVALID)
        return status;
    drop_own(trust);
    trust->own = qv_own_ref(renewing->old->own);
    trust->protocol = qv_protocol_ref(renewing->old->protocol);
    status =
        qv_trust_make_contexts(trust, renewing->config, &renewing->renewal.faults[QV_TRUST_OWN]);
    /* It was taken once; so what was refused is not the file. */
    return status == QV_INVALID ? QV_INTERNAL : status;
}

/** Without TLS listeners there are no files to read: nothing is old. */
static void renew_nothing(struct renewing *renewing)
{
    renewing->trust->anchors = qv_anchors_ref(renewing->old->anchors);
    for (size_t i = 0; i < QV_TRUST_PARTS; i++)
        renewing->renewal.renewed[i] = true;
}

enum qv_status qv_trust_renew(const struct qv_trust *old, const struct qv_config *config,
                              const struct qv_crl_memory *memory, struct qv_wall now,
                              struct qv_trust **ret_trust, struct qv_trust_renewal *ret_renewal)
{
    QV_CLEANUP(renewing) struct renewing renewing = {.old = old, .config = config, .now = now};
    QV_TRY(qv_trust_new(&renewing.trust));
    /* What is stored hangs on the cloud: it stays, letter by letter. */
    renewing.trust->cloud = qv_strdup(old->cloud);
    if (renewing.trust->cloud == NULL)
        return QV_NO_MEMORY;
    if (old->own == NULL) {
        renew_nothing(&renewing);
    } else {
        QV_TRY(renew_anchors(&renewing, memory));
        QV_TRY(renew_own(&renewing));
    }
    *ret_trust = renewing.trust;
    renewing.trust = NULL;
    *ret_renewal = renewing.renewal;
    renewing.renewal = (struct qv_trust_renewal){0};
    return QV_OK;
}
