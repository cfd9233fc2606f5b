/*
 * A certificate file judged without a socket. The leaf is the first certificate, what stands behind
 * it in the file counts as sent behind it in a handshake. Any thread.
 */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <quiver/base/file.h>
#include <quiver/trust/inspect.h>
#include <stdio.h>

#define FILE_MAX ((size_t)16 * 1024 * 1024)

/* What the file holds. */
struct sent {
    X509 *leaf;
    STACK_OF(X509) * behind;
};

static void sent_free(struct sent *sent)
{
    X509_free(sent->leaf);
    sk_X509_pop_free(sent->behind, X509_free);
}

static enum qv_status read_pem(BIO *in, struct sent *sent)
{
    sent->leaf = PEM_read_bio_X509(in, NULL, NULL, NULL);
    X509 *next;
    while (sent->leaf != NULL && (next = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL) {
        if (sk_X509_push(sent->behind, next) > 0)
            continue;
        X509_free(next);
        return QV_NO_MEMORY;
    }
    return QV_OK;
}

static enum qv_status read_content(struct qv_str content, struct sent *sent)
{
    sent->behind = sk_X509_new_null();
    BIO *in = BIO_new_mem_buf(content.at, (int)content.length);
    enum qv_status status = QV_NO_MEMORY;
    if (in != NULL && sent->behind != NULL)
        status = read_pem(in, sent);
    BIO_free(in);
    const unsigned char *at = (const unsigned char *)content.at;
    if (status == QV_OK && sent->leaf == NULL && content.length > 0)
        sent->leaf = d2i_X509(NULL, &at, (long)content.length);
    return status;
}

static enum qv_status read_file(const char *path, struct sent *sent, struct qv_error *error)
{
    QV_CLEANUP(qv_buf) struct qv_buf content = {0};
    QV_TRY(qv_file_read(path, FILE_MAX, &content, error));
    ERR_set_mark();
    enum qv_status status = read_content(qv_buf_str(&content), sent);
    ERR_pop_to_mark();
    QV_TRY(status);
    if (sent->leaf == NULL)
        return qv_error_set(error, QV_INVALID, "%s: there is no certificate (PEM or DER) in it",
                            path);
    return QV_OK;
}

/* Without a configuration the leaf rule is all that can be said. */
static void judge_leaf(X509 *leaf, struct qv_verdict *verdict)
{
    int verify_error = X509_V_OK;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    verdict->status = qv_leaf_rule(leaf, &verify_error, &error);
    verdict->code = verdict->status == QV_OK ? "" : "leaf-rule";
    snprintf(verdict->reason, sizeof(verdict->reason), "%s",
             verdict->status == QV_OK ? "" : qv_error_message(&error));
}

/* Known where the path was verified. */
static void name_issuer(const struct qv_path *path, struct qv_inspection *inspection)
{
    if (path->count == 0)
        return;
    qv_issuer_key_text(&path->links[0].issuer, inspection->facts->issuer_key);
    if (inspection->identity != NULL)
        qv_issuer_key_text(&path->links[0].issuer, inspection->identity->certificate->issuer_key);
}

enum qv_status qv_trust_inspect(const char *path, const struct qv_trust *trust, struct qv_wall now,
                                struct qv_inspection *ret_inspection, struct qv_error *error)
{
    __attribute__((cleanup(sent_free))) struct sent sent = {0};
    QV_CLEANUP(qv_inspection) struct qv_inspection inspection = {0};
    QV_TRY(read_file(path, &sent, error));
    QV_TRY(qv_certificate_read(sent.leaf, &inspection.facts));
    struct qv_str cloud = {0};
    struct qv_path verified = {0};
    if (trust != NULL) {
        cloud = qv_trust_cloud(trust);
        qv_anchors_judge(qv_trust_anchors(trust), sent.leaf, sent.behind, now, &inspection.verdict,
                         &verified);
    } else {
        judge_leaf(sent.leaf, &inspection.verdict);
    }
    enum qv_status status = qv_identity_from_leaf(sent.leaf, cloud, &inspection.identity, NULL,
                                                  &inspection.no_identity);
    if (status == QV_NO_MEMORY)
        return status;
    inspection.no_identity.status = status;
    name_issuer(&verified, &inspection);
    *ret_inspection = inspection;
    inspection = (struct qv_inspection){0};
    return QV_OK;
}

void qv_inspection_free(struct qv_inspection *inspection)
{
    qv_certificate_free(&inspection->facts);
    qv_identity_free(&inspection->identity);
    qv_error_free(&inspection->no_identity);
}
