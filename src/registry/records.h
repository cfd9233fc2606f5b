/*
 * Changing the records of a view: for its writer alone.
 */
#ifndef QUIVER_REGISTRY_RECORDS_H
#define QUIVER_REGISTRY_RECORDS_H

#include "view.h"

/** The write lock of the registry, where the view is published. */
void view_lock(struct qv_view *view);
void view_unlock(struct qv_view *view);

/** The record of a name, counted as used, so that no other step of a change drops it; an empty one
 *  is made where there is none. NULL: no memory. Undone by counting down and dropping. */
struct record *record_hold(struct qv_view *view, enum qv_kind kind, struct qv_str name);
/** An empty record that nobody points to has no reason to be. NULL is fine. */
void record_drop_if_unused(struct qv_view *view, enum qv_kind kind, struct record *record);

/** The record of an owner by its name, as record_hold, with a place for one more instance; which
 *  then joins, or releases both. NULL: no memory. */
struct record *owner_hold(struct qv_view *view, enum owner owner, struct qv_str name);
void owner_release(struct qv_view *view, enum owner owner, struct record *record);
/** The instance takes the place that was held. */
void record_join(struct instance_record *instance, enum owner owner, struct record *record);
void record_leave(struct qv_view *view, struct instance_record *instance, enum owner owner);
/** The system is on `device` from now on (NULL: on none), which somebody holds: leaving the one
 *  before does not drop it. */
void record_move_to_device(struct qv_view *view, struct record *system, struct record *device);

#endif
