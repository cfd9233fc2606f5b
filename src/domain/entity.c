/*
 * The immutable entities of the view: built once from an envelope, read by many.
 *
 * An entity is one block: the struct, its array, and behind them all its text. The text is first
 * written into a buffer while places are noted as offsets (a growing buffer moves), then copied
 * behind the struct, where the places become pointers. Nothing in a block changes afterwards but
 * the reference count. Pure; any thread.
 */
#include <quiver/base/memory.h>
#include <quiver/domain/entity.h>
#include <string.h>

/* A place in the text while it is written. */
struct place {
    size_t at, length;
};

static struct place since(const struct qv_buf *text, size_t start)
{
    return (struct place){.at = start, .length = text->length - start};
}

static struct place put_raw(struct qv_buf *text, struct qv_str s)
{
    size_t start = text->length;
    qv_buf_put(text, s);
    return since(text, start);
}

/* Writes a JSON string; the place is that of its content. QV_INVALID where the content had to be
   escaped, for then it does not stand there as it is. */
static enum qv_status put_plain(struct qv_buf *text, struct qv_str s, struct place *ret_place,
                                struct qv_error *error)
{
    size_t start = text->length;
    qv_json_write_str(text, s);
    if (!text->failed && text->length - start != s.length + 2)
        return qv_error_set(error, QV_INVALID, "a name has characters that no name can have");
    *ret_place = (struct place){.at = start + 1, .length = s.length};
    return QV_OK;
}

static void put_times(struct qv_buf *text, const struct qv_envelope *envelope)
{
    qv_buf_put_text(text, ",\"createdAt\":");
    qv_json_write_str(text, envelope->created);
    qv_buf_put_text(text, ",\"updatedAt\":");
    qv_json_write_str(text, envelope->updated);
    qv_buf_put_char(text, '}');
}

static void put_member(struct qv_buf *text, const char *key, const json_t *value)
{
    if (value == NULL || json_is_null(value))
        return;
    qv_buf_put_text(text, key);
    qv_json_write(text, value);
}

/* Allocates the block of `size` bytes with the text behind it. */
static enum qv_status block_new(size_t size, enum qv_kind kind, const struct qv_buf *text,
                                struct place id, void **ret_block, const char **ret_text)
{
    QV_TRY(qv_buf_status(text));
    struct qv_entity_head *head = qv_alloc(size + text->length + 1);
    if (head == NULL)
        return QV_NO_MEMORY;
    char *copy = (char *)head + size;
    if (text->length > 0)
        memcpy(copy, text->at, text->length);
    head->references_ = 1;
    head->kind = kind;
    head->id = (struct qv_str){.at = copy + id.at, .length = id.length};
    *ret_block = head;
    *ret_text = copy;
    return QV_OK;
}

static struct qv_str at(const char *text, struct place place)
{
    return (struct qv_str){.at = text + place.at, .length = place.length};
}

/* ---- one reader per kind ------------------------------------------------------------------- */

static enum qv_status read_device(struct qv_str id, const struct qv_envelope *envelope,
                                  struct qv_entity_head **ret_entity, struct qv_error *error)
{
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    struct place name = {0};
    qv_buf_put_text(&text, "{\"name\":");
    QV_TRY(put_plain(&text, id, &name, error));
    put_member(&text, ",\"metadata\":", json_object_get(envelope->doc, "metadata"));
    put_member(&text, ",\"addresses\":", json_object_get(envelope->doc, "addresses"));
    put_times(&text, envelope);
    struct place json = since(&text, 0);

    struct qv_device *device;
    const char *copy;
    QV_TRY(block_new(sizeof(*device), QV_KIND_DEVICE, &text, name, (void **)&device, &copy));
    device->json = at(copy, json);
    *ret_entity = &device->head;
    return QV_OK;
}

static enum qv_status read_system(struct qv_str id, const struct qv_envelope *envelope,
                                  struct qv_entity_head **ret_entity, struct qv_error *error)
{
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    struct place name = {0};
    qv_buf_put_text(&text, "{\"name\":");
    QV_TRY(put_plain(&text, id, &name, error));
    put_member(&text, ",\"metadata\":", json_object_get(envelope->doc, "metadata"));
    put_member(&text, ",\"version\":", json_object_get(envelope->doc, "version"));
    struct place front = since(&text, 0);
    put_member(&text, ",\"addresses\":", json_object_get(envelope->doc, "addresses"));
    struct place addresses = since(&text, front.length);
    size_t start = text.length;
    put_times(&text, envelope);
    struct place back = since(&text, start);
    struct place device = put_raw(&text, qv_json_str(json_object_get(envelope->doc, "device")));

    struct qv_system *system;
    const char *copy;
    QV_TRY(block_new(sizeof(*system), QV_KIND_SYSTEM, &text, name, (void **)&system, &copy));
    system->front = at(copy, front);
    system->addresses = at(copy, addresses);
    system->back = at(copy, back);
    system->device = at(copy, device);
    system->automatic = json_is_true(json_object_get(envelope->doc, "automatic"));
    *ret_entity = &system->head;
    return QV_OK;
}

static enum qv_status read_definition(struct qv_str id, const struct qv_envelope *envelope,
                                      struct qv_entity_head **ret_entity, struct qv_error *error)
{
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    struct place name = {0};
    qv_buf_put_text(&text, "{\"name\":");
    QV_TRY(put_plain(&text, id, &name, error));
    put_times(&text, envelope);
    struct place json = since(&text, 0);

    struct qv_definition *definition;
    const char *copy;
    QV_TRY(block_new(sizeof(*definition), QV_KIND_DEFINITION, &text, name, (void **)&definition,
                     &copy));
    definition->json = at(copy, json);
    *ret_entity = &definition->head;
    return QV_OK;
}

static enum qv_status read_template(struct qv_str id, const struct qv_envelope *envelope,
                                    struct qv_entity_head **ret_entity, struct qv_error *error)
{
    struct qv_template *template_ = NULL;
    QV_TRY(qv_template_read(envelope->doc, &template_, error));
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    struct place name = put_raw(&text, id);
    struct qv_template_entity *entity;
    const char *copy;
    enum qv_status status =
        block_new(sizeof(*entity), QV_KIND_TEMPLATE, &text, name, (void **)&entity, &copy);
    if (status != QV_OK) {
        qv_template_free(&template_);
        return status;
    }
    entity->template_ = template_;
    *ret_entity = &entity->head;
    return QV_OK;
}

/* ---- instances ------------------------------------------------------------------------------- */

struct interface_places {
    struct place json, template_name, policy;
};

struct instance_places {
    struct place id, front, middle, metadata, back;
    struct interface_places *interfaces; /* owned */
    size_t interface_count;
};

static void instance_places_free(struct instance_places *places)
{
    qv_free(places->interfaces);
    places->interfaces = NULL;
}

static enum qv_status put_interface(struct qv_buf *text, const json_t *interface,
                                    struct interface_places *ret_places, struct qv_error *error)
{
    struct interface_places places = {0};
    size_t start = text->length;
    qv_buf_put_text(text, "{\"templateName\":");
    QV_TRY(put_plain(text, qv_json_str(json_object_get(interface, "templateName")),
                     &places.template_name, error));
    put_member(text, ",\"protocol\":", json_object_get(interface, "protocol"));
    qv_buf_put_text(text, ",\"policy\":");
    QV_TRY(
        put_plain(text, qv_json_str(json_object_get(interface, "policy")), &places.policy, error));
    put_member(text, ",\"properties\":", json_object_get(interface, "properties"));
    qv_buf_put_char(text, '}');
    places.json = since(text, start);
    *ret_places = places;
    return QV_OK;
}

static enum qv_status put_interfaces(struct qv_buf *text, const json_t *interfaces,
                                     struct instance_places *places, struct qv_error *error)
{
    if (!json_is_array(interfaces))
        return qv_error_set(error, QV_INVALID, "the instance has no interfaces");
    places->interface_count = json_array_size(interfaces);
    places->interfaces =
        qv_alloc_array(places->interface_count + 1, sizeof(struct interface_places));
    if (places->interfaces == NULL)
        return QV_NO_MEMORY;
    for (size_t i = 0; i < places->interface_count; i++)
        QV_TRY(put_interface(text, json_array_get(interfaces, i), &places->interfaces[i], error));
    return QV_OK;
}

static enum qv_status put_instance(struct qv_buf *text, struct qv_str id,
                                   const struct qv_envelope *envelope,
                                   struct instance_places *places, struct qv_error *error)
{
    const json_t *doc = envelope->doc;
    qv_buf_put_text(text, "{\"instanceId\":");
    QV_TRY(put_plain(text, id, &places->id, error));
    qv_buf_put_text(text, ",\"provider\":");
    places->front = since(text, 0);

    size_t start = text->length;
    put_member(text, ",\"version\":", json_object_get(doc, "version"));
    put_member(text, ",\"expiresAt\":", json_object_get(doc, "expiresAt"));
    const json_t *metadata = json_object_get(doc, "metadata");
    if (json_is_object(metadata)) {
        qv_buf_put_text(text, ",\"metadata\":");
        size_t metadata_start = text->length;
        qv_json_write(text, metadata);
        places->metadata = since(text, metadata_start);
    }
    qv_buf_put_text(text, ",\"interfaces\":[");
    places->middle = since(text, start);

    QV_TRY(put_interfaces(text, json_object_get(doc, "interfaces"), places, error));
    start = text->length;
    qv_buf_put_char(text, ']');
    put_times(text, envelope);
    places->back = since(text, start);
    return QV_OK;
}

/* The id is provider, definition and version with a separator of any length between them: the
   parts are found in it, so that they need no memory of their own. */
static enum qv_status part_id(struct qv_instance *instance, const json_t *doc,
                              struct qv_error *error)
{
    struct qv_str id = instance->head.id;
    struct qv_str provider = qv_json_str(json_object_get(doc, "provider"));
    struct qv_str definition = qv_json_str(json_object_get(doc, "serviceDefinition"));
    struct qv_str version = qv_json_str(json_object_get(doc, "version"));
    size_t parts = provider.length + definition.length + version.length;
    if (parts < id.length && (id.length - parts) % 2 == 0) {
        size_t separator = (id.length - parts) / 2;
        instance->provider = qv_str_part(id, 0, provider.length);
        instance->definition = qv_str_part(id, provider.length + separator, definition.length);
        instance->version = qv_str_part(id, id.length - version.length, version.length);
        if (qv_str_equal(instance->provider, provider) &&
            qv_str_equal(instance->definition, definition) &&
            qv_str_equal(instance->version, version))
            return QV_OK;
    }
    return qv_error_set(error, QV_INVALID, "the document does not belong to the id %.*s",
                        QV_STR_ARG(id));
}

static enum qv_status read_expiry(struct qv_instance *instance, const json_t *doc,
                                  struct qv_error *error)
{
    struct qv_str text = qv_json_str(json_object_get(doc, "expiresAt"));
    if (text.length == 0)
        return QV_OK;
    if (qv_wall_parse(text, &instance->expires_at) != QV_OK)
        return qv_error_set(error, QV_INVALID, "expiresAt is no time");
    instance->expires = true;
    return QV_OK;
}

static enum qv_status read_instance(struct qv_str id, const struct qv_envelope *envelope,
                                    struct qv_entity_head **ret_entity, struct qv_error *error)
{
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    __attribute__((cleanup(instance_places_free))) struct instance_places places = {0};
    QV_TRY(put_instance(&text, id, envelope, &places, error));

    struct qv_instance *instance;
    const char *copy;
    size_t size = sizeof(*instance) + places.interface_count * sizeof(struct qv_stored_interface);
    QV_TRY(block_new(size, QV_KIND_INSTANCE, &text, places.id, (void **)&instance, &copy));
    enum qv_status status = part_id(instance, envelope->doc, error);
    if (status == QV_OK)
        status = read_expiry(instance, envelope->doc, error);
    if (status != QV_OK) {
        qv_free(instance);
        return status;
    }
    instance->front = at(copy, places.front);
    instance->middle = at(copy, places.middle);
    instance->back = at(copy, places.back);
    instance->metadata = at(copy, places.metadata);
    instance->interface_count = places.interface_count;
    for (size_t i = 0; i < places.interface_count; i++)
        instance->interfaces[i] = (struct qv_stored_interface){
            .json = at(copy, places.interfaces[i].json),
            .template_name = at(copy, places.interfaces[i].template_name),
            .policy = at(copy, places.interfaces[i].policy)};
    *ret_entity = &instance->head;
    return QV_OK;
}

/* ---- all kinds ------------------------------------------------------------------------------- */

typedef enum qv_status (*entity_reader)(struct qv_str id, const struct qv_envelope *envelope,
                                        struct qv_entity_head **ret_entity, struct qv_error *error);

static const entity_reader readers[QV_KIND_COUNT] = {
    [QV_KIND_DEVICE] = read_device,         [QV_KIND_SYSTEM] = read_system,
    [QV_KIND_DEFINITION] = read_definition, [QV_KIND_TEMPLATE] = read_template,
    [QV_KIND_INSTANCE] = read_instance,
};

enum qv_status qv_entity_read(enum qv_kind kind, struct qv_str id, struct qv_str envelope_text,
                              struct qv_entity_head **ret_entity, struct qv_error *error)
{
    if (kind >= QV_KIND_COUNT || readers[kind] == NULL)
        return qv_error_set(error, QV_INVALID, "documents of the kind %s are not known here",
                            qv_kind_name(kind));
    QV_CLEANUP(qv_envelope) struct qv_envelope envelope = {0};
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
