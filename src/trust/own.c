/*
 * Loads the server's own certificate and key. Key material lives in OpenSSL's object alone: the
 * text it came from and its password are overwritten, and no message shows any of either. Runs
 * where trust is loaded.
 */
#include "own.h"

#include "blocks.h"
#include "faults.h"
#include "keystore.h"
#include "password.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <quiver/base/log.h>
#include <quiver/base/memory.h>
#include <string.h>

#define KEY_FILE_MAX ((size_t)64 * 1024)

struct qv_own *qv_own_ref(struct qv_own *own)
{
    if (own != NULL)
        atomic_fetch_add_explicit(&own->references, 1, memory_order_relaxed);
    return own;
}

void qv_own_free(struct qv_own **own)
{
    struct qv_own *old = *own;
    if (old == NULL)
        return;
    *own = NULL;
    if (atomic_fetch_sub_explicit(&old->references, 1, memory_order_acq_rel) != 1)
        return;
    X509_free(old->leaf);
    sk_X509_pop_free(old->chain, X509_free);
    EVP_PKEY_free(old->key);
    qv_certificate_free(&old->facts);
    qv_free(old->cloud);
    qv_free(old->file);
    qv_free(old);
}

/* ---- what the certificate must be --------------------------------------------------------------
 */

static enum qv_status check_dates(const X509 *leaf, const char *file, struct qv_wall now,
                                  struct qv_strings *faults)
{
    struct qv_wall begin, end;
    if (qv_certificate_time(X509_get0_notBefore(leaf), &begin) != QV_OK ||
        qv_certificate_time(X509_get0_notAfter(leaf), &end) != QV_OK)
        return qv_fault(faults, "%s: its dates cannot be read", file);
    bool early = qv_wall_compare(now, begin) < 0;
    if (!early && qv_wall_compare(now, end) < 0)
        return QV_OK;
    QV_CLEANUP(qv_buf) struct qv_buf date = {0};
    qv_wall_write(&date, early ? begin : end, QV_WALL_SECONDS);
    struct qv_str text = qv_buf_str(&date);
    if (early)
        return qv_fault(faults, "%s: not valid before %.*s; check the clock", file,
                        QV_STR_ARG(text));
    return qv_fault(faults, "%s: expired on %.*s; renew it", file, QV_STR_ARG(text));
}

static enum qv_status check_usage(X509 *leaf, const char *file, struct qv_strings *faults)
{
    if (X509_check_purpose(leaf, X509_PURPOSE_SSL_SERVER, 0) != 1)
        return qv_fault(faults,
                        "%s: it may not be used by a TLS server; issue one with extended key usage "
                        "serverAuth and key usage digitalSignature",
                        file);
    return QV_OK;
}

static bool has_alternative_name(const X509 *leaf)
{
    return X509_get_ext_by_NID(leaf, NID_subject_alt_name, -1) >= 0;
}

static enum qv_status check_cloud(struct qv_own *own, const struct qv_config *config,
                                  struct qv_strings *faults)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    enum qv_status status = qv_identity_cloud_of(own->leaf, &own->cloud, &error);
    if (status == QV_NO_MEMORY)
        return status;
    if (status != QV_OK)
        return qv_fault(faults, "%s: no identity of a server: %s", own->file,
                        qv_error_message(&error));
    if (config->cloud.name != NULL &&
        !qv_str_equal_ignore_case(qv_str_from(config->cloud.name), qv_str_from(own->cloud)))
        return qv_fault(faults, "%s: it is of the cloud %s, but cloud.name is %s", own->file,
                        own->cloud, config->cloud.name);
    return QV_OK;
}

static enum qv_status check_leaf(struct qv_own *own, const struct qv_config *config,
                                 struct qv_wall now, struct qv_strings *faults)
{
    enum qv_status status = check_dates(own->leaf, own->file, now, faults);
    status = qv_status_worse(status, check_usage(own->leaf, own->file, faults));
    status = qv_status_worse(status, check_cloud(own, config, faults));
    QV_TRY(status);
    if (!has_alternative_name(own->leaf))
        qv_log(QV_LOG_WARNING, "own certificate has no subjectAltName; most clients will refuse it",
               QV_LOG_CSTR("file", own->file));
    return qv_certificate_read(own->leaf, &own->facts);
}

/* ---- where it comes from -----------------------------------------------------------------------
 */

/** What PEM_read_bio_PrivateKey asks, and whether it did. */
struct asked {
    struct qv_str password;
    bool asked;
};

static int give_password(char *text, int size, int writing, void *data)
{
    struct asked *asked = data;
    (void)writing;
    asked->asked = true;
    if (asked->password.length == 0 || asked->password.length > (size_t)size)
        return -1;
    memcpy(text, asked->password.at, asked->password.length);
    return (int)asked->password.length;
}

static enum qv_status explain_key(const char *file, const char *password_file, bool encrypted,
                                  struct qv_strings *faults)
{
    if (!encrypted)
        return qv_fault(faults, "%s: there is no private key (PEM) in it", file);
    if (password_file == NULL)
        return qv_fault(faults,
                        "%s: the key is encrypted; name the file with its password in "
                        "tls.private_key_password_file",
                        file);
    if (ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_UNSUPPORTED)
        return qv_fault(faults,
                        "%s: the key is encrypted in an old way that OpenSSL keeps apart; write it "
                        "again: openssl pkey -provider legacy -provider default -in %s -aes256 "
                        "-out %s.new",
                        file, file, file);
    return qv_fault(faults, "%s: the password in %s does not open it", file, password_file);
}

static enum qv_status parse_key(struct qv_str text, const struct qv_config *config,
                                struct asked *asked, EVP_PKEY **ret_key, struct qv_strings *faults)
{
    BIO *in = BIO_new_mem_buf(text.at, (int)text.length);
    if (in == NULL)
        return QV_NO_MEMORY;
    ERR_set_mark();
    EVP_PKEY *key = PEM_read_bio_PrivateKey(in, NULL, give_password, asked);
    enum qv_status status = QV_OK;
    if (key == NULL)
        status = explain_key(config->tls.private_key, config->tls.private_key_password_file,
                             asked->asked, faults);
    ERR_pop_to_mark();
    BIO_free(in);
    QV_TRY(status);
    *ret_key = key;
    return QV_OK;
}

static enum qv_status load_key(const struct qv_config *config, EVP_PKEY **ret_key,
                               struct qv_strings *faults)
{
    QV_CLEANUP(qv_secret) struct qv_secret text = {0};
    QV_CLEANUP(qv_secret) struct qv_secret password = {0};
    const char *password_file = config->tls.private_key_password_file;
    enum qv_status status = qv_secret_read(config->tls.private_key, KEY_FILE_MAX, &text, faults);
    if (password_file != NULL && status != QV_NO_MEMORY)
        status = qv_status_worse(status, qv_password_read(password_file, &password, faults));
    QV_TRY(status);
    struct asked asked = {.password = qv_buf_str(&password.bytes)};
    QV_TRY(parse_key(qv_buf_str(&text.bytes), config, &asked, ret_key, faults));
    /* Not a fault: a password that is not needed lets nobody in. */
    if (password_file != NULL && !asked.asked)
        qv_log(QV_LOG_WARNING, "the private key is not encrypted, its password is not needed",
               QV_LOG_CSTR("file", config->tls.private_key));
    return QV_OK;
}

static enum qv_status load_certificates(struct qv_own *own, struct qv_strings *faults)
{
    own->chain = sk_X509_new_null();
    if (own->chain == NULL)
        return QV_NO_MEMORY;
    QV_TRY(qv_blocks_certificates(own->file, own->chain, faults));
    own->leaf = sk_X509_shift(own->chain);
    return QV_OK;
}

static enum qv_status check_pair(const struct qv_own *own, const struct qv_config *config,
                                 struct qv_strings *faults)
{
    if (own->leaf == NULL || own->key == NULL)
        return QV_OK; /* said already */
    ERR_set_mark();
    bool fits = X509_check_private_key(own->leaf, own->key) == 1;
    bool out_of_memory = ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE;
    ERR_pop_to_mark();
    if (fits)
        return QV_OK;
    if (out_of_memory)
        return QV_NO_MEMORY;
    return qv_fault(faults, "%s: the key is not that of the first certificate in %s",
                    config->tls.private_key, own->file);
}

static enum qv_status load_pem(struct qv_own *own, const struct qv_config *config,
                               struct qv_strings *faults)
{
    enum qv_status status = load_certificates(own, faults);
    if (status != QV_NO_MEMORY)
        status = qv_status_worse(status, load_key(config, &own->key, faults));
    return qv_status_worse(status, check_pair(own, config, faults));
}

static enum qv_status load_keystore(struct qv_own *own, const struct qv_config *config,
                                    struct qv_strings *faults)
{
    struct qv_keystore keystore = {0};
    QV_TRY(qv_keystore_read(own->file, config->tls.keystore_password_file, &keystore, faults));
    own->leaf = keystore.leaf;
    own->chain = keystore.chain;
    own->key = keystore.key;
    return QV_OK;
}

enum qv_status qv_own_load(const struct qv_config *config, struct qv_wall now,
                           struct qv_own **ret_own, struct qv_strings *faults)
{
    bool stored = config->tls.keystore != NULL;
    QV_CLEANUP(qv_own) struct qv_own *own = qv_alloc(sizeof(*own));
    if (own == NULL)
        return QV_NO_MEMORY;
    atomic_init(&own->references, 1);
    own->file = qv_strdup(stored ? config->tls.keystore : config->tls.certificate);
    if (own->file == NULL)
        return QV_NO_MEMORY;
    enum qv_status status =
        stored ? load_keystore(own, config, faults) : load_pem(own, config, faults);
    if (own->leaf != NULL && status != QV_NO_MEMORY)
        status = qv_status_worse(status, check_leaf(own, config, now, faults));
    QV_TRY(status);
    *ret_own = own;
    own = NULL;
    return QV_OK;
}

/* ---- how it stands to others -------------------------------------------------------------------
 */

enum qv_status qv_own_check_chain(const struct qv_own *own, const struct qv_anchors *anchors,
                                  struct qv_wall now, struct qv_strings *faults)
{
    ERR_set_mark();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    enum qv_status status = QV_NO_MEMORY;
    if (context != NULL &&
        X509_STORE_CTX_init(context, qv_anchors_store(anchors), own->leaf, own->chain) == 1 &&
        X509_STORE_CTX_set_default(context, "ssl_server") == 1) {
        X509_STORE_CTX_set_time(context, 0, (time_t)now.seconds);
        status = X509_verify_cert(context) == 1
                     ? QV_OK
                     : qv_fault(faults, "%s: no chain from it to a CA of tls.trust: %s", own->file,
                                X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
    }
    X509_STORE_CTX_free(context);
    ERR_pop_to_mark();
    return status;
}

enum qv_status qv_own_check_succession(const struct qv_own *old, const struct qv_own *own,
                                       struct qv_strings *faults)
{
    enum qv_status status = QV_OK;
    if (!qv_str_equal_ignore_case(qv_str_from(old->cloud), qv_str_from(own->cloud)))
        status = qv_fault(faults,
                          "%s: it is of the cloud %s, but this registry is of %s; another cloud "
                          "needs a restart, and a store of its own",
                          own->file, own->cloud, old->cloud);
    if (status != QV_NO_MEMORY && has_alternative_name(old->leaf) &&
        !has_alternative_name(own->leaf))
        status = qv_status_worse(
            status, qv_fault(faults,
                             "%s: it has no subjectAltName, but the one in force has: clients that "
                             "look for a name there would turn away; issue one with it",
                             own->file));
    return status;
}
