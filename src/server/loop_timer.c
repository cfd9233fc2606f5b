/*
 * A heap of timers behind one timerfd on CLOCK_MONOTONIC, which the event loop watches as if it
 * were a socket.
 *
 * Holds always: the descriptor is set for the first timer's time or earlier. Disarming leaves it
 * as it is: a wake-up for nothing is cheaper than a system call per handshake.
 * The loop's thread alone.
 */
#include "loop_timer.h"

#include <errno.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum qv_status qv_loop_timer_new(struct qv_loop_timer *ret_timer, struct qv_error *error)
{
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (fd == -1)
        return qv_error_set(error, QV_UNAVAILABLE, "no timer: %s", strerror(errno));
    *ret_timer = (struct qv_loop_timer){.fd = fd, .set_for_us = INT64_MAX};
    return QV_OK;
}

static void set_descriptor(struct qv_loop_timer *loop_timer)
{
    struct qv_mono due;
    if (!qv_timers_next(&loop_timer->timers, &due) || due.us >= loop_timer->set_for_us)
        return;
    loop_timer->set_for_us = due.us;
    int64_t us = due.us > 0 ? due.us : 1; /* zero would switch it off */
    struct itimerspec when = {.it_value = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000}};
    /* Fails only for arguments that these are not. */
    (void)timerfd_settime(loop_timer->fd, TFD_TIMER_ABSTIME, &when, NULL);
}

static void on_ready(h2o_socket_t *sock, const char *err)
{
    (void)err;
    struct qv_loop_timer *loop_timer = sock->data;
    uint64_t count;
    if (read(loop_timer->fd, &count, sizeof(count)) != (ssize_t)sizeof(count))
        return; /* not yet */
    loop_timer->set_for_us = INT64_MAX;
    qv_timers_run(&loop_timer->timers, qv_mono_now());
    set_descriptor(loop_timer);
}

void qv_loop_timer_attach(struct qv_loop_timer *loop_timer, h2o_loop_t *loop)
{
    loop_timer->sock = h2o_evloop_socket_create(loop, loop_timer->fd, H2O_SOCKET_FLAG_DONT_READ);
    loop_timer->sock->data = loop_timer;
    h2o_socket_read_start(loop_timer->sock, on_ready);
}

enum qv_status qv_loop_timer_arm(struct qv_loop_timer *loop_timer, struct qv_timer *timer,
                                 int64_t milliseconds)
{
    QV_TRY(qv_timers_arm(&loop_timer->timers, timer, qv_mono_add_ms(qv_mono_now(), milliseconds)));
    set_descriptor(loop_timer);
    return QV_OK;
}

void qv_loop_timer_disarm(struct qv_loop_timer *loop_timer, struct qv_timer *timer)
{
    qv_timers_disarm(&loop_timer->timers, timer);
}

void qv_loop_timer_free(struct qv_loop_timer *loop_timer)
{
    if (loop_timer == NULL || loop_timer->fd == -1)
        return;
    if (loop_timer->sock != NULL)
        h2o_socket_close(loop_timer->sock); /* closes the descriptor, too */
    else
        close(loop_timer->fd);
    qv_timers_free(&loop_timer->timers);
    *loop_timer = (struct qv_loop_timer){.fd = -1};
}
