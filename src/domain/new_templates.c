/*
 * Interface templates that a registration brings along. The first interface that names a template
 * which is not there makes it; later ones of the same request must fit it (spec 3.2 rows 25 to 29).
 * Holds always: no registration relies on more different templates, known or new, than the store
 * takes in one change. Pure; any thread.
 */
#include "new_templates.h"
#include "dialect.h"
#include "members.h"
#include "text.h"
#include <quiver/base/memory.h>
#include <quiver/base/text_set.h>

/* ---- making ---- */

/* Every property that is there is mandatory from now on, whatever its value. */
static enum qv_status add_properties(const json_t *properties, struct qv_template *template_)
{
    template_->properties =
        qv_alloc_array(json_object_size(properties), sizeof(struct qv_template_property));
    if (template_->properties == NULL)
        return QV_NO_MEMORY;
    const char *name;
    const json_t *value;
    QV_EACH_MEMBER(properties, name, value)
    {
        (void)value;
        size_t place = template_->property_count;
        struct qv_template_property *property = &template_->properties[place];
        property->name = qv_strdup(name);
        if (property->name == NULL)
            return QV_NO_MEMORY;
        property->mandatory = true;
        property->place = place;
        template_->property_count++;
    }
    return QV_OK;
}

static enum qv_status make(const struct qv_rules *rules, const struct qv_interface *interface,
                           struct qv_template **ret_template)
{
    QV_CLEANUP(qv_template) struct qv_template *template_ = qv_alloc(sizeof(*template_));
    if (template_ == NULL)
        return QV_NO_MEMORY;
    template_->name = qv_strdup(interface->template_name);
    template_->protocol = qv_strdup(interface->protocol);
    if (template_->name == NULL || template_->protocol == NULL)
        return QV_NO_MEMORY;
    if (rules->interface_policy == QV_INTERFACE_EXTENDABLE)
        QV_TRY(add_properties(interface->properties, template_));
    *ret_template = template_;
    template_ = NULL;
    return QV_OK;
}

static enum qv_status add(const struct qv_rules *rules, const struct qv_interface *interface,
                          struct qv_service_registration *registration, struct qv_error *error)
{
    if (rules->interface_policy == QV_INTERFACE_RESTRICTED)
        return qv_error_set(error, QV_INVALID, "%s%s", rules->dialect->words->template_unknown,
                            interface->template_name);
    struct qv_template **all =
        qv_realloc_array(registration->new_templates, registration->new_template_count + 1,
                         sizeof(struct qv_template *));
    if (all == NULL)
        return qv_no_memory(error);
    registration->new_templates = all;
    if (make(rules, interface, &all[registration->new_template_count]) != QV_OK)
        return qv_no_memory(error);
    registration->new_template_count++;
    return QV_OK;
}

/* ---- fitting ---- */

static enum qv_status check_fit(const struct qv_template *template_,
                                const struct qv_interface *interface, struct qv_error *error)
{
    for (size_t i = 0; i < template_->property_count; i++) {
        const char *name = template_->properties[i].name;
        if (json_object_get(interface->properties, name) == NULL)
            return qv_error_set(error, QV_INVALID, "Mandatory interface property is missing: %s",
                                name);
    }
    if (!qv_str_equal(qv_str_from(template_->protocol), qv_str_from(interface->protocol)))
        return qv_error_set(error, QV_INVALID, "Interface has different protocol than %s template",
                            template_->name);
    return QV_OK;
}

/* ---- the verb ---- */

/* The templates' names in the order in which interfaces first have them. */
struct names {
    struct qv_text_set known, made;
};

static void names_free(struct names *names)
{
    qv_text_set_free(&names->known);
    qv_text_set_free(&names->made);
}

static enum qv_status note(struct names *names, const struct qv_interface *interface,
                           size_t *ret_place, struct qv_error *error)
{
    struct qv_text_set *set = interface->template_known ? &names->known : &names->made;
    if (qv_text_set_add(set, qv_str_from(interface->template_name), ret_place) != QV_OK)
        return qv_no_memory(error);
    if (qv_text_set_count(&names->known) + qv_text_set_count(&names->made) >
        QV_REGISTRATION_TEMPLATES_MAX)
        return qv_error_set(error, QV_INVALID,
                            "Service interface list has more than %d different templates",
                            QV_REGISTRATION_TEMPLATES_MAX);
    return QV_OK;
}

enum qv_status qv_new_templates_read(const struct qv_rules *rules,
                                     struct qv_service_registration *registration,
                                     struct qv_error *error)
{
    QV_CLEANUP(names) struct names names = {0};
    for (size_t i = 0; i < registration->interface_count; i++) {
        const struct qv_interface *interface = &registration->interfaces[i];
        size_t place;
        QV_TRY(note(&names, interface, &place, error));
        if (interface->template_known)
            continue;
        QV_TRY(place < registration->new_template_count
                   ? check_fit(registration->new_templates[place], interface, error)
                   : add(rules, interface, registration, error));
    }
    return QV_OK;
}
