/*
 * What the commands say of themselves: the text of `--help`, asked of the program that was just
 * built, and its parts. So pages and completion can say nothing but what the program says. Part of
 * the build program; one thread.
 */
#ifndef QUIVER_PAGES_HELP_H
#define QUIVER_PAGES_HELP_H

#include "roff.h"

#include <quiver/base/status.h>

enum { COMMANDS_MAX = 32 };

/** A command, or one below another: "policy explain". */
struct command {
    char name[40];
    struct qv_str about; /**< one line, of the list that it stands in; borrowed */
    char *help;          /**< owned; NULL: it has no help of its own */
};

struct commands {
    struct command at[COMMANDS_MAX];
    size_t count;
    char *all; /**< what `--help` alone says; owned */
};

/** A line `  TERM  ABOUT` of a help text. */
struct item {
    struct qv_str term, about;
};

/** An option of a help text: `-c, --config FILE`. */
struct option_text {
    char letter;                      /**< 0: none */
    struct qv_str name, value, about; /**< name with its hyphens; value is empty where none */
};

/** Standard output of `program` with these words, NULL at the end, places as documented_places has
 *  them; QV_UNAVAILABLE where it does not
 *  exit with 0. The caller frees it. */
QV_MUST_CHECK enum qv_status run_program(const char *program, const char *const *words,
                                         char **ret_said);
/** Asks `program` for all its commands, those below others too. */
QV_MUST_CHECK enum qv_status commands_ask(const char *program, struct commands *ret_commands);
void commands_free(struct commands *commands);

/** Is the line an item? */
bool help_item(struct qv_str line, struct item *ret_item);
/** Is the line one of an option? */
bool help_option(struct qv_str line, struct option_text *ret_option);
/** Does the usage take a file that belongs to no option? */
bool help_takes_file(const char *help);

/** The lines of its usage, as a synopsis. */
void help_put_synopsis(struct qv_buf *page, const char *help);
/** What follows the usage. `whole`: the page is about this command alone, so options and exit
 *  status are sections of it. */
void help_put_body(struct qv_buf *page, const char *help, bool whole);

#endif
