/*
 * The first of the three parts of trust: the server's own certificate and key. Private to `trust`.
 */
#ifndef QUIVER_TRUST_OWN_H
#define QUIVER_TRUST_OWN_H

#include <openssl/evp.h>
#include <quiver/config/config.h>
#include <quiver/trust/anchors.h>

struct qv_own {
    X509 *leaf;
    STACK_OF(X509) * chain; /**< what stands behind the leaf in its file; sent with it */
    EVP_PKEY *key;
    char *cloud;
};

/** Reads and checks the files by themselves: key private and fitting, dates, server usage, own
 *  identity and cloud. */
QV_MUST_CHECK enum qv_status qv_own_load(const struct qv_config *config, struct qv_wall now,
                                         struct qv_own **ret_own, struct qv_strings *faults);
/** Checks that the chain builds to one of the anchors. */
QV_MUST_CHECK enum qv_status qv_own_check_chain(const struct qv_own *own, const char *file,
                                                const struct qv_anchors *anchors,
                                                struct qv_wall now, struct qv_strings *faults);
void qv_own_free(struct qv_own **own);

#endif
