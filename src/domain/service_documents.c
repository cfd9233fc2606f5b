/*
 * The documents that a registration leaves in the store: the instance's, and that of a provider
 * which is entered automatically (design 5; spec section 11.14). Pure; any thread.
 */
#include "text.h"
#include <quiver/base/text_set.h>
#include <quiver/domain/service.h>

static void write_text(struct qv_buf *buf, bool *first, const char *key, const char *text)
{
    qv_json_write_key(buf, first, key);
    qv_json_write_str(buf, qv_str_from(text));
}

static void write_interface(const struct qv_interface *interface, struct qv_buf *buf)
{
    bool first = true;
    qv_buf_put_char(buf, '{');
    write_text(buf, &first, "templateName", interface->template_name);
    write_text(buf, &first, "protocol", interface->protocol);
    write_text(buf, &first, "policy", interface->policy);
    qv_json_write_key(buf, &first, "properties");
    qv_json_write(buf, interface->properties);
    qv_buf_put_char(buf, '}');
}

static void write_expiry(struct qv_wall at, bool *first, struct qv_buf *buf)
{
    qv_json_write_key(buf, first, "expiresAt");
    qv_buf_put_char(buf, '"');
    qv_wall_write(buf, at, QV_WALL_SECONDS);
    qv_buf_put_char(buf, '"');
}

void qv_service_registration_write(const struct qv_service_registration *registration,
                                   struct qv_buf *buf)
{
    bool first = true;
    qv_buf_put_char(buf, '{');
    write_text(buf, &first, "instanceId", registration->instance_id);
    write_text(buf, &first, "provider", registration->provider);
    write_text(buf, &first, "serviceDefinition", registration->definition);
    write_text(buf, &first, "version", registration->version);
    if (registration->expires)
        write_expiry(registration->expires_at, &first, buf);
    if (registration->metadata != NULL) {
        qv_json_write_key(buf, &first, "metadata");
        qv_json_write(buf, registration->metadata);
    }
    qv_json_write_key(buf, &first, "interfaces");
    for (size_t i = 0; i < registration->interface_count; i++) {
        qv_buf_put_char(buf, i == 0 ? '[' : ',');
        write_interface(&registration->interfaces[i], buf);
    }
    qv_buf_put_text(buf, "]}");
}

/* ---- the automatic provider ---- */

struct addresses {
    struct qv_text_set seen; /**< also those that may not be registered */
    struct qv_strings list;
};

static void addresses_free(struct addresses *addresses)
{
    qv_text_set_free(&addresses->seen);
    qv_strings_free(&addresses->list);
}

/* Notes the address, normalized, unless it was seen already or may not be registered: what stands
 * beside the template's own addresses was not checked. */
static enum qv_status add_address(const struct qv_rules *rules, const json_t *value,
                                  struct addresses *addresses)
{
    if (!json_is_string(value))
        return QV_OK;
    QV_CLEANUP(qv_buf) struct qv_buf address = {0};
    qv_address_normalize(qv_json_str(value), &address);
    QV_TRY(qv_buf_status(&address));
    struct qv_str text = qv_buf_str(&address);
    size_t place, before = qv_text_set_count(&addresses->seen);
    QV_TRY(qv_text_set_add(&addresses->seen, text, &place));
    if (place < before || qv_address_check(rules, qv_address_detect(text), text, NULL) != QV_OK)
        return QV_OK;
    return qv_strings_add(&addresses->list, text);
}

static enum qv_status collect(const struct qv_rules *rules,
                              const struct qv_service_registration *registration,
                              struct addresses *addresses)
{
    for (size_t i = 0; i < registration->interface_count; i++) {
        const char *name;
        const json_t *value =
            qv_interface_addresses(rules, registration->interfaces[i].properties, &name);
        QV_TRY(add_address(rules, value, addresses));
        for (size_t k = 0; k < json_array_size(value); k++)
            QV_TRY(add_address(rules, json_array_get(value, k), addresses));
    }
    return QV_OK;
}

static void write_address(const char *address, struct qv_buf *buf)
{
    bool first = true;
    qv_buf_put_char(buf, '{');
    write_text(buf, &first, "type", qv_address_type_name(qv_address_detect(qv_str_from(address))));
    write_text(buf, &first, "address", address);
    qv_buf_put_char(buf, '}');
}

void qv_service_registration_write_provider(const struct qv_rules *rules,
                                            const struct qv_service_registration *registration,
                                            struct qv_buf *buf)
{
    QV_CLEANUP(addresses) struct addresses addresses = {0};
    if (collect(rules, registration, &addresses) != QV_OK)
        buf->failed = true;
    bool first = true;
    qv_buf_put_char(buf, '{');
    write_text(buf, &first, "name", registration->provider);
    write_text(buf, &first, "version", "1.0.0");
    qv_json_write_key(buf, &first, "addresses");
    qv_buf_put_char(buf, '[');
    for (size_t i = 0; i < addresses.list.count; i++) {
        if (i > 0)
            qv_buf_put_char(buf, ',');
        write_address(addresses.list.at[i], buf);
    }
    qv_buf_put_text(buf, "],\"automatic\":true}");
}
