/*
 * What a lookup has found so far. A match has references to its instance and, once they are taken,
 * to the instance's owners. Any thread.
 */
#include "find.h"

#include <quiver/base/memory.h>

static enum qv_status grow(struct finder *finder)
{
    size_t capacity = finder->capacity == 0 ? 16 : finder->capacity * 2;
    struct qv_service_match *matches =
        qv_realloc_array(finder->matches, capacity, sizeof(*matches));
    if (matches == NULL)
        return QV_NO_MEMORY;
    finder->matches = matches;
    finder->capacity = capacity;
    return QV_OK;
}

bool has_owners(const struct instance_record *record)
{
    return record->owner[OWNER_PROVIDER]->current != NULL &&
           record->owner[OWNER_DEFINITION]->current != NULL;
}

void take_owners(const struct instance_record *record, struct qv_service_match *match)
{
    const struct record *provider = record->owner[OWNER_PROVIDER];
    match->provider = qv_entity_ref(provider->current);
    match->device = provider->device != NULL ? qv_entity_ref(provider->device->current) : NULL;
    match->definition = qv_entity_ref(record->owner[OWNER_DEFINITION]->current);
}

enum qv_status add_match(struct finder *finder, const struct qv_instance *instance,
                         struct qv_service_match **ret_match)
{
    if (finder->count == finder->capacity)
        QV_TRY(grow(finder));
    *ret_match = &finder->matches[finder->count++];
    **ret_match = (struct qv_service_match){.instance = qv_entity_ref(instance)};
    return QV_OK;
}

void match_free(struct qv_service_match *match)
{
    struct qv_entity_head *held[] = {
        (struct qv_entity_head *)match->instance, (struct qv_entity_head *)match->provider,
        (struct qv_entity_head *)match->device, (struct qv_entity_head *)match->definition};
    if (match->json != NULL)
        for (size_t i = 0; i < match->instance->interface_count; i++)
            qv_free(match->json[i]);
    qv_free(match->json);
    qv_free(match->shown);
    for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++)
        qv_entity_free(&held[i]);
    *match = (struct qv_service_match){0};
}

void drop_matches(struct finder *finder)
{
    for (size_t i = 0; i < finder->count; i++)
        match_free(&finder->matches[i]);
    finder->count = 0;
}
