/*
 * The registry's own entries: written through the journal like any change, each time the store is
 * opened, if they are not there as they should be.
 *
 * The first view is not put in force before this was tried (tail.c), so that nobody finds a
 * registry without them; a Redis that takes no changes, or cannot be asked for store.timeout, does
 * not hold the view back, though. What was refused is tried again with each tick. The store's
 * thread, but for qv_store_set_own.
 */
#include "change.h"

void qv_store_set_own(struct qv_store *store, struct qv_change **change)
{
    qv_change_free(&store->own.change);
    store->own.change = *change;
    *change = NULL;
}

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
    store->own.asked = false;
    if (reply == NULL)
        return; /* the connection is lost: on_lost in session.c follows */
    bool written = qv_reply_begins(reply, "OK");
    store->own.there = written || qv_reply_begins(reply, "NOTHING");
    if (written) {
        qv_log(QV_LOG_INFO, "own entries written");
    } else if (!store->own.there) {
        const struct qv_refusal *refusal = qv_refusal_of(reply);
        struct qv_str detail =
            reply->kind == QV_REPLY_ERROR ? reply->text : qv_reply_text(reply, 1);
        qv_log(
            QV_LOG_WARNING, "own entries not written",
            QV_LOG_CSTR("reason", refusal != NULL ? refusal->words : "Redis does not run scripts"),
            QV_LOG_STR("detail", detail));
    }
    qv_own_tried(store);
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
