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
 *  QV_INVALID `Invalid metadata operation requirement: X` for an operator X that is not known, or
 *  that was given no regular expression where it needs one (they are PCRE2's, of at most 4,096
 *  bytes). */
QV_MUST_CHECK enum qv_status qv_requirement_read(const struct qv_dialect *dialect, json_t *object,
                                                 struct qv_requirement **ret_requirement,
                                                 struct qv_error *error);
/** Adds the condition that the member `name` is true, in place of what the requirement says of
 *  that member (spec 3.11, restricted discovery). Call it before others see the requirement. On
 *  QV_NO_MEMORY it is as it was. */
QV_MUST_CHECK enum qv_status qv_requirement_demand(const struct qv_dialect *dialect,
                                                   struct qv_requirement *requirement,
                                                   const char *name);
/** `subject` is the metadata or properties object; NULL: there is none. A text that a regular
 *  expression cannot be matched with in 50,000 steps does not match. */
bool qv_requirement_matches(const struct qv_requirement *requirement, const json_t *subject);
void qv_requirement_free(struct qv_requirement **requirement);

#endif
