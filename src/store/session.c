/*
 * What happens on the connection for commands until changes are accepted: Redis is looked at (a
 * master with an append-only file that evicts nothing, else no promise could be kept), the scripts
 * are loaded, open.lua makes or checks the head. From then on tick.c has the word.
 *
 * What always holds: `open` is true only while all of this is so for the connection that is up.
 * The store's thread alone.
 */
#include "internal.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { LOOK_AGAIN_MS = 1000, LOADING_AGAIN_MS = 100, ARGUMENTS_MAX = 4096 };

/* A registration with more is refused by the domain, as a fault of the request. */
_Static_assert(12 + 2 * QV_REGISTRATION_TEMPLATES_MAX <= ARGUMENTS_MAX, "templates fit a call");

static struct qv_store *store_of(struct qv_contact *contact)
{
    return (struct qv_store *)((char *)contact - offsetof(struct qv_store, session.contact));
}

/* ---- calling scripts ------------------------------------------------------------------------- */

enum qv_status qv_session_call(struct qv_store *store, enum qv_script script, bool whole,
                               int64_t deadline_ms, const char *token, const struct qv_str *rest,
                               size_t count, qv_link_done done, void *data,
                               struct qv_command **ret_command)
{
    struct qv_session *session = &store->session;
    if (count > ARGUMENTS_MAX)
        return QV_TOO_LARGE;
    char deadline[24];
    snprintf(deadline, sizeof(deadline), "%lld", (long long)deadline_ms);
    struct qv_str words[6 + count];
    words[0] = whole ? QV_STR("EVAL") : QV_STR("EVALSHA");
    words[1] = whole ? qv_script_text(script) : qv_str_from(session->sha[script]);
    words[2] = QV_STR("1");
    words[3] = qv_str_from(store->prefix);
    words[4] = qv_str_from(deadline);
    words[5] = qv_str_from(token);
    for (size_t i = 0; i < count; i++)
        words[6 + i] = rest[i];
    return qv_link_send(session->contact.link, words, 6 + count, done, data, ret_command);
}

int64_t qv_session_redis_ms(const struct qv_session *session, struct qv_mono due)
{
    int64_t us = due.us - session->clock_at.us;
    return session->clock_ms + (us >= 0 ? us / 1000 : -((-us + 999) / 1000));
}

void qv_session_note_clock(struct qv_session *session, int64_t redis_ms)
{
    session->clock_at = qv_mono_now();
    session->clock_ms = redis_ms;
}

/* ---- is this Redis fit? ---------------------------------------------------------------------- */

/* The value of a line `name:value` of INFO. */
static struct qv_str info_value(struct qv_str info, const char *name)
{
    struct qv_str line, wanted = qv_str_from(name);
    while (qv_str_split_next(&info, '\n', &line)) {
        line = qv_str_trim(line);
        if (qv_str_starts_with(line, wanted) && line.length > wanted.length &&
            line.at[wanted.length] == ':')
            return qv_str_part(line, wanted.length + 1, SIZE_MAX);
    }
    return (struct qv_str){0};
}

/* What INFO must say for changes to be accepted, and the words where it does not. */
static const struct {
    const char *name;
    const char *wanted;
    const char *words; /* may have a %.*s for what it says instead */
} fitness[] = {
    {"loading", "0", "Redis is loading its data"},
    {"role", "master", "Redis is a replica"},
    {"aof_enabled", "1", "Redis has no append-only file"},
    {"maxmemory_policy", "noeviction", "Redis' maxmemory-policy is %.*s, must be noeviction"},
};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static bool is_fit(struct qv_store *store, struct qv_str info)
{
    for (size_t i = 0; i < sizeof(fitness) / sizeof(fitness[0]); i++) {
        struct qv_str value = info_value(info, fitness[i].name);
        if (qv_str_equal(value, qv_str_from(fitness[i].wanted)))
            continue;
        char words[160];
        snprintf(words, sizeof(words), fitness[i].words, QV_STR_ARG(value));
        if (qv_reasons_set(&store->reasons, QV_REASON_FITNESS, "%s", words))
            qv_log(QV_LOG_WARNING, "store accepts no changes", QV_LOG_CSTR("reason", words));
        return false;
    }
    qv_reasons_clear(&store->reasons, QV_REASON_FITNESS);
    return true;
}
#pragma GCC diagnostic pop

static void on_info(void *data, const struct qv_reply *reply, bool sent)
{
    (void)sent;
    struct qv_store *store = data;
    struct qv_session *session = &store->session;
    if (reply == NULL)
        return;
    if (reply->kind != QV_REPLY_TEXT) {
        const struct qv_refusal *refusal = qv_refusal_of(reply);
        qv_link_break(session->contact.link,
                      refusal != NULL ? refusal->words : "Redis does not answer INFO");
        return;
    }
    session->ticks = 0;
    if (!is_fit(store, reply->text)) {
        session->open = false;
        qv_store_measure(store);
        bool loading = !qv_str_equal(info_value(reply->text, "loading"), QV_STR("0"));
        if (!loading)
            qv_own_tried(store);
        session->refuses = !loading;
        qv_store_announce(store);
        qv_session_again(store, loading ? LOADING_AGAIN_MS : LOOK_AGAIN_MS);
    } else if (session->open) {
        qv_tick(store);
    } else {
        qv_session_load_scripts(store);
    }
}

void qv_session_ask_info(struct qv_store *store)
{
    struct qv_str words[] = {QV_STR("INFO")};
    if (qv_link_send(store->session.contact.link, words, 1, on_info, store, NULL) != QV_OK)
        qv_session_again(store, LOOK_AGAIN_MS);
}

/* ---- open.lua -------------------------------------------------------------------------------- */

static void opened(struct qv_store *store, const struct qv_reply *reply, int64_t redis_ms)
{
    struct qv_session *session = &store->session;
    qv_session_note_clock(session, redis_ms);
    session->open = true;
    qv_contact_settled(&session->contact);
    qv_reasons_clear(&store->reasons, QV_REASON_LINK);
    struct qv_str begun = qv_reply_text(reply, 5);
    if (qv_str_equal(begun, QV_STR("mended")))
        qv_log(QV_LOG_WARNING, "store mended",
               QV_LOG_CSTR("reason", "the head was lost or older than the journal"));
    if (!session->was_open)
        qv_log(QV_LOG_INFO, "store connected", QV_LOG_CSTR("at", store->where),
               QV_LOG_INT("new", qv_str_equal(begun, QV_STR("new"))));
    session->was_open = true;
    store->own.there = false;
    qv_own_write(store);
    qv_store_announce(store);
    qv_store_measure(store);
    qv_tail_wake(store);
    qv_tick(store);
}

static void refuse_data(struct qv_store *store, const char *what, struct qv_str theirs,
                        const char *ours, const char *remedy)
{
    char words[200];
    snprintf(words, sizeof(words), "the data was written in %s %.*s; this server speaks %s: %s",
             what, QV_STR_ARG(theirs), ours, remedy);
    if (qv_reasons_set(&store->reasons, QV_REASON_FITNESS, "%s", words))
        qv_log(QV_LOG_ERROR, "store accepts no changes", QV_LOG_CSTR("reason", words));
}

static void not_opened(struct qv_store *store, const struct qv_reply *reply)
{
    qv_own_tried(store);
    const struct qv_refusal *refusal = qv_refusal_of(reply);
    if (qv_reply_begins(reply, "DIALECT")) {
        refuse_data(store, "dialect", qv_reply_text(reply, 1), qv_dialect_name(store->dialect),
                    "set cloud.dialect to it, or use another data directory or database");
    } else if (qv_reply_begins(reply, "FORMAT")) {
        refuse_data(store, "format", qv_reply_text(reply, 1), "1", "use a newer Quiver");
    } else {
        const char *words = refusal != NULL ? refusal->words : "Redis does not run scripts";
        struct qv_str detail =
            reply->kind == QV_REPLY_ERROR ? reply->text : qv_reply_text(reply, 1);
        if (qv_reasons_set(&store->reasons, QV_REASON_FITNESS, "%s", words))
            qv_log(QV_LOG_WARNING, "store accepts no changes", QV_LOG_CSTR("reason", words),
                   QV_LOG_STR("detail", detail));
    }
    store->session.refuses = true;
    qv_store_announce(store);
    qv_session_again(store, LOOK_AGAIN_MS);
}

static void on_open(void *data, const struct qv_reply *reply, bool sent)
{
    (void)sent;
    struct qv_store *store = data;
    int64_t redis_ms;
    if (reply == NULL)
        return;
    if (qv_reply_begins(reply, "OPEN") && qv_reply_number(reply, 1, &redis_ms))
        opened(store, reply, redis_ms);
    else
        not_opened(store, reply);
}

static void call_open(struct qv_store *store)
{
    const char *const *seeds = qv_template_seeds(store->dialect);
    struct qv_str rest[64] = {QV_STR("{\"system\":\"quiver\"}"),
                              qv_str_from(qv_dialect_name(store->dialect))};
    size_t count = 2;
    while (*seeds != NULL && count < sizeof(rest) / sizeof(rest[0]))
        rest[count++] = qv_str_from(*seeds++);
    char token[QV_TOKEN_SIZE];
    if (qv_random_token(token) != QV_OK ||
        qv_session_call(store, QV_SCRIPT_OPEN, false, 0, token, rest, count, on_open, store,
                        NULL) != QV_OK)
        qv_session_again(store, LOOK_AGAIN_MS);
}

/* ---- the scripts ----------------------------------------------------------------------------- */

static void on_script(void *data, const struct qv_reply *reply, bool sent)
{
    (void)sent;
    struct qv_store *store = data;
    struct qv_session *session = &store->session;
    if (reply == NULL)
        return;
    char *sha = session->sha[QV_SCRIPT_COUNT - session->loading];
    if (reply->kind != QV_REPLY_TEXT || reply->text.length != sizeof(session->sha[0]) - 1) {
        const struct qv_refusal *refusal = qv_refusal_of(reply);
        qv_link_break(session->contact.link,
                      refusal != NULL ? refusal->words : "Redis does not load scripts");
        return;
    }
    memcpy(sha, reply->text.at, sizeof(session->sha[0]));
    if (--session->loading == 0)
        call_open(store);
}

void qv_session_load_scripts(struct qv_store *store)
{
    struct qv_session *session = &store->session;
    if (session->loading > 0)
        return;
    session->open = false;
    session->loading = QV_SCRIPT_COUNT;
    qv_store_measure(store);
    for (int script = 0; script < QV_SCRIPT_COUNT; script++) {
        struct qv_str words[] = {QV_STR("SCRIPT"), QV_STR("LOAD"),
                                 qv_script_text((enum qv_script)script)};
        if (qv_link_send(session->contact.link, words, 3, on_script, store, NULL) != QV_OK) {
            qv_link_break(session->contact.link, "out of memory");
            return;
        }
    }
}

void qv_session_remedy(struct qv_store *store, enum qv_remedy remedy)
{
    if (remedy == QV_REMEDY_RECONNECT)
        qv_link_break(store->session.contact.link, "Redis does not take changes any more");
    else if (remedy == QV_REMEDY_OPEN && store->session.open)
        qv_session_load_scripts(store);
}

/* ---- up and down ----------------------------------------------------------------------------- */

static void on_timer(struct qv_timer *timer)
{
    struct qv_store *store =
        (struct qv_store *)((char *)timer - offsetof(struct qv_store, session.timer));
    enum { LOOK_EVERY = 10 };
    if (store->session.open)
        qv_own_write(store);
    if (store->session.open && ++store->session.ticks < LOOK_EVERY)
        qv_tick(store);
    else
        qv_session_ask_info(store);
}

void qv_session_again(struct qv_store *store, int64_t milliseconds)
{
    qv_loop_arm_surely(store->loop, &store->session.timer,
                       qv_mono_add_ms(qv_mono_now(), milliseconds));
}

static void on_greeted(struct qv_contact *contact)
{
    qv_store_measure_link(store_of(contact), QV_LINK_COMMANDS, true);
    qv_session_ask_info(store_of(contact));
}

static void on_lost(struct qv_contact *contact, const char *reason)
{
    struct qv_store *store = store_of(contact);
    struct qv_session *session = &store->session;
    bool is_new = qv_reasons_set(&store->reasons, QV_REASON_LINK,
                                 "Redis is not reachable at %s: %s", store->where, reason);
    qv_reasons_clear(&store->reasons, QV_REASON_FITNESS);
    qv_reasons_clear(&store->reasons, QV_REASON_REFUSAL);
    if (session->was_open)
        qv_log(QV_LOG_WARNING, "store lost", QV_LOG_CSTR("at", store->where),
               QV_LOG_CSTR("reason", reason));
    else if (is_new) /* the embedded one is just being started, and logs its own troubles */
        qv_log(store->config->store.at.kind == QV_REDIS_EMBEDDED ? QV_LOG_DEBUG : QV_LOG_WARNING,
               "store not reachable", QV_LOG_CSTR("at", store->where),
               QV_LOG_CSTR("reason", reason));
    session->open = session->was_open = session->ticking = session->refuses = false;
    session->loading = 0;
    qv_loop_disarm(store->loop, &session->timer);
    qv_store_measure_link(store, QV_LINK_COMMANDS, false);
}

enum qv_status qv_session_init(struct qv_store *store)
{
    struct qv_session *session = &store->session;
    session->timer.fire = on_timer;
    session->contact.greeted = on_greeted;
    session->contact.lost = on_lost;
    return qv_contact_init(&session->contact, store->loop, &store->config->store.at,
                           store->socket_path, qv_store_patience_ms(store));
}

void qv_session_destroy(struct qv_store *store)
{
    if (store->loop != NULL)
        qv_loop_disarm(store->loop, &store->session.timer);
    qv_contact_destroy(&store->session.contact);
}
