/*
 * Objects as the policy asks about them.
 *
 * Holds always: what cannot be described is not judged, and so neither changed nor shown. Any
 * worker thread.
 */
#include "objects.h"

#include <quiver/base/memory.h>

void described_free(struct described *described)
{
    qv_free(described->texts);
    *described = (struct described){0};
}

/* Room for template and security policy of each interface; the lists are filled by the caller. */
static enum qv_status make_room(struct described *described, size_t interfaces)
{
    if (interfaces > described->capacity) {
        struct qv_str *texts =
            qv_realloc_array(described->texts, interfaces, 2 * sizeof(struct qv_str));
        if (texts == NULL)
            return QV_NO_MEMORY;
        described->texts = texts;
        described->capacity = interfaces;
    }
    described->object = (struct qv_object){
        .interfaces = described->texts,
        .interface_count = interfaces,
        .policies = interfaces > 0 ? described->texts + interfaces : NULL,
        .policy_count = interfaces,
    };
    return QV_OK;
}

static void put_interface(struct described *described, size_t i, struct qv_str template_name,
                          struct qv_str policy)
{
    described->texts[i] = template_name;
    described->texts[described->object.interface_count + i] = policy;
}

enum qv_status describe_registration(const struct qv_service_registration *registration,
                                     struct described *described)
{
    QV_TRY(make_room(described, registration->interface_count));
    for (size_t i = 0; i < registration->interface_count; i++)
        put_interface(described, i, qv_str_from(registration->interfaces[i].template_name),
                      qv_str_from(registration->interfaces[i].policy));
    described->object.provider = qv_str_from(registration->provider);
    described->object.service = qv_str_from(registration->definition);
    described->object.version = qv_str_from(registration->version);
    described->object.metadata = registration->metadata;
    return QV_OK;
}

enum qv_status describe_instance(const struct qv_instance *instance, struct described *described)
{
    QV_TRY(make_room(described, instance->interface_count));
    for (size_t i = 0; i < instance->interface_count; i++)
        put_interface(described, i, instance->interfaces[i].template_name,
                      instance->interfaces[i].policy);
    described->object.provider = instance->provider;
    described->object.service = instance->definition;
    described->object.version = instance->version;
    described->object.metadata_text = instance->metadata;
    return QV_OK;
}

/* ---- what a lookup sees ---------------------------------------------------------------------- */

void sight_free(struct sight *sight)
{
    described_free(&sight->described);
}

static enum qv_status sees(void *data, const struct qv_instance *instance, bool *ret_sees)
{
    struct sight *sight = data;
    QV_TRY(describe_instance(instance, &sight->described));
    *ret_sees = qv_policy_shows(sight->permit, &sight->described.object);
    return QV_OK;
}

void sight_limit(struct sight *sight, struct qv_service_query *query)
{
    if (qv_policy_shows_all(sight->permit))
        return;
    query->sees = sees;
    query->view_data = sight;
}
