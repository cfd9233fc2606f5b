/*
 * The records of a view and how they hang together: by name, among their owners' instances, among
 * the systems of a device. Nothing here fails but making a record and keeping a place for an
 * instance. Used by the writer alone, under the write lock once the view is published; finding also
 * by readers, under theirs.
 */
#include "records.h"

#include <quiver/base/memory.h>
#include <string.h>

void view_lock(struct qv_view *view)
{
    if (view->registry != NULL)
        pthread_rwlock_wrlock(&view->registry->lock);
}

void view_unlock(struct qv_view *view)
{
    if (view->registry != NULL)
        pthread_rwlock_unlock(&view->registry->lock);
}

/* ---- by name --------------------------------------------------------------------------------- */

struct record *view_find(const struct qv_view *view, enum qv_kind kind, struct qv_str name)
{
    return (struct record *)index_find(&view->index[kind], name);
}

struct instance_record *view_find_instance(const struct qv_view *view, struct qv_str id)
{
    return (struct instance_record *)index_find(&view->index[QV_KIND_INSTANCE], id);
}

static struct record *make_record(struct qv_view *view, enum qv_kind kind, struct qv_str name)
{
    struct record *record = qv_alloc(sizeof(*record) + name.length + 1);
    if (record == NULL || roster_add(&view->roster[kind], record, &record->place) != QV_OK) {
        qv_free(record);
        return NULL;
    }
    memcpy(record->key, name.at, name.length);
    index_add(&view->index[kind], &record->node,
              (struct qv_str){.at = record->key, .length = name.length});
    return record;
}

struct record *record_hold(struct qv_view *view, enum qv_kind kind, struct qv_str name)
{
    struct record *record = view_find(view, kind, name);
    if (record == NULL)
        record = make_record(view, kind, name);
    if (record != NULL)
        record->users++;
    return record;
}

void record_drop_if_unused(struct qv_view *view, enum qv_kind kind, struct record *record)
{
    if (record == NULL || record->current != NULL || record->users > 0)
        return;
    index_remove(&view->index[kind], &record->node);
    roster_remove(&view->roster[kind], record->place);
    owned_free(&record->instances);
    qv_free(record);
}

/* ---- instances of an owner ------------------------------------------------------------------- */

static const enum qv_kind owner_kinds[OWNER_COUNT] = {
    [OWNER_PROVIDER] = QV_KIND_SYSTEM,
    [OWNER_DEFINITION] = QV_KIND_DEFINITION,
};

static void leave_owner(struct qv_view *view, enum owner owner, struct record *record)
{
    record->users--;
    record_drop_if_unused(view, owner_kinds[owner], record);
}

struct record *owner_hold(struct qv_view *view, enum owner owner, struct qv_str name)
{
    struct record *record = record_hold(view, owner_kinds[owner], name);
    if (record == NULL || owned_promise(&record->instances) == QV_OK)
        return record;
    leave_owner(view, owner, record);
    return NULL;
}

void owner_release(struct qv_view *view, enum owner owner, struct record *record)
{
    owned_release(&record->instances);
    leave_owner(view, owner, record);
}

void record_join(struct instance_record *instance, enum owner owner, struct record *record)
{
    instance->owner[owner] = record;
    instance->place[owner] = owned_join(&record->instances, instance);
}

void record_leave(struct qv_view *view, struct instance_record *instance, enum owner owner)
{
    struct record *record = instance->owner[owner];
    uint32_t place = instance->place[owner];
    struct instance_record *moved = owned_leave(&record->instances, place);
    if (moved != NULL)
        moved->place[owner] = place;
    leave_owner(view, owner, record);
}

/* ---- systems on a device --------------------------------------------------------------------- */

static void leave_device(struct qv_view *view, struct record *system)
{
    struct record *device = system->device;
    if (device == NULL)
        return;
    if (system->previous != NULL)
        system->previous->next = system->next;
    else
        device->systems = system->next;
    if (system->next != NULL)
        system->next->previous = system->previous;
    system->device = system->next = system->previous = NULL;
    device->users--;
    record_drop_if_unused(view, QV_KIND_DEVICE, device);
}

void record_move_to_device(struct qv_view *view, struct record *system, struct record *device)
{
    leave_device(view, system);
    if (device == NULL)
        return;
    system->device = device;
    system->next = device->systems;
    if (device->systems != NULL)
        device->systems->previous = system;
    device->systems = system;
    device->users++;
}
