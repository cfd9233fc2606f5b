/*
 * One connection: from accept to close. The worker's thread alone.
 */
#ifndef QUIVER_SERVER_CONNECTION_H
#define QUIVER_SERVER_CONNECTION_H

#include "alert.h"
#include "worker.h"

#include <sys/socket.h>

struct qv_connection {
    h2o_linklist_t link; /**< in its worker's list, for sweeps and for stopping */
    struct qv_worker *worker;
    const struct qv_listener *listener;
    h2o_socket_t *sock; /**< libh2o's; in the phase of HTTP its close is libh2o's affair, too */
    SSL *ssl;           /**< of sock, NULL: none or not yet; gone when the socket's close is told */
    bool handshaking;   /**< TLS is not through */
    bool served;        /**< HTTP is spoken */
    bool asked;         /**< a request has come */
    bool ended;         /**< its peer is not trusted any more: see live.h */
    struct qv_timer handshake_end;
    struct qv_alert alert;
    struct qv_trust *trust;            /**< a reference while handshaking: whose context is used */
    uint64_t generation;               /**< of the trust by which it was judged last */
    struct qv_path path;               /**< by which its peer was let in; count 0: by none */
    struct qv_timer end;               /**< in worker->ends.queue */
    struct qv_identity *identity;      /**< a reference; NULL: nobody */
    struct qv_rights *rights;          /**< of `identity`; a reference; NULL: not found yet */
    const struct qv_policy *rights_by; /**< under this policy, which they keep */
    struct qv_error identity_error; /**< why the peer's certificate gives no identity: what each of
                                         its requests gets, with QV_IDENTITY_URL in the words */
    struct qv_share *share;         /**< that of `identity`, in which it has a place; NULL: none */
    struct qv_error share_error;    /**< why it has none: what each of its requests gets */
    struct qv_exchange *exchange;   /**< the request that is being answered, NULL: none */
    int linger_fd;                  /**< see qv_connection_linger; -1: none */
    struct qv_peer *place;          /**< in the counts of connections: see accept.c */
    struct in6_addr address;        /**< of the peer, IPv4 as mapped */
    char peer[QV_PEER_TEXT];
};

/** Takes over an accepted descriptor and its place in the counts of connections. */
void qv_connection_begin(struct qv_worker *worker, const struct qv_listener *listener, int fd,
                         const struct sockaddr_storage *peer, struct qv_peer *place);
/** Speaks HTTP from here on. The connection may be gone when this returns. */
void qv_connection_serve(struct qv_connection *connection);
/** When it is closed, first waits a little for the peer to read the last words: closing with
 *  unread input would reset the connection and could destroy them (RFC 9112 9.6). */
void qv_connection_linger(struct qv_connection *connection);
/** Ends it from outside: libh2o finds the end of the stream and closes. `how` as shutdown(2). */
void qv_connection_cut(struct qv_connection *connection, int how);

/** Is it one of CHAP's? Then errors have CHAP's shape, and nobody has to say who he is to read. */
static inline bool qv_connection_serves_chap(const struct qv_connection *connection)
{
    return qv_listener_serves_chap(connection->listener);
}
/** How its errors look. */
static inline enum qv_shape qv_connection_shape(const struct qv_connection *connection)
{
    return qv_connection_serves_chap(connection) ? QV_SHAPE_DETAIL : QV_SHAPE_ARROWHEAD;
}

struct qv_connection *qv_connection_of_socket(h2o_socket_t *sock);
struct qv_connection *qv_connection_of_request(h2o_req_t *http);

/* ---- places in the count, and the doors ------------------------------------------------------ */

/** Opens the worker's watch on all listeners; called once, on its thread. */
void qv_accept_start(struct qv_worker *worker);
/** Ends it for good. */
void qv_accept_end(struct qv_worker *worker);
/** A connection gives its place back. */
void qv_accept_release(struct qv_worker *worker, struct qv_peer *place);
/** There may be places now. */
void qv_accept_look_again(struct qv_worker *worker);

/* ---- TLS ------------------------------------------------------------------------------------- */

/** Goes on to qv_connection_serve, or ends the connection and logs why. */
void qv_handshake_start(struct qv_connection *connection);

/* ---- lingering ------------------------------------------------------------------------------- */

/** Waits for the peer to end the stream, a bounded time, reading and forgetting; then closes `fd`
 *  and gives back the place of the connection that it belonged to. */
void qv_linger_begin(struct qv_worker *worker, int fd, struct qv_peer *place);
/** Ends all of them. */
void qv_linger_end_all(struct qv_worker *worker);

#endif
