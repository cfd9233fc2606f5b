/*
 * Gathering systems or devices (spec/arrowhead-discovery 4.2, 4.5).
 *
 * Under the read lock references are taken and nothing else; what must look into an entity runs
 * outside of it. A walk over all takes the lock for a slice at a time. Should another view come
 * into force meanwhile, the walk begins anew in that: no answer mixes two histories. Any thread.
 */
#include "gather.h"

#include <quiver/base/memory.h>
#include <stdlib.h>

enum { SLICE = 512 }; /* records that are looked at under one lock */

static enum qv_status no_view(struct qv_error *error)
{
    return qv_error_set(error, QV_UNAVAILABLE,
                        "The registry is still loading what is stored; try again");
}

static void drop_from(struct gathering *gathering, size_t first)
{
    while (gathering->count > first) {
        struct qv_entity_match *match = &gathering->found[--gathering->count];
        struct qv_entity_head *held[] = {(struct qv_entity_head *)match->entity,
                                         (struct qv_entity_head *)match->device};
        qv_entity_free(&held[0]);
        qv_entity_free(&held[1]);
    }
}

/* ---- under the lock -------------------------------------------------------------------------- */

static enum qv_status grow(struct gathering *gathering)
{
    size_t capacity = gathering->capacity == 0 ? 16 : gathering->capacity * 2;
    struct qv_entity_match *found = qv_realloc_array(gathering->found, capacity, sizeof(*found));
    if (found == NULL)
        return QV_NO_MEMORY;
    gathering->found = found;
    gathering->capacity = capacity;
    return QV_OK;
}

static enum qv_status collect(struct gathering *gathering, const struct record *record)
{
    if (record == NULL || record->current == NULL)
        return QV_OK;
    if (gathering->count == gathering->capacity)
        QV_TRY(grow(gathering));
    gathering->found[gathering->count++] = (struct qv_entity_match){
        .entity = qv_entity_ref(record->current),
        .device = record->device != NULL ? qv_entity_ref(record->device->current) : NULL,
    };
    return QV_OK;
}

static enum qv_status collect_named(struct gathering *gathering, const struct qv_view *view)
{
    for (size_t i = 0; i < gathering->names.count; i++)
        QV_TRY(collect(gathering, view_find(view, gathering->kind, gathering->names.sorted[i])));
    return QV_OK;
}

static enum qv_status collect_on_devices(struct gathering *gathering, const struct qv_view *view)
{
    for (size_t i = 0; i < gathering->devices.count; i++) {
        const struct record *device = view_find(view, QV_KIND_DEVICE, gathering->devices.sorted[i]);
        const struct record *system = device != NULL ? device->systems : NULL;
        for (; system != NULL; system = system->next)
            QV_TRY(collect(gathering, system));
    }
    return QV_OK;
}

static enum qv_status collect_base(struct gathering *gathering, const struct qv_view *view)
{
    if (gathering->names.count > 0)
        return collect_named(gathering, view);
    return collect_on_devices(gathering, view);
}

/* A walk through all records of a kind. */
struct walk {
    uint64_t views; /* which view it goes through; 0: it has not begun */
    size_t place;   /* where it goes on */
    size_t first;   /* of `found`: the slice begins here */
    bool more;
};

static enum qv_status collect_slice(struct gathering *gathering, const struct qv_registry *registry,
                                    struct walk *walk)
{
    const struct roster *roster = &registry->view->roster[gathering->kind];
    if (walk->views != registry->views) { /* what was found may never have been at one time */
        drop_from(gathering, 0);
        *walk = (struct walk){.views = registry->views};
    }
    walk->first = gathering->count;
    size_t end = roster->used - walk->place > SLICE ? walk->place + SLICE : roster->used;
    for (; walk->place < end; walk->place++)
        QV_TRY(collect(gathering, roster_at(roster, walk->place)));
    walk->more = walk->place < roster->used;
    return QV_OK;
}

/* ---- outside the lock ------------------------------------------------------------------------ */

static enum qv_status judge(const struct gathering *gathering, const struct qv_entity_match *match,
                            bool *ret_matches)
{
    *ret_matches = false;
    if (!name_set_has(&gathering->names, match->entity->id))
        return QV_OK;
    /* The device may be missing in the view; what counts is the name that the system gives. */
    if (gathering->devices.count > 0 &&
        !name_set_has(&gathering->devices, ((const struct qv_system *)match->entity)->device))
        return QV_OK;
    return gathering->judge(gathering->query, match, ret_matches);
}

/* Leaves of what was collected from `first` on what the query asks for. */
static enum qv_status filter_from(struct gathering *gathering, size_t first)
{
    enum qv_status status = QV_OK;
    size_t kept = first;
    for (size_t i = first; i < gathering->count && status == QV_OK; i++) {
        bool matches;
        status = judge(gathering, &gathering->found[i], &matches);
        if (status != QV_OK || !matches)
            continue;
        struct qv_entity_match match = gathering->found[i];
        gathering->found[i] = gathering->found[kept];
        gathering->found[kept++] = match;
    }
    drop_from(gathering, kept);
    return status;
}

/* ---- the verbs ------------------------------------------------------------------------------- */

static enum qv_status gather_base(struct gathering *gathering, struct qv_error *error)
{
    struct qv_registry *registry = gathering->registry;
    pthread_rwlock_rdlock(&registry->lock);
    bool loaded = registry->view != NULL;
    enum qv_status status = loaded ? collect_base(gathering, registry->view) : QV_OK;
    pthread_rwlock_unlock(&registry->lock);
    if (!loaded)
        return no_view(error);
    QV_TRY(status);
    return filter_from(gathering, 0);
}

static enum qv_status gather_all(struct gathering *gathering, struct qv_error *error)
{
    struct qv_registry *registry = gathering->registry;
    struct walk walk = {0};
    do {
        pthread_rwlock_rdlock(&registry->lock);
        bool loaded = registry->view != NULL;
        enum qv_status status = loaded ? collect_slice(gathering, registry, &walk) : QV_OK;
        pthread_rwlock_unlock(&registry->lock);
        if (!loaded)
            return no_view(error);
        QV_TRY(status);
        QV_TRY(filter_from(gathering, walk.first));
    } while (walk.more);
    return QV_OK;
}

enum qv_status gather(struct gathering *gathering, struct qv_error *error)
{
    if (gathering->names.count > 0 || gathering->devices.count > 0)
        return gather_base(gathering, error);
    return gather_all(gathering, error);
}

void gathering_finish(struct gathering *gathering, int (*compare)(const void *a, const void *b),
                      struct qv_entity_result *ret_result)
{
    if (gathering->count > 1)
        qsort(gathering->found, gathering->count, sizeof(*gathering->found), compare);
    *ret_result = (struct qv_entity_result){.matches = gathering->found, .count = gathering->count};
    gathering->found = NULL;
    gathering->count = gathering->capacity = 0;
}

void gathering_free(struct gathering *gathering)
{
    drop_from(gathering, 0);
    qv_free(gathering->found);
    qv_free(gathering->names.sorted);
    qv_free(gathering->devices.sorted);
}

void qv_entity_result_free(struct qv_entity_result *result)
{
    struct gathering rest = {.found = result->matches, .count = result->count};
    gathering_free(&rest);
    *result = (struct qv_entity_result){0};
}
