/*
 * Memory asked for before it is needed. Private to the registry.
 *
 * Entities lie anywhere in memory, and among a million nearly none of those that a lookup touches
 * is in a cache: one after the other, the waits for them cost more than finding and writing
 * together. Asked for several at a time, they are waited for together. Nothing here changes
 * anything. Any thread; fetch_instances under the lock.
 */
#ifndef QUIVER_REGISTRY_FETCH_H
#define QUIVER_REGISTRY_FETCH_H

#include "view.h"

enum { FETCHED_AHEAD = 16 };

/** Of up to FETCHED_AHEAD instances of an owner, what collecting them looks at; `owners`: that of
 *  their other owners, too. Gives the first one that was not asked for, NULL where the list ends
 *  before. */
const struct instance_record *fetch_instances(const struct instance_record *first, enum owner owner,
                                              bool owners);

/** Of up to FETCHED_AHEAD of `count` matches from `first` on, what metadata filters look at. */
void fetch_metadata(const struct qv_service_match *matches, size_t count, size_t first);

/** The same for what writing them looks at. */
void fetch_texts(const struct qv_service_match *matches, size_t count, size_t first);

#endif
