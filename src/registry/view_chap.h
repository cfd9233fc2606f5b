/*
 * What changes do to CHAP services beside putting and removing their entities: leases, and the form
 * in which Arrowhead sees them. For the view's writer alone; unless something else is said, under
 * the write lock once the view is published.
 */
#ifndef QUIVER_REGISTRY_VIEW_CHAP_H
#define QUIVER_REGISTRY_VIEW_CHAP_H

#include "view.h"

/** Makes a new entity ready: its lease, where the effect gives one, and its form, to be freed with
 *  bridged_free unless it is taken. Needs no lock. */
QV_MUST_CHECK enum qv_status chap_prepare(const struct qv_view *view, struct qv_chap *chap,
                                          const struct qv_effect *effect,
                                          struct bridged **ret_bridged);
/** Before the record gets the entity: hands over the lease of the one before unless the new one
 *  `renews` it, and takes ownership of its form. */
void chap_replace(struct qv_view *view, struct record *record, struct qv_chap *chap, bool renews,
                  struct bridged *bridged);
/** Before the entity is removed. `record` NULL is fine. */
void chap_leave(struct qv_view *view, struct record *record);

/** Moves a lease's end; what is not there has none. Only the writer changes the index and what
 *  stands in a record, so that it needs no lock for this. */
void chap_renew(const struct record *record, int64_t lease_us);
/** Does a change renew leases and nothing else? */
bool chap_renews_alone(const struct qv_effect *effects, size_t count);
/** Does that, without a lock. */
void chap_renew_all(const struct qv_view *view, const struct qv_effect *effects, size_t count);

/** Gives all that have none yet their form. Takes the lock. */
void chap_complete_bridge(struct qv_view *view);

#endif
