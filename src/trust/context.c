/*
 * TLS as Quiver speaks it: 1.2 and 1.3, forward secrecy and AEAD only, http/1.1 only, client
 * certificates judged by qv_anchors_on_verify. Everything is set explicitly, whatever the
 * system's openssl.cnf says. Contexts are made where trust is loaded and used by every worker.
 */
#include "context.h"

#include "anchors.h"
#include "faults.h"
#include "verdict.h"

#include <openssl/err.h>

#define CIPHERS_1_2 "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!PSK"
#define SUITES_1_3  "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
/* P-384 and P-521 also because TLS 1.2 takes this list for the curves of client keys. */
#define GROUPS "X25519:P-256:X448:P-384:P-521"
#define CERTIFICATE_LIST_MAX                                                                       \
    (48 * 1024) /* bytes; each certificate costs as much as a signature                            \
                 */

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

static bool set_protocol(SSL_CTX *context)
{
    SSL_CTX_set_security_level(context, QV_SECURITY_LEVEL);
    SSL_CTX_set_alpn_select_cb(context, select_protocol, NULL);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                     SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_mode(context, SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_max_cert_list(context, CERTIFICATE_LIST_MAX);
    return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_cipher_list(context, CIPHERS_1_2) == 1 &&
           SSL_CTX_set_ciphersuites(context, SUITES_1_3) == 1 &&
           SSL_CTX_set1_groups_list(context, GROUPS) == 1 &&
           SSL_CTX_set_num_tickets(context, 0) == 1;
}

static bool set_own(SSL_CTX *context, const struct qv_own *own)
{
    return SSL_CTX_use_certificate(context, own->leaf) == 1 &&
           SSL_CTX_use_PrivateKey(context, own->key) == 1 &&
           SSL_CTX_set1_chain(context, own->chain) == 1;
}

static bool set_peer(SSL_CTX *context, const struct qv_config_listener *listener,
                     struct qv_anchors *anchors)
{
    int mode = SSL_VERIFY_PEER;
    if (listener->tls == QV_TLS_MUTUAL)
        mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    SSL_CTX_set_verify(context, mode, NULL);
    SSL_CTX_set_cert_verify_callback(context, qv_anchors_on_verify, anchors);
    SSL_CTX_set1_cert_store(context, anchors->store);
    for (int i = 0; i < sk_X509_num(anchors->cas); i++)
        if (SSL_CTX_add_client_CA(context, sk_X509_value(anchors->cas, i)) != 1)
            return false;
    /* A session of one listener is none of another. */
    unsigned char id[QV_SHA256_SIZE];
    return qv_sha256(qv_str_from(listener->name), id) == QV_OK &&
           SSL_CTX_set_session_id_context(context, id, sizeof(id)) == 1 &&
           qv_verdict_bind(context, anchors) == QV_OK;
}

enum qv_status qv_context_make(const struct qv_config_listener *listener, const struct qv_own *own,
                               struct qv_anchors *anchors, SSL_CTX **ret_context,
                               struct qv_strings *faults)
{
    ERR_set_mark();
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    bool made = context != NULL && set_protocol(context) && set_own(context, own) &&
                set_peer(context, listener, anchors);
    const char *why = made ? NULL : ERR_reason_error_string(ERR_peek_last_error());
    ERR_pop_to_mark();
    if (made) {
        *ret_context = context;
        return QV_OK;
    }
    SSL_CTX_free(context);
    return qv_fault(faults, "listener %s: OpenSSL refuses the certificate or settings: %s",
                    listener->name, why != NULL ? why : "out of memory");
}
