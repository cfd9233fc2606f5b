/*
 * The load generator of bench/run; load.h says what it does. This file: the loop, start and
 * end of a run.
 *
 * Holds always: a kept-alive run starts when every connection is established, else it fails; no
 * run waits longer than SETUP_US for connections or STALL_US for an answer. Connections that are
 * held, or ask now and then, are opened few at a time: were a server asked by thousands at once,
 * each would wait longer than a handshake may take. One thread.
 */
#include "load.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#define SETUP_US   30000000U
#define STALL_US   10000000U
#define EVENTS_MAX 256
#define OPENING    32U

static bool fail(const char *what, const char *why)
{
    fprintf(stderr, "bench_load: %s: %s\n", what, why);
    return false;
}

static bool start_clock(struct load_run *run)
{
    for (size_t i = 0; i < run->options->pid_count; i++) {
        if (!load_cpu_of(run->options->pids[i], &run->cpu_us[i])) {
            return fail("--cpu", "no such process");
        }
    }
    run->own_cpu_us = load_cpu_own();
    run->started = true;
    run->started_us = run->moved_us = load_now();
    return true;
}

static bool stop_clock(struct load_run *run)
{
    run->ended_us = load_now();
    run->own_cpu_us = load_cpu_own() - run->own_cpu_us;
    for (size_t i = 0; i < run->options->pid_count; i++) {
        uint64_t now = 0;
        if (!load_cpu_of(run->options->pids[i], &now)) {
            return fail("--cpu", "the process is gone");
        }
        run->cpu_us[i] = now - run->cpu_us[i];
    }
    return true;
}

/* Waits for events until `until` and lets their connections go on. */
static bool turn(struct load_run *run, uint64_t until)
{
    struct epoll_event events[EVENTS_MAX];
    uint64_t now = load_now();
    int wait_ms = until > now ? (int)((until - now) / 1000U) + 1 : 0;
    int count = epoll_wait(run->epoll, events, EVENTS_MAX, wait_ms);
    if (count < 0 && errno != EINTR) {
        return fail("epoll_wait", strerror(errno));
    }
    for (int i = 0; i < count; i++) {
        if (events[i].data.ptr == NULL) {
            run->released = true;
        } else {
            load_connection_advance(events[i].data.ptr);
        }
    }
    return true;
}

/* Kept-alive: all connections are established and wait. */
static bool set_up(struct load_run *run)
{
    uint64_t until = load_now() + SETUP_US;
    while (run->ready < run->options->connections) {
        if (run->first_error[0] != '\0') {
            return fail("before the start", run->first_error);
        }
        if (load_now() >= until) {
            return fail("before the start", "the server does not answer all connections");
        }
        if (!turn(run, until)) {
            return false;
        }
    }
    return true;
}

/* Lets events come until an answer is overdue or `end`. */
static bool next_turn(struct load_run *run, uint64_t end)
{
    uint64_t stall = run->moved_us + STALL_US;
    if (load_now() > stall) {
        return fail("stalled", "no answer for 10 seconds");
    }
    return turn(run, end < stall + 1 ? end : stall + 1);
}

static bool measure(struct load_run *run)
{
    uint64_t end = run->started_us + (uint64_t)(run->options->seconds * 1e6);
    while (run->live > 0 && load_now() < end) {
        if (!next_turn(run, end)) {
            return false;
        }
    }
    return stop_clock(run);
}

static void advance_all(struct load_run *run, struct load_connection **connections)
{
    for (unsigned i = 0; i < run->options->connections; i++) {
        load_connection_advance(connections[i]);
    }
}

static bool open_all(struct load_run *run, struct load_connection **connections)
{
    for (unsigned i = 0; i < run->options->connections; i++) {
        connections[i] = load_connection_new(run, i);
        if (connections[i] == NULL) {
            return fail("connections", "no memory");
        }
    }
    return true;
}

/* ---- holding -------------------------------------------------------------------------------- */

static bool raise_open_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return fail("limit on open files", strerror(errno));
    }
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0 || fail("limit on open files", strerror(errno));
}

static bool watch_standard_input(const struct load_run *run)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = NULL};
    return epoll_ctl(run->epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event) == 0 ||
           fail("--hold: standard input must be a pipe", strerror(errno));
}

/* Establishes all, and has each answered once. */
static bool fill(struct load_run *run, struct load_connection **connections)
{
    unsigned opened = 0;
    while (run->held < run->options->connections) {
        while (opened < run->options->connections && opened - run->held < OPENING) {
            load_connection_advance(connections[opened++]);
        }
        if (run->first_error[0] != '\0') {
            return fail("while connecting", run->first_error);
        }
        if (!next_turn(run, UINT64_MAX)) {
            return false;
        }
    }
    return true;
}

static bool hold(struct load_run *run, struct load_connection **connections)
{
    if (!raise_open_files() || !start_clock(run) || !fill(run, connections) ||
        !watch_standard_input(run)) {
        return false;
    }
    printf("{\"holding\": %llu}\n", (unsigned long long)run->held);
    if (fflush(stdout) != 0) {
        return fail("standard output", strerror(errno));
    }
    while (!run->released) {
        if (!turn(run, load_now() + STALL_US)) {
            return false;
        }
    }
    return stop_clock(run);
}

/* ---- now and then --------------------------------------------------------------------------- */

/* Kept-alive: all connections are established and wait, few at a time. */
static bool open_slowly(struct load_run *run, struct load_connection **connections)
{
    unsigned opened = 0;
    run->moved_us = load_now();
    while (run->ready < run->options->connections) {
        while (opened < run->options->connections && opened - run->ready < OPENING) {
            load_connection_advance(connections[opened++]);
        }
        if (run->first_error[0] != '\0') {
            return fail("before the start", run->first_error);
        }
        unsigned before = run->ready;
        if (!next_turn(run, UINT64_MAX)) {
            return false;
        }
        run->moved_us = run->ready > before ? load_now() : run->moved_us;
    }
    return true;
}

/* The requests are due one after the other, and so are those of each connection: the k-th of all is
   that of connection k modulo their number. */
static bool pace(struct load_run *run, struct load_connection **connections)
{
    double step_us = run->options->every * 1e6 / run->options->connections;
    uint64_t end = run->started_us + (uint64_t)(run->options->seconds * 1e6), begun = 0;
    while (run->live > 0 && load_now() < end) {
        uint64_t due = run->started_us + (uint64_t)((double)begun * step_us);
        if (load_now() >= due) {
            run->late += !load_connection_due(connections[begun % run->options->connections]);
            begun++;
        } else if (!next_turn(run, due < end ? due : end)) {
            return false;
        }
    }
    return stop_clock(run);
}

static bool ask_now_and_then(struct load_run *run, struct load_connection **connections)
{
    bool opened =
        raise_open_files() && (run->options->new_connections || open_slowly(run, connections));
    if (!opened || !start_clock(run)) {
        return false;
    }
    return pace(run, connections);
}

/* ---- a run ---------------------------------------------------------------------------------- */

static bool execute(struct load_run *run, struct load_connection **connections)
{
    if (!open_all(run, connections)) {
        return false;
    }
    if (run->options->hold) {
        return hold(run, connections);
    }
    if (run->options->every > 0) {
        return ask_now_and_then(run, connections);
    }
    if (run->options->new_connections) {
        if (!start_clock(run)) {
            return false;
        }
        advance_all(run, connections);
        return measure(run);
    }
    advance_all(run, connections);
    if (!set_up(run) || !start_clock(run)) {
        return false;
    }
    advance_all(run, connections);
    return measure(run);
}

static bool run_load(const struct load_options *options)
{
    struct load_run run = {.options = options, .random = 0x9e3779b97f4a7c15ULL};
    struct load_connection **connections = calloc(options->connections, sizeof(*connections));
    run.epoll = epoll_create1(EPOLL_CLOEXEC);
    bool done = connections != NULL && run.epoll >= 0;
    if (!done) {
        fail("setting up", strerror(errno));
    }
    done = done && load_tls_make(&run) && execute(&run, connections) && load_report(&run);
    for (unsigned i = 0; connections != NULL && i < options->connections; i++) {
        load_connection_free(&connections[i]);
    }
    free(connections);
    load_tls_free(&run);
    if (run.epoll >= 0) {
        close(run.epoll);
    }
    return done && run.good > 0 && run.first_error[0] == '\0';
}

int main(int argc, char **argv)
{
    struct load_options options;
    if (!load_options_read(argc, argv, &options)) {
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    bool good = run_load(&options);
    load_options_free(&options);
    return good ? 0 : 1;
}
