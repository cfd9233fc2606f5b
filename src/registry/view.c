/*
 * The writer's side of a view: applying changes.
 *
 * A change is applied in three steps: its documents are read (slow, no lock), the records that it
 * needs are made (may run out of memory: taken back), and the entities are put in their places
 * (cannot fail). The last two happen under one write lock, so that readers see all or nothing.
 * Used by the store's thread alone.
 */
#include "view_chap.h"

#include "records.h"

#include <quiver/base/memory.h>
#include <string.h>

/* ---- life ------------------------------------------------------------------------------------ */

enum qv_status qv_view_new(struct qv_view **ret_view)
{
    QV_CLEANUP(qv_view) struct qv_view *view = qv_alloc(sizeof(*view));
    if (view == NULL)
        return QV_NO_MEMORY;
    for (int kind = 0; kind < QV_KIND_COUNT; kind++)
        QV_TRY(index_init(&view->index[kind]));
    QV_TRY(index_init(&view->bridge.by_provider));
    *ret_view = view;
    view = NULL;
    return QV_OK;
}

static void drop_record(struct index_node *node)
{
    struct record *record = (struct record *)node;
    qv_entity_free(&record->current);
    owned_free(&record->instances);
    qv_free(record);
}

static void drop_chap(struct index_node *node)
{
    bridged_free(&((struct record *)node)->bridged);
    drop_record(node);
}

static void drop_instance(struct index_node *node)
{
    struct instance_record *record = (struct instance_record *)node;
    struct qv_entity_head *current = &record->current->head;
    qv_entity_free(&current);
    qv_free(record);
}

void qv_view_free(struct qv_view **view)
{
    static void (*const drop[QV_KIND_COUNT])(struct index_node *) = {
        [QV_KIND_DEVICE] = drop_record,     [QV_KIND_SYSTEM] = drop_record,
        [QV_KIND_DEFINITION] = drop_record, [QV_KIND_TEMPLATE] = drop_record,
        [QV_KIND_INSTANCE] = drop_instance, [QV_KIND_CHAP] = drop_chap,
    };
    if (*view == NULL)
        return;
    bridge_free(&(*view)->bridge); /* its nodes are in the records */
    for (int kind = 0; kind < QV_KIND_COUNT; kind++) {
        index_drain(&(*view)->index[kind], drop[kind]);
        roster_free(&(*view)->roster[kind]);
    }
    qv_free(*view);
    *view = NULL;
}

void qv_view_prepare_for(struct qv_view *view, const struct qv_registry *registry)
{
    view->bridge.rules = registry->rules;
    view->bridge.definition = registry->chap_definition;
}

/* ---- one effect ------------------------------------------------------------------------------ */

/* An effect on its way: what was read and made for it. */
struct step {
    enum qv_kind kind;
    struct qv_str id;
    struct qv_entity_head *entity;     /* owned; NULL: the effect removes */
    struct record *record;             /* of kinds other than instances */
    struct record *device;             /* of a system */
    struct record *owner[OWNER_COUNT]; /* with a place for it, until it has joined */
    struct instance_record *instance;  /* made for it */
    struct bridged *bridged;           /* of a CHAP service: owned; NULL: not exposed */
    bool renews;                       /* of a CHAP service */
    int64_t lease_us;
};

static enum qv_status read_step(const struct qv_view *view, const struct qv_effect *effect,
                                struct step *step, struct qv_error *error)
{
    step->kind = effect->kind;
    step->id = effect->id;
    step->renews = effect->kind == QV_KIND_CHAP && effect->renews;
    step->lease_us = effect->lease_us;
    if (effect->kind >= QV_KIND_COUNT)
        return qv_error_set(error, QV_INVALID, "a document of an unknown kind");
    if (effect->envelope.length == 0)
        return QV_OK;
    enum qv_status status =
        qv_entity_read(effect->kind, effect->id, effect->envelope, &step->entity, error);
    if (status != QV_OK)
        qv_error_prefix(error, "%s %.*s", qv_kind_name(effect->kind), QV_STR_ARG(effect->id));
    else if (effect->kind == QV_KIND_CHAP)
        status = chap_prepare(view, (struct qv_chap *)step->entity, effect, &step->bridged);
    return status;
}

static enum qv_status prepare_instance(struct qv_view *view, struct step *step)
{
    const struct qv_instance *instance = (const struct qv_instance *)step->entity;
    step->owner[OWNER_PROVIDER] = owner_hold(view, OWNER_PROVIDER, instance->provider);
    step->owner[OWNER_DEFINITION] = owner_hold(view, OWNER_DEFINITION, instance->definition);
    if (step->owner[OWNER_PROVIDER] == NULL || step->owner[OWNER_DEFINITION] == NULL)
        return QV_NO_MEMORY;
    step->instance = qv_alloc(sizeof(*step->instance));
    return step->instance != NULL ? QV_OK : QV_NO_MEMORY;
}

static enum qv_status prepare_step(struct qv_view *view, struct step *step)
{
    if (step->entity == NULL)
        return QV_OK;
    if (step->kind == QV_KIND_INSTANCE)
        return prepare_instance(view, step);
    step->record = record_hold(view, step->kind, step->id);
    if (step->record == NULL)
        return QV_NO_MEMORY;
    if (step->kind != QV_KIND_SYSTEM)
        return QV_OK;
    struct qv_str device = ((const struct qv_system *)step->entity)->device;
    if (device.length == 0)
        return QV_OK;
    step->device = record_hold(view, QV_KIND_DEVICE, device);
    return step->device != NULL ? QV_OK : QV_NO_MEMORY;
}

/* Gives back what prepare_step holds, as far as it came and was not taken by an instance; whatever
   is still empty then goes. */
static void release_step(struct qv_view *view, struct step *step)
{
    for (int owner = 0; owner < OWNER_COUNT; owner++)
        if (step->owner[owner] != NULL)
            owner_release(view, (enum owner)owner, step->owner[owner]);
    if (step->device != NULL) {
        step->device->users--;
        record_drop_if_unused(view, QV_KIND_DEVICE, step->device);
    }
    if (step->record != NULL) {
        step->record->users--;
        record_drop_if_unused(view, step->kind, step->record);
    }
}

/* What is in the view has its memory counted; NULL is fine. */
static void weigh_in(struct qv_view *view, const struct qv_entity_head *entity)
{
    if (entity != NULL)
        view->bytes[entity->kind] += qv_memory_size(entity);
}

static void weigh_out(struct qv_view *view, const struct qv_entity_head *entity)
{
    if (entity != NULL)
        view->bytes[entity->kind] -= qv_memory_size(entity);
}

static void remove_instance(struct qv_view *view, struct qv_str id)
{
    struct instance_record *record = view_find_instance(view, id);
    if (record == NULL)
        return;
    record_leave(view, record, OWNER_PROVIDER);
    record_leave(view, record, OWNER_DEFINITION);
    index_remove(&view->index[QV_KIND_INSTANCE], &record->node);
    weigh_out(view, &record->current->head);
    drop_instance(&record->node);
}

static void put_instance(struct qv_view *view, struct step *step)
{
    remove_instance(view, step->id);
    struct instance_record *record = step->instance;
    record->current = (struct qv_instance *)step->entity;
    step->instance = NULL;
    step->entity = NULL;
    weigh_in(view, &record->current->head);
    index_add(&view->index[QV_KIND_INSTANCE], &record->node, record->current->head.id);
    for (int owner = 0; owner < OWNER_COUNT; owner++) {
        record_join(record, (enum owner)owner, step->owner[owner]);
        step->owner[owner] = NULL;
    }
}

static void put_other(struct qv_view *view, struct step *step)
{
    struct record *record = step->record;
    if (step->kind == QV_KIND_SYSTEM)
        record_move_to_device(view, record, step->device);
    weigh_out(view, record->current);
    qv_entity_free(&record->current);
    record->current = step->entity;
    weigh_in(view, record->current);
    step->entity = NULL;
}

static void remove_other(struct qv_view *view, enum qv_kind kind, struct qv_str id)
{
    struct record *record = view_find(view, kind, id);
    if (record == NULL)
        return;
    if (kind == QV_KIND_SYSTEM)
        record_move_to_device(view, record, NULL);
    weigh_out(view, record->current);
    qv_entity_free(&record->current);
    record_drop_if_unused(view, kind, record);
}

static void apply_chap_step(struct qv_view *view, struct step *step)
{
    struct record *record = view_find(view, QV_KIND_CHAP, step->id);
    if (step->entity != NULL) {
        chap_replace(view, record, (struct qv_chap *)step->entity, step->renews, step->bridged);
        step->bridged = NULL;
        put_other(view, step);
    } else if (step->renews) {
        chap_renew(record, step->lease_us);
    } else {
        chap_leave(view, record);
        remove_other(view, QV_KIND_CHAP, step->id);
    }
}

static void apply_instance_step(struct qv_view *view, struct step *step)
{
    if (step->entity != NULL)
        put_instance(view, step);
    else
        remove_instance(view, step->id);
}

static void apply_step(struct qv_view *view, struct step *step)
{
    if (step->kind == QV_KIND_INSTANCE)
        apply_instance_step(view, step);
    else if (step->kind == QV_KIND_CHAP)
        apply_chap_step(view, step);
    else if (step->entity != NULL)
        put_other(view, step);
    else
        remove_other(view, step->kind, step->id);
}

/* ---- a change -------------------------------------------------------------------------------- */

static enum qv_status apply_steps(struct qv_view *view, struct step *steps, size_t count)
{
    enum qv_status status = QV_OK;
    size_t prepared = 0;
    view_lock(view);
    while (prepared < count && status == QV_OK)
        status = prepare_step(view, &steps[prepared++]);
    if (status == QV_OK)
        for (size_t i = 0; i < count; i++)
            apply_step(view, &steps[i]);
    for (size_t i = 0; i < prepared; i++)
        release_step(view, &steps[i]);
    view_unlock(view);
    return status;
}

enum qv_status qv_view_apply(struct qv_view *view, const struct qv_effect *effects, size_t count,
                             struct qv_error *error)
{
    if (view->bridge.incomplete)
        chap_complete_bridge(view);
    if (chap_renews_alone(effects, count)) {
        chap_renew_all(view, effects, count);
        return QV_OK;
    }
    struct step *steps = qv_alloc_array(count + 1, sizeof(*steps));
    if (steps == NULL)
        return QV_NO_MEMORY;
    enum qv_status status = QV_OK;
    for (size_t i = 0; i < count && status == QV_OK; i++)
        status = read_step(view, &effects[i], &steps[i], error);
    if (status == QV_OK)
        status = apply_steps(view, steps, count);
    for (size_t i = 0; i < count; i++) {
        qv_entity_free(&steps[i].entity);
        qv_free(steps[i].instance);
        bridged_free(&steps[i].bridged);
    }
    qv_free(steps);
    return status;
}

void qv_view_set_position(struct qv_view *view, uint64_t epoch, uint64_t revision)
{
    view_lock(view);
    view->epoch = epoch;
    view->revision = revision;
    view_unlock(view);
}
