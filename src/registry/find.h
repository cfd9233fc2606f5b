/*
 * A lookup on its way, shared by find.c and the files of its steps. Lives on the reader's stack.
 */
#ifndef QUIVER_REGISTRY_FIND_H
#define QUIVER_REGISTRY_FIND_H

#include "name_set.h"
#include "view.h"

/* Of which names instances are collected; the other names are filters. */
enum base { BASE_IDS, BASE_PROVIDERS, BASE_DEFINITIONS };

struct finder {
    const struct qv_service_query *query;
    const struct qv_rules *rules;
    struct qv_wall now;
    struct name_set ids, providers, definitions, versions, templates, policies;
    struct revocation_reader revocation;
    struct qv_mono mono;  /* the same moment as `now` */
    struct moment moment; /* and in registry time: set while collecting */
    enum base base;
    bool late; /* provider and definition are taken when the filters have passed: see attach.c */
    struct qv_service_match *matches; /* owned, with their references */
    size_t count, capacity;
};

/* Fills `matches`, under the lock, which it takes. QV_UNAVAILABLE: no view is loaded yet. */
QV_MUST_CHECK enum qv_status collect_matches(struct finder *finder, struct qv_registry *registry,
                                             struct qv_error *error);
/* Adds the exposed CHAP services, but those whose id is registered in Arrowhead, too. Under the
   lock. */
QV_MUST_CHECK enum qv_status collect_bridged(struct finder *finder, const struct qv_view *view);
/* Leaves out what is revoked, as far as collecting did not know it: see revocation.h. */
QV_MUST_CHECK enum qv_status drop_revoked(struct finder *finder);
/* Takes the owners of all matches; who went meanwhile is left out. False: one was replaced
   meanwhile, and the lookup must be done again. */
bool attach_owners(struct finder *finder, struct qv_registry *registry);

/* Does the query ask for certain interfaces at all? */
bool filters_interfaces(const struct qv_service_query *query);
/* Fills match->shown and ->json; `ret_any`: at least one interface is left. */
QV_MUST_CHECK enum qv_status filter_interfaces(const struct finder *finder,
                                               struct qv_service_match *match, bool *ret_any);

/* One more match, with a reference to its instance. Under the lock. */
QV_MUST_CHECK enum qv_status add_match(struct finder *finder, const struct qv_instance *instance,
                                       struct qv_service_match **ret_match);
/* While a history is replayed the owners may not be there yet. Under the lock. */
bool has_owners(const struct instance_record *record);
/* References to provider, device and definition. Under the lock. */
void take_owners(const struct instance_record *record, struct qv_service_match *match);
void match_free(struct qv_service_match *match);
void drop_matches(struct finder *finder);

#endif
