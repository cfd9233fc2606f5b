/*
 * Names as the registry stores and accepts them (spec/arrowhead-discovery 5). What a name may
 * look like is data of the dialect; here is only how that data is read. Pure; any thread.
 */
#include "dialect.h"
#include "text.h"

void qv_name_normalize(const struct qv_dialect *dialect, enum qv_entity entity, struct qv_str raw,
                       struct qv_buf *buf)
{
    dialect->naming[entity].normalize(raw, buf);
}

static unsigned kind_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return QV_CHAR_UPPER;
    if (c >= 'a' && c <= 'z')
        return QV_CHAR_LOWER;
    if (c >= '0' && c <= '9')
        return QV_CHAR_DIGIT;
    if (c == '-')
        return QV_CHAR_HYPHEN;
    return c == '_' ? QV_CHAR_UNDERSCORE : 0;
}

static bool follows(const struct qv_naming *naming, struct qv_str name)
{
    if (name.length == 0 || (kind_of(name.at[0]) & naming->first) == 0)
        return false;
    for (size_t i = 1; i < name.length; i++) {
        unsigned allowed = i + 1 < name.length ? naming->middle : naming->last;
        if ((kind_of(name.at[i]) & allowed) == 0)
            return false;
    }
    return true;
}

enum qv_status qv_name_check(const struct qv_dialect *dialect, enum qv_entity entity,
                             struct qv_str name, struct qv_error *error)
{
    const struct qv_naming *naming = &dialect->naming[entity];
    if (follows(naming, name))
        return QV_OK;
    return qv_error_set(error, QV_INVALID, "%s%.*s", naming->violation, QV_STR_ARG(name));
}

enum qv_status qv_name_check_length(const struct qv_dialect *dialect, enum qv_entity entity,
                                    struct qv_str name, struct qv_error *error)
{
    const struct qv_naming *naming = &dialect->naming[entity];
    if (naming->max_length == 0 || qv_text_units(name) <= naming->max_length)
        return QV_OK;
    return qv_error_set(error, QV_INVALID, "%s", naming->too_long);
}
