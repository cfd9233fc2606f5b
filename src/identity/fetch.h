/*
 * GETs to other systems, by libcurl, on a thread of its own, so that no event loop waits for them.
 * Private to `identity`, the only place that knows libcurl.
 */
#ifndef QUIVER_IDENTITY_FETCH_H
#define QUIVER_IDENTITY_FETCH_H

#include <openssl/ssl.h>
#include <quiver/base/buf.h>

/** So many at a time, each on a connection of its own; more are refused. (libcurl's own limits
 *  would let them wait beyond their timeout.) */
enum { QV_FETCHES_MAX = 64 };
/** An answer's body may be so long; a longer one is no answer. */
#define QV_FETCH_BODY_MAX ((size_t)64 * 1024)

struct qv_fetcher;

/** What came of one. All is borrowed for the call. */
struct qv_fetched {
    bool reached;       /**< there was an answer, from whom it should be */
    const char *reason; /**< why there was none; for the log */
    long status;        /**< HTTP */
    struct qv_str body;
};

/** One GET. Its owner keeps it until `done` was called. */
struct qv_fetch {
    const char *url;
    struct qv_str ca;   /**< PEM; who may vouch for an https server */
    int64_t timeout_ms; /**< for the whole */
    /** On the fetcher's thread, exactly once. */
    void (*done)(struct qv_fetch *fetch, const struct qv_fetched *fetched);

    struct qv_fetch *prev_, *next_; /* the fetcher's */
    void *handle_;
    SSL_CTX *own_; /* a reference */
    struct qv_buf body_;
    bool too_long_;
};

QV_MUST_CHECK enum qv_status qv_fetcher_new(struct qv_fetcher **ret_fetcher,
                                            struct qv_error *error);
/** From now on certificate, chain and key of `own` are shown to https servers that ask for one;
 *  NULL: none is, as in the beginning. Connections that were kept are used no more. Takes a
 *  reference, and never changes `own`. Any thread. */
void qv_fetcher_show(struct qv_fetcher *fetcher, SSL_CTX *own);
/** Starts the thread, with all signals blocked. */
QV_MUST_CHECK enum qv_status qv_fetcher_start(struct qv_fetcher *fetcher, struct qv_error *error);
/** Ends the thread; what was on its way is done, without an answer. Twice is fine. */
void qv_fetcher_stop(struct qv_fetcher *fetcher);
void qv_fetcher_free(struct qv_fetcher **fetcher); /**< stops first */

/** Any thread. QV_TOO_MANY, or QV_UNAVAILABLE where the thread does not run: `done` is not called
 *  then. */
QV_MUST_CHECK enum qv_status qv_fetcher_get(struct qv_fetcher *fetcher, struct qv_fetch *fetch);

#endif
