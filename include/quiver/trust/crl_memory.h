/*
 * The newest CRL that was ever in force, for each issuer key and scope, so that an older one is
 * refused, across restarts too (design 6): a file `crl-seen.json` in the data directory. At most
 * 1,024 are remembered; those that are in force no more are dropped first. Who removes the file has
 * it forget, also while this process runs. Belongs to whoever loads trust; one thread.
 */
#ifndef QUIVER_TRUST_CRL_MEMORY_H
#define QUIVER_TRUST_CRL_MEMORY_H

#include <quiver/trust/crl.h>

struct qv_crl_memory;

/** Reads `path`; a file (or folder) that does not exist is an empty memory. QV_INVALID names the
 *  file and the remedy. */
QV_MUST_CHECK enum qv_status qv_crl_memory_open(const char *path, struct qv_crl_memory **ret_memory,
                                                struct qv_error *error);
void qv_crl_memory_free(struct qv_crl_memory **memory);
/** Remembers what is in force now, in memory first, and writes the file (new file, fdatasync,
 *  rename) where anything changed. QV_UNAVAILABLE: it could not be written; this process still
 *  remembers. */
QV_MUST_CHECK enum qv_status qv_crl_memory_note(struct qv_crl_memory *memory,
                                                const struct qv_crls *crls, struct qv_error *error);

#endif
