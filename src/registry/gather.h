/*
 * Gathering systems or devices for a lookup, shared by find_systems.c and find_devices.c: by their
 * names, by the devices that they are on, else all. Lives on the reader's stack.
 */
#ifndef QUIVER_REGISTRY_GATHER_H
#define QUIVER_REGISTRY_GATHER_H

#include "find.h"

struct gathering {
    struct qv_registry *registry;
    enum qv_kind kind;
    struct name_set names;   /* wanted; empty: any */
    struct name_set devices; /* of systems: wanted; empty: any */
    const void *query;
    /* Is it what the query asks for, names and devices apart? Runs outside the view's lock. */
    enum qv_status (*judge)(const void *query, const struct qv_entity_match *match,
                            bool *ret_matches);
    struct qv_entity_match *found; /* owned, with their references */
    size_t count, capacity;
};

/* Fills `found`. QV_UNAVAILABLE: no view is loaded yet. */
QV_MUST_CHECK enum qv_status gather(struct gathering *gathering, struct qv_error *error);
/* Hands over what was found, in the order of `compare` (as qsort's). */
void gathering_finish(struct gathering *gathering, int (*compare)(const void *a, const void *b),
                      struct qv_entity_result *ret_result);
void gathering_free(struct gathering *gathering);

#endif
