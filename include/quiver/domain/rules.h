/*
 * The settings and tables that domain code is given: which dialect is spoken and what the
 * operator allows. Immutable; any thread.
 */
#ifndef QUIVER_DOMAIN_RULES_H
#define QUIVER_DOMAIN_RULES_H

#include <quiver/config/config.h>

/** How one Arrowhead release names and says things; a table, see src/domain/dialect.c. */
struct qv_dialect;

/** The dialect's table; static. Names are normalized as `normalization` says, which 5.0 knows one
 *  way of: NULL for another. */
const struct qv_dialect *qv_dialect_find(enum qv_dialect_id id,
                                         enum qv_normalization normalization);
/** The same with normalization `extended`, never NULL. */
const struct qv_dialect *qv_dialect_get(enum qv_dialect_id id);
/** "5.0" or "5.2"; static. */
const char *qv_dialect_name(const struct qv_dialect *dialect);
/** What stands between the parts of an instance id: "::" or "|"; static. */
const char *qv_dialect_separator(const struct qv_dialect *dialect);

/** What is allowed, from quiver.yaml. Borrows from the configuration, which outlives it. */
struct qv_rules {
    const struct qv_dialect *dialect;
    enum qv_interface_policy interface_policy;
    enum qv_discovery discovery;
    const struct qv_strings *direct_access; /**< as they stand in the file; NULL: none */
    bool self_addressing;
    bool non_routable_addressing;
    const struct qv_strings *address_alias;
};

void qv_rules_from_config(const struct qv_config *config, struct qv_rules *ret_rules);

#endif
