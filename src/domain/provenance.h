/*
 * By which certificate an instance was registered: read from the envelope's `by`, kept packed in
 * the instance's block, shown in lookups where the configuration wants it. Private to the domain;
 * pure.
 */
#ifndef QUIVER_DOMAIN_PROVENANCE_H
#define QUIVER_DOMAIN_PROVENANCE_H

#include "entity_block.h"

/** Appends a struct qv_provenance to the text of a block; the place is empty where `by` (NULL:
 *  there is none) names no certificate. What an older version wrote has no issuer's key, and what
 *  cannot be read counts as not there: then CRLs are not asked. */
struct entity_place provenance_put(struct qv_buf *text, const json_t *by);

/** As the front of a system's object, but `x5t#S256` in the metadata is the registry's word alone:
 *  the fingerprint (NULL: there is none), instead of what the system itself may have put there. */
void provenance_write_front(const struct qv_system *provider,
                            const struct qv_provenance *provenance, struct qv_buf *buf);

#endif
