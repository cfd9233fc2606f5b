/*
 * The subcommands of the program, one function each. argv[0] is the subcommand's name. They return
 * the exit status: 0 fine, 1 not fine (said on standard output or error), 2 wrong usage. Main
 * thread.
 */
#ifndef QUIVER_CLI_COMMANDS_H
#define QUIVER_CLI_COMMANDS_H

/** `quiver serve --config FILE`: runs in the foreground until told to end. */
int qv_cli_serve(int argc, char **argv);
/** `quiver check --config FILE`: everything that a start would check. */
int qv_cli_check(int argc, char **argv);
/** `quiver reload --config FILE [--json]`: has the running Quiver reload, and tells what came of
 * it.
 */
int qv_cli_reload(int argc, char **argv);
/** `quiver health --config FILE [--json]`: how is the running Quiver? 0 ready, 1 degraded, 2 down.
 */
int qv_cli_health(int argc, char **argv);
/** `quiver certificate FILE [--config FILE]`: the identity a certificate would have, or why none.
 */
int qv_cli_certificate(int argc, char **argv);

/** `quiver policy operations | explain ... | test FILE ...`: the rules, asked offline. */
int qv_cli_policy(int argc, char **argv);
/** `quiver audit verify FILE...`: is the chain of the lines whole? */
int qv_cli_audit(int argc, char **argv);

#endif
