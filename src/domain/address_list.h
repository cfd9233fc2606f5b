/*
 * Lists of addresses, as systems and devices are registered with them (spec/arrowhead-discovery
 * 4.1, 4.4, 4.6). Pure; any thread.
 */
#ifndef QUIVER_DOMAIN_ADDRESS_LIST_H
#define QUIVER_DOMAIN_ADDRESS_LIST_H

#include <quiver/base/json.h>
#include <quiver/domain/address.h>

enum {
    /** What a system inherits from its device: where it can be reached. */
    QV_ADDRESS_REACHABLE = QV_ADDRESS_HOSTNAME | QV_ADDRESS_IPV4 | QV_ADDRESS_IPV6,
    QV_ADDRESS_ANY = QV_ADDRESS_REACHABLE | QV_ADDRESS_MAC,
};

/** As they were sent: none is blank, none (trimmed) longer than `max` UTF-16 units (0: no limit).
 *  `list` NULL is fine. */
QV_MUST_CHECK enum qv_status qv_address_list_check_raw(const json_t *list, size_t max,
                                                       struct qv_error *error);
/** Normalizes and checks each by its own type. What `ret_addresses` holds on failure is freed
 *  with the rest by its owner. */
QV_MUST_CHECK enum qv_status qv_address_list_read(const struct qv_rules *rules, const json_t *list,
                                                  struct qv_strings *ret_addresses,
                                                  struct qv_error *error);
/** Appends [{"type","address"}...] of normalized addresses. */
void qv_address_list_write(const struct qv_strings *addresses, struct qv_buf *buf);

/** Adds the addresses of a written list (as qv_json_write writes it) that are of one of the types
 *  to `addresses`. */
QV_MUST_CHECK enum qv_status qv_address_list_parse(struct qv_str json, unsigned types,
                                                   struct qv_strings *addresses);
/** Sorts, for qv_address_list_has_any. */
void qv_address_list_sort(struct qv_strings *addresses);
/** Is one of the sorted addresses in the written list? */
bool qv_address_list_has_any(struct qv_str json, const struct qv_strings *sorted);
/** Is an address of one of the types in the written list? */
bool qv_address_list_has_type(struct qv_str json, unsigned types);

#endif
