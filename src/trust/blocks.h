/*
 * The blocks of a PEM file, decoded. Private to `trust`.
 */
#ifndef QUIVER_TRUST_BLOCKS_H
#define QUIVER_TRUST_BLOCKS_H

#include <openssl/x509.h>
#include <quiver/base/buf.h>

struct qv_block {
    char *label; /**< "CERTIFICATE" ..., "" for a file in DER; OpenSSL's memory */
    unsigned char *der;
    size_t length;
};
struct qv_blocks {
    struct qv_block *at;
    size_t count;
};

/** Reads a file of PEM blocks, or of one DER object (which must begin with a SEQUENCE). Faults
 *  name the file. The caller frees. */
QV_MUST_CHECK enum qv_status qv_blocks_read(const char *path, size_t max,
                                            struct qv_blocks *ret_blocks,
                                            struct qv_strings *faults);
void qv_blocks_free(struct qv_blocks *blocks);

/** May a block hold a certificate (PEM's labels for it, or a file in DER)? */
bool qv_block_is_certificate(const struct qv_block *block);
/** The certificate, owned by the caller; NULL where it cannot be read. */
X509 *qv_block_certificate(const struct qv_block *block);

/** Appends the certificates of a file, at least one; what else it holds is passed over. */
QV_MUST_CHECK enum qv_status qv_blocks_certificates(const char *path, STACK_OF(X509) * into,
                                                    struct qv_strings *faults);

#endif
