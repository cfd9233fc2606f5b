/*
 * CHAP services as CHAP's own core keeps them in its Redis (spec/chap-registration B1.7): the text
 * that Python's json.dumps writes where nothing is asked of it. The same members in the same order
 * as an answer of the first dialect, so that text is rewritten: our own writer escapes what Python
 * escapes in the same way, and leaves as it is what Python writes in ASCII. Pure; any thread.
 */
#include <quiver/domain/chap.h>

#define FIRST_SURROGATE 0xD800
#define LAST_SURROGATE  0xDC00
#define FIRST_PAIR      0x10000

/* The character at the front of `rest`, beyond what ASCII prints; gives its size, 0 where it is
   none. */
static size_t put_escaped(struct qv_str rest, struct qv_buf *buf)
{
    uint32_t c;
    size_t size = qv_str_next_code_point(rest, &c);
    if (size == 0)
        return 0;
    if (c >= FIRST_PAIR)
        qv_buf_printf(buf, "\\u%04x\\u%04x", FIRST_SURROGATE + ((c - FIRST_PAIR) >> 10),
                      LAST_SURROGATE + ((c - FIRST_PAIR) & 0x3ff));
    else
        qv_buf_printf(buf, "\\u%04x", c);
    return size;
}

/* How many bytes of `text` from `from` on are written as they are: a string's content up to what
   ends it or is to be escaped, an escape of two bytes included. */
static size_t plain_run(struct qv_str text, size_t from)
{
    size_t i = from;
    while (i < text.length && text.at[i] != '"' && text.at[i] >= ' ' && text.at[i] < 0x7f)
        i += text.at[i] == '\\' ? 2 : 1;
    return (i < text.length ? i : text.length) - from;
}

/* A string's content; gives where it ends. */
static size_t put_content(struct qv_str text, size_t from, struct qv_buf *buf)
{
    size_t i = from;
    for (;;) {
        size_t plain = plain_run(text, i);
        qv_buf_put(buf, qv_str_part(text, i, plain));
        i += plain;
        if (i >= text.length || text.at[i] == '"')
            return i;
        size_t size = put_escaped(qv_str_part(text, i, SIZE_MAX), buf);
        if (size == 0)
            return SIZE_MAX;
        i += size;
    }
}

enum qv_status qv_chap_write_mirrored(const struct qv_chap *chap, const struct qv_chap_times *times,
                                      struct qv_buf *buf)
{
    QV_CLEANUP(qv_buf) struct qv_buf compact = {0};
    qv_chap_write(chap, QV_CHAP_SEED, times, &compact);
    QV_TRY(qv_buf_status(&compact));
    struct qv_str text = qv_buf_str(&compact);
    for (size_t i = 0; i < text.length; i++) {
        qv_buf_put_char(buf, text.at[i]);
        if (text.at[i] == ',' || text.at[i] == ':')
            qv_buf_put_char(buf, ' ');
        if (text.at[i] != '"')
            continue;
        i = put_content(text, i + 1, buf);
        if (i >= text.length)
            return QV_INVALID;
        qv_buf_put_char(buf, '"');
    }
    return qv_buf_status(buf);
}
