/*
 * One connection of the load generator: connect, handshake, send, receive, and again; or, where
 * each request wants a new connection, close and connect again.
 *
 * Holds always: a step either goes on, waits for the socket, or ends the connection with an error
 * that was counted; after an error the connection is opened anew as long as requests are left and
 * errors are few. A connection that is held is done when the server ends it, which is no error. One
 * thread.
 */
#define _GNU_SOURCE
#include "load.h"
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define ERRORS_MAX   1000 /* of one run: then connections are not opened again */
#define RECEIVE_SIZE 32768

enum step {
    STEP_OPEN,
    STEP_CONNECT,
    STEP_HANDSHAKE,
    STEP_BEGIN,
    STEP_SEND,
    STEP_RECEIVE,
    STEP_HELD,
    STEP_DONE
};
enum go { GO_ON, GO_WAIT, GO_FAILED };

struct load_connection {
    struct load_run *run;
    enum step step;
    int fd; /* -1: none */
    size_t identity;
    SSL *ssl;
    SSL_SESSION *session; /* with options->resume: the newest */
    uint32_t events;      /* what epoll waits for */
    bool waits_for_start;
    bool due;      /* with options->every: it may begin a request */
    bool claimed;  /* a request of the run's count is this connection's */
    char *request; /* own copy, for the number in it */
    size_t sent;
    uint64_t began_us;
    struct load_answer answer;
};

static enum go failed(struct load_connection *connection, enum load_error error, const char *detail)
{
    load_run_error(connection->run, error, detail);
    return GO_FAILED;
}

static const char *tls_reason(void)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;
    return reason != NULL ? reason : "the connection ended";
}

static enum go wait_for(struct load_connection *connection, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = connection};
    if (connection->events == events) {
        return GO_WAIT;
    }
    connection->events = events;
    if (epoll_ctl(connection->run->epoll, EPOLL_CTL_MOD, connection->fd, &event) != 0) {
        return failed(connection, LOAD_ERROR_CONNECT, strerror(errno));
    }
    return GO_WAIT;
}

/* What an SSL call that did not succeed means for the step. */
static enum go wait_or_fail(struct load_connection *connection, int result, enum load_error error)
{
    switch (SSL_get_error(connection->ssl, result)) {
    case SSL_ERROR_WANT_READ: return wait_for(connection, EPOLLIN);
    case SSL_ERROR_WANT_WRITE: return wait_for(connection, EPOLLOUT);
    default: return failed(connection, error, tls_reason());
    }
}

static bool may_issue(const struct load_run *run)
{
    uint64_t errors = 0;
    for (size_t i = 0; i < LOAD_ERROR_COUNT; i++) {
        errors += run->errors[i];
    }
    return run->issued < run->options->requests && errors < ERRORS_MAX;
}

/* Takes one request of the run's count; where none is left the connection is done. */
static bool claim(struct load_connection *connection)
{
    if (!may_issue(connection->run)) {
        connection->step = STEP_DONE;
        return false;
    }
    connection->run->issued++;
    connection->claimed = true;
    connection->due = false;
    connection->began_us = load_now();
    return true;
}

static void close_socket(struct load_connection *connection)
{
    SSL_free(connection->ssl);
    connection->ssl = NULL;
    if (connection->fd >= 0) {
        close(connection->fd);
    }
    connection->fd = -1;
    connection->events = 0;
}

/* With options->every: is it early for a request? */
static bool is_early(const struct load_connection *connection)
{
    return connection->run->options->every > 0 && !connection->claimed && !connection->due;
}

static enum go step_open(struct load_connection *connection)
{
    struct load_run *run = connection->run;
    const struct load_options *options = run->options;
    if (options->new_connections && is_early(connection)) {
        return GO_WAIT;
    }
    if (options->new_connections && !claim(connection)) {
        return GO_ON;
    }
    int on = 1;
    connection->fd =
        socket(options->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct epoll_event event = {.events = EPOLLOUT, .data.ptr = connection};
    if (connection->fd < 0 ||
        setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0 ||
        epoll_ctl(run->epoll, EPOLL_CTL_ADD, connection->fd, &event) != 0) {
        return failed(connection, LOAD_ERROR_CONNECT, strerror(errno));
    }
    connection->events = EPOLLOUT;
    connection->step = STEP_CONNECT;
    if (connect(connection->fd, (const struct sockaddr *)&options->address,
                options->address_length) == 0) {
        return GO_ON;
    }
    return errno == EINPROGRESS ? GO_WAIT : failed(connection, LOAD_ERROR_CONNECT, strerror(errno));
}

static enum go step_connect(struct load_connection *connection)
{
    int error = 0;
    socklen_t length = sizeof(error);
    if (getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0 || error != 0) {
        return failed(connection, LOAD_ERROR_CONNECT, strerror(error != 0 ? error : errno));
    }
    connection->ssl =
        load_tls_open(connection->run, connection->identity, connection->fd, &connection->session);
    if (connection->ssl == NULL) {
        return failed(connection, LOAD_ERROR_HANDSHAKE, "no memory");
    }
    connection->step = STEP_HANDSHAKE;
    return GO_ON;
}

static enum go step_handshake(struct load_connection *connection)
{
    ERR_clear_error();
    int result = SSL_connect(connection->ssl);
    if (result != 1) {
        return wait_or_fail(connection, result, LOAD_ERROR_HANDSHAKE);
    }
    connection->run->resumed += (uint64_t)SSL_session_reused(connection->ssl);
    connection->step = STEP_BEGIN;
    return GO_ON;
}

static uint64_t next_number(struct load_run *run)
{
    const struct load_options *options = run->options;
    if (options->numbers == LOAD_IN_ORDER) {
        return options->first + (run->issued - 1) % options->range;
    }
    /* xorshift64: quick, and the same sequence in every run */
    run->random ^= run->random << 13;
    run->random ^= run->random >> 7;
    run->random ^= run->random << 17;
    return options->first + run->random % options->range;
}

static void number_request(struct load_connection *connection)
{
    const struct load_options *options = connection->run->options;
    if (options->numbers == LOAD_FIXED) {
        return;
    }
    char digits[24];
    uint64_t number = next_number(connection->run) % 1000000000000ULL;
    snprintf(digits, sizeof(digits), "%012llu", (unsigned long long)number);
    for (size_t i = 0; i < options->marker_count; i++) {
        memcpy(connection->request + options->markers[i], digits, LOAD_MARKER_LENGTH);
    }
}

static enum go step_begin(struct load_connection *connection)
{
    struct load_run *run = connection->run;
    if (!run->started) {
        connection->waits_for_start = true;
        run->ready++;
        return wait_for(connection, EPOLLRDHUP);
    }
    if (is_early(connection)) {
        return wait_for(connection, EPOLLRDHUP);
    }
    if (!connection->claimed && !claim(connection)) {
        return GO_ON;
    }
    number_request(connection);
    connection->sent = 0;
    connection->answer.head_length = 0;
    connection->answer.head_done = false;
    connection->step = STEP_SEND;
    return GO_ON;
}

static enum go step_send(struct load_connection *connection)
{
    size_t length = connection->run->options->request_length, wrote = 0;
    while (connection->sent < length) {
        ERR_clear_error();
        int result = SSL_write_ex(connection->ssl, connection->request + connection->sent,
                                  length - connection->sent, &wrote);
        if (result != 1) {
            return wait_or_fail(connection, result, LOAD_ERROR_BROKEN);
        }
        connection->sent += wrote;
    }
    connection->step = STEP_RECEIVE;
    return wait_for(connection, EPOLLIN);
}

static void count_answer(struct load_connection *connection)
{
    struct load_run *run = connection->run;
    const struct load_answer *answer = &connection->answer;
    run->moved_us = load_now();
    connection->claimed = false;
    if (answer->status != run->options->expect) {
        char detail[64];
        snprintf(detail, sizeof(detail), "status %d", answer->status);
        load_run_error(run, LOAD_ERROR_STATUS, detail);
        return;
    }
    run->bytes_min =
        run->good == 0 || answer->bytes < run->bytes_min ? answer->bytes : run->bytes_min;
    run->bytes_max = answer->bytes > run->bytes_max ? answer->bytes : run->bytes_max;
    run->good++;
    load_latency_add(&run->latency, run->moved_us - connection->began_us);
}

static enum go step_receive(struct load_connection *connection)
{
    static char buffer[RECEIVE_SIZE];
    enum load_progress progress = LOAD_MORE;
    while (progress == LOAD_MORE) {
        size_t got = 0;
        ERR_clear_error();
        int result = SSL_read_ex(connection->ssl, buffer, sizeof(buffer), &got);
        if (result != 1) {
            return wait_or_fail(connection, result, LOAD_ERROR_BROKEN);
        }
        progress = load_answer_feed(&connection->answer, buffer, got);
    }
    if (progress == LOAD_BROKEN) {
        return failed(connection, LOAD_ERROR_ANSWER, "not an answer with Content-Length");
    }
    count_answer(connection);
    connection->step = STEP_BEGIN;
    if (connection->run->options->hold) {
        connection->run->held++;
        connection->step = STEP_HELD;
    } else if (connection->run->options->new_connections || connection->answer.last) {
        SSL_shutdown(connection->ssl); /* tells the server; its own farewell is not waited for */
        close_socket(connection);
        connection->step = STEP_OPEN;
    }
    return GO_ON;
}

/* Nothing is asked any more: whatever is not "nothing yet" is the end. */
static enum go step_held(struct load_connection *connection)
{
    struct load_run *run = connection->run;
    char byte = 0;
    size_t got = 0;
    ERR_clear_error();
    int result = SSL_read_ex(connection->ssl, &byte, 1, &got);
    if (result != 1 && SSL_get_error(connection->ssl, result) == SSL_ERROR_WANT_READ) {
        return wait_for(connection, EPOLLIN | EPOLLRDHUP);
    }
    run->last_ended_us = load_now();
    run->first_ended_us = run->ended == 0 ? run->last_ended_us : run->first_ended_us;
    run->ended++;
    connection->step = STEP_DONE;
    return GO_ON;
}

/* Before the start a failure ends the connection: the run needs all of them. */
static void begin_again(struct load_connection *connection)
{
    close_socket(connection);
    connection->claimed = false;
    connection->step =
        connection->run->started && may_issue(connection->run) ? STEP_OPEN : STEP_DONE;
}

/* In TLS 1.3 the client's handshake is done before the server has judged its certificate. */
static void refused_late(struct load_connection *connection)
{
    char byte = 0;
    size_t got = 0;
    ERR_clear_error();
    if (SSL_read_ex(connection->ssl, &byte, 1, &got) == 1 ||
        SSL_get_error(connection->ssl, 0) != SSL_ERROR_WANT_READ) {
        load_run_error(connection->run, LOAD_ERROR_HANDSHAKE, tls_reason());
    }
}

void load_connection_advance(struct load_connection *connection)
{
    static enum go (*const steps[])(struct load_connection *) = {
        [STEP_OPEN] = step_open,   [STEP_CONNECT] = step_connect, [STEP_HANDSHAKE] = step_handshake,
        [STEP_BEGIN] = step_begin, [STEP_SEND] = step_send,       [STEP_RECEIVE] = step_receive,
        [STEP_HELD] = step_held,
    };
    struct load_run *run = connection->run;
    if (connection->waits_for_start && !run->started) {
        refused_late(connection);
        return;
    }
    connection->waits_for_start = false;
    while (connection->step != STEP_DONE) {
        enum go go = steps[connection->step](connection);
        if (go == GO_WAIT) {
            return;
        }
        if (go == GO_FAILED) {
            begin_again(connection);
        }
    }
    if (connection->fd >= 0) {
        SSL_shutdown(connection->ssl);
    }
    close_socket(connection);
    run->live--;
}

bool load_connection_due(struct load_connection *connection)
{
    if (connection->claimed || connection->due) {
        return false;
    }
    connection->due = true;
    load_connection_advance(connection);
    return true;
}

struct load_connection *load_connection_new(struct load_run *run, unsigned number)
{
    struct load_connection *connection = calloc(1, sizeof(*connection));
    char *request = malloc(run->options->request_length);
    if (connection == NULL || request == NULL) {
        free(connection);
        free(request);
        return NULL;
    }
    memcpy(request, run->options->request, run->options->request_length);
    connection->run = run;
    connection->identity =
        run->options->identity_count > 0 ? number % run->options->identity_count : 0;
    connection->fd = -1;
    connection->request = request;
    connection->step = STEP_OPEN;
    run->live++;
    return connection;
}

void load_connection_free(struct load_connection **connection)
{
    if (*connection != NULL) {
        close_socket(*connection);
        SSL_SESSION_free((*connection)->session);
        free((*connection)->request);
        free(*connection);
        *connection = NULL;
    }
}
