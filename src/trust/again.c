/*
 * The same trust again. What was read anew may be what was there before: then nobody's session
 * needs to end, and a generation that rises for another reason (the policy is the third part of
 * trust) goes with the parts, contexts and ticket keys that are in force. Runs where trust is
 * loaded.
 */
#include "crl.h"
#include "trust.h"

#include <quiver/base/memory.h>
#include <string.h>

static bool same_text(const char *one, const char *other)
{
    return qv_str_equal(qv_str_from(one), qv_str_from(other));
}

static bool same_certificates(const STACK_OF(X509) * one, const STACK_OF(X509) * other)
{
    if (sk_X509_num(one) != sk_X509_num(other))
        return false;
    for (int i = 0; i < sk_X509_num(one); i++)
        if (X509_cmp(sk_X509_value(one, i), sk_X509_value(other, i)) != 0)
            return false;
    return true;
}

/* The key is the leaf's: that was checked when each was loaded. */
static bool same_own(const struct qv_own *one, const struct qv_own *other)
{
    return one == other ||
           (one != NULL && other != NULL && X509_cmp(one->leaf, other->leaf) == 0 &&
            same_certificates(one->chain, other->chain) && same_text(one->file, other->file));
}

static bool same_protocol(const struct qv_protocol *one, const struct qv_protocol *other)
{
    return one == other ||
           (one != NULL && other != NULL && one->min_version == other->min_version &&
            same_text(one->ciphers, other->ciphers) &&
            same_text(one->cipher_suites, other->cipher_suites) &&
            same_text(one->groups, other->groups));
}

static bool same_crl(const struct qv_crl *one, const struct qv_crl *other)
{
    return qv_crl_stamp_alike(&one->stamp, &other->stamp) &&
           qv_crl_stamp_compare(&one->stamp, &other->stamp) == 0 &&
           one->has_next_update == other->has_next_update &&
           qv_wall_compare(one->next_update, other->next_update) == 0 &&
           same_text(one->file, other->file) && one->count == other->count &&
           (one->count == 0 ||
            memcmp(one->serials, other->serials, one->count * sizeof(one->serials[0])) == 0);
}

static bool same_crls(const struct qv_crls *one, const struct qv_crls *other)
{
    if (qv_crls_count(one) != qv_crls_count(other))
        return false;
    for (size_t i = 0; i < qv_crls_count(one); i++)
        if (!same_crl(&one->at[i], &other->at[i]))
            return false;
    return true;
}

static bool same_files(const struct qv_anchors *one, const struct qv_anchors *other)
{
    if (qv_anchors_count(one) != qv_anchors_count(other))
        return false;
    for (size_t i = 0; i < qv_anchors_count(one); i++)
        if (!same_text(one->facts[i].file, other->facts[i].file))
            return false;
    return true;
}

static bool same_anchors(const struct qv_anchors *one, const struct qv_anchors *other)
{
    return one == other ||
           (memcmp(&one->all, &other->all, sizeof(one->all)) == 0 &&
            one->require_crl == other->require_crl && one->stale_crl == other->stale_crl &&
            same_files(one, other) && same_crls(one->crls, other->crls));
}

bool qv_trust_is_alike(const struct qv_trust *one, const struct qv_trust *other)
{
    return same_own(one->own, other->own) && same_protocol(one->protocol, other->protocol) &&
           same_anchors(one->anchors, other->anchors);
}

static enum qv_status share_contexts(struct qv_trust *trust, const struct qv_trust *old)
{
    if (old->context_count == 0)
        return QV_OK;
    trust->contexts = qv_alloc_array(old->context_count, sizeof(SSL_CTX *));
    if (trust->contexts == NULL)
        return QV_NO_MEMORY;
    for (; trust->context_count < old->context_count; trust->context_count++) {
        SSL_CTX *context = old->contexts[trust->context_count];
        if (context != NULL && SSL_CTX_up_ref(context) != 1)
            return QV_INTERNAL;
        trust->contexts[trust->context_count] = context;
    }
    return QV_OK;
}

enum qv_status qv_trust_again(const struct qv_trust *old, struct qv_trust **ret_trust)
{
    QV_CLEANUP(qv_trust) struct qv_trust *trust = NULL;
    QV_TRY(qv_trust_new(&trust));
    trust->cloud = qv_strdup(old->cloud);
    if (trust->cloud == NULL)
        return QV_NO_MEMORY;
    QV_TRY(share_contexts(trust, old));
    trust->tls_generation = old->tls_generation;
    trust->own = qv_own_ref(old->own);
    trust->protocol = old->protocol != NULL ? qv_protocol_ref(old->protocol) : NULL;
    trust->anchors = qv_anchors_ref(old->anchors);
    *ret_trust = trust;
    trust = NULL;
    return QV_OK;
}
