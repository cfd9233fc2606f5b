/*
 * What other systems' answers mean. Private to `identity`. Pure; any thread.
 */
#ifndef QUIVER_IDENTITY_REPLIES_H
#define QUIVER_IDENTITY_REPLIES_H

#include "fetch.h"

#include <quiver/identity/identity.h>

/** What came of a question, and how long it holds. */
struct qv_finding {
    enum qv_status status;
    struct qv_error error;
    struct qv_identity *identity; /**< owned */
    bool listed;
    int64_t keep_ms; /**< 0: not to be used again */
};
void qv_finding_free(struct qv_finding *finding);

/** Of `GET .../verify/<token>` (spec 1.5). `asked` is named where nobody answered; `keep_ms` is the
 *  longest that an answer may be kept. */
void qv_finding_of_token(const struct qv_fetched *fetched, const char *asked, int64_t keep_ms,
                         struct qv_wall now, struct qv_finding *ret_finding);
/** Of `GET .../<name>` at the blacklist: a JSON truth value. Anything else is QV_UNAVAILABLE: the
 *  check could not be made. */
void qv_finding_of_name(const struct qv_fetched *fetched, int64_t keep_ms,
                        struct qv_finding *ret_finding);

#endif
