/*
 * What is asked for: the gates between who calls and whether he may. The connection's thread.
 */
#ifndef QUIVER_SERVER_ROUTING_H
#define QUIVER_SERVER_ROUTING_H

#include "exchange.h"

/** Finds the route, in exchange->routed, with its parameter. With QV_OK and no route the answer is
 *  complete: it needs no operation. */
QV_MUST_CHECK enum qv_status qv_routing_find(struct qv_exchange *exchange, struct qv_error *error);
/** On a listener that serves CHAP: has the caller proved what the operation needs? With QV_OK and
 *  no route any more the answer is complete: it is the refusal. */
QV_MUST_CHECK enum qv_status qv_routing_check_key(struct qv_exchange *exchange,
                                                  struct qv_error *error);

#endif
