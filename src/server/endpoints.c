/*
 * Where this server can be reached, as it says of itself (spec/arrowhead-discovery section 11.13):
 * mutual TLS first, plain listeners last.
 *
 * A listener that listens on every address of the machine is reached by the names in its own
 * certificate, because only these pass a TLS client's check; without any, by the machine's
 * addresses. Loopback counts only where there is nothing else. The main thread.
 */
#include <quiver/server/server.h>

#include "worker.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <openssl/x509v3.h>
#include <quiver/base/memory.h>
#include <string.h>

/* ---- the own certificate --------------------------------------------------------------------- */

static X509 *own_certificate(const struct qv_server *server)
{
    for (size_t i = 0; i < server->listener_count; i++) {
        SSL_CTX *context = qv_trust_context(server->trust, i);
        if (context != NULL)
            return SSL_CTX_get0_certificate(context);
    }
    return NULL;
}

static enum qv_status write_public_key(X509 *own, char **ret_text)
{
    unsigned char *der = NULL;
    int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(own), &der);
    if (length <= 0)
        return QV_NO_MEMORY;
    char *text = qv_alloc((size_t)length * 4 / 3 + 5);
    if (text != NULL)
        EVP_EncodeBlock((unsigned char *)text, der, length);
    OPENSSL_free(der);
    if (text == NULL)
        return QV_NO_MEMORY;
    *ret_text = text;
    return QV_OK;
}

static bool is_loopback(struct qv_str address)
{
    return qv_str_equal_ignore_case(address, QV_STR("localhost")) ||
           qv_str_equal(address, QV_STR("::1")) || qv_str_starts_with(address, QV_STR("127."));
}

static enum qv_status add_octets(const ASN1_OCTET_STRING *octets, struct qv_strings *names)
{
    char text[INET6_ADDRSTRLEN];
    int family = ASN1_STRING_length(octets) == 4 ? AF_INET : AF_INET6;
    if ((ASN1_STRING_length(octets) != 4 && ASN1_STRING_length(octets) != 16) ||
        inet_ntop(family, ASN1_STRING_get0_data(octets), text, sizeof(text)) == NULL ||
        is_loopback(qv_str_from(text)))
        return QV_OK;
    return qv_strings_add(names, qv_str_from(text));
}

static enum qv_status add_name(const GENERAL_NAME *name, struct qv_strings *names)
{
    if (name->type == GEN_IPADD)
        return add_octets(name->d.iPAddress, names);
    if (name->type != GEN_DNS)
        return QV_OK;
    struct qv_str text = {.at = (const char *)ASN1_STRING_get0_data(name->d.dNSName),
                          .length = (size_t)ASN1_STRING_length(name->d.dNSName)};
    bool is_name = text.length > 0 && qv_str_is_utf8(text) && qv_str_find(text, '*') == SIZE_MAX &&
                   qv_str_find(text, '\0') == SIZE_MAX;
    return is_name && !is_loopback(text) ? qv_strings_add(names, text) : QV_OK;
}

/* The names of its subjectAltName, but for loopback and wildcards. */
static enum qv_status add_certificate_names(X509 *own, struct qv_strings *names)
{
    GENERAL_NAMES *all = X509_get_ext_d2i(own, NID_subject_alt_name, NULL, NULL);
    enum qv_status status = QV_OK;
    for (int i = 0; i < sk_GENERAL_NAME_num(all) && status == QV_OK; i++)
        status = add_name(sk_GENERAL_NAME_value(all, i), names);
    GENERAL_NAMES_free(all);
    return status;
}

/* ---- the machine ----------------------------------------------------------------------------- */

static enum qv_status add_interface(const struct ifaddrs *at, int family, struct qv_strings *names)
{
    char text[INET6_ADDRSTRLEN];
    if (at->ifa_addr == NULL || at->ifa_addr->sa_family != family ||
        (at->ifa_flags & IFF_UP) == 0 || (at->ifa_flags & IFF_LOOPBACK) != 0)
        return QV_OK;
    const struct sockaddr_in *in4 = (const struct sockaddr_in *)(const void *)at->ifa_addr;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)at->ifa_addr;
    if (family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr))
        return QV_OK; /* means nothing without its interface */
    const void *address =
        family == AF_INET ? (const void *)&in4->sin_addr : (const void *)&in6->sin6_addr;
    if (inet_ntop(family, address, text, sizeof(text)) == NULL)
        return QV_OK;
    return qv_strings_add(names, qv_str_from(text));
}

static enum qv_status add_machine_addresses(int family, struct qv_strings *names)
{
    struct ifaddrs *all = NULL;
    if (getifaddrs(&all) != 0) {
        qv_log(QV_LOG_WARNING, "addresses of the machine not known",
               QV_LOG_CSTR("reason", strerror(errno)));
        return QV_OK; /* then loopback has to do */
    }
    enum qv_status status = QV_OK;
    for (const struct ifaddrs *at = all; at != NULL && status == QV_OK; at = at->ifa_next)
        status = add_interface(at, family, names);
    freeifaddrs(all);
    return status;
}

/* ---- one listener ---------------------------------------------------------------------------- */

static bool is_everywhere(const char *address)
{
    struct in_addr in4;
    struct in6_addr in6;
    if (inet_pton(AF_INET, address, &in4) == 1)
        return in4.s_addr == htonl(INADDR_ANY);
    return inet_pton(AF_INET6, address, &in6) == 1 && IN6_IS_ADDR_UNSPECIFIED(&in6);
}

static enum qv_status find_addresses(const struct qv_server *server,
                                     const struct qv_config_listener *listener,
                                     struct qv_strings *addresses)
{
    const char *advertised = server->config->registry.advertise.address;
    if (advertised != NULL)
        return qv_strings_add(addresses, qv_str_from(advertised));
    if (!is_everywhere(listener->address))
        return qv_strings_add(addresses, qv_str_from(listener->address));
    X509 *own = own_certificate(server);
    if (own != NULL)
        QV_TRY(add_certificate_names(own, addresses));
    bool ipv6 = strchr(listener->address, ':') != NULL;
    if (addresses->count == 0)
        QV_TRY(add_machine_addresses(ipv6 ? AF_INET6 : AF_INET, addresses));
    if (addresses->count == 0)
        return qv_strings_add(addresses, ipv6 ? QV_STR("::1") : QV_STR("127.0.0.1"));
    return QV_OK;
}

static enum qv_status describe(const struct qv_server *server, const struct qv_listener *listener,
                               struct qv_endpoint *endpoint)
{
    const struct qv_config_listener *config = listener->config;
    endpoint->https = config->tls != QV_TLS_OFF;
    endpoint->certificate = config->authentication == QV_AUTHENTICATION_CERTIFICATE;
    endpoint->port = listener->port;
    return find_addresses(server, config, &endpoint->addresses);
}

/* ---- all ------------------------------------------------------------------------------------- */

static enum qv_status describe_all(const struct qv_server *server, struct qv_own_facts *facts)
{
    static const enum qv_tls_mode order[] = {QV_TLS_MUTUAL, QV_TLS_SERVER, QV_TLS_OFF};
    for (size_t o = 0; o < sizeof(order) / sizeof(order[0]); o++)
        for (size_t i = 0; i < server->listener_count; i++) {
            const struct qv_listener *listener = &server->listeners[i];
            if (listener->config->tls != order[o] ||
                (listener->config->serve & QV_SERVE_ARROWHEAD) == 0)
                continue;
            QV_TRY(describe(server, listener, &facts->endpoints[facts->count++]));
        }
    if (facts->count > 0 && server->config->registry.advertise.port != 0)
        facts->endpoints[0].port = server->config->registry.advertise.port;
    return QV_OK;
}

enum qv_status qv_server_own_facts(const struct qv_server *server, struct qv_own_facts *ret_facts)
{
    QV_CLEANUP(qv_own_facts) struct qv_own_facts facts = {0};
    facts.endpoints = qv_alloc_array(server->listener_count, sizeof(*facts.endpoints));
    if (facts.endpoints == NULL)
        return QV_NO_MEMORY;
    X509 *own = own_certificate(server);
    if (own != NULL)
        QV_TRY(write_public_key(own, &facts.public_key));
    QV_TRY(describe_all(server, &facts));
    *ret_facts = facts;
    facts = (struct qv_own_facts){0};
    return QV_OK;
}
