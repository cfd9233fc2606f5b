/*
 * What the completions of bash and zsh know, from the help texts: what may follow a command, which
 * options take a value and of which kind. One thread.
 */
#include "templates.h"

#include <quiver/policy/policy.h>
#include <stdio.h>
#include <string.h>

/* ---- what is there --------------------------------------------------------------------------- */

/* The next option of a help text; false: no more. */
static bool next_option(struct qv_str *rest, struct option_text *ret_option)
{
    struct qv_str line;
    while (rest->length > 0 && qv_str_split_next(rest, '\n', &line))
        if (help_option(line, ret_option))
            return true;
    return false;
}

/* Is `command` right below `above` ("" for the top)? Then the word that follows, else NULL. */
static const char *word_below(const char *above, const char *command)
{
    size_t length = strlen(above);
    if (strncmp(command, above, length) != 0)
        return NULL;
    const char *word = command + length;
    if (length > 0 && *word++ != ' ')
        return NULL;
    return strchr(word, ' ') == NULL ? word : NULL;
}

static bool has_below(const struct commands *commands, const char *above)
{
    for (size_t i = 0; i < commands->count; i++)
        if (word_below(above, commands->at[i].name) != NULL)
            return true;
    return false;
}

static void put_operation_names(struct qv_buf *script)
{
    for (unsigned i = 0; i < QV_OP_COUNT; i++)
        qv_buf_printf(script, "%s%s", i == 0 ? "" : " ", qv_operation_name((enum qv_operation)i));
}

static bool is(struct qv_str text, const char *word)
{
    return qv_str_equal(text, qv_str_from(word));
}

/* ---- bash ------------------------------------------------------------------------------------ */

/* `"policy explain") echo "--config --json" ;;` */
static void bash_words(const struct commands *commands, const char *name, const char *help,
                       struct qv_buf *script)
{
    struct qv_str rest = qv_str_from(help);
    struct option_text option;
    qv_buf_printf(script, "    \"%s\") echo \"", name);
    for (size_t i = 0; i < commands->count; i++)
        if (word_below(name, commands->at[i].name) != NULL)
            qv_buf_printf(script, "%s ", word_below(name, commands->at[i].name));
    while (next_option(&rest, &option))
        qv_buf_printf(script, "%.*s ", QV_STR_ARG(option.name));
    qv_buf_put_text(script, *name == '\0' ? "--help --version\" ;;\n" : "\" ;;\n");
}

/* `"serve --config" | "serve -c") echo @file ;;` */
static void bash_values(const char *name, const char *help, struct qv_buf *script)
{
    struct qv_str rest = qv_str_from(help);
    struct option_text option;
    while (next_option(&rest, &option)) {
        if (option.value.length == 0)
            continue;
        qv_buf_printf(script, "    \"%s %.*s\"", name, QV_STR_ARG(option.name));
        if (option.letter != 0)
            qv_buf_printf(script, " | \"%s -%c\"", name, option.letter);
        qv_buf_put_text(script, ") echo \"");
        if (is(option.value, "FILE"))
            qv_buf_put_text(script, "@file");
        else if (is(option.value, "OPERATION"))
            put_operation_names(script);
        else
            qv_buf_put_text(script, "@any");
        qv_buf_put_text(script, "\" ;;\n");
    }
}

void completion_bash(const struct sources *sources, struct qv_buf *script)
{
    const struct commands *commands = &sources->commands;
    qv_buf_put_text(script, "_quiver_words() { # command\n    case $1 in\n");
    bash_words(commands, "", "", script);
    for (size_t i = 0; i < commands->count; i++)
        if (commands->at[i].help != NULL)
            bash_words(commands, commands->at[i].name, commands->at[i].help, script);
    qv_buf_put_text(script,
                    "    esac\n}\n\n_quiver_value() { # command option\n    case \"$1 $2\" in\n");
    for (size_t i = 0; i < commands->count; i++)
        if (commands->at[i].help != NULL)
            bash_values(commands->at[i].name, commands->at[i].help, script);
    qv_buf_put_text(script, "    esac\n}\n\n_quiver_operand() { # command\n    case $1 in\n");
    for (size_t i = 0; i < commands->count; i++)
        if (commands->at[i].help != NULL && help_takes_file(commands->at[i].help) &&
            !has_below(commands, commands->at[i].name))
            qv_buf_printf(script, "    \"%s\") echo \"@file\" ;;\n", commands->at[i].name);
    qv_buf_put_text(script, "    esac\n}\n");
}

/* ---- zsh ------------------------------------------------------------------------------------- */

/* Within single quotes, where brackets and colons mean something. */
static void zsh_text(struct qv_buf *script, struct qv_str text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.at[i] == '\'')
            qv_buf_put_text(script, "'\\'");
        else if (strchr("[]:\\", text.at[i]) != NULL)
            qv_buf_put_char(script, '\\');
        qv_buf_put_char(script, text.at[i]);
    }
}

/* Of an explanation that goes on: without the comma at the end. */
static struct qv_str first_line(struct qv_str about)
{
    if (about.length > 0 && about.at[about.length - 1] == ',')
        about.length--;
    return about;
}

static void zsh_option(const struct option_text *option, bool repeated, struct qv_buf *script)
{
    qv_buf_put_text(script, " \\\n            ");
    if (repeated)
        qv_buf_printf(script, "'*%.*s[", QV_STR_ARG(option->name));
    else if (option->letter != 0)
        qv_buf_printf(script, "'(-%c %.*s)'{-%c,%.*s}'[", option->letter, QV_STR_ARG(option->name),
                      option->letter, QV_STR_ARG(option->name));
    else
        qv_buf_printf(script, "'%.*s[", QV_STR_ARG(option->name));
    zsh_text(script, first_line(option->about));
    qv_buf_put_text(script, "]");
    if (option->value.length > 0)
        qv_buf_printf(script, ":%.*s:", QV_STR_ARG(option->value));
    if (is(option->value, "FILE")) {
        qv_buf_put_text(script, "_files");
    } else if (is(option->value, "OPERATION")) {
        qv_buf_put_text(script, "(");
        put_operation_names(script);
        qv_buf_put_text(script, ")");
    }
    qv_buf_put_text(script, "'");
}

static void zsh_below(const struct commands *commands, const char *name, struct qv_buf *script)
{
    qv_buf_put_text(script, "        list=(");
    for (size_t i = 0; i < commands->count; i++) {
        const char *word = word_below(name, commands->at[i].name);
        if (word == NULL)
            continue;
        qv_buf_printf(script, "\n            '%s:", word);
        zsh_text(script, commands->at[i].about);
        qv_buf_put_text(script, "'");
    }
    qv_buf_put_text(script, ")\n        _describe command list\n");
}

static void zsh_command(const struct commands *commands, const struct command *command,
                        struct qv_buf *script)
{
    struct qv_str rest = qv_str_from(command->help);
    struct option_text option;
    qv_buf_printf(script, "    \"%s\")\n", command->name);
    if (has_below(commands, command->name)) {
        zsh_below(commands, command->name, script);
    } else {
        qv_buf_put_text(script, "        _arguments");
        while (next_option(&rest, &option))
            zsh_option(&option, memmem(option.about.at, option.about.length, "repeated", 8) != NULL,
                       script);
        if (help_takes_file(command->help))
            qv_buf_put_text(script, " \\\n            '*:FILE:_files'");
        qv_buf_put_text(script, "\n");
    }
    qv_buf_put_text(script, "        ;;\n");
}

void completion_zsh(const struct sources *sources, struct qv_buf *script)
{
    const struct commands *commands = &sources->commands;
    qv_buf_put_text(script, "_quiver_known() { # command\n    case $1 in\n    ");
    for (size_t i = 0; i < commands->count; i++)
        qv_buf_printf(script, "%s\"%s\"", i == 0 ? "" : " | ", commands->at[i].name);
    qv_buf_put_text(script, ") return 0 ;;\n    esac\n    return 1\n}\n\n"
                            "_quiver_follows() { # command\n    local -a list\n    case $1 in\n"
                            "    \"\")\n");
    zsh_below(commands, "", script);
    qv_buf_put_text(script, "        _arguments '--help[what commands there are]'"
                            " '--version[which version this is]'\n        ;;\n");
    for (size_t i = 0; i < commands->count; i++)
        if (commands->at[i].help != NULL)
            zsh_command(commands, &commands->at[i], script);
    qv_buf_put_text(script, "    esac\n}\n");
}
