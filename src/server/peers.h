/*
 * How many connections each address has, over all workers: so that one peer alone cannot take all
 * places (limits.connections_per_peer). An IPv6 peer is its /64, for whoever has one address there
 * has as many as he likes. Touched where a connection comes and where it ends, nowhere else. Any
 * thread.
 */
#ifndef QUIVER_SERVER_PEERS_H
#define QUIVER_SERVER_PEERS_H

#include <netinet/in.h>
#include <quiver/base/status.h>

struct qv_peers;
struct qv_peer; /**< an address that has connections */

QV_MUST_CHECK enum qv_status qv_peers_new(struct qv_peers **ret_peers);
void qv_peers_free(struct qv_peers **peers); /**< when nobody has a place any more */

/** Takes a place for the address, which is given back by qv_peers_leave. QV_TOO_MANY: it has
 *  `most` already. */
QV_MUST_CHECK enum qv_status qv_peers_take(struct qv_peers *peers,
                                           const struct sockaddr_storage *address, size_t most,
                                           struct qv_peer **ret_peer);
void qv_peers_leave(struct qv_peers *peers, struct qv_peer *peer);
/** How many places the address has; for tests. */
size_t qv_peers_places(struct qv_peers *peers, const struct sockaddr_storage *address);

#define QV_PEER_TEXT 64
/** The address alone, an IPv4 one as mapped (::ffff:1.2.3.4). */
struct in6_addr qv_peer_address(const struct sockaddr_storage *address);
/** "address:port", an IPv6 address in brackets. */
void qv_peer_write(const struct sockaddr_storage *address, char text[QV_PEER_TEXT]);

#endif
