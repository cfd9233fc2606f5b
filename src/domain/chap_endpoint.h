/*
 * Where a CHAP service is, read from its url: what an Arrowhead interface says of it. Private to
 * the domain; pure.
 */
#ifndef QUIVER_DOMAIN_CHAP_ENDPOINT_H
#define QUIVER_DOMAIN_CHAP_ENDPOINT_H

#include <quiver/base/buf.h>

struct chap_endpoint {
    bool https;
    struct qv_str host; /**< as written, of an IPv6 address without its brackets */
    uint16_t port;      /**< the scheme's where none is written */
    struct qv_str path; /**< "/" where none is written */
};

/** RFC 3986 section 3, of http and https alone; user, query and fragment are left out: the first is
 *  a secret. QV_INVALID without words for anything else. The result points into `url`. */
QV_MUST_CHECK enum qv_status chap_endpoint_read(struct qv_str url,
                                                struct chap_endpoint *ret_endpoint);

#endif
