// links: identity
/*
 * Any bytes as a client's certificate: identity, leaf rule and facts must come to an answer and
 * leave no error in OpenSSL's queue.
 */
#include <limits.h>
#include <openssl/err.h>
#include <quiver/identity/identity.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void expect(bool holds)
{
    if (!holds)
        abort();
}

static void ask_all(X509 *leaf)
{
    int verify_error = X509_V_OK;
    QV_CLEANUP(qv_error) struct qv_error rule = {0}, error = {0}, reason = {0};
    enum qv_status status = qv_leaf_rule(leaf, &verify_error, &rule);
    expect((status == QV_OK) == (verify_error == X509_V_OK));
    QV_CLEANUP(qv_identity) struct qv_identity *identity = NULL;
    status = qv_identity_from_leaf(leaf, QV_STR("testcloud.company.arrowhead.eu"), &identity,
                                   &error, &reason);
    expect((status == QV_OK) == (identity != NULL));
    expect(status == QV_OK || status == QV_UNAUTHENTICATED || status == QV_DENIED);
    QV_CLEANUP(qv_certificate) struct qv_certificate *facts = NULL;
    expect(qv_certificate_read(leaf, &facts) == QV_OK && facts->subject != NULL);
    expect(ERR_peek_error() == 0);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    const unsigned char *at = data;
    if (size > LONG_MAX)
        return 0;
    X509 *leaf = d2i_X509(NULL, &at, (long)size);
    ERR_clear_error();
    if (leaf != NULL)
        ask_all(leaf);
    X509_free(leaf);
    return 0;
}
