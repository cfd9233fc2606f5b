/*
 * Which addresses may be registered (spec/arrowhead-discovery 4.6): one table of rules, in the
 * order in which a fault is reported. Rules judge normalized text as it is written, as the
 * reference does; only where its text would let an address of this machine pass (an IPv4 one
 * inside IPv6, section 11.8) they look at the bytes. Pure; any thread.
 */
#include "address_forms.h"
#include "dialect.h"
#include "text.h"
#include <quiver/domain/address.h>
#include <string.h>

#define HOSTNAME_MAX 253

struct rule {
    enum qv_address_type type;
    bool (*broken)(const struct qv_rules *rules, struct qv_str address);
    const char *words; /**< stand behind the address */
};

static bool begins(struct qv_str address, const char *prefix)
{
    return qv_str_starts_with(address, qv_str_from(prefix));
}

static bool is(struct qv_str address, const char *text)
{
    return qv_str_equal(address, qv_str_from(text));
}

/* ---- MAC ---- */

static bool no_mac(const struct qv_rules *rules, struct qv_str address)
{
    (void)rules;
    char digits[QV_MAC_DIGITS];
    return !qv_mac_read(address, digits);
}

static bool mac_broadcast(const struct qv_rules *rules, struct qv_str address)
{
    (void)rules;
    return is(address, "ff:ff:ff:ff:ff:ff");
}

static bool mac_multicast(const struct qv_rules *rules, struct qv_str address)
{
    (void)rules;
    return begins(address, "01:00:5e:") || begins(address, "33:33:");
}

/* ---- IPv4 ---- */

static bool no_ipv4(const struct qv_rules *rules, struct qv_str address)
{
    (void)rules;
    unsigned char octets[4];
    return !qv_ipv4_read(address, octets);
}

static bool ipv4_self(const struct qv_rules *rules, struct qv_str address)
{
    return !rules->self_addressing && begins(address, "127.");
}

static bool ipv4_not_routable(const struct qv_rules *rules, struct qv_str address)
{
    return !rules->non_routable_addressing && begins(address, "169.254.");
}

static bool ipv4_placeholder(const struct qv_rules *rules, struct qv_str address)
{
    (void)rules;
    return is(address, "0.0.0.0");
}

static bool ipv4_broadcast(const struct qv_rules *rules, struct qv_str address)
{
    (void)rules;
    return is(address, "255.255.255.255");
}

static bool ipv4_multicast(const struct qv_rules *rules, struct qv_str address)
{
    (void)rules;
    unsigned char octets[4];
    return qv_ipv4_read(address, octets) && octets[0] >= 224 && octets[0] <= 239;
}

/* ---- IPv6 ---- */

static bool no_ipv6(const struct qv_rules *rules, struct qv_str address)
{
    (void)rules;
    unsigned char bytes[QV_IPV6_SIZE];
    return !qv_ipv6_read(address, bytes);
}

static bool ipv6_self(const struct qv_rules *rules, struct qv_str address)
{
    static const unsigned char own[QV_IPV6_SIZE] = {[15] = 1};
    static const unsigned char mapped[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127};
    unsigned char bytes[QV_IPV6_SIZE];
    if (rules->self_addressing || !qv_ipv6_read(address, bytes))
        return false;
    return memcmp(bytes, own, sizeof(own)) == 0 || memcmp(bytes, mapped, sizeof(mapped)) == 0;
}

static bool ipv6_not_routable(const struct qv_rules *rules, struct qv_str address)
{
    return !rules->non_routable_addressing && begins(address, "fe80");
}

static bool ipv6_unspecified(const struct qv_rules *rules, struct qv_str address)
{
    (void)rules;
    return is(address, "0000:0000:0000:0000:0000:0000:0000:0000");
}

static bool ipv6_multicast(const struct qv_rules *rules, struct qv_str address)
{
    (void)rules;
    return begins(address, "ff");
}

/* ---- host names ---- */

static bool hostname_too_long(const struct qv_rules *rules, struct qv_str address)
{
    (void)rules;
    return qv_text_exceeds(address, HOSTNAME_MAX);
}

/* A name that begins with a number alone looks like an address. */
static bool number_first(const struct qv_rules *rules, struct qv_str address)
{
    struct qv_str label = qv_str_part(address, 0, qv_str_find(address, '.'));
    for (size_t i = 0; i < label.length; i++) {
        if ((label.at[i] >= 'a' && label.at[i] <= 'z') ||
            (label.at[i] >= 'A' && label.at[i] <= 'Z'))
            return false;
    }
    return rules->dialect->hostname_needs_letter;
}

static bool no_hostname(const struct qv_rules *rules, struct qv_str address)
{
    (void)rules;
    return !qv_hostname_is(address);
}

static bool hostname_self(const struct qv_rules *rules, struct qv_str address)
{
    return !rules->self_addressing && (is(address, "localhost") || is(address, "loopback"));
}

static const struct rule table[] = {
    {QV_ADDRESS_MAC, no_mac, "is not MAC address"},
    {QV_ADDRESS_MAC, mac_broadcast, "MAC address is invalid: broadcast address is denied"},
    {QV_ADDRESS_MAC, mac_multicast, "MAC address is invalid: multicast address is denied"},
    {QV_ADDRESS_IPV4, no_ipv4, "is not IPv4 address"},
    {QV_ADDRESS_IPV4, ipv4_self, "IPv4 address is invalid: self-addressing is disabled"},
    {QV_ADDRESS_IPV4, ipv4_not_routable,
     "IPv4 address is invalid: non-routable-addressing is disabled"},
    {QV_ADDRESS_IPV4, ipv4_placeholder, "IPv4 address is invalid: placeholder address is denied"},
    {QV_ADDRESS_IPV4, ipv4_broadcast, "IPv4 address is invalid: local broadcast address is denied"},
    {QV_ADDRESS_IPV4, ipv4_multicast, "IPv4 address is invalid: multicast addresses are denied"},
    {QV_ADDRESS_IPV6, no_ipv6, "is not IPv6 address"},
    {QV_ADDRESS_IPV6, ipv6_self, "IPv6 address is invalid: self-addressing is disabled"},
    {QV_ADDRESS_IPV6, ipv6_not_routable,
     "IPv6 address is invalid: non-routable-addressing is disabled"},
    {QV_ADDRESS_IPV6, ipv6_unspecified, "IPv6 address is invalid: unspecified address is denied"},
    {QV_ADDRESS_IPV6, ipv6_multicast, "IPv6 address is invalid: multicast addresses are denied"},
    {QV_ADDRESS_HOSTNAME, hostname_too_long, "hostname is invalid: max length is 253"},
    {QV_ADDRESS_HOSTNAME, no_hostname, "is not a hostname"},
    {QV_ADDRESS_HOSTNAME, number_first, "is not a hostname"},
    {QV_ADDRESS_HOSTNAME, hostname_self, "hostname is invalid: self-addressing is disabled"},
};

enum qv_status qv_address_check(const struct qv_rules *rules, enum qv_address_type type,
                                struct qv_str address, struct qv_error *error)
{
    size_t most = rules->dialect->address_max;
    if (most > 0 && qv_text_exceeds(address, most))
        return qv_error_set(error, QV_INVALID, "Address is too long");
    for (size_t i = 0; i < QV_COUNT_OF(table); i++) {
        if (table[i].type == type && table[i].broken(rules, address))
            return qv_error_set(error, QV_INVALID, "Address verification failure: %.*s %s",
                                QV_STR_ARG(address), table[i].words);
    }
    return QV_OK;
}
