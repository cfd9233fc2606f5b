/*
 * Where a Redis is: redis://[user:password@]host[:port][/database] or unix:///path[?db=database];
 * the store's may be `embedded`, too.
 *
 * Holds always: no fault repeats any part of the URL, for it may hold a password; what is written
 * is owned by the configuration, also where the whole was not good. Any thread.
 */
#include "values.h"
#include <arpa/inet.h>
#include <quiver/base/memory.h>
#include <string.h>
#include <sys/un.h>

#define DEFAULT_PORT    6379
#define DATABASE_MAX    65535
#define HOST_LENGTH_MAX 253

struct url {
    enum qv_redis_kind kind;
    struct qv_str username, password; /* still percent-encoded */
    struct qv_str host, path;
    uint64_t port, database;
};

static enum qv_status refuse(struct qv_error *error, const char *why)
{
    return qv_error_set(error, QV_INVALID,
                        "%s; write redis://[user:password@]host[:port][/database] or "
                        "unix:///path[?db=database]",
                        why);
}

static bool take_prefix(struct qv_str *text, struct qv_str prefix)
{
    if (!qv_str_starts_with(*text, prefix))
        return false;
    *text = qv_str_part(*text, prefix.length, SIZE_MAX);
    return true;
}

/* The last place of `c`: a password may hold an @ that nobody encoded. */
static size_t find_last(struct qv_str text, char c)
{
    for (size_t i = text.length; i > 0; i--)
        if (text.at[i - 1] == c)
            return i - 1;
    return SIZE_MAX;
}

static enum qv_status take_user(struct qv_str *rest, struct url *url, struct qv_error *error)
{
    size_t at = find_last(*rest, '@');
    if (at == SIZE_MAX)
        return QV_OK;
    struct qv_str user = qv_str_part(*rest, 0, at);
    size_t colon = qv_str_find(user, ':');
    if (colon == SIZE_MAX || colon + 1 == user.length)
        return refuse(error, "the URL has a user without a password");
    url->username = qv_str_part(user, 0, colon);
    url->password = qv_str_part(user, colon + 1, SIZE_MAX);
    *rest = qv_str_part(*rest, at + 1, SIZE_MAX);
    return QV_OK;
}

static bool is_ipv6(struct qv_str text)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    char ended[INET6_ADDRSTRLEN] = "";
    if (text.length == 0 || text.length >= sizeof(ended))
        return false;
    memcpy(ended, text.at, text.length);
    return inet_pton(AF_INET6, ended, bytes) == 1;
}

static bool is_host_name(struct qv_str text)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.at[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '.' || c == '-' || c == '_'))
            return false;
    }
    return text.length > 0 && text.length <= HOST_LENGTH_MAX;
}

/* host, [IPv6], each with or without :port */
static enum qv_status take_host(struct qv_str text, struct url *url, struct qv_error *error)
{
    bool bracket = take_prefix(&text, QV_STR("["));
    size_t end = qv_str_find(text, bracket ? ']' : ':');
    url->host = qv_str_part(text, 0, end);
    struct qv_str port = qv_str_part(text, end == SIZE_MAX ? text.length : end, SIZE_MAX);
    if (bracket && !take_prefix(&port, QV_STR("]")))
        return refuse(error, "the URL's host has no closing bracket");
    if (bracket ? !is_ipv6(url->host) : !is_host_name(url->host))
        return refuse(error, "the URL's host is no name and no address");
    url->port = DEFAULT_PORT;
    if (port.length == 0)
        return QV_OK;
    if (!take_prefix(&port, QV_STR(":")) || qv_str_to_uint(port, UINT16_MAX, &url->port) != QV_OK ||
        url->port == 0)
        return refuse(error, "the URL's port is no number from 1 to 65535");
    return QV_OK;
}

static enum qv_status read_database(struct qv_str text, struct url *url, struct qv_error *error)
{
    if (qv_str_to_uint(text, DATABASE_MAX, &url->database) != QV_OK)
        return refuse(error, "the URL's database is no number from 0 to 65535");
    return QV_OK;
}

static enum qv_status read_tcp(struct qv_str rest, struct url *url, struct qv_error *error)
{
    url->kind = QV_REDIS_TCP;
    QV_TRY(take_user(&rest, url, error));
    size_t slash = qv_str_find(rest, '/');
    struct qv_str database = {0};
    if (slash != SIZE_MAX) {
        database = qv_str_part(rest, slash + 1, SIZE_MAX);
        rest = qv_str_part(rest, 0, slash);
    }
    QV_TRY(take_host(rest, url, error));
    return database.length > 0 ? read_database(database, url, error) : QV_OK;
}

static enum qv_status read_unix(struct qv_str rest, struct url *url, struct qv_error *error)
{
    url->kind = QV_REDIS_UNIX;
    size_t question = qv_str_find(rest, '?');
    url->path = qv_str_part(rest, 0, question);
    if (!qv_str_starts_with(url->path, QV_STR("/")) || url->path.length < 2)
        return refuse(error, "the socket's path does not begin with a slash");
    if (url->path.length >= sizeof(((struct sockaddr_un *)0)->sun_path))
        return refuse(error, "the socket's path is longer than the system allows (107 bytes)");
    if (question == SIZE_MAX)
        return QV_OK;
    struct qv_str query = qv_str_part(rest, question + 1, SIZE_MAX);
    if (!take_prefix(&query, QV_STR("db=")))
        return refuse(error, "the URL has an unknown parameter");
    return read_database(query, url, error);
}

/* ---- into the configuration ---- */

/* RFC 3986 section 2.1; QV_INVALID for a broken escape or a NUL. */
static enum qv_status decode(struct qv_str text, char **ret_text)
{
    char *decoded = qv_alloc(text.length + 1);
    if (decoded == NULL)
        return QV_NO_MEMORY;
    size_t length = 0;
    for (size_t i = 0; i < text.length; i++) {
        int c = (unsigned char)text.at[i];
        if (c == '%') {
            int high = i + 2 < text.length ? qv_hex_digit(text.at[i + 1]) : -1;
            int low = high >= 0 ? qv_hex_digit(text.at[i + 2]) : -1;
            c = low >= 0 ? high * 16 + low : 0;
            i += 2;
        }
        if (c == 0) {
            qv_memory_wipe(decoded, length);
            qv_free(decoded);
            return QV_INVALID;
        }
        decoded[length++] = (char)c;
    }
    *ret_text = decoded;
    return QV_OK;
}

/* NULL for what was not given. */
static enum qv_status copy(struct qv_str text, char **ret_text)
{
    if (text.length == 0)
        return QV_OK;
    char *copied = qv_str_dup(text);
    if (copied == NULL)
        return QV_NO_MEMORY;
    *ret_text = copied;
    return QV_OK;
}

static enum qv_status store_url(const struct url *url, struct qv_config_redis *ret_redis,
                                struct qv_error *error)
{
    ret_redis->kind = url->kind;
    ret_redis->port = (uint16_t)url->port;
    ret_redis->database = (unsigned)url->database;
    enum qv_status status = copy(url->host, &ret_redis->host);
    if (status == QV_OK)
        status = copy(url->path, &ret_redis->path);
    if (status == QV_OK && url->username.length > 0)
        status = decode(url->username, &ret_redis->username);
    if (status == QV_OK && url->password.length > 0)
        status = decode(url->password, &ret_redis->password);
    if (status == QV_INVALID)
        return refuse(error, "the URL's user or password has a broken % escape");
    return status;
}

enum qv_status qv_value_redis(struct qv_str text, bool embedded, struct qv_config_redis *ret_redis,
                              struct qv_error *error)
{
    struct url url = {.kind = QV_REDIS_EMBEDDED};
    if (qv_str_starts_with(text, QV_STR("rediss://")) ||
        qv_str_starts_with(text, QV_STR("sentinel://")))
        return refuse(error, "this kind of URL is not supported by this version");
    if (take_prefix(&text, QV_STR("redis://")))
        QV_TRY(read_tcp(text, &url, error));
    else if (take_prefix(&text, QV_STR("unix://")))
        QV_TRY(read_unix(text, &url, error));
    else if (!embedded || !qv_str_equal(text, QV_STR("embedded")))
        return refuse(error, embedded ? "the value is neither embedded nor a URL of a known form"
                                      : "the value is no URL of a known form");
    return store_url(&url, ret_redis, error);
}
