/*
 * Options of the subcommands that take a configuration. Main thread.
 */
#include "options.h"

#include <getopt.h>
#include <stdio.h>

enum options_next options_read(int argc, char **argv, const char *help, const char **ret_config)
{
    static const struct option known[] = {{"config", required_argument, NULL, 'c'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    const char *config = NULL;
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "c:h", known, NULL)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return OPTIONS_HELPED;
        }
        if (option != 'c') /* getopt_long has said which */
            return OPTIONS_WRONG;
        config = optarg;
    }
    if (optind < argc) {
        fprintf(stderr, "quiver %s: '%s' is not an option; quiver %s --help lists them\n", argv[0],
                argv[optind], argv[0]);
        return OPTIONS_WRONG;
    }
    if (config == NULL) {
        fprintf(stderr, "quiver %s: --config FILE is missing\n", argv[0]);
        return OPTIONS_WRONG;
    }
    *ret_config = config;
    return OPTIONS_GO;
}

void options_print_faults(const struct qv_strings *faults)
{
    for (size_t i = 0; i < faults->count; i++)
        fprintf(stderr, "%s\n", faults->at[i]);
}

enum qv_status options_load(const char *path, struct qv_config **ret_config)
{
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    enum qv_status status = qv_config_load(path, ret_config, &faults);
    if (status == QV_NO_MEMORY)
        fprintf(stderr, "%s: out of memory\n", path);
    options_print_faults(&faults);
    return status;
}
