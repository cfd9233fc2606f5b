/*
 * From libh2o's request to the api's.
 *
 * Texts point into the connection's input, which stays as it is until the answer is sent, or into
 * the request's pool. libh2o's decoded and normalized path is never looked at: only the raw target
 * counts. The connection's thread.
 */
#include "exchange.h"
#include "head.h"
#include "path.h"

#include <stdio.h>
#include <string.h>

static struct qv_str str_of(h2o_iovec_t text)
{
    return (struct qv_str){text.base, text.len};
}

/* All pieces, one behind the other, in the pool. */
static struct qv_str join(h2o_mem_pool_t *pool, const struct qv_str *pieces, size_t count)
{
    size_t length = 0;
    for (size_t i = 0; i < count; i++)
        length += pieces[i].length;
    char *text = h2o_mem_alloc_pool(pool, length + 1);
    char *end = text;
    for (size_t i = 0; i < count; i++) {
        if (pieces[i].length > 0)
            memcpy(end, pieces[i].at, pieces[i].length);
        end += pieces[i].length;
    }
    return (struct qv_str){text, length};
}

struct qv_str qv_request_join(h2o_req_t *http, struct qv_str front, struct qv_str back)
{
    const struct qv_str pieces[] = {front, back};
    return join(&http->pool, pieces, 2);
}

/* A text with each byte beyond ASCII as %XX, in the pool. */
static struct qv_str escape_bytes(h2o_mem_pool_t *pool, struct qv_str text)
{
    char *room = h2o_mem_alloc_pool(pool, text.length * 3 + 1);
    size_t length = 0;
    for (size_t i = 0; i < text.length; i++) {
        unsigned char byte = (unsigned char)text.at[i];
        if (byte < 0x80)
            room[length++] = text.at[i];
        else
            length += (size_t)sprintf(room + length, "%%%02X", byte);
    }
    return (struct qv_str){room, length};
}

static struct qv_str write_origin(h2o_mem_pool_t *pool, struct qv_str method, struct qv_str path)
{
    const struct qv_str pieces[] = {method, QV_STR(" "), path};
    struct qv_str origin = join(pool, pieces, 3);
    return qv_str_is_utf8(origin) ? origin : escape_bytes(pool, origin);
}

struct qv_str qv_request_origin(h2o_req_t *http)
{
    struct qv_str raw = str_of(http->input.path);
    size_t query = qv_str_find(raw, '?');
    if (query != SIZE_MAX)
        raw.length = query;
    return write_origin(&http->pool, str_of(http->input.method), raw);
}

/* ---- head ------------------------------------------------------------------------------------ */

static enum qv_status read_head(struct qv_exchange *exchange, struct qv_error *error)
{
    h2o_req_t *http = exchange->http;
    const h2o_buffer_t *input = exchange->connection->sock->input;
    struct qv_head head;
    QV_TRY(qv_head_check((struct qv_str){input->bytes, input->size}, http->version < 0x101, &head,
                         error));
    exchange->request.has_body = head.has_body;
    return QV_OK;
}

/* The target's, where it has one: that outranks the header (RFC 9112 3.2.2). */
static struct qv_str read_authority(const h2o_req_t *http, const struct qv_target *target)
{
    bool sent = http->input.authority.base != http->hostconf->authority.hostport.base;
    if (target->authority.at != NULL)
        return target->authority;
    return sent ? qv_str_trim(str_of(http->input.authority)) : (struct qv_str){0};
}

/* Scheme, host and path, one slash at the end left out (spec/arrowhead-discovery 1.4). */
static struct qv_str write_url(struct qv_exchange *exchange, const struct qv_target *target)
{
    h2o_req_t *http = exchange->http;
    struct qv_str authority = exchange->authority;
    if (authority.length == 0)
        authority = qv_str_from(exchange->connection->listener->authority);
    struct qv_str path = target->path;
    if (path.at[path.length - 1] == '/')
        path.length--;
    bool tls = exchange->connection->listener->config->tls != QV_TLS_OFF;
    const struct qv_str pieces[] = {tls ? QV_STR("https://") : QV_STR("http://"), authority, path};
    struct qv_str url = join(&http->pool, pieces, 3);
    return qv_str_is_utf8(url) ? url : escape_bytes(&http->pool, url);
}

/* ---- headers --------------------------------------------------------------------------------- */

struct qv_str qv_request_authorization(const h2o_req_t *http)
{
    ssize_t at = h2o_find_header(&http->headers, H2O_TOKEN_AUTHORIZATION, -1);
    if (at == -1)
        return (struct qv_str){0};
    /* Sent and empty is not the same as not sent. */
    struct qv_str value = str_of(http->headers.entries[at].value);
    return value.at != NULL ? value : QV_STR("");
}

/* No token of libh2o's; its parser wrote the name in lower case. */
static bool is_service_key(const h2o_header_t *header)
{
    return h2o_memis(header->name->base, header->name->len, H2O_STRLIT("x-service-key"));
}

static void read_headers(struct qv_exchange *exchange)
{
    h2o_req_t *http = exchange->http;
    struct qv_request *request = &exchange->request;
    for (size_t i = 0; i < http->headers.size; i++) {
        const h2o_header_t *header = &http->headers.entries[i];
        struct qv_str value = qv_str_trim(str_of(header->value));
        if (header->name == &H2O_TOKEN_CONTENT_TYPE->buf && request->content_type.at == NULL) {
            request->content_type = value;
        } else if (header->name == &H2O_TOKEN_ACCEPT->buf) {
            const struct qv_str pieces[] = {request->accept, QV_STR(", "), value};
            bool first = request->accept.at == NULL;
            request->accept = first ? value : join(&http->pool, pieces, 3);
        } else if (is_service_key(header) && request->service_key.at == NULL) {
            request->service_key = value.at != NULL ? value : QV_STR(""); /* sent and empty */
        }
    }
}

/* ---- the whole ------------------------------------------------------------------------------- */

static enum qv_status read_parts(struct qv_exchange *exchange, struct qv_error *error)
{
    h2o_req_t *http = exchange->http;
    struct qv_request *request = &exchange->request;
    QV_TRY(read_head(exchange, error));
    struct qv_target target = {0};
    QV_TRY(qv_target_read(str_of(http->input.path), &target, error));
    request->path = target.path;
    request->query = target.query;
    request->origin = write_origin(&http->pool, request->method, target.path);
    exchange->authority = read_authority(http, &target);
    request->url = write_url(exchange, &target);
    exchange->blame = request->origin;

    /* libh2o's limit is one byte more, as it counts chunked bodies one stricter than others. */
    size_t limit = exchange->connection->worker->limits.body;
    if (http->entity.len > limit)
        return qv_error_set(error, QV_TOO_LARGE, "Request body is larger than %zu bytes", limit);
    request->body = str_of(http->entity);
    read_headers(exchange);
    return QV_OK;
}

enum qv_status qv_request_read(struct qv_exchange *exchange, struct qv_error *error)
{
    exchange->request.method = str_of(exchange->http->input.method);
    exchange->request.now = qv_wall_now();
    exchange->request.json_depth = exchange->connection->worker->limits.json_depth;
    enum qv_status status = read_parts(exchange, error);
    if (status != QV_OK) {
        exchange->response.close = true; /* whoever framed this may have framed more */
        if (exchange->blame.length == 0)
            exchange->blame = qv_request_origin(exchange->http);
    }
    return status;
}

enum qv_status qv_request_read_param(struct qv_exchange *exchange, struct qv_error *error)
{
    struct qv_str part = exchange->routed.param;
    if (part.length == 0)
        return QV_OK;
    h2o_mem_pool_t *pool = &exchange->http->pool;
    struct qv_request *request = &exchange->request;
    QV_TRY(qv_path_decode(part, h2o_mem_alloc_pool(pool, part.length), &request->param, error));
    const struct qv_str pieces[] = {{request->path.at, request->path.length - part.length},
                                    request->param};
    request->origin = write_origin(pool, request->method, join(pool, pieces, 2));
    exchange->blame = request->origin;
    return QV_OK;
}
