/*
 * SHA-256, the two ways to write bytes as text, and random tokens.
 *
 * Holds always: a token comes from the kernel's random source and from nowhere else; if that
 * cannot answer, there is no token. Any thread.
 */
#include <errno.h>
#include <openssl/evp.h>
#include <quiver/base/hash.h>
#include <sys/random.h>

static const char hexadecimal[] = "0123456789abcdef";

enum qv_status qv_sha256(struct qv_str data, unsigned char ret_digest[QV_SHA256_SIZE])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    if (EVP_Digest(data.at, data.length, digest, &size, EVP_sha256(), NULL) != 1 ||
        size != QV_SHA256_SIZE)
        return QV_INTERNAL;
    for (size_t i = 0; i < QV_SHA256_SIZE; i++)
        ret_digest[i] = digest[i];
    return QV_OK;
}

void qv_hex_write(struct qv_buf *buf, const unsigned char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        qv_buf_put_char(buf, hexadecimal[bytes[i] >> 4]);
        qv_buf_put_char(buf, hexadecimal[bytes[i] & 15]);
    }
}

void qv_base64url_write(struct qv_buf *buf, const unsigned char *bytes, size_t length)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (size_t i = 0; i < length; i += 3) {
        /* 24 bits at a time; of the last one or two bytes only the digits that hold any bit. */
        size_t count = length - i < 3 ? length - i : 3;
        unsigned group = (unsigned)bytes[i] << 16;
        if (count > 1)
            group |= (unsigned)bytes[i + 1] << 8;
        if (count > 2)
            group |= bytes[i + 2];
        for (size_t k = 0; k <= count; k++)
            qv_buf_put_char(buf, digits[group >> (18 - 6 * k) & 63]);
    }
}

enum qv_status qv_random_token(char ret_token[17])
{
    unsigned char bytes[8];
    ssize_t got;
    do
        got = getrandom(bytes, sizeof(bytes), 0);
    while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof(bytes))
        return QV_INTERNAL;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        ret_token[2 * i] = hexadecimal[bytes[i] >> 4];
        ret_token[2 * i + 1] = hexadecimal[bytes[i] & 15];
    }
    ret_token[16] = '\0';
    return QV_OK;
}
