/*
 * Own certificate, chain and key from one PKCS #12 file (RFC 7292), as Arrowhead ships them.
 * Private to `trust`; any thread.
 */
#ifndef QUIVER_TRUST_KEYSTORE_H
#define QUIVER_TRUST_KEYSTORE_H

#include <openssl/x509.h>
#include <quiver/base/str.h>

/** What a keystore holds; owned. */
struct qv_keystore {
    X509 *leaf; /**< the certificate of the key */
    /** Those above it, each behind the one that it signed; a self-signed one is left out, as no
     *  peer learns anything from it. */
    STACK_OF(X509) * chain;
    EVP_PKEY *key;
};

/** `password_file` NULL: it has none. Faults name the file, or both. */
QV_MUST_CHECK enum qv_status qv_keystore_read(const char *file, const char *password_file,
                                              struct qv_keystore *ret_keystore,
                                              struct qv_strings *faults);
void qv_keystore_free(struct qv_keystore *keystore);

#endif
