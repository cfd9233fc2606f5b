/*
 * Session tickets that do not get past a judgement. Private to `trust`.
 */
#ifndef QUIVER_TRUST_TICKETS_H
#define QUIVER_TRUST_TICKETS_H

#include "verdict.h"

/** One ticket a handshake where they are `given`, kept by the client alone, for TLS 1.2 and 1.3;
 *  each is judged when it comes back. The context is bound (qv_verdict_bind) before it is used. */
QV_MUST_CHECK enum qv_status qv_tickets_install(SSL_CTX *context, bool given);

/** The path by which the peer of a resumed session was let in; count 0: it showed no certificate.
 *  QV_INVALID: the session has none of ours. */
QV_MUST_CHECK enum qv_status qv_ticket_path(const SSL *ssl, struct qv_path *ret_path);

#endif
