/*
 * Names in other forms.
 *
 * Holds always: a run of separators counts as one, of whatever kinds they are; one at the front
 * stays, as `_`, so that a name that begins with it follows no convention. Pure; any thread.
 */
#include "name_forms.h"
#include "text.h"

/* What stands between words: hyphens, underscores and Unicode's White_Space; a trim knows only what
 * is below U+0021. Here are those of ASCII, which are nearly all that ever come. */
static const bool separators[0x80] = {
    ['\t'] = true, ['\n'] = true, ['\v'] = true, ['\f'] = true,
    ['\r'] = true, [' '] = true,  ['-'] = true,  ['_'] = true,
};

static bool is_wide_space(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } spaces[] = {
        {0x85, 0x85},     {0xA0, 0xA0},     {0x1680, 0x1680}, {0x2000, 0x200A},
        {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000},
    };
    for (size_t i = 0; i < QV_COUNT_OF(spaces); i++) {
        if (c >= spaces[i].first && c <= spaces[i].last)
            return true;
    }
    return false;
}

/* How many bytes the character at the front takes; a byte that is no UTF-8 is one, too. */
static size_t character_size(struct qv_str text, bool *ret_separates)
{
    unsigned char first = (unsigned char)text.at[0];
    if (first < QV_COUNT_OF(separators)) {
        *ret_separates = separators[first];
        return 1;
    }
    uint32_t c = 0;
    size_t size = qv_str_next_code_point(text, &c);
    *ret_separates = size > 0 && is_wide_space(c);
    return size > 0 ? size : 1;
}

/* Takes a run from the front of `rest`: of separators, or of anything else. */
static struct qv_str take_run(struct qv_str *rest, bool of_separators)
{
    struct qv_str behind = *rest;
    bool separates;
    while (behind.length > 0) {
        size_t size = character_size(behind, &separates);
        if (separates != of_separators)
            break;
        behind.at += size;
        behind.length -= size;
    }
    struct qv_str run = qv_str_part(*rest, 0, rest->length - behind.length);
    *rest = behind;
    return run;
}

/* The words with `separator` between them, as they are written. */
static void put_words(struct qv_str raw, char separator, struct qv_buf *buf)
{
    if (qv_str_is_blank(raw))
        return;
    raw = qv_str_trim(raw);
    qv_buf_reserve(buf, raw.length);
    while (raw.length > 0) {
        qv_buf_put(buf, take_run(&raw, false));
        if (take_run(&raw, true).length > 0)
            qv_buf_put_char(buf, separator);
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

/* Takes a word, and the separators behind it. */
static struct qv_str take_word(struct qv_str *rest)
{
    struct qv_str word = take_run(rest, false);
    take_run(rest, true);
    return word;
}

/* The word, its first character replaced by that of `raised`, which is put in the case. */
static void put_word(struct qv_str word, struct qv_str raised, enum qv_case letter,
                     struct qv_buf *buf)
{
    bool ignored;
    if (word.length == 0 || raised.length == 0)
        return;
    qv_text_put_case(qv_str_part(raised, 0, character_size(raised, &ignored)), letter, buf);
    qv_buf_put(buf, qv_str_part(word, character_size(word, &ignored), SIZE_MAX));
}

/* Each word's first letter in upper case, the very first one in its own, all others as they are.
 * `upper` is the same text, character for character so that both are walked: in upper case, or
 * where `letter` says so still to be put in it. */
static void join(struct qv_str words, struct qv_str upper, enum qv_case letter, enum qv_case first,
                 struct qv_buf *buf)
{
    bool is_led = take_run(&words, true).length > 0;
    take_run(&upper, true);
    if (is_led)
        qv_buf_put_char(buf, '_');
    struct qv_str word = take_word(&words);
    take_word(&upper);
    put_word(word, word, is_led ? QV_CASE_KEPT : first, buf);
    while (words.length > 0) {
        word = take_word(&words);
        put_word(word, take_word(&upper), letter, buf);
    }
}

static void put_joined(struct qv_str raw, enum qv_case first, struct qv_buf *buf)
{
    if (qv_str_is_blank(raw))
        return;
    raw = qv_str_trim(raw);
    qv_buf_reserve(buf, raw.length);
    if (qv_text_is_ascii(raw)) {
        join(raw, raw, QV_CASE_UPPER, first, buf);
        return;
    }
    /* At once: each time that letters beyond ASCII change is dear. */
    QV_CLEANUP(qv_buf) struct qv_buf upper = {0};
    qv_text_put_case(raw, QV_CASE_UPPER, &upper);
    join(raw, qv_buf_str(&upper), QV_CASE_KEPT, first, buf);
    buf->failed = buf->failed || upper.failed;
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
