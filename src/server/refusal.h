/*
 * Telling operators whom TLS was refused, and why: a line in the log, but no more of them a second
 * than can be read. The connection's thread.
 */
#ifndef QUIVER_SERVER_REFUSAL_H
#define QUIVER_SERVER_REFUSAL_H

#include "connection.h"

struct qv_refusal {
    const char *event; /**< "handshake refused" ... */
    const char *reason, *code;
    const struct qv_certificate *peer; /**< NULL: the one that the connection's SSL knows, if any */
};
void qv_refusal_log(const struct qv_connection *connection, const struct qv_refusal *refusal);

/** Counts what came of a handshake, or of a live connection. */
void qv_refusal_count(const struct qv_connection *connection, enum qv_handshake_outcome outcome,
                      const char *code);

#endif
