/*
 * Manual pages as man(7) wants them: text with everything escaped that troff would act on, and the
 * little Markdown that docs/ uses. Part of the build program; one thread.
 */
#ifndef QUIVER_PAGES_ROFF_H
#define QUIVER_PAGES_ROFF_H

#include <quiver/base/buf.h>

/** Does it begin so? */
bool begins(struct qv_str text, const char *with);
/** `text` from byte `from` on. */
struct qv_str behind(struct qv_str text, size_t from);

/** The first lines: title, and the name section with `about`. */
void roff_begin(struct qv_buf *page, const char *name, int section, const char *about);
void roff_section(struct qv_buf *page, struct qv_str title);
void roff_subsection(struct qv_buf *page, struct qv_str title);
/** Text as it stands. */
void roff_text(struct qv_buf *page, struct qv_str text);
/** Text in which `code`, **bold** and [links](to) are Markdown's. */
void roff_inline(struct qv_buf *page, struct qv_str text);
/** What follows is about `term`. */
void roff_term(struct qv_buf *page, struct qv_str term);

/** Headings, paragraphs, lists, tables and code of a Markdown text; a first-level heading is left
 *  out, as the page has its title. A table becomes a list: first column, and what is said of it. */
void roff_markdown(struct qv_buf *page, struct qv_str markdown);

#endif
