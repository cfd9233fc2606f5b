/*
 * CHAP services in a view: see view_chap.h. A lease is all that ever changes in an entity, so that
 * a ping, of which there are more than of all other changes together, keeps no reader waiting and
 * needs no memory.
 */
#include "view_chap.h"
#include "records.h"

/* ---- leases ---------------------------------------------------------------------------------- */

static void set_lease(struct qv_chap *chap, int64_t lease_us)
{
    __atomic_store_n(&chap->lease_us_, lease_us, __ATOMIC_RELAXED);
}

void chap_renew(const struct record *record, int64_t lease_us)
{
    if (record != NULL && record->current != NULL)
        set_lease((struct qv_chap *)record->current, lease_us);
}

bool chap_renews_alone(const struct qv_effect *effects, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (effects[i].kind != QV_KIND_CHAP || !effects[i].renews || effects[i].envelope.length > 0)
            return false;
    return true;
}

void chap_renew_all(const struct qv_view *view, const struct qv_effect *effects, size_t count)
{
    for (size_t i = 0; i < count; i++)
        chap_renew(view_find(view, QV_KIND_CHAP, effects[i].id), effects[i].lease_us);
}

/* ---- coming and going ------------------------------------------------------------------------ */

enum qv_status chap_prepare(const struct qv_view *view, struct qv_chap *chap,
                            const struct qv_effect *effect, struct bridged **ret_bridged)
{
    if (effect->renews)
        set_lease(chap, effect->lease_us);
    return bridge_make(&view->bridge, chap, ret_bridged);
}

void chap_replace(struct qv_view *view, struct record *record, struct qv_chap *chap, bool renews,
                  struct bridged *bridged)
{
    if (record->current != NULL && !renews)
        set_lease(chap, lease_of((const struct qv_chap *)record->current));
    bridge_leave(&view->bridge, record->bridged);
    record->bridged = bridged;
    if (bridged != NULL)
        bridge_join(&view->bridge, bridged);
}

void chap_leave(struct qv_view *view, struct record *record)
{
    if (record == NULL)
        return;
    bridge_leave(&view->bridge, record->bridged);
    record->bridged = NULL;
}

/* ---- the bridge ------------------------------------------------------------------------------ */

/* What finds no memory here is tried again with the next change. */
void chap_complete_bridge(struct qv_view *view)
{
    const struct roster *roster = &view->roster[QV_KIND_CHAP];
    view->bridge.incomplete = false;
    for (size_t place = 0; place < roster->used; place++) {
        struct record *record = roster_at(roster, place);
        struct bridged *bridged = NULL;
        if (record == NULL || record->current == NULL || record->bridged != NULL)
            continue;
        if (bridge_make(&view->bridge, (const struct qv_chap *)record->current, &bridged) != QV_OK)
            view->bridge.incomplete = true;
        if (bridged == NULL)
            continue;
        view_lock(view);
        record->bridged = bridged;
        bridge_join(&view->bridge, bridged);
        view_unlock(view);
    }
}
