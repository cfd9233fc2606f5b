/*
 * Is this Quiver ready to do its work? One judgement for whoever is asked: `/health/ready`, and
 * `quiver health` over the control socket. Any thread.
 */
#ifndef QUIVER_API_READINESS_H
#define QUIVER_API_READINESS_H

#include <quiver/observe/health.h>
#include <quiver/registry/registry.h>
#include <quiver/store/store.h>

enum qv_readiness {
    QV_READY,
    QV_DEGRADED,  /**< lookups are answered, something else is not as it should be */
    QV_NOT_READY, /**< nothing stored was loaded yet */
};

/** Appends why it is not QV_READY, the store's reasons first: they say why there is no view.
 *  Without memory for all of them it is QV_NOT_READY: what cannot be told must not look well. */
enum qv_readiness qv_readiness_of(struct qv_store *store, struct qv_health *health,
                                  struct qv_registry *registry, struct qv_strings *ret_reasons);
/** ["...", ...] */
void qv_readiness_write_reasons(const struct qv_strings *reasons, struct qv_buf *buf);

#endif
