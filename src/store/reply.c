/*
 * Looking into Redis' answers without trusting their shape: what is not there reads as nil, as the
 * empty text or as "no number". Pure; any thread.
 */
#include "reply.h"

#include <quiver/base/memory.h>

const struct qv_reply *qv_reply_item(const struct qv_reply *reply, size_t index)
{
    static const struct qv_reply nil = {.kind = QV_REPLY_NIL};
    if (reply == NULL || reply->kind != QV_REPLY_LIST || index >= reply->count ||
        reply->items[index] == NULL)
        return &nil;
    return reply->items[index];
}

struct qv_str qv_reply_text(const struct qv_reply *reply, size_t index)
{
    const struct qv_reply *item = qv_reply_item(reply, index);
    return item->kind == QV_REPLY_TEXT ? item->text : (struct qv_str){0};
}

bool qv_reply_number(const struct qv_reply *reply, size_t index, int64_t *ret_number)
{
    const struct qv_reply *item = qv_reply_item(reply, index);
    if (item->kind == QV_REPLY_NUMBER) {
        *ret_number = item->number;
        return true;
    }
    if (item->kind != QV_REPLY_TEXT)
        return false;
    struct qv_str digits = item->text;
    bool negative = digits.length > 0 && digits.at[0] == '-';
    uint64_t value;
    if (qv_str_to_uint(qv_str_part(digits, negative, SIZE_MAX), INT64_MAX, &value) != QV_OK)
        return false;
    *ret_number = negative ? -(int64_t)value : (int64_t)value;
    return true;
}

bool qv_reply_count(const struct qv_reply *reply, size_t index, uint64_t *ret_number)
{
    int64_t number;
    if (!qv_reply_number(reply, index, &number) || number < 0)
        return false;
    *ret_number = (uint64_t)number;
    return true;
}

bool qv_reply_begins(const struct qv_reply *reply, const char *word)
{
    return qv_str_equal(qv_reply_text(reply, 0), qv_str_from(word));
}

void qv_reply_free(struct qv_reply **reply)
{
    struct qv_reply *gone = *reply;
    *reply = NULL;
    if (gone == NULL)
        return;
    for (size_t i = 0; i < gone->count; i++)
        qv_reply_free(&gone->items[i]);
    qv_free(gone->items);
    qv_free((char *)gone->text.at);
    qv_free(gone);
}
