/*
 * Memory asked for before it is needed: see fetch.h. Which bytes are asked for is a guess that
 * costs nothing where it is wrong: a prefetch of any address is allowed. Any thread.
 */
#include "fetch.h"

enum { CACHE_LINE = 64 };

/* As numbers, for the end of the range may lie behind the object, and `from` may be NULL. */
static void fetch(const void *from, size_t length)
{
    for (size_t at = 0; at < length; at += CACHE_LINE)
        __builtin_prefetch((const void *)((uintptr_t)from + at));
}

const struct instance_record *fetch_instances(const struct instance_record *first, enum owner owner,
                                              bool owners)
{
    enum owner other = owner == OWNER_PROVIDER ? OWNER_DEFINITION : OWNER_PROVIDER;
    const struct instance_record *end = first;
    for (int i = 0; end != NULL && i < FETCHED_AHEAD; i++, end = end->next[owner]) {
        fetch(end->current, sizeof(*end->current) + 2 * CACHE_LINE); /* with the id behind it */
        if (owners)
            fetch(end->owner[other], CACHE_LINE);
    }
    for (const struct instance_record *at = first; owners && at != end; at = at->next[owner])
        fetch(at->owner[other]->current, 2 * CACHE_LINE);
    return end;
}

/* The texts of an entity are one piece of memory, from its first part to its last. */
static void fetch_between(struct qv_str first, struct qv_str last)
{
    fetch(first.at, (size_t)(last.at - first.at) + last.length);
}

void fetch_metadata(const struct qv_service_match *matches, size_t count, size_t first)
{
    for (size_t i = first; i < count && i < first + FETCHED_AHEAD; i++)
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
