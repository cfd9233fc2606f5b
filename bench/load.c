/*
 * The load generator of bench/run; load.h says what it does. This file: TLS settings, the loop,
 * start and end of a run.
 *
 * Holds always: a kept-alive run starts when every connection is established, else it fails; no
 * run waits longer than SETUP_US for connections or STALL_US for an answer. One thread.
 */
#include "load.h"
#include <errno.h>
#include <openssl/err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define SETUP_US   30000000U
#define STALL_US   10000000U
#define EVENTS_MAX 256

uint64_t load_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000U + (uint64_t)now.tv_nsec / 1000U;
}

static bool fail(const char *what, const char *why)
{
    fprintf(stderr, "bench_load: %s: %s\n", what, why);
    return false;
}

static bool fail_tls(const char *what)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    return fail(what, reason != NULL ? reason : "refused by OpenSSL");
}

static bool make_tls(const struct load_options *options, SSL_CTX **ret_tls)
{
    static const unsigned char protocols[] = "\x08http/1.1";
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    if (tls == NULL) {
        return fail_tls("TLS settings");
    }
    const char *fault = NULL;
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(tls, SSL_MODE_NO_AUTO_CHAIN | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(tls), X509_V_FLAG_PARTIAL_CHAIN);
    if (SSL_CTX_set_min_proto_version(tls, options->tls_version) != 1 ||
        SSL_CTX_set_max_proto_version(tls, options->tls_version) != 1 ||
        SSL_CTX_set_alpn_protos(tls, protocols, sizeof(protocols) - 1) != 0) {
        fault = "TLS settings";
    } else if (SSL_CTX_load_verify_file(tls, options->ca) != 1) {
        fault = options->ca;
    } else if (SSL_CTX_use_certificate_chain_file(tls, options->certificate) != 1) {
        fault = options->certificate;
    } else if (SSL_CTX_use_PrivateKey_file(tls, options->key, SSL_FILETYPE_PEM) != 1 ||
               SSL_CTX_check_private_key(tls) != 1) {
        fault = options->key;
    }
    if (fault != NULL) {
        fail_tls(fault);
        SSL_CTX_free(tls);
        return false;
    }
    *ret_tls = tls;
    return true;
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
        load_connection_advance(events[i].data.ptr);
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

static bool measure(struct load_run *run)
{
    uint64_t end = run->started_us + (uint64_t)(run->options->seconds * 1e6);
    while (run->live > 0) {
        uint64_t now = load_now();
        if (now >= end) {
            break;
        }
        if (now - run->moved_us > STALL_US) {
            return fail("stalled", "no answer for 10 seconds");
        }
        uint64_t stall = run->moved_us + STALL_US + 1;
        if (!turn(run, end < stall ? end : stall)) {
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
        connections[i] = load_connection_new(run);
        if (connections[i] == NULL) {
            return fail("connections", "no memory");
        }
    }
    return true;
}

static bool execute(struct load_run *run, struct load_connection **connections)
{
    if (!open_all(run, connections)) {
        return false;
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
    done = done && make_tls(options, &run.tls) && execute(&run, connections) && load_report(&run);
    for (unsigned i = 0; connections != NULL && i < options->connections; i++) {
        load_connection_free(&connections[i]);
    }
    free(connections);
    SSL_CTX_free(run.tls);
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
