// links: trust
/*
 * Any bytes as a CRL's DER: taken apart and packed, or refused. The signature is left out, as no
 * mutation would ever get past it.
 */
#include "../../src/trust/crl_check.h"

#include <openssl/err.h>
#include <quiver/base/memory.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct qv_str der = {.at = (const char *)data, .length = size};
    QV_CLEANUP(qv_crl_parts) struct qv_crl_parts parts = {0};
    if (qv_crl_parts_read(der, &parts, NULL) != QV_OK)
        return 0;
    struct qv_crl_about about;
    struct qv_serial *serials = NULL;
    size_t count = 0;
    if (qv_crl_about_read(&parts, &about, NULL) == QV_OK &&
        qv_crl_serials_read(parts.revoked, &serials, &count, NULL) == QV_OK) {
        for (size_t i = 1; i < count; i++)
            if (qv_serial_compare(&serials[i - 1], &serials[i]) > 0)
                abort();
        qv_free(serials);
    }
    if (ERR_peek_error() != 0)
        abort();
    return 0;
}
