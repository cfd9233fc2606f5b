/*
 * `quiver certificate FILE [--config FILE]`: the identity that a certificate would have, or why it
 * has none. It asks the very functions that the server asks; with a configuration also the path,
 * the CRLs and the cloud, as a handshake now would. Writes to standard output; main thread.
 */
#include "options.h"

#include <quiver/cli/commands.h>
#include <quiver/trust/inspect.h>
#include <stdio.h>

static const char help[] =
    "usage: quiver certificate FILE [--config FILE]\n\n"
    "Prints what the certificate in FILE (PEM, or DER) says, and the identity that it would have\n"
    "or why it has none. Further certificates in FILE count as sent behind it.\n\n"
    "options:\n"
    "  -c, --config FILE   judge it as a server with this configuration would now: chain, CRLs,\n"
    "                      dates and cloud\n"
    "  -h, --help          this text\n\n"
    "exit status: 0 it would be let in, with that identity; 1 it would not; 2 wrong usage\n";

static void print_line(const char *key, const char *value)
{
    printf("%-12s %s\n", key, value);
}

static void print_time(const char *key, struct qv_wall at)
{
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    qv_wall_write(&text, at, QV_WALL_SECONDS);
    print_line(key, text.at != NULL ? text.at : "?");
}

static enum qv_status load_trust(const struct options *options, struct qv_trust **ret_trust)
{
    if (options->config == NULL)
        return QV_OK;
    QV_CLEANUP(qv_config) struct qv_config *config = NULL;
    QV_TRY(options_load(options->config, &config));
    QV_CLEANUP(qv_crl_memory) struct qv_crl_memory *memory = NULL;
    QV_TRY(options_open_memory(config, &memory));
    return options_load_trust(config, memory, ret_trust);
}

static void print_facts(const struct qv_certificate *facts)
{
    print_line("subject", facts->subject);
    print_line("issuer", facts->issuer);
    print_line("serial", facts->serial);
    print_line("x5t#S256", facts->fingerprint);
    print_time("not before", facts->not_before);
    print_time("not after", facts->not_after);
}

/** Would a handshake let it in? */
static void print_verdict(const struct options *options, const struct qv_verdict *verdict)
{
    bool whole = options->config != NULL;
    const char *good = whole ? "accepted" : "passed";
    printf("%-12s %s%s\n", whole ? "handshake" : "leaf rule",
           verdict->status == QV_OK ? good : "refused: ", verdict->reason);
}

static void print_identity(const struct qv_inspection *found)
{
    if (found->identity == NULL) {
        printf("%-12s none (%s): %s\n", "identity", qv_status_name(found->no_identity.status),
               qv_error_message(&found->no_identity));
        return;
    }
    print_line("system", found->identity->system);
    print_line("profile", qv_profile_name(found->identity->profile));
    print_line("cloud", found->identity->cloud);
}

static int answer(const struct options *options)
{
    QV_CLEANUP(qv_trust) struct qv_trust *trust = NULL;
    QV_CLEANUP(qv_inspection) struct qv_inspection found = {0};
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    if (load_trust(options, &trust) != QV_OK)
        return 1;
    if (qv_trust_inspect(options->operand, trust, qv_wall_now(), &found, &error) != QV_OK) {
        fprintf(stderr, "%s\n", qv_error_message(&error));
        return 1;
    }
    print_facts(found.facts);
    print_verdict(options, &found.verdict);
    print_identity(&found);
    return found.verdict.status == QV_OK && found.identity != NULL ? 0 : 1;
}

int qv_cli_certificate(int argc, char **argv)
{
    static const struct options_wanted wanted = {.help = help, .operand = "FILE"};
    struct options options;
    switch (options_read(argc, argv, &wanted, &options)) {
    case OPTIONS_HELPED: return 0;
    case OPTIONS_WRONG: return 2;
    case OPTIONS_GO: break;
    }
    return answer(&options);
}
