/*
 * TLS settings of the configuration, tried on a context of their own before any other gets them.
 * Whatever an operator lists, each cipher keeps forward secrecy, AEAD and a certificate; a list
 * that would allow another is a fault that names it, for OpenSSL itself would quietly take it.
 * Loading runs in one thread.
 */
#include "protocol.h"

#include "anchors.h"
#include "faults.h"

#include <openssl/err.h>
#include <quiver/base/memory.h>
#include <stddef.h>

static int set_groups(SSL_CTX *context, const char *list)
{
    return SSL_CTX_set1_groups_list(context, list) == 1;
}

static const struct list_setting {
    const char *name;
    size_t offset; /* of the text in struct qv_protocol */
    int (*set)(SSL_CTX *context, const char *list);
} list_settings[] = {
    {"tls.ciphers", offsetof(struct qv_protocol, ciphers), SSL_CTX_set_cipher_list},
    {"tls.cipher_suites", offsetof(struct qv_protocol, cipher_suites), SSL_CTX_set_ciphersuites},
    {"tls.groups", offsetof(struct qv_protocol, groups), set_groups},
};
#define LIST_SETTINGS (sizeof(list_settings) / sizeof(list_settings[0]))

static const char *list_of(const struct qv_protocol *protocol, const struct list_setting *setting)
{
    return *(char *const *)((const char *)protocol + setting->offset);
}

static int min_version(const struct qv_protocol *protocol)
{
    return protocol->min_version == QV_TLS_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
}

bool qv_protocol_apply(const struct qv_protocol *protocol, SSL_CTX *context)
{
    SSL_CTX_set_security_level(context, QV_SECURITY_LEVEL);
    bool good = SSL_CTX_set_min_proto_version(context, min_version(protocol)) == 1 &&
                SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
                SSL_CTX_set_dh_auto(context, 1) == 1;
    for (size_t i = 0; i < LIST_SETTINGS && good; i++)
        good = list_settings[i].set(context, list_of(protocol, &list_settings[i])) == 1;
    return good;
}

/* --- what is allowed --- */

/** What a cipher lacks; NULL: nothing. */
static const char *lack_of(const SSL_CIPHER *cipher)
{
    if (SSL_CIPHER_is_aead(cipher) != 1)
        return "it is no AEAD";
    switch (SSL_CIPHER_get_auth_nid(cipher)) {
    case NID_auth_any: /* TLS 1.3 */
    case NID_auth_ecdsa:
    case NID_auth_rsa: break;
    default: return "it proves nothing by a certificate that is taken here";
    }
    switch (SSL_CIPHER_get_kx_nid(cipher)) {
    case NID_kx_any: /* TLS 1.3 */
    case NID_kx_ecdhe:
    case NID_kx_dhe: return NULL;
    default: return "it has no forward secrecy";
    }
}

/** The first one is named: a word may stand for dozens. */
static enum qv_status check_ciphers(const SSL_CTX *context, struct qv_strings *faults)
{
    const STACK_OF(SSL_CIPHER) *ciphers = SSL_CTX_get_ciphers(context);
    for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++) {
        const SSL_CIPHER *cipher = sk_SSL_CIPHER_value(ciphers, i);
        const char *lack = lack_of(cipher);
        if (lack != NULL)
            return qv_fault(faults, "tls.ciphers: %s is not allowed: %s",
                            SSL_CIPHER_get_name(cipher), lack);
    }
    /* A word of the list ("@SECLEVEL=") can change it, and with it which keys are strong enough. */
    if (SSL_CTX_get_security_level(context) != QV_SECURITY_LEVEL)
        return qv_fault(faults, "tls.ciphers: the security level is %d and cannot be changed",
                        QV_SECURITY_LEVEL);
    return QV_OK;
}

/** Each on a context that nobody else uses. */
static enum qv_status check(const struct qv_protocol *protocol, SSL_CTX *context,
                            struct qv_strings *faults)
{
    enum qv_status status = QV_OK;
    SSL_CTX_set_security_level(context, QV_SECURITY_LEVEL);
    for (size_t i = 0; i < LIST_SETTINGS && status != QV_NO_MEMORY; i++) {
        const char *list = list_of(protocol, &list_settings[i]);
        if (list_settings[i].set(context, list) != 1)
            status = qv_status_worse(
                status, qv_fault(faults, "%s: OpenSSL knows nothing of that kind in '%s'",
                                 list_settings[i].name, list));
    }
    return status == QV_OK ? check_ciphers(context, faults) : status;
}

/* --- loading --- */

static enum qv_status copy(const struct qv_config *config, struct qv_protocol *protocol)
{
    protocol->min_version = config->tls.min_version;
    protocol->ciphers = qv_str_dup(qv_str_from(config->tls.ciphers));
    protocol->cipher_suites = qv_str_dup(qv_str_from(config->tls.cipher_suites));
    protocol->groups = qv_str_dup(qv_str_from(config->tls.groups));
    bool complete =
        protocol->ciphers != NULL && protocol->cipher_suites != NULL && protocol->groups != NULL;
    return complete ? QV_OK : QV_NO_MEMORY;
}

enum qv_status qv_protocol_load(const struct qv_config *config, struct qv_protocol **ret_protocol,
                                struct qv_strings *faults)
{
    QV_CLEANUP(qv_protocol) struct qv_protocol *protocol = qv_alloc(sizeof(*protocol));
    if (protocol == NULL)
        return QV_NO_MEMORY;
    atomic_init(&protocol->references, 1);
    QV_TRY(copy(config, protocol));
    ERR_set_mark();
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    enum qv_status status = context != NULL ? check(protocol, context, faults) : QV_NO_MEMORY;
    SSL_CTX_free(context);
    ERR_pop_to_mark();
    QV_TRY(status);
    *ret_protocol = protocol;
    protocol = NULL;
    return QV_OK;
}

struct qv_protocol *qv_protocol_ref(struct qv_protocol *protocol)
{
    atomic_fetch_add_explicit(&protocol->references, 1, memory_order_relaxed);
    return protocol;
}

void qv_protocol_free(struct qv_protocol **protocol)
{
    struct qv_protocol *old = *protocol;
    if (old == NULL)
        return;
    *protocol = NULL;
    if (atomic_fetch_sub_explicit(&old->references, 1, memory_order_acq_rel) != 1)
        return;
    qv_free(old->ciphers);
    qv_free(old->cipher_suites);
    qv_free(old->groups);
    qv_free(old);
}
