/*
 * Live connections and whether they still stand.
 *
 * There is one way in: qv_live_stands. It asks trust's own judgement only when something can have
 * changed, which is when trust has another generation than the connection, or when the end of the
 * peer's certification path has come. Who does not stand is cut by shutting its descriptor down,
 * and never served again, whatever of its input has been read or is still in the kernel.
 *
 * The ends are watched by a queue per worker. Each second, on the monotonic clock, its first entry
 * is compared with the wall clock; so a step of that clock is noticed within a second, and ten
 * thousand connections cost as much as one. When many end at once it goes in slices.
 * The worker's thread.
 */
#include "live.h"

#include "refusal.h"

#include <openssl/err.h>

enum { LOOK_MS = 1000 };

/* The queue only compares its times: these are the wall clock's. */
static struct qv_mono queue_time(struct qv_wall at)
{
    const int64_t second = 1000 * 1000, most = INT64_MAX / second;
    int64_t seconds = at.seconds > most ? most : at.seconds < -most ? -most : at.seconds;
    return (struct qv_mono){.us = seconds * second};
}

static enum qv_status watch_end(struct qv_connection *connection, struct qv_wall end)
{
    return qv_timers_arm(&connection->worker->ends.queue, &connection->end, queue_time(end));
}

enum qv_status qv_live_begin(struct qv_connection *connection)
{
    return connection->path.count > 0 ? watch_end(connection, connection->path.end) : QV_OK;
}

void qv_live_forget(struct qv_connection *connection)
{
    qv_timers_disarm(&connection->worker->ends.queue, &connection->end);
}

/* ---- judging --------------------------------------------------------------------------------- */

static void cut(struct qv_connection *connection, const struct qv_verdict *verdict)
{
    const struct qv_refusal refusal = {
        .event = "connection ended", .reason = verdict->reason, .code = verdict->code};
    qv_refusal_count(connection, QV_HANDSHAKE_ENDED, verdict->code);
    qv_refusal_log(connection, &refusal);
    connection->ended = true;
    connection->worker->sweep.found.ended++; /* counts only while there is one */
    qv_live_forget(connection);
    qv_connection_cut(connection, SHUT_RDWR);
}

static bool judge_again(struct qv_connection *connection, struct qv_wall now)
{
    const struct qv_trust *trust = connection->worker->trust;
    struct qv_verdict verdict = {.status = QV_OK};
    qv_trust_judge_again(trust, connection->ssl, &connection->path, now, &verdict);
    ERR_clear_error(); /* libssl takes what is left there for its own */
    if (verdict.status != QV_OK) {
        cut(connection, &verdict);
        return false;
    }
    connection->generation = qv_trust_generation(trust);
    return true;
}

/* Whoever cannot be watched is not kept. */
static bool watch_on(struct qv_connection *connection, struct qv_wall end)
{
    static const struct qv_verdict unwatched = {QV_NO_MEMORY, "out of memory", "internal"};
    if (watch_end(connection, end) == QV_OK)
        return true;
    cut(connection, &unwatched);
    return false;
}

static bool has_ended(const struct qv_connection *connection, struct qv_wall now)
{
    return now.seconds >= connection->path.end.seconds;
}

bool qv_live_stands(struct qv_connection *connection, struct qv_wall now)
{
    if (connection->ended)
        return false;
    if (connection->path.count == 0)
        return true; /* no TLS, or no certificate where none is asked for */
    if (connection->generation == qv_trust_generation(connection->worker->trust) &&
        !has_ended(connection, now))
        return true;
    /* The path may be another now, with another end. */
    return judge_again(connection, now) && watch_on(connection, connection->path.end);
}

/* ---- ends ------------------------------------------------------------------------------------ */

/* Of those whose end has come, the first; out of the queue. */
static struct qv_connection *take_ended(struct qv_worker *worker, struct qv_wall now)
{
    struct qv_timers *queue = &worker->ends.queue;
    struct qv_mono due;
    if (!qv_timers_next(queue, &due) || due.us > queue_time(now).us)
        return NULL;
    struct qv_timer *first = queue->at[0];
    qv_timers_disarm(queue, first);
    return H2O_STRUCT_FROM_MEMBER(struct qv_connection, end, first);
}

/* True where more are left. */
static bool end_some(struct qv_worker *worker)
{
    struct qv_mono begun = qv_mono_now();
    struct qv_wall now = qv_wall_now();
    const struct qv_wall soon = {.seconds = now.seconds + 1};
    struct qv_connection *connection;
    for (size_t looked_at = 0; looked_at < QV_SLICE_CUTS; looked_at++) {
        if ((connection = take_ended(worker, now)) == NULL)
            return false;
        /* Whoever stands all the same, in the last second of a certificate, is asked again in the
           next. */
        if (qv_live_stands(connection, now))
            (void)watch_on(connection, has_ended(connection, now) ? soon : connection->path.end);
        if (qv_mono_now().us - begun.us >= QV_SLICE_US)
            break;
    }
    return true;
}

static void on_look(struct qv_timer *timer)
{
    struct qv_worker *worker = H2O_STRUCT_FROM_MEMBER(struct qv_worker, ends.look, timer);
    bool more = end_some(worker);
    /* The place that this timer had in its queue is free again. */
    if (qv_loop_timer_arm(&worker->timer, &worker->ends.look, more ? 0 : LOOK_MS) != QV_OK)
        qv_log(QV_LOG_ERROR, "certificates' ends are not watched any more",
               QV_LOG_CSTR("reason", "out of memory"));
}

enum qv_status qv_live_start(struct qv_worker *worker)
{
    worker->ends.look.fire = on_look;
    return qv_loop_timer_arm(&worker->timer, &worker->ends.look, LOOK_MS);
}
