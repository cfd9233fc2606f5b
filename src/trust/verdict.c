/*
 * Verdicts and the places of ours in OpenSSL's objects. A handshake may end in any worker thread;
 * what is left in an SSL is touched by the thread of its connection alone.
 */
#include "verdict.h"

#include "anchors.h"

#include <pthread.h>
#include <quiver/base/memory.h>
#include <quiver/trust/trust.h>
#include <stdio.h>
#include <string.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int left_index = -1, present_index = -1, binding_index = -1;

static void free_left(void *parent, void *data, CRYPTO_EX_DATA *all, int index, long argl,
                      void *argp)
{
    (void)parent, (void)all, (void)index, (void)argl, (void)argp;
    struct qv_left_verdict *left = data;
    if (left == NULL)
        return;
    X509_free(left->peer);
    qv_free(left);
}

static void free_binding(void *parent, void *data, CRYPTO_EX_DATA *all, int index, long argl,
                         void *argp)
{
    (void)parent, (void)all, (void)index, (void)argl, (void)argp;
    struct qv_binding *binding = data;
    if (binding == NULL)
        return;
    qv_anchors_weak_free(&binding->anchors);
    qv_free(binding);
}

static void make_indices(void)
{
    left_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, free_left);
    present_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    binding_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, free_binding);
}

bool qv_verdict_prepare(void)
{
    return pthread_once(&once, make_indices) == 0 && left_index >= 0 && present_index >= 0 &&
           binding_index >= 0;
}

void qv_verdict_accept(struct qv_verdict *verdict)
{
    *verdict = (struct qv_verdict){.status = QV_OK, .code = ""};
}

void qv_verdict_refuse(struct qv_verdict *verdict, enum qv_status status, const char *code,
                       const char *format, ...)
{
    *verdict = (struct qv_verdict){.status = status, .code = code};
    va_list args;
    va_start(args, format);
    (void)vsnprintf(verdict->reason, sizeof(verdict->reason), format, args);
    va_end(args);
}

void qv_verdict_name(const X509_NAME *name, char *text, size_t size)
{
    int length = 0;
    BIO *out = BIO_new(BIO_s_mem());
    /* The flags escape control and non-ASCII bytes. */
    if (out != NULL && X509_NAME_print_ex(out, name, 0, XN_FLAG_RFC2253) > 0)
        length = BIO_read(out, text, (int)size - 1);
    BIO_free(out);
    if (length > 0)
        text[length] = '\0';
    else
        (void)snprintf(text, size, "(no name)");
}

void qv_verdict_refuse_certificate(struct qv_verdict *verdict, const X509 *x509, const char *code,
                                   const char *format, ...)
{
    char subject[120] = "(no certificate)", words[sizeof(verdict->reason)];
    if (x509 != NULL)
        qv_verdict_name(X509_get_subject_name(x509), subject, sizeof(subject));
    va_list args;
    va_start(args, format);
    (void)vsnprintf(words, sizeof(words), format, args);
    va_end(args);
    qv_verdict_refuse(verdict, QV_DENIED, code, "%s: %s", subject, words);
}

void qv_verdict_leave(SSL *ssl, const struct qv_verdict *verdict, const struct qv_path *path,
                      X509 *peer)
{
    struct qv_left_verdict *left = SSL_get_ex_data(ssl, left_index);
    if (left == NULL) {
        left = qv_alloc(sizeof(*left));
        if (left == NULL)
            return;
        if (SSL_set_ex_data(ssl, left_index, left) != 1) {
            qv_free(left);
            return;
        }
    }
    left->verdict = *verdict;
    left->path = *path;
    X509_free(left->peer);
    left->peer = peer != NULL && X509_up_ref(peer) == 1 ? peer : NULL;
}

const struct qv_left_verdict *qv_verdict_left(const SSL *ssl)
{
    return left_index >= 0 ? SSL_get_ex_data(ssl, left_index) : NULL;
}

enum qv_status qv_verdict_bind(SSL_CTX *context, const struct qv_binding *binding)
{
    struct qv_binding *copy = qv_alloc(sizeof(*copy));
    if (copy == NULL)
        return QV_NO_MEMORY;
    *copy = *binding;
    if (SSL_CTX_set_ex_data(context, binding_index, copy) != 1) {
        qv_free(copy);
        return QV_NO_MEMORY;
    }
    (void)qv_anchors_weak_ref(copy->anchors);
    return QV_OK;
}

const struct qv_binding *qv_verdict_bound(const SSL *ssl)
{
    return binding_index >= 0 ? SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), binding_index) : NULL;
}

struct qv_wall qv_verdict_now(const X509_VERIFY_PARAM *parameters)
{
    /* OpenSSL reads its parameters without changing them, and does not say so everywhere. */
    X509_VERIFY_PARAM *readable = (X509_VERIFY_PARAM *)(uintptr_t)parameters;
    if ((X509_VERIFY_PARAM_get_flags(readable) & X509_V_FLAG_USE_CHECK_TIME) != 0)
        return (struct qv_wall){.seconds = X509_VERIFY_PARAM_get_time(parameters)};
    return qv_wall_now();
}

void qv_trust_follow(SSL *ssl, struct qv_trust *const *present)
{
    /* Without memory the handshake is judged at its end alone. */
    if (present_index >= 0)
        (void)SSL_set_ex_data(ssl, present_index, (void *)(uintptr_t)present);
}

const struct qv_anchors *qv_verdict_newer(const SSL *ssl)
{
    const struct qv_binding *binding = qv_verdict_bound(ssl);
    struct qv_trust *const *present =
        present_index >= 0 ? SSL_get_ex_data(ssl, present_index) : NULL;
    if (present == NULL || binding == NULL ||
        qv_trust_tls_generation(*present) == binding->generation)
        return NULL;
    return qv_trust_anchors(*present);
}
