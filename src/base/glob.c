/*
 * Matching names with patterns.
 *
 * Holds always: time is bounded by the product of the lengths, as a `*` that was passed is never
 * looked at again once a later one is reached; `?` takes a whole character of UTF-8, or one byte of
 * what is none. Pure; any thread.
 */
#include <quiver/base/glob.h>

#include <string.h>

enum { LENGTH_MAX = 256 };

bool qv_glob_has_wildcard(struct qv_str text)
{
    return qv_str_find(text, '*') != SIZE_MAX || qv_str_find(text, '?') != SIZE_MAX;
}

const char *qv_glob_fault(struct qv_str text)
{
    static const char foreign[] = "[]{}()\\^$|!,;\"'<>=&%";
    if (text.length == 0)
        return "is empty";
    if (text.length > LENGTH_MAX)
        return "is longer than any name";
    for (size_t i = 0; i < text.length; i++) {
        if ((unsigned char)text.at[i] <= ' ' || text.at[i] == 0x7F)
            return "has a blank or control character in it";
        if (strchr(foreign, text.at[i]) != NULL)
            return "is no pattern of names: only * (any characters) and ? (one) are understood";
        if (text.at[i] == '*' && i > 0 && text.at[i - 1] == '*')
            return "has two * side by side, write one";
    }
    return NULL;
}

struct qv_glob qv_glob_compile(struct qv_str text)
{
    struct qv_glob glob = {.text = text, .form = QV_GLOB_OTHER};
    while (glob.head < text.length && text.at[glob.head] != '*' && text.at[glob.head] != '?')
        glob.head++;
    struct qv_str behind = qv_str_part(text, glob.head + 1, SIZE_MAX);
    if (glob.head == text.length)
        glob.form = QV_GLOB_EXACT;
    else if (text.at[glob.head] == '*' && behind.length == 0)
        glob.form = QV_GLOB_PREFIX;
    else if (text.at[0] == '*' && !qv_glob_has_wildcard(behind))
        glob.form = QV_GLOB_SUFFIX;
    return glob;
}

struct qv_str qv_glob_fixed_part(const struct qv_glob *glob)
{
    if (glob->form == QV_GLOB_SUFFIX)
        return qv_str_part(glob->text, 1, SIZE_MAX);
    return qv_str_part(glob->text, 0, glob->head);
}

/* How many bytes the character at the front has. */
static size_t character_size(struct qv_str rest)
{
    uint32_t code_point;
    if ((unsigned char)rest.at[0] < 0x80)
        return 1;
    size_t size = qv_str_next_code_point(rest, &code_point);
    return size > 0 ? size : 1;
}

/* Where matching goes on when the latest `*` takes more: behind the next character, or, where a
   literal must follow, at the next place where that is; SIZE_MAX: nowhere. */
static size_t next_try(struct qv_str pattern, size_t star, struct qv_str name, size_t taken)
{
    size_t at = taken + character_size(qv_str_part(name, taken, SIZE_MAX));
    if (star == pattern.length || pattern.at[star] == '?')
        return at;
    size_t next = qv_str_find(qv_str_part(name, at, SIZE_MAX), pattern.at[star]);
    return next != SIZE_MAX ? at + next : SIZE_MAX;
}

/* `star` is the place in the pattern behind the latest `*`, `taken` the place in the name up to
   which that one has taken characters. With `tokens` the name is itself a pattern, whose `*` only a
   `*` takes. */
static bool match(struct qv_str pattern, struct qv_str name, bool tokens)
{
    size_t p = 0, n = 0, star = SIZE_MAX, taken = 0;
    while (n < name.length) {
        bool many = tokens && name.at[n] == '*';
        if (p < pattern.length && pattern.at[p] == '*') {
            star = ++p;
            taken = n;
        } else if (p < pattern.length && pattern.at[p] == '?' && !many) {
            p++;
            n += character_size(qv_str_part(name, n, SIZE_MAX));
        } else if (p < pattern.length && pattern.at[p] == name.at[n]) {
            p++;
            n++;
        } else {
            taken = star != SIZE_MAX ? next_try(pattern, star, name, taken) : SIZE_MAX;
            if (taken == SIZE_MAX)
                return false;
            n = taken;
            p = star;
        }
    }
    while (p < pattern.length && pattern.at[p] == '*')
        p++;
    return p == pattern.length;
}

bool qv_glob_matches(const struct qv_glob *glob, struct qv_str name)
{
    struct qv_str fixed = qv_glob_fixed_part(glob);
    switch (glob->form) {
    case QV_GLOB_EXACT: return qv_str_equal(name, fixed);
    case QV_GLOB_PREFIX: return qv_str_starts_with(name, fixed);
    case QV_GLOB_SUFFIX:
        return name.length >= fixed.length &&
               qv_str_equal(qv_str_part(name, name.length - fixed.length, SIZE_MAX), fixed);
    case QV_GLOB_OTHER: break;
    }
    return qv_str_starts_with(name, fixed) && match(qv_str_part(glob->text, glob->head, SIZE_MAX),
                                                    qv_str_part(name, glob->head, SIZE_MAX), false);
}

bool qv_glob_covers(const struct qv_glob *wide, const struct qv_glob *narrow)
{
    if (narrow->form == QV_GLOB_EXACT)
        return qv_glob_matches(wide, narrow->text);
    return match(wide->text, narrow->text, true);
}
