/*
 * What operators are told of the store as numbers (docs/monitoring). The store's thread alone.
 */
#include "internal.h"

void qv_store_set_metrics(struct qv_store *store, struct qv_metrics *metrics)
{
    store->metrics = metrics;
}

void qv_store_measure(struct qv_store *store)
{
    const struct qv_tail *tail = &store->tail;
    bool writable = store->session.open && !tail->stuck;
    uint64_t head = tail->head.revision, at = tail->at.revision;
    qv_metrics_store(store->metrics, writable, head > at ? head - at : 0);
}

void qv_store_measure_link(struct qv_store *store, enum qv_metrics_link link, bool up)
{
    qv_metrics_link(store->metrics, link, up);
    qv_store_measure(store);
}

void qv_store_measure_trip(struct qv_store *store, struct qv_mono sent)
{
    qv_metrics_round_trip(store->metrics, qv_mono_now().us - sent.us);
}
