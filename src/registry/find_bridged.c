/*
 * CHAP services among what a lookup finds: those whose lease goes on, by the same names and ends as
 * all others. What must look into JSON comes later, for all together (find.c).
 *
 * The definition is the same for all of them, so a lookup walks through all of them only where it
 * asks for that and for no ids or providers. Runs under the read lock. Any thread.
 */
#include "find.h"

/* What a lookup shows: whole seconds, as of all others (spec/arrowhead-discovery 3.10). */
static struct qv_wall end_of(const struct moment *moment, int64_t lease_us)
{
    int64_t end_us;
    if (__builtin_add_overflow(lease_us, moment->offset_us, &end_us))
        end_us = INT64_MAX;
    int64_t rest = end_us % 1000000;
    return (struct qv_wall){.seconds = end_us / 1000000 - (rest < 0 ? 1 : 0)};
}

static bool has_names(const struct finder *finder, const struct qv_instance *instance)
{
    return name_set_has(&finder->providers, instance->provider) &&
           name_set_has(&finder->definitions, instance->definition) &&
           name_set_has(&finder->versions, instance->version);
}

/* What is registered in Arrowhead under the id is what is meant by it: an id stands once in an
   answer. */
static bool is_covered(const struct finder *finder, const struct qv_view *view,
                       const struct qv_instance *instance)
{
    const struct instance_record *own = view_find_instance(view, instance->head.id);
    return own != NULL &&
           (!own->current->expires || qv_wall_compare(finder->now, own->current->expires_at) <= 0);
}

static enum qv_status collect(struct finder *finder, const struct qv_view *view,
                              const struct bridged *bridged)
{
    const struct qv_chap_bridge *form = &bridged->form;
    int64_t lease_us = lease_of(bridged->chap);
    struct qv_wall ends = end_of(&finder->moment, lease_us);
    if (has_ended(&finder->moment, lease_us) || !has_names(finder, form->instance) ||
        (finder->query->has_alives_at && qv_wall_compare(ends, finder->query->alives_at) < 0) ||
        revocation_hides(&finder->revocation, form->instance) ||
        is_covered(finder, view, form->instance))
        return QV_OK;
    struct qv_service_match *match;
    QV_TRY(add_match(finder, form->instance, &match));
    match->provider = qv_entity_ref(form->system);
    match->definition = qv_entity_ref(form->definition);
    match->leased = true;
    match->ends = ends;
    return QV_OK;
}

static enum qv_status collect_ids(struct finder *finder, const struct qv_view *view)
{
    for (size_t i = 0; i < finder->ids.count; i++) {
        struct qv_str id = finder->ids.sorted[i];
        const struct bridged *at = bridge_find_instance(&view->bridge, id);
        for (; at != NULL; at = bridged_next_twin(at->twin, id))
            QV_TRY(collect(finder, view, at));
    }
    return QV_OK;
}

static enum qv_status collect_providers(struct finder *finder, const struct qv_view *view)
{
    for (size_t i = 0; i < finder->providers.count; i++) {
        const struct bridged *at = bridge_find(&view->bridge, finder->providers.sorted[i]);
        for (; at != NULL; at = at->twin)
            QV_TRY(collect(finder, view, at));
    }
    return QV_OK;
}

enum qv_status collect_bridged(struct finder *finder, const struct qv_view *view)
{
    const struct bridged *at = view->bridge.first;
    if (at == NULL || !name_set_has(&finder->definitions, at->form.definition->head.id))
        return QV_OK;
    if (finder->ids.count > 0)
        return collect_ids(finder, view);
    if (finder->providers.count > 0)
        return collect_providers(finder, view);
    for (; finder->definitions.count > 0 && at != NULL; at = at->next)
        QV_TRY(collect(finder, view, at));
    return QV_OK;
}

bool qv_registry_is_exposed(struct qv_registry *registry, struct qv_str instance_id)
{
    struct qv_mono now = qv_mono_now();
    bool is = false;
    pthread_rwlock_rdlock(&registry->lock);
    const struct qv_view *view = registry->view;
    if (view != NULL && view_find_instance(view, instance_id) == NULL) {
        struct moment moment = clock_read(&registry->clock, now);
        const struct bridged *at = bridge_find_instance(&view->bridge, instance_id);
        for (; at != NULL && !is; at = bridged_next_twin(at->twin, instance_id))
            is = !has_ended(&moment, lease_of(at->chap));
    }
    pthread_rwlock_unlock(&registry->lock);
    return is;
}
