/*
 * Finding a key's row in a table of settings, and naming the keys that are there.
 *
 * Holds always: rows with a star stand behind the rows without, so that the first one that fits is
 * the one meant. Any thread.
 */
#include "settings.h"

/* Is the row's path what was asked for, or "x.*" above it? */
static bool is_row(const struct qv_setting *setting, struct qv_str path)
{
    struct qv_str row = qv_str_from(setting->path);
    if (row.length > 0 && row.at[row.length - 1] == '*')
        return path.length >= row.length &&
               qv_str_starts_with(path, qv_str_part(row, 0, row.length - 1));
    return qv_str_equal(row, path);
}

size_t qv_settings_find(const struct qv_settings *settings, struct qv_str path)
{
    size_t i = 0;
    while (i < settings->count && !is_row(&settings->at[i], path))
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
