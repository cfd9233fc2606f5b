/*
 * PEM files into blocks. The text is dropped before anything is made of the blocks, so that a large
 * CRL is in memory once. Runs where trust is loaded; no thread of its own.
 */
#include "blocks.h"

#include "faults.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <quiver/base/file.h>
#include <quiver/base/memory.h>
#include <string.h>

#define BUNDLE_MAX   ((size_t)16 * 1024 * 1024)
#define DER_SEQUENCE 0x30

void qv_blocks_free(struct qv_blocks *blocks)
{
    for (size_t i = 0; i < blocks->count; i++) {
        OPENSSL_free(blocks->at[i].label);
        OPENSSL_free(blocks->at[i].der);
    }
    qv_free(blocks->at);
    *blocks = (struct qv_blocks){0};
}

/** Takes over the block's memory in any case. */
static enum qv_status add_block(struct qv_blocks *blocks, struct qv_block block)
{
    struct qv_block *grown = qv_realloc_array(blocks->at, blocks->count + 1, sizeof(*grown));
    if (grown == NULL || block.label == NULL || block.der == NULL) {
        OPENSSL_free(block.label);
        OPENSSL_free(block.der);
        if (grown != NULL)
            blocks->at = grown;
        return QV_NO_MEMORY;
    }
    blocks->at = grown;
    blocks->at[blocks->count++] = block;
    return QV_OK;
}

/** PEM text begins with a letter, a dash or white space, a DER object with its SEQUENCE's tag and
 *  a length that is the file's. */
static bool looks_like_der(struct qv_str content)
{
    if (content.length < 2 || (unsigned char)content.at[0] != DER_SEQUENCE)
        return false;
    const unsigned char *at = (const unsigned char *)content.at;
    long length = 0;
    int tag = 0, class_ = 0;
    long available = content.length > LONG_MAX ? LONG_MAX : (long)content.length;
    int flags = ASN1_get_object(&at, &length, &tag, &class_, available);
    return (flags & 0x80) == 0 && (const unsigned char *)content.at + content.length == at + length;
}

static enum qv_status add_der(struct qv_blocks *blocks, struct qv_str content)
{
    struct qv_block block = {.label = OPENSSL_strdup(""),
                             .der = OPENSSL_memdup(content.at, content.length),
                             .length = content.length};
    return add_block(blocks, block);
}

static enum qv_status add_pem(struct qv_blocks *blocks, BIO *text, const char *path,
                              struct qv_strings *faults)
{
    for (;;) {
        struct qv_block block = {0};
        char *header = NULL;
        long length = 0;
        if (PEM_read_bio(text, &block.label, &header, &block.der, &length) != 1)
            break;
        OPENSSL_free(header);
        block.length = (size_t)length;
        /* Decoding happened in the text's place, which is a third larger. */
        unsigned char *fitting = OPENSSL_realloc(block.der, block.length > 0 ? block.length : 1);
        if (fitting != NULL)
            block.der = fitting;
        QV_TRY(add_block(blocks, block));
    }
    if (ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE)
        return QV_OK;
    if (ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE)
        return QV_NO_MEMORY;
    return qv_fault(faults, "%s: PEM block %zu is damaged; write the file again", path,
                    blocks->count + 1);
}

static enum qv_status split(struct qv_blocks *blocks, struct qv_str content, const char *path,
                            struct qv_strings *faults)
{
    if (looks_like_der(content))
        return add_der(blocks, content);
    if (content.length > INT_MAX)
        return qv_fault(faults, "%s: too large", path);
    BIO *text = BIO_new_mem_buf(content.at, (int)content.length);
    if (text == NULL)
        return QV_NO_MEMORY;
    enum qv_status status = add_pem(blocks, text, path, faults);
    BIO_free(text);
    return status;
}

enum qv_status qv_blocks_read(const char *path, size_t max, struct qv_blocks *ret_blocks,
                              struct qv_strings *faults)
{
    QV_CLEANUP(qv_buf) struct qv_buf content = {0};
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    if (qv_file_read(path, max, &content, &error) != QV_OK)
        return qv_fault_error(faults, &error);
    QV_CLEANUP(qv_blocks) struct qv_blocks blocks = {0};
    ERR_set_mark();
    enum qv_status status = split(&blocks, qv_buf_str(&content), path, faults);
    ERR_pop_to_mark();
    QV_TRY(status);
    *ret_blocks = blocks;
    blocks = (struct qv_blocks){0};
    return QV_OK;
}

bool qv_block_is_certificate(const struct qv_block *block)
{
    return block->label[0] == '\0' || strcmp(block->label, PEM_STRING_X509) == 0 ||
           strcmp(block->label, PEM_STRING_X509_OLD) == 0;
}

X509 *qv_block_certificate(const struct qv_block *block)
{
    const unsigned char *at = block->der;
    if (block->length > LONG_MAX)
        return NULL;
    ERR_set_mark();
    X509 *x509 = d2i_X509(NULL, &at, (long)block->length);
    ERR_pop_to_mark();
    if (x509 != NULL && at != block->der + block->length) {
        X509_free(x509);
        return NULL;
    }
    return x509;
}

enum qv_status qv_blocks_certificates(const char *path, STACK_OF(X509) * into,
                                      struct qv_strings *faults)
{
    QV_CLEANUP(qv_blocks) struct qv_blocks blocks = {0};
    QV_TRY(qv_blocks_read(path, BUNDLE_MAX, &blocks, faults));
    int before = sk_X509_num(into);
    for (size_t i = 0; i < blocks.count; i++) {
        if (!qv_block_is_certificate(&blocks.at[i]))
            continue;
        X509 *x509 = qv_block_certificate(&blocks.at[i]);
        if (x509 == NULL)
            return qv_fault(faults, "%s: block %zu is no readable certificate", path, i + 1);
        if (sk_X509_push(into, x509) <= 0) {
            X509_free(x509);
            return QV_NO_MEMORY;
        }
    }
    if (sk_X509_num(into) == before)
        return qv_fault(faults, "%s: there is no certificate (PEM) in it", path);
    return QV_OK;
}
