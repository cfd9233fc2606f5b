/*
 * An event loop of libh2o's with timers of our own, which count CLOCK_MONOTONIC; libh2o's follow
 * the wall clock.
 *
 * What always holds: whatever is run, is run by libh2o in the middle of a turn. Its sockets bear
 * writing nowhere else: a write between two turns that ends at once and leaves the socket full is
 * forgotten to be watched no more, and libh2o aborts when there is room again.
 */
#include "loop.h"

#include <errno.h>
#include <h2o.h>
#include <quiver/base/memory.h>
#include <string.h>

struct qv_loop {
    h2o_evloop_t *evloop;
    h2o_multithread_queue_t *queue;
    h2o_multithread_receiver_t receiver;
    struct qv_timers timers;
    h2o_timeout_t at_once;
    h2o_timeout_entry_t due; /* lets this turn run the timers */
    bool ended;
};

_Static_assert(sizeof(((struct qv_post *)NULL)->private_) >= sizeof(h2o_multithread_message_t),
               "a post has room for libh2o's message");

static void run_posts(h2o_multithread_receiver_t *receiver, h2o_linklist_t *messages)
{
    (void)receiver;
    while (!h2o_linklist_is_empty(messages)) {
        h2o_linklist_t *first = messages->next;
        h2o_linklist_unlink(first);
        struct qv_post *post = H2O_STRUCT_FROM_MEMBER(struct qv_post, private_, first);
        post->run(post);
    }
}

static void run_timers(h2o_timeout_entry_t *entry)
{
    struct qv_loop *loop = H2O_STRUCT_FROM_MEMBER(struct qv_loop, due, entry);
    qv_timers_run(&loop->timers, qv_mono_now());
}

enum qv_status qv_loop_new(struct qv_loop **ret_loop)
{
    struct qv_loop *loop = qv_alloc(sizeof(*loop));
    if (loop == NULL)
        return QV_NO_MEMORY;
    loop->evloop = h2o_evloop_create();
    loop->queue = h2o_multithread_create_queue(loop->evloop);
    h2o_multithread_register_receiver(loop->queue, &loop->receiver, run_posts);
    h2o_timeout_init(loop->evloop, &loop->at_once, 0);
    loop->due.cb = run_timers;
    *ret_loop = loop;
    return QV_OK;
}

struct st_h2o_evloop_t *qv_loop_sockets(const struct qv_loop *loop)
{
    return loop->evloop;
}

void qv_loop_post(struct qv_loop *loop, struct qv_post *post)
{
    memset(post->private_, 0, sizeof(post->private_));
    h2o_multithread_send_message(&loop->receiver, (h2o_multithread_message_t *)post->private_);
}

enum qv_status qv_loop_arm(struct qv_loop *loop, struct qv_timer *timer, struct qv_mono due)
{
    return qv_timers_arm(&loop->timers, timer, due);
}

void qv_loop_arm_surely(struct qv_loop *loop, struct qv_timer *timer, struct qv_mono due)
{
    if (qv_timers_arm(&loop->timers, timer, due) != QV_OK)
        h2o_fatal("no memory for the store's timers");
}

void qv_loop_disarm(struct qv_loop *loop, struct qv_timer *timer)
{
    qv_timers_disarm(&loop->timers, timer);
}

/* How long the loop may wait for sockets: until the next timer, rounded up. */
static int32_t wait_ms(const struct qv_loop *loop)
{
    struct qv_mono due;
    if (!qv_timers_next(&loop->timers, &due))
        return INT32_MAX;
    int64_t left = (due.us - qv_mono_now().us + 999) / 1000;
    if (left < 0)
        return 0;
    return left < INT32_MAX ? (int32_t)left : INT32_MAX;
}

static void turn(struct qv_loop *loop, int32_t wait)
{
    if (h2o_evloop_run(loop->evloop, wait) != 0 && errno != EINTR)
        h2o_fatal("the store's event loop cannot wait for its sockets");
}

/* Linked anew each time: set back by the wall clock, an older entry would be waited for. */
static void want_timers(struct qv_loop *loop)
{
    h2o_timeout_unlink(&loop->due);
    h2o_timeout_link(loop->evloop, &loop->at_once, &loop->due);
}

void qv_loop_run(struct qv_loop *loop)
{
    while (!loop->ended) {
        int32_t wait = wait_ms(loop);
        if (wait == 0)
            want_timers(loop);
        turn(loop, wait);
    }
}

void qv_loop_end(struct qv_loop *loop)
{
    loop->ended = true;
}

void qv_loop_free(struct qv_loop **loop)
{
    if (*loop == NULL)
        return;
    h2o_timeout_unlink(&(*loop)->due);
    turn(*loop, 0); /* posts that are still there */
    h2o_multithread_unregister_receiver((*loop)->queue, &(*loop)->receiver);
    h2o_multithread_destroy_queue((*loop)->queue);
    turn(*loop, 0); /* closed sockets are freed by the next turn */
    h2o_timeout_dispose((*loop)->evloop, &(*loop)->at_once);
    qv_timers_free(&(*loop)->timers);
    h2o_evloop_destroy((*loop)->evloop);
    qv_free(*loop);
    *loop = NULL;
}
