/*
 * Reading the members that lookups of systems and devices have in common (spec/arrowhead-discovery
 * 4.2, 4.5, 4.7). First everything is checked as it was sent, then normalized and, where it has a
 * form to keep, checked again. Pure; any thread.
 */
#ifndef QUIVER_DOMAIN_FILTER_READING_H
#define QUIVER_DOMAIN_FILTER_READING_H

#include "dialect.h"
#include "members.h"

#include <quiver/domain/filters.h>

/** One row of the checks of what was sent: QV_INVALID with `words` where the value breaks it. */
typedef enum qv_status qv_raw_check(const json_t *value, const char *words, struct qv_error *error);
qv_raw_check qv_raw_no_blank;     /**< no element is null or blank */
qv_raw_check qv_raw_no_null;      /**< no element is null */
qv_raw_check qv_raw_address_type; /**< blank, or the name of a type; `words` stand before it */

struct qv_raw_row {
    qv_raw_check *check;
    size_t member;
    const char *words;
};
QV_MUST_CHECK enum qv_status qv_raw_rows_check(const struct qv_raw_row *rows, size_t count,
                                               json_t *const *values, struct qv_error *error);

/** Adds the names, normalized; where the dialect looks at names that refer, each must follow the
 *  convention. */
QV_MUST_CHECK enum qv_status qv_name_list_read(const struct qv_dialect *dialect,
                                               enum qv_entity entity, const json_t *list,
                                               struct qv_strings *names, struct qv_error *error);
/** Adds the addresses, normalized and sorted, and the type that one of them must have. Where both
 *  are given, each address must be a valid one of the type. */
QV_MUST_CHECK enum qv_status qv_filters_read_addresses(const struct qv_rules *rules,
                                                       const json_t *addresses, const json_t *type,
                                                       struct qv_filters *filters,
                                                       struct qv_error *error);
QV_MUST_CHECK enum qv_status qv_filters_read_metadata(const struct qv_dialect *dialect,
                                                      const json_t *list,
                                                      struct qv_filters *filters,
                                                      struct qv_error *error);

/** The name of what a request refers to, to be freed with qv_free. QV_INVALID with `missing` where
 *  it is blank, or, where the dialect looks at such names, against the convention. */
QV_MUST_CHECK enum qv_status qv_reference_read(const struct qv_dialect *dialect,
                                               enum qv_entity entity, struct qv_str raw,
                                               const char *missing, char **ret_name,
                                               struct qv_error *error);
/** The name as it is stored, to be freed with qv_free; not checked. */
QV_MUST_CHECK enum qv_status qv_name_make(const struct qv_dialect *dialect, enum qv_entity entity,
                                          struct qv_str raw, char **ret_name,
                                          struct qv_error *error);

#endif
