/*
 * The registry's own entries: written through the journal like any change, each time the store is
 * opened and whenever others are set, if they are not there as they should be.
 *
 * The first view is not put in force before this was tried (tail.c), so that nobody finds a
 * registry without them; a Redis that takes no changes, or cannot be asked for store.timeout, does
 * not hold the view back, though. What was refused is tried again with each tick. What is on its
 * way when others are set is followed by these. The store's thread, but for qv_store_set_own.
 */
#include "change.h"

#include <stddef.h>

/* ---- which ----------------------------------------------------------------------------------- */

static bool same(const struct qv_change *one, const struct qv_change *other)
{
    bool same = one != NULL && one->count == other->count;
    for (size_t i = 0; same && i < one->count; i++)
        same = qv_str_equal(one->args[i], other->args[i]);
    return same;
}

static void on_set(struct qv_post *post)
{
    struct qv_change *change =
        (struct qv_change *)((char *)post - offsetof(struct qv_change, post));
    struct qv_store *store = change->store;
    struct qv_own_entries *own = &store->own;
    if (same(own->change, change)) {
        qv_change_free(&change);
        return;
    }
    qv_change_free(&own->change); /* the link has a copy of what is on its way */
    own->change = change;
    own->there = false;
    own->outdated = own->asked;
    if (store->session.open)
        qv_own_write(store);
}

void qv_store_set_own(struct qv_store *store, struct qv_change **change_at)
{
    struct qv_change *change = *change_at;
    *change_at = NULL;
    pthread_mutex_lock(&store->gate);
    if (store->accepting) {
        change->store = store;
        change->post.run = on_set;
        qv_loop_post(store->loop, &change->post);
    } else { /* no thread looks at it: not yet, or not any more */
        qv_change_free(&store->own.change);
        store->own.change = change;
    }
    pthread_mutex_unlock(&store->gate);
}

/* ---- written --------------------------------------------------------------------------------- */

bool qv_own_awaited(const struct qv_store *store)
{
    struct qv_mono limit = qv_mono_add_ms(store->tail.load_began, store->config->store.timeout_ms);
    return store->own.change != NULL && !store->own.tried && store->tail.view == NULL &&
           qv_mono_now().us < limit.us;
}

void qv_own_tried(struct qv_store *store)
{
    store->own.tried = true;
    qv_tail_wake(store);
}

static void on_reply(void *data, const struct qv_reply *reply, bool sent)
{
    (void)sent;
    struct qv_store *store = data;
    bool outdated = store->own.outdated;
    store->own.asked = store->own.outdated = false;
    if (reply == NULL)
        return; /* the connection is lost: on_lost in session.c follows */
    bool written = qv_reply_begins(reply, "OK");
    bool there = written || qv_reply_begins(reply, "NOTHING");
    store->own.there = there && !outdated;
    if (written) {
        qv_log(QV_LOG_INFO, "own entries written");
    } else if (!there) {
        const struct qv_refusal *refusal = qv_refusal_of(reply);
        struct qv_str detail =
            reply->kind == QV_REPLY_ERROR ? reply->text : qv_reply_text(reply, 1);
        qv_log(
            QV_LOG_WARNING, "own entries not written",
            QV_LOG_CSTR("reason", refusal != NULL ? refusal->words : "Redis does not run scripts"),
            QV_LOG_STR("detail", detail));
    }
    qv_own_tried(store);
    if (outdated && store->session.open)
        qv_own_write(store);
}

void qv_own_write(struct qv_store *store)
{
    struct qv_own_entries *own = &store->own;
    if (own->change == NULL || own->asked || own->there)
        return;
    char token[QV_TOKEN_SIZE];
    own->asked = qv_random_token(token) == QV_OK &&
                 qv_session_call(store, own->change->script, false, 0, token, own->change->args,
                                 own->change->count, on_reply, store, NULL) == QV_OK;
    if (!own->asked)
        qv_own_tried(store);
}
