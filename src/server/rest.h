/*
 * When a worker that serves CHAP takes its time.
 */
#ifndef QUIVER_SERVER_REST_H
#define QUIVER_SERVER_REST_H

#include <quiver/base/clock.h>

/** Zeroed: nothing was served. The worker's thread. */
struct qv_rest {
    unsigned requests, renewals;     /**< since the last turn */
    bool crowded;                    /**< more may wait at a door than one turn lets in */
    struct qv_mono turn;             /**< when this turn could begin: it did not before */
    struct qv_mono renewed, hurried; /**< the last turn with a renewal, with anything else */
};

/** Between two turns of the loop: sleeps for what is left of some milliseconds where renewals come
 *  and nothing else did for a while. */
void qv_rest_take(struct qv_rest *rest);

#endif
