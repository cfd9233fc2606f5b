// links: identity
/*
 * Any bytes as what another system answers about a caller: an identity with a name that is text, or
 * a refusal with words that are; never longer kept than asked for.
 */
#include "../../src/identity/replies.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    if (size == 0)
        return 0;
    static const long statuses[] = {200, 400, 401, 404, 500};
    const struct qv_fetched fetched = {
        .reached = true,
        .status = statuses[data[0] % (sizeof(statuses) / sizeof(statuses[0]))],
        .body = {(const char *)data + 1, size - 1},
    };
    QV_CLEANUP(qv_finding) struct qv_finding finding = {0};
    qv_finding_of_token(&fetched, "https://a/verify", 5000, (struct qv_wall){.seconds = 1},
                        &finding);
    bool named = finding.identity != NULL && finding.identity->system[0] != '\0' &&
                 qv_str_is_utf8(qv_str_from(finding.identity->system));
    bool worded = qv_str_is_utf8(qv_str_from(qv_error_message(&finding.error)));
    if ((finding.status == QV_OK) != named || !worded || finding.keep_ms < 0 ||
        finding.keep_ms > 5000)
        abort();
    qv_finding_free(&finding);
    qv_finding_of_name(&fetched, 5000, &finding);
    if (finding.status != QV_OK && (finding.listed || finding.keep_ms != 0))
        abort();
    return 0;
}
