/*
 * Text as pointer and length: comparing, cutting, numbers, UTF-8, and lists of owned texts.
 *
 * Holds always: nothing reads past `length`, nothing allocates but qv_str_dup and
 * qv_strings_add, and letters are ASCII ones unless a function says otherwise. Any thread.
 */
#include <quiver/base/memory.h>
#include <quiver/base/str.h>
#include <string.h>

/* What qv_str_split_next leaves in `rest` when the last part was taken: no other text is here. */
static const char used_up[1];

struct qv_str qv_str_from(const char *text)
{
    return (struct qv_str){.at = text, .length = text != NULL ? strlen(text) : 0};
}

struct qv_str qv_str_part(struct qv_str s, size_t from, size_t length)
{
    if (from > s.length)
        from = s.length;
    if (length > s.length - from)
        length = s.length - from;
    return (struct qv_str){.at = s.at != NULL ? s.at + from : NULL, .length = length};
}

bool qv_str_equal(struct qv_str a, struct qv_str b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.at, b.at, a.length) == 0);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool qv_str_equal_ignore_case(struct qv_str a, struct qv_str b)
{
    if (a.length != b.length)
        return false;
    for (size_t i = 0; i < a.length; i++)
        if (lower(a.at[i]) != lower(b.at[i]))
            return false;
    return true;
}

int qv_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char lowered = lower(c);
    return lowered >= 'a' && lowered <= 'f' ? lowered - 'a' + 10 : -1;
}

bool qv_str_starts_with(struct qv_str s, struct qv_str prefix)
{
    return qv_str_equal(qv_str_part(s, 0, prefix.length), prefix);
}

int qv_str_compare(struct qv_str a, struct qv_str b)
{
    size_t common = a.length < b.length ? a.length : b.length;
    int order = common > 0 ? memcmp(a.at, b.at, common) : 0;
    if (order != 0)
        return order;
    return (a.length > b.length) - (a.length < b.length);
}

struct qv_str qv_str_trim(struct qv_str s)
{
    while (s.length > 0 && (unsigned char)s.at[0] <= ' ') {
        s.at++;
        s.length--;
    }
    while (s.length > 0 && (unsigned char)s.at[s.length - 1] <= ' ')
        s.length--;
    return s;
}

size_t qv_str_find(struct qv_str s, char needle)
{
    const char *found = s.length > 0 ? memchr(s.at, needle, s.length) : NULL;
    return found != NULL ? (size_t)(found - s.at) : SIZE_MAX;
}

bool qv_str_split_next(struct qv_str *rest, char separator, struct qv_str *ret_part)
{
    if (rest->at == used_up)
        return false;
    size_t at = qv_str_find(*rest, separator);
    *ret_part = qv_str_part(*rest, 0, at);
    *rest = at != SIZE_MAX ? qv_str_part(*rest, at + 1, SIZE_MAX)
                           : (struct qv_str){.at = used_up, .length = 0};
    return true;
}

enum qv_status qv_str_to_uint(struct qv_str s, uint64_t max, uint64_t *ret_value)
{
    if (s.length == 0)
        return QV_INVALID;
    uint64_t value = 0;
    for (size_t i = 0; i < s.length; i++) {
        if (s.at[i] < '0' || s.at[i] > '9')
            return QV_INVALID;
        if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(s.at[i] - '0'), &value) || value > max)
            return QV_INVALID;
    }
    *ret_value = value;
    return QV_OK;
}

char *qv_str_dup(struct qv_str s)
{
    return qv_strndup(s.at, s.length);
}

/* How many bytes the UTF-8 sequence at the front of `s` has (RFC 3629 section 4), 0: none is
 * there. The ranges of the second byte keep out overlong forms, surrogates and > U+10FFFF. */
static size_t sequence_length(struct qv_str s)
{
    static const struct {
        unsigned char first_low, first_high, second_low, second_high, length;
    } forms[] = {
        {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3}, {0xE1, 0xEC, 0x80, 0xBF, 3},
        {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3}, {0xF0, 0xF0, 0x90, 0xBF, 4},
        {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
    };
    const unsigned char *at = (const unsigned char *)s.at;
    if (at[0] < 0x80)
        return 1;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (at[0] < forms[i].first_low || at[0] > forms[i].first_high)
            continue;
        if (s.length < forms[i].length || at[1] < forms[i].second_low ||
            at[1] > forms[i].second_high)
            return 0;
        for (size_t k = 2; k < forms[i].length; k++)
            if ((at[k] & 0xC0) != 0x80)
                return 0;
        return forms[i].length;
    }
    return 0;
}

size_t qv_str_next_code_point(struct qv_str s, uint32_t *ret_code_point)
{
    size_t length = s.length > 0 ? sequence_length(s) : 0;
    if (length == 0)
        return 0;
    static const unsigned char first_bits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t code_point = (unsigned char)s.at[0] & first_bits[length];
    for (size_t i = 1; i < length; i++)
        code_point = code_point << 6 | ((unsigned char)s.at[i] & 0x3F);
    *ret_code_point = code_point;
    return length;
}

bool qv_str_is_utf8(struct qv_str s)
{
    for (size_t i = 0; i < s.length;) {
        if ((unsigned char)s.at[i] < 0x80) {
            i++;
            continue;
        }
        size_t length = sequence_length(qv_str_part(s, i, SIZE_MAX));
        if (length == 0)
            return false;
        i += length;
    }
    return true;
}

/* Java's Character.isWhitespace: separators without the non-breaking ones, and some controls. */
static bool is_whitespace(uint32_t c)
{
    static const uint32_t ranges[][2] = {
        {0x09, 0x0D},     {0x1C, 0x20},     {0x1680, 0x1680}, {0x2000, 0x2006},
        {0x2008, 0x200A}, {0x2028, 0x2029}, {0x205F, 0x205F}, {0x3000, 0x3000},
    };
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
        if (c >= ranges[i][0] && c <= ranges[i][1])
            return true;
    return false;
}

bool qv_str_is_blank(struct qv_str s)
{
    while (s.length > 0) {
        uint32_t c;
        size_t length = qv_str_next_code_point(s, &c);
        if (length == 0 || !is_whitespace(c))
            return false;
        s = qv_str_part(s, length, SIZE_MAX);
    }
    return true;
}

/* The list has no capacity of its own: it holds the next power of two of its count. */
static bool is_full(size_t count)
{
    return (count & (count - 1)) == 0;
}

enum qv_status qv_strings_add(struct qv_strings *list, struct qv_str text)
{
    char *copy = qv_str_dup(text);
    if (copy == NULL)
        return QV_NO_MEMORY;
    if (is_full(list->count)) {
        size_t room = list->count > 0 ? list->count * 2 : 1;
        char **at = qv_realloc_array(list->at, room, sizeof(*at));
        if (at == NULL) {
            qv_free(copy);
            return QV_NO_MEMORY;
        }
        list->at = at;
    }
    list->at[list->count++] = copy;
    return QV_OK;
}

bool qv_strings_contain(const struct qv_strings *list, struct qv_str text)
{
    for (size_t i = 0; i < list->count; i++)
        if (qv_str_equal(qv_str_from(list->at[i]), text))
            return true;
    return false;
}

void qv_strings_free(struct qv_strings *list)
{
    if (list == NULL)
        return;
    for (size_t i = 0; i < list->count; i++)
        qv_free(list->at[i]);
    qv_free(list->at);
    *list = (struct qv_strings){0};
}
