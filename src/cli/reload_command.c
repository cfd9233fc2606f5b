/*
 * `quiver reload --config FILE`: asks the running Quiver over its control socket to reload, waits
 * for what came of it, and says it. The configuration is read here only for where that socket is;
 * what is wrong with it otherwise, the running one says. Main thread.
 */
#include "control_client.h"
#include "options.h"
#include "reload_outcome.h"

#include <quiver/cli/commands.h>
#include <stdio.h>

static const char help[] =
    "usage: quiver reload --config FILE [--json]\n\n"
    "Has the Quiver that runs with this configuration take over what was changed: own certificate\n"
    "and key, CAs, CRLs, policy, TLS settings, log, limits. Each part is checked whole; where\n"
    "something is wrong with it the old one stays in force. Returns when every worker works with\n"
    "what is new and connections of peers that are not trusted any more are closed, and prints\n"
    "what came of it.\n\n"
    "options:\n"
    "  -c, --config FILE   the configuration that it was started with\n"
    "      --json          print the outcome as one line of JSON\n"
    "  -h, --help          this text\n\n"
    "exit status: 0 everything in the files is in force; 1 something old stays (the reason is "
    "told;\n"
    "a setting that needs a restart counts, too), or no Quiver runs; 2 wrong usage\n";

enum { PATIENCE_MS = 180 * 1000 }; /* a worker has a minute, a long CRL some seconds */

static enum qv_status reload(const struct options *options, bool *ret_good, struct qv_error *error)
{
    QV_CLEANUP(qv_buf) struct qv_buf answer = {0}, lines = {0};
    QV_CLEANUP(qv_json) json_t *outcome = NULL;
    QV_TRY(control_ask(options->config, "reload", PATIENCE_MS, &answer, &outcome, error));
    enum qv_status status = reload_outcome_tell(outcome, &lines, ret_good);
    if (status == QV_FOREIGN)
        return qv_error_set(error, QV_FOREIGN,
                            "the answer is not understood: is it another version that runs?");
    QV_TRY(status);
    if (options->json)
        printf("%s\n", answer.at);
    else
        fputs(lines.at, stdout);
    return QV_OK;
}

int qv_cli_reload(int argc, char **argv)
{
    static const struct options_wanted wanted = {.help = help, .config = true, .json = true};
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    struct options options;
    bool good = false;
    switch (options_read(argc, argv, &wanted, &options)) {
    case OPTIONS_HELPED: return 0;
    case OPTIONS_WRONG: return 2;
    case OPTIONS_GO: break;
    }
    if (reload(&options, &good, &error) != QV_OK) {
        fprintf(stderr, "quiver reload: %s\n", qv_error_message(&error));
        return 1;
    }
    return good ? 0 : 1;
}
