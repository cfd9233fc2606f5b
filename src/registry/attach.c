/*
 * Provider and definition of what a lookup found, taken after its filters.
 *
 * Of a hundred candidates ten may pass a filter, and among a million each candidate's provider is
 * somewhere else in memory: looking at it under the first lock cost more than the filter. So the
 * lock is taken a second time, briefly and not within the first. What was replaced in between has
 * not been judged as it now is: then the lookup is done again, with the owners taken at once.
 */
#include "fetch.h"
#include "find.h"

/* Under the lock. */
static void find_records(const struct finder *finder, const struct qv_view *view, size_t first,
                         struct instance_record *ret_records[static FETCHED_AHEAD])
{
    struct qv_str ids[FETCHED_AHEAD];
    size_t count = 0;
    for (size_t i = first; i < finder->count && count < FETCHED_AHEAD; i++)
        ids[count++] = finder->matches[i].instance->head.id;
    fetch_records(view, ids, count, ret_records);
}

/* Under the lock. */
static bool attach_all(struct finder *finder, const struct qv_view *view)
{
    struct instance_record *records[FETCHED_AHEAD];
    size_t kept = 0, count = finder->count;
    bool same = true;
    for (size_t i = 0; i < count; i++) {
        struct qv_service_match *match = &finder->matches[i];
        if (i % FETCHED_AHEAD == 0)
            find_records(finder, view, i, records);
        if (match->leased) { /* has what it needs */
            finder->matches[kept++] = *match;
            continue;
        }
        const struct instance_record *record = records[i % FETCHED_AHEAD];
        same = same && (record == NULL || record->current == match->instance);
        if (!same || record == NULL || !has_owners(record)) {
            match_free(match);
            continue;
        }
        take_owners(record, match);
        finder->matches[kept++] = *match;
    }
    finder->count = kept;
    return same;
}

bool attach_owners(struct finder *finder, struct qv_registry *registry)
{
    pthread_rwlock_rdlock(&registry->lock);
    bool same = attach_all(finder, registry->view);
    pthread_rwlock_unlock(&registry->lock);
    return same;
}
