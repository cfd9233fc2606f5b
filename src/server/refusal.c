/*
 * The lines "handshake refused", "identity refused" and "connection ended", which say of each peer
 * who it was, as far as it is known. Reading a certificate for a line that is not written would
 * cost a flood's victim more than the flooder: so the gate is asked first.
 */
#include "refusal.h"

static void add_peer(const struct qv_certificate *peer, struct qv_log_field *fields, size_t *count)
{
    fields[(*count)++] = QV_LOG_CSTR("subject", peer->subject);
    fields[(*count)++] = QV_LOG_CSTR("issuer", peer->issuer);
    fields[(*count)++] = QV_LOG_CSTR("serial", peer->serial);
    fields[(*count)++] = QV_LOG_CSTR("fingerprint", peer->fingerprint);
}

static void write_line(const struct qv_connection *connection, const struct qv_refusal *refusal,
                       const struct qv_certificate *peer, unsigned suppressed)
{
    struct qv_log_field fields[10] = {
        QV_LOG_CSTR("listener", connection->listener->config->name),
        QV_LOG_CSTR("peer", connection->peer),
        QV_LOG_CSTR("reason", refusal->reason),
        QV_LOG_CSTR("code", refusal->code),
    };
    size_t count = 4;
    if (peer != NULL)
        add_peer(peer, fields, &count);
    if (suppressed > 0)
        fields[count++] = QV_LOG_INT("suppressed", suppressed);
    qv_log_write(QV_LOG_WARNING, refusal->event, fields);
}

void qv_refusal_log(const struct qv_connection *connection, const struct qv_refusal *refusal)
{
    unsigned suppressed;
    if (!qv_gate_pass(&connection->worker->server->refusals, qv_mono_now(), &suppressed))
        return;
    QV_CLEANUP(qv_certificate) struct qv_certificate *known = NULL;
    X509 *leaf = connection->ssl != NULL ? SSL_get0_peer_certificate(connection->ssl) : NULL;
    if (refusal->peer == NULL && leaf != NULL && qv_certificate_read(leaf, &known) != QV_OK)
        known = NULL; /* without memory the line does without */
    write_line(connection, refusal, refusal->peer != NULL ? refusal->peer : known, suppressed);
}

void qv_refusal_count(const struct qv_connection *connection, enum qv_handshake_outcome outcome,
                      const char *code)
{
    qv_handshakes_count(connection->worker->server->api->handshakes, outcome, code);
}
