/*
 * Types of addresses and their canonical form (spec/arrowhead-discovery 4.6 and section 11.8).
 *
 * Holds always: normalizing what was normalized changes nothing, and the type of an address is
 * the same before and after. Pure; any thread.
 */
#include "address_forms.h"
#include "text.h"
#include <quiver/domain/address.h>

static const struct {
    enum qv_address_type type;
    const char *name;
} types[] = {
    {QV_ADDRESS_HOSTNAME, "HOSTNAME"},
    {QV_ADDRESS_IPV4, "IPV4"},
    {QV_ADDRESS_IPV6, "IPV6"},
    {QV_ADDRESS_MAC, "MAC"},
};

const char *qv_address_type_name(enum qv_address_type type)
{
    for (size_t i = 0; i < QV_COUNT_OF(types); i++) {
        if (types[i].type == type)
            return types[i].name;
    }
    return "UNKNOWN";
}

enum qv_status qv_address_type_parse(struct qv_str text, enum qv_address_type *ret_type)
{
    for (size_t i = 0; i < QV_COUNT_OF(types); i++) {
        if (qv_str_equal_ignore_case(text, qv_str_from(types[i].name))) {
            *ret_type = types[i].type;
            return QV_OK;
        }
    }
    return QV_INVALID;
}

/* Appends groups of `width` digits with colons between them. */
static void put_groups(struct qv_buf *buf, struct qv_str digits, size_t width)
{
    for (size_t i = 0; i < digits.length; i += width) {
        if (i > 0)
            qv_buf_put_char(buf, ':');
        qv_buf_put(buf, qv_str_part(digits, i, width));
    }
}

static void put_ipv6(struct qv_buf *buf, const unsigned char bytes[QV_IPV6_SIZE])
{
    for (size_t i = 0; i < QV_IPV6_SIZE; i += 2)
        qv_buf_printf(buf, "%s%02x%02x", i > 0 ? ":" : "", bytes[i], bytes[i + 1]);
}

void qv_address_normalize(struct qv_str raw, struct qv_buf *buf)
{
    QV_CLEANUP(qv_buf) struct qv_buf lowered = {0};
    qv_text_put_lower(raw, &lowered);
    struct qv_str text = qv_buf_str(&lowered);
    char digits[QV_MAC_DIGITS];
    unsigned char bytes[QV_IPV6_SIZE];
    if (lowered.failed)
        buf->failed = true;
    else if (qv_mac_read(text, digits))
        put_groups(buf, (struct qv_str){.at = digits, .length = sizeof(digits)}, 2);
    else if (qv_ipv6_read(text, bytes))
        put_ipv6(buf, bytes);
    else if (!qv_ipv6_put_misspelt(text, buf))
        qv_buf_put(buf, text);
}

enum qv_address_type qv_address_detect(struct qv_str address)
{
    char digits[QV_MAC_DIGITS];
    unsigned char bytes[QV_IPV6_SIZE];
    address = qv_str_trim(address);
    if (qv_mac_read(address, digits))
        return QV_ADDRESS_MAC;
    if (qv_ipv4_read(address, bytes))
        return QV_ADDRESS_IPV4;
    return qv_ipv6_read(address, bytes) ? QV_ADDRESS_IPV6 : QV_ADDRESS_HOSTNAME;
}
