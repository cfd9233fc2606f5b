/*
 * Getting the TLS alert to the peer.
 *
 * OpenSSL writes into a memory BIO of libh2o's, which is flushed when a step of the handshake
 * succeeded and thrown away when it failed, with the alert in it. So a BIO callback copies each
 * short write during the handshake, and when OpenSSL says that what it wrote was a fatal alert, the
 * copy goes to the socket. Nothing else is in flight then: what came before was flushed by an
 * earlier step. The connection's thread alone.
 */
#include "alert.h"

#include "connection.h"

#include <string.h>

/* The copy is made before the write; OpenSSL tells only afterwards what it was. */
static long keep_write(BIO *bio, int operation, const char *data, size_t length, int argi,
                       long argl, int ret, size_t *processed)
{
    (void)argi;
    (void)argl;
    (void)processed;
    if (operation == BIO_CB_WRITE) {
        struct qv_alert *alert = &qv_connection_of_socket(BIO_get_data(bio))->alert;
        alert->length = length <= sizeof(alert->bytes) ? length : 0;
        memcpy(alert->bytes, data, alert->length);
    }
    return ret;
}

static void send_alert(struct qv_connection *connection)
{
    if (connection->alert.length == 0)
        return;
    /* One short record into an empty send buffer; where even that fails, the peer is gone. */
    (void)send(h2o_socket_get_fd(connection->sock), connection->alert.bytes,
               connection->alert.length, MSG_DONTWAIT | MSG_NOSIGNAL);
    connection->alert.length = 0;
}

static void on_info(const SSL *ssl, int where, int value)
{
    BIO *bio = SSL_get_rbio(ssl);
    if (bio == NULL)
        return;
    struct qv_connection *connection = qv_connection_of_socket(BIO_get_data(bio));
    if (!connection->handshaking)
        return;
    if ((where & SSL_CB_HANDSHAKE_START) != 0) {
        connection->ssl = (SSL *)(uintptr_t)ssl; /* const only for this call's sake */
        qv_trust_follow(connection->ssl, &connection->worker->trust);
        BIO_set_callback_ex(bio, keep_write);
    } else if ((where & SSL_CB_WRITE_ALERT) == SSL_CB_WRITE_ALERT && value >> 8 == SSL3_AL_FATAL) {
        send_alert(connection);
    }
}

void qv_alert_install_all(const struct qv_server *server, const struct qv_trust *trust)
{
    for (size_t i = 0; i < server->listener_count; i++) {
        SSL_CTX *context = qv_trust_context(trust, i);
        /* One that serves already (a trust may share it with the one before) is left alone. */
        if (context != NULL && SSL_CTX_get_info_callback(context) != on_info)
            SSL_CTX_set_info_callback(context, on_info);
    }
}

void qv_alert_end(SSL *ssl)
{
    BIO *bio = SSL_get_rbio(ssl);
    if (bio != NULL)
        BIO_set_callback_ex(bio, NULL);
}
