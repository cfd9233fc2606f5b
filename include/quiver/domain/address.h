/*
 * Addresses of systems, devices and interfaces (spec/arrowhead-discovery 4.6 and section 11.8).
 * Pure; any thread.
 */
#ifndef QUIVER_DOMAIN_ADDRESS_H
#define QUIVER_DOMAIN_ADDRESS_H

#include <quiver/domain/rules.h>

enum qv_address_type {
    QV_ADDRESS_HOSTNAME = 1, /* bits, so that a filter can hold several */
    QV_ADDRESS_IPV4 = 2,
    QV_ADDRESS_IPV6 = 4,
    QV_ADDRESS_MAC = 8,
};

/** "IPV4" and so on; static. */
const char *qv_address_type_name(enum qv_address_type type);
/** ASCII case ignored, nothing trimmed; QV_INVALID without words for anything else. */
QV_MUST_CHECK enum qv_status qv_address_type_parse(struct qv_str text,
                                                   enum qv_address_type *ret_type);
/** Lower case, trimmed, in the type's canonical form. Appends to `buf`. */
void qv_address_normalize(struct qv_str raw, struct qv_buf *buf);
/** Of a normalized address. */
enum qv_address_type qv_address_detect(struct qv_str address);
/** Of a normalized address: may it be registered? QV_INVALID with the reference's words,
 *  `Address verification failure: ...`. */
QV_MUST_CHECK enum qv_status qv_address_check(const struct qv_rules *rules,
                                              enum qv_address_type type, struct qv_str address,
                                              struct qv_error *error);

#endif
