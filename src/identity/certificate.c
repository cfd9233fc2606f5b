/*
 * Facts of a certificate as text and times, for logs, the audit trail and the envelope of what it
 * registered. Reads any certificate, also one that is refused. Pure; any thread.
 */
#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <quiver/base/memory.h>
#include <quiver/identity/identity.h>

#define SECONDS_PER_DAY 86400

static enum qv_status name_text(const X509_NAME *name, char **ret_text)
{
    BIO *out = BIO_new(BIO_s_mem());
    if (out == NULL)
        return QV_NO_MEMORY;
    enum qv_status status = QV_NO_MEMORY;
    char *at = NULL;
    /* XN_FLAG_RFC2253 escapes control and non-ASCII bytes: nothing in a log line is forged. */
    if (X509_NAME_print_ex(out, name, 0, XN_FLAG_RFC2253) >= 0) {
        long length = BIO_get_mem_data(out, &at);
        char *text =
            qv_str_dup((struct qv_str){.at = at, .length = length > 0 ? (size_t)length : 0});
        if (text != NULL) {
            *ret_text = text;
            status = QV_OK;
        }
    }
    BIO_free(out);
    return status;
}

static enum qv_status serial_text(const ASN1_INTEGER *serial, char **ret_text)
{
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    BIGNUM *number = ASN1_INTEGER_to_BN(serial, NULL);
    if (number == NULL)
        return QV_NO_MEMORY;
    size_t length = (size_t)BN_num_bytes(number);
    unsigned char *bytes = qv_alloc(length + 1);
    if (bytes != NULL) {
        (void)BN_bn2bin(number, bytes);
        if (BN_is_negative(number))
            qv_buf_put_char(&buf, '-');
        qv_hex_write(&buf, bytes, length > 0 ? length : 1);
    }
    BN_free(number);
    if (bytes == NULL)
        return QV_NO_MEMORY;
    qv_free(bytes);
    return qv_buf_take(&buf, ret_text, NULL);
}

static enum qv_status fingerprint_text(const X509 *x509, char **ret_text)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    if (X509_digest(x509, EVP_sha256(), digest, &length) != 1)
        return QV_INTERNAL;
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    qv_base64url_write(&buf, digest, length);
    return qv_buf_take(&buf, ret_text, NULL);
}

enum qv_status qv_certificate_time(const ASN1_TIME *at, struct qv_wall *ret_time)
{
    struct tm tm;
    if (at == NULL || ASN1_TIME_to_tm(at, &tm) != 1)
        return QV_INVALID;
    int64_t days = qv_days_from_civil(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
    *ret_time = (struct qv_wall){.seconds = days * SECONDS_PER_DAY + tm.tm_hour * 3600 +
                                            tm.tm_min * 60 + tm.tm_sec};
    return QV_OK;
}

static enum qv_status read_facts(X509 *x509, struct qv_certificate *facts)
{
    QV_TRY(name_text(X509_get_subject_name(x509), &facts->subject));
    QV_TRY(name_text(X509_get_issuer_name(x509), &facts->issuer));
    QV_TRY(serial_text(X509_get0_serialNumber(x509), &facts->serial));
    QV_TRY(fingerprint_text(x509, &facts->fingerprint));
    if (qv_certificate_time(X509_get0_notBefore(x509), &facts->not_before) != QV_OK)
        facts->not_before.seconds = qv_days_from_civil(9999, 12, 31) * SECONDS_PER_DAY;
    if (qv_certificate_time(X509_get0_notAfter(x509), &facts->not_after) != QV_OK)
        facts->not_after.seconds = 0;
    return QV_OK;
}

enum qv_status qv_certificate_read(X509 *x509, struct qv_certificate **ret_certificate)
{
    QV_CLEANUP(qv_certificate) struct qv_certificate *facts = qv_alloc(sizeof(*facts));
    if (facts == NULL)
        return QV_NO_MEMORY;
    ERR_set_mark();
    enum qv_status status = read_facts(x509, facts);
    ERR_pop_to_mark();
    QV_TRY(status);
    *ret_certificate = facts;
    facts = NULL;
    return QV_OK;
}

void qv_certificate_free(struct qv_certificate **certificate)
{
    struct qv_certificate *old = *certificate;
    if (old == NULL)
        return;
    *certificate = NULL;
    qv_free(old->subject);
    qv_free(old->issuer);
    qv_free(old->serial);
    qv_free(old->fingerprint);
    qv_free(old);
}
