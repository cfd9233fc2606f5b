/*
 * The table of scripts, compiled in, and the one table that maps refusals: the scripts' own (lists
 * that begin with a word) and Redis' (errors, also those that a script met at its first write and
 * handed on as FAILED). None of them changed anything. Pure; any thread.
 */
#include "scripts.h"

#include "store_scripts_data.h"

#include <string.h>

static const struct {
    const char *name;
    const char *text;
} scripts[QV_SCRIPT_COUNT] = {
    [QV_SCRIPT_OPEN] = {"open", qv_lua_open},
    [QV_SCRIPT_TICK] = {"tick", qv_lua_tick},
    [QV_SCRIPT_REGISTER_SERVICE] = {"register-service", qv_lua_register_service},
    [QV_SCRIPT_REVOKE_SERVICE] = {"revoke-service", qv_lua_revoke_service},
    [QV_SCRIPT_REVOKE_SYSTEM] = {"revoke-system", qv_lua_revoke_system},
    [QV_SCRIPT_REGISTER_SYSTEM] = {"register-system", qv_lua_register_system},
    [QV_SCRIPT_REGISTER_DEVICE] = {"register-device", qv_lua_register_device},
    [QV_SCRIPT_REVOKE_DEVICE] = {"revoke-device", qv_lua_revoke_device},
    [QV_SCRIPT_REGISTER_OWN] = {"register-own", qv_lua_register_own},
    [QV_SCRIPT_REGISTER_CHAP] = {"register-chap", qv_lua_register_chap},
    [QV_SCRIPT_PING_CHAP] = {"ping-chap", qv_lua_ping_chap},
    [QV_SCRIPT_DELETE_CHAP] = {"delete-chap", qv_lua_delete_chap},
};

const char *qv_script_name(enum qv_script script)
{
    return scripts[script].name;
}

struct qv_str qv_script_text(enum qv_script script)
{
    return qv_str_from(scripts[script].text);
}

static const struct qv_refusal by_script[] = {
    {"LATE", QV_UNAVAILABLE, QV_REMEDY_NONE, "the store is too slow"},
    {"NOHEAD", QV_UNAVAILABLE, QV_REMEDY_OPEN, "the store has lost its data"},
    {"BROKEN", QV_UNAVAILABLE, QV_REMEDY_OPEN, "the store's journal is ahead of its head"},
    {"FORMAT", QV_UNAVAILABLE, QV_REMEDY_OPEN, "the data is of a format that is not known here"},
    {"WRONGTYPE", QV_INTERNAL, QV_REMEDY_NONE, "the stored data is damaged"},
    {"DAMAGED", QV_INTERNAL, QV_REMEDY_NONE, "the stored data is damaged"},
};

static const struct qv_refusal by_redis[] = {
    {"LOADING", QV_UNAVAILABLE, QV_REMEDY_NONE, "Redis is loading its data"},
    {"MISCONF", QV_UNAVAILABLE, QV_REMEDY_NONE, "Redis cannot write to its disk"},
    {"OOM", QV_UNAVAILABLE, QV_REMEDY_NONE, "Redis has no memory left"},
    {"READONLY", QV_UNAVAILABLE, QV_REMEDY_RECONNECT, "Redis is a replica"},
    {"MASTERDOWN", QV_UNAVAILABLE, QV_REMEDY_RECONNECT, "Redis is a replica without its master"},
    {"NOREPLICAS", QV_UNAVAILABLE, QV_REMEDY_NONE, "Redis has too few replicas"},
    {"BUSY", QV_UNAVAILABLE, QV_REMEDY_NONE, "Redis is busy with a script"},
    {"CLUSTERDOWN", QV_UNAVAILABLE, QV_REMEDY_NONE, "Redis' cluster is down"},
    {"NOAUTH", QV_UNAVAILABLE, QV_REMEDY_RECONNECT, "Redis wants another password"},
};

static const struct qv_refusal *find(const struct qv_refusal *table, size_t count,
                                     struct qv_str code)
{
    for (size_t i = 0; i < count; i++)
        if (qv_str_equal(code, qv_str_from(table[i].code)))
            return &table[i];
    return NULL;
}

/* The first word of Redis' text. */
static struct qv_str code_of(struct qv_str words)
{
    return qv_str_part(words, 0, qv_str_find(words, ' '));
}

const struct qv_refusal *qv_refusal_of(const struct qv_reply *reply)
{
    struct qv_str code;
    if (reply->kind == QV_REPLY_ERROR)
        code = code_of(reply->text);
    else if (qv_reply_begins(reply, "FAILED"))
        code = code_of(qv_reply_text(reply, 1));
    else
        return find(by_script, sizeof(by_script) / sizeof(by_script[0]), qv_reply_text(reply, 0));
    return find(by_redis, sizeof(by_redis) / sizeof(by_redis[0]), code);
}

bool qv_reply_is_error(const struct qv_reply *reply, const char *code)
{
    return reply->kind == QV_REPLY_ERROR && qv_str_equal(code_of(reply->text), qv_str_from(code));
}
