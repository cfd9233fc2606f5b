/*
 * Renewals go in company. There are more of them than of all other changes together, and nobody
 * waits for one: so they gather for some milliseconds, and what each costs in wakeups of this
 * thread, writes to Redis, syncs of its file and rounds of the tail is shared.
 *
 * What always holds: whoever has gathered begins in the order of submission, when the time is over
 * or the store stops. The store's thread, but for qv_gather.
 */
#include "change.h"

#include <stddef.h>
#include <utlist.h>

enum { GATHER_MS = 10 };

void qv_gather_end(struct qv_store *store)
{
    qv_loop_disarm(store->loop, &store->gather.timer);
    pthread_mutex_lock(&store->gate);
    struct qv_change *gathered = store->gather.first, *change, *next;
    store->gather.first = NULL;
    pthread_mutex_unlock(&store->gate);
    DL_FOREACH_SAFE(gathered, change, next)
    {
        DL_DELETE(gathered, change);
        qv_commands_begin(change);
    }
}

static void on_gathered(struct qv_timer *timer)
{
    qv_gather_end((struct qv_store *)((char *)timer - offsetof(struct qv_store, gather.timer)));
}

static void on_first(struct qv_post *post)
{
    struct qv_store *store =
        (struct qv_store *)((char *)post - offsetof(struct qv_store, gather.post));
    struct qv_timer *timer = &store->gather.timer;
    timer->fire = on_gathered;
    if (qv_loop_arm(store->loop, timer, qv_mono_add_ms(qv_mono_now(), GATHER_MS)) != QV_OK)
        qv_gather_end(store);
}

void qv_gather(struct qv_store *store, struct qv_change *change)
{
    bool first = store->gather.first == NULL;
    DL_APPEND(store->gather.first, change);
    if (!first)
        return;
    store->gather.post.run = on_first;
    qv_loop_post(store->loop, &store->gather.post);
}
