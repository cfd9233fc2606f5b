/*
 * Escaping and inline markup of manual pages. Each hyphen is written as a minus, so that what is
 * copied from a page can be pasted into a shell. One thread.
 */
#include "roff.h"

#include <ctype.h>
#include <string.h>

struct qv_str behind(struct qv_str text, size_t from)
{
    return qv_str_part(text, from, text.length - from);
}

bool begins(struct qv_str text, const char *with)
{
    return qv_str_starts_with(text, qv_str_from(with));
}

static bool at_line_start(const struct qv_buf *page)
{
    return page->length == 0 || page->at[page->length - 1] == '\n';
}

/* What troff would take for something else; NULL: nothing. */
static const char *escaped(char c)
{
    switch (c) {
    case '\\': return "\\(rs";
    case '-': return "\\-";
    case '~': return "\\(ti";
    case '^': return "\\(ha";
    case '"': return "\\(dq";
    case '`': return "\\(ga";
    default: return NULL;
    }
}

void roff_text(struct qv_buf *page, struct qv_str text)
{
    for (size_t i = 0; i < text.length; i++) {
        const char *as = escaped(text.at[i]);
        if (at_line_start(page) && strchr(".'", text.at[i]) != NULL)
            qv_buf_put_text(page, "\\&"); /* else it would be a request */
        if (as != NULL)
            qv_buf_put_text(page, as);
        else
            qv_buf_put_char(page, text.at[i]);
    }
}

/* How long is the marked piece at the beginning of `text`, its marks included? 0: none. */
static size_t piece(struct qv_str text, const char *mark)
{
    size_t length = strlen(mark);
    if (!begins(text, mark))
        return 0;
    for (size_t i = length; i + length <= text.length; i++)
        if (i > length && memcmp(text.at + i, mark, length) == 0)
            return i + length;
    return 0;
}

/* The same of a link; `ret_shown` is what a reader sees. */
static size_t link_at(struct qv_str text, struct qv_str *ret_shown)
{
    const char *middle = begins(text, "[") ? memmem(text.at, text.length, "](", 2) : NULL;
    if (middle == NULL)
        return 0;
    const char *end = memchr(middle, ')', text.length - (size_t)(middle - text.at));
    if (end == NULL)
        return 0;
    *ret_shown = qv_str_part(text, 1, (size_t)(middle - text.at) - 1);
    return (size_t)(end - text.at) + 1;
}

static void put_bold(struct qv_buf *page, struct qv_str text)
{
    qv_buf_put_text(page, "\\fB");
    roff_text(page, text);
    qv_buf_put_text(page, "\\fP");
}

void roff_inline(struct qv_buf *page, struct qv_str text)
{
    while (text.length > 0) {
        struct qv_str shown;
        size_t code = piece(text, "`"), bold = piece(text, "**"), link = link_at(text, &shown);
        size_t taken = code + bold + link; /* they begin differently: one at most is not 0 */
        if (code > 0)
            put_bold(page, qv_str_part(text, 1, code - 2));
        else if (bold > 0)
            put_bold(page, qv_str_part(text, 2, bold - 4));
        else if (link > 0)
            roff_text(page, shown);
        else
            for (taken = 1; taken < text.length && strchr("`*[", text.at[taken]) == NULL;)
                taken++;
        if (code + bold + link == 0)
            roff_text(page, qv_str_part(text, 0, taken));
        text = behind(text, taken);
    }
}

static void put_upper(struct qv_buf *page, struct qv_str text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.at[i] != '"' && text.at[i] != '`')
            qv_buf_put_char(page, (char)toupper((unsigned char)text.at[i]));
}

void roff_begin(struct qv_buf *page, const char *name, int section, const char *about)
{
    qv_buf_put_text(page, ".TH ");
    put_upper(page, qv_str_from(name));
    qv_buf_printf(page, " %d \"\" \"quiver %s\" \"Quiver\"\n.SH NAME\n", section, QUIVER_VERSION);
    roff_text(page, qv_str_from(name));
    qv_buf_put_text(page, " \\- ");
    roff_text(page, qv_str_from(about));
    qv_buf_put_char(page, '\n');
}

void roff_section(struct qv_buf *page, struct qv_str title)
{
    qv_buf_put_text(page, ".SH \"");
    put_upper(page, title);
    qv_buf_put_text(page, "\"\n");
}

void roff_subsection(struct qv_buf *page, struct qv_str title)
{
    qv_buf_put_text(page, ".SS \"");
    roff_text(page, title);
    qv_buf_put_text(page, "\"\n");
}

void roff_term(struct qv_buf *page, struct qv_str term)
{
    qv_buf_put_text(page, ".TP\n");
    put_bold(page, term);
    qv_buf_put_char(page, '\n');
}
