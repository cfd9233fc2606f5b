/*
 * The HTTP/1.1 server on libh2o: listeners, TLS, connections, workers, routing (design 3, 6).
 * Created, started and stopped by the main thread; the workers are threads of its own.
 */
#ifndef QUIVER_SERVER_SERVER_H
#define QUIVER_SERVER_SERVER_H

#include <quiver/api/api.h>
#include <quiver/api/own_entries.h>
#include <quiver/trust/trust.h>

struct qv_server;

/** Binds all listeners (a port in use is QV_UNAVAILABLE and names address, port and remedy).
 *  Borrows `config` and `api`, takes a reference to `trust`. */
QV_MUST_CHECK enum qv_status qv_server_new(const struct qv_config *config, struct qv_api *api,
                                           struct qv_trust *trust, struct qv_policy *policy,
                                           struct qv_server **ret_server, struct qv_error *error);
/** Where it can be reached: its bound listeners that serve Arrowhead. For the own entries. */
QV_MUST_CHECK enum qv_status qv_server_own_facts(const struct qv_server *server,
                                                 struct qv_own_facts *ret_facts);
/** Starts the workers; logs "listening" with listener, address and port for each. Signals that the
 *  main thread waits for are blocked before, and SIGPIPE is ignored. */
QV_MUST_CHECK enum qv_status qv_server_start(struct qv_server *server, struct qv_error *error);
/** Has each worker's event loop come round since the last call? Asks them to do so again. True
 *  where none runs. One thread at a time. */
bool qv_server_beat(struct qv_server *server);
/** What a change of trust did to the live connections. */
struct qv_sweep {
    size_t kept;
    size_t ended; /**< cut, because the peer is not trusted any more */
};
/**
 * Puts another trust and other limits in force without dropping anybody who is still trusted: each
 * worker takes them between two events and then judges its live connections again, in slices.
 * Returns when all are through; from then on nothing is decided by the old ones. Takes a reference
 * to `trust` and to `policy` (a new one keeps sessions and connections: it counts from each
 * connection's next request on) and copies `limits` (`workers` does not change). QV_UNAVAILABLE:
 * the server is stopping, or a worker did not get through in a minute. One thread at a time; not a
 * worker's.
 */
QV_MUST_CHECK enum qv_status qv_server_renew(struct qv_server *server, struct qv_trust *trust,
                                             struct qv_policy *policy,
                                             const struct qv_config_limits *limits,
                                             struct qv_sweep *ret_sweep, struct qv_error *error);
/** Which answers have a line in the log, for the whole process, from now on. Any thread. */
void qv_server_log_requests(enum qv_log_requests which);
/** Accepts no more, closes idle connections, answers what is in flight, ends the workers. Who has
 *  just come and not asked yet has a second for handshake and first request. What is
 *  not answered within store.timeout and a second is cut; a change that the store still has is
 *  waited for, so the store is stopped after the server. Twice is fine. */
void qv_server_stop(struct qv_server *server);
void qv_server_free(struct qv_server **server); /**< stops first */

#endif
