// links: identity
/*
 * Any bytes as an Authorization header: an identity with a name, or one of the two refusals.
 */
#include <quiver/identity/identity.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct qv_str header = {.at = (const char *)data, .length = size};
    QV_CLEANUP(qv_identity) struct qv_identity *identity = NULL;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    enum qv_status status =
        qv_identity_from_declared(qv_dialect_get(QV_DIALECT_5_0), &header, &identity, &error);
    if (status == QV_OK ? identity == NULL || identity->system[0] == '\0'
                        : identity != NULL || status != QV_UNAUTHENTICATED)
        abort();
    return 0;
}
