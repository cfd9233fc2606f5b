/*
 * The Authorization header of the reference's clients, taken apart as the reference does it.
 * Private to `identity`. Pure; any thread.
 */
#ifndef QUIVER_IDENTITY_BEARER_H
#define QUIVER_IDENTITY_BEARER_H

#include <quiver/identity/identity.h>

enum { QV_BEARER_PARTS_MAX = 3 };

/** `Bearer KIND//part//part`: what stands between the double slashes. They point into the header.
 */
struct qv_bearer {
    struct qv_str parts[QV_BEARER_PARTS_MAX];
    size_t count; /**< 1 to QV_BEARER_PARTS_MAX; empty parts at the end do not count */
};

/** QV_UNAUTHENTICATED with the reference's words: no header, not `Bearer` and one token, more
 *  parts than any kind has, or bytes that are no text. `header` NULL: not sent. */
QV_MUST_CHECK enum qv_status qv_bearer_read(const struct qv_str *header,
                                            struct qv_bearer *ret_bearer, struct qv_error *error);
/** Is it of this kind, with so many parts behind the kind? */
bool qv_bearer_is(const struct qv_bearer *bearer, const char *kind, size_t parts);
/** QV_UNAUTHENTICATED with the reference's words for a header that proves nothing. */
enum qv_status qv_bearer_refuse(struct qv_error *error);

#endif
