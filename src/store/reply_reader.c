/*
 * hiredis' parser, building our replies instead of its own. One thread for each reader.
 */
#include "reply_reader.h"

#include <hiredis/hiredis.h>
#include <quiver/base/memory.h>

static struct qv_reply *reply_new(const redisReadTask *task, enum qv_reply_kind kind)
{
    struct qv_reply *reply = qv_alloc(sizeof(*reply));
    if (reply == NULL)
        return NULL;
    reply->kind = kind;
    if (task->parent != NULL)
        ((struct qv_reply *)task->parent->obj)->items[task->idx] = reply;
    return reply;
}

/* A reply whose content found no memory; one in a list is freed with the list. */
static void *reply_failed(const redisReadTask *task, struct qv_reply *reply)
{
    if (task->parent == NULL)
        qv_reply_free(&reply);
    return NULL;
}

static void *reply_text(const redisReadTask *task, char *at, size_t length)
{
    struct qv_reply *reply =
        reply_new(task, task->type == REDIS_REPLY_ERROR ? QV_REPLY_ERROR : QV_REPLY_TEXT);
    if (reply == NULL)
        return NULL;
    reply->text.at = qv_strndup(at, length);
    reply->text.length = length;
    return reply->text.at != NULL ? reply : reply_failed(task, reply);
}

static void *reply_list(const redisReadTask *task, int count)
{
    struct qv_reply *reply = reply_new(task, QV_REPLY_LIST);
    if (reply == NULL || count < 0)
        return reply;
    reply->items = qv_alloc_array((size_t)count, sizeof(struct qv_reply *));
    if (reply->items == NULL)
        return reply_failed(task, reply);
    reply->count = (size_t)count;
    return reply;
}

static void *reply_number(const redisReadTask *task, long long number)
{
    struct qv_reply *reply = reply_new(task, QV_REPLY_NUMBER);
    if (reply != NULL)
        reply->number = number;
    return reply;
}

static void *reply_nil(const redisReadTask *task)
{
    return reply_new(task, QV_REPLY_NIL);
}

static void reply_drop(void *object)
{
    struct qv_reply *reply = object;
    qv_reply_free(&reply);
}

static redisReplyObjectFunctions reply_functions = {
    .createString = reply_text,
    .createArray = reply_list,
    .createInteger = reply_number,
    .createNil = reply_nil,
    .freeObject = reply_drop,
};

redisReader *qv_reply_reader_new(void)
{
    return redisReaderCreateWithFunctions(&reply_functions);
}
