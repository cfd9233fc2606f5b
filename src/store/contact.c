/*
 * Keeps one connection up. The first pause is short, for the embedded Redis is up within
 * milliseconds; the longest is one second, for a lookup costs nobody anything and a change waits.
 * The store's thread alone.
 */
#include "contact.h"

#include <quiver/base/memory.h>
#include <stddef.h>
#include <stdio.h>

enum { FIRST_PAUSE_MS = 10, LONGEST_PAUSE_MS = 1000 };

static void on_greeting(void *data, const struct qv_reply *reply, bool sent)
{
    (void)sent;
    struct qv_contact *contact = data;
    if (reply == NULL)
        return; /* `down` follows */
    if (reply->kind == QV_REPLY_ERROR) {
        char words[160];
        snprintf(words, sizeof(words), "Redis refuses us: %.*s", QV_STR_ARG(reply->text));
        qv_link_break(contact->link, words);
    } else if (--contact->greetings == 0) {
        contact->greeted(contact);
    }
}

static bool greet(struct qv_contact *contact, const struct qv_str *words, size_t count)
{
    contact->greetings++;
    return qv_link_send(contact->link, words, count, on_greeting, contact, NULL) == QV_OK;
}

static bool authenticate(struct qv_contact *contact)
{
    const char *username = contact->redis->username;
    const char *password = contact->redis->password;
    if (password == NULL)
        return true;
    struct qv_str words[3] = {QV_STR("AUTH")};
    size_t count = 1;
    if (username != NULL)
        words[count++] = qv_str_from(username);
    words[count++] = qv_str_from(password);
    return greet(contact, words, count);
}

static bool select_database(struct qv_contact *contact)
{
    if (contact->redis->database == 0)
        return true;
    char number[16];
    snprintf(number, sizeof(number), "%u", contact->redis->database);
    struct qv_str words[] = {QV_STR("SELECT"), qv_str_from(number)};
    return greet(contact, words, 2);
}

static void on_up(void *data)
{
    struct qv_contact *contact = data;
    contact->greetings = 0;
    if (!authenticate(contact) || !select_database(contact))
        qv_link_break(contact->link, "out of memory");
    else if (contact->greetings == 0)
        contact->greeted(contact);
}

static void on_down(void *data, const char *reason)
{
    struct qv_contact *contact = data;
    contact->lost(contact, reason);
    int64_t pause = contact->pause_ms;
    contact->pause_ms = pause * 2 < LONGEST_PAUSE_MS ? pause * 2 : LONGEST_PAUSE_MS;
    qv_loop_arm_surely(contact->loop, &contact->timer, qv_mono_add_ms(qv_mono_now(), pause));
}

static void on_timer(struct qv_timer *timer)
{
    struct qv_contact *contact =
        (struct qv_contact *)((char *)timer - offsetof(struct qv_contact, timer));
    qv_link_connect(contact->link);
}

enum qv_status qv_contact_init(struct qv_contact *contact, struct qv_loop *loop,
                               const struct qv_config_redis *redis, const char *socket_path,
                               int64_t patience_ms)
{
    static const struct qv_link_handler handler = {.up = on_up, .down = on_down};
    contact->loop = loop;
    contact->redis = redis;
    contact->timer.fire = on_timer;
    contact->pause_ms = FIRST_PAUSE_MS;
    return qv_link_new(loop, redis, socket_path, patience_ms, &handler, contact, &contact->link);
}

void qv_contact_start(struct qv_contact *contact)
{
    qv_link_connect(contact->link);
}

void qv_contact_settled(struct qv_contact *contact)
{
    contact->pause_ms = FIRST_PAUSE_MS;
}

void qv_contact_destroy(struct qv_contact *contact)
{
    if (contact->loop != NULL)
        qv_loop_disarm(contact->loop, &contact->timer);
    qv_link_free(&contact->link);
}
