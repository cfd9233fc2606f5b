/*
 * Names as the registry stores and accepts them (spec/arrowhead-discovery 5). What a name may
 * look like is data of the dialect; here is only how that data is read. Pure; any thread.
 */
#include "dialect.h"
#include "text.h"
#include <limits.h>

void qv_name_normalize(const struct qv_dialect *dialect, enum qv_entity entity, struct qv_str raw,
                       struct qv_buf *buf)
{
    dialect->normalize[entity](raw, buf);
}

/* Characters that are not here are in no name. */
static const unsigned char kinds[UCHAR_MAX + 1] = {
    ['A' ... 'Z'] = QV_CHAR_UPPER, ['a' ... 'z'] = QV_CHAR_LOWER, ['0' ... '9'] = QV_CHAR_DIGIT,
    ['-'] = QV_CHAR_HYPHEN,        ['_'] = QV_CHAR_UNDERSCORE,
};

static unsigned kind_of(char c)
{
    return kinds[(unsigned char)c];
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

static bool is_too_long(const struct qv_naming *naming, struct qv_str name)
{
    return naming->max_length > 0 && qv_text_exceeds(name, naming->max_length);
}

enum qv_status qv_name_check(const struct qv_dialect *dialect, enum qv_entity entity,
                             struct qv_str name, struct qv_error *error)
{
    const struct qv_naming *naming = &dialect->naming[entity];
    if (follows(naming, name) && (naming->too_long != NULL || !is_too_long(naming, name)))
        return QV_OK;
    if (name.length == 0)
        name = qv_str_from(naming->nameless);
    return qv_error_set(error, QV_INVALID, "%s%.*s", naming->violation, QV_STR_ARG(name));
}

enum qv_status qv_name_check_length(const struct qv_dialect *dialect, enum qv_entity entity,
                                    struct qv_str name, struct qv_error *error)
{
    const struct qv_naming *naming = &dialect->naming[entity];
    if (naming->too_long == NULL || !is_too_long(naming, name))
        return QV_OK;
    return qv_error_set(error, QV_INVALID, "%s", naming->too_long);
}

enum qv_status qv_name_read(const struct qv_dialect *dialect, enum qv_entity entity,
                            struct qv_str raw, struct qv_buf *buf, struct qv_error *error)
{
    size_t start = buf->length;
    qv_name_normalize(dialect, entity, raw, buf);
    if (qv_buf_status(buf) != QV_OK)
        return qv_no_memory(error);
    struct qv_str forms[] = {
        [QV_STAGE_NORMALIZED] = qv_str_part(qv_buf_str(buf), start, SIZE_MAX),
        [QV_STAGE_TRIMMED] = qv_str_trim(raw),
        [QV_STAGE_RAW] = raw,
    };
    return qv_name_check(dialect, entity, forms[dialect->naming[entity].stage], error);
}
