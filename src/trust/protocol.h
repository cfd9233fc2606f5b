/*
 * Which TLS is spoken: the settings of `tls:` beside certificates. Private to `trust`.
 */
#ifndef QUIVER_TRUST_PROTOCOL_H
#define QUIVER_TRUST_PROTOCOL_H

#include <openssl/ssl.h>
#include <quiver/config/config.h>
#include <stdatomic.h>

/** Checked and immutable once loaded, and shared by the trusts that speak so. Any thread. */
struct qv_protocol {
    atomic_size_t references;
    enum qv_tls_version min_version;
    char *ciphers, *cipher_suites, *groups; /**< owned */
};

/** Faults name the setting, and the cipher where it is one that is not allowed. */
QV_MUST_CHECK enum qv_status qv_protocol_load(const struct qv_config *config,
                                              struct qv_protocol **ret_protocol,
                                              struct qv_strings *faults);
struct qv_protocol *qv_protocol_ref(struct qv_protocol *protocol);
void qv_protocol_free(struct qv_protocol **protocol); /**< drops one reference */

/** Makes the context speak so. False: OpenSSL is out of memory. */
bool qv_protocol_apply(const struct qv_protocol *protocol, SSL_CTX *context);

#endif
