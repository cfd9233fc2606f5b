/*
 * The program: picks the subcommand. What always holds from then on: the standard descriptors are
 * open, so that no file or connection of ours is ever taken for one of them. Main thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <quiver/base/memory.h>
#include <quiver/cli/commands.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *about;
} commands[] = {
    {"serve", qv_cli_serve, "run the registry in the foreground"},
    {"check", qv_cli_check, "check a configuration and all files that it names"},
    {"reload", qv_cli_reload, "take over changed files without a restart"},
    {"health", qv_cli_health, "how the running registry is: ready, degraded or down"},
    {"policy", qv_cli_policy, "what the rules of who may do what decide, and why"},
    {"audit", qv_cli_audit, "check that an audit trail is whole"},
    {"certificate", qv_cli_certificate, "the identity that a certificate would have"},
};
enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

static void print_help(FILE *out)
{
    fprintf(out, "Quiver: a TLS-first service registry for Eclipse Arrowhead local clouds\n\n"
                 "usage: quiver COMMAND [options]\n"
                 "       quiver COMMAND --help\n"
                 "       quiver --version\n\ncommands:\n");
    for (int i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-13s%s\n", commands[i].name, commands[i].about);
}

/* Whoever starts us may have closed them; the lowest free one is the next that open gives. */
static bool open_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) == -1 && errno == EBADF && open("/dev/null", O_RDWR) != fd)
            return false;
    return true;
}

int main(int argc, char **argv)
{
    if (!open_standard_descriptors())
        return 1; /* nowhere to say so */
    qv_memory_init();
    if (argc < 2) {
        print_help(stderr);
        return 2;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(stdout);
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("quiver %s\n", QUIVER_VERSION);
        return 0;
    }
    for (int i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    fprintf(stderr, "quiver: there is no command '%s'; quiver --help lists them\n", argv[1]);
    return 2;
}
