/*
 * Judging all connections of a worker again, after its trust changed.
 *
 * In slices: after some time, or some cuts, the sweep arms a timer that is due at once, and the
 * event loop serves what has come in meanwhile, before the next slice. A connection that has a
 * request in between is judged by that; one that ends meanwhile tells the cursor; one that comes
 * meanwhile was judged by the new trust. Handshakes under way are judged at their end. The worker's
 * thread.
 */
#include "live.h"

#include "caller.h"

static void look_at(struct qv_worker *worker, struct qv_connection *connection, struct qv_wall now)
{
    qv_caller_forget_old(connection); /* idle ones would keep one old policy each */
    if (connection->served && connection->ssl != NULL && qv_live_stands(connection, now))
        worker->sweep.found.kept++;
}

static void end(struct qv_worker *worker)
{
    struct qv_renewal_part *part = worker->sweep.part;
    qv_loop_timer_disarm(&worker->timer, &worker->sweep.turn);
    worker->sweep.part = NULL;
    qv_renewal_done(part, &worker->sweep.found);
}

static void run_slice(struct qv_worker *worker)
{
    struct qv_mono begun = qv_mono_now();
    struct qv_wall now = qv_wall_now();
    size_t ended = worker->sweep.found.ended;
    h2o_linklist_t *node;
    while ((node = qv_cursor_next(&worker->sweep.cursor)) != NULL) {
        look_at(worker, H2O_STRUCT_FROM_MEMBER(struct qv_connection, link, node), now);
        if (qv_mono_now().us - begun.us < QV_SLICE_US &&
            worker->sweep.found.ended - ended < QV_SLICE_CUTS)
            continue;
        if (qv_loop_timer_arm(&worker->timer, &worker->sweep.turn, 0) == QV_OK)
            return;
        /* Without memory for a timer it goes on: late for some is better than never. */
    }
    end(worker);
}

static void on_turn(struct qv_timer *timer)
{
    run_slice(H2O_STRUCT_FROM_MEMBER(struct qv_worker, sweep.turn, timer));
}

void qv_sweep_begin(struct qv_worker *worker, struct qv_renewal_part *part)
{
    if (worker->sweep.part != NULL)
        end(worker); /* the new one looks at all, by newer trust */
    worker->sweep.part = part;
    worker->sweep.found = (struct qv_sweep){0};
    worker->sweep.turn.fire = on_turn;
    qv_cursor_begin(&worker->sweep.cursor, &worker->connections);
    run_slice(worker);
}
