/*
 * TLS of the load generator: one context for each client certificate, or one without, and sessions.
 *
 * Holds always: the server's certificate is verified; a session is offered only where asked for, so
 * that every other handshake is a full one; a session stays with the connection that got it. One
 * thread.
 */
#include "load.h"
#include <openssl/err.h>
#include <stdio.h>

static bool fail_tls(const char *what)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    fprintf(stderr, "bench_load: %s: %s\n", what, reason != NULL ? reason : "refused by OpenSSL");
    return false;
}

/* The newest is kept: in TLS 1.3 the server gives one after the other. */
static int on_session(SSL *ssl, SSL_SESSION *session)
{
    SSL_SESSION **place = SSL_get_app_data(ssl);
    SSL_SESSION_free(*place);
    *place = session;
    return 1; /* the reference is ours */
}

static bool set_protocol(const struct load_options *options, SSL_CTX *tls)
{
    static const unsigned char protocols[] = "\x08http/1.1";
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(tls, SSL_MODE_NO_AUTO_CHAIN | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (options->hold || options->every > 0) {
        SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
    }
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(tls), X509_V_FLAG_PARTIAL_CHAIN);
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    if (options->resume) {
        SSL_CTX_set_session_cache_mode(tls,
                                       SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
        SSL_CTX_sess_set_new_cb(tls, on_session);
    }
    return (SSL_CTX_set_min_proto_version(tls, options->tls_version) == 1 &&
            SSL_CTX_set_max_proto_version(tls, options->tls_version) == 1 &&
            SSL_CTX_set_alpn_protos(tls, protocols, sizeof(protocols) - 1) == 0) ||
           fail_tls("TLS settings");
}

static bool set_files(const struct load_options *options, size_t identity, SSL_CTX *tls)
{
    if (SSL_CTX_load_verify_file(tls, options->ca) != 1) {
        return fail_tls(options->ca);
    }
    if (options->identity_count == 0) {
        return true;
    }
    const char *certificate = options->certificates[identity], *key = options->keys[identity];
    if (SSL_CTX_use_certificate_chain_file(tls, certificate) != 1) {
        return fail_tls(certificate);
    }
    return (SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) == 1 &&
            SSL_CTX_check_private_key(tls) == 1) ||
           fail_tls(key);
}

bool load_tls_make(struct load_run *run)
{
    for (size_t i = 0; i == 0 || i < run->options->identity_count; i++) {
        run->tls[i] = SSL_CTX_new(TLS_client_method());
        if (run->tls[i] == NULL) {
            return fail_tls("TLS settings");
        }
        if (!set_protocol(run->options, run->tls[i]) || !set_files(run->options, i, run->tls[i])) {
            return false;
        }
    }
    return true;
}

void load_tls_free(struct load_run *run)
{
    for (size_t i = 0; i < LOAD_IDENTITIES_MAX; i++) {
        SSL_CTX_free(run->tls[i]);
        run->tls[i] = NULL;
    }
}

SSL *load_tls_open(const struct load_run *run, size_t identity, int fd, SSL_SESSION **session)
{
    SSL *ssl = SSL_new(run->tls[identity]);
    if (ssl == NULL || SSL_set_fd(ssl, fd) != 1 || SSL_set_app_data(ssl, session) != 1 ||
        (*session != NULL && SSL_set_session(ssl, *session) != 1)) {
        SSL_free(ssl);
        return NULL;
    }
    return ssl;
}
