/*
 * What a line `@name` in a template (packaging/pages/templates) is replaced by. Part of the build
 * program; one thread.
 */
#ifndef QUIVER_PAGES_TEMPLATES_H
#define QUIVER_PAGES_TEMPLATES_H

#include "help.h"

/** What the templates speak of. */
struct sources {
    const char *folder;       /**< of the source tree */
    const char *pki;          /**< program */
    struct commands commands; /**< of quiver */
};

/** A manual page from a template whose first line is `# name(section): about`. */
QV_MUST_CHECK enum qv_status template_page(const struct sources *sources, struct qv_str text,
                                           struct qv_buf *page);
/** Any other file: as it is, but for its `@` lines. */
QV_MUST_CHECK enum qv_status template_script(const struct sources *sources, struct qv_str text,
                                             struct qv_buf *script);
/** The functions of the completions: what may follow, and what an option's value is. */
void completion_bash(const struct sources *sources, struct qv_buf *script);
void completion_zsh(const struct sources *sources, struct qv_buf *script);

#endif
