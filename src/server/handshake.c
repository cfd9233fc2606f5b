/*
 * TLS: who is there, and may it stay?
 *
 * libh2o does the handshake; the trust module's verify callback refuses bad chains early, with the
 * alert that fits; qv_trust_judge decides at the end, and takes the identity, once per connection.
 * A handshake is judged by the trust of its end, not of its beginning. Each one that is refused is
 * logged with who came, with what, and why, but no more lines a second than an operator can read.
 * The worker's thread.
 */
#include "connection.h"

#define REFUSED "handshake refused"
#define NOBODY  "identity refused" /* the connection stays: its requests are told why */

struct refusal {
    const char *event;
    const struct qv_connection *connection;
    const char *reason, *code;
    const struct qv_certificate *peer; /* NULL: none came */
};

static void log_refusal(const struct refusal *refusal)
{
    unsigned suppressed;
    struct qv_server *server = refusal->connection->worker->server;
    if (!qv_gate_pass(&server->refusals, qv_mono_now(), &suppressed))
        return;
    const struct qv_certificate *peer = refusal->peer;
    struct qv_log_field fields[10] = {
        QV_LOG_CSTR("listener", refusal->connection->listener->config->name),
        QV_LOG_CSTR("peer", refusal->connection->peer),
        QV_LOG_CSTR("reason", refusal->reason),
        QV_LOG_CSTR("code", refusal->code),
    };
    size_t count = 4;
    if (peer != NULL) {
        fields[count++] = QV_LOG_CSTR("subject", peer->subject);
        fields[count++] = QV_LOG_CSTR("issuer", peer->issuer);
        fields[count++] = QV_LOG_CSTR("serial", peer->serial);
        fields[count++] = QV_LOG_CSTR("fingerprint", peer->fingerprint);
    }
    if (suppressed > 0)
        fields[count++] = QV_LOG_INT("suppressed", suppressed);
    qv_log_write(QV_LOG_WARNING, refusal->event, fields);
}

/* The peer's certificate as far as it came; NULL where none did or memory is out. */
static struct qv_certificate *read_peer(const SSL *ssl)
{
    X509 *leaf = ssl != NULL ? SSL_get0_peer_certificate(ssl) : NULL;
    struct qv_certificate *peer = NULL;
    if (leaf == NULL || qv_certificate_read(leaf, &peer) != QV_OK)
        return NULL;
    return peer;
}

static void refuse_failed(const struct qv_connection *connection)
{
    if (connection->ssl == NULL)
        return; /* came and went without a word, as a port check does */
    struct qv_verdict verdict = {.status = QV_OK};
    QV_CLEANUP(qv_certificate) struct qv_certificate *peer = NULL;
    qv_trust_explain_failure(connection->ssl, &verdict, &peer);
    struct refusal refusal = {REFUSED, connection, verdict.reason, verdict.code, peer};
    log_refusal(&refusal);
}

static void on_timeout(struct qv_timer *timer)
{
    struct qv_connection *connection =
        H2O_STRUCT_FROM_MEMBER(struct qv_connection, handshake_end, timer);
    QV_CLEANUP(qv_certificate) struct qv_certificate *peer = read_peer(connection->ssl);
    struct refusal refusal = {
        .event = REFUSED,
        .connection = connection,
        .reason = "the handshake took longer than limits.handshake_timeout",
        .code = "timeout",
        .peer = peer,
    };
    log_refusal(&refusal);
    h2o_socket_close(connection->sock);
}

/* True where the peer may stay. */
static bool judge(struct qv_connection *connection)
{
    struct qv_trust *trust = connection->worker->trust;
    struct qv_verdict verdict = {.status = QV_OK};
    qv_trust_judge(trust, connection->ssl, qv_wall_now(), &verdict, &connection->identity,
                   &connection->identity_error);
    bool stays = verdict.status == QV_OK;
    if (!stays || connection->identity_error.status != QV_OK) {
        QV_CLEANUP(qv_certificate) struct qv_certificate *peer = read_peer(connection->ssl);
        struct refusal refusal = {stays ? NOBODY : REFUSED, connection, verdict.reason,
                                  verdict.code, peer};
        log_refusal(&refusal);
    }
    if (!stays)
        return false;
    connection->generation = qv_trust_generation(trust);
    if (connection->trust != trust) {
        qv_trust_free(&connection->trust);
        connection->trust = qv_trust_ref(trust);
    }
    return true;
}

static void on_handshake(h2o_socket_t *sock, const char *err)
{
    struct qv_connection *connection = qv_connection_of_socket(sock);
    qv_loop_timer_disarm(&connection->worker->timer, &connection->handshake_end);
    connection->handshaking = false;
    if (connection->ssl != NULL)
        qv_alert_end(connection->ssl);
    if (err != NULL)
        refuse_failed(connection);
    else if (judge(connection)) {
        qv_connection_serve(connection);
        return;
    }
    if (err != h2o_socket_error_closed)
        qv_connection_linger(connection);
    h2o_socket_close(sock);
}

void qv_handshake_start(struct qv_connection *connection)
{
    struct qv_worker *worker = connection->worker;
    SSL_CTX *context = qv_trust_context(worker->trust, connection->listener->index);
    connection->handshake_end.fire = on_timeout;
    if (context == NULL ||
        qv_loop_timer_arm(&worker->timer, &connection->handshake_end,
                          worker->server->config->limits.handshake_ms) != QV_OK) {
        h2o_socket_close(connection->sock);
        return;
    }
    connection->handshaking = true;
    /* libh2o makes the SSL object from the context only when the first bytes come. */
    connection->trust = qv_trust_ref(worker->trust);
    h2o_socket_ssl_handshake(connection->sock, context, NULL, on_handshake);
}
