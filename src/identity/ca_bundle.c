/*
 * CA certificates of several files as one text, checked when they are read, not when they are
 * needed. Any thread.
 */
#include "ca_bundle.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <quiver/base/file.h>

#define FILE_MAX ((size_t)1024 * 1024)

static enum qv_status put_pem(X509 *certificate, struct qv_buf *buf)
{
    BIO *out = BIO_new(BIO_s_mem());
    if (out == NULL)
        return QV_NO_MEMORY;
    char *text = NULL;
    bool written = PEM_write_bio_X509(out, certificate) == 1;
    long length = BIO_get_mem_data(out, &text);
    if (written && length > 0)
        qv_buf_put(buf, (struct qv_str){.at = text, .length = (size_t)length});
    BIO_free(out);
    return written ? qv_buf_status(buf) : QV_NO_MEMORY;
}

/* How many certificates were in it. */
static enum qv_status read_pem(struct qv_str text, struct qv_buf *buf, size_t *ret_count)
{
    BIO *in = BIO_new_mem_buf(text.at, (int)text.length);
    if (in == NULL)
        return QV_NO_MEMORY;
    size_t count = 0;
    enum qv_status status = QV_OK;
    X509 *certificate;
    while (status == QV_OK && (certificate = PEM_read_bio_X509_AUX(in, NULL, NULL, NULL)) != NULL) {
        status = put_pem(certificate, buf);
        X509_free(certificate);
        count++;
    }
    BIO_free(in);
    *ret_count = count;
    return status;
}

static enum qv_status read_der(struct qv_str der, struct qv_buf *buf, size_t *ret_count)
{
    const unsigned char *at = (const unsigned char *)der.at;
    X509 *certificate = d2i_X509(NULL, &at, (long)der.length);
    if (certificate == NULL)
        return QV_OK;
    enum qv_status status = put_pem(certificate, buf);
    X509_free(certificate);
    *ret_count = 1;
    return status;
}

static enum qv_status read_file(const char *path, struct qv_buf *buf, struct qv_error *error)
{
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    QV_TRY(qv_file_read(path, FILE_MAX, &text, error));
    if (text.length == 0)
        return qv_error_set(error, QV_INVALID, "%s: it is empty", path);
    size_t count = 0;
    ERR_set_mark();
    enum qv_status status = read_pem(qv_buf_str(&text), buf, &count);
    if (status == QV_OK && count == 0)
        status = read_der(qv_buf_str(&text), buf, &count);
    ERR_pop_to_mark();
    QV_TRY(status);
    if (count == 0)
        return qv_error_set(error, QV_INVALID, "%s: there is no certificate (PEM or DER) in it",
                            path);
    return QV_OK;
}

enum qv_status qv_ca_bundle_read(char *const *paths, size_t count, struct qv_buf *buf,
                                 struct qv_error *error)
{
    for (size_t i = 0; i < count; i++)
        QV_TRY(read_file(paths[i], buf, error));
    return qv_buf_status(buf);
}
