/*
 * Chains that were verified under one set of anchors, so that a peer who comes back with the same
 * certificates costs no second path validation. Private to `trust`.
 */
#ifndef QUIVER_TRUST_CHAINS_H
#define QUIVER_TRUST_CHAINS_H

#include <quiver/trust/path.h>

#define QV_CHAINS_MAX 8192 /* some 4 MB when full */

struct qv_chains;

QV_MUST_CHECK enum qv_status qv_chains_new(struct qv_chains **ret_chains);
void qv_chains_free(struct qv_chains **chains);

/** Names exactly what a peer sent: the leaf, and all that stood behind it, in its order. */
struct qv_chain_key {
    unsigned char digest[QV_SHA256_SIZE];
};
QV_MUST_CHECK enum qv_status qv_chain_key_of(const X509 *leaf, const STACK_OF(X509) * untrusted,
                                             struct qv_chain_key *ret_key);

/** The path that was found for it; false: not known (any more). */
bool qv_chains_recall(struct qv_chains *chains, const struct qv_chain_key *key,
                      struct qv_path *ret_path);
/** Only of what passed path validation and the leaf rule. May push out another; without memory
 *  nothing is remembered. */
void qv_chains_remember(struct qv_chains *chains, const struct qv_chain_key *key,
                        const struct qv_path *path);
/** How many are remembered. */
size_t qv_chains_count(struct qv_chains *chains);

#endif
