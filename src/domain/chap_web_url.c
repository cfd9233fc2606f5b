/*
 * Reads http and https URLs as the URL Standard (url.spec.whatwg.org, sections 3 and 4) has
 * browsers read them: lower-case scheme and host, no default port, a path of at least `/` without
 * dot segments, everything percent-encoded that must be; blanks around, `\` for `/` and a missing
 * `//` are forgiven.
 *
 * Refused, where browsers are more lenient: international names that are not in their ASCII form,
 * percent signs in hosts, IPv4 addresses that are not four decimal numbers.
 *
 * Holds always: what was written reads as itself. Pure; any thread.
 */
#include "chap_web_url.h"
#include "text.h"
#include <arpa/inet.h>
#include <string.h>

#define PORT_MAX    65535
#define IPV6_GROUPS 8

/* What is percent-encoded beside controls and everything beyond ASCII. */
#define IN_FRAGMENT " \"<>`"
#define IN_QUERY    " \"#<>'"
#define IN_PATH     IN_FRAGMENT "#?{}"
#define IN_USER     IN_PATH "/:;=@[\\]^|"
/* What no name of a host has, beside controls. */
#define NOT_IN_HOST " #%/:<>?@[\\]^|"

static const char no_base[] = "relative URL without a base";
static const char empty_text[] = "input is empty";
static const char empty_host[] = "empty host";
static const char bad_name[] = "invalid international domain name";
static const char bad_port[] = "invalid port number";
static const char bad_ipv4[] = "invalid IPv4 address";
static const char bad_ipv6[] = "invalid IPv6 address";

/* Schemes of URLs that have a host; only the first two are taken. */
static const struct scheme {
    const char *name;
    bool taken;
    uint64_t port; /* that is not written */
} schemes[] = {
    {"http", true, 80}, {"https", true, 443}, {"ftp", false, 21},
    {"ws", false, 80},  {"wss", false, 443},
};

static bool is_control(char c)
{
    return (unsigned char)c < ' ' || c == 0x7F;
}

static bool is_slash(char c)
{
    return c == '/' || c == '\\';
}

static void put_encoded(struct qv_buf *buf, struct qv_str text, const char *encoded)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.at[i];
        if (is_control(c) || (unsigned char)c >= 0x80 || strchr(encoded, c) != NULL)
            qv_buf_printf(buf, "%%%02X", (unsigned char)c);
        else
            qv_buf_put_char(buf, c);
    }
}

/* Takes everything up to the first of `ends` from the front of `rest`. */
static struct qv_str take_until(struct qv_str *rest, const char *ends)
{
    size_t i = 0;
    while (i < rest->length && (rest->at[i] == '\0' || strchr(ends, rest->at[i]) == NULL))
        i++;
    struct qv_str taken = qv_str_part(*rest, 0, i);
    *rest = qv_str_part(*rest, i, SIZE_MAX);
    return taken;
}

/* ---- scheme ---- */

/* Without controls and blanks around it, and without tabs and line ends inside. */
static void put_tidy(struct qv_buf *buf, struct qv_str text)
{
    size_t from = 0, to = text.length;
    while (from < to && (unsigned char)text.at[from] <= ' ')
        from++;
    while (to > from && (unsigned char)text.at[to - 1] <= ' ')
        to--;
    for (size_t i = from; i < to; i++) {
        if (text.at[i] != '\t' && text.at[i] != '\n' && text.at[i] != '\r')
            qv_buf_put_char(buf, text.at[i]);
    }
}

/* Takes `name:` from the front; false where there is none. */
static bool take_scheme(struct qv_str *rest, struct qv_str *ret_name)
{
    for (size_t i = 0; i < rest->length; i++) {
        char c = rest->at[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (c == ':' && i > 0) {
            *ret_name = qv_str_part(*rest, 0, i);
            *rest = qv_str_part(*rest, i + 1, SIZE_MAX);
            return true;
        }
        bool other = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
        if (!letter && !(other && i > 0))
            return false;
    }
    return false;
}

static const struct scheme *find_scheme(struct qv_str name)
{
    for (size_t i = 0; i < QV_COUNT_OF(schemes); i++) {
        if (qv_str_equal_ignore_case(qv_str_from(schemes[i].name), name))
            return &schemes[i];
    }
    return NULL;
}

/* ---- host ---- */

/* The longest run of groups that are zero, of two at least; its length, 0 for none. */
static size_t find_zeros(const unsigned char bytes[], size_t *ret_from)
{
    size_t longest = 0;
    for (size_t i = 0; i < IPV6_GROUPS; i++) {
        size_t length = 0;
        while (i + length < IPV6_GROUPS && bytes[2 * (i + length)] == 0 &&
               bytes[2 * (i + length) + 1] == 0)
            length++;
        if (length < 2 || length <= longest)
            continue;
        longest = length;
        *ret_from = i;
    }
    return longest;
}

/* RFC 5952, but never with a dotted tail. */
static void put_ipv6(struct qv_buf *buf, const unsigned char bytes[])
{
    size_t from = 0, zeros = find_zeros(bytes, &from);
    qv_buf_put_char(buf, '[');
    for (size_t i = 0; i < IPV6_GROUPS; i++) {
        if (zeros > 0 && i == from) {
            qv_buf_put_text(buf, i == 0 ? "::" : ":");
            i += zeros - 1;
            continue;
        }
        qv_buf_printf(buf, "%x", bytes[2 * i] << 8 | bytes[2 * i + 1]);
        if (i + 1 < IPV6_GROUPS)
            qv_buf_put_char(buf, ':');
    }
    qv_buf_put_char(buf, ']');
}

/* Is the text an address of the family in its standard form? */
static bool read_address(int family, struct qv_str text, unsigned char bytes[])
{
    char ended[INET6_ADDRSTRLEN] = "";
    if (text.length == 0 || text.length >= sizeof(ended) || qv_str_find(text, '\0') != SIZE_MAX)
        return false;
    memcpy(ended, text.at, text.length);
    return inet_pton(family, ended, bytes) == 1;
}

/* A name whose last part is a number can only be an IPv4 address. */
static bool ends_in_number(struct qv_str host)
{
    if (host.length > 1 && host.at[host.length - 1] == '.')
        host = qv_str_part(host, 0, host.length - 1);
    struct qv_str rest = host, label;
    while (qv_str_split_next(&rest, '.', &label)) {
    }
    bool hexadecimal = label.length >= 2 && label.at[0] == '0' && (label.at[1] | 0x20) == 'x';
    const char *digits = hexadecimal ? "0123456789abcdefABCDEF" : "0123456789";
    for (size_t i = hexadecimal ? 2 : 0; i < label.length; i++) {
        if (label.at[i] == '\0' || strchr(digits, label.at[i]) == NULL)
            return false;
    }
    return label.length > 0;
}

static const char *put_host(struct qv_buf *buf, struct qv_str host)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    if (host.length == 0)
        return empty_host;
    if (host.at[0] == '[') {
        if (host.at[host.length - 1] != ']' ||
            !read_address(AF_INET6, qv_str_part(host, 1, host.length - 2), bytes))
            return bad_ipv6;
        put_ipv6(buf, bytes);
        return NULL;
    }
    for (size_t i = 0; i < host.length; i++) {
        char c = host.at[i];
        if (is_control(c) || (unsigned char)c >= 0x80 || strchr(NOT_IN_HOST, c) != NULL)
            return bad_name;
    }
    if (ends_in_number(host) && !read_address(AF_INET, host, bytes))
        return bad_ipv4;
    qv_text_put_case(host, QV_CASE_LOWER, buf);
    return NULL;
}

/* ---- authority ---- */

static void put_user(struct qv_buf *buf, struct qv_str user)
{
    struct qv_str rest = user, name;
    if (!qv_str_split_next(&rest, ':', &name) || (name.length == 0 && rest.length == 0))
        return;
    put_encoded(buf, name, IN_USER);
    if (rest.length > 0) {
        qv_buf_put_char(buf, ':');
        put_encoded(buf, rest, IN_USER);
    }
    qv_buf_put_char(buf, '@');
}

/* The colon between host and port: none inside of brackets. */
static size_t find_port(struct qv_str authority)
{
    bool bracket = false;
    for (size_t i = 0; i < authority.length; i++) {
        char c = authority.at[i];
        if (c == ':' && !bracket)
            return i;
        bracket = c == '[' || (bracket && c != ']');
    }
    return authority.length;
}

static const char *put_port(struct qv_buf *buf, struct qv_str port, const struct scheme *scheme)
{
    uint64_t number;
    if (port.length == 0)
        return NULL;
    if (qv_str_to_uint(port, PORT_MAX, &number) != QV_OK)
        return bad_port;
    if (number != scheme->port)
        qv_buf_printf(buf, ":%u", (unsigned)number);
    return NULL;
}

static const char *put_authority(struct qv_buf *buf, struct qv_str authority,
                                 const struct scheme *scheme)
{
    size_t user_end = authority.length;
    while (user_end > 0 && authority.at[user_end - 1] != '@')
        user_end--;
    if (user_end > 0)
        put_user(buf, qv_str_part(authority, 0, user_end - 1));
    struct qv_str rest = qv_str_part(authority, user_end, SIZE_MAX);
    size_t colon = find_port(rest);
    const char *fault = put_host(buf, qv_str_part(rest, 0, colon));
    return fault != NULL ? fault : put_port(buf, qv_str_part(rest, colon + 1, SIZE_MAX), scheme);
}

/* ---- path, query, fragment ---- */

static bool is_segment(struct qv_str segment, const char *const *forms)
{
    return qv_text_find(forms, segment, true) != NULL;
}

static const char *const one_dot[] = {".", "%2e", NULL};
static const char *const two_dots[] = {"..", ".%2e", "%2e.", "%2e%2e", NULL};

/* Each segment with the slash before it; dots take segments back, but never more than there are. */
static void put_path(struct qv_buf *buf, struct qv_str path)
{
    size_t root = buf->length;
    bool last;
    do {
        if (path.length > 0)
            path = qv_str_part(path, 1, SIZE_MAX); /* its slash */
        struct qv_str segment = take_until(&path, "/\\");
        last = path.length == 0;
        bool back = is_segment(segment, two_dots), here = is_segment(segment, one_dot);
        size_t length = buf->length;
        while (back && length > root && buf->at[--length] != '/') {
        }
        qv_buf_truncate(buf, length);
        if ((!back && !here) || last)
            qv_buf_put_char(buf, '/');
        if (!back && !here)
            put_encoded(buf, segment, IN_PATH);
    } while (!last);
}

/* Appends what stands behind `mark` up to `ends`, with it. */
static void put_behind(struct qv_buf *buf, struct qv_str *rest, char mark, const char *ends,
                       const char *encoded)
{
    if (rest->length == 0 || rest->at[0] != mark)
        return;
    *rest = qv_str_part(*rest, 1, SIZE_MAX);
    qv_buf_put_char(buf, mark);
    put_encoded(buf, take_until(rest, ends), encoded);
}

/* ---- the whole ---- */

static enum qv_chap_fault parsing_fault(const char *detail, const char **ret_detail)
{
    *ret_detail = detail;
    return QV_CHAP_FAULT_URL_PARSING;
}

enum qv_chap_fault qv_chap_web_url_read(struct qv_str text, struct qv_buf *normal,
                                        const char **ret_detail)
{
    QV_CLEANUP(qv_buf) struct qv_buf tidy = {0};
    put_tidy(&tidy, text);
    normal->failed = normal->failed || tidy.failed;
    struct qv_str rest = qv_buf_str(&tidy), name;
    *ret_detail = NULL;
    if (text.length == 0)
        return parsing_fault(empty_text, ret_detail);
    if (!take_scheme(&rest, &name))
        return parsing_fault(no_base, ret_detail);
    const struct scheme *scheme = find_scheme(name);
    if (scheme == NULL)
        return QV_CHAP_FAULT_URL_SCHEME;
    while (rest.length > 0 && is_slash(rest.at[0]))
        rest = qv_str_part(rest, 1, SIZE_MAX);
    qv_buf_put_text(normal, scheme->name);
    qv_buf_put_text(normal, "://");
    const char *fault = put_authority(normal, take_until(&rest, "/\\?#"), scheme);
    if (fault != NULL)
        return parsing_fault(fault, ret_detail);
    if (!scheme->taken)
        return QV_CHAP_FAULT_URL_SCHEME;
    put_path(normal, take_until(&rest, "?#"));
    put_behind(normal, &rest, '?', "#", IN_QUERY);
    put_behind(normal, &rest, '#', "", IN_FRAGMENT);
    return QV_CHAP_FAULT_NONE;
}
