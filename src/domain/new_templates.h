/*
 * Interface templates that a registration brings along (spec/arrowhead-discovery 3.7). Pure; any
 * thread.
 */
#ifndef QUIVER_DOMAIN_NEW_TEMPLATES_H
#define QUIVER_DOMAIN_NEW_TEMPLATES_H

#include <quiver/domain/service.h>

/** Rows 25 and 27 to 29: of interfaces whose template is not known, makes the new templates of the
 *  registration, which frees them with the rest, or refuses. */
QV_MUST_CHECK enum qv_status qv_new_templates_read(const struct qv_rules *rules,
                                                   struct qv_service_registration *registration,
                                                   struct qv_error *error);

#endif
