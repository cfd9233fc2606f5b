/*
 * What the registry says of itself in itself (spec/arrowhead-discovery 3.15, section 11.13), so
 * that official clients find it by a lookup. Pure; any thread.
 */
#ifndef QUIVER_API_OWN_ENTRIES_H
#define QUIVER_API_OWN_ENTRIES_H

#include <quiver/store/store.h>

/** One of its Arrowhead listeners, as others reach it. */
struct qv_endpoint {
    bool https;
    bool certificate;            /**< callers prove themselves by certificate */
    struct qv_strings addresses; /**< as they are called; the best first */
    uint16_t port;
};

struct qv_own_facts {
    char *public_key;              /**< the own certificate's, in Base64; NULL: none */
    struct qv_endpoint *endpoints; /**< in the order in which they are advertised */
    size_t count;
};
void qv_own_facts_free(struct qv_own_facts *facts);

/** The change for qv_store_set_own: the registry's system, its services, and in each of these one
 *  interface for each endpoint. */
QV_MUST_CHECK enum qv_status qv_own_entries(const struct qv_rules *rules,
                                            const struct qv_own_facts *facts,
                                            struct qv_change **ret_change);

#endif
