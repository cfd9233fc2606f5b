/*
 * Lists of patterns. Names without wildcards are found by halving, so that a long list costs no
 * more than a short one. Pure; any thread.
 */
#include "patterns.h"

#include <stdlib.h>

enum { SHOWN_MAX = 6 };

static int compare(const void *a, const void *b)
{
    const struct qv_glob *one = a, *other = b;
    if ((one->form == QV_GLOB_EXACT) != (other->form == QV_GLOB_EXACT))
        return one->form == QV_GLOB_EXACT ? -1 : 1;
    return qv_str_compare(one->text, other->text);
}

void patterns_sort(struct patterns *patterns)
{
    if (patterns->count > 0)
        qsort(patterns->at, patterns->count, sizeof(patterns->at[0]), compare);
    patterns->exact = 0;
    while (patterns->exact < patterns->count && patterns->at[patterns->exact].form == QV_GLOB_EXACT)
        patterns->exact++;
}

static bool has_exact(const struct patterns *patterns, struct qv_str name)
{
    size_t from = 0, to = patterns->exact;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = qv_str_compare(patterns->at[middle].text, name);
        if (order == 0)
            return true;
        if (order < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return false;
}

bool patterns_match(const struct patterns *patterns, struct qv_str name)
{
    if (name.length == 0)
        return false;
    if (has_exact(patterns, name))
        return true;
    for (size_t i = patterns->exact; i < patterns->count; i++)
        if (qv_glob_matches(&patterns->at[i], name))
            return true;
    for (size_t i = 0; i < patterns->group_count; i++)
        if (patterns_match(&patterns->groups[i]->members, name))
            return true;
    return false;
}

static bool covers_glob(const struct patterns *wide, const struct qv_glob *narrow)
{
    for (size_t i = 0; i < wide->count; i++)
        if (qv_glob_covers(&wide->at[i], narrow))
            return true;
    for (size_t i = 0; i < wide->group_count; i++)
        if (covers_glob(&wide->groups[i]->members, narrow))
            return true;
    return false;
}

static bool has_group(const struct patterns *patterns, const struct group *group)
{
    for (size_t i = 0; i < patterns->group_count; i++)
        if (patterns->groups[i] == group)
            return true;
    return false;
}

bool patterns_cover(const struct patterns *wide, const struct patterns *narrow)
{
    for (size_t i = 0; i < narrow->count; i++)
        if (!covers_glob(wide, &narrow->at[i]))
            return false;
    for (size_t i = 0; i < narrow->group_count; i++)
        if (!has_group(wide, narrow->groups[i]) &&
            !patterns_cover(wide, &narrow->groups[i]->members))
            return false;
    return true;
}

/* The next separator; false: enough was shown. */
static bool put_next(struct qv_buf *buf, size_t *shown)
{
    if (*shown == SHOWN_MAX)
        qv_buf_put_text(buf, ", ...");
    if (*shown >= SHOWN_MAX)
        return false;
    qv_buf_put_text(buf, *shown > 0 ? ", " : "");
    ++*shown;
    return true;
}

void patterns_put(const struct patterns *patterns, struct qv_buf *buf)
{
    size_t shown = 0;
    if (patterns->own && put_next(buf, &shown))
        qv_buf_put_text(buf, "self");
    for (size_t i = 0; i < patterns->group_count; i++) {
        if (!put_next(buf, &shown))
            return;
        qv_buf_printf(buf, "@%s", patterns->groups[i]->name);
    }
    for (size_t i = 0; i < patterns->count; i++) {
        if (!put_next(buf, &shown))
            return;
        qv_buf_put(buf, patterns->at[i].text);
    }
}
