/*
 * Names in other forms.
 *
 * Holds always: a run of separators counts as one, of whatever kinds they are; one at the front
 * stays, as `_`, so that a name that begins with it follows no convention. Pure; any thread.
 */
#include "name_forms.h"
#include "text.h"

/* Unicode's White_Space; a trim knows only what is below U+0021. */
static bool is_space(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } spaces[] = {
        {0x09, 0x0D},     {0x20, 0x20},     {0x85, 0x85},     {0xA0, 0xA0},     {0x1680, 0x1680},
        {0x2000, 0x200A}, {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000},
    };
    for (size_t i = 0; i < QV_COUNT_OF(spaces); i++) {
        if (c >= spaces[i].first && c <= spaces[i].last)
            return true;
    }
    return false;
}

/* Takes a character from the front of `rest`; a byte that is no UTF-8 is one, too. */
static struct qv_str next_character(struct qv_str *rest, bool *ret_separates)
{
    uint32_t c = 0;
    size_t size = qv_str_next_code_point(*rest, &c);
    *ret_separates = size > 0 && (c == '_' || c == '-' || is_space(c));
    struct qv_str character = qv_str_part(*rest, 0, size > 0 ? size : 1);
    *rest = qv_str_part(*rest, character.length, SIZE_MAX);
    return character;
}

/* The words with `separator` between them, as they are written. */
static void put_words(struct qv_str raw, char separator, struct qv_buf *buf)
{
    if (qv_str_is_blank(raw))
        return;
    raw = qv_str_trim(raw);
    bool after_separator = false;
    while (raw.length > 0) {
        bool separates;
        struct qv_str character = next_character(&raw, &separates);
        if (!separates)
            qv_buf_put(buf, character);
        else if (!after_separator)
            qv_buf_put_char(buf, separator);
        after_separator = separates;
    }
}

static void put_separated(struct qv_str raw, char separator, enum qv_case letters,
                          struct qv_buf *buf)
{
    QV_CLEANUP(qv_buf) struct qv_buf words = {0};
    put_words(raw, separator, &words);
    qv_text_put_case(qv_buf_str(&words), letters, buf);
    buf->failed = buf->failed || words.failed;
}

/* Each word's first letter in upper case, the very first one in its own, all others as they are.
 * `upper` is the same text in upper case: character for character, so that both are walked. */
static void join(struct qv_str words, struct qv_str upper, enum qv_case first, struct qv_buf *buf)
{
    bool separates;
    qv_text_put_case(next_character(&words, &separates), first, buf);
    next_character(&upper, &separates);
    bool at_word = false;
    while (words.length > 0) {
        struct qv_str kept = next_character(&words, &separates);
        struct qv_str raised = next_character(&upper, &separates);
        if (!separates)
            qv_buf_put(buf, at_word ? raised : kept);
        at_word = separates;
    }
}

static void put_joined(struct qv_str raw, enum qv_case first, struct qv_buf *buf)
{
    QV_CLEANUP(qv_buf) struct qv_buf words = {0}, upper = {0};
    put_words(raw, '_', &words);
    qv_text_put_case(qv_buf_str(&words), QV_CASE_UPPER, &upper);
    if (words.failed || upper.failed)
        buf->failed = true;
    else if (words.length > 0)
        join(qv_buf_str(&words), qv_buf_str(&upper), first, buf);
}

void qv_form_pascal(struct qv_str raw, struct qv_buf *buf)
{
    put_joined(raw, QV_CASE_UPPER, buf);
}

void qv_form_camel(struct qv_str raw, struct qv_buf *buf)
{
    put_joined(raw, QV_CASE_LOWER, buf);
}

void qv_form_upper_snake(struct qv_str raw, struct qv_buf *buf)
{
    put_separated(raw, '_', QV_CASE_UPPER, buf);
}

void qv_form_lower_snake(struct qv_str raw, struct qv_buf *buf)
{
    put_separated(raw, '_', QV_CASE_LOWER, buf);
}

void qv_form_kebab(struct qv_str raw, struct qv_buf *buf)
{
    put_separated(raw, '-', QV_CASE_LOWER, buf);
}

void qv_form_trimmed(struct qv_str raw, struct qv_buf *buf)
{
    if (!qv_str_is_blank(raw))
        qv_text_put_trimmed(raw, buf);
}
