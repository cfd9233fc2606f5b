/*
 * Changes on their way: submitted, sent as one script, acknowledged by Redis, parked until the view
 * has them, answered. Exactly once and within store.timeout, whatever Redis does.
 *
 * What always holds: "was not made" is said only where that is certain for ever, that is, where
 * Redis never got the script, or answered that it changed nothing. Everything else is said to be
 * unknown: also a change that Redis acknowledged and that did not come back through the journal in
 * time, for a success would promise that its maker sees it in the next lookup.
 * The store's thread, but for qv_store_submit.
 */
#include "outcome.h"

#include <quiver/base/memory.h>
#include <stddef.h>
#include <string.h>
#include <utlist.h>

static struct qv_change *change_of_timer(struct qv_timer *timer)
{
    return (struct qv_change *)((char *)timer - offsetof(struct qv_change, timer));
}

/* ---- answering ------------------------------------------------------------------------------- */

static void drop_entities(struct qv_outcome *outcome)
{
    qv_entity_free(&outcome->instance);
    qv_entity_free(&outcome->system);
    qv_entity_free(&outcome->device);
    qv_entity_free(&outcome->definition);
    qv_entity_free(&outcome->chap);
}

/* While the store takes no changes at all that has a line of its own, and not one for each. */
static void log_failed(struct qv_change *change)
{
    struct qv_store *store = change->store;
    unsigned suppressed;
    if (!store->session.open || store->tail.stuck ||
        !qv_gate_pass(&store->commands.failures, qv_mono_now(), &suppressed))
        return;
    qv_log(QV_LOG_WARNING, "change failed", QV_LOG_CSTR("change", qv_script_name(change->script)),
           QV_LOG_CSTR("reason", qv_error_message(&change->outcome.error)),
           QV_LOG_INT("suppressed", suppressed));
}

/* The end of a change's way. */
static void answer(struct qv_change *change)
{
    struct qv_store *store = change->store;
    if (change->outcome.status == QV_UNAVAILABLE)
        log_failed(change);
    qv_loop_disarm(store->loop, &change->timer);
    if (change->parked)
        DL_DELETE(store->commands.parked, change);
    if (change->command != NULL)
        (void)qv_link_cancel(store->session.contact.link, change->command);
    if (change->outcome.status != QV_OK)
        drop_entities(&change->outcome);
    change->done(change->data, &change->outcome);
    drop_entities(&change->outcome);
    qv_change_free(&change);
    if (--store->commands.count == 0 && store->commands.stopping)
        qv_loop_end(store->loop);
}

static void answer_not_made(struct qv_change *change, enum qv_status status, const char *words)
{
    change->outcome.status =
        qv_error_set(&change->outcome.error, status, "The change was not made: %s", words);
    answer(change);
}

static void answer_unknown(struct qv_change *change, const char *words)
{
    change->outcome.unknown = true;
    change->outcome.status = qv_error_set(
        &change->outcome.error, QV_UNAVAILABLE,
        "The outcome of the change is unknown: %s; repeat it or look up what is there", words);
    answer(change);
}

static void answer_damaged(struct qv_change *change, const char *message)
{
    qv_log(QV_LOG_ERROR, "stored data damaged", QV_LOG_CSTR("reason", message),
           QV_LOG_CSTR("change", qv_script_name(change->script)));
    change->outcome.status = qv_error_set(&change->outcome.error, QV_INTERNAL,
                                          "The stored data is damaged: %s", message);
    answer(change);
}

/* ---- parked changes -------------------------------------------------------------------------- */

/* Answers a change that Redis has made, if it can be judged yet. */
static bool judge(struct qv_change *change)
{
    const struct qv_tail *tail = &change->store->tail;
    enum qv_seen seen = qv_tail_seen(tail, &change->position);
    if (seen == QV_SEEN_NOT_YET)
        return false;
    /* What is too long ago to be remembered is there, as long as the history went on since. */
    if (seen == QV_SEEN || (seen == QV_SEEN_FORGOTTEN && change->epoch == tail->epoch)) {
        change->outcome.status = QV_OK;
        change->outcome.epoch = tail->epoch;
        change->outcome.revision = change->position.revision;
        answer(change);
    } else {
        answer_unknown(change, "the store's history broke after it was made");
    }
    return true;
}

void qv_commands_advance(struct qv_store *store)
{
    struct qv_change *change, *next;
    DL_FOREACH_SAFE(store->commands.parked, change, next)
    {
        /* Redis answers in the order of revisions: who stands behind this one waits, too. */
        if (!judge(change))
            return;
    }
}

void qv_commands_history_broken(struct qv_store *store)
{
    struct qv_change *change, *next;
    DL_FOREACH_SAFE(store->commands.parked, change, next)
    {
        answer_unknown(change, "the store's history broke after it was made");
    }
}

static void park(struct qv_change *change)
{
    if (judge(change))
        return;
    change->parked = true;
    DL_APPEND(change->store->commands.parked, change);
}

/* ---- replies --------------------------------------------------------------------------------- */

static void on_refused(struct qv_change *change, const struct qv_reply *reply)
{
    change->outcome.status =
        qv_outcome_refuse(change->store->dialect, reply, &change->outcome.error);
    if (change->outcome.status != QV_INTERNAL)
        answer(change);
    else
        answer_not_made(change, QV_INTERNAL, "the store refused it");
}

static bool read_position(const struct qv_reply *reply, struct qv_position *position)
{
    struct qv_str token = qv_reply_text(reply, 2);
    if (!qv_reply_count(reply, 1, &position->revision) || token.length >= QV_TOKEN_SIZE)
        return false;
    memcpy(position->token, token.at != NULL ? token.at : "", token.length);
    return true;
}

static void on_made(struct qv_change *change, const struct qv_reply *reply, bool made)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    if (!read_position(reply, &change->position)) {
        answer_unknown(change, "the store's answer could not be read");
        return;
    }
    change->outcome.done = made;
    enum qv_status status = qv_outcome_read(change, reply, &error);
    if (status == QV_OK)
        park(change);
    else if (status == QV_INVALID)
        answer_damaged(change, qv_error_message(&error));
    else
        answer_unknown(change, "memory ran out when it had been made");
}

static void on_not_made(struct qv_change *change, const struct qv_reply *reply)
{
    struct qv_store *store = change->store;
    const struct qv_refusal *refusal = qv_refusal_of(reply);
    struct qv_str detail = reply->kind == QV_REPLY_ERROR ? reply->text : qv_reply_text(reply, 1);
    if (refusal == NULL) {
        qv_log(QV_LOG_ERROR, "store answers strangely", QV_LOG_STR("detail", detail),
               QV_LOG_CSTR("change", qv_script_name(change->script)));
        answer_unknown(change, "the store's answer is not understood");
        return;
    }
    enum qv_remedy remedy = refusal->remedy;
    if (refusal->status == QV_INTERNAL)
        qv_log(QV_LOG_ERROR, "stored data damaged", QV_LOG_STR("key", detail),
               QV_LOG_CSTR("change", qv_script_name(change->script)));
    answer_not_made(change, refusal->status, refusal->words);
    qv_session_remedy(store, remedy);
}

static void send_change(struct qv_change *change);

static void on_reply(void *data, const struct qv_reply *reply, bool sent)
{
    struct qv_change *change = data;
    change->command = NULL;
    if (reply != NULL)
        qv_store_measure_trip(change->store, change->sent);
    if (reply == NULL && sent)
        answer_unknown(change, "the connection to the store broke after it was sent");
    else if (reply == NULL)
        answer_not_made(change, QV_UNAVAILABLE, "the store is not reachable");
    else if (qv_reply_begins(reply, "OK") || qv_reply_begins(reply, "NOTHING"))
        on_made(change, reply, qv_reply_begins(reply, "OK"));
    else if (qv_reply_begins(reply, "REFUSED"))
        on_refused(change, reply);
    else if (qv_reply_is_error(reply, "NOSCRIPT") && !change->whole) {
        change->whole = true;
        send_change(change);
    } else
        on_not_made(change, reply);
}

/* ---- sending --------------------------------------------------------------------------------- */

/* Redis shall give up a tenth of the timeout before we do, so that its LATE arrives in time. */
static int64_t deadline_of(const struct qv_change *change)
{
    struct qv_store *store = change->store;
    struct qv_mono due = qv_mono_add_ms(change->due, -(store->config->store.timeout_ms + 9) / 10);
    int64_t deadline = qv_session_redis_ms(&store->session, due);
    return deadline > 1 ? deadline : 1; /* 0 would mean: none */
}

static void send_change(struct qv_change *change)
{
    struct qv_store *store = change->store;
    change->sent = qv_mono_now();
    enum qv_status status =
        qv_session_call(store, change->script, change->whole, deadline_of(change), change->token,
                        change->args, change->count, on_reply, change, &change->command);
    if (status == QV_OK)
        return;
    change->command = NULL;
    answer_not_made(change, QV_UNAVAILABLE,
                    status == QV_NO_MEMORY ? "memory ran out"
                                           : "too many changes wait for the store");
}

static void on_due(struct qv_timer *timer)
{
    struct qv_change *change = change_of_timer(timer);
    struct qv_command *command = change->command;
    change->command = NULL;
    if (change->parked)
        answer_unknown(change, "the store made it, but it did not come back through the journal "
                               "in time");
    else if (command == NULL || qv_link_cancel(change->store->session.contact.link, command))
        answer_not_made(change, QV_UNAVAILABLE, "the store is too slow");
    else
        answer_unknown(change, "the store did not answer in time");
}

/* The words for a change that cannot even be tried now. */
static void answer_closed(struct qv_change *change)
{
    char words[256];
    if (qv_reasons_get(&change->store->reasons, QV_REASON_FITNESS, words, sizeof(words)))
        answer_not_made(change, QV_UNAVAILABLE, words);
    else
        answer_not_made(change, QV_UNAVAILABLE, "the store is not reachable");
}

void qv_commands_begin(struct qv_change *change)
{
    struct qv_store *store = change->store;
    store->commands.count++;
    change->epoch = store->tail.epoch;
    change->timer.fire = on_due;
    if (!change->granted)
        answer_not_made(change, QV_INTERNAL, "no policy has granted it");
    else if (!store->session.open)
        answer_closed(change);
    else if (store->tail.stuck) /* it could be made, but never be seen to have been */
        answer_not_made(change, QV_UNAVAILABLE, "the journal is not followed");
    else if (qv_loop_arm(store->loop, &change->timer, change->due) != QV_OK)
        answer_not_made(change, QV_UNAVAILABLE, "memory ran out");
    else
        send_change(change);
}

static void on_submitted(struct qv_post *post)
{
    qv_commands_begin((struct qv_change *)((char *)post - offsetof(struct qv_change, post)));
}

/* ---- any thread ------------------------------------------------------------------------------ */

/* There is no thread that could answer (any more). */
static void answer_here(struct qv_change *change)
{
    change->outcome.status = qv_error_set(&change->outcome.error, QV_UNAVAILABLE,
                                          "The change was not made: the store is closed");
    change->done(change->data, &change->outcome);
    qv_change_free(&change);
}

void qv_store_submit(struct qv_store *store, const struct qv_grant *grant, struct qv_change *change,
                     qv_store_done done, void *data)
{
    change->post.run = on_submitted;
    change->store = store;
    change->granted = grant != NULL && qv_grant_covers(grant, change->operation);
    change->due = qv_mono_add_ms(qv_mono_now(), store->config->store.timeout_ms);
    change->done = done;
    change->data = data;
    pthread_mutex_lock(&store->gate);
    bool accepted = store->accepting;
    if (accepted && change->renews)
        qv_gather(store, change);
    else if (accepted)
        qv_loop_post(store->loop, &change->post);
    pthread_mutex_unlock(&store->gate);
    if (!accepted)
        answer_here(change);
}

void qv_commands_stop(struct qv_store *store)
{
    qv_gather_end(store);
    store->commands.stopping = true;
    if (store->commands.count == 0)
        qv_loop_end(store->loop);
}
