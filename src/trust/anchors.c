/*
 * CA bundles into a store by which is verified: partial chains (a cloud CA can be the anchor by
 * itself), bounded depth, security level 2. Strict mode stays off, as the reference's own sample
 * certificates fail it. Immutable once loaded, but for what is remembered of judgements, and until
 * nobody judges by them any more: then CRLs and memories go, be there connections or not. Any
 * thread.
 */
#include "anchors.h"

#include "blocks.h"
#include "faults.h"
#include "issuers.h"
#include "verdict.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <quiver/base/log.h>
#include <quiver/base/memory.h>
#include <stdlib.h>
#include <string.h>

static enum qv_status new_anchors(const struct qv_config *config, struct qv_anchors **ret_anchors)
{
    QV_CLEANUP(qv_anchors) struct qv_anchors *anchors = qv_alloc(sizeof(*anchors));
    if (anchors == NULL)
        return QV_NO_MEMORY;
    atomic_init(&anchors->references, 1);
    atomic_init(&anchors->weak, 1);
    anchors->require_crl = config->tls.require_crl;
    anchors->stale_crl = config->tls.stale_crl;
    QV_TRY(qv_chains_new(&anchors->chains));
    QV_TRY(qv_orphans_new(&anchors->orphans));
    anchors->store = X509_STORE_new();
    anchors->cas = sk_X509_new_null();
    if (anchors->store == NULL || anchors->cas == NULL)
        return QV_NO_MEMORY;
    X509_VERIFY_PARAM_set_auth_level(X509_STORE_get0_param(anchors->store), QV_SECURITY_LEVEL);
    if (X509_STORE_set_flags(anchors->store, X509_V_FLAG_PARTIAL_CHAIN) != 1 ||
        X509_STORE_set_depth(anchors->store, QV_VERIFY_DEPTH) != 1)
        return QV_INTERNAL;
    QV_TRY(qv_issuers_install(anchors->store, anchors->cas));
    *ret_anchors = anchors;
    anchors = NULL;
    return QV_OK;
}

static enum qv_status check_ca(X509 *ca, const char *file, struct qv_wall now,
                               struct qv_ca *ret_facts, struct qv_strings *faults)
{
    ret_facts->file = qv_strdup(file);
    if (ret_facts->file == NULL)
        return QV_NO_MEMORY;
    const char *subject = ret_facts->subject;
    qv_verdict_name(X509_get_subject_name(ca), ret_facts->subject, sizeof(ret_facts->subject));
    if (X509_check_ca(ca) != 1)
        return qv_fault(faults,
                        "%s: %s is no CA (basicConstraints CA:true is wanted); name the file of "
                        "the CA that issued it",
                        file, subject);
    if (qv_certificate_time(X509_get0_notAfter(ca), &ret_facts->end) != QV_OK)
        return qv_fault(faults, "%s: %s has an end that cannot be read", file, subject);
    /* Not a fault: in the middle of a rotation a bundle may well hold the CA that has ended. */
    if (qv_wall_compare(ret_facts->end, now) < 0)
        qv_log(QV_LOG_WARNING, "CA has expired; nobody is let in by it", QV_LOG_CSTR("file", file),
               QV_LOG_CSTR("subject", subject));
    return QV_OK;
}

/** Of the next CA, empty; NULL: no memory. */
static struct qv_ca *add_facts(struct qv_anchors *anchors)
{
    struct qv_ca *grown = qv_realloc_array(anchors->facts, anchors->fact_count + 1, sizeof(*grown));
    if (grown == NULL)
        return NULL;
    anchors->facts = grown;
    grown[anchors->fact_count] = (struct qv_ca){0};
    return &grown[anchors->fact_count++];
}

static enum qv_status load_bundle(struct qv_anchors *anchors, const char *file, struct qv_wall now,
                                  struct qv_strings *faults)
{
    int first = sk_X509_num(anchors->cas);
    QV_TRY(qv_blocks_certificates(file, anchors->cas, faults));
    enum qv_status status = QV_OK;
    for (int i = first; i < sk_X509_num(anchors->cas) && status != QV_NO_MEMORY; i++) {
        X509 *ca = sk_X509_value(anchors->cas, i);
        struct qv_ca *facts = add_facts(anchors);
        if (facts == NULL)
            return QV_NO_MEMORY;
        status = qv_status_worse(status, check_ca(ca, file, now, facts, faults));
        if (X509_STORE_add_cert(anchors->store, ca) != 1)
            return QV_NO_MEMORY;
    }
    return status;
}

static int compare_digests(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct qv_anchor_digest));
}

static enum qv_status digest_cas(struct qv_anchors *anchors)
{
    size_t count = (size_t)sk_X509_num(anchors->cas);
    anchors->digests = qv_alloc_array(count, sizeof(*anchors->digests));
    if (anchors->digests == NULL)
        return QV_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        unsigned char digest[EVP_MAX_MD_SIZE];
        unsigned size = 0;
        if (X509_digest(sk_X509_value(anchors->cas, (int)i), EVP_sha256(), digest, &size) != 1)
            return QV_NO_MEMORY;
        memcpy(anchors->digests[i].bytes, digest, sizeof(anchors->digests[i].bytes));
    }
    qsort(anchors->digests, count, sizeof(*anchors->digests), compare_digests);
    return qv_sha256((struct qv_str){.at = (const char *)anchors->digests,
                                     .length = count * sizeof(*anchors->digests)},
                     anchors->all.bytes);
}

enum qv_status qv_anchors_load(const struct qv_config *config, const struct qv_crl_memory *memory,
                               struct qv_wall now, struct qv_anchors **ret_anchors,
                               struct qv_strings *faults)
{
    QV_CLEANUP(qv_anchors) struct qv_anchors *anchors = NULL;
    QV_TRY(new_anchors(config, &anchors));
    const struct qv_strings *trust = &config->tls.trust;
    enum qv_status status = QV_OK;
    for (size_t i = 0; i < trust->count && status != QV_NO_MEMORY; i++)
        status = qv_status_worse(status, load_bundle(anchors, trust->at[i], now, faults));
    if (status == QV_NO_MEMORY)
        return status;
    status = qv_status_worse(status, qv_crls_load(&config->tls.crl, anchors->store, anchors->cas,
                                                  memory, now, &anchors->crls, faults));
    QV_TRY(status);
    QV_TRY(digest_cas(anchors));
    *ret_anchors = anchors;
    anchors = NULL;
    return QV_OK;
}

struct qv_anchors *qv_anchors_ref(struct qv_anchors *anchors)
{
    if (anchors != NULL)
        atomic_fetch_add_explicit(&anchors->references, 1, memory_order_relaxed);
    return anchors;
}

struct qv_anchors *qv_anchors_weak_ref(struct qv_anchors *anchors)
{
    atomic_fetch_add_explicit(&anchors->weak, 1, memory_order_relaxed);
    return anchors;
}

struct qv_anchors *qv_anchors_try_ref(struct qv_anchors *anchors)
{
    size_t references = atomic_load_explicit(&anchors->references, memory_order_relaxed);
    while (references > 0)
        if (atomic_compare_exchange_weak_explicit(&anchors->references, &references, references + 1,
                                                  memory_order_acquire, memory_order_relaxed))
            return anchors;
    return NULL;
}

void qv_anchors_weak_free(struct qv_anchors **anchors)
{
    struct qv_anchors *old = *anchors;
    if (old == NULL)
        return;
    *anchors = NULL;
    if (atomic_fetch_sub_explicit(&old->weak, 1, memory_order_acq_rel) != 1)
        return;
    X509_STORE_free(old->store);
    for (size_t i = 0; i < old->fact_count; i++)
        qv_free(old->facts[i].file);
    qv_free(old->facts);
    sk_X509_pop_free(old->cas, X509_free);
    qv_free(old->digests);
    qv_free(old);
}

void qv_anchors_free(struct qv_anchors **anchors)
{
    struct qv_anchors *old = *anchors;
    if (old == NULL)
        return;
    *anchors = NULL;
    if (atomic_fetch_sub_explicit(&old->references, 1, memory_order_acq_rel) != 1)
        return;
    qv_crls_free(&old->crls);
    qv_chains_free(&old->chains);
    qv_orphans_free(&old->orphans);
    qv_anchors_weak_free(&old);
}

X509_STORE *qv_anchors_store(const struct qv_anchors *anchors)
{
    return anchors->store;
}

const STACK_OF(X509) * qv_anchors_cas(const struct qv_anchors *anchors)
{
    return anchors->cas;
}

size_t qv_anchors_count(const struct qv_anchors *anchors)
{
    return anchors->fact_count;
}

void qv_anchors_facts(const struct qv_anchors *anchors, size_t index, struct qv_ca_facts *ret_facts)
{
    const struct qv_ca *ca = &anchors->facts[index];
    *ret_facts =
        (struct qv_ca_facts){.file = ca->file, .subject = ca->subject, .not_after = ca->end};
}

const struct qv_crls *qv_anchors_crls(const struct qv_anchors *anchors)
{
    return anchors->crls;
}

bool qv_anchors_hold(const struct qv_anchors *anchors, const struct qv_path *path)
{
    return path->count > 0 &&
           bsearch(path->anchor, anchors->digests, (size_t)sk_X509_num(anchors->cas),
                   sizeof(*anchors->digests), compare_digests) != NULL;
}
