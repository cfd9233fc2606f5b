/*
 * Memory asked for before it is needed: see fetch.h. Which bytes are asked for is a guess that
 * costs nothing where it is wrong: a prefetch of any address is allowed. Any thread.
 */
#include "fetch.h"

#include <stddef.h>

enum { CACHE_LINE = 64 };

/* As numbers, for the end of the range may lie behind the object, and `from` may be NULL. */
static void fetch(const void *from, size_t length)
{
    uintptr_t end = (uintptr_t)from + length;
    for (uintptr_t at = (uintptr_t)from & ~(uintptr_t)(CACHE_LINE - 1); at < end; at += CACHE_LINE)
        __builtin_prefetch((const void *)at);
}

/* ---- records, under the lock ----------------------------------------------------------------- */

static void fetch_record(const struct instance_record *record)
{
    fetch(&record->current, sizeof(record->current) + sizeof(record->owner));
}

static void fetch_owner(const struct record *owner)
{
    fetch(&owner->current, sizeof(owner->current) + sizeof(owner->device));
}

/* All but the texts that are written. */
static void fetch_head(const struct qv_instance *instance)
{
    fetch(instance, offsetof(struct qv_instance, front));
}

void fetch_instances(const struct owned *owned, size_t first)
{
    struct instance_record *const *all = owned_all(owned);
    size_t from = first == 0 ? 0 : first + 2 * FETCHED_AHEAD;
    for (size_t i = from; i < owned->count && i < first + 3 * FETCHED_AHEAD; i++)
        fetch_record(all[i]);
    from = first == 0 ? 0 : first + FETCHED_AHEAD;
    for (size_t i = from; i < owned->count && i < first + 2 * FETCHED_AHEAD; i++)
        fetch_head(all[i]->current);
}

void fetch_owners(struct instance_record *const *records, size_t count)
{
    if (count > FETCHED_AHEAD)
        count = FETCHED_AHEAD;
    for (size_t i = 0; i < count; i++)
        for (int owner = 0; records[i] != NULL && owner < OWNER_COUNT; owner++)
            fetch_owner(records[i]->owner[owner]);
    for (size_t i = 0; i < count; i++) {
        if (records[i] == NULL)
            continue;
        fetch(records[i]->current->head.id.at, 2 * CACHE_LINE); /* sorting looks at it first */
        for (int owner = 0; owner < OWNER_COUNT; owner++)
            fetch(records[i]->owner[owner]->current, 2 * CACHE_LINE);
    }
}

void fetch_records(const struct qv_view *view, const struct qv_str *ids, size_t count,
                   struct instance_record *ret_records[static FETCHED_AHEAD])
{
    const struct index *index = &view->index[QV_KIND_INSTANCE];
    uint64_t hashes[FETCHED_AHEAD];
    if (count > FETCHED_AHEAD)
        count = FETCHED_AHEAD;
    for (size_t i = 0; i < count; i++)
        fetch(ids[i].at, ids[i].length);
    for (size_t i = 0; i < count; i++) {
        hashes[i] = index_hash(index, ids[i]);
        index_fetch_chain(index, hashes[i]);
    }
    for (size_t i = 0; i < count; i++)
        index_fetch_node(index, hashes[i]);
    for (size_t i = 0; i < count; i++) {
        ret_records[i] = (struct instance_record *)index_find_hashed(index, hashes[i], ids[i]);
        if (ret_records[i] != NULL)
            fetch_head(ret_records[i]->current);
    }
    fetch_owners(ret_records, count);
}

/* ---- texts, outside the lock ----------------------------------------------------------------- */

/* The texts of an entity are one piece of memory, from its first part to its last. */
static void fetch_between(struct qv_str first, struct qv_str last)
{
    fetch(first.at, (size_t)(last.at - first.at) + last.length);
}

void fetch_metadata(const struct qv_service_match *matches, size_t count, size_t first)
{
    size_t from = first == 0 ? 0 : first + FETCHED_AHEAD;
    size_t end = first + 2 * FETCHED_AHEAD;
    for (size_t i = from; i < count && i < end; i++)
        fetch(matches[i].instance->metadata.at, matches[i].instance->metadata.length);
}

void fetch_texts(const struct qv_service_match *matches, size_t count, size_t first)
{
    for (size_t i = first; i < count && i < first + FETCHED_AHEAD; i++) {
        fetch_between(matches[i].instance->front, matches[i].instance->back);
        fetch_between(matches[i].provider->front, matches[i].provider->back);
        fetch(matches[i].definition->json.at, matches[i].definition->json.length);
    }
}
