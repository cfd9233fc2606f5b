/*
 * Taking a CHAP service's url apart: see chap_endpoint.h. The url stands in the store as it was
 * sent, so that what browsers forgive may be in it; here it must be what it says. Pure; any thread.
 */
#include "chap_endpoint.h"
#include "text.h"

static const struct {
    const char *prefix;
    bool https;
    uint16_t port;
} schemes[] = {
    {"http://", false, 80},
    {"https://", true, 443},
};

/* Cuts at the first of the characters; the rest keeps it. */
static struct qv_str take_until(struct qv_str *rest, const char *ends)
{
    size_t length = rest->length;
    for (; *ends != '\0'; ends++) {
        size_t at = qv_str_find(qv_str_part(*rest, 0, length), *ends);
        length = at < length ? at : length;
    }
    struct qv_str part = qv_str_part(*rest, 0, length);
    *rest = qv_str_part(*rest, length, SIZE_MAX);
    return part;
}

static bool take_scheme(struct qv_str *rest, struct chap_endpoint *endpoint)
{
    for (size_t i = 0; i < QV_COUNT_OF(schemes); i++) {
        struct qv_str prefix = qv_str_from(schemes[i].prefix);
        if (!qv_str_equal_ignore_case(qv_str_part(*rest, 0, prefix.length), prefix))
            continue;
        endpoint->https = schemes[i].https;
        endpoint->port = schemes[i].port;
        *rest = qv_str_part(*rest, prefix.length, SIZE_MAX);
        return true;
    }
    return false;
}

/* Of the authority, up to its port. */
static bool take_host(struct qv_str *authority, struct qv_str *ret_host)
{
    for (size_t at; (at = qv_str_find(*authority, '@')) != SIZE_MAX;)
        *authority = qv_str_part(*authority, at + 1, SIZE_MAX);
    if (authority->length == 0 || authority->at[0] != '[') {
        *ret_host = take_until(authority, ":");
        return ret_host->length > 0;
    }
    *authority = qv_str_part(*authority, 1, SIZE_MAX);
    *ret_host = take_until(authority, "]");
    if (authority->length == 0 || qv_str_find(*ret_host, ':') == SIZE_MAX)
        return false;
    *authority = qv_str_part(*authority, 1, SIZE_MAX);
    return true;
}

/* What is left behind the host: nothing, or a colon and perhaps a number. */
static bool read_port(struct qv_str text, uint16_t *port)
{
    if (text.length == 0)
        return true;
    uint64_t number;
    if (text.at[0] != ':')
        return false;
    if (text.length == 1)
        return true;
    if (qv_str_to_uint(qv_str_part(text, 1, SIZE_MAX), UINT16_MAX, &number) != QV_OK || number == 0)
        return false;
    *port = (uint16_t)number;
    return true;
}

enum qv_status chap_endpoint_read(struct qv_str url, struct chap_endpoint *ret_endpoint)
{
    struct chap_endpoint endpoint = {0};
    struct qv_str rest = qv_str_trim(url);
    if (!take_scheme(&rest, &endpoint))
        return QV_INVALID;
    struct qv_str authority = take_until(&rest, "/?#\\");
    if (!take_host(&authority, &endpoint.host) || !read_port(authority, &endpoint.port))
        return QV_INVALID;
    if (rest.length > 0 && rest.at[0] == '\\')
        return QV_INVALID;
    endpoint.path = take_until(&rest, "?#");
    if (endpoint.path.length == 0)
        endpoint.path = QV_STR("/");
    *ret_endpoint = endpoint;
    return QV_OK;
}
