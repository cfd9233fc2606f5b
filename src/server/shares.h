/*
 * Where connections and requests meet limits.identities. The connection's thread.
 */
#ifndef QUIVER_SERVER_SHARES_H
#define QUIVER_SERVER_SHARES_H

#include "exchange.h"

/** The peer was judged: counts the connection among its system's. One that is too many stays, for
 *  TLS has no alert that would say so, and each of its requests is told. */
void qv_shares_begin(struct qv_connection *connection);
/** The connection is being freed. */
void qv_shares_end(struct qv_connection *connection);
/** The gate behind the identity: has its system asked for too much? Leaves in the request what it
 *  may have registered. */
QV_MUST_CHECK enum qv_status qv_shares_check(struct qv_exchange *exchange, struct qv_error *error);

#endif
