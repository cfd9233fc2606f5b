/*
 * Connections whose handshake is over and whose peers showed a certificate: do they still stand?
 * Asked before each request, by each sweep, and when a certificate ends. The worker's thread.
 */
#ifndef QUIVER_SERVER_LIVE_H
#define QUIVER_SERVER_LIVE_H

#include "connection.h"

/* What sweeps do before others have their turn again. A cut costs the event loop more than the one
   who cuts: closing is its affair. */
enum { QV_SLICE_US = 1000, QV_SLICE_CUTS = 32 };

/** The handshake was judged: from now on the end of connection->path is watched. */
QV_MUST_CHECK enum qv_status qv_live_begin(struct qv_connection *connection);
/** The connection is being freed. */
void qv_live_forget(struct qv_connection *connection);

/** May it go on? Costs two comparisons, unless trust changed since or the path's end came: then it
 *  is judged again. False: it is not trusted any more, and cut; nothing of it may be served. */
bool qv_live_stands(struct qv_connection *connection, struct qv_wall now);

#endif
