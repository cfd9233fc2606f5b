/*
 * The audit trail: takes events, gives each its place in the chain, and writes it.
 *
 * Holds always: lines are written one at a time, under the mutex, each by one write; the chain is
 * that of the bytes which really got there, so that a line that failed or ended in the middle
 * leaves no break, only a count (`lost`) or a word (`torn`) in the next. All that can fail is done
 * before the write. An event's own words are put together before the mutex is taken. Any thread.
 */
#include "audit_chain.h"
#include "audit_sink.h"
#include "audit_tail.h"

#include <errno.h>
#include <pthread.h>
#include <quiver/base/memory.h>
#include <stdatomic.h>
#include <string.h>

struct qv_audit {
    bool active;   /* does it write anything? */
    char *path;    /* NULL: standard output */
    bool required; /* no change without room for its line */
    _Atomic uint64_t lost, written;
    pthread_mutex_t mutex; /* over all that follows */
    struct qv_audit_sink sink;
    struct qv_audit_chain chain;
    struct qv_audit_text torn; /* was written in part, and is not in the chain yet */
    bool line_open;            /* the last line has no newline */
    int failure;               /* errno of the last write; 0: it was fine */
    uint64_t untold;           /* lost lines that no line has told yet */
};

/* ---- opening and closing --------------------------------------------------------------------- */

/* The ordinary log goes elsewhere, so what it says can be held against the trail later. */
static void tell(const struct qv_audit *audit, const char *event)
{
    qv_log(QV_LOG_INFO, event, QV_LOG_CSTR("file", audit->path != NULL ? audit->path : "stdout"),
           QV_LOG_INT("seq", audit->chain.seq), QV_LOG_CSTR("sha256", audit->chain.hash),
           QV_LOG_INT("lost", atomic_load(&audit->lost)));
}

/* The file is empty: perhaps it was rotated while no Quiver ran. */
static enum qv_status go_on_from_rotated(struct qv_audit *audit)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    enum qv_status status = qv_audit_rotated_read(audit->path, &audit->chain, &error);
    if (status == QV_INVALID)
        qv_log(QV_LOG_WARNING, "audit trail begins anew: the file before it cannot be read",
               QV_LOG_CSTR("reason", qv_error_message(&error)));
    return status == QV_INVALID || status == QV_NOT_FOUND ? QV_OK : status;
}

static enum qv_status check_room(struct qv_audit *audit, struct qv_error *error)
{
    if (!audit->required)
        return QV_OK;
    int reason = qv_audit_sink_room(&audit->sink, QV_AUDIT_LINE_MAX);
    if (reason == EOPNOTSUPP || reason == ENOSYS)
        return qv_error_set(error, QV_INVALID,
                            "%s: its file system cannot set room aside (fallocate), which "
                            "audit.required needs; use another, or remove audit.required",
                            audit->path);
    return QV_OK; /* a full disk may have room later */
}

static enum qv_status open_file(struct qv_audit *audit, const char *path, struct qv_error *error)
{
    audit->path = qv_strdup(path);
    if (audit->path == NULL)
        return QV_NO_MEMORY;
    QV_TRY(qv_audit_sink_open(path, &audit->sink, error));
    QV_TRY(qv_audit_sink_lock(&audit->sink, path, error));
    QV_TRY(
        qv_audit_tail_read(audit->sink.descriptor, path, &audit->chain, &audit->line_open, error));
    if (audit->chain.seq == 0 && !audit->chain.torn)
        QV_TRY(go_on_from_rotated(audit));
    return check_room(audit, error);
}

enum qv_status qv_audit_open(const struct qv_config *config, struct qv_audit **ret_audit,
                             struct qv_error *error)
{
    QV_CLEANUP(qv_audit) struct qv_audit *audit = qv_alloc(sizeof(*audit));
    if (audit == NULL)
        return QV_NO_MEMORY;
    pthread_mutex_init(&audit->mutex, NULL); /* cannot fail in glibc */
    audit->sink.descriptor = -1;
    qv_audit_chain_begin(&audit->chain);
    const char *file = config->audit.file;
    if (file != NULL && strcmp(file, QV_AUDIT_STDOUT) == 0)
        QV_TRY(qv_audit_sink_stdout(&audit->sink, error));
    else if (file != NULL) {
        audit->required = config->audit.required;
        enum qv_status status = open_file(audit, file, error);
        if (status != QV_OK && error != NULL && error->message != NULL)
            qv_error_prefix(error, "audit.file");
        QV_TRY(status);
    }
    audit->active = file != NULL;
    if (audit->active)
        tell(audit, "audit trail opened");
    *ret_audit = audit;
    audit = NULL;
    return QV_OK;
}

void qv_audit_free(struct qv_audit **audit)
{
    if (audit == NULL || *audit == NULL)
        return;
    struct qv_audit *freed = *audit;
    *audit = NULL;
    if (freed->active)
        tell(freed, "audit trail closed");
    qv_audit_sink_close(&freed->sink);
    pthread_mutex_destroy(&freed->mutex);
    qv_free(freed->path);
    qv_free(freed);
}

/* ---- reopening ------------------------------------------------------------------------------- */

/* QV_OK with the descriptor -1: the file is the one that is open. */
static enum qv_status open_next(const struct qv_audit *audit, struct qv_audit_sink *next,
                                bool *ret_line_open, struct qv_error *error)
{
    QV_TRY(qv_audit_sink_open(audit->path, next, error));
    if (qv_audit_sink_same_file(next, &audit->sink)) {
        qv_audit_sink_close(next);
        return QV_OK;
    }
    QV_TRY(qv_audit_sink_lock(next, audit->path, error));
    struct qv_audit_chain ignored; /* ours goes on, whatever stands there */
    QV_TRY(qv_audit_tail_read(next->descriptor, audit->path, &ignored, ret_line_open, error));
    next->reserved = audit->sink.reserved;
    int reason = audit->required ? qv_audit_sink_room(next, 0) : 0;
    if (reason != 0 && next->reserved > 0)
        return qv_error_set(error, QV_UNAVAILABLE, "%s: %s", audit->path, strerrordesc_np(reason));
    return QV_OK;
}

static void reopen(struct qv_audit *audit)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    struct qv_audit_sink next = {.descriptor = -1};
    bool line_open = false;
    if (open_next(audit, &next, &line_open, &error) != QV_OK) {
        qv_audit_sink_close(&next);
        qv_log(QV_LOG_ERROR, "audit trail not reopened, it goes on in the old file",
               QV_LOG_CSTR("reason", qv_error_message(&error)));
        return;
    }
    if (next.descriptor >= 0) {
        qv_audit_sink_close(&audit->sink);
        audit->sink = next;
        audit->line_open = line_open;
    }
    audit->failure = 0;
    tell(audit, "audit trail reopened");
}

void qv_audit_reopen(struct qv_audit *audit)
{
    if (audit->path == NULL)
        return;
    pthread_mutex_lock(&audit->mutex);
    reopen(audit);
    pthread_mutex_unlock(&audit->mutex);
}

/* ---- writing --------------------------------------------------------------------------------- */

/* Which part of the line got there: `start` is where it begins behind the newline that may stand
   before it. 0: all of it, else errno. */
static int account(struct qv_audit *audit, const struct qv_audit_text *line, size_t start,
                   ssize_t written, const struct qv_audit_chain *next)
{
    if (written <= 0)
        return written < 0 ? errno : ENOSPC;
    size_t length = (size_t)written;
    if (length >= line->length - 1) { /* a newline can follow later */
        audit->chain = *next;
        audit->line_open = length < line->length;
        return 0;
    }
    audit->line_open = length > start;
    if (length > start)
        qv_audit_text_put(&audit->torn,
                          qv_str_part(qv_audit_text_str(line), start, length - start));
    return audit->sink.kind == QV_AUDIT_TO_FILE ? ENOSPC : EAGAIN;
}

/* Puts the line in its place and writes it. 0 or errno; `room_only`: nothing was tried, because
   the room that is left is promised. */
static int append(struct qv_audit *audit, const struct qv_audit_text *body, bool *ret_room_only)
{
    if (audit->torn.length > 0 &&
        qv_audit_chain_add_torn(&audit->chain, qv_audit_text_str(&audit->torn)) != QV_OK)
        return ENOMEM;
    audit->torn.length = 0;
    struct qv_audit_text line;
    line.length = 0;
    if (audit->line_open)
        qv_audit_text_put(&line, QV_STR("\n"));
    size_t start = line.length;
    const struct qv_audit_head head = {.seq = audit->chain.seq + 1,
                                       .time = qv_wall_now(),
                                       .torn = audit->chain.torn,
                                       .lost = audit->untold,
                                       .previous = audit->chain.hash};
    qv_audit_line_write(&line, &head, body);
    struct qv_audit_chain next = audit->chain;
    if (qv_audit_chain_add(&next, head.seq,
                           qv_str_part(qv_audit_text_str(&line), start, SIZE_MAX)) != QV_OK)
        return ENOMEM;
    qv_audit_text_put(&line, QV_STR("\n"));
    int reason = audit->required ? qv_audit_sink_room(&audit->sink, line.length) : 0;
    *ret_room_only = reason != 0;
    if (reason != 0)
        return reason;
    return account(audit, &line, start,
                   qv_audit_sink_append(&audit->sink, qv_audit_text_str(&line)), &next);
}

static void note_outcome(struct qv_audit *audit, int reason)
{
    if (reason == 0 && audit->untold > 0) {
        qv_log(QV_LOG_WARNING, "audit trail goes on", QV_LOG_INT("lost", audit->untold));
        audit->untold = 0;
    }
    if (reason == 0) {
        atomic_fetch_add(&audit->written, 1);
        return;
    }
    atomic_fetch_add(&audit->lost, 1);
    if (audit->untold++ == 0) /* once, not for each */
        qv_log(QV_LOG_ERROR, "audit line lost", QV_LOG_CSTR("reason", strerrordesc_np(reason)));
}

void qv_audit_write(struct qv_audit *audit, const struct qv_audit_event *event)
{
    if (!audit->active)
        return;
    struct qv_audit_text body;
    bool room_only = false;
    qv_audit_body_write(&body, event);
    pthread_mutex_lock(&audit->mutex);
    if (event->reserved && audit->sink.reserved > 0)
        audit->sink.reserved--; /* its room is this line's now */
    int reason = append(audit, &body, &room_only);
    if (!room_only)
        audit->failure = reason;
    note_outcome(audit, reason);
    pthread_mutex_unlock(&audit->mutex);
}

static enum qv_status look_for_room(struct qv_audit *audit, bool keep, struct qv_error *error)
{
    if (!audit->required)
        return QV_OK;
    pthread_mutex_lock(&audit->mutex);
    int reason = audit->failure;
    if (reason == 0)
        reason = qv_audit_sink_room(&audit->sink, QV_AUDIT_LINE_MAX);
    if (reason == 0 && keep)
        audit->sink.reserved++;
    pthread_mutex_unlock(&audit->mutex);
    if (reason == 0)
        return QV_OK;
    return qv_error_set(error, QV_UNAVAILABLE,
                        "the audit trail cannot be written: %s; no change is made without its "
                        "line there",
                        strerrordesc_np(reason));
}

enum qv_status qv_audit_reserve(struct qv_audit *audit, struct qv_error *error)
{
    return look_for_room(audit, true, error);
}

enum qv_status qv_audit_check(struct qv_audit *audit, struct qv_error *error)
{
    return look_for_room(audit, false, error);
}

uint64_t qv_audit_lost(const struct qv_audit *audit)
{
    return atomic_load(&audit->lost);
}

uint64_t qv_audit_written(const struct qv_audit *audit)
{
    return atomic_load(&audit->written);
}
