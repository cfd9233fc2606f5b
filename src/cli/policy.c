/*
 * `quiver policy`: what can be asked of the rules offline. The subcommands ask the very functions
 * that the server asks. Main thread.
 */
#include "policy_question.h"

#include <quiver/cli/commands.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
    "usage: quiver policy operations\n"
    "       quiver policy explain --config FILE --system NAME --operation OPERATION [option]...\n"
    "       quiver policy explain --config FILE --questions FILE\n"
    "       quiver policy test FILE --config FILE\n\n"
    "  operations   the operations that rules can name\n"
    "  explain      which rule decides about a question, and why the others do not\n"
    "  test         whether the policy decides as a file of expectations says\n\n"
    "`quiver policy explain --help` and `quiver policy test --help` tell more.\n\n"
    "exit status: 0 fine (explain: allowed), 1 not, 2 wrong usage\n";

static int list_operations(int argc, char **argv)
{
    if (argc > 1) {
        fprintf(stderr, "quiver policy operations: not expected: %s\n", argv[1]);
        return 2;
    }
    for (unsigned i = 0; i < QV_OP_COUNT; i++)
        printf("%-18s %s\n", qv_operation_name((enum qv_operation)i),
               qv_operation_about((enum qv_operation)i));
    return 0;
}

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    char whole[24]; /* as messages call it */
} commands[] = {{"operations", list_operations, "policy operations"},
                {"explain", policy_explain, "policy explain"},
                {"test", policy_test, "policy test"}};

int qv_cli_policy(int argc, char **argv)
{
    if (argc < 2) {
        fputs(help, stderr);
        return 2;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        fputs(help, stdout);
        return 0;
    }
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(argv[1], commands[i].name) != 0)
            continue;
        argv[1] = (char *)commands[i].whole;
        return commands[i].run(argc - 1, argv + 1);
    }
    fprintf(stderr, "quiver policy: there is no subcommand '%s'; quiver policy --help lists them\n",
            argv[1]);
    return 2;
}
