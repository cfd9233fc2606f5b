/*
 * What the subcommands share: reading options, loading a configuration and what it names. Main
 * thread.
 */
#ifndef QUIVER_CLI_OPTIONS_H
#define QUIVER_CLI_OPTIONS_H

#include <quiver/trust/trust.h>

/** What a subcommand takes besides --help. */
struct options_wanted {
    const char *help;    /**< what --help prints */
    bool config;         /**< `--config FILE` must be there; else it may */
    const char *operand; /**< the name of the one argument that must be there; NULL: none may */
    bool json;           /**< `--json` may be given */
};

struct options {
    const char *config;  /**< NULL: not given */
    const char *operand; /**< NULL: none is taken */
    bool json;           /**< was given */
};

enum options_next {
    OPTIONS_GO,     /**< all that is wanted is there */
    OPTIONS_HELPED, /**< `--help` was asked for and printed: exit status 0 */
    OPTIONS_WRONG,  /**< said on standard error: exit status 2 */
};

enum options_next options_read(int argc, char **argv, const struct options_wanted *wanted,
                               struct options *ret_options);

/** Loads the configuration, or prints each fault on a line of its own. */
QV_MUST_CHECK enum qv_status options_load(const char *path, struct qv_config **ret_config);

/** Prints each fault on a line of its own to standard error. */
void options_print_faults(const struct qv_strings *faults);

/** Opens what is remembered of CRLs in the data directory; says what is wrong. */
QV_MUST_CHECK enum qv_status options_open_memory(const struct qv_config *config,
                                                 struct qv_crl_memory **ret_memory);
/** Loads the trust as a start would; prints each fault. Nothing is written. */
QV_MUST_CHECK enum qv_status options_load_trust(const struct qv_config *config,
                                                const struct qv_crl_memory *memory,
                                                struct qv_trust **ret_trust);

#endif
