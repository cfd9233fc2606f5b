/*
 * From the api's response to libh2o's.
 *
 * The body's memory stays with the exchange until libh2o has sent it. Every answer forbids to keep
 * or to guess at it; HEAD gets the same head and not one byte behind it (RFC 9110 9.3.2).
 * The connection's thread.
 */
#include "exchange.h"

#include <stdio.h>
#include <string.h>

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {200, "OK"},
    {201, "Created"},
    {204, "No Content"},
    {307, "Temporary Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {422, "Unprocessable Content"},
    {423, "Locked"},
    {429, "Too Many Requests"},
    {500, "Internal Server Error"},
    {503, "Service Unavailable"},
};

const char *qv_response_reason(int status)
{
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (reasons[i].status == status)
            return reasons[i].reason;
    }
    return "Unnamed";
}

static void add_token(h2o_req_t *http, const h2o_token_t *name, const char *value)
{
    if (value != NULL)
        h2o_add_header(&http->pool, &http->res.headers, name, NULL, value, strlen(value));
}

static void add_named(h2o_req_t *http, h2o_iovec_t name, const char *value)
{
    if (value != NULL)
        h2o_add_header_by_str(&http->pool, &http->res.headers, name.base, name.len, 0, NULL, value,
                              strlen(value));
}

/* Of all the ways to prove who one is only those of the Authorization header have a name that a
   challenge can give (RFC 9110 11.6.1): a client certificate is asked for by TLS. */
static const char *challenge(const struct qv_response *response, const h2o_req_t *http)
{
    const struct qv_connection *connection = qv_connection_of_request((h2o_req_t *)http);
    enum qv_authentication by = connection->listener->config->authentication;
    bool header = by == QV_AUTHENTICATION_DECLARED || by == QV_AUTHENTICATION_OUTSOURCED;
    return response->status == 401 && header ? "Bearer" : NULL;
}

void qv_response_add_headers(const struct qv_response *response, h2o_req_t *http)
{
    add_token(http, H2O_TOKEN_CONTENT_TYPE, response->content_type);
    add_token(http, H2O_TOKEN_CACHE_CONTROL, "no-store");
    add_named(http, h2o_iovec_init(H2O_STRLIT("x-content-type-options")), "nosniff");
    add_token(http, H2O_TOKEN_ALLOW, response->allow);
    add_token(http, H2O_TOKEN_ACCEPT, response->accept);
    add_token(http, H2O_TOKEN_LOCATION, response->location);
    add_token(http, H2O_TOKEN_WWW_AUTHENTICATE, challenge(response, http));
    add_named(http, h2o_iovec_init(H2O_STRLIT("x-quiver-rule")), response->rule);
    if (response->retry_after > 0) {
        char *seconds = h2o_mem_alloc_pool(&http->pool, 16);
        snprintf(seconds, 16, "%u", response->retry_after);
        add_token(http, H2O_TOKEN_RETRY_AFTER, seconds);
    }
}

/* The body as far as it was written; without memory for it, an answer that needs none. */
static h2o_iovec_t take_body(struct qv_response *response)
{
    if (qv_buf_status(&response->body) == QV_OK)
        return h2o_iovec_init(response->body.at, response->body.length);
    response->status = 503;
    response->content_type = "application/json";
    response->retry_after = 1;
    struct qv_str words = qv_response_no_memory(response->shape);
    return h2o_iovec_init(words.at, words.length);
}

static void count(const struct qv_exchange *exchange)
{
    qv_metrics_answered(exchange->connection->worker->counts, exchange->account.operation,
                        exchange->response.status, qv_mono_now().us - exchange->account.begun.us);
}

void qv_response_send(struct qv_exchange *exchange)
{
    static h2o_generator_t generator; /* has nothing to proceed or to stop */
    h2o_req_t *http = exchange->http;
    struct qv_response *response = &exchange->response;
    h2o_iovec_t body = take_body(response);
    qv_account_write(&exchange->account, exchange->connection->worker->server->api, response);
    count(exchange);
    qv_request_log(exchange);
    if (response->close) {
        http->http1_is_persistent = 0;
        qv_connection_linger(exchange->connection);
    }
    if (exchange->connection->worker->stopping)
        http->http1_is_persistent = 0;

    http->res.status = response->status;
    http->res.reason = qv_response_reason(response->status);
    bool no_content = response->status == 204; /* has no length either: RFC 9110 8.6 */
    http->res.content_length = no_content ? SIZE_MAX : body.len;
    qv_response_add_headers(response, http);
    h2o_start_response(http, &generator);
    bool silent = no_content || body.len == 0 ||
                  h2o_memis(http->input.method.base, http->input.method.len, H2O_STRLIT("HEAD"));
    h2o_send(http, silent ? NULL : &body, silent ? 0 : 1, H2O_SEND_STATE_FINAL);
}
