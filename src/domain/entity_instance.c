/*
 * Service instances as entities of the view: from the stored document to one block with the
 * answer's JSON in pieces. Pure; any thread.
 */
#include "provenance.h"

#include <quiver/base/memory.h>

struct interface_places {
    struct entity_place json, template_name, policy;
};

struct instance_places {
    struct entity_place id, front, middle, metadata, back, provenance;
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
    QV_TRY(entity_put_plain(text, qv_json_str(json_object_get(interface, "templateName")),
                            &places.template_name, error));
    entity_put_member(text, ",\"protocol\":", json_object_get(interface, "protocol"));
    qv_buf_put_text(text, ",\"policy\":");
    QV_TRY(entity_put_plain(text, qv_json_str(json_object_get(interface, "policy")), &places.policy,
                            error));
    entity_put_member(text, ",\"properties\":", json_object_get(interface, "properties"));
    qv_buf_put_char(text, '}');
    places.json = entity_since(text, start);
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
    QV_TRY(entity_put_plain(text, id, &places->id, error));
    qv_buf_put_text(text, ",\"provider\":");
    places->front = entity_since(text, 0);

    size_t start = text->length;
    entity_put_member(text, ",\"version\":", json_object_get(doc, "version"));
    entity_put_member(text, ",\"expiresAt\":", json_object_get(doc, "expiresAt"));
    places->metadata = entity_put_metadata(text, doc);
    qv_buf_put_text(text, ",\"interfaces\":[");
    places->middle = entity_since(text, start);

    QV_TRY(put_interfaces(text, json_object_get(doc, "interfaces"), places, error));
    start = text->length;
    qv_buf_put_char(text, ']');
    entity_put_times(text, envelope);
    places->back = entity_since(text, start);
    places->provenance = provenance_put(text, envelope->by);
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

enum qv_status entity_read_instance(struct qv_str id, const struct qv_envelope *envelope,
                                    struct qv_entity_head **ret_entity, struct qv_error *error)
{
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    __attribute__((cleanup(instance_places_free))) struct instance_places places = {0};
    QV_TRY(put_instance(&text, id, envelope, &places, error));

    struct qv_instance *instance;
    const char *copy;
    size_t size = sizeof(*instance) + places.interface_count * sizeof(struct qv_stored_interface);
    QV_TRY(entity_block_new(size, QV_KIND_INSTANCE, &text, places.id, (void **)&instance, &copy));
    enum qv_status status = part_id(instance, envelope->doc, error);
    if (status == QV_OK)
        status = read_expiry(instance, envelope->doc, error);
    if (status != QV_OK) {
        qv_free(instance);
        return status;
    }
    instance->front = entity_at(copy, places.front);
    instance->middle = entity_at(copy, places.middle);
    instance->back = entity_at(copy, places.back);
    instance->metadata = entity_at(copy, places.metadata);
    if (places.provenance.length > 0)
        instance->provenance = (const void *)(copy + places.provenance.at);
    instance->interface_count = places.interface_count;
    for (size_t i = 0; i < places.interface_count; i++)
        instance->interfaces[i] = (struct qv_stored_interface){
            .json = entity_at(copy, places.interfaces[i].json),
            .template_name = entity_at(copy, places.interfaces[i].template_name),
            .policy = entity_at(copy, places.interfaces[i].policy)};
    *ret_entity = &instance->head;
    return QV_OK;
}
