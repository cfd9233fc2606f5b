/*
 * From path to route, by the rules of the listener.
 *
 * Arrowhead's and the operators' paths are matched as they were sent, and only the parameter is
 * decoded (spec/arrowhead-discovery section 11.4). CHAP's are decoded, each part once, and then
 * matched; a slash at the end leads on to the path without it, whatever the method and whoever asks
 * (spec/chap-registration B1.1). The connection's thread.
 */
#include "routing.h"

#include "base.h"
#include "path.h"

#include <quiver/api/gates.h>

/* ---- as one was called ----------------------------------------------------------------------- */

static struct in6_addr local_address(const struct qv_connection *connection)
{
    struct sockaddr_storage local = {0};
    if (h2o_socket_getsockname(connection->sock, (struct sockaddr *)&local) == 0)
        return (struct in6_addr){0};
    return qv_peer_address(&local);
}

/* Fills request.base in, where the Host header names this server. */
static void read_base(struct qv_exchange *exchange)
{
    const struct qv_connection *connection = exchange->connection;
    bool tls = connection->listener->config->tls != QV_TLS_OFF;
    const struct qv_names names = {
        .certificate = tls ? SSL_get_certificate(connection->ssl) : NULL,
        .hosts = tls ? NULL : &connection->worker->server->config->chap.hosts,
        .local = local_address(connection),
    };
    if (qv_names_has(&names, exchange->authority))
        exchange->request.base = qv_request_join(
            exchange->http, tls ? QV_STR("https://") : QV_STR("http://"), exchange->authority);
}

/* ---- slashes at the end ---------------------------------------------------------------------- */

/* Where the server's name is not known, the path alone leads there, too (RFC 9110 10.2.2). */
static enum qv_status write_location(struct qv_exchange *exchange, struct qv_str path)
{
    QV_CLEANUP(qv_buf) struct qv_buf location = {0};
    read_base(exchange);
    qv_buf_put(&location, exchange->request.base);
    qv_path_encode(path, &location);
    if (exchange->request.query.length > 0) {
        qv_buf_put_char(&location, '?');
        qv_query_encode(exchange->request.query, &location);
    }
    QV_TRY(qv_buf_status(&location));
    exchange->response.status = 307;
    exchange->response.location =
        h2o_strdup(&exchange->http->pool, location.at, location.length).base;
    return QV_OK;
}

static struct qv_str without_slashes(struct qv_str path)
{
    while (path.length > 0 && path.at[path.length - 1] == '/')
        path.length--;
    return path;
}

/* ---- routes ---------------------------------------------------------------------------------- */

static enum qv_match find(struct qv_exchange *exchange, struct qv_str path)
{
    const struct qv_connection *connection = exchange->connection;
    return qv_router_find(&connection->worker->server->router, connection->listener->config->serve,
                          exchange->request.method, path, &exchange->routed);
}

static enum qv_status refuse_method(struct qv_exchange *exchange, struct qv_error *error)
{
    exchange->response.allow = exchange->routed.route->allow;
    if (exchange->response.shape == QV_SHAPE_DETAIL)
        return qv_error_set(error, QV_METHOD_NOT_ALLOWED, "Method Not Allowed");
    return qv_error_set(error, QV_METHOD_NOT_ALLOWED, "Method %.*s is not supported",
                        QV_STR_ARG(exchange->request.method));
}

static enum qv_status find_raw(struct qv_exchange *exchange, struct qv_error *error)
{
    switch (find(exchange, exchange->request.path)) {
    case QV_MATCH_ROUTE: return qv_request_read_param(exchange, error);
    case QV_MATCH_OPTIONS:
        exchange->response.status = 200;
        exchange->response.allow = exchange->routed.route->allow_options;
        exchange->routed.route = NULL;
        return QV_OK;
    case QV_MATCH_METHOD: return refuse_method(exchange, error);
    case QV_MATCH_NONE: break;
    }
    return qv_error_set(error, QV_NOT_FOUND, "There is no such resource");
}

/* The words are FastAPI's. */
static enum qv_status find_decoded(struct qv_exchange *exchange, struct qv_error *error)
{
    struct qv_str raw = exchange->request.path, path;
    char *room = h2o_mem_alloc_pool(&exchange->http->pool, raw.length + 1);
    if (!qv_path_decode_all(raw, room, &path))
        return qv_error_set(error, QV_NOT_FOUND, "Not Found");
    struct qv_str shorter = without_slashes(path);
    enum qv_match match = find(exchange, shorter);
    if (match == QV_MATCH_NONE)
        return qv_error_set(error, QV_NOT_FOUND, "Not Found");
    if (shorter.length < path.length) {
        exchange->routed.route = NULL;
        return write_location(exchange, shorter);
    }
    if (match != QV_MATCH_ROUTE)
        return refuse_method(exchange, error);
    exchange->request.param = exchange->routed.param;
    if (exchange->routed.route->operation == QV_OP_CHAP_REGISTER)
        read_base(exchange); /* the answer has a URL */
    return QV_OK;
}

enum qv_status qv_routing_find(struct qv_exchange *exchange, struct qv_error *error)
{
    bool chap = qv_connection_serves_chap(exchange->connection);
    return chap ? find_decoded(exchange, error) : find_raw(exchange, error);
}

/* ---- keys ------------------------------------------------------------------------------------ */

enum qv_status qv_routing_check_key(struct qv_exchange *exchange, struct qv_error *error)
{
    (void)error; /* the refusal is no plain one */
    const struct qv_api *api = exchange->connection->worker->server->api;
    const struct qv_route *asked = exchange->routed.route;
    if (asked == NULL || !qv_connection_serves_chap(exchange->connection))
        return QV_OK;
    bool proved = qv_gate_chap(api, asked->operation, &exchange->request, &exchange->response);
    exchange->account.key = exchange->request.key_number;
    if (!proved) {
        qv_buf_put(&exchange->response.record.object, exchange->request.param);
        exchange->account.operation = asked->operation;
        exchange->routed.route = NULL;
    }
    return QV_OK;
}
