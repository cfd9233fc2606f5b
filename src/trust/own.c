/*
 * Loads the server's own certificate and key. Key material lives in OpenSSL's object alone: the
 * text it came from is overwritten, and no message shows any of it. Runs where trust is loaded.
 */
#include "own.h"

#include "blocks.h"
#include "faults.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <quiver/base/file.h>
#include <quiver/base/log.h>
#include <quiver/base/memory.h>
#include <sys/stat.h>

#define KEY_FILE_MAX ((size_t)64 * 1024)

void qv_own_free(struct qv_own **own)
{
    struct qv_own *old = *own;
    if (old == NULL)
        return;
    *own = NULL;
    X509_free(old->leaf);
    sk_X509_pop_free(old->chain, X509_free);
    EVP_PKEY_free(old->key);
    qv_free(old->cloud);
    qv_free(old);
}

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
    if (X509_get_ext_by_NID(leaf, NID_subject_alt_name, -1) < 0)
        qv_log(QV_LOG_WARNING, "own certificate has no subjectAltName; most clients will refuse it",
               QV_LOG_CSTR("file", file));
    return QV_OK;
}

static enum qv_status check_cloud(struct qv_own *own, const struct qv_config *config,
                                  struct qv_strings *faults)
{
    const char *file = config->tls.certificate;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    enum qv_status status = qv_identity_cloud_of(own->leaf, &own->cloud, &error);
    if (status == QV_NO_MEMORY)
        return status;
    if (status != QV_OK)
        return qv_fault(faults, "%s: no identity of a server: %s", file, qv_error_message(&error));
    if (config->cloud.name != NULL &&
        !qv_str_equal_ignore_case(qv_str_from(config->cloud.name), qv_str_from(own->cloud)))
        return qv_fault(faults, "%s: it is of the cloud %s, but cloud.name is %s", file, own->cloud,
                        config->cloud.name);
    return QV_OK;
}

static enum qv_status load_certificate(struct qv_own *own, const struct qv_config *config,
                                       struct qv_wall now, struct qv_strings *faults)
{
    const char *file = config->tls.certificate;
    own->chain = sk_X509_new_null();
    if (own->chain == NULL)
        return QV_NO_MEMORY;
    QV_TRY(qv_blocks_certificates(file, own->chain, faults));
    own->leaf = sk_X509_shift(own->chain);
    enum qv_status status = check_dates(own->leaf, file, now, faults);
    status = qv_status_worse(status, check_usage(own->leaf, file, faults));
    return qv_status_worse(status, check_cloud(own, config, faults));
}

static int refuse_password(char *text, int size, int writing, void *asked)
{
    (void)text, (void)size, (void)writing;
    *(bool *)asked = true;
    return -1;
}

static enum qv_status parse_key(struct qv_str text, const char *file, EVP_PKEY **ret_key,
                                struct qv_strings *faults)
{
    bool encrypted = false;
    BIO *in = BIO_new_mem_buf(text.at, (int)text.length);
    if (in == NULL)
        return QV_NO_MEMORY;
    ERR_set_mark();
    EVP_PKEY *key = PEM_read_bio_PrivateKey(in, NULL, refuse_password, &encrypted);
    ERR_pop_to_mark();
    BIO_free(in);
    if (key != NULL) {
        *ret_key = key;
        return QV_OK;
    }
    if (encrypted)
        return qv_fault(faults, "%s: the key is encrypted; store it without a password, mode 0600",
                        file);
    return qv_fault(faults, "%s: there is no private key (PEM) in it", file);
}

static enum qv_status load_key(const char *file, EVP_PKEY **ret_key, struct qv_strings *faults)
{
    struct stat about;
    if (stat(file, &about) == 0 && S_ISREG(about.st_mode) &&
        (about.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return qv_fault(faults, "%s: open to group or others (mode %04o); run: chmod 600 %s", file,
                        (unsigned)about.st_mode & 07777U, file);
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    /* All room beforehand: growing would leave a copy of the key behind. */
    qv_buf_reserve(&text, KEY_FILE_MAX + 2);
    enum qv_status status = qv_file_read(file, KEY_FILE_MAX, &text, &error);
    status = status == QV_OK ? parse_key(qv_buf_str(&text), file, ret_key, faults)
                             : qv_fault_error(faults, &error);
    if (text.at != NULL)
        qv_memory_wipe(text.at, text.capacity);
    return status;
}

static enum qv_status check_pair(const struct qv_own *own, const struct qv_config *config,
                                 struct qv_strings *faults)
{
    if (own->leaf == NULL || own->key == NULL)
        return QV_OK; /* said already */
    ERR_set_mark();
    bool fits = X509_check_private_key(own->leaf, own->key) == 1;
    ERR_pop_to_mark();
    if (fits)
        return QV_OK;
    return qv_fault(faults, "%s: the key is not that of the first certificate in %s",
                    config->tls.private_key, config->tls.certificate);
}

enum qv_status qv_own_load(const struct qv_config *config, struct qv_wall now,
                           struct qv_own **ret_own, struct qv_strings *faults)
{
    QV_CLEANUP(qv_own) struct qv_own *own = qv_alloc(sizeof(*own));
    if (own == NULL)
        return QV_NO_MEMORY;
    enum qv_status status = load_certificate(own, config, now, faults);
    status = qv_status_worse(status, load_key(config->tls.private_key, &own->key, faults));
    status = qv_status_worse(status, check_pair(own, config, faults));
    QV_TRY(status);
    *ret_own = own;
    own = NULL;
    return QV_OK;
}

enum qv_status qv_own_check_chain(const struct qv_own *own, const char *file,
                                  const struct qv_anchors *anchors, struct qv_wall now,
                                  struct qv_strings *faults)
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
                     : qv_fault(faults, "%s: no chain from it to a CA of tls.trust: %s", file,
                                X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
    }
    X509_STORE_CTX_free(context);
    ERR_pop_to_mark();
    return status;
}
