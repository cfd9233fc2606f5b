/*
 * A PKCS #12 keystore, taken apart by OpenSSL. It is believed only after its integrity check (MAC)
 * proved that the password is right. What a keystore says of its order is nothing to rely on, so
 * the chain is put together from its certificates. Runs where trust is loaded.
 */
#include "keystore.h"

#include "faults.h"
#include "password.h"

#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <openssl/x509v3.h>

#define KEYSTORE_MAX ((size_t)1024 * 1024)

void qv_keystore_free(struct qv_keystore *keystore)
{
    X509_free(keystore->leaf);
    sk_X509_pop_free(keystore->chain, X509_free);
    EVP_PKEY_free(keystore->key);
    *keystore = (struct qv_keystore){0};
}

static X509 *issuer_of(X509 *x509, const STACK_OF(X509) * among)
{
    for (int i = 0; i < sk_X509_num(among); i++) {
        X509 *candidate = sk_X509_value(among, i);
        EVP_PKEY *key = X509_get0_pubkey(candidate);
        if (X509_check_issued(candidate, x509) == X509_V_OK && key != NULL &&
            X509_verify(x509, key) == 1)
            return candidate;
    }
    return NULL;
}

/** From the leaf upwards; certificates that are not above it are passed over. */
static enum qv_status put_in_order(X509 *leaf, const STACK_OF(X509) * found,
                                   STACK_OF(X509) * *ret_chain)
{
    STACK_OF(X509) *chain = sk_X509_new_null();
    bool complete = chain != NULL;
    X509 *last = leaf;
    /* No more steps than certificates: two CAs may have signed each other. */
    for (int i = 0; i < sk_X509_num(found) && complete; i++) {
        X509 *next = issuer_of(last, found);
        if (next == NULL || (X509_get_extension_flags(next) & EXFLAG_SS) != 0)
            break;
        complete = X509_add_cert(chain, next, X509_ADD_FLAG_UP_REF | X509_ADD_FLAG_NO_DUP) == 1;
        last = next;
    }
    if (!complete) {
        sk_X509_pop_free(chain, X509_free);
        return QV_NO_MEMORY;
    }
    *ret_chain = chain;
    return QV_OK;
}

/** The password as PKCS #12 has it: none, or of no characters, are two ways to write "none". */
static enum qv_status find_password(PKCS12 *store, const char *file, const char *password_file,
                                    const char **password, struct qv_strings *faults)
{
    if (PKCS12_mac_present(store) != 1)
        return qv_fault(faults,
                        "%s: it has no integrity check (MAC); write it again by openssl pkcs12 "
                        "-export",
                        file);
    if (PKCS12_verify_mac(store, *password, -1) == 1)
        return QV_OK;
    if (ERR_peek_last_error() != 0)
        return qv_fault(faults, "%s: its integrity check (MAC) cannot be done: %s", file,
                        ERR_reason_error_string(ERR_peek_last_error()));
    if (*password != NULL)
        return qv_fault(faults, "%s: the password in %s does not open it", file, password_file);
    *password = "";
    if (PKCS12_verify_mac(store, *password, -1) == 1)
        return QV_OK;
    return qv_fault(
        faults, "%s: it has a password; name the file with it in tls.keystore_password_file", file);
}

static enum qv_status explain(const char *file, struct qv_strings *faults)
{
    unsigned long error = ERR_peek_last_error();
    if (ERR_GET_REASON(error) == ERR_R_UNSUPPORTED)
        return qv_fault(faults,
                        "%s: it is encrypted in an old way (RC2) that OpenSSL keeps apart; write "
                        "it again: openssl pkcs12 -legacy -in %s -aes256 -out store.pem, then "
                        "openssl pkcs12 -export -in store.pem -out %s",
                        file, file, file);
    const char *why = ERR_reason_error_string(error);
    return qv_fault(faults, "%s: what is in the keystore cannot be read: %s", file,
                    why != NULL ? why : "unknown reason");
}

static enum qv_status open_store(PKCS12 *store, const char *file, const char *password,
                                 struct qv_keystore *keystore, struct qv_strings *faults)
{
    STACK_OF(X509) *others = NULL;
    if (PKCS12_parse(store, password, &keystore->key, &keystore->leaf, &others) != 1)
        return explain(file, faults);
    enum qv_status status;
    if (keystore->key == NULL)
        status = qv_fault(faults, "%s: there is no private key in it", file);
    else if (keystore->leaf == NULL)
        status = qv_fault(faults, "%s: there is no certificate of its private key in it", file);
    else
        status = put_in_order(keystore->leaf, others, &keystore->chain);
    sk_X509_pop_free(others, X509_free);
    return status;
}

static enum qv_status decode(struct qv_str bytes, const char *file, PKCS12 **ret_store,
                             struct qv_strings *faults)
{
    if (qv_str_starts_with(bytes, QV_STR("\xfe\xed\xfe\xed")))
        return qv_fault(faults,
                        "%s: it is a keystore of Java's own kind; make it PKCS #12: keytool "
                        "-importkeystore -srckeystore %s -destkeystore NEW -deststoretype pkcs12",
                        file, file);
    const unsigned char *at = (const unsigned char *)bytes.at;
    PKCS12 *store = d2i_PKCS12(NULL, &at, (long)bytes.length);
    if (store == NULL)
        return qv_fault(faults, "%s: it is no PKCS #12 keystore", file);
    *ret_store = store;
    return QV_OK;
}

static enum qv_status read_store(const char *file, const char *password_file,
                                 struct qv_keystore *keystore, struct qv_strings *faults)
{
    QV_CLEANUP(qv_secret) struct qv_secret content = {0};
    QV_CLEANUP(qv_secret) struct qv_secret secret = {0};
    enum qv_status status = qv_secret_read(file, KEYSTORE_MAX, &content, faults);
    if (password_file != NULL && status != QV_NO_MEMORY)
        status = qv_status_worse(status, qv_password_read(password_file, &secret, faults));
    QV_TRY(status);
    PKCS12 *store = NULL;
    QV_TRY(decode(qv_buf_str(&content.bytes), file, &store, faults));
    const char *password = password_file != NULL ? secret.bytes.at : NULL;
    status = find_password(store, file, password_file, &password, faults);
    if (status == QV_OK)
        status = open_store(store, file, password, keystore, faults);
    PKCS12_free(store);
    return status;
}

enum qv_status qv_keystore_read(const char *file, const char *password_file,
                                struct qv_keystore *ret_keystore, struct qv_strings *faults)
{
    QV_CLEANUP(qv_keystore) struct qv_keystore keystore = {0};
    ERR_set_mark();
    enum qv_status status = read_store(file, password_file, &keystore, faults);
    ERR_pop_to_mark();
    QV_TRY(status);
    *ret_keystore = keystore;
    keystore = (struct qv_keystore){0};
    return QV_OK;
}
