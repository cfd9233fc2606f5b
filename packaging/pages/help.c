/*
 * The parts of a help text: usage, prose, items (`  term  about`), options, exit status. One
 * thread.
 */
#include "help.h"

#include <ctype.h>
#include <string.h>

enum { ITEM_INDENT_MAX = 7 }; /* what stands further in goes on with the item before */

static size_t indent_of(struct qv_str line)
{
    size_t indent = 0;
    while (indent < line.length && line.at[indent] == ' ')
        indent++;
    return indent;
}

/* Length of the word at `from`. */
static size_t word_at(struct qv_str line, size_t from)
{
    size_t end = from;
    while (end < line.length && line.at[end] != ' ')
        end++;
    return end - from;
}

/* FILE, N, HASH, FILE...: what an option's value is called. */
static bool is_value(struct qv_str word)
{
    for (size_t i = 0; i < word.length; i++)
        if (!isupper((unsigned char)word.at[i]) && word.at[i] != '.')
            return false;
    return word.length > 0;
}

/* `-c, --config FILE` ends behind its value, which may be one space before its explanation. */
static size_t option_term(struct qv_str line, size_t from)
{
    size_t end = from;
    bool option = true; /* the word before was one */
    for (size_t at = from; at < line.length && option;) {
        struct qv_str word = qv_str_part(line, at, word_at(line, at));
        option = begins(word, "-");
        if (!option && !is_value(word))
            break;
        end = at + word.length;
        at = end + 1;
        if (at < line.length && line.at[at] == ' ')
            break;
    }
    return end - from;
}

/* What is no option ends before the last gap: `pki show   DIR [NAME]    what is there`. */
static size_t plain_term(struct qv_str line, size_t from)
{
    for (size_t at = line.length; at > from + 2; at--)
        if (line.at[at - 1] == ' ' && line.at[at - 2] == ' ')
            return qv_str_trim(qv_str_part(line, from, at - from)).length;
    return 0;
}

bool help_item(struct qv_str line, struct item *ret_item)
{
    size_t indent = indent_of(line);
    if (indent < 2 || indent > ITEM_INDENT_MAX || indent == line.length)
        return false;
    size_t length = line.at[indent] == '-' ? option_term(line, indent) : plain_term(line, indent);
    struct item item = {.term = qv_str_part(line, indent, length),
                        .about = qv_str_trim(behind(line, indent + length))};
    if (length == 0 || item.about.length == 0)
        return false;
    *ret_item = item;
    return true;
}

bool help_option(struct qv_str line, struct option_text *ret_option)
{
    struct item item;
    struct option_text option = {0};
    if (!help_item(line, &item) || item.term.at[0] != '-')
        return false;
    option.about = item.about;
    while (item.term.length > 0) {
        struct qv_str word = qv_str_part(item.term, 0, word_at(item.term, 0));
        item.term = qv_str_trim(behind(item.term, word.length));
        if (begins(word, "--"))
            option.name = word;
        else if (begins(word, "-"))
            option.letter = word.at[1];
        else
            option.value = word;
    }
    *ret_option = option;
    return option.name.length > 0;
}

bool help_takes_file(const char *help)
{
    struct qv_str rest = qv_str_from(help), line, word, before = {0};
    while (qv_str_split_next(&rest, '\n', &line) && line.length > 0)
        while (qv_str_split_next(&line, ' ', &word)) {
            if (begins(word, "FILE") && !begins(before, "-") && !begins(before, "[-"))
                return true;
            before = word;
        }
    return false;
}

/* ---- as a page ------------------------------------------------------------------------------- */

/* A usage's command is bold, the rest as it is. */
static void put_usage(struct qv_buf *page, struct qv_str line)
{
    struct qv_str text = begins(line, "usage: ") ? behind(line, 7) : qv_str_trim(line);
    size_t command = 0;
    for (size_t at = 0; at < text.length; at += word_at(text, at) + 1) {
        if (!islower((unsigned char)text.at[at]))
            break;
        command = at + word_at(text, at);
    }
    qv_buf_put_text(page, "\\fB");
    roff_text(page, qv_str_part(text, 0, command));
    qv_buf_put_text(page, "\\fP");
    roff_text(page, behind(text, command));
    qv_buf_put_text(page, "\n.br\n");
}

/* Takes the usage's lines off `rest`. */
static void take_usage(struct qv_str *rest, struct qv_buf *page)
{
    struct qv_str line;
    while (qv_str_split_next(rest, '\n', &line) && line.length > 0)
        if (page != NULL)
            put_usage(page, line);
}

void help_put_synopsis(struct qv_buf *page, const char *help)
{
    struct qv_str rest = qv_str_from(help);
    take_usage(&rest, page);
}

/* "options:" and "exit status: ..." are sections of a page, or paragraphs. */
static bool put_head(struct qv_buf *page, struct qv_str line, bool whole)
{
    static const struct {
        const char *begins, *title;
    } heads[] = {
        {"options:", "Options"}, {"commands:", "Commands"}, {"exit status:", "Exit status"}};
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        if (!begins(line, heads[i].begins))
            continue;
        struct qv_str more = qv_str_trim(behind(line, strlen(heads[i].begins)));
        if (whole)
            roff_section(page, qv_str_from(heads[i].title));
        else
            qv_buf_printf(page, ".PP\n%s:\n", heads[i].title);
        roff_inline(page, more);
        if (more.length > 0)
            qv_buf_put_char(page, '\n');
        return true;
    }
    return false;
}

static void put_line(struct qv_buf *page, struct qv_str line, bool *item_before)
{
    struct item item;
    if (help_item(line, &item)) {
        roff_term(page, item.term);
        line = item.about;
        *item_before = true;
    } else if (*item_before && indent_of(line) == 0) {
        qv_buf_put_text(page, ".PP\n");
        *item_before = false;
    }
    roff_inline(page, qv_str_trim(line));
    qv_buf_put_char(page, '\n');
}

void help_put_body(struct qv_buf *page, const char *help, bool whole)
{
    struct qv_str rest = qv_str_from(help), line;
    bool blank = true, item_before = false;
    take_usage(&rest, NULL);
    while (qv_str_split_next(&rest, '\n', &line)) {
        if (line.length == 0) {
            blank = true;
            continue;
        }
        if (put_head(page, line, whole)) {
            blank = item_before = false;
            continue;
        }
        if (blank)
            qv_buf_put_text(page, ".PP\n");
        item_before = item_before && !blank;
        put_line(page, line, &item_before);
        blank = false;
    }
}
