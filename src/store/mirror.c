/*
 * The CHAP services that live, in the Redis of CHAP's own core, each under `service:<id>` with its
 * lease as time to live, in the form that the core reads (spec/chap-registration B1.7): so its
 * orchestrator sees what registered here.
 *
 * What always holds: nobody waits for it. What changes is noted by id, and written as the view has
 * it when its turn comes: the oldest first, some commands on their way at a time. What is noted is
 * bounded; beyond that, after each connect, and where all ends have moved at once, everything that
 * lives is written anew. An outage is told, and otherwise costs nothing. The store's thread alone.
 */
#include "internal.h"

#include <quiver/base/memory.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum {
    FLYING_MAX = 64, /* commands without their answer: also how long the thread is busy at once */
    CHANGED_MAX = 10000, /* ids that wait for their turn */
    LOOK_EVERY_MS = 2000,
};

static void write_on(struct qv_store *store);

/* ---- well or not ----------------------------------------------------------------------------- */

static struct qv_store *store_of(struct qv_contact *contact)
{
    return (struct qv_store *)((char *)contact - offsetof(struct qv_store, mirror.contact));
}

static void tell_well(struct qv_store *store)
{
    char words[8];
    qv_contact_settled(&store->mirror.contact);
    if (qv_reasons_get(&store->reasons, QV_REASON_MIRROR, words, sizeof(words)))
        qv_log(QV_LOG_INFO, "mirror written again", QV_LOG_CSTR("at", store->mirror.where));
    qv_reasons_clear(&store->reasons, QV_REASON_MIRROR);
}

static void on_lost(struct qv_contact *contact, const char *reason)
{
    struct qv_store *store = store_of(contact);
    struct qv_mirror *mirror = &store->mirror;
    mirror->up = false;
    mirror->all = true;
    qv_chap_result_free(&mirror->pass);
    mirror->next = 0;
    if (qv_reasons_set(&store->reasons, QV_REASON_MIRROR,
                       "the mirror of CHAP services at %s is not written: %s", mirror->where,
                       reason))
        qv_log(QV_LOG_WARNING, "mirror not written", QV_LOG_CSTR("at", mirror->where),
               QV_LOG_CSTR("reason", reason));
}

static void on_answer(void *data, const struct qv_reply *reply, bool sent)
{
    (void)sent;
    struct qv_store *store = data;
    struct qv_mirror *mirror = &store->mirror;
    mirror->flying--;
    if (reply == NULL)
        return; /* on_lost follows */
    if (reply->kind == QV_REPLY_ERROR) {
        char words[160];
        snprintf(words, sizeof(words), "Redis refuses it: %.*s", QV_STR_ARG(reply->text));
        qv_link_break(mirror->contact.link, words);
        return;
    }
    if (mirror->up)
        tell_well(store);
    mirror->up = true; /* the first was PING, which says nothing of writing */
    write_on(store);
}

static bool send_command(struct qv_store *store, const struct qv_str *words, size_t count)
{
    struct qv_mirror *mirror = &store->mirror;
    if (qv_link_send(mirror->contact.link, words, count, on_answer, store, NULL) == QV_OK) {
        mirror->flying++;
        return true;
    }
    mirror->all = true; /* the timer tries it again */
    return false;
}

/* ---- one service ----------------------------------------------------------------------------- */

static bool send_gone(struct qv_store *store, struct qv_str key)
{
    struct qv_str words[] = {QV_STR("DEL"), key};
    return send_command(store, words, 2);
}

static bool send_live(struct qv_store *store, struct qv_str key, const struct qv_chap_match *match,
                      int64_t remaining_us)
{
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    char ms[24];
    struct qv_chap_times times = {.pinged_us = match->ends_us - store->config->chap.ttl_ms * 1000,
                                  .ends_us = match->ends_us};
    enum qv_status status = qv_chap_write_mirrored(match->chap, &times, &text);
    if (status == QV_OK)
        status = qv_buf_status(&text);
    if (status == QV_INVALID) { /* a document that is damaged has no form there */
        qv_log(QV_LOG_ERROR, "service not mirrored", QV_LOG_STR("id", match->chap->head.id));
        return send_gone(store, key);
    }
    if (status != QV_OK) {
        store->mirror.all = true;
        return false;
    }
    snprintf(ms, sizeof(ms), "%lld", (long long)((remaining_us + 999) / 1000));
    struct qv_str words[] = {QV_STR("SET"), key, qv_buf_str(&text), QV_STR("PX"), qv_str_from(ms)};
    return send_command(store, words, 5);
}

/* Writes it as the view has it now. False: not now. */
static bool write_one(struct qv_store *store, struct qv_str id)
{
    QV_CLEANUP(qv_chap_match) struct qv_chap_match match = {0};
    QV_CLEANUP(qv_buf) struct qv_buf key = {0};
    qv_buf_put_text(&key, "service:");
    qv_buf_put(&key, id);
    if (qv_buf_status(&key) != QV_OK ||
        qv_registry_get_chap(store->registry, id, &match, NULL) != QV_OK) {
        store->mirror.all = true;
        return false;
    }
    int64_t remaining_us = match.ends_us - store->time.offset_us - qv_time_now_us(store);
    if (match.chap == NULL || remaining_us <= 0)
        return send_gone(store, qv_buf_str(&key));
    return send_live(store, qv_buf_str(&key), &match, remaining_us);
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* True: there is one in the pass that is next. */
static bool pass_goes_on(struct qv_store *store)
{
    struct qv_mirror *mirror = &store->mirror;
    if (mirror->next < mirror->pass.count)
        return true;
    qv_chap_result_free(&mirror->pass);
    mirror->next = 0;
    if (!mirror->all || qv_registry_find_chap(store->registry, &mirror->pass, NULL) != QV_OK)
        return false; /* without a view: qv_mirror_renew comes with the first */
    mirror->all = false;
    return mirror->pass.count > 0;
}

static bool write_changed(struct qv_store *store)
{
    json_t *changed = store->mirror.changed;
    QV_CLEANUP(qv_buf) struct qv_buf id = {0};
    qv_buf_put_text(&id, json_object_iter_key(json_object_iter(changed)));
    if (qv_buf_status(&id) != QV_OK)
        return false;
    json_object_del(changed, id.at);
    return write_one(store, qv_buf_str(&id));
}

/* Sends what there is to be sent, as far as it may be on its way at once. */
static void write_on(struct qv_store *store)
{
    struct qv_mirror *mirror = &store->mirror;
    bool goes_on = mirror->up;
    while (goes_on && mirror->flying < FLYING_MAX) {
        if (json_object_size(mirror->changed) > 0)
            goes_on = write_changed(store);
        else if (pass_goes_on(store))
            goes_on = write_one(store, mirror->pass.matches[mirror->next++].chap->head.id);
        else
            goes_on = false;
    }
    if (mirror->up && mirror->flying == 0 && !mirror->all)
        tell_well(store);
}

/* ---- what is to be written ------------------------------------------------------------------- */

static void note(struct qv_mirror *mirror, struct qv_str id)
{
    if (json_object_size(mirror->changed) < CHANGED_MAX &&
        json_object_setn_new(mirror->changed, id.at, id.length, json_null()) == 0)
        return;
    json_object_clear(mirror->changed); /* what is gone from the view goes there by its lease */
    mirror->all = true;
}

void qv_mirror_note(struct qv_store *store, const struct qv_effect *effects, size_t count)
{
    if (!store->config->chap.mirrors)
        return;
    for (size_t i = 0; i < count; i++)
        if (effects[i].kind == QV_KIND_CHAP)
            note(&store->mirror, effects[i].id);
    write_on(store);
}

void qv_mirror_renew(struct qv_store *store)
{
    if (!store->config->chap.mirrors)
        return;
    store->mirror.all = true;
    write_on(store);
}

/* While registry time stands still leases do not run out, but what is there would. */
static void on_timer(struct qv_timer *timer)
{
    struct qv_store *store =
        (struct qv_store *)((char *)timer - offsetof(struct qv_store, mirror.timer));
    if (store->time.known && qv_time_stands_still(store))
        store->mirror.all = true;
    qv_loop_arm_surely(store->loop, timer, qv_mono_add_ms(qv_mono_now(), LOOK_EVERY_MS));
    write_on(store);
}

/* ---- up and down ----------------------------------------------------------------------------- */

/* Whether it wants a password says the first command alone. */
static void on_greeted(struct qv_contact *contact)
{
    struct qv_store *store = store_of(contact);
    struct qv_str words[] = {QV_STR("PING")};
    if (!send_command(store, words, 1))
        qv_link_break(contact->link, "out of memory");
}

enum qv_status qv_mirror_init(struct qv_store *store)
{
    struct qv_mirror *mirror = &store->mirror;
    const struct qv_config_redis *redis = &store->config->chap.mirror;
    if (!store->config->chap.mirrors)
        return QV_OK;
    QV_CLEANUP(qv_buf) struct qv_buf where = {0};
    size_t length;
    qv_store_write_where(redis, &where);
    QV_TRY(qv_buf_take(&where, &mirror->where, &length));
    mirror->changed = json_object();
    if (mirror->changed == NULL)
        return QV_NO_MEMORY;
    mirror->all = true;
    mirror->timer.fire = on_timer;
    mirror->contact.greeted = on_greeted;
    mirror->contact.lost = on_lost;
    return qv_contact_init(&mirror->contact, store->loop, redis, NULL, qv_store_patience_ms(store));
}

void qv_mirror_start(struct qv_store *store)
{
    if (!store->config->chap.mirrors)
        return;
    qv_contact_start(&store->mirror.contact);
    qv_loop_arm_surely(store->loop, &store->mirror.timer,
                       qv_mono_add_ms(qv_mono_now(), LOOK_EVERY_MS));
}

void qv_mirror_destroy(struct qv_store *store)
{
    struct qv_mirror *mirror = &store->mirror;
    if (store->loop != NULL)
        qv_loop_disarm(store->loop, &mirror->timer);
    qv_contact_destroy(&mirror->contact);
    qv_chap_result_free(&mirror->pass);
    qv_json_free(&mirror->changed);
    qv_free(mirror->where);
    mirror->where = NULL;
}
