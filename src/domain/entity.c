/*
 * The immutable entities of the view: built once from an envelope, read by many. Nothing in one
 * changes afterwards but the reference count. Pure; any thread.
 */
#include "entity_block.h"

#include <quiver/base/memory.h>

/* ---- one reader per kind ------------------------------------------------------------------- */

static enum qv_status read_device(struct qv_str id, const struct qv_envelope *envelope,
                                  struct qv_entity_head **ret_entity, struct qv_error *error)
{
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    struct entity_place name = {0};
    qv_buf_put_text(&text, "{\"name\":");
    QV_TRY(entity_put_plain(&text, id, &name, error));
    struct entity_place metadata = entity_put_metadata(&text, envelope->doc);
    struct entity_place addresses =
        entity_put_member(&text, ",\"addresses\":", json_object_get(envelope->doc, "addresses"));
    struct entity_place created = entity_put_times(&text, envelope);
    struct entity_place json = entity_since(&text, 0);

    struct qv_device *device;
    const char *copy;
    QV_TRY(entity_block_new(sizeof(*device), QV_KIND_DEVICE, &text, name, (void **)&device, &copy));
    device->revision = envelope->revision;
    device->json = entity_at(copy, json);
    device->metadata = entity_at(copy, metadata);
    device->addresses = entity_at(copy, addresses);
    device->created = entity_at(copy, created);
    *ret_entity = &device->head;
    return QV_OK;
}

static enum qv_status read_system(struct qv_str id, const struct qv_envelope *envelope,
                                  struct qv_entity_head **ret_entity, struct qv_error *error)
{
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    struct entity_place name = {0};
    qv_buf_put_text(&text, "{\"name\":");
    QV_TRY(entity_put_plain(&text, id, &name, error));
    struct entity_place metadata = entity_put_metadata(&text, envelope->doc);
    struct entity_place version = {0};
    qv_buf_put_text(&text, ",\"version\":");
    QV_TRY(entity_put_plain(&text, qv_json_str(json_object_get(envelope->doc, "version")), &version,
                            error));
    struct entity_place front = entity_since(&text, 0);
    entity_put_member(&text, ",\"addresses\":", json_object_get(envelope->doc, "addresses"));
    struct entity_place addresses = entity_since(&text, front.length);
    size_t start = text.length;
    struct entity_place created = entity_put_times(&text, envelope);
    struct entity_place back = entity_since(&text, start);
    struct entity_place device =
        entity_put_raw(&text, qv_json_str(json_object_get(envelope->doc, "device")));

    struct qv_system *system;
    const char *copy;
    QV_TRY(entity_block_new(sizeof(*system), QV_KIND_SYSTEM, &text, name, (void **)&system, &copy));
    system->front = entity_at(copy, front);
    system->addresses = entity_at(copy, addresses);
    system->back = entity_at(copy, back);
    system->revision = envelope->revision;
    system->device = entity_at(copy, device);
    system->metadata = entity_at(copy, metadata);
    system->version = entity_at(copy, version);
    system->created = entity_at(copy, created);
    system->automatic = json_is_true(json_object_get(envelope->doc, "automatic"));
    *ret_entity = &system->head;
    return QV_OK;
}

static enum qv_status read_definition(struct qv_str id, const struct qv_envelope *envelope,
                                      struct qv_entity_head **ret_entity, struct qv_error *error)
{
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    struct entity_place name = {0};
    qv_buf_put_text(&text, "{\"name\":");
    QV_TRY(entity_put_plain(&text, id, &name, error));
    entity_put_times(&text, envelope);
    struct entity_place json = entity_since(&text, 0);

    struct qv_definition *definition;
    const char *copy;
    QV_TRY(entity_block_new(sizeof(*definition), QV_KIND_DEFINITION, &text, name,
                            (void **)&definition, &copy));
    definition->json = entity_at(copy, json);
    *ret_entity = &definition->head;
    return QV_OK;
}

static enum qv_status read_template(struct qv_str id, const struct qv_envelope *envelope,
                                    struct qv_entity_head **ret_entity, struct qv_error *error)
{
    struct qv_template *template_ = NULL;
    QV_TRY(qv_template_read(envelope->doc, &template_, error));
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    struct entity_place name = entity_put_raw(&text, id);
    struct qv_template_entity *entity;
    const char *copy;
    enum qv_status status =
        entity_block_new(sizeof(*entity), QV_KIND_TEMPLATE, &text, name, (void **)&entity, &copy);
    if (status != QV_OK) {
        qv_template_free(&template_);
        return status;
    }
    entity->template_ = template_;
    *ret_entity = &entity->head;
    return QV_OK;
}

/* ---- all kinds ------------------------------------------------------------------------------- */

typedef enum qv_status (*entity_reader)(struct qv_str id, const struct qv_envelope *envelope,
                                        struct qv_entity_head **ret_entity, struct qv_error *error);

static const entity_reader readers[QV_KIND_COUNT] = {
    [QV_KIND_DEVICE] = read_device,
    [QV_KIND_SYSTEM] = read_system,
    [QV_KIND_DEFINITION] = read_definition,
    [QV_KIND_TEMPLATE] = read_template,
    [QV_KIND_INSTANCE] = entity_read_instance,
    [QV_KIND_CHAP] = entity_read_chap,
};

enum qv_status qv_entity_read(enum qv_kind kind, struct qv_str id, struct qv_str envelope_text,
                              struct qv_entity_head **ret_entity, struct qv_error *error)
{
    if (kind >= QV_KIND_COUNT || readers[kind] == NULL)
        return qv_error_set(error, QV_INVALID, "documents of the kind %s are not known here",
                            qv_kind_name(kind));
    QV_CLEANUP(qv_envelope) struct qv_envelope envelope = {0};
    if (kind == QV_KIND_CHAP)
        QV_TRY(qv_envelope_read_chap(envelope_text, &envelope, error));
    else
        QV_TRY(qv_envelope_read(envelope_text, &envelope, error));
    return readers[kind](id, &envelope, ret_entity, error);
}

void *qv_entity_ref(const void *entity)
{
    struct qv_entity_head *head = (struct qv_entity_head *)entity;
    if (head != NULL)
        __atomic_add_fetch(&head->references_, 1, __ATOMIC_RELAXED);
    return head;
}

void qv_entity_free(struct qv_entity_head **entity)
{
    struct qv_entity_head *head = *entity;
    *entity = NULL;
    if (head == NULL || __atomic_sub_fetch(&head->references_, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    if (head->kind == QV_KIND_TEMPLATE)
        qv_template_free(&((struct qv_template_entity *)head)->template_);
    qv_free(head);
}
