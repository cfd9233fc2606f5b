/*
 * Who asks, as the policy wants to know it. The connection's thread alone.
 */
#ifndef QUIVER_SERVER_CALLER_H
#define QUIVER_SERVER_CALLER_H

#include "exchange.h"

/** Has the exchange have its caller's rights under the policy that is in force. To be called when
 *  the identity of the request is known; once is enough. */
QV_MUST_CHECK enum qv_status qv_caller_find_rights(struct qv_exchange *exchange);
/** The policy of the connection's worker may be another one now: lets go of rights that are of the
 *  one before, and so of that. */
void qv_caller_forget_old(struct qv_connection *connection);

#endif
