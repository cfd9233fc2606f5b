// links: server
/*
 * Any bytes as the head of a request: never a read beyond the input, and an accepted head keeps
 * what the check promises: a second Content-Length or Host is never in it.
 */
#include "../../src/server/head.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qv_str input = {(const char *)data, size};
    struct qv_head head = {0};
    for (int http_1_0 = 0; http_1_0 < 2; http_1_0++) {
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        enum qv_status status = qv_head_check(input, http_1_0 != 0, &head, &error);
        if (status != QV_OK && (status != QV_INVALID || error.message == NULL))
            abort();
        if (status == QV_OK && memmem(data, size, "\nhost:a\nhost:b\n\n", 16) != NULL &&
            memmem(data, size, "\n\n", 2) > memmem(data, size, "\nhost:a\nhost:b\n\n", 16) &&
            memmem(data, size, "\n\r\n", 3) == NULL)
            abort();
    }
    return 0;
}
