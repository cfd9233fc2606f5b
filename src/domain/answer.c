/*
 * Answers put together from the pieces that entities hold already written: copying them costs a
 * tenth of building JSON values (spec/arrowhead-discovery 3.10 has the order of members). Pure.
 */
#include "provenance.h"

/* What comes behind the front. */
static void write_rest(const struct qv_system *system, const struct qv_device *device,
                       enum qv_detail detail, struct qv_buf *buf)
{
    if (detail != QV_DETAIL_TERSE) {
        qv_buf_put(buf, system->addresses);
        if (device != NULL && detail == QV_DETAIL_FULL) {
            qv_buf_put_text(buf, ",\"device\":");
            qv_buf_put(buf, device->json);
        } else if (device != NULL) {
            qv_buf_put_text(buf, ",\"device\":{\"name\":");
            qv_json_write_str(buf, device->head.id);
            qv_buf_put_char(buf, '}');
        }
    }
    qv_buf_put(buf, system->back);
}

void qv_system_write(const struct qv_system *system, const struct qv_device *device,
                     enum qv_detail detail, struct qv_buf *buf)
{
    qv_buf_put(buf, system->front);
    write_rest(system, device, detail, buf);
}

/* The stored middle has whole seconds; a registration's own answer shows the fraction. */
static void write_middle(const struct qv_instance *instance, const struct qv_wall *expires_at,
                         struct qv_buf *buf)
{
    if (expires_at == NULL) {
        qv_buf_put(buf, instance->middle);
        return;
    }
    qv_buf_put_text(buf, ",\"version\":");
    qv_json_write_str(buf, instance->version);
    qv_buf_put_text(buf, ",\"expiresAt\":\"");
    qv_wall_write(buf, *expires_at, QV_WALL_EXACT);
    qv_buf_put_char(buf, '"');
    if (instance->metadata.length > 0) {
        qv_buf_put_text(buf, ",\"metadata\":");
        qv_buf_put(buf, instance->metadata);
    }
    qv_buf_put_text(buf, ",\"interfaces\":[");
}

static void write_interfaces(const struct qv_instance *instance,
                             const struct qv_instance_choice *choice, struct qv_buf *buf)
{
    bool first = true;
    for (size_t i = 0; i < instance->interface_count; i++) {
        if (choice->shown != NULL && !choice->shown[i])
            continue;
        if (!first)
            qv_buf_put_char(buf, ',');
        first = false;
        if (choice->json != NULL && choice->json[i] != NULL)
            qv_buf_put_text(buf, choice->json[i]);
        else
            qv_buf_put(buf, instance->interfaces[i].json);
    }
}

void qv_instance_write(const struct qv_instance *instance, const struct qv_system *provider,
                       const struct qv_device *device, const struct qv_definition *definition,
                       enum qv_detail detail, const struct qv_instance_choice *choice,
                       struct qv_buf *buf)
{
    static const struct qv_instance_choice everything = {0};
    if (choice == NULL)
        choice = &everything;
    qv_buf_put(buf, instance->front);
    if (choice->fingerprint)
        provenance_write_front(provider, instance->provenance, buf);
    else
        qv_buf_put(buf, provider->front);
    write_rest(provider, device, detail, buf);
    qv_buf_put_text(buf, ",\"serviceDefinition\":");
    qv_buf_put(buf, definition->json);
    write_middle(instance, choice->expires_at, buf);
    write_interfaces(instance, choice, buf);
    qv_buf_put(buf, instance->back);
}
