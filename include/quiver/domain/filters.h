/*
 * The filters that lookups of systems and of devices share (spec/arrowhead-discovery 4.2, 4.5).
 * Pure; immutable once read, any thread.
 */
#ifndef QUIVER_DOMAIN_FILTERS_H
#define QUIVER_DOMAIN_FILTERS_H

#include <quiver/domain/address.h>
#include <quiver/domain/requirement.h>

/** AND across the members, OR within each; an empty member does not filter. */
struct qv_filters {
    struct qv_strings addresses; /**< normalized, sorted; one of them is the entity's */
    unsigned address_types;      /**< an address of the entity is of one of them; 0: any */
    struct qv_requirement **metadata;
    size_t metadata_count;
};

/** Do an entity's addresses pass? `json` is their list as qv_json_write writes it. */
bool qv_filters_match_addresses(const struct qv_filters *filters, struct qv_str json);
/** Does its metadata pass? `json` is the text of the object, empty where there is none.
 *  QV_NO_MEMORY, or QV_INTERNAL where it is no JSON. */
QV_MUST_CHECK enum qv_status qv_filters_match_metadata(const struct qv_filters *filters,
                                                       struct qv_str json, bool *ret_matches);
void qv_filters_free(struct qv_filters *filters);

#endif
