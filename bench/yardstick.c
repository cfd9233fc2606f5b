/*
 * The yardstick of bench/run: a bare libh2o HTTP/1.1 server that answers every request with the
 * same bytes from memory, over the TLS settings that Quiver has on a mutual listener (TLS 1.2 and
 * 1.3, the same cipher list, client certificates required, partial chains, one ticket a handshake,
 * ALPN http/1.1 only). Whatever Quiver costs beyond this is Quiver's own.
 *
 * Holds always: one thread, the loopback address only, the answer is read once at the start, and
 * the request's body is received whole before the answer is sent, as Quiver does. It shares no
 * code with Quiver. When it listens it writes "listening PORT" to standard output; it ends by a
 * signal or with its parent.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <h2o.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADERS_MAX 8
#define ANSWER_MAX  (64 * 1024 * 1024)
#define BACKLOG     1024

struct options {
    const char *certificate, *key, *ca, *answer, *server_name;
    const char *headers[HEADERS_MAX]; /* "name: value" */
    size_t header_count;
    uint16_t port;
};

struct header {
    h2o_iovec_t name, value;
};

/* One for the process; reached from the callbacks through `handler` and the listener's data. */
struct yardstick {
    h2o_globalconf_t config;
    h2o_context_t context;
    h2o_accept_ctx_t accept;
    h2o_iovec_t answer;
    struct header headers[HEADERS_MAX];
    size_t header_count;
};

struct answer_handler {
    h2o_handler_t super;
    struct yardstick *yardstick;
};

static const char usage[] =
    "Usage: bench_yardstick --certificate FILE --key FILE --ca FILE --answer FILE [options]\n"
    "Answers every request over mutual TLS with the bytes of a file; writes \"listening PORT\".\n"
    "  --certificate FILE  PEM, leaf first, then its chain\n"
    "  --key FILE          PEM, the leaf's private key\n"
    "  --ca FILE           PEM, the CAs whose clients may connect\n"
    "  --answer FILE       the body of every answer\n"
    "  --header TEXT       a header of every answer, \"name: value\"; up to 8 times\n"
    "  --server-name TEXT  value of the Server header (default quiver)\n"
    "  --port N            port on 127.0.0.1 (default 0: the system chooses)\n";

static bool fail(const char *what, const char *detail)
{
    fprintf(stderr, "bench_yardstick: %s: %s\n", what, detail);
    return false;
}

static bool fail_tls(const char *what)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    return fail(what, reason != NULL ? reason : "refused by OpenSSL");
}

static bool take_number(const char *name, const char *text, long max, long *ret_number)
{
    char *end = NULL;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || number < 0 || number > max) {
        return fail(name, "not a number in its range");
    }
    *ret_number = number;
    return true;
}

static bool take_header(struct options *options, const char *text)
{
    if (options->header_count == HEADERS_MAX) {
        return fail("--header", "given too often");
    }
    if (strstr(text, ": ") == NULL || strpbrk(text, "\r\n") != NULL) {
        return fail("--header", "must be \"name: value\"");
    }
    options->headers[options->header_count++] = text;
    return true;
}

static bool take_option(struct options *options, int option, const char *value)
{
    long number = 0;
    switch (option) {
    case 'c': options->certificate = value; return true;
    case 'k': options->key = value; return true;
    case 'a': options->ca = value; return true;
    case 'f': options->answer = value; return true;
    case 'n': options->server_name = value; return true;
    case 'h': return take_header(options, value);
    case 'p':
        if (!take_number("--port", value, 65535, &number)) {
            return false;
        }
        options->port = (uint16_t)number;
        return true;
    default: return false;
    }
}

static bool read_options(int argc, char **argv, struct options *options)
{
    static const struct option table[] = {
        {"certificate", required_argument, NULL, 'c'},
        {"key", required_argument, NULL, 'k'},
        {"ca", required_argument, NULL, 'a'},
        {"answer", required_argument, NULL, 'f'},
        {"header", required_argument, NULL, 'h'},
        {"server-name", required_argument, NULL, 'n'},
        {"port", required_argument, NULL, 'p'},
        {"help", no_argument, NULL, '?'},
        {0},
    };
    int option = 0;
    while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
        if (option == '?' && optind > 1 && strcmp(argv[optind - 1], "--help") == 0) {
            fputs(usage, stdout);
            exit(0);
        }
        if (!take_option(options, option, optarg)) {
            return false;
        }
    }
    if (optind != argc || options->certificate == NULL || options->key == NULL ||
        options->ca == NULL || options->answer == NULL) {
        return fail("usage", "see --help");
    }
    return true;
}

/* The whole file into memory that lives as long as the process. */
static bool read_answer(const char *path, h2o_iovec_t *ret_answer)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return fail(path, strerror(errno));
    }
    struct stat facts;
    if (fstat(file, &facts) != 0 || !S_ISREG(facts.st_mode) || facts.st_size > ANSWER_MAX) {
        close(file);
        return fail(path, "no regular file, or too large");
    }
    size_t length = (size_t)facts.st_size;
    char *text = malloc(length + 1);
    size_t have = 0;
    while (text != NULL && have < length) {
        ssize_t got = read(file, text + have, length - have);
        if (got <= 0) {
            break;
        }
        have += (size_t)got;
    }
    close(file);
    if (text == NULL || have < length) {
        free(text);
        return fail(path, "could not be read whole");
    }
    *ret_answer = h2o_iovec_init(text, length);
    return true;
}

/* Only http/1.1 is answered; whoever offers none of it gets no answer to ALPN. */
static int choose_protocol(SSL *ssl, const unsigned char **ret_name, unsigned char *ret_length,
                           const unsigned char *offered, unsigned offered_length, void *data)
{
    (void)ssl;
    (void)data;
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *found = NULL;
    if (SSL_select_next_proto(&found, ret_length, ours, sizeof(ours) - 1, offered,
                              offered_length) != OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    *ret_name = found;
    return SSL_TLSEXT_ERR_OK;
}

/* Mirrors src/trust/context.c: a yardstick of other ciphers or groups would measure those. */
static bool make_tls(const struct options *options, SSL_CTX *tls)
{
    static const unsigned char session_id[] = "yardstick";
    SSL_CTX_set_options(tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_security_level(tls, 2);
    SSL_CTX_set_mode(tls, SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_select_cb(tls, choose_protocol, NULL);
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(tls), X509_V_FLAG_PARTIAL_CHAIN);
    if (SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_num_tickets(tls, 1) != 1 ||
        SSL_CTX_set_session_id_context(tls, session_id, sizeof(session_id) - 1) != 1 ||
        SSL_CTX_set_cipher_list(tls, "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!PSK") != 1 ||
        SSL_CTX_set_ciphersuites(tls, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                                      "TLS_CHACHA20_POLY1305_SHA256") != 1 ||
        SSL_CTX_set1_groups_list(tls, "X25519:P-256:X448:P-384:P-521") != 1) {
        return fail_tls("TLS settings");
    }
    if (SSL_CTX_use_certificate_chain_file(tls, options->certificate) != 1) {
        return fail_tls(options->certificate);
    }
    if (SSL_CTX_use_PrivateKey_file(tls, options->key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(tls) != 1) {
        return fail_tls(options->key);
    }
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(options->ca);
    if (names == NULL || SSL_CTX_load_verify_file(tls, options->ca) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        return fail_tls(options->ca);
    }
    SSL_CTX_set_client_CA_list(tls, names);
    return true;
}

/* All bytes went out with the first send: the generator is only asked where h2o needs an end. */
static int answer_request(h2o_handler_t *super, h2o_req_t *req)
{
    static h2o_generator_t generator;
    const struct yardstick *yardstick = ((struct answer_handler *)super)->yardstick;
    req->res.status = 200;
    req->res.reason = "OK";
    req->res.content_length = yardstick->answer.len;
    for (size_t i = 0; i < yardstick->header_count; i++) {
        const struct header *header = &yardstick->headers[i];
        h2o_add_header_by_str(&req->pool, &req->res.headers, header->name.base, header->name.len, 1,
                              NULL, header->value.base, header->value.len);
    }
    h2o_iovec_t answer = yardstick->answer;
    h2o_start_response(req, &generator);
    h2o_send(req, &answer, 1, H2O_SEND_STATE_FINAL);
    return 0;
}

static void configure(struct yardstick *yardstick, const struct options *options)
{
    h2o_config_init(&yardstick->config);
    yardstick->config.http1.upgrade_to_http2 = 0;
    yardstick->config.server_name =
        h2o_iovec_init(options->server_name, strlen(options->server_name));
    h2o_hostconf_t *host =
        h2o_config_register_host(&yardstick->config, h2o_iovec_init(H2O_STRLIT("default")), 65535);
    h2o_pathconf_t *path = h2o_config_register_path(host, "/", 0);
    struct answer_handler *handler =
        (struct answer_handler *)h2o_create_handler(path, sizeof(*handler));
    handler->super.on_req = answer_request;
    handler->yardstick = yardstick;
    yardstick->header_count = options->header_count;
    for (size_t i = 0; i < options->header_count; i++) {
        const char *name = options->headers[i], *colon = strchr(name, ':');
        yardstick->headers[i] = (struct header){
            .name = h2o_iovec_init(name, (size_t)(colon - name)),
            .value = h2o_iovec_init(colon + 2, strlen(colon + 2)),
        };
    }
}

static void on_accept(h2o_socket_t *listener, const char *err)
{
    struct yardstick *yardstick = listener->data;
    if (err != NULL) {
        return;
    }
    h2o_socket_t *sock = h2o_evloop_socket_accept(listener);
    if (sock != NULL) {
        h2o_accept(&yardstick->accept, sock);
    }
}

static bool start_listening(struct yardstick *yardstick, uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) != 0) {
        bool failed = fail("cannot listen on 127.0.0.1", strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return failed;
    }
    h2o_socket_t *listener =
        h2o_evloop_socket_create(yardstick->context.loop, fd, H2O_SOCKET_FLAG_DONT_READ);
    listener->data = yardstick;
    h2o_socket_read_start(listener, on_accept);
    printf("listening %u\n", (unsigned)ntohs(address.sin_port));
    return fflush(stdout) == 0 || fail("standard output", strerror(errno));
}

static bool serve(struct yardstick *yardstick, const struct options *options, SSL_CTX *tls)
{
    configure(yardstick, options);
    h2o_context_init(&yardstick->context, h2o_evloop_create(), &yardstick->config);
    yardstick->accept = (h2o_accept_ctx_t){
        .ctx = &yardstick->context, .hosts = yardstick->config.hosts, .ssl_ctx = tls};
    if (!start_listening(yardstick, options->port)) {
        return false;
    }
    for (;;) {
        if (h2o_evloop_run(yardstick->context.loop, INT32_MAX) != 0 && errno != EINTR) {
            return fail("event loop", strerror(errno));
        }
    }
}

int main(int argc, char **argv)
{
    static struct yardstick yardstick;
    struct options options = {.server_name = "quiver"};
    if (!read_options(argc, argv, &options)) {
        return 2;
    }
    pid_t parent = getppid();
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) {
        fail("parent", "is gone");
        return 1;
    }
    signal(SIGPIPE, SIG_IGN);
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    if (tls == NULL) {
        fail_tls("TLS settings");
        return 1;
    }
    bool served = make_tls(&options, tls) && read_answer(options.answer, &yardstick.answer) &&
                  serve(&yardstick, &options, tls);
    SSL_CTX_free(tls);
    return served ? 0 : 1;
}
