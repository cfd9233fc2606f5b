/* The search for the rule that decides. Any thread. Private. */
#ifndef QUIVER_POLICY_DECIDE_H
#define QUIVER_POLICY_DECIDE_H

#include "on.h"
#include "rights.h"

/** The first rule of that side that fits the caller, is about the operation and applies to the
 *  object; SIZE_MAX: none. `asking->trouble` says whether the answer counts. */
size_t decide(const struct qv_rights *rights, unsigned op, enum side side, struct asking *asking);
/** A question about an object of whoever holds the rights. */
struct asking asking_of(const struct qv_rights *rights, const struct qv_object *object);
/** Which entry of `visible` shows the object; SIZE_MAX: none. */
enum qv_status decide_shown(const struct qv_permit *permit, const struct qv_object *object,
                            size_t *ret_rule);

#endif
