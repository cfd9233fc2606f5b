/*
 * All records of a kind, to be walked through in slices: a reader that looks at 100,000 of them
 * must not keep the writer out for so long. A record keeps its place for life, and a place that it
 * left is given to a later one, so a walk in slices meets whatever was there all the time, and
 * exactly once.
 *
 * Changed by the writer alone under the view's write lock; read under the read lock.
 */
#ifndef QUIVER_REGISTRY_ROSTER_H
#define QUIVER_REGISTRY_ROSTER_H

#include <quiver/base/status.h>
#include <stddef.h>
#include <stdint.h>

struct roster {
    uintptr_t *places; /* a pointer to a record, or where the next free place is (odd) */
    size_t used;       /* places that were ever given */
    size_t capacity;
    size_t next_free; /* plus one; 0: none was left */
};

/** Gives `record` (its address is even) a place. QV_NO_MEMORY changes nothing. */
QV_MUST_CHECK enum qv_status roster_add(struct roster *roster, void *record, size_t *ret_place);
void roster_remove(struct roster *roster, size_t place);
/** The record at a place below `used`; NULL: it is free. */
void *roster_at(const struct roster *roster, size_t place);
/** The records are their owners'. */
void roster_free(struct roster *roster);

#endif
