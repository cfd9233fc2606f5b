/*
 * Which names members of metadata and properties may have (spec/arrowhead-discovery 3.4 and
 * section 11.9). Pure; any thread.
 */
#ifndef QUIVER_DOMAIN_METADATA_KEYS_H
#define QUIVER_DOMAIN_METADATA_KEYS_H

#include <quiver/base/json.h>
#include <quiver/domain/rules.h>

/** No member's name, at any depth, may hold the dot that separates the parts of a requirement's
 *  key. `value` NULL is fine. QV_INVALID with the reference's words, naming the first such name. */
QV_MUST_CHECK enum qv_status qv_metadata_keys_check(const struct qv_dialect *dialect,
                                                    const json_t *value, struct qv_error *error);

#endif
