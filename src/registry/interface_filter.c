/*
 * Which interfaces of an instance a lookup asks for (spec/arrowhead-discovery 3.11; section 11.10:
 * all filters must be met by one and the same interface, and address types shorten the answer,
 * never what is stored). Runs outside the view's lock, on referenced entities. Any thread.
 */
#include "find.h"

#include <quiver/base/memory.h>

/* Stored interfaces were bounded when they came in. */
enum { STORED_DEPTH_MAX = 2000 };

static bool is_of_type(const json_t *address, unsigned types)
{
    QV_CLEANUP(qv_buf) struct qv_buf normal = {0};
    if (!json_is_string(address))
        return false;
    qv_address_normalize(qv_json_str(address), &normal);
    return (qv_address_detect(qv_buf_str(&normal)) & types) != 0;
}

/* Leaves only the addresses of the types in `properties`, which nobody else holds. False: none is
   left. */
static bool keep_types(const struct qv_rules *rules, json_t *properties, unsigned types)
{
    const char *name;
    if (qv_interface_addresses(rules, properties, &name) == NULL)
        return false;
    json_t *value = json_object_get(properties, name);
    if (json_is_string(value))
        return is_of_type(value, types);
    /* each address that stays moves to the front of the rest, which is cut off at the end */
    size_t kept = 0;
    for (size_t i = 0; i < json_array_size(value); i++) {
        json_t *address = json_array_get(value, i);
        if (is_of_type(address, types) && json_array_set(value, kept++, address) != 0)
            return false;
    }
    while (json_array_size(value) > kept)
        (void)json_array_remove(value, json_array_size(value) - 1);
    return kept > 0;
}

static bool matches_any(struct qv_requirement *const *requirements, size_t count,
                        const json_t *subject)
{
    for (size_t i = 0; i < count; i++)
        if (qv_requirement_matches(requirements[i], subject))
            return true;
    return count == 0;
}

static enum qv_status write_shortened(const json_t *interface, char **ret_json)
{
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    size_t length;
    qv_json_write(&buf, interface);
    return qv_buf_take(&buf, ret_json, &length);
}

/* The filters that must look into the properties. `ret_json`: what to show instead, if anything. */
static enum qv_status judge_properties(const struct finder *finder,
                                       const struct qv_stored_interface *stored, bool *ret_shown,
                                       char **ret_json)
{
    const struct qv_service_query *query = finder->query;
    *ret_shown = false;
    QV_CLEANUP(qv_json) json_t *interface = NULL;
    enum qv_status status = qv_json_parse(stored->json, STORED_DEPTH_MAX, &interface, NULL);
    if (status == QV_NO_MEMORY)
        return status;
    json_t *properties = json_object_get(interface, "properties");
    if (!matches_any(query->properties, query->property_count, properties))
        return QV_OK;
    if (query->address_types != 0) {
        if (!keep_types(finder->rules, properties, query->address_types))
            return QV_OK;
        QV_TRY(write_shortened(interface, ret_json));
    }
    *ret_shown = true;
    return QV_OK;
}

static bool looks_into_properties(const struct qv_service_query *query)
{
    return query->property_count > 0 || query->address_types != 0;
}

bool filters_interfaces(const struct qv_service_query *query)
{
    return query->templates.count > 0 || query->policies.count > 0 || looks_into_properties(query);
}

static enum qv_status judge_interface(const struct finder *finder,
                                      const struct qv_stored_interface *stored, bool *ret_shown,
                                      char **ret_json)
{
    *ret_shown = name_set_has(&finder->templates, stored->template_name) &&
                 name_set_has(&finder->policies, stored->policy);
    if (!*ret_shown || !looks_into_properties(finder->query))
        return QV_OK;
    return judge_properties(finder, stored, ret_shown, ret_json);
}

enum qv_status filter_interfaces(const struct finder *finder, struct qv_service_match *match,
                                 bool *ret_any)
{
    size_t count = match->instance->interface_count;
    match->shown = qv_alloc(count + 1);
    match->json = qv_alloc_array(count + 1, sizeof(*match->json));
    if (match->shown == NULL || match->json == NULL)
        return QV_NO_MEMORY;
    *ret_any = false;
    for (size_t i = 0; i < count; i++) {
        bool shown;
        QV_TRY(judge_interface(finder, &match->instance->interfaces[i], &shown, &match->json[i]));
        match->shown[i] = shown;
        *ret_any = *ret_any || shown;
    }
    return QV_OK;
}
