/*
 * One entry of the journal (design 5, `:journal`): its id is `<revision>-0`; its fields are `prev`
 * and `token`, `at` (ms), `kind` (what was asked for), `by` (who asked, where no envelope says it),
 * and the effects: `put:<kind>:<id>` is an envelope, `lease:<kind>:<id>` the end of a lease in
 * microseconds of registry time, `del:<kind>` a list of ids, one a line.
 */
#ifndef QUIVER_STORE_JOURNAL_H
#define QUIVER_STORE_JOURNAL_H

#include "reply.h"

#include <quiver/registry/registry.h>

struct qv_entry {
    uint64_t revision;
    struct qv_str prev, token; /* point into the reply */
    struct qv_effect *effects; /* owned array; its texts point into the reply */
    size_t count, capacity;
};

/** Reads an item of XREAD's list of entries, using the memory that `entry` already has. QV_INVALID:
 *  it has something that this version does not know, in words. */
QV_MUST_CHECK enum qv_status qv_entry_read(const struct qv_reply *item, struct qv_entry *entry,
                                           struct qv_error *error);
void qv_entry_free(struct qv_entry *entry);

#endif
