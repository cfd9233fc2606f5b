/*
 * Small helpers on text. Letters beyond ASCII keep their case: no name, version, policy or host
 * name may hold one, so folding them could only change what an error message quotes.
 * Pure; any thread.
 */
#include "text.h"

static void put_mapped(struct qv_str text, char from, char to, int shift, struct qv_buf *buf)
{
    text = qv_str_trim(text);
    qv_buf_reserve(buf, text.length);
    for (size_t i = 0; i < text.length; i++) {
        char c = text.at[i];
        qv_buf_put_char(buf, c >= from && c <= to ? (char)(c + shift) : c);
    }
}

void qv_text_put_lower(struct qv_str text, struct qv_buf *buf)
{
    put_mapped(text, 'A', 'Z', 'a' - 'A', buf);
}

void qv_text_put_upper(struct qv_str text, struct qv_buf *buf)
{
    put_mapped(text, 'a', 'z', 'A' - 'a', buf);
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
