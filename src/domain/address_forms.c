/*
 * Reading the written forms of addresses.
 *
 * IPv6 is read by inet_pton, which holds RFC 4291 to the letter; it is not given a dotted tail,
 * because it refuses leading zeros there, which Quiver allows in every IPv4 text. IPv4 has a
 * reader of its own for the same reason. Pure; any thread.
 */
#include "address_forms.h"
#include "text.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define IPV6_TEXT_MAX 39 /* eight groups of four digits and seven colons */
#define IPV6_GROUPS   8
#define IPV6_GROUP    4 /* digits */
#define LABEL_MAX     63

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool read_groups(struct qv_str text, char separator, size_t width,
                        char digits[QV_MAC_DIGITS])
{
    size_t groups = QV_MAC_DIGITS / width;
    if (text.length != QV_MAC_DIGITS + groups - 1)
        return false;
    for (size_t i = 0, used = 0; i < text.length; i++) {
        bool at_separator = i % (width + 1) == width;
        if (at_separator ? text.at[i] != separator : !is_hex(text.at[i]))
            return false;
        if (!at_separator)
            digits[used++] = text.at[i];
    }
    return true;
}

bool qv_mac_read(struct qv_str text, char ret_digits[QV_MAC_DIGITS])
{
    static const struct {
        char separator;
        size_t width;
    } forms[] = {{':', 2}, {'-', 2}, {'.', 4}};
    for (size_t i = 0; i < QV_COUNT_OF(forms); i++) {
        char digits[QV_MAC_DIGITS];
        if (read_groups(text, forms[i].separator, forms[i].width, digits)) {
            memcpy(ret_digits, digits, sizeof(digits));
            return true;
        }
    }
    return false;
}

bool qv_ipv4_read(struct qv_str text, unsigned char ret_octets[4])
{
    unsigned char octets[4];
    size_t count = 0;
    struct qv_str part;
    while (qv_str_split_next(&text, '.', &part)) {
        uint64_t octet;
        if (count == 4 || part.length > 3 || qv_str_to_uint(part, 255, &octet) != QV_OK)
            return false;
        octets[count++] = (unsigned char)octet;
    }
    if (count != 4)
        return false;
    memcpy(ret_octets, octets, sizeof(octets));
    return true;
}

/* Where the last group begins: behind the last colon. */
static size_t last_group(struct qv_str text)
{
    size_t at = text.length;
    while (at > 0 && text.at[at - 1] != ':')
        at--;
    return at;
}

/* Writes the text for inet_pton, a dotted tail as two groups. */
static bool write_groups(struct qv_str text, char *ret_groups, size_t size)
{
    size_t tail = last_group(text);
    if (tail == 0 || memchr(text.at, '\0', text.length) != NULL)
        return false;
    unsigned char octets[4];
    if (qv_str_find(text, '.') == SIZE_MAX) {
        if (text.length > IPV6_TEXT_MAX)
            return false;
        snprintf(ret_groups, size, "%.*s", QV_STR_ARG(text));
        return true;
    }
    if (tail > IPV6_TEXT_MAX || !qv_ipv4_read(qv_str_part(text, tail, SIZE_MAX), octets))
        return false;
    snprintf(ret_groups, size, "%.*s%02x%02x:%02x%02x", (int)tail, text.at, octets[0], octets[1],
             octets[2], octets[3]);
    return true;
}

bool qv_ipv6_read(struct qv_str text, unsigned char ret_bytes[QV_IPV6_SIZE])
{
    char groups[IPV6_TEXT_MAX + sizeof("ffff:ffff")];
    struct in6_addr address;
    if (!write_groups(text, groups, sizeof(groups)) || inet_pton(AF_INET6, groups, &address) != 1)
        return false;
    memcpy(ret_bytes, address.s6_addr, QV_IPV6_SIZE);
    return true;
}

/* Groups that are empty when `::` is used once: two at an end, one within. SIZE_MAX: a colon stands
 * alone at an end. */
static size_t empty_groups_of_one_double(struct qv_str text)
{
    size_t last = text.length - 1;
    bool first_is = text.at[0] == ':', last_is = text.at[last] == ':';
    if ((first_is && text.at[1] != ':') || (last_is && text.at[last - 1] != ':'))
        return SIZE_MAX;
    return first_is || last_is ? 2 : 1;
}

/* Eight groups, or fewer with one `::`. */
static bool has_ipv6_shape(struct qv_str text, size_t *ret_count)
{
    struct qv_str rest = text, group;
    size_t count = 0, empty = 0;
    for (; qv_str_split_next(&rest, ':', &group); count++)
        empty += group.length == 0;
    *ret_count = count;
    if (count < 3 || count > IPV6_GROUPS)
        return false;
    return empty == 0 ? count == IPV6_GROUPS : empty == empty_groups_of_one_double(text);
}

static void put_group(struct qv_str group, struct qv_buf *buf)
{
    for (size_t width = group.length; width < IPV6_GROUP; width++)
        qv_buf_put_char(buf, '0');
    qv_buf_put(buf, group);
}

bool qv_ipv6_put_misspelt(struct qv_str text, struct qv_buf *buf)
{
    size_t count;
    if (qv_str_find(text, '.') != SIZE_MAX || !has_ipv6_shape(text, &count))
        return false;
    size_t left_out = IPV6_GROUPS - count, start = buf->length;
    struct qv_str group;
    while (qv_str_split_next(&text, ':', &group)) {
        if (buf->length > start)
            qv_buf_put_char(buf, ':');
        for (; group.length == 0 && left_out > 0; left_out--)
            qv_buf_put_text(buf, "0000:");
        put_group(group, buf);
    }
    return true;
}

static bool is_label(struct qv_str label)
{
    if (label.length == 0 || label.length > LABEL_MAX)
        return false;
    if (label.at[0] == '-' || label.at[label.length - 1] == '-')
        return false;
    for (size_t i = 0; i < label.length; i++) {
        char c = label.at[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !is_digit(c) && c != '-')
            return false;
    }
    return true;
}

bool qv_hostname_is(struct qv_str text)
{
    bool numbers_alone = true;
    for (size_t i = 0; i < text.length; i++)
        numbers_alone = numbers_alone && (is_digit(text.at[i]) || text.at[i] == '.');
    if (numbers_alone)
        return false;
    struct qv_str label;
    while (qv_str_split_next(&text, '.', &label)) {
        if (!is_label(label))
            return false;
    }
    return true;
}
