/*
 * Hosts, the URLs of services that are asked about identities, and those by which Quiver is called.
 *
 * Holds always: a URL that is asked about identities is https, or http to this machine's own
 * loopback: whoever could alter the answer on its way would decide who is who. Pure; any thread.
 */
#include "values.h"
#include <arpa/inet.h>
#include <string.h>

#define HOST_LENGTH_MAX  253
#define LABEL_LENGTH_MAX 63
#define URL_LENGTH_MAX   1024

static bool is_address(int family, struct qv_str text)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    char ended[INET6_ADDRSTRLEN] = "";
    if (text.length == 0 || text.length >= sizeof(ended) || qv_str_find(text, '\0') != SIZE_MAX)
        return false;
    memcpy(ended, text.at, text.length);
    return inet_pton(family, ended, bytes) == 1;
}

static bool is_label(struct qv_str label, bool *letters)
{
    for (size_t i = 0; i < label.length; i++) {
        char c = label.at[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && c != '-')
            return false;
        *letters = *letters || letter;
    }
    return label.length > 0 && label.length <= LABEL_LENGTH_MAX && label.at[0] != '-' &&
           label.at[label.length - 1] != '-';
}

/* RFC 1123; a name made of numbers alone is none. */
static bool is_name(struct qv_str text)
{
    bool letters = false;
    struct qv_str rest = text, label;
    while (qv_str_split_next(&rest, '.', &label))
        if (!is_label(label, &letters))
            return false;
    return letters && text.length <= HOST_LENGTH_MAX;
}

bool qv_value_is_host(struct qv_str text)
{
    return is_address(AF_INET, text) || is_address(AF_INET6, text) || is_name(text);
}

static bool is_loopback(struct qv_str host)
{
    return qv_str_equal_ignore_case(host, QV_STR("localhost")) ||
           qv_str_equal(host, QV_STR("::1")) ||
           (is_address(AF_INET, host) && qv_str_starts_with(host, QV_STR("127.")));
}

/* What is wrong with a host and its port; NULL: nothing. */
static const char *authority_fault(struct qv_str text, struct qv_str *ret_host)
{
    bool bracket = text.length > 0 && text.at[0] == '[';
    struct qv_str host = qv_str_part(text, bracket ? 1 : 0, SIZE_MAX);
    size_t end = qv_str_find(host, bracket ? ']' : ':');
    struct qv_str port = qv_str_part(host, end == SIZE_MAX ? host.length : end, SIZE_MAX);
    host = qv_str_part(host, 0, end);
    if (bracket)
        port = qv_str_part(port, 1, SIZE_MAX);
    if (bracket ? end == SIZE_MAX || !is_address(AF_INET6, host)
                : is_address(AF_INET6, host) || !qv_value_is_host(host))
        return "the URL's host is no name and no address";
    uint64_t number = 1;
    if (port.length > 0 &&
        (port.at[0] != ':' ||
         qv_str_to_uint(qv_str_part(port, 1, SIZE_MAX), UINT16_MAX, &number) != QV_OK ||
         number == 0))
        return "the URL's port is no number from 1 to 65535";
    *ret_host = host;
    return NULL;
}

bool qv_value_is_authority(struct qv_str text)
{
    struct qv_str host;
    return authority_fault(text, &host) == NULL;
}

static bool is_plain(struct qv_str text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.at[i] <= ' ' || text.at[i] >= 0x7F || strchr("\"<>\\^`{|}?#@", text.at[i]) != NULL)
            return false;
    return true;
}

/* NULL: it is a URL. `http`: to any host, not to loopback alone. */
static const char *url_fault(struct qv_str text, bool http)
{
    struct qv_str host;
    bool secure = qv_str_starts_with(text, QV_STR("https://"));
    if (!secure && !qv_str_starts_with(text, QV_STR("http://")))
        return "the value is no URL";
    if (text.length > URL_LENGTH_MAX || !is_plain(text))
        return "the URL is too long or has characters that it cannot have";
    struct qv_str rest = qv_str_part(text, secure ? 8 : 7, SIZE_MAX);
    const char *fault = authority_fault(qv_str_part(rest, 0, qv_str_find(rest, '/')), &host);
    if (fault == NULL && !secure && !http && !is_loopback(host))
        fault = "http is for 127.0.0.1, ::1 and localhost alone";
    return fault;
}

static enum qv_status judge(const char *fault, const char *form, struct qv_error *error)
{
    if (fault == NULL)
        return QV_OK;
    return qv_error_set(error, QV_INVALID, "%s; write %s, without user, query and fragment", fault,
                        form);
}

enum qv_status qv_config_check_url(struct qv_str text, struct qv_error *error)
{
    return judge(url_fault(text, false), "https://host[:port]/path", error);
}

enum qv_status qv_value_check_own_url(struct qv_str text, struct qv_error *error)
{
    return judge(url_fault(text, true), "https://host[:port][/path] or http://host[:port][/path]",
                 error);
}
