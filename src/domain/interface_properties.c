/*
 * The properties of an interface: those of its template in turn, and the addresses that stand
 * under a key which the operator calls an alias (spec/arrowhead-discovery 3.8). Pure; any thread.
 */
#include "interface.h"
#include "members.h"
#include "text.h"
#include "validators.h"
#include <quiver/base/memory.h>
#include <string.h>

/* ---- addresses under an alias key ---- */

static bool is_alias(const struct qv_rules *rules, const char *name)
{
    for (size_t i = 0; i < rules->address_alias->count; i++) {
        if (qv_str_equal_ignore_case(qv_str_from(rules->address_alias->at[i]), qv_str_from(name)))
            return true;
    }
    return false;
}

static bool holds_address(const json_t *value)
{
    if (json_is_string(value))
        return !qv_str_is_blank(qv_json_str(value));
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (json_is_string(json_array_get(value, i)))
            return true;
    }
    return false;
}

const json_t *qv_interface_addresses(const struct qv_rules *rules, const json_t *properties,
                                     const char **ret_name)
{
    const char *name;
    const json_t *value;
    QV_EACH_MEMBER(properties, name, value)
    {
        if (is_alias(rules, name) && holds_address(value)) {
            *ret_name = name;
            return value;
        }
    }
    return NULL;
}

static enum qv_status check_address(const struct qv_rules *rules, struct qv_str raw,
                                    json_t **ret_text, struct qv_error *error)
{
    QV_CLEANUP(qv_buf) struct qv_buf address = {0};
    qv_address_normalize(raw, &address);
    if (qv_buf_status(&address) != QV_OK)
        return qv_no_memory(error);
    struct qv_str text = qv_buf_str(&address);
    QV_TRY(qv_address_check(rules, qv_address_detect(text), text, error));
    json_t *made = json_stringn_nocheck(text.at, text.length);
    if (made == NULL)
        return qv_no_memory(error);
    *ret_text = made;
    return QV_OK;
}

/* Elements that are no text are dropped, as the reference does. */
static enum qv_status check_list(const struct qv_rules *rules, const json_t *list,
                                 json_t **ret_list, struct qv_error *error)
{
    QV_CLEANUP(qv_json) json_t *made = json_array();
    if (made == NULL)
        return qv_no_memory(error);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        if (!json_is_string(item))
            continue;
        json_t *text;
        QV_TRY(check_address(rules, qv_json_str(item), &text, error));
        if (json_array_append_new(made, text) != 0)
            return qv_no_memory(error);
    }
    *ret_list = made;
    made = NULL;
    return QV_OK;
}

enum qv_status qv_interface_check_addresses(const struct qv_rules *rules, const json_t *properties,
                                            const char **ret_name, json_t **ret_value,
                                            struct qv_error *error)
{
    const char *name = NULL;
    const json_t *value = qv_interface_addresses(rules, properties, &name);
    if (json_is_string(value))
        QV_TRY(check_address(rules, qv_json_str(value), ret_value, error));
    else if (value != NULL)
        QV_TRY(check_list(rules, value, ret_value, error));
    *ret_name = name;
    return QV_OK;
}

/* ---- the properties of a template ---- */

/* Only the error matters: the addresses stay as they were sent (spec 3.8). */
static enum qv_status judge_addresses(const struct qv_rules *rules, const json_t *properties,
                                      struct qv_error *error)
{
    const char *name;
    QV_CLEANUP(qv_json) json_t *ignored = NULL;
    return qv_interface_check_addresses(rules, properties, &name, &ignored, error);
}

/* Rows 22 and 23 of one property; `ret_value` is untouched where it is not given. */
static enum qv_status check_property(const struct qv_rules *rules,
                                     const struct qv_template *template_,
                                     const struct qv_template_property *property,
                                     const json_t *properties, json_t **ret_value,
                                     struct qv_error *error)
{
    json_t *value = json_object_get(properties, property->name);
    bool given = value != NULL && !json_is_null(value);
    if (!given && property->mandatory)
        return qv_error_set(error, QV_INVALID, "%s interface property is missing for %s",
                            property->name, template_->name);
    if (!given || property->validator == NULL) {
        *ret_value = json_incref(value);
        return QV_OK;
    }
    struct qv_validator_call call;
    const struct qv_validator *validator = qv_validator_find(rules, property->validator, &call);
    if (validator == NULL)
        return qv_error_set(error, QV_INTERNAL, "template %s has an unknown validator: %s",
                            template_->name, property->validator);
    if (!validator->finds_addresses)
        QV_TRY(judge_addresses(rules, properties, error));
    return validator->run(&call, value, ret_value, error);
}

/* Which property has which place; to be freed. NULL: no memory. */
static size_t *order_by_place(const struct qv_template *template_)
{
    size_t *order = qv_alloc_array(template_->property_count + 1, sizeof(*order));
    for (size_t i = 0; order != NULL && i < template_->property_count; i++)
        order[template_->properties[i].place] = i;
    return order;
}

static enum qv_status put_in_order(const struct qv_template *template_, json_t *const *values,
                                   json_t *all)
{
    size_t *order = order_by_place(template_);
    enum qv_status status = order != NULL ? QV_OK : QV_NO_MEMORY;
    for (size_t place = 0; status == QV_OK && place < template_->property_count; place++) {
        size_t i = order[place];
        if (values[i] != NULL &&
            json_object_set_nocheck(all, template_->properties[i].name, values[i]) != 0)
            status = QV_NO_MEMORY;
    }
    qv_free(order);
    return status;
}

static bool has_property(const struct qv_template *template_, const char *name)
{
    for (size_t i = 0; i < template_->property_count; i++) {
        if (strcmp(template_->properties[i].name, name) == 0)
            return true;
    }
    return false;
}

/* Addresses that came before the template's stay before them: a lookup by type judges the first
 * (spec 3.11). */
static enum qv_status put_first_addresses(const struct qv_rules *rules,
                                          const struct qv_template *template_,
                                          const json_t *properties, json_t *all)
{
    const char *name;
    if (qv_interface_addresses(rules, properties, &name) == NULL || has_property(template_, name))
        return QV_OK;
    json_t *value = json_object_get(properties, name);
    return json_object_set_nocheck(all, name, value) == 0 ? QV_OK : QV_NO_MEMORY;
}

/* The template's properties in the order of an answer, behind them the others as they came. */
static enum qv_status put_together(const struct qv_rules *rules,
                                   const struct qv_template *template_, json_t *const *values,
                                   const json_t *properties, json_t **ret_properties)
{
    QV_CLEANUP(qv_json) json_t *all = json_object();
    if (all == NULL)
        return QV_NO_MEMORY;
    QV_TRY(put_first_addresses(rules, template_, properties, all));
    QV_TRY(put_in_order(template_, values, all));
    const char *name;
    json_t *value;
    QV_EACH_MEMBER(properties, name, value)
    {
        if (json_object_get(all, name) == NULL && json_object_set_nocheck(all, name, value) != 0)
            return QV_NO_MEMORY;
    }
    *ret_properties = all;
    all = NULL;
    return QV_OK;
}

enum qv_status qv_interface_check_properties(const struct qv_rules *rules,
                                             const struct qv_template *template_,
                                             const json_t *properties, json_t **ret_properties,
                                             struct qv_error *error)
{
    size_t count = template_->property_count;
    json_t **values = qv_alloc_array(count, sizeof(json_t *));
    if (values == NULL)
        return qv_no_memory(error);
    enum qv_status status = QV_OK;
    for (size_t i = 0; i < count && status == QV_OK; i++)
        status = check_property(rules, template_, &template_->properties[i], properties, &values[i],
                                error);
    if (status == QV_OK &&
        put_together(rules, template_, values, properties, ret_properties) != QV_OK)
        status = qv_no_memory(error);
    qv_members_drop(values, count);
    qv_free(values);
    return status;
}
