/*
 * The metadata requirement language (spec/arrowhead-discovery 3.12). A requirement is read and
 * checked once, up front, and then asked of many objects. Pure; immutable, any thread.
 */
#ifndef QUIVER_DOMAIN_REQUIREMENT_H
#define QUIVER_DOMAIN_REQUIREMENT_H

#include <quiver/base/json.h>
#include <quiver/domain/rules.h>

struct qv_requirement;

/** `object` is one requirement object; it is kept by reference and must not change afterwards.
 *  QV_INVALID `Invalid metadata operation requirement: X` for an operator that is not known. */
QV_MUST_CHECK enum qv_status qv_requirement_read(const struct qv_dialect *dialect, json_t *object,
                                                 struct qv_requirement **ret_requirement,
                                                 struct qv_error *error);
/** `subject` is the metadata or properties object; NULL: there is none. */
bool qv_requirement_matches(const struct qv_requirement *requirement, const json_t *subject);
void qv_requirement_free(struct qv_requirement **requirement);

#endif
