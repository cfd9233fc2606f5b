/*
 * From templates to pages: Markdown, and lines `@name` where something comes that the program knows
 * better. A name that is not known fails the build. One thread.
 */
#include "templates.h"
#include "places.h"

#include <quiver/base/file.h>
#include <quiver/base/memory.h>
#include <quiver/config/config.h>
#include <quiver/policy/policy.h>
#include <stdio.h>
#include <string.h>

enum { FILE_SIZE_MAX = 1024 * 1024 };

/* ---- what comes in place of a line ----------------------------------------------------------- */

/* `about`: the rest of the line. */
typedef enum qv_status (*directive)(const struct sources *sources, const char *about,
                                    struct qv_buf *page);

static const char *help_of(const struct sources *sources, const char *command)
{
    if (*command == '\0')
        return sources->commands.all;
    for (size_t i = 0; i < sources->commands.count; i++)
        if (strcmp(sources->commands.at[i].name, command) == 0)
            return sources->commands.at[i].help;
    return NULL;
}

static enum qv_status put_usage(const struct sources *sources, const char *about,
                                struct qv_buf *page)
{
    const char *help = help_of(sources, about);
    if (help == NULL)
        return QV_NOT_FOUND;
    if (*about == '\0' && strstr(help, "usage: ") != NULL)
        help = strstr(help, "usage: "); /* a line of its own stands before it */
    help_put_synopsis(page, help);
    return QV_OK;
}

static enum qv_status put_body(const struct sources *sources, const char *about,
                               struct qv_buf *page)
{
    const char *help = help_of(sources, about);
    if (help == NULL)
        return QV_NOT_FOUND;
    help_put_body(page, help, true);
    return QV_OK;
}

/* Two commands may have one help: "audit" and "audit verify". */
static bool told_before(const struct commands *commands, size_t of)
{
    for (size_t i = 0; i < of; i++)
        if (strcmp(commands->at[i].help != NULL ? commands->at[i].help : "",
                   commands->at[of].help) == 0)
            return true;
    return false;
}

static enum qv_status put_commands(const struct sources *sources, const char *about,
                                   struct qv_buf *page)
{
    (void)about;
    for (size_t i = 0; i < sources->commands.count; i++) {
        const struct command *command = &sources->commands.at[i];
        if (command->help == NULL || told_before(&sources->commands, i))
            continue;
        roff_subsection(page, qv_str_from(command->name));
        help_put_synopsis(page, command->help);
        help_put_body(page, command->help, false);
    }
    return QV_OK;
}

static enum qv_status put_operations(const struct sources *sources, const char *about,
                                     struct qv_buf *page)
{
    (void)sources;
    (void)about;
    for (unsigned i = 0; i < QV_OP_COUNT; i++) {
        roff_term(page, qv_str_from(qv_operation_name((enum qv_operation)i)));
        roff_text(page, qv_str_from(qv_operation_about((enum qv_operation)i)));
        qv_buf_put_char(page, '\n');
    }
    return QV_OK;
}

static enum qv_status put_markdown(struct qv_str text, struct qv_buf *page)
{
    QV_CLEANUP(qv_buf) struct qv_buf documented = {0};
    documented_places(text, &documented);
    QV_TRY(qv_buf_status(&documented));
    roff_markdown(page, qv_buf_str(&documented));
    return QV_OK;
}

static enum qv_status put_settings(const struct sources *sources, const char *about,
                                   struct qv_buf *page)
{
    (void)sources;
    (void)about;
    QV_CLEANUP(qv_buf) struct qv_buf reference = {0};
    qv_config_write_reference(&reference);
    QV_TRY(qv_buf_status(&reference));
    return put_markdown(qv_buf_str(&reference), page);
}

static enum qv_status put_file(const struct sources *sources, const char *about,
                               struct qv_buf *page)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    char *path = qv_path_join(sources->folder, about);
    if (path == NULL)
        return QV_NO_MEMORY;
    enum qv_status status = qv_file_read(path, FILE_SIZE_MAX, &text, &error);
    qv_free(path);
    if (status != QV_OK)
        fprintf(stderr, "%s\n", qv_error_message(&error));
    return status == QV_OK ? put_markdown(qv_buf_str(&text), page) : status;
}

/* The verbs of quiver-pki, each as a part. */
static enum qv_status put_pki(const struct sources *sources, const char *about, struct qv_buf *page)
{
    const char *const words[] = {*about == '\0' ? "--help" : about,
                                 *about == '\0' ? NULL : "--help", NULL};
    char *help = NULL;
    QV_TRY(run_program(sources->pki, words, &help));
    if (*about != '\0') {
        roff_subsection(page, qv_str_from(about));
        help_put_synopsis(page, help);
    }
    help_put_body(page, help, false);
    qv_free(help);
    return QV_OK;
}

static enum qv_status put_bash(const struct sources *sources, const char *about,
                               struct qv_buf *page)
{
    (void)about;
    completion_bash(sources, page);
    return QV_OK;
}

static enum qv_status put_zsh(const struct sources *sources, const char *about, struct qv_buf *page)
{
    (void)about;
    completion_zsh(sources, page);
    return QV_OK;
}

static const struct {
    const char *name;
    directive put;
} directives[] = {
    {"usage", put_usage},       {"body", put_body},
    {"commands", put_commands}, {"operations", put_operations},
    {"file", put_file},         {"settings", put_settings},
    {"pki", put_pki},           {"bash", put_bash},
    {"zsh", put_zsh},
};

/* "@usage serve" */
static enum qv_status put_directive(const struct sources *sources, struct qv_str line,
                                    struct qv_buf *page)
{
    char name[32] = "", about[80] = "";
    if (line.length < sizeof(about))
        sscanf(line.at, "@%31[a-z]%*1[ ]%79[^\n]", name, about);
    for (size_t i = 0; i < sizeof(directives) / sizeof(directives[0]); i++)
        if (strcmp(directives[i].name, name) == 0)
            return directives[i].put(sources, about, page);
    fprintf(stderr, "there is no %.*s\n", QV_STR_ARG(line));
    return QV_NOT_FOUND;
}

/* ---- templates ------------------------------------------------------------------------------- */

/* Text up to the next directive. */
static struct qv_str take_text(struct qv_str *rest)
{
    struct qv_str all = *rest;
    size_t length = 0;
    while (length < all.length && all.at[length] != '@') {
        size_t end = qv_str_find(behind(all, length), '\n');
        length = end == SIZE_MAX ? all.length : length + end + 1;
    }
    *rest = behind(all, length);
    return qv_str_part(all, 0, length);
}

enum qv_status template_page(const struct sources *sources, struct qv_str text, struct qv_buf *page)
{
    struct qv_str line;
    char name[64], about[128];
    int section;
    qv_str_split_next(&text, '\n', &line);
    if (line.length >= sizeof(about) ||
        sscanf(line.at, "# %63[^(](%d): %127[^\n]", name, &section, about) != 3)
        return QV_INVALID;
    roff_begin(page, name, section, about);
    while (text.length > 0) {
        QV_TRY(put_markdown(take_text(&text), page));
        if (text.length > 0 && qv_str_split_next(&text, '\n', &line))
            QV_TRY(put_directive(sources, line, page));
    }
    return qv_buf_status(page);
}

enum qv_status template_script(const struct sources *sources, struct qv_str text,
                               struct qv_buf *script)
{
    struct qv_str line;
    while (text.length > 0) {
        qv_buf_put(script, take_text(&text));
        if (text.length > 0 && qv_str_split_next(&text, '\n', &line))
            QV_TRY(put_directive(sources, line, script));
    }
    return qv_buf_status(script);
}
