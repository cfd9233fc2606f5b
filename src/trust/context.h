/*
 * A listener's TLS context. Private to `trust`.
 */
#ifndef QUIVER_TRUST_CONTEXT_H
#define QUIVER_TRUST_CONTEXT_H

#include "own.h"

/** Made of the two parts of trust; it holds references of its own to all it needs. */
QV_MUST_CHECK enum qv_status qv_context_make(const struct qv_config_listener *listener,
                                             const struct qv_own *own, struct qv_anchors *anchors,
                                             SSL_CTX **ret_context, struct qv_strings *faults);

#endif
