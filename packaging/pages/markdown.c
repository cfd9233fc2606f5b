/*
 * From the Markdown of docs/ to a manual page, line by line. Only what docs/ uses is known; what is
 * not known stays text, so that nothing is lost. One thread.
 */
#include "roff.h"

#include <string.h>

enum { COLUMNS_MAX = 8 };

enum block { BLOCK_NONE, BLOCK_TEXT, BLOCK_CODE, BLOCK_FENCE, BLOCK_TABLE };

struct cells {
    struct qv_str at[COLUMNS_MAX];
    size_t count;
};

struct writer {
    struct qv_buf *page;
    enum block block;
    struct qv_buf text; /* a paragraph, for markup may go over the end of a line; owned */
    struct cells heads; /* of the table */
    bool ruled;         /* the line below the heads is behind us */
};

/* ---- tables ---- */

static bool is_bar(struct qv_str line, size_t at, bool *in_code)
{
    if (line.at[at] == '`')
        *in_code = !*in_code;
    return line.at[at] == '|' && !*in_code;
}

static struct cells split(struct qv_str line)
{
    struct cells cells = {0};
    bool in_code = false;
    size_t from = 1; /* the line begins with a bar */
    for (size_t i = 1; i < line.length && cells.count < COLUMNS_MAX; i++) {
        if (!is_bar(line, i, &in_code))
            continue;
        cells.at[cells.count++] = qv_str_trim(qv_str_part(line, from, i - from));
        from = i + 1;
    }
    return cells;
}

/* Columns between the first and the last: "default: x; a change takes effect: at a reload". */
static void put_between(struct writer *writer, const struct cells *cells)
{
    bool some = false;
    for (size_t i = 1; i + 1 < cells->count; i++) {
        if (cells->at[i].length == 0)
            continue;
        qv_buf_put_text(writer->page, some ? "; " : "(");
        some = true;
        if (i < writer->heads.count && i > 1) { /* the second column explains itself */
            roff_inline(writer->page, writer->heads.at[i]);
            qv_buf_put_text(writer->page, ": ");
        }
        roff_inline(writer->page, cells->at[i]);
    }
    if (some)
        qv_buf_put_text(writer->page, ")\n");
}

static void put_row(struct writer *writer, const struct cells *cells)
{
    if (cells->count < 2)
        return;
    qv_buf_put_text(writer->page, ".TP\n");
    roff_inline(writer->page, cells->at[0]);
    qv_buf_put_char(writer->page, '\n');
    put_between(writer, cells);
    roff_inline(writer->page, cells->at[cells->count - 1]);
    qv_buf_put_char(writer->page, '\n');
}

static void take_row(struct writer *writer, struct qv_str line)
{
    struct cells cells = split(line);
    if (writer->block != BLOCK_TABLE) {
        writer->block = BLOCK_TABLE;
        writer->heads = cells;
        writer->ruled = false;
    } else if (!writer->ruled) {
        writer->ruled = true;
    } else {
        put_row(writer, &cells);
    }
}

/* ---- the other blocks ---- */

static void end_text(struct writer *writer)
{
    if (writer->text.length == 0)
        return;
    roff_inline(writer->page, qv_buf_str(&writer->text));
    qv_buf_put_char(writer->page, '\n');
    qv_buf_truncate(&writer->text, 0);
}

static void begin_code(struct writer *writer, enum block block)
{
    end_text(writer);
    qv_buf_put_text(writer->page, ".PP\n.RS 4\n.EX\n");
    writer->block = block;
}

static void end_code(struct writer *writer)
{
    qv_buf_put_text(writer->page, ".EE\n.RE\n");
    writer->block = BLOCK_NONE;
}

static void put_code(struct writer *writer, struct qv_str line)
{
    if (line.length == 0)
        qv_buf_put_text(writer->page, "\\&");
    roff_text(writer->page, line);
    qv_buf_put_char(writer->page, '\n');
}

static void put_heading(struct writer *writer, struct qv_str line)
{
    if (begins(line, "### "))
        roff_subsection(writer->page, behind(line, 4));
    else if (begins(line, "## "))
        roff_section(writer->page, behind(line, 3));
    writer->block = BLOCK_NONE;
}

/* "1. " or "- " at the beginning: how long, else 0. */
static size_t bullet(struct qv_str line)
{
    size_t digits = 0;
    while (digits < line.length && line.at[digits] >= '0' && line.at[digits] <= '9')
        digits++;
    if (digits > 0 && begins(behind(line, digits), ". "))
        return digits + 2;
    return begins(line, "- ") ? 2 : 0;
}

static void take_text(struct writer *writer, struct qv_str line)
{
    size_t marked = bullet(line);
    bool begins_one = marked > 0 || writer->block != BLOCK_TEXT;
    if (begins_one)
        end_text(writer);
    if (marked > 2)
        qv_buf_printf(writer->page, ".IP %.*s 4\n", (int)marked - 1, line.at);
    else if (marked > 0)
        qv_buf_put_text(writer->page, ".IP \\(bu 3\n");
    else if (begins_one)
        qv_buf_put_text(writer->page, ".PP\n");
    else
        qv_buf_put_char(&writer->text, '\n');
    qv_buf_put(&writer->text, qv_str_trim(behind(line, marked)));
    writer->block = BLOCK_TEXT;
}

/* Inside code: true if the line belongs to it. */
static bool take_code(struct writer *writer, struct qv_str line)
{
    bool indented = begins(line, "    ");
    if (writer->block == BLOCK_FENCE) {
        if (begins(line, "```"))
            end_code(writer);
        else
            put_code(writer, line);
        return true;
    }
    if (writer->block == BLOCK_CODE && !indented && line.length > 0)
        end_code(writer);
    if (begins(line, "```")) {
        begin_code(writer, BLOCK_FENCE);
        return true;
    }
    if (!indented || writer->block == BLOCK_TEXT)
        return writer->block == BLOCK_CODE;
    if (writer->block != BLOCK_CODE)
        begin_code(writer, BLOCK_CODE);
    put_code(writer, behind(line, 4));
    return true;
}

static void take_line(struct writer *writer, struct qv_str line)
{
    bool text = line.length > 0 && strchr("#|", line.at[0]) == NULL;
    if (take_code(writer, line))
        return;
    if (!text)
        end_text(writer);
    if (text)
        take_text(writer, line);
    else if (line.length == 0)
        writer->block = BLOCK_NONE;
    else if (line.at[0] == '#')
        put_heading(writer, line);
    else
        take_row(writer, line);
}

void roff_markdown(struct qv_buf *page, struct qv_str markdown)
{
    struct writer writer = {.page = page};
    struct qv_str line;
    while (qv_str_split_next(&markdown, '\n', &line))
        take_line(&writer, line);
    if (writer.block == BLOCK_CODE || writer.block == BLOCK_FENCE)
        end_code(&writer);
    end_text(&writer);
    page->failed = page->failed || writer.text.failed;
    qv_buf_free(&writer.text);
}
