/*
 * `quiver certificate FILE [--config FILE]`: the identity that a certificate would have, or why it
 * has none. It asks the very functions that the server asks; with a configuration also the path,
 * the CRLs and the cloud, as a handshake now would. Writes to standard output; main thread.
 */
#include "options.h"

#include <getopt.h>
#include <quiver/cli/commands.h>
#include <quiver/trust/inspect.h>
#include <stdio.h>

#define WRONG_USAGE 2

static const char help[] =
    "usage: quiver certificate FILE [--config FILE]\n\n"
    "Prints what the certificate in FILE (PEM, or DER) says, and the identity that it would have\n"
    "or why it has none. Further certificates in FILE count as sent behind it.\n\n"
    "options:\n"
    "  -c, --config FILE   judge it as a server with this configuration would now: chain, CRLs,\n"
    "                      dates and cloud\n"
    "  -h, --help          this text\n\n"
    "exit status: 0 it would be let in, with that identity; 1 it would not; 2 wrong usage\n";

/** What was asked. */
struct question {
    const char *file, *config_file; /**< config_file NULL: none was given */
};

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

static enum qv_status load_trust(const struct question *question, struct qv_trust **ret_trust)
{
    if (question->config_file == NULL)
        return QV_OK;
    QV_CLEANUP(qv_config) struct qv_config *config = NULL;
    QV_TRY(options_load(question->config_file, &config));
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    enum qv_status status = qv_trust_load(config, qv_wall_now(), ret_trust, &faults);
    options_print_faults(&faults);
    return status;
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
static void print_verdict(const struct question *question, const struct qv_verdict *verdict)
{
    bool whole = question->config_file != NULL;
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

static int answer(const struct question *question)
{
    QV_CLEANUP(qv_trust) struct qv_trust *trust = NULL;
    QV_CLEANUP(qv_inspection) struct qv_inspection found = {0};
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    if (load_trust(question, &trust) != QV_OK)
        return 1;
    if (qv_trust_inspect(question->file, trust, qv_wall_now(), &found, &error) != QV_OK) {
        fprintf(stderr, "%s\n", qv_error_message(&error));
        return 1;
    }
    print_facts(found.facts);
    print_verdict(question, &found.verdict);
    print_identity(&found);
    return found.verdict.status == QV_OK && found.identity != NULL ? 0 : 1;
}

/** The exit status where the question is not to be answered, else -1. */
static int read_options(int argc, char **argv, struct question *question)
{
    static const struct option known[] = {{"config", required_argument, NULL, 'c'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "c:h", known, NULL)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return 0;
        }
        if (option != 'c') /* getopt_long has said which */
            return WRONG_USAGE;
        question->config_file = optarg;
    }
    if (argc - optind != 1) {
        fprintf(stderr, "quiver %s: one FILE is wanted; quiver %s --help tells more\n", argv[0],
                argv[0]);
        return WRONG_USAGE;
    }
    question->file = argv[optind];
    return -1;
}

int qv_cli_certificate(int argc, char **argv)
{
    struct question question = {0};
    int status = read_options(argc, argv, &question);
    return status >= 0 ? status : answer(&question);
}
