/*
 * The view follows the journal. On a connection of its own this reads the head, then entries by
 * XREAD, and applies each of them that continues what is there: revision = own + 1 and
 * prev = own token. Anything else means that the history broke (failover, restore, trimmed away): a
 * new view is built while the old one goes on answering, and the epoch rises.
 *
 * What always holds: `at` is the last entry applied, to the view (`live`) or to the one being
 * built; one command is on its way at a time; nothing but this file alters a view that is in force.
 * The store's thread alone.
 */
#include "internal.h"
#include "journal.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum {
    BLOCK_MS = 1000,      /* XREAD waits so long for an entry */
    ENTRIES = 256,        /* of one XREAD */
    LOOK_EVERY_MS = 1000, /* the head is compared at least so often */
    LOOK_AGAIN_MS = 250,  /* after something that does not get better at once */
};

static void ask_head(struct qv_store *store);
static void read_entries(struct qv_store *store);

static void give_up(struct qv_store *store, const char *reason)
{
    qv_link_break(store->tail.contact.link, reason);
}

static void look_again(struct qv_store *store)
{
    qv_loop_arm_surely(store->loop, &store->tail.timer,
                       qv_mono_add_ms(qv_mono_now(), LOOK_AGAIN_MS));
}

static bool same_token(const struct qv_position *a, const struct qv_position *b)
{
    return strcmp(a->token, b->token) == 0;
}

/* ---- what was seen --------------------------------------------------------------------------- */

static void remember(struct qv_tail *tail)
{
    tail->memory[tail->at.revision % QV_TAIL_MEMORY] = tail->at;
}

enum qv_seen qv_tail_seen(const struct qv_tail *tail, const struct qv_position *position)
{
    if (!tail->live || position->revision > tail->at.revision)
        return QV_SEEN_NOT_YET;
    const struct qv_position *known = &tail->memory[position->revision % QV_TAIL_MEMORY];
    if (known->token[0] == '\0' || known->revision != position->revision)
        return QV_SEEN_FORGOTTEN;
    return same_token(known, position) ? QV_SEEN : QV_SEEN_OTHER_HISTORY;
}

/* ---- beginning anew -------------------------------------------------------------------------- */

static void begin_load(struct qv_store *store)
{
    struct qv_tail *tail = &store->tail;
    tail->live = false;
    tail->at = tail->head;
    memset(tail->memory, 0, sizeof(tail->memory));
    remember(tail);
    qv_reasons_set(&store->reasons, QV_REASON_VIEW, "%s",
                   tail->view == NULL ? "the registry is being loaded"
                                      : "the history broke: the registry is being loaded anew");
    qv_load_begin(store);
}

/* Nothing that was parked can be judged by the history that is there now. */
static void history_broke(struct qv_store *store, const char *reason)
{
    struct qv_tail *tail = &store->tail;
    qv_log(QV_LOG_WARNING, "history broken", QV_LOG_CSTR("reason", reason),
           QV_LOG_INT("revision", tail->at.revision), QV_LOG_INT("head", tail->head.revision));
    if (tail->live)
        tail->epoch++;
    tail->live = tail->stuck = false;
    qv_view_free(&tail->next);
    qv_commands_history_broken(store);
    ask_head(store);
}

/* ---- the view is there ----------------------------------------------------------------------- */

static void publish(struct qv_store *store)
{
    struct qv_tail *tail = &store->tail;
    qv_view_set_position(tail->next, tail->epoch, tail->at.revision);
    tail->view = tail->next;
    tail->next = NULL;
    tail->live = true;
    qv_registry_publish(store->registry, tail->view);
    qv_reasons_clear(&store->reasons, QV_REASON_VIEW);
    qv_log(QV_LOG_INFO, "view loaded", QV_LOG_INT("entries", tail->loaded),
           QV_LOG_INT("revision", tail->at.revision), QV_LOG_INT("epoch", tail->epoch),
           QV_LOG_INT("ms", (qv_mono_now().us - tail->load_began.us) / 1000));
    qv_store_announce(store);
    qv_commands_advance(store);
    qv_mirror_renew(store);
}

void qv_tail_scanned(struct qv_store *store)
{
    ask_head(store);
}

/* ---- entries --------------------------------------------------------------------------------- */

/* Why an entry does not continue what is there; NULL: it does. */
static const char *break_of(const struct qv_tail *tail, const struct qv_entry *entry)
{
    if (entry->revision != tail->at.revision + 1)
        return "an entry of the journal is missing";
    if (!qv_str_equal(entry->prev, qv_str_from(tail->at.token)))
        return "an entry of the journal continues another history";
    if (entry->token.length == 0 || entry->token.length >= QV_TOKEN_SIZE)
        return "an entry of the journal has no token";
    return NULL;
}

static void advance(struct qv_tail *tail, const struct qv_entry *entry)
{
    tail->at.revision = entry->revision;
    snprintf(tail->at.token, sizeof(tail->at.token), "%.*s", QV_STR_ARG(entry->token));
    remember(tail);
}

static void stop_following(struct qv_store *store, const struct qv_entry *entry,
                           const char *message)
{
    store->tail.stuck = true;
    if (qv_reasons_set(&store->reasons, QV_REASON_FOLLOW,
                       "entry %llu of the journal is not followed: %s",
                       (unsigned long long)entry->revision, message))
        qv_log(QV_LOG_ERROR, "journal not followed", QV_LOG_INT("revision", entry->revision),
               QV_LOG_CSTR("reason", message));
}

enum step { STEP_ON, STEP_LATER, STEP_BROKEN };

static enum step follow_one(struct qv_store *store, const struct qv_reply *item,
                            struct qv_entry *entry, const char **ret_break)
{
    struct qv_tail *tail = &store->tail;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    enum qv_status status = qv_entry_read(item, entry, &error);
    /* The chain first: what another history says is not worth understanding. */
    if (status != QV_NO_MEMORY && entry->token.length > 0) {
        *ret_break = break_of(tail, entry);
        if (*ret_break != NULL)
            return STEP_BROKEN;
    }
    if (status == QV_OK)
        status = qv_load_apply(store, tail->live ? tail->view : tail->next, entry->effects,
                               entry->count);
    if (status == QV_OK) {
        advance(tail, entry);
        if (tail->live)
            qv_mirror_note(store, entry->effects, entry->count);
        return STEP_ON;
    }
    stop_following(store, entry, error.message != NULL ? error.message : qv_status_name(status));
    return STEP_LATER;
}

/* Applies what came as far as it goes. */
static enum step follow(struct qv_store *store, const struct qv_reply *entries,
                        const char **ret_break)
{
    struct qv_entry entry = {0};
    enum step step = STEP_ON;
    for (size_t i = 0; i < entries->count && step == STEP_ON; i++)
        step = follow_one(store, qv_reply_item(entries, i), &entry, ret_break);
    qv_entry_free(&entry);
    if (step == STEP_ON) {
        store->tail.stuck = false;
        qv_reasons_clear(&store->reasons, QV_REASON_FOLLOW);
    }
    return step;
}

static void go_on(struct qv_store *store)
{
    struct qv_tail *tail = &store->tail;
    struct qv_mono limit = qv_mono_add_ms(tail->head_read, LOOK_EVERY_MS);
    if (tail->at.revision >= tail->head.revision && limit.us <= qv_mono_now().us)
        ask_head(store);
    else
        read_entries(store);
}

/* After entries were applied: who waited for them, and is a view that is being built complete? */
static void entries_applied(struct qv_store *store)
{
    struct qv_tail *tail = &store->tail;
    qv_store_measure(store);
    if (tail->live) {
        qv_view_set_position(tail->view, tail->epoch, tail->at.revision);
        qv_commands_advance(store);
    } else if (tail->at.revision >= tail->head.revision && !qv_own_awaited(store)) {
        publish(store);
    }
}

static void on_entries(void *data, const struct qv_reply *reply, bool sent)
{
    (void)sent;
    struct qv_store *store = data;
    struct qv_tail *tail = &store->tail;
    if (reply == NULL)
        return;
    if (reply->kind == QV_REPLY_NIL) {
        qv_contact_settled(&tail->contact);
        if (tail->head.revision > tail->at.revision)
            history_broke(store, "the journal ends before the head");
        else
            ask_head(store);
        return;
    }
    const struct qv_reply *entries = qv_reply_item(qv_reply_item(reply, 0), 1);
    if (entries->kind != QV_REPLY_LIST) {
        const struct qv_refusal *refusal = qv_refusal_of(reply);
        give_up(store, refusal != NULL ? refusal->words : "Redis does not hand out its journal");
        return;
    }
    /* Not before: a head alone is handed out by a Redis that keeps its journal to itself, too. */
    qv_contact_settled(&tail->contact);
    const char *broken = NULL;
    enum step step = follow(store, entries, &broken);
    if (step == STEP_BROKEN) {
        history_broke(store, broken);
        return;
    }
    entries_applied(store);
    if (step == STEP_LATER || qv_own_awaited(store))
        look_again(store);
    else
        go_on(store);
}

static void read_entries(struct qv_store *store)
{
    struct qv_tail *tail = &store->tail;
    char key[256], after[32], count[16], block[16];
    snprintf(key, sizeof(key), "%s:journal", store->prefix);
    snprintf(after, sizeof(after), "%llu-0", (unsigned long long)tail->at.revision);
    snprintf(count, sizeof(count), "%d", ENTRIES);
    snprintf(block, sizeof(block), "%d", BLOCK_MS);
    /* What the head promises is there at once, or not at all: then there is nothing to wait for. */
    bool waits = tail->head.revision <= tail->at.revision;
    struct qv_str words[8] = {QV_STR("XREAD"), QV_STR("COUNT"), qv_str_from(count)};
    size_t n = 3;
    if (waits) {
        words[n++] = QV_STR("BLOCK");
        words[n++] = qv_str_from(block);
    }
    words[n++] = QV_STR("STREAMS");
    words[n++] = qv_str_from(key);
    words[n++] = qv_str_from(after);
    if (qv_link_send(tail->contact.link, words, n, on_entries, store, NULL) != QV_OK)
        give_up(store, "out of memory");
}

/* ---- the head -------------------------------------------------------------------------------- */

/* Is the head one that can be followed? False: the words say why not. */
static bool read_head(struct qv_store *store, const struct qv_reply *reply, char *words,
                      size_t size)
{
    struct qv_position head = {0};
    struct qv_str token = qv_reply_text(reply, 1);
    struct qv_str format = qv_reply_text(reply, 2), dialect = qv_reply_text(reply, 3);
    if (!qv_reply_count(reply, 0, &head.revision) || token.length == 0 ||
        token.length >= QV_TOKEN_SIZE) {
        snprintf(words, size, "there is no head yet");
        return false;
    }
    if (!qv_str_equal(format, QV_STR("1"))) {
        snprintf(words, size, "the data is of format %.*s, which is not known here",
                 QV_STR_ARG(format));
        return false;
    }
    if (!qv_str_equal(dialect, qv_str_from(qv_dialect_name(store->dialect)))) {
        snprintf(words, size, "the data was written in dialect %.*s; this server speaks %s",
                 QV_STR_ARG(dialect), qv_dialect_name(store->dialect));
        return false;
    }
    memcpy(head.token, token.at, token.length);
    store->tail.head = head;
    store->tail.head_read = qv_mono_now();
    qv_store_measure(store);
    return true;
}

/* What the head means for where we are. */
static void compare(struct qv_store *store)
{
    struct qv_tail *tail = &store->tail;
    if (!tail->live && tail->next == NULL)
        begin_load(store);
    else if (tail->head.revision < tail->at.revision)
        history_broke(store, "the head is older than what was applied");
    else if (tail->head.revision == tail->at.revision && !same_token(&tail->head, &tail->at))
        history_broke(store, "the head is of another history");
    else if (qv_own_awaited(store) && tail->head.revision == tail->at.revision)
        look_again(store);
    else if (!tail->live && tail->head.revision == tail->at.revision) {
        publish(store);
        read_entries(store);
    } else
        read_entries(store);
}

static void on_head(void *data, const struct qv_reply *reply, bool sent)
{
    (void)sent;
    struct qv_store *store = data;
    char words[160];
    if (reply == NULL)
        return;
    if (reply->kind != QV_REPLY_LIST) {
        const struct qv_refusal *refusal = qv_refusal_of(reply);
        give_up(store, refusal != NULL ? refusal->words : "Redis does not hand out its head");
        return;
    }
    if (read_head(store, reply, words, sizeof(words))) {
        if (!store->tail.stuck)
            qv_reasons_clear(&store->reasons, QV_REASON_FOLLOW);
        compare(store);
        return;
    }
    qv_reasons_set(&store->reasons, QV_REASON_FOLLOW, "%s", words);
    look_again(store);
}

static void ask_head(struct qv_store *store)
{
    char key[256];
    snprintf(key, sizeof(key), "%s:head", store->prefix);
    struct qv_str words[] = {QV_STR("HMGET"), qv_str_from(key), QV_STR("revision"),
                             QV_STR("token"), QV_STR("format"), QV_STR("dialect")};
    qv_loop_disarm(store->loop, &store->tail.timer);
    if (qv_link_send(store->tail.contact.link, words, 6, on_head, store, NULL) != QV_OK)
        give_up(store, "out of memory");
}

/* ---- up and down ----------------------------------------------------------------------------- */

static void on_timer(struct qv_timer *timer)
{
    ask_head((struct qv_store *)((char *)timer - offsetof(struct qv_store, tail.timer)));
}

/* The timer is armed only while no command is on its way: then looking now is looking early. */
void qv_tail_wake(struct qv_store *store)
{
    if (store->tail.timer.place != 0)
        ask_head(store);
}

static void on_greeted(struct qv_contact *contact)
{
    struct qv_store *store =
        (struct qv_store *)((char *)contact - offsetof(struct qv_store, tail.contact));
    qv_store_measure_link(store, QV_LINK_JOURNAL, true);
    ask_head(store);
}

static void on_lost(struct qv_contact *contact, const char *reason)
{
    struct qv_store *store =
        (struct qv_store *)((char *)contact - offsetof(struct qv_store, tail.contact));
    struct qv_tail *tail = &store->tail;
    qv_reasons_set(&store->reasons, QV_REASON_FOLLOW, "the journal is not followed: %s", reason);
    qv_loop_disarm(store->loop, &tail->timer);
    qv_store_measure_link(store, QV_LINK_JOURNAL, false);
    /* A view that is half built cannot be gone on with: what SCAN has seen is not known. */
    qv_view_free(&tail->next);
}

enum qv_status qv_tail_init(struct qv_store *store)
{
    struct qv_tail *tail = &store->tail;
    tail->epoch = 1;
    tail->timer.fire = on_timer;
    tail->contact.greeted = on_greeted;
    tail->contact.lost = on_lost;
    return qv_contact_init(&tail->contact, store->loop, &store->config->store.at,
                           store->socket_path, qv_store_patience_ms(store));
}

void qv_tail_destroy(struct qv_store *store)
{
    if (store->loop != NULL)
        qv_loop_disarm(store->loop, &store->tail.timer);
    qv_contact_destroy(&store->tail.contact);
    qv_view_free(&store->tail.next);
}
