/*
 * Memory asked for before it is needed. Private to the registry.
 *
 * Entities lie anywhere in memory, and among a million nearly none of those that a lookup touches
 * is in a cache: one after the other, the waits for them cost more than finding and writing
 * together. Asked for several at a time, they are waited for together; asked for while the ones
 * before are judged, hardly at all. Nothing here changes anything. Any thread; what looks at
 * records under the lock.
 */
#ifndef QUIVER_REGISTRY_FETCH_H
#define QUIVER_REGISTRY_FETCH_H

#include "view.h"

enum { FETCHED_AHEAD = 16 };

/* To be called where `first` is a multiple of FETCHED_AHEAD, with each one from 0 on. */

/** What collecting an owner's instances looks at, for some of those behind `first`; at 0 also for
 *  the first ones. */
void fetch_instances(const struct owned *owned, size_t first);

/** The same for what metadata filters look at. */
void fetch_metadata(const struct qv_service_match *matches, size_t count, size_t first);

/** What writing looks at, of the next FETCHED_AHEAD of `count` matches. */
void fetch_texts(const struct qv_service_match *matches, size_t count, size_t first);

/* Of up to FETCHED_AHEAD of `count`, in steps that each wait but once. */

/** What taking owners looks at. A record may be NULL. */
void fetch_owners(struct instance_record *const *records, size_t count);

/** Finds records by their ids, NULL where there is none, and fetches their owners. */
void fetch_records(const struct qv_view *view, const struct qv_str *ids, size_t count,
                   struct instance_record *ret_records[static FETCHED_AHEAD]);

#endif
