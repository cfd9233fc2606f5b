/*
 * The second hand: tick.lua ends what is due, keeps registry time and trims the journal; its answer
 * teaches Redis' clock, which deadlines are written in. Every node runs it. One tick at a time.
 * The store's thread alone.
 */
#include "internal.h"

#include <stdio.h>

enum {
    EVERY_MS = 1000,
    ENDS_AT_ONCE = 1000,
    JOURNAL_KEEPS_MS = 60000, /* entries younger than this stay, whatever journal_max says */
};

static void tell_damage(struct qv_str key)
{
    if (key.length > 0)
        qv_log(QV_LOG_ERROR, "stored data damaged", QV_LOG_STR("key", key),
               QV_LOG_CSTR("reason", "it has ended, but is not of the type that it should be"));
}

static void refused(struct qv_store *store, const struct qv_reply *reply)
{
    const struct qv_refusal *refusal = qv_refusal_of(reply);
    struct qv_str detail = reply->kind == QV_REPLY_ERROR ? reply->text : qv_reply_text(reply, 1);
    const char *words = refusal != NULL ? refusal->words : "Redis does not run scripts";
    if (qv_reasons_set(&store->reasons, QV_REASON_REFUSAL, "%s", words))
        qv_log(QV_LOG_WARNING, "store refuses changes", QV_LOG_CSTR("reason", words),
               QV_LOG_STR("detail", detail));
    qv_session_again(store, EVERY_MS);
    if (qv_reply_is_error(reply, "NOSCRIPT"))
        qv_session_load_scripts(store);
    else if (refusal != NULL)
        qv_session_remedy(store, refusal->remedy);
}

static void on_tick(void *data, const struct qv_reply *reply, bool sent)
{
    (void)sent;
    struct qv_store *store = data;
    int64_t redis_ms, redis_us, offset_ms;
    uint64_t ended, due;
    store->session.ticking = false;
    if (reply == NULL)
        return;
    qv_store_measure_trip(store, store->session.ticked);
    qv_store_measure(store);
    if (!qv_reply_begins(reply, "TICK") || !qv_reply_number(reply, 1, &redis_ms) ||
        !qv_reply_number(reply, 2, &offset_ms) || !qv_reply_count(reply, 5, &ended) ||
        !qv_reply_number(reply, 7, &redis_us) || !qv_reply_count(reply, 8, &due)) {
        refused(store, reply);
        return;
    }
    qv_session_note_clock(&store->session, redis_ms);
    qv_time_learn(store, redis_us, offset_ms * 1000);
    qv_reasons_clear(&store->reasons, QV_REASON_REFUSAL);
    tell_damage(qv_reply_text(reply, 6));
    qv_metrics_ended(store->metrics, ended);
    if (due >= ENDS_AT_ONCE) /* there may be more, whether or not these had anything to end */
        qv_tick(store);
    else
        qv_session_again(store, EVERY_MS);
}

void qv_tick(struct qv_store *store)
{
    struct qv_session *session = &store->session;
    if (session->ticking)
        return;
    const uint64_t values[] = {ENDS_AT_ONCE,
                               store->config->store.journal_max,
                               JOURNAL_KEEPS_MS,
                               QV_REGISTRY_PAUSE_MS,
                               0,
                               (uint64_t)store->config->chap.revive_ms * 1000};
    enum { SEPARATOR = 4, COUNT = sizeof(values) / sizeof(values[0]) };
    char numbers[COUNT][24];
    struct qv_str rest[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        snprintf(numbers[i], sizeof(numbers[i]), "%llu", (unsigned long long)values[i]);
        rest[i] = qv_str_from(numbers[i]);
    }
    rest[SEPARATOR] = qv_str_from(qv_dialect_separator(store->dialect));
    char token[QV_TOKEN_SIZE];
    session->ticked = qv_mono_now();
    if (qv_random_token(token) == QV_OK &&
        qv_session_call(store, QV_SCRIPT_TICK, false, 0, token, rest, COUNT, on_tick, store,
                        NULL) == QV_OK)
        session->ticking = true;
    else
        qv_session_again(store, EVERY_MS);
}
