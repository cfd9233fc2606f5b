/*
 * Host headers that may be repeated.
 *
 * What is no host with or without a port names nobody. X-Forwarded headers are never looked at:
 * whoever stands in front of this server and has another name sets chap.public_url. Any thread.
 */
#include "base.h"

#include <arpa/inet.h>
#include <openssl/x509v3.h>
#include <string.h>

enum { HOST_MAX = 253 }; /* of a name (RFC 1035 2.3.4) */

/* ---- an authority ---------------------------------------------------------------------------- */

struct host {
    char text[HOST_MAX + 1]; /* without brackets */
    bool bracketed;
};

static bool is_port(struct qv_str text)
{
    uint64_t port;
    return text.length > 0 && qv_str_to_uint(text, UINT16_MAX, &port) == QV_OK;
}

static bool read_host(struct qv_str authority, struct host *ret_host)
{
    *ret_host = (struct host){.bracketed = authority.length > 0 && authority.at[0] == '['};
    struct qv_str name = authority, rest = {0};
    if (ret_host->bracketed) {
        size_t end = qv_str_find(authority, ']');
        if (end == SIZE_MAX)
            return false;
        name = qv_str_part(authority, 1, end - 1);
        rest = qv_str_part(authority, end + 1, authority.length);
    } else {
        size_t colon = qv_str_find(authority, ':');
        if (colon != SIZE_MAX) {
            name = qv_str_part(authority, 0, colon);
            rest = qv_str_part(authority, colon, authority.length);
        }
    }
    if (name.length == 0 || name.length > HOST_MAX || qv_str_find(name, '\0') != SIZE_MAX)
        return false;
    if (rest.length > 0 && (rest.at[0] != ':' || !is_port(qv_str_part(rest, 1, rest.length))))
        return false;
    memcpy(ret_host->text, name.at, name.length);
    return true;
}

/* ---- names ----------------------------------------------------------------------------------- */

/* An IPv4 address is without brackets, an IPv6 address in them. */
static bool read_address(const struct host *host, struct in6_addr *ret_address)
{
    if (host->bracketed)
        return inet_pton(AF_INET6, host->text, ret_address) == 1;
    *ret_address = (struct in6_addr){.s6_addr = {[10] = 0xFF, [11] = 0xFF}};
    return inet_pton(AF_INET, host->text, &ret_address->s6_addr[12]) == 1;
}

static bool is_loopback(const struct in6_addr *address)
{
    return IN6_IS_ADDR_LOOPBACK(address) ||
           (IN6_IS_ADDR_V4MAPPED(address) && address->s6_addr[12] == 127);
}

static bool is_local(const struct host *host, const struct in6_addr *local)
{
    struct in6_addr address;
    if (IN6_IS_ADDR_UNSPECIFIED(local))
        return false;
    if (read_address(host, &address))
        return memcmp(&address, local, sizeof(address)) == 0;
    return !host->bracketed && is_loopback(local) &&
           qv_str_equal_ignore_case(qv_str_from(host->text), QV_STR("localhost"));
}

/* Only names of its subjectAltName: the subject's is no name of a host. A dot at the begin would
   stand for any name below, and a star for itself. */
static bool is_certified(X509 *certificate, const struct host *host)
{
    static const unsigned flags = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
    struct in6_addr address;
    if (read_address(host, &address))
        return X509_check_ip_asc(certificate, host->text, 0) == 1;
    bool is_name = !host->bracketed && host->text[0] != '.' && strchr(host->text, '*') == NULL;
    return is_name && X509_check_host(certificate, host->text, 0, flags, NULL) == 1;
}

/* In the list as it is sent, or without its port. */
static bool is_listed(const struct qv_strings *hosts, struct qv_str authority,
                      const struct host *host)
{
    size_t colon = strlen(host->text) + (host->bracketed ? 2 : 0);
    struct qv_str without_port = qv_str_part(authority, 0, colon);
    for (size_t i = 0; i < hosts->count; i++) {
        struct qv_str entry = qv_str_from(hosts->at[i]);
        if (qv_str_equal_ignore_case(entry, authority) ||
            qv_str_equal_ignore_case(entry, without_port) ||
            (host->bracketed && qv_str_equal_ignore_case(entry, qv_str_from(host->text))))
            return true;
    }
    return false;
}

bool qv_names_has(const struct qv_names *names, struct qv_str authority)
{
    struct host host;
    if (!read_host(authority, &host))
        return false;
    if (is_local(&host, &names->local))
        return true;
    if (names->certificate != NULL)
        return is_certified(names->certificate, &host);
    return names->hosts != NULL && is_listed(names->hosts, authority, &host);
}
