/*
 * Digests and random tokens, on OpenSSL. Any thread.
 */
#ifndef QUIVER_BASE_HASH_H
#define QUIVER_BASE_HASH_H

#include <quiver/base/buf.h>

#define QV_SHA256_SIZE 32

/** FIPS 180-4. QV_INTERNAL where the library refuses. */
QV_MUST_CHECK enum qv_status qv_sha256(struct qv_str data,
                                       unsigned char ret_digest[QV_SHA256_SIZE]);
/** Appends lower-case hexadecimal digits. */
void qv_hex_write(struct qv_buf *buf, const unsigned char *bytes, size_t length);
/** Appends base64url without padding (RFC 4648 section 5), as x5t#S256 wants it (RFC 8705). */
void qv_base64url_write(struct qv_buf *buf, const unsigned char *bytes, size_t length);
/** 16 hexadecimal digits from the system's random source, NUL-terminated. */
QV_MUST_CHECK enum qv_status qv_random_token(char ret_token[17]);

#endif
