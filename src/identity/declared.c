/*
 * The self-declared identity `Authorization: Bearer SYSTEM//name` of the GENERIC-HTTP profile
 * (spec/arrowhead-discovery 1.3): the reference's own way of splitting, so that each header value
 * is taken or refused alike. Nothing is proven by it; only listeners that say so use it. Pure;
 * any thread.
 */
#include "names.h"

#define SLASHES_LENGTH 2

static enum qv_status refused(struct qv_error *error)
{
    return qv_error_set(error, QV_UNAUTHENTICATED, "Invalid authorization header");
}

/** Where "//" first is in `s`, or SIZE_MAX. */
static size_t find_slashes(struct qv_str s)
{
    for (size_t i = 0; i + 1 < s.length; i++)
        if (s.at[i] == '/' && s.at[i + 1] == '/')
            return i;
    return SIZE_MAX;
}

/** The name of `SYSTEM//name`. Behind it only empty parts may follow, which do not count. */
static bool split_token(struct qv_str token, struct qv_str *ret_name)
{
    struct qv_str prefix = QV_STR("SYSTEM//");
    if (!qv_str_starts_with(token, prefix))
        return false;
    struct qv_str name = qv_str_part(token, prefix.length, SIZE_MAX);
    size_t end = find_slashes(name);
    if (end != SIZE_MAX) {
        struct qv_str rest = qv_str_part(name, end, SIZE_MAX);
        while (qv_str_starts_with(rest, QV_STR("//")))
            rest = qv_str_part(rest, SLASHES_LENGTH, SIZE_MAX);
        if (rest.length > 0)
            return false;
        name.length = end;
    }
    *ret_name = name;
    return name.length > 0;
}

enum qv_status qv_identity_from_declared(const struct qv_str *header,
                                         struct qv_identity **ret_identity, struct qv_error *error)
{
    if (header == NULL || qv_str_is_blank(*header))
        return qv_error_set(error, QV_UNAUTHENTICATED, "No authorization header has been provided");
    struct qv_str rest = qv_str_trim(*header), scheme, token, name;
    if (!qv_str_split_next(&rest, ' ', &scheme) || !qv_str_equal(scheme, QV_STR("Bearer")))
        return refused(error);
    if (!qv_str_split_next(&rest, ' ', &token) || qv_str_split_next(&rest, ' ', &scheme))
        return refused(error);
    if (!split_token(token, &name))
        return refused(error);
    /* What is stored, logged and answered is JSON: bytes that are no text never get that far. */
    if (!qv_str_is_utf8(name) || qv_str_find(name, '\0') != SIZE_MAX)
        return refused(error);
    bool sysop = qv_str_equal_ignore_case(qv_str_trim(name), QV_STR("sysop"));
    return qv_identity_make(name, NULL, sysop ? QV_PROFILE_OPERATOR : QV_PROFILE_SYSTEM, NULL,
                            ret_identity);
}
