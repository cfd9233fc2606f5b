/*
 * Options of the subcommands. What is wrong is one line that begins with the command. Main thread.
 */
#include "options.h"

#include <getopt.h>
#include <quiver/base/file.h>
#include <quiver/base/memory.h>
#include <stdio.h>

/* `argv[0]` is the subcommand's name. */
static enum options_next complain(char **argv, const char *what, const char *about)
{
    fprintf(stderr, "quiver %s: %s%s; quiver %s --help tells more\n", argv[0], what, about,
            argv[0]);
    return OPTIONS_WRONG;
}

static enum options_next check_wanted(char **argv, const struct options_wanted *wanted,
                                      const struct options *options)
{
    if (wanted->config && options->config == NULL)
        return complain(argv, "--config FILE is missing", "");
    if (wanted->operand != NULL && options->operand == NULL)
        return complain(argv, wanted->operand, " is missing");
    return OPTIONS_GO;
}

enum options_next options_read(int argc, char **argv, const struct options_wanted *wanted,
                               struct options *ret_options)
{
    static const struct option known[] = {{"config", required_argument, NULL, 'c'},
                                          {"help", no_argument, NULL, 'h'},
                                          {"json", no_argument, NULL, 'j'},
                                          {NULL, 0, NULL, 0}};
    struct options options = {0};
    int option;
    optind = 1;
    opterr = 0;
    while ((option = getopt_long(argc, argv, "+:c:h", known, NULL)) != -1 || optind < argc) {
        if (option == -1) { /* no option */
            if (wanted->operand == NULL || options.operand != NULL)
                return complain(argv, "not expected: ", argv[optind]);
            options.operand = argv[optind++];
        } else if (option == 'c') {
            options.config = optarg;
        } else if (option == 'j' && wanted->json) {
            options.json = true;
        } else if (option == 'h') {
            fputs(wanted->help, stdout);
            return OPTIONS_HELPED;
        } else {
            const char *what = option == ':' ? "a value is missing after " : "unknown option ";
            return complain(argv, what, argv[optind - 1]);
        }
    }
    enum options_next next = check_wanted(argv, wanted, &options);
    if (next == OPTIONS_GO)
        *ret_options = options;
    return next;
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

enum qv_status options_open_memory(const struct qv_config *config,
                                   struct qv_crl_memory **ret_memory)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    char *path = qv_path_join(config->store.data_directory, "crl-seen.json");
    if (path == NULL)
        return QV_NO_MEMORY;
    enum qv_status status = qv_crl_memory_open(path, ret_memory, &error);
    qv_free(path);
    if (status != QV_OK)
        fprintf(stderr, "%s\n", qv_error_message(&error));
    return status;
}

enum qv_status options_load_trust(const struct qv_config *config,
                                  const struct qv_crl_memory *memory, struct qv_trust **ret_trust)
{
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    enum qv_status status = qv_trust_load(config, memory, qv_wall_now(), ret_trust, &faults);
    if (status != QV_OK && faults.count == 0)
        fprintf(stderr, "%s: %s\n", config->file, qv_status_name(status));
    options_print_faults(&faults);
    return status;
}
