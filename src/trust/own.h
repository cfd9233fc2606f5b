/*
 * The first of the three parts of trust: the server's own certificate and key, from PEM files or
 * from a PKCS #12 keystore. Reference-counted and immutable once loaded, so that a trust that a
 * reload makes can share it with the one before. Private to `trust`; any thread.
 */
#ifndef QUIVER_TRUST_OWN_H
#define QUIVER_TRUST_OWN_H

#include <openssl/evp.h>
#include <quiver/config/config.h>
#include <quiver/trust/anchors.h>
#include <stdatomic.h>

struct qv_own {
    atomic_size_t references;
    X509 *leaf;
    STACK_OF(X509) * chain; /**< the CAs that are sent behind the leaf */
    EVP_PKEY *key;
    char *cloud;                  /**< "<cloud>.<organization>.<x>.<y>" of its name */
    char *file;                   /**< which holds the certificate, for messages */
    struct qv_certificate *facts; /**< of the leaf */
};

/** Reads and checks the files by themselves: key private and fitting, dates, server usage, own
 *  identity and cloud. A certificate without subjectAltName is taken, with a warning in the log. */
QV_MUST_CHECK enum qv_status qv_own_load(const struct qv_config *config, struct qv_wall now,
                                         struct qv_own **ret_own, struct qv_strings *faults);
struct qv_own *qv_own_ref(struct qv_own *own); /**< NULL is fine */
void qv_own_free(struct qv_own **own);         /**< drops one reference */

/** Checks that the chain builds to one of the anchors. */
QV_MUST_CHECK enum qv_status qv_own_check_chain(const struct qv_own *own,
                                                const struct qv_anchors *anchors,
                                                struct qv_wall now, struct qv_strings *faults);
/** May `own` take the place of `old` while Quiver runs? It must be of the same cloud, as what is
 *  stored hangs on it; and one without subjectAltName would cut off the clients that `old` served
 *  by its own. */
QV_MUST_CHECK enum qv_status qv_own_check_succession(const struct qv_own *old,
                                                     const struct qv_own *own,
                                                     struct qv_strings *faults);

#endif
