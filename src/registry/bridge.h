/*
 * The bridge: CHAP services that are found by lookups of Arrowhead services
 * (chap.expose_in_arrowhead). Private to the registry.
 *
 * Each exposed service has its Arrowhead form beside its record, in an index of its own by the
 * provider's name: real entries of the same names are neither replaced nor hidden; a lookup shows
 * an exposed one only while no real one has its id (find_bridged.c). Two services may
 * have one name there ("a1" and "a-1" are both A1); then both are found under it. Changed by the
 * writer alone under the view's write lock; read under the read lock.
 */
#ifndef QUIVER_REGISTRY_BRIDGE_H
#define QUIVER_REGISTRY_BRIDGE_H

#include "index.h"

#include <quiver/registry/registry.h>

struct bridged {
    struct index_node node; /* in the index only the first of a name */
    struct bridged *twin;   /* the next one of the same name */
    struct bridged *next, *previous;
    struct qv_chap_bridge form; /* owned references */
    const struct qv_chap *chap; /* the record's, which has this one for as long */
};

struct bridge {
    const struct qv_rules *rules;
    const char *definition;   /* borrowed; NULL: nothing is exposed */
    struct index by_provider; /* of struct bridged */
    struct bridged *first;    /* of all */
    bool incomplete;          /* memory was out: some form is still to be made */
};

/** What stands for the service, for bridge_join; NULL where nothing is exposed, or the service has
 *  no such form. Needs no lock. */
QV_MUST_CHECK enum qv_status bridge_make(const struct bridge *bridge, const struct qv_chap *chap,
                                         struct bridged **ret_bridged);
/** Of one that is not joined. NULL is fine. */
void bridged_free(struct bridged **bridged);
/** Takes ownership. */
void bridge_join(struct bridge *bridge, struct bridged *bridged);
/** Takes it out and frees it. NULL is fine. */
void bridge_leave(struct bridge *bridge, struct bridged *bridged);
/** Frees the index; the services are their records'. */
void bridge_free(struct bridge *bridge);

/** The first of the provider's name; the others are its twins. NULL: none. */
const struct bridged *bridge_find(const struct bridge *bridge, struct qv_str provider);
/** The first of those that are this instance, from `from` on along its twins. NULL: none. */
const struct bridged *bridge_find_instance(const struct bridge *bridge, struct qv_str id);
const struct bridged *bridged_next_twin(const struct bridged *from, struct qv_str id);

#endif
