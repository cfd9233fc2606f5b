/*
 * TLS: who is there, and may it stay?
 *
 * libh2o does the handshake; the trust module's verify callback refuses bad chains early, with the
 * alert that fits; qv_trust_judge decides at the end, and takes the identity, once per connection.
 * A handshake is judged by the trust of its end, not of its beginning. Each one that is refused is
 * logged with who came, with what, and why, and counted. The worker's thread.
 */
#include "live.h"
#include "refusal.h"
#include "shares.h"

#include <openssl/err.h>

#define REFUSED "handshake refused"
#define NOBODY  "identity refused" /* the connection stays: its requests are told why */

static void refuse(const struct qv_connection *connection, const struct qv_refusal *refusal)
{
    /* Counted first: whoever reads the line finds it in the figures. */
    qv_refusal_count(connection, QV_HANDSHAKE_REFUSED, refusal->code);
    qv_refusal_log(connection, refusal);
}

static void refuse_failed(const struct qv_connection *connection)
{
    if (connection->ssl == NULL)
        return; /* came and went without a word, as a port check does */
    struct qv_verdict verdict = {.status = QV_OK};
    QV_CLEANUP(qv_certificate) struct qv_certificate *peer = NULL;
    qv_trust_explain_failure(connection->ssl, &verdict, &peer);
    const struct qv_refusal refusal = {REFUSED, verdict.reason, verdict.code, peer};
    refuse(connection, &refusal);
}

static void on_timeout(struct qv_timer *timer)
{
    struct qv_connection *connection =
        H2O_STRUCT_FROM_MEMBER(struct qv_connection, handshake_end, timer);
    const struct qv_refusal refusal = {
        .event = REFUSED,
        .reason = "the handshake took longer than limits.handshake_timeout",
        .code = "timeout",
    };
    refuse(connection, &refusal);
    h2o_socket_close(connection->sock);
}

/* ---- the end of a handshake ------------------------------------------------------------------ */

static void judge_peer(struct qv_connection *connection, struct qv_verdict *verdict)
{
    const struct qv_trust *trust = connection->worker->trust;
    qv_trust_judge(trust, connection->ssl, qv_wall_now(), verdict, &connection->path,
                   &connection->identity, &connection->identity_error);
    ERR_clear_error(); /* libssl takes what is left there for its own */
    connection->generation = qv_trust_generation(trust);
    if (verdict->status == QV_OK && qv_live_begin(connection) != QV_OK)
        *verdict = (struct qv_verdict){QV_NO_MEMORY, "out of memory", "internal"};
}

/* True where the peer may stay. */
static bool judge(struct qv_connection *connection)
{
    struct qv_verdict verdict = {.status = QV_OK};
    judge_peer(connection, &verdict);
    struct qv_refusal refusal = {REFUSED, verdict.reason, verdict.code, NULL};
    if (verdict.status != QV_OK) {
        refuse(connection, &refusal);
        return false;
    }
    refusal.event = NOBODY;
    if (connection->identity_error.status != QV_OK)
        qv_refusal_log(connection, &refusal);
    qv_shares_begin(connection);
    bool resumed = SSL_session_reused(connection->ssl) == 1;
    qv_refusal_count(connection, resumed ? QV_HANDSHAKE_RESUMED : QV_HANDSHAKE_FULL, NULL);
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
        qv_trust_free(&connection->trust); /* an old one should not live as long as its peers */
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
    if (context == NULL || qv_loop_timer_arm(&worker->timer, &connection->handshake_end,
                                             worker->limits.handshake_ms) != QV_OK) {
        h2o_socket_close(connection->sock);
        return;
    }
    connection->handshaking = true;
    /* libh2o makes the SSL object from the context only when the first bytes come. */
    connection->trust = qv_trust_ref(worker->trust);
    h2o_socket_ssl_handshake(connection->sock, context, NULL, on_handshake);
}
