/*
 * Lets so many things a second pass and counts the others: for log lines that a stranger can
 * cause. Any thread.
 */
#ifndef QUIVER_BASE_GATE_H
#define QUIVER_BASE_GATE_H

#include <pthread.h>
#include <quiver/base/clock.h>

struct qv_gate {
    pthread_mutex_t lock;
    unsigned per_second;
    int64_t second;
    unsigned passed, suppressed;
};
#define QV_GATE_INIT(rate)                                                                         \
    {                                                                                              \
        .lock = PTHREAD_MUTEX_INITIALIZER, .per_second = (rate)                                    \
    }

/** `ret_suppressed`: how many were held back since the last that passed. */
bool qv_gate_pass(struct qv_gate *gate, struct qv_mono now, unsigned *ret_suppressed);

#endif
