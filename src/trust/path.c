/*
 * Certification paths as values. Their bytes travel in session tickets, which OpenSSL encrypts and
 * authenticates, so that none but this process's own come back; reading is strict all the same: a
 * path that was not written here is no path. Pure; any thread.
 */
#include <limits.h>
#include <openssl/asn1.h>
#include <openssl/err.h>
#include <quiver/base/memory.h>
#include <quiver/trust/path.h>
#include <stddef.h>
#include <string.h>

#define LENGTH_OF_LONG 0xff /* a digest stands for the octets */
#define SERIAL_DER_MAX 64   /* longer ones exist in no sound certificate, yet must be looked up */

/* The bytes: version, count, then each link, the anchor, and the two dates, big endian. */
#define BYTES_VERSION 1
#define LINK_BYTES    (QV_SHA256_SIZE + 1 + QV_SERIAL_OCTETS)
#define HEAD_BYTES    2
#define TAIL_BYTES    (QV_SHA256_SIZE + 2 * 8)

enum qv_status qv_issuer_key_of(const X509 *ca, struct qv_issuer_key *ret_key)
{
    const ASN1_BIT_STRING *bits = X509_get0_pubkey_bitstr(ca);
    if (bits == NULL)
        return QV_INTERNAL;
    return qv_sha256((struct qv_str){.at = (const char *)ASN1_STRING_get0_data(bits),
                                     .length = (size_t)ASN1_STRING_length(bits)},
                     ret_key->digest);
}

void qv_issuer_key_text(const struct qv_issuer_key *key, char ret_text[QV_ISSUER_KEY_TEXT])
{
    unsigned char text[QV_ISSUER_KEY_TEXT + 1];
    (void)EVP_EncodeBlock(text, key->digest, sizeof(key->digest));
    for (size_t i = 0; i < QV_ISSUER_KEY_TEXT - 1; i++)
        ret_text[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : (char)text[i];
    ret_text[QV_ISSUER_KEY_TEXT - 1] = '\0'; /* where base64 has its padding */
}

/* --- serial numbers --- */

enum qv_status qv_serial_of(struct qv_str octets, struct qv_serial *ret_serial)
{
    struct qv_serial serial = {0};
    if (octets.length <= QV_SERIAL_OCTETS) {
        serial.length = (unsigned char)octets.length;
        if (octets.length > 0)
            memcpy(serial.octets, octets.at, octets.length);
    } else {
        unsigned char digest[QV_SHA256_SIZE];
        QV_TRY(qv_sha256(octets, digest));
        serial.length = LENGTH_OF_LONG;
        memcpy(serial.octets, digest, QV_SERIAL_OCTETS);
    }
    *ret_serial = serial;
    return QV_OK;
}

/** Of `length` bytes of DER. */
static enum qv_status read_integer(const unsigned char *der, long length,
                                   struct qv_serial *ret_serial)
{
    long content = 0;
    int tag = 0, class = 0;
    if ((ASN1_get_object(&der, &content, &tag, &class, length) & 0x80) != 0 ||
        tag != V_ASN1_INTEGER)
        return QV_INTERNAL;
    return qv_serial_of((struct qv_str){.at = (const char *)der, .length = (size_t)content},
                        ret_serial);
}

enum qv_status qv_serial_of_certificate(const X509 *x509, struct qv_serial *ret_serial)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(x509);
    unsigned char small[SERIAL_DER_MAX], *large = NULL, *at = small;
    int length = i2d_ASN1_INTEGER(serial, NULL);
    if (length <= 0)
        return QV_INTERNAL;
    if ((size_t)length > sizeof(small) && (at = large = qv_alloc((size_t)length)) == NULL)
        return QV_NO_MEMORY;
    const unsigned char *der = at;
    enum qv_status status = QV_INTERNAL;
    if (i2d_ASN1_INTEGER(serial, &at) == length)
        status = read_integer(der, length, ret_serial);
    qv_free(large);
    return status;
}

int qv_serial_compare(const void *a, const void *b)
{
    return memcmp(a, b, offsetof(struct qv_serial, reason));
}

/* --- paths --- */

/** Narrows the path's time to that of one of its certificates. */
static enum qv_status add_dates(const X509 *x509, struct qv_path *path)
{
    struct qv_wall begin, end;
    QV_TRY(qv_certificate_time(X509_get0_notBefore(x509), &begin));
    QV_TRY(qv_certificate_time(X509_get0_notAfter(x509), &end));
    if (qv_wall_compare(begin, path->begin) > 0)
        path->begin = begin;
    if (qv_wall_compare(end, path->end) < 0)
        path->end = end;
    return QV_OK;
}

enum qv_status qv_path_of(const STACK_OF(X509) * chain, struct qv_path *ret_path)
{
    int length = sk_X509_num(chain);
    if (length < 2 || length > QV_PATH_MAX + 1)
        return QV_INVALID;
    struct qv_path path = {
        .count = (size_t)length - 1, .begin.seconds = INT64_MIN, .end.seconds = INT64_MAX};
    for (int i = 0; i < length; i++)
        QV_TRY(add_dates(sk_X509_value(chain, i), &path));
    for (int i = 0; i + 1 < length; i++) {
        QV_TRY(qv_issuer_key_of(sk_X509_value(chain, i + 1), &path.links[i].issuer));
        QV_TRY(qv_serial_of_certificate(sk_X509_value(chain, i), &path.links[i].serial));
    }
    unsigned size = 0;
    unsigned char digest[EVP_MAX_MD_SIZE];
    if (X509_digest(sk_X509_value(chain, length - 1), EVP_sha256(), digest, &size) != 1)
        return QV_INTERNAL;
    memcpy(path.anchor, digest, sizeof(path.anchor));
    *ret_path = path;
    return QV_OK;
}

/* --- as bytes --- */

static void write_bytes(struct qv_buf *buf, const void *at, size_t length)
{
    qv_buf_put(buf, (struct qv_str){.at = at, .length = length});
}

static void write_time(struct qv_buf *buf, struct qv_wall at)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        qv_buf_put_char(buf, (char)((uint64_t)at.seconds >> shift & 0xff));
}

void qv_path_write(const struct qv_path *path, struct qv_buf *buf)
{
    qv_buf_put_char(buf, BYTES_VERSION);
    qv_buf_put_char(buf, (char)path->count);
    for (size_t i = 0; i < path->count; i++) {
        write_bytes(buf, path->links[i].issuer.digest, QV_SHA256_SIZE);
        qv_buf_put_char(buf, (char)path->links[i].serial.length);
        write_bytes(buf, path->links[i].serial.octets, QV_SERIAL_OCTETS);
    }
    write_bytes(buf, path->anchor, QV_SHA256_SIZE);
    write_time(buf, path->begin);
    write_time(buf, path->end);
}

/** The length was checked before. */
static const unsigned char *read_bytes(const unsigned char *at, void *to, size_t length)
{
    memcpy(to, at, length);
    return at + length;
}

static const unsigned char *read_time(const unsigned char *at, struct qv_wall *to)
{
    uint64_t seconds = 0;
    for (size_t i = 0; i < 8; i++)
        seconds = seconds << 8 | at[i];
    *to = (struct qv_wall){.seconds = (int64_t)seconds};
    return at + 8;
}

static bool is_serial(const struct qv_serial *serial)
{
    if (serial->length == LENGTH_OF_LONG)
        return true;
    if (serial->length > QV_SERIAL_OCTETS)
        return false;
    for (size_t i = serial->length; i < QV_SERIAL_OCTETS; i++)
        if (serial->octets[i] != 0)
            return false;
    return true;
}

enum qv_status qv_path_read(struct qv_str bytes, struct qv_path *ret_path)
{
    const unsigned char *at = (const unsigned char *)bytes.at;
    if (bytes.length < HEAD_BYTES || at[0] != BYTES_VERSION || at[1] > QV_PATH_MAX)
        return QV_INVALID;
    struct qv_path path = {.count = at[1]};
    if (bytes.length != HEAD_BYTES + path.count * LINK_BYTES + TAIL_BYTES)
        return QV_INVALID;
    at += HEAD_BYTES;
    for (size_t i = 0; i < path.count; i++) {
        at = read_bytes(at, path.links[i].issuer.digest, QV_SHA256_SIZE);
        at = read_bytes(at, &path.links[i].serial.length, 1);
        at = read_bytes(at, path.links[i].serial.octets, QV_SERIAL_OCTETS);
        if (!is_serial(&path.links[i].serial))
            return QV_INVALID;
    }
    at = read_bytes(at, path.anchor, QV_SHA256_SIZE);
    at = read_time(at, &path.begin);
    (void)read_time(at, &path.end);
    *ret_path = path;
    return QV_OK;
}
