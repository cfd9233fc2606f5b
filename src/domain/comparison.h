/*
 * Is what is stored under a name what was asked for (spec/arrowhead-discovery 4.1, 4.4; section
 * 11.9)? Pure; any thread.
 */
#ifndef QUIVER_DOMAIN_COMPARISON_H
#define QUIVER_DOMAIN_COMPARISON_H

#include <quiver/base/json.h>

/** By kind and value; absent is not `{}`. `stored` is the text of the object, empty where there is
 *  none, `given` NULL where there is none. QV_NO_MEMORY, or QV_INTERNAL where it is no JSON. */
QV_MUST_CHECK enum qv_status qv_metadata_compare(const json_t *given, struct qv_str stored,
                                                 bool *ret_equal);
/** The same addresses, equal ones as often, in any order? */
QV_MUST_CHECK enum qv_status qv_addresses_compare(const struct qv_strings *given,
                                                  const struct qv_strings *stored, bool *ret_equal);

#endif
