/*
 * An HTTP/1.1 answer as it arrives: status, length of the body, and whether the connection goes on.
 * The body is counted and thrown away. Only answers with Content-Length (or 204) are understood,
 * for that is what both servers send; anything else is an error, never a guess. One thread.
 */
#define _GNU_SOURCE
#include "load.h"
#include <stdlib.h>
#include <string.h>

static bool read_status(struct load_answer *answer)
{
    if (strncmp(answer->head, "HTTP/1.1 ", 9) != 0) {
        return false;
    }
    answer->status = atoi(answer->head + 9);
    return answer->status >= 100 && answer->status <= 599;
}

/* `head` is the head up to and with its empty line, NUL-terminated. */
static bool read_head(struct load_answer *answer)
{
    static const char length_name[] = "\r\ncontent-length:";
    if (!read_status(answer)) {
        return false;
    }
    answer->last = strcasestr(answer->head, "\r\nconnection: close\r\n") != NULL;
    const char *found = strcasestr(answer->head, length_name);
    if (found == NULL) {
        answer->left = 0;
        return answer->status == 204;
    }
    char *end = NULL;
    answer->left = strtoull(found + sizeof(length_name) - 1, &end, 10);
    return end != NULL && *end == '\r';
}

/* Takes bytes of the head; what is behind it is the body's. */
static enum load_progress feed_head(struct load_answer *answer, const char **data, size_t *length)
{
    size_t room = LOAD_HEAD_MAX - 1 - answer->head_length, before = answer->head_length;
    size_t take = *length < room ? *length : room;
    memcpy(answer->head + before, *data, take);
    answer->head_length += take;
    answer->head[answer->head_length] = '\0';
    const char *end = strstr(answer->head, "\r\n\r\n");
    if (end == NULL) {
        return take < *length || take == room ? LOAD_BROKEN : LOAD_MORE;
    }
    answer->head_length = (size_t)(end - answer->head) + 4;
    answer->head[answer->head_length] = '\0';
    size_t used = answer->head_length - before;
    *data += used;
    *length -= used;
    answer->head_done = true;
    answer->bytes = answer->head_length;
    return read_head(answer) ? LOAD_WHOLE : LOAD_BROKEN;
}

enum load_progress load_answer_feed(struct load_answer *answer, const char *data, size_t length)
{
    if (!answer->head_done) {
        enum load_progress progress = feed_head(answer, &data, &length);
        if (progress != LOAD_WHOLE) {
            return progress;
        }
    }
    if (length > answer->left) {
        return LOAD_BROKEN;
    }
    answer->left -= length;
    answer->bytes += length;
    return answer->left == 0 ? LOAD_WHOLE : LOAD_MORE;
}
