/*
 * libh2o's configuration: one per worker, so that limits can change on the worker's own thread.
 */
#ifndef QUIVER_SERVER_HTTP_H
#define QUIVER_SERVER_HTTP_H

#include "worker.h"

/** Once, before any worker runs: what libh2o keeps for the whole process. */
void qv_http_prepare(void);
/** Makes worker->conf by worker->limits; before worker->context. */
void qv_http_configure(struct qv_worker *worker);
/** The limits changed: puts them into conf and context. */
void qv_http_limit(struct qv_worker *worker);

#endif
