/*
 * What a trust is made of. Private to `trust`; others see quiver/trust/trust.h.
 */
#ifndef QUIVER_TRUST_TRUST_PRIVATE_H
#define QUIVER_TRUST_TRUST_PRIVATE_H

#include "anchors.h"
#include "own.h"
#include "protocol.h"

#include <quiver/trust/trust.h>

struct qv_trust {
    atomic_size_t references;
    uint64_t generation;
    uint64_t tls_generation; /**< that of the trust for which the contexts were made */
    char *cloud;
    /* The first part; both NULL without TLS listeners. */
    struct qv_own *own;
    struct qv_protocol *protocol;
    /* The second part. */
    struct qv_anchors *anchors;
    SSL_CTX **contexts; /**< one a listener, NULL where it has no TLS */
    size_t context_count;
};

/** Empty, with a generation of its own. */
QV_MUST_CHECK enum qv_status qv_trust_new(struct qv_trust **ret_trust);

/** The first part, checked against `anchors`, which may be NULL (then no chain is); into a trust
 *  that has none. Faults as in qv_trust_load. */
QV_MUST_CHECK enum qv_status qv_trust_load_own(struct qv_trust *trust,
                                               const struct qv_config *config,
                                               const struct qv_anchors *anchors, struct qv_wall now,
                                               struct qv_strings *faults);
/** Contexts of both parts, for each listener; into a trust that has none. */
QV_MUST_CHECK enum qv_status qv_trust_make_contexts(struct qv_trust *trust,
                                                    const struct qv_config *config,
                                                    struct qv_strings *faults);

#endif
