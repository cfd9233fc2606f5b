/*
 * What each caller has of its share, over all workers: requests a second and live connections, by
 * limits.identities. A share is kept by name as long as the system has a connection or its bucket
 * is not full, and of those without a connection at most QV_LIMITER_IDLE_MAX: beyond, the one that
 * was asked for longest ago begins anew. Anonymous callers have none. Any thread; the lock is held
 * for a look into the table, and where a name is new or the limits are, for matching it.
 */
#ifndef QUIVER_SERVER_LIMITER_H
#define QUIVER_SERVER_LIMITER_H

#include <quiver/base/clock.h>
#include <quiver/domain/rules.h>

#define QV_LIMITER_IDLE_MAX 16384

struct qv_limiter;
struct qv_share; /**< of one system */

/** Copies `limits`. */
QV_MUST_CHECK enum qv_status qv_limiter_new(const struct qv_dialect *dialect,
                                            const struct qv_config_identity_limits *limits,
                                            struct qv_limiter **ret_limiter);
void qv_limiter_free(struct qv_limiter **limiter); /**< when nobody has a share any more */
/** Other limits from now on; what was used up stays used up, and connections that are there stay.
 *  Copies `limits`. QV_NO_MEMORY: the old ones are in force. */
QV_MUST_CHECK enum qv_status qv_limiter_renew(struct qv_limiter *limiter,
                                              const struct qv_config_identity_limits *limits);

/** The system, whose name is given as it is stored, has a connection more; given back by
 *  qv_limiter_disconnect. QV_TOO_MANY with words: it has its share already. */
QV_MUST_CHECK enum qv_status qv_limiter_connect(struct qv_limiter *limiter, struct qv_str system,
                                                struct qv_mono now, struct qv_share **ret_share,
                                                struct qv_error *error);
/** NULL is fine; nulls. */
void qv_limiter_disconnect(struct qv_limiter *limiter, struct qv_share **share, struct qv_mono now);

struct qv_allowance {
    unsigned retry_after; /**< seconds; of a request that is too many, else 0 */
    size_t instances;     /**< that the system may have registered; 0: no bound */
};
/** A system asks for something. `share` is that of its connection; NULL: it is not known by one,
 * and `system` is its name as it is stored. QV_TOO_MANY with words. `ret_allowance` is always
 *  written. */
QV_MUST_CHECK enum qv_status qv_limiter_request(struct qv_limiter *limiter, struct qv_share *share,
                                                struct qv_str system, struct qv_mono now,
                                                struct qv_allowance *ret_allowance,
                                                struct qv_error *error);

/** The system was refused: may the audit trail have a line of that? One a second may; with it goes
 *  how many before it had none (forgotten with the share). */
bool qv_limiter_tells(struct qv_limiter *limiter, struct qv_str system, struct qv_mono now,
                      uint64_t *ret_suppressed);

/** Are there limits at all? Without any, requests need not be asked about. */
bool qv_limiter_has_limits(const struct qv_limiter *limiter);
/** How many shares are kept; for tests. */
size_t qv_limiter_count(struct qv_limiter *limiter);

#endif
