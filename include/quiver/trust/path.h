/*
 * What of a verified certification path (RFC 5280 6) can still change its validity: dates,
 * revocation, and whether its anchor is still trusted; no signature can. A connection and each
 * session ticket carry the path by which their peer was let in, so that judging again costs a few
 * table lookups and no signature check, and needs no certificate that was sent (design 6).
 * Values without pointers; pure; any thread.
 */
#ifndef QUIVER_TRUST_PATH_H
#define QUIVER_TRUST_PATH_H

#include <openssl/x509.h>
#include <quiver/identity/identity.h>

#define QV_VERIFY_DEPTH 6 /**< intermediates between leaf and anchor; Arrowhead has two */
#define QV_PATH_MAX     (QV_VERIFY_DEPTH + 1)

/** Names an issuer: SHA-256 of its public key's bits. */
struct qv_issuer_key {
    unsigned char digest[QV_SHA256_SIZE];
};
QV_MUST_CHECK enum qv_status qv_issuer_key_of(const X509 *ca, struct qv_issuer_key *ret_key);
#define QV_ISSUER_KEY_TEXT 44 /**< bytes, the NUL included */
/** As base64url, as struct qv_certificate has it. */
void qv_issuer_key_text(const struct qv_issuer_key *key, char ret_text[QV_ISSUER_KEY_TEXT]);

#define QV_SERIAL_OCTETS 20
/** A serial number: how many octets, the octets of the INTEGER (zero-padded), and in a CRL the
 *  CRLReason. Of a longer one, which no conforming CA issues, a digest stands for the octets. */
struct qv_serial {
    unsigned char length;
    unsigned char octets[QV_SERIAL_OCTETS];
    unsigned char reason; /**< not part of the order */
};
/** From the content octets of an INTEGER. */
QV_MUST_CHECK enum qv_status qv_serial_of(struct qv_str octets, struct qv_serial *ret_serial);
QV_MUST_CHECK enum qv_status qv_serial_of_certificate(const X509 *x509,
                                                      struct qv_serial *ret_serial);
int qv_serial_compare(const void *a, const void *b); /**< for qsort and bsearch */

struct qv_path_link {
    struct qv_issuer_key issuer;
    struct qv_serial serial;
};
struct qv_path {
    size_t count;                           /**< certificates below the anchor; 0: none was shown */
    struct qv_path_link links[QV_PATH_MAX]; /**< the leaf first */
    unsigned char anchor[QV_SHA256_SIZE];   /**< of the anchor's DER */
    struct qv_wall begin,
        end; /**< the latest notBefore and the earliest notAfter, anchor included */
};

/** From a chain that was verified: leaf first, anchor last. QV_INVALID: longer than QV_PATH_MAX,
 *  shorter than two, or with dates that cannot be read. */
QV_MUST_CHECK enum qv_status qv_path_of(const STACK_OF(X509) * chain, struct qv_path *ret_path);

/** As bytes, for a ticket; only what qv_path_write made is read, QV_INVALID else. */
void qv_path_write(const struct qv_path *path, struct qv_buf *buf);
QV_MUST_CHECK enum qv_status qv_path_read(struct qv_str bytes, struct qv_path *ret_path);

#endif
