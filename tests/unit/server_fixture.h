/*
 * A real server with its workers in this process, and clients of the test's own that speak to it
 * over real sockets. A client waits for what the server does, never for time to pass; ten seconds
 * without anything fail the test. The test's thread.
 */
#ifndef QUIVER_TESTS_SERVER_FIXTURE_H
#define QUIVER_TESTS_SERVER_FIXTURE_H

#define H2O_USE_LIBUV 0 /* as the server is built */
#include "../../src/server/worker.h"
#include "trust_fixture.h"

#include <netinet/in.h>
#include <quiver/server/server.h>
#include <signal.h>
#include <sys/socket.h>

static struct qv_server *server;
static struct qv_trust *in_force;
static struct qv_policy *policy;
static struct qv_api api;
static in_port_t ports[LISTENERS];

/* ---- the server ------------------------------------------------------------------------------ */

static inline void find_ports(void)
{
    for (size_t i = 0; i < LISTENERS; i++)
        ports[i] = server->listeners[i].port;
}

static inline void configure_server(void)
{
    static char loopback[] = "127.0.0.1";
    configure("cloud.crt", "cloud.crl");
    for (size_t i = 0; i < LISTENERS; i++) {
        listeners[i].address = loopback;
        listeners[i].serve = QV_SERVE_ARROWHEAD | QV_SERVE_OPS;
        listeners[i].authentication =
            i == MUTUAL ? QV_AUTHENTICATION_CERTIFICATE : QV_AUTHENTICATION_NONE;
    }
    config.store.timeout_ms = 1000;
    config.limits = (struct qv_config_limits){
        .body = 1024,
        .json_depth = 16,
        .connections = 100,
        .connections_per_peer = 100,
        .handshake_ms = 10000,
        .request_ms = 30000,
        .workers = 2,
    };
}

/** From the next start or renewal on. */
static inline void set_policy(const char *text)
{
    struct qv_policy *next = NULL;
    const struct qv_rules rules = {.dialect = qv_dialect_get(QV_DIALECT_5_0)};
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    if (qv_policy_parse("policy.yaml", qv_str_from(text), &rules, &next, &faults) != QV_OK)
        fail_msg("%s", faults.count > 0 ? faults.at[0] : "no policy");
    qv_policy_free(&policy);
    policy = next;
}
#define OPEN_POLICY                                                                                \
    "version: 1\nrules:\n"                                                                         \
    "  - {name: known, who: {profile: [system, operator]}, allow: ['ops.*', monitor.echo]}\n"      \
    "  - {name: unknown, who: {anonymous: true}, allow: ['ops.*']}\n"

/** Fills in more of the api before the server runs; NULL: there is no more. */
static void (*prepare_api)(void);

/** With the configuration as it is. */
static inline void start_server(void)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    signal(SIGPIPE, SIG_IGN);
    in_force = load_configured();
    api = (struct qv_api){.config = &config, .rules = {.dialect = qv_dialect_get(QV_DIALECT_5_0)}};
    if (policy == NULL)
        set_policy(OPEN_POLICY);
    assert_int_equal(qv_audit_open(&config, &api.audit, &error), QV_OK);
    assert_int_equal(qv_handshakes_new(&api.handshakes), QV_OK);
    if (prepare_api != NULL)
        prepare_api();
    if (qv_server_new(&config, &api, in_force, policy, &server, &error) != QV_OK ||
        qv_server_start(server, &error) != QV_OK)
        fail_msg("%s", qv_error_message(&error));
    find_ports();
}

static inline void stop_server(void)
{
    qv_server_free(&server);
    qv_trust_free(&in_force);
    qv_handshakes_free(&api.handshakes);
    qv_audit_free(&api.audit);
    qv_policy_free(&policy);
}

/** Puts what the configuration says now in force. */
static inline struct qv_sweep renew_server(void)
{
    struct qv_sweep sweep;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    struct qv_trust *next = load_configured();
    enum qv_status status = qv_server_renew(server, next, policy, &config.limits, &sweep, &error);
    if (status != QV_OK)
        fail_msg("%s", qv_error_message(&error));
    qv_trust_free(&in_force);
    in_force = next;
    return sweep;
}

/** The number behind this name and its labels in the metrics. */
static inline long metric(const char *series)
{
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    qv_handshakes_write(api.handshakes, &text);
    qv_handshakes_write_ended(api.handshakes, &text);
    assert_int_equal(qv_buf_status(&text), QV_OK);
    const char *at = strstr(text.at, series);
    if (at == NULL)
        fail_msg("there is no %s", series);
    return atol(at + strlen(series));
}
#define HANDSHAKES(outcome, reason)                                                                \
    metric("quiver_handshakes_total{outcome=\"" outcome "\",reason=\"" reason "\"} ")
#define ENDED(reason) metric("quiver_connections_ended_total{reason=\"" reason "\"} ")

/* ---- clients --------------------------------------------------------------------------------- */

struct peer {
    int fd;
    SSL_CTX *context;
    SSL *ssl;             /**< NULL: plain */
    SSL_SESSION *session; /**< the newest that came */
};

static inline int on_session(SSL *ssl, SSL_SESSION *session)
{
    struct peer *peer = SSL_get_app_data(ssl);
    SSL_SESSION_free(peer->session);
    peer->session = session;
    return 1;
}

static inline void peer_connect(struct peer *peer, size_t listener)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(ports[listener])};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const struct timeval patience = {.tv_sec = 60};
    *peer = (struct peer){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    assert_int_not_equal(peer->fd, -1);
    setsockopt(peer->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    assert_int_equal(connect(peer->fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

/** Makes the SSL; the handshake is the caller's. `resume` may be NULL. */
static inline void peer_prepare(struct peer *peer, const struct fx_pair *pair, int version,
                                SSL_SESSION *resume)
{
    peer->context = SSL_CTX_new(TLS_client_method());
    assert_int_equal(SSL_CTX_set_min_proto_version(peer->context, version), 1);
    assert_int_equal(SSL_CTX_set_max_proto_version(peer->context, version), 1);
    SSL_CTX_set_session_cache_mode(peer->context,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(peer->context, on_session);
    peer->ssl = SSL_new(peer->context);
    SSL_set_app_data(peer->ssl, peer);
    if (pair != NULL) {
        assert_int_equal(SSL_use_certificate(peer->ssl, pair->x509), 1);
        assert_int_equal(SSL_use_PrivateKey(peer->ssl, pair->key), 1);
    }
    if (resume != NULL)
        assert_int_equal(SSL_set_session(peer->ssl, resume), 1);
    assert_int_equal(SSL_set_fd(peer->ssl, peer->fd), 1);
    SSL_set_connect_state(peer->ssl);
}

static inline void peer_open(struct peer *peer, size_t listener, const struct fx_pair *pair,
                             int version, SSL_SESSION *resume)
{
    peer_connect(peer, listener);
    peer_prepare(peer, pair, version, resume);
    (void)SSL_do_handshake(peer->ssl); /* in TLS 1.3 a refusal is read later */
    ERR_clear_error();
}

static inline void peer_close(struct peer *peer)
{
    SSL_SESSION_free(peer->session);
    if (peer->ssl != NULL)
        SSL_set_shutdown(peer->ssl, SSL_SENT_SHUTDOWN); /* else its session counts as broken */
    SSL_free(peer->ssl);
    SSL_CTX_free(peer->context);
    close(peer->fd);
    *peer = (struct peer){.fd = -1};
}

static inline int peer_write(struct peer *peer, const char *text)
{
    int length = (int)strlen(text);
    if (peer->ssl == NULL)
        return (int)send(peer->fd, text, (size_t)length, MSG_NOSIGNAL);
    int sent = SSL_write(peer->ssl, text, length);
    ERR_clear_error();
    return sent;
}

static inline int peer_read(struct peer *peer, char *text, int size)
{
    if (peer->ssl == NULL)
        return (int)recv(peer->fd, text, (size_t)size, 0);
    int got = SSL_read(peer->ssl, text, size);
    ERR_clear_error();
    return got;
}

/** What peer_ask read last, in this thread. */
static _Thread_local char answer[2048];

/** The status of the answer to a request; 0: there was none, the connection is at its end. */
static inline int peer_ask(struct peer *peer, const char *request)
{
    answer[0] = '\0';
    int length = 0, got, status = 0;
    if (peer_write(peer, request) <= 0)
        return 0;
    errno = 0;
    while ((got = peer_read(peer, answer + length, (int)sizeof(answer) - 1 - length)) > 0) {
        length += got;
        answer[length] = '\0';
        const char *body = strstr(answer, "\r\n\r\n"), *size = strstr(answer, "Content-Length: ");
        bool has_body = strncmp(request, "HEAD ", 5) != 0; /* to HEAD there is no body */
        if (body == NULL || size == NULL ||
            (has_body && strlen(body + 4) < (size_t)atol(size + 16)))
            continue;
        assert_int_equal(sscanf(answer, "HTTP/1.1 %d ", &status), 1);
        return status;
    }
    assert_int_not_equal(errno, EAGAIN); /* ten seconds without an end */
    assert_int_equal(length, 0);
    return 0;
}
#define LIVE "GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n"

/** Whatever the server still says of a refusal (an alert): it closed, and counted before. */
static inline void wait_for_end(struct peer *peer)
{
    char forgotten[1024];
    ssize_t got;
    while ((got = recv(peer->fd, forgotten, sizeof(forgotten), 0)) > 0)
        continue;
    assert_true(got == 0 || errno != EAGAIN);
}

/** The stream ends without another word, at once or after it was waited for. */
static inline void assert_cut(struct peer *peer)
{
    char byte;
    errno = 0;
    assert_true(peer_read(peer, &byte, 1) <= 0);
    assert_int_not_equal(errno, EAGAIN);
}

#endif
