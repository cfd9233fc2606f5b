/*
 * Finding a key's row in a table of settings, and naming the keys that are there.
 *
 * Holds always: each path stands in a table once. Any thread.
 */
#include "settings.h"

size_t qv_settings_find(const struct qv_settings *settings, struct qv_str path)
{
    size_t i = 0;
    while (i < settings->count && !qv_str_equal(qv_str_from(settings->at[i].path), path))
        i++;
    return i;
}

bool qv_settings_is_group(const struct qv_settings *settings, struct qv_str path)
{
    for (size_t i = 0; i < settings->count; i++) {
        struct qv_str row = qv_str_from(settings->at[i].path);
        if (row.length > path.length && row.at[path.length] == '.' && qv_str_starts_with(row, path))
            return true;
    }
    return false;
}

void qv_settings_put_known(struct qv_buf *buf, const struct qv_settings *settings,
                           struct qv_str above)
{
    const char *before = "";
    struct qv_str last = {0};
    for (size_t i = 0; i < settings->count; i++) {
        struct qv_str row = qv_str_from(settings->at[i].path);
        if (!qv_str_starts_with(row, above) || settings->at[i].later)
            continue;
        struct qv_str rest = qv_str_part(row, above.length, SIZE_MAX);
        struct qv_str key = qv_str_part(rest, 0, qv_str_find(rest, '.'));
        if (qv_str_equal(key, last))
            continue; /* one of a group was named already */
        qv_buf_printf(buf, "%s%.*s", before, QV_STR_ARG(key));
        before = ", ";
        last = key;
    }
}
