/*
 * One interface of a registration, from its JSON to what is stored. The rows are those of
 * spec/arrowhead-discovery 3.2, in their order. Pure; any thread.
 */
#include "interface.h"
#include "dialect.h"
#include "members.h"
#include "metadata_keys.h"
#include "text.h"
#include <quiver/base/memory.h>
#include <stdio.h>

#define PROTOCOL_MAX      63
#define PROPERTY_NAME_MAX 63

static const struct qv_member table[QV_INTERFACE_MEMBER_COUNT] = {
    [QV_INTERFACE_TEMPLATE_NAME] = {"templateName", QV_MEMBER_TEXT},
    [QV_INTERFACE_PROTOCOL] = {"protocol", QV_MEMBER_TEXT},
    [QV_INTERFACE_POLICY] = {"policy", QV_MEMBER_TEXT},
    [QV_INTERFACE_PROPERTIES] = {"properties", QV_MEMBER_OBJECT},
};

/* ---- decoding ---- */

enum qv_status qv_interface_requests_read(const json_t *list,
                                          struct qv_interface_request **ret_requests,
                                          size_t *ret_count, struct qv_error *error)
{
    size_t count = json_array_size(list);
    struct qv_interface_request *requests = qv_alloc_array(count, sizeof(*requests));
    if (requests == NULL)
        return qv_no_memory(error);
    for (size_t i = 0; i < count; i++) {
        char where[48];
        snprintf(where, sizeof(where), "interfaces[%zu].", i);
        const json_t *item = json_array_get(list, i);
        enum qv_status status =
            json_is_object(item)
                ? qv_members_read(table, QV_INTERFACE_MEMBER_COUNT, where, item, requests[i].values,
                                  error)
                : qv_error_set(error, QV_INVALID,
                               "Failed to read request: interfaces[%zu] must be an object", i);
        if (status != QV_OK) {
            qv_interface_requests_free(&requests, i);
            return status;
        }
    }
    *ret_requests = requests;
    *ret_count = count;
    return QV_OK;
}

void qv_interface_requests_free(struct qv_interface_request **requests, size_t count)
{
    for (size_t i = 0; i < count; i++)
        qv_members_drop((*requests)[i].values, QV_INTERFACE_MEMBER_COUNT);
    qv_free(*requests);
    *requests = NULL;
}

/* ---- as it was sent: rows 9 to 13 ---- */

static struct qv_str text_of(const struct qv_interface_request *request,
                             enum qv_interface_member member)
{
    return qv_json_str(request->values[member]);
}

static enum qv_status refuse(struct qv_error *error, const char *words)
{
    return qv_error_set(error, QV_INVALID, "%s", words);
}

enum qv_status qv_interface_check_raw(const struct qv_dialect *dialect,
                                      const struct qv_interface_request *request,
                                      struct qv_error *error)
{
    struct qv_str policy = text_of(request, QV_INTERFACE_POLICY);
    const json_t *properties = request->values[QV_INTERFACE_PROPERTIES];
    if (qv_str_is_blank(text_of(request, QV_INTERFACE_TEMPLATE_NAME)))
        return refuse(error, "Interface template name is missing");
    if (qv_str_is_blank(policy))
        return refuse(error, "Interface policy is missing");
    if (qv_text_find(dialect->policies, policy, true) == NULL)
        return refuse(error, "Invalid interface policy");
    if (json_object_size(properties) == 0)
        return refuse(error, "Interface properties are missing");
    return qv_metadata_keys_check(dialect, properties, error);
}

/* ---- normalized: rows 15 to 23 ---- */

static enum qv_status normalize(const struct qv_dialect *dialect,
                                const struct qv_interface_request *request,
                                struct qv_interface *interface)
{
    struct qv_str protocol = text_of(request, QV_INTERFACE_PROTOCOL);
    if (qv_str_is_blank(protocol))
        protocol = QV_STR("");
    QV_TRY(qv_text_make(dialect->normalize[QV_ENTITY_TEMPLATE],
                        text_of(request, QV_INTERFACE_TEMPLATE_NAME), &interface->template_name));
    QV_TRY(qv_text_make(qv_text_put_lower, protocol, &interface->protocol));
    return qv_text_make(qv_text_put_upper, text_of(request, QV_INTERFACE_POLICY),
                        &interface->policy);
}

static enum qv_status check_new_template(const struct qv_interface *interface,
                                         const json_t *properties, struct qv_error *error)
{
    if (interface->protocol[0] == '\0')
        return refuse(error, "Interface protocol is missing");
    if (qv_text_exceeds(qv_str_from(interface->protocol), PROTOCOL_MAX))
        return refuse(error, "Interface protocol is too long");
    const char *name;
    const json_t *value;
    QV_EACH_MEMBER(properties, name, value)
    {
        (void)value;
        if (qv_text_exceeds(qv_str_from(name), PROPERTY_NAME_MAX))
            return refuse(error, "Interface property name is too long");
    }
    return QV_OK;
}

/* A copy with the addresses in place; their name is the member's own pointer. (json_copy would lose
 * members when memory runs out.) */
static enum qv_status copy_properties(const json_t *properties, const char *address_name,
                                      json_t *addresses, json_t *copy)
{
    const char *name;
    json_t *value;
    QV_EACH_MEMBER(properties, name, value)
    {
        bool is_address = name == address_name;
        if (json_object_set_nocheck(copy, name, is_address ? addresses : value) != 0)
            return QV_NO_MEMORY;
    }
    return QV_OK;
}

/* Rows 17 to 20: a template that is not there yet. Its addresses are stored normalized. */
static enum qv_status read_without_template(const struct qv_rules *rules, const json_t *properties,
                                            struct qv_interface *interface, struct qv_error *error)
{
    QV_TRY(check_new_template(interface, properties, error));
    const char *name = NULL;
    QV_CLEANUP(qv_json) json_t *addresses = NULL;
    QV_TRY(qv_interface_check_addresses(rules, properties, &name, &addresses, error));
    interface->properties = json_object();
    if (interface->properties == NULL ||
        copy_properties(properties, name, addresses, interface->properties) != QV_OK)
        return qv_no_memory(error);
    return QV_OK;
}

/* Rows 21 to 23. The protocol that is stored is the template's. */
static enum qv_status read_with_template(const struct qv_rules *rules,
                                         const struct qv_template *template_,
                                         const json_t *properties, struct qv_interface *interface,
                                         struct qv_error *error)
{
    struct qv_str given = qv_str_from(interface->protocol);
    if (given.length > 0 && !qv_str_equal(given, qv_str_from(template_->protocol)))
        return qv_error_set(error, QV_INVALID, "%s protocol is invalid for %s", interface->protocol,
                            template_->name);
    char *protocol = qv_strdup(template_->protocol);
    if (protocol == NULL)
        return qv_no_memory(error);
    qv_free(interface->protocol);
    interface->protocol = protocol;
    return qv_interface_check_properties(rules, template_, properties, &interface->properties,
                                         error);
}

enum qv_status qv_interface_read(const struct qv_rules *rules,
                                 const struct qv_template_source *templates,
                                 const struct qv_interface_request *request,
                                 struct qv_interface *interface, struct qv_error *error)
{
    if (normalize(rules->dialect, request, interface) != QV_OK)
        return qv_no_memory(error);
    struct qv_str name = qv_str_from(interface->template_name);
    QV_TRY(qv_name_check(rules->dialect, QV_ENTITY_TEMPLATE, name, error));
    QV_TRY(qv_name_check_length(rules->dialect, QV_ENTITY_TEMPLATE, name, error));
    const json_t *properties = request->values[QV_INTERFACE_PROPERTIES];
    const struct qv_template *template_ = templates->find(templates, name);
    interface->template_known = template_ != NULL;
    if (template_ == NULL)
        return read_without_template(rules, properties, interface, error);
    return read_with_template(rules, template_, properties, interface, error);
}

enum qv_status qv_interface_check_policy(const struct qv_dialect *dialect, struct qv_str policy,
                                         struct qv_error *error)
{
    if (qv_text_find(dialect->unofferable, policy, false) == NULL)
        return QV_OK;
    return qv_error_set(error, QV_INVALID, "Invalid interface policy: %.*s", QV_STR_ARG(policy));
}

void qv_interface_clear(struct qv_interface *interface)
{
    qv_free(interface->template_name);
    qv_free(interface->protocol);
    qv_free(interface->policy);
    qv_json_free(&interface->properties);
    *interface = (struct qv_interface){0};
}
