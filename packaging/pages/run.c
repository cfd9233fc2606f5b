/*
 * Asks the program that was just built what commands it has and what each says of itself. Nothing
 * of it is known here: a command that is added is in the pages and in the completion. One thread.
 */
#include "help.h"
#include "places.h"

#include <errno.h>
#include <quiver/base/memory.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS_MAX = 8 };

/* Until the other end is closed. */
static void read_all(int from, struct qv_buf *into)
{
    char piece[4096];
    for (;;) {
        ssize_t got = read(from, piece, sizeof(piece));
        if (got > 0)
            qv_buf_put(into, (struct qv_str){.at = piece, .length = (size_t)got});
        else if (got == 0 || errno != EINTR)
            return;
    }
}

/* Its standard output goes into the pipe, what it complains about nowhere. */
static int start(const char *program, char **arguments, const int *ends, pid_t *ret_child)
{
    posix_spawn_file_actions_t actions;
    int fault = posix_spawn_file_actions_init(&actions);
    if (fault != 0)
        return fault;
    fault = posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    if (fault == 0)
        fault = posix_spawn_file_actions_addclose(&actions, ends[0]);
    if (fault == 0)
        fault = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", 1, 0);
    if (fault == 0)
        fault = posix_spawn(ret_child, program, &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return fault;
}

static bool ended_well(pid_t child)
{
    int how = 0;
    while (waitpid(child, &how, 0) == -1)
        if (errno != EINTR)
            return false;
    return WIFEXITED(how) && WEXITSTATUS(how) == 0;
}

/* What it says names places of the source tree; readers of a page have an installation. */
enum qv_status run_program(const char *program, const char *const *words, char **ret_said)
{
    QV_CLEANUP(qv_buf) struct qv_buf said = {0}, documented = {0};
    char *arguments[WORDS_MAX + 2] = {(char *)program};
    int ends[2];
    pid_t child;
    for (size_t i = 0; i < WORDS_MAX && words[i] != NULL; i++)
        arguments[i + 1] = (char *)words[i];
    if (pipe(ends) != 0)
        return QV_UNAVAILABLE;
    int fault = start(program, arguments, ends, &child);
    close(ends[1]);
    if (fault == 0)
        read_all(ends[0], &said);
    close(ends[0]);
    if (fault != 0 || !ended_well(child))
        return QV_UNAVAILABLE;
    documented_places(qv_buf_str(&said), &documented);
    qv_buf_reserve(&documented, 1); /* a program may have said nothing */
    return said.failed ? QV_NO_MEMORY : qv_buf_take(&documented, ret_said, NULL);
}

/* ---- commands -------------------------------------------------------------------------------- */

/* "policy" "explain" -> "policy explain", and its help; without it, where it has none of its own.
 */
static enum qv_status add(struct commands *commands, const char *program, const char *above,
                          const struct item *item)
{
    struct command *command = &commands->at[commands->count];
    char own[sizeof(command->name)];
    if (commands->count == COMMANDS_MAX || item->term.length >= sizeof(own))
        return QV_TOO_LARGE;
    snprintf(own, sizeof(own), "%.*s", QV_STR_ARG(item->term));
    int length = snprintf(command->name, sizeof(command->name), "%s%s%s",
                          above == NULL ? "" : above, above == NULL ? "" : " ", own);
    if (length < 0 || (size_t)length >= sizeof(command->name))
        return QV_TOO_LARGE;
    const char *below[] = {above, own, "--help", NULL}, *top[] = {own, "--help", NULL};
    enum qv_status status = run_program(program, above == NULL ? top : below, &command->help);
    if (status != QV_OK && above == NULL)
        return status; /* those at the top all have a help */
    command->about = item->about;
    commands->count++;
    return status == QV_UNAVAILABLE ? QV_OK : status;
}

/* The items of a help text that are commands: `above` and its usage says so. */
static enum qv_status add_all(struct commands *commands, const char *program, const char *above,
                              const char *help)
{
    struct qv_str rest = qv_str_from(help), line;
    struct item item;
    bool usage = true; /* its lines are indented, too */
    while (qv_str_split_next(&rest, '\n', &line)) {
        QV_CLEANUP(qv_buf) struct qv_buf called = {0};
        usage = usage && (above == NULL || line.length > 0);
        if (usage && above != NULL)
            continue;
        if (!help_item(line, &item) || item.term.at[0] == '-')
            continue;
        qv_buf_printf(&called, "quiver %s%s%.*s", above == NULL ? "" : above,
                      above == NULL ? "" : " ", QV_STR_ARG(item.term));
        QV_TRY(qv_buf_status(&called));
        if (above == NULL || strstr(help, called.at) != NULL)
            QV_TRY(add(commands, program, above, &item));
    }
    return QV_OK;
}

/* One that its usage alone names: "quiver audit verify". */
static enum qv_status add_single(struct commands *commands, const char *program, size_t of)
{
    char word[32], before[64];
    const struct command *command = &commands->at[of];
    snprintf(before, sizeof(before), "usage: quiver %s ", command->name);
    size_t length = strlen(before);
    if (strncmp(command->help, before, length) != 0 ||
        sscanf(command->help + length, "%31[a-z]", word) != 1)
        return QV_OK;
    struct item item = {.term = qv_str_from(word), .about = command->about};
    return add(commands, program, command->name, &item);
}

enum qv_status commands_ask(const char *program, struct commands *ret_commands)
{
    QV_CLEANUP(commands) struct commands commands = {0};
    const char *const words[] = {"--help", NULL};
    QV_TRY(run_program(program, words, &commands.all));
    QV_TRY(add_all(&commands, program, NULL, commands.all));
    size_t top = commands.count;
    for (size_t i = 0; i < top; i++) {
        size_t before = commands.count;
        QV_TRY(add_all(&commands, program, commands.at[i].name, commands.at[i].help));
        if (commands.count == before)
            QV_TRY(add_single(&commands, program, i));
    }
    *ret_commands = commands;
    commands = (struct commands){0};
    return QV_OK;
}

void commands_free(struct commands *commands)
{
    for (size_t i = 0; i < commands->count; i++)
        qv_free(commands->at[i].help);
    qv_free(commands->all);
    *commands = (struct commands){0};
}
