/*
 * Reading the written forms of addresses (spec/arrowhead-discovery 4.6 and section 11.8). Each
 * function takes lower-case text without blanks around it and leaves its result untouched where
 * the text is no such address. Pure; any thread.
 */
#ifndef QUIVER_DOMAIN_ADDRESS_FORMS_H
#define QUIVER_DOMAIN_ADDRESS_FORMS_H

#include <quiver/base/buf.h>
#include <quiver/base/str.h>

#define QV_MAC_DIGITS 12
#define QV_IPV6_SIZE  16

/** Six groups of two hexadecimal digits by `:` or `-`, or three of four by `.`. */
bool qv_mac_read(struct qv_str text, char ret_digits[QV_MAC_DIGITS]);
/** Four octets; leading zeros up to three digits are allowed. */
bool qv_ipv4_read(struct qv_str text, unsigned char ret_octets[4]);
/** RFC 4291 section 2.2: also with one `::`, and with a dotted tail. */
bool qv_ipv6_read(struct qv_str text, unsigned char ret_bytes[QV_IPV6_SIZE]);
/**
 * Writes all eight groups, zeros in front, of what has the shape of IPv6 but is none for what
 * stands in a group: refusals name it so. False: it has not that shape, nothing is written.
 */
bool qv_ipv6_put_misspelt(struct qv_str text, struct qv_buf *buf);
/** Labels of letters, digits and hyphens; not made of numbers alone. Length is not judged. */
bool qv_hostname_is(struct qv_str text);

#endif
