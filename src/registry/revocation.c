/*
 * Judging instances by the CRLs: see revocation.h. Any thread; what is said of the lock counts.
 */
#include "find.h"

#include <string.h>

_Static_assert(sizeof(((struct qv_provenance *)0)->issuer_key) == sizeof(struct qv_issuer_key),
               "both are the digest of the issuer's public key");

void qv_registry_set_revocation(struct qv_registry *registry, struct qv_anchors *anchors)
{
    bool any = anchors != NULL && qv_crls_count(qv_anchors_crls(anchors)) > 0;
    struct qv_anchors *fresh = any ? qv_anchors_ref(anchors) : NULL;
    pthread_rwlock_wrlock(&registry->lock);
    struct qv_anchors *before = registry->revocation.anchors;
    if (fresh != before) /* the same ones answer the same */
        registry->revocation.generation++;
    registry->revocation.anchors = fresh;
    pthread_rwlock_unlock(&registry->lock);
    qv_anchors_free(&before);
}

void revocation_begin(struct revocation_reader *reader, const struct revocation *revocation)
{
    reader->generation = revocation->anchors != NULL ? revocation->generation : 0;
    reader->unjudged = false;
}

void revocation_keep(struct revocation_reader *reader, const struct revocation *revocation)
{
    if (reader->unjudged)
        reader->anchors = qv_anchors_ref(revocation->anchors);
}

void revocation_end(struct revocation_reader *reader)
{
    qv_anchors_free(&reader->anchors);
    reader->unjudged = false;
}

/* Only who is not to be trusted any more is left out, and by a certificate of which that is known:
   `superseded` says that there is a newer one, and a CRL past its end still lists what it lists. */
static enum qv_status ask(const struct qv_anchors *anchors, const struct qv_provenance *provenance,
                          struct qv_wall now, bool *ret_hidden)
{
    struct qv_issuer_key issuer;
    struct qv_serial serial;
    struct qv_crl_finding finding;
    memcpy(issuer.digest, provenance->issuer_key, sizeof(issuer.digest));
    QV_TRY(qv_serial_of((struct qv_str){.at = (const char *)provenance->serial,
                                        .length = provenance->serial_length},
                        &serial));
    QV_TRY(qv_crls_look_up(qv_anchors_crls(anchors), &issuer, &serial, now, &finding));
    *ret_hidden = finding.answer == QV_CRL_REVOKED && !finding.superseded;
    return QV_OK;
}

/* Judges the instance unless its answer is known. */
static enum qv_status judge(const struct revocation_reader *reader,
                            const struct qv_instance *instance, struct qv_wall now,
                            bool *ret_hidden)
{
    uint64_t *judged = (uint64_t *)(uintptr_t)&instance->judged_;
    uint64_t known = __atomic_load_n(judged, __ATOMIC_RELAXED);
    bool hidden = (known & 1) != 0;
    if (known >> 1 != reader->generation) {
        const struct qv_provenance *provenance = instance->provenance;
        hidden = false;
        if (provenance != NULL && provenance->serial_length > 0)
            QV_TRY(ask(reader->anchors, provenance, now, &hidden));
        __atomic_store_n(judged, reader->generation << 1 | hidden, __ATOMIC_RELAXED);
    }
    *ret_hidden = hidden;
    return QV_OK;
}

enum qv_status drop_revoked(struct finder *finder)
{
    if (!finder->revocation.unjudged)
        return QV_OK;
    size_t kept = 0;
    enum qv_status status = QV_OK;
    for (size_t i = 0; i < finder->count; i++) {
        struct qv_service_match *match = &finder->matches[i];
        bool hidden = true;
        if (status == QV_OK)
            status = judge(&finder->revocation, match->instance, finder->now, &hidden);
        if (hidden)
            match_free(match);
        else
            finder->matches[kept++] = *match;
    }
    finder->count = kept;
    revocation_end(&finder->revocation);
    return status;
}
