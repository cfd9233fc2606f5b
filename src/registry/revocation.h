/*
 * Instances of revoked providers: whether a lookup leaves an instance out because the certificate
 * by which it was registered is in a CRL now. Private to the registry.
 *
 * Each set of CRLs has a generation, and each instance remembers the answer of one generation, both
 * in one word: it is judged once per generation, after that a lookup costs one relaxed load. What
 * is remembered of another generation counts for nothing, so it does not matter who writes last.
 */
#ifndef QUIVER_REGISTRY_REVOCATION_H
#define QUIVER_REGISTRY_REVOCATION_H

#include <quiver/registry/registry.h>

/* Of the registry, under its lock. */
struct revocation {
    struct qv_anchors *anchors; /* owned reference; NULL: nothing is left out */
    uint64_t generation;        /* of the anchors; 0: there never were any */
};

/* What a lookup knows of it. */
struct revocation_reader {
    uint64_t generation;        /* 0: nothing is left out */
    bool unjudged;              /* one of those collected is to be judged */
    struct qv_anchors *anchors; /* owned reference, where one is */
};

/* Under the lock, before collecting. */
void revocation_begin(struct revocation_reader *reader, const struct revocation *revocation);
/* Under the lock: is the instance known to be left out? */
static inline bool revocation_hides(struct revocation_reader *reader,
                                    const struct qv_instance *instance)
{
    if (reader->generation == 0)
        return false;
    uint64_t judged = __atomic_load_n(&instance->judged_, __ATOMIC_RELAXED);
    if (judged >> 1 == reader->generation)
        return (judged & 1) != 0;
    reader->unjudged = true;
    return false;
}
/* Under the lock, after collecting: keeps what judging needs, if there is anything to judge. */
void revocation_keep(struct revocation_reader *reader, const struct revocation *revocation);

void revocation_end(struct revocation_reader *reader); /* outside the lock */

#endif
