/*
 * Splits an Authorization header (spec/arrowhead-discovery 1.3, 1.5): the reference's own way, so
 * that each header value is taken or refused alike. Pure; any thread.
 */
#include "bearer.h"

#define SLASHES_LENGTH 2

enum qv_status qv_bearer_refuse(struct qv_error *error)
{
    return qv_error_set(error, QV_UNAUTHENTICATED, "Invalid authorization header");
}

/* Where "//" first is in `s`, or SIZE_MAX. */
static size_t find_slashes(struct qv_str s)
{
    for (size_t i = 0; i + 1 < s.length; i++)
        if (s.at[i] == '/' && s.at[i + 1] == '/')
            return i;
    return SIZE_MAX;
}

/* False where there are more parts than any kind has, not counting empty ones at the end. */
static bool split(struct qv_str rest, struct qv_bearer *bearer)
{
    for (size_t i = 0;; i++) {
        size_t end = find_slashes(rest);
        struct qv_str part = qv_str_part(rest, 0, end);
        if (part.length > 0) {
            if (i >= QV_BEARER_PARTS_MAX)
                return false;
            bearer->count = i + 1;
        }
        if (i < QV_BEARER_PARTS_MAX)
            bearer->parts[i] = part;
        if (end == SIZE_MAX)
            return bearer->count > 0;
        rest = qv_str_part(rest, end + SLASHES_LENGTH, SIZE_MAX);
    }
}

enum qv_status qv_bearer_read(const struct qv_str *header, struct qv_bearer *ret_bearer,
                              struct qv_error *error)
{
    if (header == NULL || qv_str_is_blank(*header))
        return qv_error_set(error, QV_UNAUTHENTICATED, "No authorization header has been provided");
    struct qv_str rest = qv_str_trim(*header), scheme, token;
    if (!qv_str_split_next(&rest, ' ', &scheme) || !qv_str_equal(scheme, QV_STR("Bearer")))
        return qv_bearer_refuse(error);
    if (!qv_str_split_next(&rest, ' ', &token) || qv_str_split_next(&rest, ' ', &scheme))
        return qv_bearer_refuse(error);
    /* What is stored, logged and answered is JSON: bytes that are no text never get that far. */
    if (!qv_str_is_utf8(token) || qv_str_find(token, '\0') != SIZE_MAX)
        return qv_bearer_refuse(error);
    struct qv_bearer bearer = {.count = 0};
    if (!split(token, &bearer))
        return qv_bearer_refuse(error);
    *ret_bearer = bearer;
    return QV_OK;
}

bool qv_bearer_is(const struct qv_bearer *bearer, const char *kind, size_t parts)
{
    return bearer->count == parts + 1 && qv_str_equal(bearer->parts[0], qv_str_from(kind));
}
