/*
 * One interface of a registration: decoded, checked as it was sent, then normalized and checked
 * against its template (spec/arrowhead-discovery 3.2 rows 9-23). Pure; any thread.
 */
#ifndef QUIVER_DOMAIN_INTERFACE_H
#define QUIVER_DOMAIN_INTERFACE_H

#include <quiver/domain/service.h>

enum qv_interface_member {
    QV_INTERFACE_TEMPLATE_NAME,
    QV_INTERFACE_PROTOCOL,
    QV_INTERFACE_POLICY,
    QV_INTERFACE_PROPERTIES,
    QV_INTERFACE_MEMBER_COUNT,
};

/** An interface as it was sent; members that are absent or null are NULL. */
struct qv_interface_request {
    json_t *values[QV_INTERFACE_MEMBER_COUNT]; /**< owned references */
};

/** Takes the list's elements apart. The caller frees with qv_interface_requests_free; `list` NULL
 *  gives none. */
QV_MUST_CHECK enum qv_status qv_interface_requests_read(const json_t *list,
                                                        struct qv_interface_request **ret_requests,
                                                        size_t *ret_count, struct qv_error *error);
void qv_interface_requests_free(struct qv_interface_request **requests, size_t count);

/** Rows 9 to 13. */
QV_MUST_CHECK enum qv_status qv_interface_check_raw(const struct qv_dialect *dialect,
                                                    const struct qv_interface_request *request,
                                                    struct qv_error *error);
/** Rows 15 to 23, of a request that passed the rows before. What was filled in when it fails is
 *  freed with the rest by qv_interface_clear. */
QV_MUST_CHECK enum qv_status qv_interface_read(const struct qv_rules *rules,
                                               const struct qv_template_source *templates,
                                               const struct qv_interface_request *request,
                                               struct qv_interface *interface,
                                               struct qv_error *error);
void qv_interface_clear(struct qv_interface *interface);
/** May a service offer the policy (upper case, one of the dialect's)? */
QV_MUST_CHECK enum qv_status qv_interface_check_policy(const struct qv_dialect *dialect,
                                                       struct qv_str policy,
                                                       struct qv_error *error);

/** Rows 22 and 23: the properties of a known template, normalized, in the order of an answer. */
QV_MUST_CHECK enum qv_status qv_interface_check_properties(const struct qv_rules *rules,
                                                           const struct qv_template *template_,
                                                           const json_t *properties,
                                                           json_t **ret_properties,
                                                           struct qv_error *error);
/** Row 20: finds the addresses under an alias key, checks each by its own type and gives them
 *  normalized, a text or a list as they were sent; a new reference. `ret_name` NULL: there are
 *  none, and `ret_value` is untouched. */
QV_MUST_CHECK enum qv_status qv_interface_check_addresses(const struct qv_rules *rules,
                                                          const json_t *properties,
                                                          const char **ret_name, json_t **ret_value,
                                                          struct qv_error *error);

#endif
