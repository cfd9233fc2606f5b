/*
 * The last part of loading: the leases of the CHAP services, by ZSCAN until all were seen, and
 * registry time from the head. A lease that moves meanwhile is in the journal that is applied
 * afterwards. What cannot be read is left out, logged and counted, as with documents: its service
 * is as one that has ended. The store's thread alone.
 */
#include "internal.h"

#include <quiver/base/memory.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void give_up(struct qv_store *store, const char *reason)
{
    qv_link_break(store->tail.contact.link, reason);
}

static void refused(struct qv_store *store, const struct qv_reply *reply)
{
    const struct qv_refusal *refusal = qv_refusal_of(reply);
    give_up(store, refusal != NULL ? refusal->words : "Redis does not hand out its leases");
}

/* ---- registry time --------------------------------------------------------------------------- */

/* As time_given_back in common.lua; without a tick there was no gap. */
static void on_time(void *data, const struct qv_reply *reply, bool sent)
{
    (void)sent;
    struct qv_store *store = data;
    int64_t seconds, us, offset_ms = store->tail.load_offset_ms;
    if (reply == NULL)
        return;
    if (!qv_reply_number(reply, 0, &seconds) || !qv_reply_number(reply, 1, &us)) {
        refused(store, reply);
        return;
    }
    int64_t now_us = seconds * 1000000 + us;
    int64_t pause_ms = now_us / 1000 - store->tail.load_tick_ms;
    if (store->tail.load_tick_ms != 0 && llabs(pause_ms) > QV_REGISTRY_PAUSE_MS)
        offset_ms += pause_ms;
    qv_time_learn(store, now_us, offset_ms * 1000);
    qv_tail_scanned(store);
}

static void on_offset(void *data, const struct qv_reply *reply, bool sent)
{
    (void)sent;
    struct qv_store *store = data;
    if (reply == NULL)
        return;
    if (reply->kind != QV_REPLY_LIST) {
        refused(store, reply);
        return;
    }
    if (!qv_reply_number(reply, 0, &store->tail.load_offset_ms))
        store->tail.load_offset_ms = 0;
    if (!qv_reply_number(reply, 1, &store->tail.load_tick_ms))
        store->tail.load_tick_ms = 0;
    struct qv_str words[] = {QV_STR("TIME")};
    if (qv_link_send(store->tail.contact.link, words, 1, on_time, store, NULL) != QV_OK)
        give_up(store, "out of memory");
}

static void ask_time(struct qv_store *store)
{
    char key[256];
    snprintf(key, sizeof(key), "%s:head", store->prefix);
    struct qv_str words[] = {QV_STR("HMGET"), qv_str_from(key), QV_STR("offset"), QV_STR("tick")};
    if (qv_link_send(store->tail.contact.link, words, 4, on_offset, store, NULL) != QV_OK)
        give_up(store, "out of memory");
}

/* ---- leases ---------------------------------------------------------------------------------- */

static void scan(struct qv_store *store, const char *cursor);

/* A score: milliseconds with decimals, NUL-terminated as all texts of replies. */
static bool read_end(struct qv_str text, int64_t *ret_us)
{
    char *end = NULL;
    double ms = text.length > 0 ? strtod(text.at, &end) : 0;
    if (end == NULL || *end != '\0' || !(ms > -1e15 && ms < 1e15)) /* infinite ones, too */
        return false;
    *ret_us = (int64_t)(ms * 1000 + (ms < 0 ? -0.5 : 0.5));
    return true;
}

/* False: it is of nothing that has a lease here, or cannot be read. */
static bool read_lease(struct qv_store *store, struct qv_str member, struct qv_str score,
                       struct qv_effect *effect)
{
    struct qv_str kind, id = member;
    if (!qv_str_split_next(&id, ':', &kind) || qv_kind_parse(kind) != QV_KIND_CHAP)
        return false;
    *effect = (struct qv_effect){.kind = QV_KIND_CHAP, .id = id, .renews = true};
    if (read_end(score, &effect->lease_us))
        return true;
    qv_load_note_damage(store, "leases", member, "its end is no time");
    return false;
}

static enum qv_status apply_leases(struct qv_store *store, const struct qv_reply *pairs)
{
    struct qv_effect *effects = qv_alloc_array(pairs->count / 2 + 1, sizeof(*effects));
    if (effects == NULL)
        return QV_NO_MEMORY;
    size_t count = 0;
    for (size_t i = 0; i + 1 < pairs->count; i += 2)
        if (read_lease(store, qv_reply_text(pairs, i), qv_reply_text(pairs, i + 1),
                       &effects[count]))
            count++;
    enum qv_status status = qv_load_apply(store, store->tail.next, effects, count);
    qv_free(effects);
    return status;
}

static void on_leases(void *data, const struct qv_reply *reply, bool sent)
{
    (void)sent;
    struct qv_store *store = data;
    char cursor[24];
    if (reply == NULL)
        return;
    if (qv_reply_is_error(reply, "WRONGTYPE")) {
        qv_load_note_damage(store, "leases", (struct qv_str){0}, "it is no sorted set");
        ask_time(store);
        return;
    }
    struct qv_str next = qv_reply_text(reply, 0);
    if (qv_reply_item(reply, 1)->kind != QV_REPLY_LIST || next.length >= sizeof(cursor)) {
        refused(store, reply);
        return;
    }
    snprintf(cursor, sizeof(cursor), "%.*s", QV_STR_ARG(next));
    if (apply_leases(store, qv_reply_item(reply, 1)) != QV_OK)
        give_up(store, "out of memory");
    else if (strcmp(cursor, "0") == 0)
        ask_time(store);
    else
        scan(store, cursor);
}

static void scan(struct qv_store *store, const char *cursor)
{
    char key[256];
    snprintf(key, sizeof(key), "%s:leases", store->prefix);
    struct qv_str words[] = {QV_STR("ZSCAN"), qv_str_from(key), qv_str_from(cursor),
                             QV_STR("COUNT"), QV_STR("1000")};
    if (qv_link_send(store->tail.contact.link, words, 5, on_leases, store, NULL) != QV_OK)
        give_up(store, "out of memory");
}

void qv_load_leases(struct qv_store *store)
{
    scan(store, "0");
}
