/*
 * What the anchors are made of. Private to `trust`; others see quiver/trust/anchors.h.
 */
#ifndef QUIVER_TRUST_ANCHORS_PRIVATE_H
#define QUIVER_TRUST_ANCHORS_PRIVATE_H

#include <quiver/trust/anchors.h>
#include <stdatomic.h>

#define QV_SECURITY_LEVEL 2 /* 112 bits: refuses RSA-1024 and SHA-1 in keys and signatures */
#define QV_VERIFY_DEPTH   6 /* intermediates between leaf and anchor; Arrowhead has two */

struct qv_anchors {
    atomic_size_t references;
    X509_STORE *store;
    STACK_OF(X509) * cas;
    struct qv_crls *crls;
};

#endif
