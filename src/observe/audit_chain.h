/*
 * The chain of the audit trail: one rule for who writes it, goes on with it and checks it. Private
 * to the module. Any thread; one chain by one thread at a time.
 */
#ifndef QUIVER_OBSERVE_AUDIT_CHAIN_H
#define QUIVER_OBSERVE_AUDIT_CHAIN_H

#include <quiver/observe/audit.h>

/** Where a trail stands. */
struct qv_audit_chain {
    uint64_t seq; /**< of the last whole line; 0: none yet */
    bool torn;    /**< a torn line stands behind it, which the next one must tell */
    char hash[QV_AUDIT_HASH_SIZE]; /**< what the next line has as `previous` */
};
void qv_audit_chain_begin(struct qv_audit_chain *chain); /**< before the first line */

/** SHA-256 in lower-case hexadecimal digits. */
QV_MUST_CHECK enum qv_status qv_audit_hash(struct qv_str bytes, char ret_hash[QV_AUDIT_HASH_SIZE]);
/** Behind a whole line of number `seq`. QV_INTERNAL as qv_sha256, the chain is as before. */
QV_MUST_CHECK enum qv_status qv_audit_chain_add(struct qv_audit_chain *chain, uint64_t seq,
                                                struct qv_str line);
/** Behind a line that is not whole. Likewise. */
QV_MUST_CHECK enum qv_status qv_audit_chain_add_torn(struct qv_audit_chain *chain,
                                                     struct qv_str torn);

/** What a whole line says of the chain. */
struct qv_audit_record {
    uint64_t seq, lost;
    bool torn;
    char previous[QV_AUDIT_HASH_SIZE];
};
/** Reads a line without its newline. QV_INVALID: it is no whole line of a trail; a part of one
 *  never is. QV_NO_MEMORY. */
QV_MUST_CHECK enum qv_status qv_audit_record_read(struct qv_str line,
                                                  struct qv_audit_record *ret_record);
/** Can it be what a write of the next line left that ended in the middle, or a crash of the
 *  machine: the beginning of that line, or bytes that were never written (NUL)? */
bool qv_audit_is_torn(const struct qv_audit_chain *chain, struct qv_str line);

#endif
