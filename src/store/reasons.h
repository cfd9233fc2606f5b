/*
 * Why the store is not at its best: one line per cause, set and cleared by the store's thread, read
 * by any.
 */
#ifndef QUIVER_STORE_REASONS_H
#define QUIVER_STORE_REASONS_H

#include <pthread.h>
#include <quiver/base/str.h>

enum qv_reason {
    QV_REASON_LINK,    /**< no connection for commands */
    QV_REASON_FITNESS, /**< Redis is not one that changes may be entrusted to */
    QV_REASON_REFUSAL, /**< Redis refuses to write */
    QV_REASON_FOLLOW,  /**< the journal is not followed */
    QV_REASON_VIEW,    /**< the view is being loaded */
    QV_REASON_DAMAGE,  /**< documents that cannot be read were left out */
    QV_REASON_MIRROR,  /**< the mirror of the CHAP services is not written */
    QV_REASON_COUNT,
};

struct qv_reasons {
    pthread_mutex_t lock;
    char words[QV_REASON_COUNT][256]; /* empty: this is not a cause */
};

void qv_reasons_init(struct qv_reasons *reasons);
void qv_reasons_destroy(struct qv_reasons *reasons);
/** True if these words are new: worth a line in the log. */
bool qv_reasons_set(struct qv_reasons *reasons, enum qv_reason which, const char *format, ...)
    QV_PRINTF(3, 4);
void qv_reasons_clear(struct qv_reasons *reasons, enum qv_reason which);
/** Copies the words of one cause; false: it is none. */
bool qv_reasons_get(struct qv_reasons *reasons, enum qv_reason which, char *words, size_t size);

#endif
