/*
 * The one place where the store meets Redis' protocol: a connection of libh2o's, hiredis' writer
 * and parser (hiredis' own asynchronous layer has no timeouts).
 *
 * What always holds: at most one write is with libh2o, the rest waits in a bounded queue, so that
 * what was not sent can be taken back; each command gets exactly one answer, in order, or none if
 * it was cancelled. The loop's thread alone.
 */
#include "link.h"
#include "dial.h"
#include "reply_reader.h"

#include <h2o.h>
#include <hiredis/hiredis.h>
#include <quiver/base/memory.h>
#include <stdio.h>
#include <utlist.h>

/* ---- a connection ---------------------------------------------------------------------------- */

enum { BATCH = 64 };                 /* commands of one write */
#define QUEUE_MAX ((size_t)16 << 20) /* bytes that wait to be sent; beyond: refused */

struct qv_command {
    struct qv_command *prev, *next;
    char *text; /* owned; hiredis' allocation; NULL once it is being sent */
    size_t length;
    bool sent;
    qv_link_done done; /* NULL: cancelled */
    void *data;
};

enum link_state { LINK_DOWN, LINK_CONNECTING, LINK_UP };

struct qv_link {
    struct qv_loop *loop;
    const struct qv_config_redis *redis;
    const char *socket_path; /* of a Unix socket, else NULL */
    int64_t patience_ms;
    const struct qv_link_handler *handler;
    void *data;

    enum link_state state;
    struct qv_timer timer; /* for connecting and silence */
    struct qv_dial dial;   /* while connecting */
    h2o_socket_t *socket;
    redisReader *reader;
    struct qv_mono heard; /* when Redis last said something, or began to owe an answer */

    struct qv_command *commands; /* oldest first: sent ones, then those that wait */
    struct qv_command *unsent;   /* the first that waits, or NULL */
    size_t queued;               /* bytes of those that wait */
    char *batch[BATCH];          /* texts of the write that libh2o has; NULL ends */
};

static void break_down(struct qv_link *link, const char *reason);

static void arm(struct qv_link *link, struct qv_mono due)
{
    qv_loop_arm_surely(link->loop, &link->timer, due);
}

static void on_timer(struct qv_timer *timer)
{
    struct qv_link *link = H2O_STRUCT_FROM_MEMBER(struct qv_link, timer, timer);
    struct qv_mono now = qv_mono_now();
    struct qv_mono limit = qv_mono_add_ms(link->heard, link->patience_ms);
    bool owes = link->state != LINK_UP || (link->commands != NULL && link->commands->sent);
    if (owes && limit.us <= now.us)
        break_down(link, link->state == LINK_UP ? "no answer" : "no connection in time");
    else
        arm(link, owes ? limit : qv_mono_add_ms(now, link->patience_ms));
}

enum qv_status qv_link_new(struct qv_loop *loop, const struct qv_config_redis *redis,
                           const char *socket_path, int64_t patience_ms,
                           const struct qv_link_handler *handler, void *data,
                           struct qv_link **ret_link)
{
    struct qv_link *link = qv_alloc(sizeof(*link));
    if (link == NULL)
        return QV_NO_MEMORY;
    *link = (struct qv_link){.loop = loop,
                             .redis = redis,
                             .socket_path = socket_path,
                             .patience_ms = patience_ms,
                             .handler = handler,
                             .data = data,
                             .timer.fire = on_timer};
    if (redis->kind == QV_REDIS_UNIX)
        link->socket_path = redis->path;
    *ret_link = link;
    return QV_OK;
}

/* ---- ending ---------------------------------------------------------------------------------- */

static void free_batch(struct qv_link *link)
{
    for (size_t i = 0; i < BATCH && link->batch[i] != NULL; i++) {
        redisFreeCommand(link->batch[i]);
        link->batch[i] = NULL;
    }
}

static void close_socket(struct qv_link *link)
{
    qv_dial_cancel(&link->dial);
    if (link->socket != NULL)
        h2o_socket_close(link->socket);
    link->socket = NULL;
    if (link->reader != NULL)
        redisReaderFree(link->reader);
    link->reader = NULL;
    free_batch(link);
}

static void free_command(struct qv_command *command)
{
    if (command->text != NULL)
        redisFreeCommand(command->text);
    qv_free(command);
}

/* Takes the commands off the link and answers them. */
static void drain(struct qv_link *link)
{
    struct qv_command *command = link->commands;
    link->commands = link->unsent = NULL;
    link->queued = 0;
    while (command != NULL) {
        struct qv_command *next = command->next;
        if (command->done != NULL)
            command->done(command->data, NULL, command->sent);
        free_command(command);
        command = next;
    }
}

static void break_down(struct qv_link *link, const char *reason)
{
    char words[QV_DIAL_REASON]; /* the reason may be the dial's */
    snprintf(words, sizeof(words), "%s", reason);
    link->state = LINK_DOWN;
    qv_loop_disarm(link->loop, &link->timer);
    close_socket(link);
    drain(link);
    link->handler->down(link->data, words);
}

void qv_link_break(struct qv_link *link, const char *reason)
{
    if (link->state != LINK_DOWN)
        break_down(link, reason);
}

void qv_link_free(struct qv_link **link)
{
    if (*link == NULL)
        return;
    (*link)->state = LINK_DOWN;
    qv_loop_disarm((*link)->loop, &(*link)->timer);
    close_socket(*link);
    drain(*link);
    qv_free(*link);
    *link = NULL;
}

/* ---- sending --------------------------------------------------------------------------------- */

static void flush(struct qv_link *link);

static void on_written(h2o_socket_t *socket, const char *fault)
{
    struct qv_link *link = socket->data;
    free_batch(link);
    if (fault != NULL)
        break_down(link, "the connection was lost while writing");
    else
        flush(link);
}

/* Hands what waits to libh2o, unless it is still busy with the write before. */
static void flush(struct qv_link *link)
{
    h2o_iovec_t pieces[BATCH];
    size_t count = 0;
    if (link->batch[0] != NULL)
        return;
    while (link->unsent != NULL && count < BATCH) {
        struct qv_command *command = link->unsent;
        pieces[count] = h2o_iovec_init(command->text, command->length);
        link->batch[count++] = command->text;
        command->text = NULL;
        command->sent = true;
        link->queued -= command->length;
        link->unsent = command->next;
    }
    if (count == 0)
        return;
    if (count < BATCH)
        link->batch[count] = NULL;
    h2o_socket_write(link->socket, pieces, count, on_written);
}

static enum qv_status format(const struct qv_str *words, size_t count, char **ret_text,
                             size_t *ret_length)
{
    const char **at = qv_alloc_array(count, sizeof(*at));
    size_t *length = qv_alloc_array(count, sizeof(*length));
    int size = -1;
    if (at != NULL && length != NULL && count <= INT_MAX) {
        for (size_t i = 0; i < count; i++) {
            at[i] = words[i].at != NULL ? words[i].at : "";
            length[i] = words[i].length;
        }
        size = redisFormatCommandArgv(ret_text, (int)count, at, length);
    }
    qv_free(at);
    qv_free(length);
    if (size < 0)
        return QV_NO_MEMORY;
    *ret_length = (size_t)size;
    return QV_OK;
}

enum qv_status qv_link_send(struct qv_link *link, const struct qv_str *words, size_t count,
                            qv_link_done done, void *data, struct qv_command **ret_command)
{
    if (link->state != LINK_UP || link->queued > QUEUE_MAX)
        return QV_UNAVAILABLE;
    struct qv_command *command = qv_alloc(sizeof(*command));
    if (command == NULL)
        return QV_NO_MEMORY;
    if (format(words, count, &command->text, &command->length) != QV_OK) {
        qv_free(command);
        return QV_NO_MEMORY;
    }
    command->done = done;
    command->data = data;
    if (link->commands == NULL)
        link->heard = qv_mono_now();
    DL_APPEND(link->commands, command);
    if (link->unsent == NULL)
        link->unsent = command;
    link->queued += command->length;
    if (ret_command != NULL)
        *ret_command = command;
    flush(link);
    return QV_OK;
}

bool qv_link_cancel(struct qv_link *link, struct qv_command *command)
{
    command->done = NULL;
    if (command->sent)
        return false;
    if (link->unsent == command)
        link->unsent = command->next;
    link->queued -= command->length;
    DL_DELETE(link->commands, command);
    free_command(command);
    return true;
}

/* ---- receiving ------------------------------------------------------------------------------- */

/* One reply to the oldest command. False: the link is not what it was any more. */
static bool deliver(struct qv_link *link, struct qv_reply *reply)
{
    const h2o_socket_t *socket = link->socket;
    struct qv_command *command = link->commands;
    if (command == NULL || !command->sent) {
        qv_reply_free(&reply);
        break_down(link, "Redis answered what was not asked");
        return false;
    }
    DL_DELETE(link->commands, command);
    if (command->done != NULL)
        command->done(command->data, reply, true);
    qv_reply_free(&reply);
    free_command(command);
    return link->socket == socket;
}

static void on_read(h2o_socket_t *socket, const char *fault)
{
    struct qv_link *link = socket->data;
    if (fault != NULL) {
        break_down(link, "the connection was closed");
        return;
    }
    link->heard = qv_mono_now();
    int fed = redisReaderFeed(link->reader, socket->input->bytes, socket->input->size);
    h2o_buffer_consume(&socket->input, socket->input->size);
    for (;;) {
        void *reply = NULL;
        if (fed != REDIS_OK || redisReaderGetReply(link->reader, &reply) != REDIS_OK) {
            break_down(link, "Redis' answer could not be read");
            return;
        }
        if (reply == NULL || !deliver(link, reply))
            return;
    }
}

/* ---- connecting ------------------------------------------------------------------------------ */

static void on_dialed(void *data, h2o_socket_t *socket, const char *reason)
{
    struct qv_link *link = data;
    if (socket == NULL) {
        break_down(link, reason);
        return;
    }
    link->socket = socket;
    link->socket->data = link;
    link->reader = qv_reply_reader_new();
    if (link->reader == NULL) {
        break_down(link, "out of memory");
        return;
    }
    link->state = LINK_UP;
    link->heard = qv_mono_now();
    h2o_socket_read_start(socket, on_read);
    link->handler->up(link->data);
}

void qv_link_connect(struct qv_link *link)
{
    if (link->state != LINK_DOWN)
        return;
    link->state = LINK_CONNECTING;
    link->heard = qv_mono_now();
    arm(link, qv_mono_add_ms(link->heard, link->patience_ms));
    qv_dial_start(&link->dial, link->loop, link->redis, link->socket_path, on_dialed, link);
}
