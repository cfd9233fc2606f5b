/*
 * CHAP services whose lease goes on: all of them, or one by its id. All are judged by one moment,
 * before the walk begins: what is found was alive then. Any thread.
 */
#include "gather.h"

#include <quiver/base/memory.h>
#include <string.h>

static struct moment moment_now(struct qv_registry *registry)
{
    struct qv_mono now = qv_mono_now();
    pthread_rwlock_rdlock(&registry->lock);
    struct moment moment = clock_read(&registry->clock, now);
    pthread_rwlock_unlock(&registry->lock);
    return moment;
}

static struct qv_chap_match match_of(const struct moment *moment, const struct qv_chap *chap,
                                     int64_t lease_us)
{
    struct qv_chap_match match = {.chap = chap};
    if (__builtin_add_overflow(lease_us, moment->offset_us, &match.ends_us))
        match.ends_us = INT64_MAX;
    return match;
}

/* ---- all ------------------------------------------------------------------------------------- */

static enum qv_status judge(const void *data, const struct qv_entity_match *match,
                            bool *ret_matches)
{
    *ret_matches = !has_ended(data, lease_of((const struct qv_chap *)match->entity));
    return QV_OK;
}

static int by_id(const void *a, const void *b)
{
    const struct qv_entity_match *left = a, *right = b;
    return qv_str_compare(left->entity->id, right->entity->id);
}

enum qv_status qv_registry_find_chap(struct qv_registry *registry,
                                     struct qv_chap_result *ret_result, struct qv_error *error)
{
    const struct moment moment = moment_now(registry);
    QV_CLEANUP(qv_entity_result) struct qv_entity_result found = {0};
    QV_CLEANUP(gathering)
    struct gathering gathering = {
        .registry = registry, .kind = QV_KIND_CHAP, .query = &moment, .judge = judge};
    QV_TRY(gather(&gathering, error));
    gathering_finish(&gathering, by_id, &found);
    struct qv_chap_match *matches = qv_alloc_array(found.count + 1, sizeof(*matches));
    if (matches == NULL)
        return QV_NO_MEMORY;
    for (size_t i = 0; i < found.count; i++) {
        const struct qv_chap *chap = (const struct qv_chap *)found.matches[i].entity;
        matches[i] = match_of(&moment, chap, lease_of(chap));
    }
    *ret_result = (struct qv_chap_result){.matches = matches, .count = found.count};
    found.count = 0; /* the references are the result's */
    return QV_OK;
}

void qv_chap_result_free(struct qv_chap_result *result)
{
    for (size_t i = 0; i < result->count; i++)
        qv_chap_match_free(&result->matches[i]);
    qv_free(result->matches);
    *result = (struct qv_chap_result){0};
}

/* ---- one ------------------------------------------------------------------------------------- */

/* Under the lock. */
static struct qv_chap_match find_live(const struct qv_registry *registry, struct qv_str id,
                                      struct qv_mono now)
{
    const struct record *record = view_find(registry->view, QV_KIND_CHAP, id);
    const struct qv_chap *chap = record != NULL ? (const struct qv_chap *)record->current : NULL;
    if (chap == NULL)
        return (struct qv_chap_match){0};
    struct moment moment = clock_read(&registry->clock, now);
    int64_t lease_us = lease_of(chap);
    if (has_ended(&moment, lease_us))
        return (struct qv_chap_match){0};
    return match_of(&moment, qv_entity_ref(chap), lease_us);
}

enum qv_status qv_registry_get_chap(struct qv_registry *registry, struct qv_str id,
                                    struct qv_chap_match *ret_match, struct qv_error *error)
{
    struct qv_mono now = qv_mono_now();
    struct qv_chap_match match = {0};
    pthread_rwlock_rdlock(&registry->lock);
    bool loaded = registry->view != NULL;
    if (loaded)
        match = find_live(registry, id, now);
    pthread_rwlock_unlock(&registry->lock);
    if (!loaded)
        return refuse_unloaded(error);
    *ret_match = match;
    return QV_OK;
}

void qv_chap_match_free(struct qv_chap_match *match)
{
    struct qv_entity_head *held = (struct qv_entity_head *)(uintptr_t)match->chap;
    qv_entity_free(&held);
    *match = (struct qv_chap_match){0};
}
