/*
 * A TLS handshake in memory: a server context of ours and a client of the test's own, without a
 * socket and without waiting. One thread.
 */
#ifndef QUIVER_TESTS_TLS_FIXTURE_H
#define QUIVER_TESTS_TLS_FIXTURE_H

#include "x509_fixture.h"
#include <openssl/ssl.h>
#include <quiver/trust/trust.h>

struct fx_client {
    const struct fx_pair *pair;     /**< NULL: none is sent */
    const struct fx_pair *chain[4]; /**< sent behind it */
    int version;                    /**< TLS1_2_VERSION ...; both ends of the client's range */
    const char *alpn;               /**< in wire form; NULL: not offered */
    const char *ciphers;            /**< for TLS 1.2; NULL: the library's */
    SSL_SESSION *session;           /**< is offered; NULL: none */
};

struct fx_tls {
    SSL_CTX *client_context;
    SSL *client, *server;
    bool done;                   /**< the server's handshake was successful */
    int alert;                   /**< fatal alert that the client got; -1: none */
    struct qv_verdict verdict;   /**< explained, where the server's handshake failed */
    struct qv_certificate *peer; /**< likewise */
    SSL_SESSION *session;        /**< that the client could offer next; NULL: it got none */
};

static inline void fx_on_info(const SSL *ssl, int where, int value)
{
    struct fx_tls *tls = SSL_get_app_data(ssl);
    if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && value >> 8 == SSL3_AL_FATAL)
        tls->alert = value & 0xff;
}

static inline void fx_client_begin(struct fx_tls *tls, const struct fx_client *client)
{
    tls->client_context = SSL_CTX_new(TLS_client_method());
    SSL_CTX *context = tls->client_context;
    SSL_CTX_set_security_level(context, 0); /* it may send what nobody should */
    assert_int_equal(SSL_CTX_set_min_proto_version(context, client->version), 1);
    assert_int_equal(SSL_CTX_set_max_proto_version(context, client->version), 1);
    if (client->ciphers != NULL)
        assert_int_equal(SSL_CTX_set_cipher_list(context, client->ciphers), 1);
    tls->client = SSL_new(context);
    if (client->pair != NULL) {
        assert_int_equal(SSL_use_certificate(tls->client, client->pair->x509), 1);
        assert_int_equal(SSL_use_PrivateKey(tls->client, client->pair->key), 1);
    }
    for (size_t i = 0; i < 4 && client->chain[i] != NULL; i++)
        assert_int_equal(SSL_add1_chain_cert(tls->client, client->chain[i]->x509), 1);
    if (client->alpn != NULL)
        assert_int_equal(SSL_set_alpn_protos(tls->client, (const unsigned char *)client->alpn,
                                             (unsigned)strlen(client->alpn)),
                         0);
    if (client->session != NULL)
        assert_int_equal(SSL_set_session(tls->client, client->session), 1);
    SSL_set_app_data(tls->client, tls);
    SSL_set_info_callback(tls->client, fx_on_info);
    SSL_set_connect_state(tls->client);
}

/** Runs the handshake as far as it goes. */
static inline void fx_handshake(SSL_CTX *server, const struct fx_client *client,
                                struct fx_tls *ret_tls)
{
    struct fx_tls *tls = ret_tls;
    *tls = (struct fx_tls){.alert = -1};
    fx_client_begin(tls, client);
    tls->server = SSL_new(server);
    assert_non_null(tls->server);
    SSL_set_accept_state(tls->server);
    BIO *left = NULL, *right = NULL;
    assert_int_equal(BIO_new_bio_pair(&left, 1 << 18, &right, 1 << 18), 1);
    SSL_set_bio(tls->client, left, left);
    SSL_set_bio(tls->server, right, right);
    char byte;
    bool failed = false;
    for (int round = 0; round < 10; round++) {
        (void)SSL_read(tls->client, &byte, 1); /* handshakes, then looks for an alert */
        ERR_clear_error();
        if (failed || tls->done)
            continue;
        int result = SSL_do_handshake(tls->server);
        tls->done = result == 1;
        failed = result != 1 && SSL_get_error(tls->server, result) != SSL_ERROR_WANT_READ;
        if (failed) {
            qv_trust_explain_failure(tls->server, &tls->verdict, &tls->peer);
            assert_int_equal(ERR_peek_error(), 0);
        }
    }
    assert_true(failed != tls->done);
    tls->session = SSL_get1_session(tls->client);
    if (tls->session != NULL && SSL_SESSION_is_resumable(tls->session) == 0) {
        SSL_SESSION_free(tls->session);
        tls->session = NULL;
    }
}

static inline void fx_tls_free(struct fx_tls *tls)
{
    /* OpenSSL lets nobody resume the session of a connection that was not closed. */
    SSL_set_shutdown(tls->client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(tls->client);
    SSL_free(tls->server);
    SSL_CTX_free(tls->client_context);
    SSL_SESSION_free(tls->session);
    qv_certificate_free(&tls->peer);
    *tls = (struct fx_tls){0};
}

#endif
