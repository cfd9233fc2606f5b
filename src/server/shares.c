/*
 * Asking the limiter, and telling operators.
 *
 * Holds always: a connection that has a place among its system's gives it back when it ends; one
 * that has none serves nothing. Nobody has limits who did not say who he is, nor who is nobody.
 * The connection's thread.
 */
#include "shares.h"

#include <quiver/domain/names.h>

static enum qv_status normalize(const struct qv_connection *connection,
                                const struct qv_identity *identity, struct qv_buf *name)
{
    qv_name_normalize(connection->worker->server->api->rules.dialect, QV_ENTITY_SYSTEM,
                      qv_str_from(identity->system), name);
    return qv_buf_status(name);
}

static void tell(const struct qv_connection *connection, const struct qv_error *error)
{
    unsigned suppressed;
    if (error->status == QV_TOO_MANY &&
        qv_gate_pass(&connection->worker->server->too_many, qv_mono_now(), &suppressed))
        qv_log(QV_LOG_WARNING, "limit reached", QV_LOG_CSTR("peer", connection->peer),
               QV_LOG_CSTR("reason", qv_error_message(error)),
               QV_LOG_INT("suppressed", suppressed));
}

void qv_shares_begin(struct qv_connection *connection)
{
    QV_CLEANUP(qv_buf) struct qv_buf name = {0};
    if (connection->identity == NULL)
        return;
    enum qv_status status = normalize(connection, connection->identity, &name);
    if (status == QV_OK)
        status = qv_limiter_connect(connection->worker->server->limiter, qv_buf_str(&name),
                                    qv_mono_now(), &connection->share, &connection->share_error);
    connection->share_error.status = status; /* running out of memory leaves no words */
    tell(connection, &connection->share_error);
}

void qv_shares_end(struct qv_connection *connection)
{
    qv_limiter_disconnect(connection->worker->server->limiter, &connection->share, qv_mono_now());
    qv_error_free(&connection->share_error);
}

/* Of a connection that is one too many. */
static enum qv_status refuse_all(struct qv_exchange *exchange, struct qv_error *error)
{
    const struct qv_error *why = &exchange->connection->share_error;
    exchange->response.close = true;
    exchange->response.retry_after = 1;
    return qv_error_set(error, why->status, "%s", qv_error_message(why));
}

/* Nobody, in the one lookup that needs nobody, is called by what is no name. */
static bool is_somebody(const struct qv_identity *identity)
{
    return identity != NULL && identity->system[0] != '<';
}

static enum qv_status ask(struct qv_exchange *exchange, struct qv_error *error)
{
    const struct qv_connection *connection = exchange->connection;
    struct qv_limiter *limiter = connection->worker->server->limiter;
    const struct qv_identity *identity = exchange->request.identity;
    if (!is_somebody(identity) || !qv_limiter_has_limits(limiter))
        return QV_OK;
    QV_CLEANUP(qv_buf) struct qv_buf name = {0};
    struct qv_share *share = identity == connection->identity ? connection->share : NULL;
    if (share == NULL)
        QV_TRY(normalize(connection, identity, &name));
    struct qv_allowance allowance;
    enum qv_status status =
        qv_limiter_request(limiter, share, qv_buf_str(&name), qv_mono_now(), &allowance, error);
    exchange->response.retry_after = allowance.retry_after;
    exchange->request.instances_max = allowance.instances;
    return status;
}

/* Without memory for the name the line is not left out. */
static void record(struct qv_exchange *exchange)
{
    const struct qv_connection *connection = exchange->connection;
    struct qv_record *made = &exchange->response.record;
    QV_CLEANUP(qv_buf) struct qv_buf name = {0};
    if (normalize(connection, exchange->request.identity, &name) != QV_OK ||
        qv_limiter_tells(connection->worker->server->limiter, qv_buf_str(&name), qv_mono_now(),
                         &made->suppressed))
        made->verdict = QV_RECORD_REFUSED;
}

enum qv_status qv_shares_check(struct qv_exchange *exchange, struct qv_error *error)
{
    const struct qv_connection *connection = exchange->connection;
    bool has_place = connection->share_error.status == QV_OK;
    exchange->blame = exchange->request.origin;
    enum qv_status status = has_place ? ask(exchange, error) : refuse_all(exchange, error);
    if (status != QV_TOO_MANY)
        return status;
    qv_metrics_limited(connection->worker->server->api->metrics,
                       has_place ? QV_LIMIT_REQUESTS : QV_LIMIT_CONNECTIONS);
    if (has_place)
        tell(connection, error); /* of the others that was told when they came */
    record(exchange);
    return status;
}
