/*
 * By which name a client called, where that may be repeated to it: the begin of absolute URLs in
 * answers (design 7, chap.public_url). Whoever sends a Host header can write anything there, so it
 * is only repeated where it names this server. Any thread.
 */
#ifndef QUIVER_SERVER_BASE_H
#define QUIVER_SERVER_BASE_H

#include <netinet/in.h>
#include <openssl/x509.h>
#include <quiver/base/str.h>

/** As what a listener may be called; borrowed. */
struct qv_names {
    X509 *certificate;              /**< its own; NULL: it is plain */
    const struct qv_strings *hosts; /**< chap.hosts, for a plain one; NULL: none */
    struct in6_addr local;          /**< this end's address, IPv4 as mapped; all zero: not known */
};

/** Does the authority ("host", "host:port", an IPv6 address in brackets) name this server? Its
 *  certificate's names do (wildcards as RFC 6125 has them), on a plain listener those of
 *  chap.hosts (one without a port fits with any); on both the local address, and `localhost`
 *  where that is loopback. */
bool qv_names_has(const struct qv_names *names, struct qv_str authority);

#endif
