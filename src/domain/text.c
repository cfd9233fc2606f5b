/*
 * Small helpers on text. No name, version, policy or host name may hold a letter beyond ASCII, so
 * the case of such letters only shows where an error message quotes what was sent; there it is
 * changed as the reference changes it. Pure; any thread.
 */
#include "text.h"
#include "pattern.h"

enum { LETTERS = 26, CASE_BIT = 'a' ^ 'A' };

bool qv_text_is_ascii(struct qv_str text)
{
    for (size_t i = 0; i < text.length; i++) {
        if ((unsigned char)text.at[i] > 0x7F)
            return false;
    }
    return true;
}

/* The letters from `first` on change to the other case, which is one bit. */
static void put_shifted(struct qv_str text, char first, struct qv_buf *buf)
{
    size_t start = buf->length;
    qv_buf_put(buf, text);
    for (size_t i = start; i < buf->length; i++) { /* none where memory ran out */
        bool changes = buf->at[i] >= first && buf->at[i] < first + LETTERS;
        buf->at[i] = (char)(buf->at[i] ^ (changes ? CASE_BIT : 0));
    }
}

void qv_text_put_case(struct qv_str text, enum qv_case letters, struct qv_buf *buf)
{
    if (letters == QV_CASE_KEPT)
        qv_buf_put(buf, text);
    else if (!qv_text_is_ascii(text))
        qv_pattern_put_case(text, letters == QV_CASE_UPPER, buf);
    else if (letters == QV_CASE_UPPER)
        put_shifted(text, 'a', buf);
    else
        put_shifted(text, 'A', buf);
}

void qv_text_put_lower(struct qv_str text, struct qv_buf *buf)
{
    qv_text_put_case(qv_str_trim(text), QV_CASE_LOWER, buf);
}

void qv_text_put_upper(struct qv_str text, struct qv_buf *buf)
{
    qv_text_put_case(qv_str_trim(text), QV_CASE_UPPER, buf);
}

void qv_text_put_trimmed(struct qv_str text, struct qv_buf *buf)
{
    qv_buf_put(buf, qv_str_trim(text));
}

size_t qv_text_units(struct qv_str text)
{
    size_t units = 0;
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if ((c & 0xC0) != 0x80) /* not a continuation byte */
            units += c >= 0xF0 ? 2 : 1;
    }
    return units;
}

bool qv_text_exceeds(struct qv_str text, size_t max)
{
    return text.length > max && qv_text_units(text) > max; /* a unit is a byte at least */
}

const char *qv_text_find(const char *const *list, struct qv_str text, bool ignore_case)
{
    for (; *list != NULL; list++) {
        struct qv_str item = qv_str_from(*list);
        if (ignore_case ? qv_str_equal_ignore_case(item, text) : qv_str_equal(item, text))
            return *list;
    }
    return NULL;
}

enum qv_status qv_text_make(void (*put)(struct qv_str text, struct qv_buf *buf), struct qv_str text,
                            char **ret_text)
{
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    put(text, &buf);
    size_t length;
    return qv_buf_take(&buf, ret_text, &length);
}

enum qv_status qv_no_memory(struct qv_error *error)
{
    return qv_error_set(error, QV_NO_MEMORY, "out of memory");
}
