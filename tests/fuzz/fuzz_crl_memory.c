// links: trust
/*
 * Any bytes as the file crl-seen.json: refused, or read so that writing and reading it again gives
 * the same entries.
 */
#include "../../src/trust/crl_memory.h"

#include <openssl/err.h>
#include <quiver/base/memory.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct qv_str text = {.at = (const char *)data, .length = size};
    QV_CLEANUP(qv_crl_seen_list) struct qv_crl_seen_list first = {0}, second = {0};
    if (qv_crl_seen_parse(text, &first, NULL) != QV_OK)
        return 0;
    QV_CLEANUP(qv_buf) struct qv_buf written = {0};
    qv_crl_seen_write(&first, &written);
    if (qv_crl_seen_parse(qv_buf_str(&written), &second, NULL) != QV_OK ||
        first.count != second.count)
        abort();
    for (size_t i = 0; i < first.count; i++) {
        const struct qv_crl_seen *a = &first.at[i], *b = &second.at[i];
        if (!qv_crl_stamp_alike(&a->stamp, &b->stamp) || strcmp(a->issuer, b->issuer) != 0 ||
            memcmp(&a->stamp.about, &b->stamp.about, sizeof(a->stamp.about)) != 0 ||
            a->stamp.this_update.seconds != b->stamp.this_update.seconds)
            abort();
    }
    if (ERR_peek_error() != 0)
        abort();
    return 0;
}
