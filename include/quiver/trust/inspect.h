/*
 * A certificate file judged without a socket: what a handshake with it would come to, by the very
 * functions that the server asks. For operators' commands; any thread.
 */
#ifndef QUIVER_TRUST_INSPECT_H
#define QUIVER_TRUST_INSPECT_H

#include <quiver/trust/trust.h>

struct qv_inspection {
    struct qv_certificate *facts; /**< owned: of the leaf, the first certificate in the file */
    struct qv_verdict verdict;    /**< with a trust: of the handshake; without: of the leaf rule */
    struct qv_identity *identity; /**< owned: NULL where it has none */
    struct qv_error no_identity;  /**< owned: why there is none; QV_OK where there is one */
};

/** Reads the certificate in `path` (PEM, or DER); further ones in it count as sent behind it.
 *  `trust` NULL: chain, CRLs and cloud are not judged. QV_NOT_FOUND, QV_INVALID with the path
 *  where there is no certificate in it, QV_NO_MEMORY. */
QV_MUST_CHECK enum qv_status qv_trust_inspect(const char *path, const struct qv_trust *trust,
                                              struct qv_wall now,
                                              struct qv_inspection *ret_inspection,
                                              struct qv_error *error);
void qv_inspection_free(struct qv_inspection *inspection);

#endif
