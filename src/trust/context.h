/*
 * A listener's TLS context. Private to `trust`.
 */
#ifndef QUIVER_TRUST_CONTEXT_H
#define QUIVER_TRUST_CONTEXT_H

#include "own.h"
#include "protocol.h"

/** What a context is made of; all borrowed, it takes references of its own to all it needs. */
struct qv_context_parts {
    const struct qv_config_listener *listener;
    const struct qv_protocol *protocol;
    const struct qv_own *own;
    struct qv_anchors *anchors;
    uint64_t generation; /**< TLS generation of the trust that it belongs to */
};
QV_MUST_CHECK enum qv_status qv_context_make(const struct qv_context_parts *parts,
                                             SSL_CTX **ret_context, struct qv_strings *faults);

#endif
