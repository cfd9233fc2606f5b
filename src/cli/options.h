/*
 * What the subcommands that take a configuration share. Main thread.
 */
#ifndef QUIVER_CLI_OPTIONS_H
#define QUIVER_CLI_OPTIONS_H

#include <quiver/config/config.h>

enum options_next {
    OPTIONS_GO,     /**< `--config FILE` is there */
    OPTIONS_HELPED, /**< `--help` was asked for and printed: exit status 0 */
    OPTIONS_WRONG,  /**< said on standard error: exit status 2 */
};

/** Reads `--config FILE` and `--help`, which prints `help`. */
enum options_next options_read(int argc, char **argv, const char *help, const char **ret_config);

/** Loads the configuration, or prints each fault on a line of its own. */
QV_MUST_CHECK enum qv_status options_load(const char *path, struct qv_config **ret_config);

/** Prints each fault on a line of its own to standard error. */
void options_print_faults(const struct qv_strings *faults);

#endif
