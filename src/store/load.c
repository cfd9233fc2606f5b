/*
 * A new view from the keys: SCAN and MGET in turns until all were seen, then the leases
 * (load_leases.c). The picture is blurred, for
 * changes go on meanwhile; tail.c makes it sharp by applying the journal from the head that was
 * noted before the first key to the head that is there after the last.
 *
 * Documents that cannot be read are left out, logged and counted: the rest must not suffer for
 * them. The store's thread alone.
 */
#include "internal.h"

#include <quiver/base/memory.h>
#include <stdio.h>
#include <string.h>

enum { LOGGED_DAMAGES = 20 };

void qv_load_note_damage(struct qv_store *store, const char *kind, struct qv_str id,
                         const char *message)
{
    struct qv_tail *tail = &store->tail;
    if (tail->damaged++ < LOGGED_DAMAGES)
        qv_log(QV_LOG_ERROR, "stored document left out", QV_LOG_CSTR("kind", kind),
               QV_LOG_STR("id", id), QV_LOG_CSTR("reason", message));
    if (tail->first_damaged[0] == '\0')
        snprintf(tail->first_damaged, sizeof(tail->first_damaged), "%s:%.*s", kind, QV_STR_ARG(id));
    qv_reasons_set(&store->reasons, QV_REASON_DAMAGE,
                   "%zu stored documents cannot be read and are left out, such as %s",
                   tail->damaged, tail->first_damaged);
}

/* One effect whose document cannot be read counts as a removal: after a restart it would not be
   there either. */
static enum qv_status apply_one(struct qv_store *store, struct qv_view *view,
                                struct qv_effect effect)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    enum qv_status status = qv_view_apply(view, &effect, 1, &error);
    if (status != QV_INVALID)
        return status;
    qv_load_note_damage(store, qv_kind_name(effect.kind), effect.id, qv_error_message(&error));
    if (effect.kind >= QV_KIND_COUNT)
        return QV_OK;
    effect.envelope = (struct qv_str){0};
    effect.renews = false;
    return qv_view_apply(view, &effect, 1, NULL);
}

enum qv_status qv_load_apply(struct qv_store *store, struct qv_view *view,
                             const struct qv_effect *effects, size_t count)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    enum qv_status status = qv_view_apply(view, effects, count, &error);
    if (status != QV_INVALID)
        return status;
    for (size_t i = 0; i < count; i++)
        QV_TRY(apply_one(store, view, effects[i]));
    return QV_OK;
}

/* ---- keys ------------------------------------------------------------------------------------ */

/* A turn of SCAN: its keys that name documents, and where to go on. Freed by the MGET's answer. */
struct turn {
    struct qv_store *store;
    char cursor[24];
    size_t count;
    struct qv_effect *effects; /* kind and id; ids point into `names` */
    char **names;              /* owned copies of the keys */
};

static void turn_free(struct turn **turn)
{
    if (*turn == NULL)
        return;
    for (size_t i = 0; i < (*turn)->count; i++)
        qv_free((*turn)->names[i]);
    qv_free((*turn)->names);
    qv_free((*turn)->effects);
    qv_free(*turn);
    *turn = NULL;
}

/* Is the key that of a document? Sets, sorted sets, head and journal are not. */
static bool is_document(const struct qv_store *store, struct qv_str key, struct qv_effect *ret)
{
    struct qv_str rest = qv_str_part(key, strlen(store->prefix) + 1, SIZE_MAX);
    struct qv_str kind;
    if (!qv_str_split_next(&rest, ':', &kind) || rest.length == 0)
        return false;
    *ret = (struct qv_effect){.kind = qv_kind_parse(kind), .id = rest};
    return ret->kind != QV_KIND_COUNT;
}

static struct turn *turn_new(struct qv_store *store, struct qv_str cursor, size_t keys)
{
    struct turn *turn = qv_alloc(sizeof(*turn));
    if (turn == NULL)
        return NULL;
    turn->store = store;
    turn->effects = qv_alloc_array(keys, sizeof(*turn->effects));
    turn->names = qv_alloc_array(keys, sizeof(*turn->names));
    if (turn->effects == NULL || turn->names == NULL || cursor.length >= sizeof(turn->cursor)) {
        turn_free(&turn);
        return NULL;
    }
    memcpy(turn->cursor, cursor.at, cursor.length);
    return turn;
}

static struct turn *read_turn(struct qv_store *store, const struct qv_reply *reply)
{
    const struct qv_reply *keys = qv_reply_item(reply, 1);
    struct turn *turn = turn_new(store, qv_reply_text(reply, 0), keys->count);
    for (size_t i = 0; turn != NULL && i < keys->count; i++) {
        struct qv_effect effect;
        if (!is_document(store, qv_reply_text(keys, i), &effect))
            continue;
        char *name = qv_str_dup(qv_reply_text(keys, i));
        if (name == NULL) {
            turn_free(&turn);
            break;
        }
        size_t before_id = (size_t)(effect.id.at - qv_reply_text(keys, i).at);
        effect.id.at = name + before_id;
        turn->names[turn->count] = name;
        turn->effects[turn->count++] = effect;
    }
    return turn;
}

/* ---- SCAN and MGET --------------------------------------------------------------------------- */

static void scan(struct qv_store *store, const char *cursor);

static void give_up(struct qv_store *store, const char *reason)
{
    qv_link_break(store->tail.contact.link, reason);
}

static const char *reason_of(const struct qv_reply *reply)
{
    const struct qv_refusal *refusal = qv_refusal_of(reply);
    return refusal != NULL ? refusal->words : "Redis does not hand out its keys";
}

static void next_turn(struct qv_store *store, const char *cursor)
{
    if (strcmp(cursor, "0") == 0)
        qv_load_leases(store);
    else
        scan(store, cursor);
}

static enum qv_status apply_turn(struct turn *turn, const struct qv_reply *reply)
{
    size_t count = 0;
    for (size_t i = 0; i < turn->count; i++) {
        struct qv_effect effect = turn->effects[i];
        effect.envelope = qv_reply_text(reply, i);
        if (effect.envelope.length > 0) /* else gone since the SCAN */
            turn->effects[count++] = effect;
    }
    turn->store->tail.loaded += count;
    return qv_load_apply(turn->store, turn->store->tail.next, turn->effects, count);
}

static void on_values(void *data, const struct qv_reply *reply, bool sent)
{
    (void)sent;
    struct turn *turn = data;
    struct qv_store *store = turn->store;
    char cursor[sizeof(turn->cursor)];
    memcpy(cursor, turn->cursor, sizeof(cursor));
    bool fits = reply != NULL && reply->kind == QV_REPLY_LIST && reply->count == turn->count;
    enum qv_status status = fits ? apply_turn(turn, reply) : QV_UNAVAILABLE;
    turn_free(&turn);
    if (reply == NULL)
        return;
    if (status == QV_OK)
        next_turn(store, cursor);
    else
        give_up(store, status == QV_NO_MEMORY ? "out of memory" : reason_of(reply));
}

static enum qv_status ask_values(struct turn *turn)
{
    struct qv_str *words = qv_alloc_array(turn->count + 1, sizeof(*words));
    if (words == NULL)
        return QV_NO_MEMORY;
    words[0] = QV_STR("MGET");
    for (size_t i = 0; i < turn->count; i++)
        words[i + 1] = qv_str_from(turn->names[i]);
    enum qv_status status =
        qv_link_send(turn->store->tail.contact.link, words, turn->count + 1, on_values, turn, NULL);
    qv_free(words);
    return status;
}

static void on_keys(void *data, const struct qv_reply *reply, bool sent)
{
    (void)sent;
    struct qv_store *store = data;
    if (reply == NULL)
        return;
    if (qv_reply_item(reply, 1)->kind != QV_REPLY_LIST) {
        give_up(store, reason_of(reply));
        return;
    }
    struct turn *turn = read_turn(store, reply);
    if (turn == NULL) {
        give_up(store, "out of memory");
    } else if (turn->count == 0) {
        turn_free(&turn);
        char cursor[24];
        snprintf(cursor, sizeof(cursor), "%.*s", QV_STR_ARG(qv_reply_text(reply, 0)));
        next_turn(store, cursor);
    } else if (ask_values(turn) != QV_OK) {
        turn_free(&turn);
        give_up(store, "out of memory");
    }
}

/* The prefix as a pattern that matches itself alone, and anything behind it. */
static void write_pattern(const struct qv_store *store, struct qv_buf *buf)
{
    for (const char *c = store->prefix; *c != '\0'; c++) {
        if (strchr("*?[]\\^", *c) != NULL)
            qv_buf_put_char(buf, '\\');
        qv_buf_put_char(buf, *c);
    }
    qv_buf_put_text(buf, ":*");
}

static void scan(struct qv_store *store, const char *cursor)
{
    QV_CLEANUP(qv_buf) struct qv_buf pattern = {0};
    write_pattern(store, &pattern);
    struct qv_str words[] = {QV_STR("SCAN"),       qv_str_from(cursor), QV_STR("MATCH"),
                             qv_buf_str(&pattern), QV_STR("COUNT"),     QV_STR("1000")};
    enum qv_status status = qv_buf_status(&pattern);
    if (status == QV_OK)
        status = qv_link_send(store->tail.contact.link, words, 6, on_keys, store, NULL);
    if (status != QV_OK)
        give_up(store, "out of memory");
}

void qv_load_begin(struct qv_store *store)
{
    struct qv_tail *tail = &store->tail;
    tail->loaded = tail->damaged = 0;
    tail->first_damaged[0] = '\0';
    tail->load_began = qv_mono_now();
    qv_reasons_clear(&store->reasons, QV_REASON_DAMAGE);
    qv_view_free(&tail->next);
    if (qv_view_new(&tail->next) != QV_OK) {
        give_up(store, "out of memory");
        return;
    }
    qv_view_prepare_for(tail->next, store->registry);
    scan(store, "0");
}
