/*
 * Collecting the instances that a lookup looks at: the smallest of the three base sets that its
 * query names, filtered by names and ends.
 *
 * All of it runs under the read lock, so nothing here looks into JSON, and what the next ones need
 * is fetched while the ones before are looked at. Any thread.
 */
#include "fetch.h"
#include "find.h"

/* ---- one instance ---------------------------------------------------------------------------- */

/* The base set's names are met already. */
static bool has_names(const struct finder *finder, const struct qv_instance *instance)
{
    return (finder->base == BASE_PROVIDERS ||
            name_set_has(&finder->providers, instance->provider)) &&
           (finder->base == BASE_DEFINITIONS ||
            name_set_has(&finder->definitions, instance->definition)) &&
           name_set_has(&finder->versions, instance->version);
}

static bool is_alive(const struct finder *finder, const struct qv_instance *instance)
{
    if (!instance->expires)
        return true;
    if (qv_wall_compare(finder->now, instance->expires_at) > 0)
        return false;
    return !finder->query->has_alives_at ||
           qv_wall_compare(instance->expires_at, finder->query->alives_at) >= 0;
}

static enum qv_status collect(struct finder *finder, const struct instance_record *record)
{
    if (!finder->late && !has_owners(record))
        return QV_OK;
    if (!is_alive(finder, record->current) || !has_names(finder, record->current) ||
        revocation_hides(&finder->revocation, record->current))
        return QV_OK;
    struct qv_service_match *match;
    QV_TRY(add_match(finder, record->current, &match));
    if (!finder->late)
        take_owners(record, match);
    return QV_OK;
}

/* ---- the base sets --------------------------------------------------------------------------- */

static enum qv_status collect_ids(struct finder *finder, const struct qv_view *view)
{
    struct instance_record *records[FETCHED_AHEAD];
    for (size_t i = 0; i < finder->ids.count; i++) {
        size_t at = i % FETCHED_AHEAD;
        if (at == 0)
            fetch_records(view, finder->ids.sorted + i, finder->ids.count - i, records);
        if (records[at] != NULL)
            QV_TRY(collect(finder, records[at]));
    }
    return QV_OK;
}

static enum qv_status collect_instances(struct finder *finder, const struct owned *owned)
{
    struct instance_record *const *all = owned_all(owned);
    for (size_t i = 0; i < owned->count; i++) {
        if (i % FETCHED_AHEAD == 0) {
            fetch_instances(owned, i);
            if (!finder->late)
                fetch_owners(all + i, owned->count - i);
        }
        QV_TRY(collect(finder, all[i]));
    }
    return QV_OK;
}

static enum qv_status collect_owned(struct finder *finder, const struct qv_view *view,
                                    enum qv_kind kind, const struct name_set *names)
{
    for (size_t i = 0; i < names->count; i++) {
        const struct record *record = view_find(view, kind, names->sorted[i]);
        if (record != NULL)
            QV_TRY(collect_instances(finder, &record->instances));
    }
    return QV_OK;
}

/* How many candidates a base set has; SIZE_MAX where the query does not name it. */
static size_t weigh(const struct qv_view *view, enum qv_kind kind, const struct name_set *names)
{
    if (names->count == 0)
        return SIZE_MAX;
    size_t sum = 0;
    for (size_t i = 0; i < names->count; i++) {
        const struct record *record = view_find(view, kind, names->sorted[i]);
        sum += record != NULL ? record->users : 0;
    }
    return sum;
}

static enum qv_status collect_base(struct finder *finder, const struct qv_view *view)
{
    finder->base = BASE_IDS;
    if (finder->ids.count > 0)
        return collect_ids(finder, view);
    size_t by_provider = weigh(view, QV_KIND_SYSTEM, &finder->providers);
    size_t by_definition = weigh(view, QV_KIND_DEFINITION, &finder->definitions);
    finder->base = by_provider <= by_definition ? BASE_PROVIDERS : BASE_DEFINITIONS;
    if (finder->base == BASE_PROVIDERS)
        return collect_owned(finder, view, QV_KIND_SYSTEM, &finder->providers);
    return collect_owned(finder, view, QV_KIND_DEFINITION, &finder->definitions);
}

static enum qv_status collect_all(struct finder *finder, const struct qv_registry *registry)
{
    finder->moment = clock_read(&registry->clock, finder->mono);
    QV_TRY(collect_base(finder, registry->view));
    return collect_bridged(finder, registry->view);
}

/* ---- the verb -------------------------------------------------------------------------------- */

enum qv_status collect_matches(struct finder *finder, struct qv_registry *registry,
                               struct qv_error *error)
{
    pthread_rwlock_rdlock(&registry->lock);
    bool loaded = registry->view != NULL;
    revocation_begin(&finder->revocation, &registry->revocation);
    enum qv_status status = loaded ? collect_all(finder, registry) : QV_OK;
    revocation_keep(&finder->revocation, &registry->revocation);
    pthread_rwlock_unlock(&registry->lock);
    if (!loaded)
        return refuse_unloaded(error);
    return status;
}
