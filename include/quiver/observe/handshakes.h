/*
 * Handshakes counted by what came of them. Adding is a relaxed atomic addition: no lock on the way
 * of a connection. How many kinds there are is bounded: they come from tables of ours. Any thread.
 */
#ifndef QUIVER_OBSERVE_HANDSHAKES_H
#define QUIVER_OBSERVE_HANDSHAKES_H

#include <quiver/base/buf.h>

struct qv_handshakes;

QV_MUST_CHECK enum qv_status qv_handshakes_new(struct qv_handshakes **ret_handshakes);
void qv_handshakes_free(struct qv_handshakes **handshakes);

enum qv_handshake_outcome {
    QV_HANDSHAKE_FULL,
    QV_HANDSHAKE_RESUMED,
    QV_HANDSHAKE_REFUSED, /**< with a reason */
    QV_HANDSHAKE_ENDED,   /**< a live connection was cut because its trust ended; with a reason */
};
/** `code`: the verdict's short word; NULL or unknown ones count as "other". */
void qv_handshakes_count(struct qv_handshakes *handshakes, enum qv_handshake_outcome outcome,
                         const char *code);
/** Appends the series quiver_handshakes_total{outcome,reason}, without HELP and TYPE. */
void qv_handshakes_write(const struct qv_handshakes *handshakes, struct qv_buf *buf);
/** The same of quiver_connections_ended_total{reason}. */
void qv_handshakes_write_ended(const struct qv_handshakes *handshakes, struct qv_buf *buf);

#endif
