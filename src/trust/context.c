/*
 * TLS as Quiver speaks it: versions and ciphers as the configuration says, http/1.1 only, client
 * certificates judged by qv_anchors_on_verify, tickets judged again. Everything is set explicitly,
 * whatever the system's openssl.cnf says. Contexts are made where trust is loaded and used by every
 * worker.
 */
#include "context.h"

#include "anchors.h"
#include "faults.h"
#include "tickets.h"

#include <openssl/err.h>

/* Bytes; each certificate costs as much as a signature. */
#define CERTIFICATE_LIST_MAX (48 * 1024)

static const unsigned char http_1_1[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

static int select_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_length,
                           const unsigned char *in, unsigned in_length, void *unused)
{
    (void)ssl, (void)unused;
    unsigned char *chosen = NULL, length = 0;
    /* The list always has one entry, so that "no overlap" would give http/1.1 all the same. */
    if (SSL_select_next_proto(&chosen, &length, http_1_1, sizeof(http_1_1), in, in_length) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    *out_length = length;
    return SSL_TLSEXT_ERR_OK;
}

static bool set_protocol(SSL_CTX *context, const struct qv_protocol *protocol)
{
    SSL_CTX_set_alpn_select_cb(context, select_protocol, NULL);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_mode(context, SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_max_cert_list(context, CERTIFICATE_LIST_MAX);
    return qv_protocol_apply(protocol, context);
}

static bool set_own(SSL_CTX *context, const struct qv_own *own)
{
    return SSL_CTX_use_certificate(context, own->leaf) == 1 &&
           SSL_CTX_use_PrivateKey(context, own->key) == 1 &&
           SSL_CTX_set1_chain(context, own->chain) == 1;
}

static bool set_peer(SSL_CTX *context, const struct qv_context_parts *parts)
{
    int mode = SSL_VERIFY_PEER;
    struct qv_anchors *anchors = parts->anchors;
    if (parts->listener->tls == QV_TLS_MUTUAL)
        mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    SSL_CTX_set_verify(context, mode, NULL);
    SSL_CTX_set_cert_verify_callback(context, qv_anchors_on_verify, anchors);
    SSL_CTX_set1_cert_store(context, anchors->store);
    for (int i = 0; i < sk_X509_num(anchors->cas); i++)
        if (SSL_CTX_add_client_CA(context, sk_X509_value(anchors->cas, i)) != 1)
            return false;
    return true;
}

/** CHAP's clients make a new TLS client for each ping and never come back with a ticket, which
 * would be a tenth of what their handshake costs. */
static bool gives_tickets(const struct qv_config_listener *listener)
{
    return listener->serve != QV_SERVE_CHAP;
}

/** A session of one listener is none of another, nor one of another trust. */
static bool set_sessions(SSL_CTX *context, const struct qv_context_parts *parts)
{
    struct qv_binding binding = {.anchors = parts->anchors, .generation = parts->generation};
    return qv_sha256(qv_str_from(parts->listener->name), binding.listener) == QV_OK &&
           SSL_CTX_set_session_id_context(context, binding.listener, sizeof(binding.listener)) ==
               1 &&
           qv_verdict_bind(context, &binding) == QV_OK &&
           qv_tickets_install(context, gives_tickets(parts->listener)) == QV_OK;
}

enum qv_status qv_context_make(const struct qv_context_parts *parts, SSL_CTX **ret_context,
                               struct qv_strings *faults)
{
    ERR_set_mark();
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    bool made = context != NULL && set_protocol(context, parts->protocol) &&
                set_own(context, parts->own) && set_peer(context, parts) &&
                set_sessions(context, parts);
    const char *why = made ? NULL : ERR_reason_error_string(ERR_peek_last_error());
    ERR_pop_to_mark();
    if (made) {
        *ret_context = context;
        return QV_OK;
    }
    SSL_CTX_free(context);
    if (why == NULL)
        return QV_NO_MEMORY;
    return qv_fault(faults, "%s: listener %s: OpenSSL refuses the certificate: %s",
                    parts->own->file, parts->listener->name, why);
}
