/*
 * A session that is resumed shows no certificate and calls no verify callback, so each ticket
 * carries, inside OpenSSL's encryption, what its peer was let in by: the generation of the trust,
 * the listener, when the key was proven, and the path. It is good only where all of that still
 * holds; in any other case the handshake goes on in full, and is refused there with the alert that
 * fits. The keys are the context's own and end with it. Runs inside handshakes, in their worker.
 */
#include "tickets.h"

#include "anchors.h"

#include <openssl/err.h>
#include <string.h>

/* A ticket that is renewed with each resumption would never end: this counts from the handshake in
   which the peer last proved its key. */
#define LIFE_SECONDS 3600

#define VERSION   1
#define HEAD_SIZE (1 + 8 + QV_SHA256_SIZE + 8)

struct carried {
    uint64_t generation;
    unsigned char listener[QV_SHA256_SIZE];
    int64_t proven; /* seconds, wall clock */
    struct qv_path path;
};

static void write_number(struct qv_buf *buf, uint64_t number)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        qv_buf_put_char(buf, (char)(number >> shift & 0xff));
}

static uint64_t read_number(const unsigned char *at)
{
    uint64_t number = 0;
    for (size_t i = 0; i < 8; i++)
        number = number << 8 | at[i];
    return number;
}

static void write_carried(const struct carried *carried, struct qv_buf *buf)
{
    qv_buf_put_char(buf, VERSION);
    write_number(buf, carried->generation);
    qv_buf_put(buf, (struct qv_str){.at = (const char *)carried->listener,
                                    .length = sizeof(carried->listener)});
    write_number(buf, (uint64_t)carried->proven);
    qv_path_write(&carried->path, buf);
}

static enum qv_status read_carried(SSL_SESSION *session, struct carried *ret_carried)
{
    void *data = NULL;
    size_t length = 0;
    if (SSL_SESSION_get0_ticket_appdata(session, &data, &length) != 1 || data == NULL ||
        length < HEAD_SIZE)
        return QV_INVALID;
    const unsigned char *at = data;
    if (at[0] != VERSION)
        return QV_INVALID;
    struct carried carried = {.generation = read_number(at + 1),
                              .proven = (int64_t)read_number(at + HEAD_SIZE - 8)};
    memcpy(carried.listener, at + 1 + 8, sizeof(carried.listener));
    struct qv_str path = {.at = (const char *)at + HEAD_SIZE, .length = length - HEAD_SIZE};
    QV_TRY(qv_path_read(path, &carried.path));
    *ret_carried = carried;
    return QV_OK;
}

enum qv_status qv_ticket_path(const SSL *ssl, struct qv_path *ret_path)
{
    struct carried carried;
    SSL_SESSION *session = SSL_get_session(ssl);
    if (session == NULL)
        return QV_INVALID;
    QV_TRY(read_carried(session, &carried));
    *ret_path = carried.path;
    return QV_OK;
}

/* --- a ticket goes out --- */

static enum qv_status describe(SSL *ssl, struct carried *carried)
{
    const struct qv_binding *binding = qv_verdict_bound(ssl);
    const struct qv_left_verdict *left = qv_verdict_left(ssl);
    if (binding == NULL)
        return QV_INVALID;
    bool came = SSL_get0_peer_certificate(ssl) != NULL;
    if (came && (left == NULL || left->verdict.status != QV_OK))
        return QV_INVALID;
    *carried = (struct carried){.generation = binding->generation,
                                .proven = qv_verdict_now(SSL_get0_param(ssl)).seconds};
    memcpy(carried->listener, binding->listener, sizeof(carried->listener));
    if (came)
        carried->path = left->path;
    return QV_OK;
}

static int on_issue(SSL *ssl, void *unused)
{
    (void)unused;
    /* A resumed session goes on with what it carries. */
    if (SSL_session_reused(ssl) == 1)
        return 1;
    struct carried carried;
    QV_CLEANUP(qv_buf) struct qv_buf bytes = {0};
    bool described = describe(ssl, &carried) == QV_OK;
    if (described)
        write_carried(&carried, &bytes);
    ERR_set_mark();
    /* One that carries nothing is good for nothing: no reason to end a handshake. */
    if (!described || qv_buf_status(&bytes) != QV_OK)
        (void)SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), NULL, 0);
    else
        (void)SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), bytes.at, bytes.length);
    ERR_pop_to_mark();
    return 1;
}

/* --- a ticket comes back --- */

static bool nobody_may_come(const SSL *ssl)
{
    return (SSL_get_verify_mode(ssl) & SSL_VERIFY_FAIL_IF_NO_PEER_CERT) == 0;
}

static bool path_holds(const struct qv_binding *binding, const struct qv_path *path,
                       const X509 *peer, struct qv_wall now)
{
    struct qv_verdict verdict;
    QV_CLEANUP(qv_anchors) struct qv_anchors *anchors = qv_anchors_try_ref(binding->anchors);
    return anchors != NULL && qv_anchors_hold(anchors, path) &&
           qv_anchors_check_path(anchors, path, peer, now, QV_OCCASION_HANDSHAKE, &verdict) ==
               X509_V_OK;
}

static bool holds(SSL *ssl, SSL_SESSION *session)
{
    const struct qv_binding *binding = qv_verdict_bound(ssl);
    struct carried carried;
    if (binding == NULL || qv_verdict_newer(ssl) != NULL ||
        read_carried(session, &carried) != QV_OK || carried.generation != binding->generation ||
        memcmp(carried.listener, binding->listener, sizeof(carried.listener)) != 0)
        return false;
    struct qv_wall now = qv_verdict_now(SSL_get0_param(ssl));
    if (now.seconds < carried.proven || now.seconds - carried.proven >= LIFE_SECONDS)
        return false;
    const X509 *peer = SSL_SESSION_get0_peer(session);
    if (peer == NULL || carried.path.count == 0)
        return peer == NULL && carried.path.count == 0 && nobody_may_come(ssl);
    return path_holds(binding, &carried.path, peer, now);
}

static SSL_TICKET_RETURN on_show(SSL *ssl, SSL_SESSION *session, const unsigned char *key_name,
                                 size_t key_name_length, SSL_TICKET_STATUS status, void *unused)
{
    (void)key_name, (void)key_name_length, (void)unused;
    /* A new ticket is given in any case, but for TLS 1.2, where a good one is kept. */
    if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW)
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    ERR_set_mark();
    bool good = session != NULL && holds(ssl, session);
    ERR_pop_to_mark();
    if (!good)
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    return status == SSL_TICKET_SUCCESS_RENEW ? SSL_TICKET_RETURN_USE_RENEW : SSL_TICKET_RETURN_USE;
}

enum qv_status qv_tickets_install(SSL_CTX *context, bool given)
{
    /* Of TLS 1.2; a system's openssl.cnf may have switched them off. */
    if (given)
        SSL_CTX_clear_options(context, SSL_OP_NO_TICKET);
    else
        SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_timeout(context, LIFE_SECONDS);
    /* 0-RTT data could be replayed, and would come before anything was judged. */
    if (SSL_CTX_set_max_early_data(context, 0) != 1 ||
        SSL_CTX_set_recv_max_early_data(context, 0) != 1 ||
        SSL_CTX_set_num_tickets(context, given ? 1 : 0) != 1 ||
        SSL_CTX_set_session_ticket_cb(context, on_issue, on_show, NULL) != 1)
        return QV_INTERNAL;
    return QV_OK;
}
