/*
 * Groups of live connections whose CA left: for which nothing was found that vouches for them, so
 * that of ten thousand peers of one CA a single one is verified anew and the others are told the
 * same at once. Private to `trust`.
 */
#ifndef QUIVER_TRUST_ORPHANS_H
#define QUIVER_TRUST_ORPHANS_H

#include <quiver/trust/path.h>

#define QV_ORPHANS_MAX 64

struct qv_orphans;

QV_MUST_CHECK enum qv_status qv_orphans_new(struct qv_orphans **ret_orphans);
void qv_orphans_free(struct qv_orphans **orphans);

/** Everything of a live connection that decides who can have issued its peer's certificate. All
 *  borrowed. */
struct qv_orphan {
    X509 *leaf;
    const STACK_OF(X509) * sent; /**< behind the leaf; may be NULL */
    const struct qv_path *path;  /**< by which it was let in; not empty */
    const unsigned char *cas;    /**< QV_SHA256_SIZE: which CAs were trusted then */
};
struct qv_orphan_key {
    unsigned char digest[QV_SHA256_SIZE];
};
QV_MUST_CHECK enum qv_status qv_orphan_key_of(const struct qv_orphan *orphan,
                                              struct qv_orphan_key *ret_key);

bool qv_orphans_know(struct qv_orphans *orphans, const struct qv_orphan_key *key);
/** May push out the one that came first. */
void qv_orphans_note(struct qv_orphans *orphans, const struct qv_orphan_key *key);

#endif
