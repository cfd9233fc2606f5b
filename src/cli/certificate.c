/*
 * `quiver certificate FILE [--config FILE]`: the identity that a certificate would have, or why it
 * has none. It asks the very functions that the server asks; with a configuration also the path,
 * the CRLs and the cloud, as a handshake now would. Writes to standard output; main thread.
 */
#include "options.h"

#include <getopt.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <quiver/base/file.h>
#include <quiver/cli/commands.h>
#include <quiver/trust/trust.h>
#include <stdio.h>

#define FILE_MAX    ((size_t)16 * 1024 * 1024)
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

/** What was asked for, and what the file holds. */
struct question {
    const char *file, *config_file;
    X509 *leaf;
    STACK_OF(X509) * behind;
    struct qv_trust *trust; /**< NULL: no configuration was given */
};

static void question_free(struct question *question)
{
    X509_free(question->leaf);
    sk_X509_pop_free(question->behind, X509_free);
    qv_trust_free(&question->trust);
}

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

static enum qv_status read_pem(struct qv_str content, struct question *question)
{
    BIO *in = BIO_new_mem_buf(content.at, (int)content.length);
    question->behind = sk_X509_new_null();
    if (in == NULL || question->behind == NULL) {
        BIO_free(in);
        return QV_NO_MEMORY;
    }
    question->leaf = PEM_read_bio_X509(in, NULL, NULL, NULL);
    X509 *next = NULL;
    while (question->leaf != NULL && (next = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL) {
        if (sk_X509_push(question->behind, next) > 0)
            continue;
        X509_free(next);
        BIO_free(in);
        return QV_NO_MEMORY;
    }
    BIO_free(in);
    return QV_OK;
}

static enum qv_status read_file(struct question *question, struct qv_error *error)
{
    QV_CLEANUP(qv_buf) struct qv_buf content = {0};
    QV_TRY(qv_file_read(question->file, FILE_MAX, &content, error));
    QV_TRY(read_pem(qv_buf_str(&content), question));
    const unsigned char *at = (const unsigned char *)content.at;
    if (question->leaf == NULL && content.length > 0)
        question->leaf = d2i_X509(NULL, &at, (long)content.length);
    ERR_clear_error();
    if (question->leaf == NULL)
        return qv_error_set(error, QV_INVALID, "%s: there is no certificate (PEM or DER) in it",
                            question->file);
    return QV_OK;
}

static enum qv_status load_trust(struct question *question)
{
    QV_CLEANUP(qv_config) struct qv_config *config = NULL;
    QV_TRY(options_load(question->config_file, &config));
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    enum qv_status status = qv_trust_load(config, qv_wall_now(), &question->trust, &faults);
    options_print_faults(&faults);
    return status;
}

static enum qv_status print_facts(X509 *leaf)
{
    QV_CLEANUP(qv_certificate) struct qv_certificate *facts = NULL;
    QV_TRY(qv_certificate_read(leaf, &facts));
    print_line("subject", facts->subject);
    print_line("issuer", facts->issuer);
    print_line("serial", facts->serial);
    print_line("x5t#S256", facts->fingerprint);
    print_time("not before", facts->not_before);
    print_time("not after", facts->not_after);
    return QV_OK;
}

/** Would a handshake let it in? */
static bool print_handshake(const struct question *question)
{
    if (question->trust != NULL) {
        struct qv_verdict verdict;
        qv_anchors_judge(qv_trust_anchors(question->trust), question->leaf, question->behind,
                         qv_wall_now(), &verdict);
        bool accepted = verdict.status == QV_OK;
        printf("%-12s %s%s\n", "handshake", accepted ? "accepted" : "refused: ", verdict.reason);
        return accepted;
    }
    int verify_error = X509_V_OK;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    bool passes = qv_leaf_rule(question->leaf, &verify_error, &error) == QV_OK;
    printf("%-12s %s%s\n", "leaf rule",
           passes ? "passed" : "refused: ", passes ? "" : qv_error_message(&error));
    return passes;
}

static bool print_identity(const struct question *question)
{
    struct qv_str cloud = {0};
    if (question->trust != NULL)
        cloud = qv_trust_cloud(question->trust);
    QV_CLEANUP(qv_identity) struct qv_identity *identity = NULL;
    QV_CLEANUP(qv_error) struct qv_error reason = {0};
    enum qv_status status = qv_identity_from_leaf(question->leaf, cloud, &identity, NULL, &reason);
    if (status != QV_OK) {
        printf("%-12s none (%s): %s\n", "identity", qv_status_name(status),
               qv_error_message(&reason));
        return false;
    }
    print_line("system", identity->system);
    print_line("profile", qv_profile_name(identity->profile));
    print_line("cloud", identity->cloud);
    return true;
}

static int answer(struct question *question)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    enum qv_status status = read_file(question, &error);
    if (status != QV_OK) {
        fprintf(stderr, "%s\n", qv_error_message(&error));
        return 1;
    }
    if (question->config_file != NULL && load_trust(question) != QV_OK)
        return 1;
    if (print_facts(question->leaf) != QV_OK) {
        fprintf(stderr, "%s: out of memory\n", question->file);
        return 1;
    }
    bool accepted = print_handshake(question);
    bool identified = print_identity(question);
    return accepted && identified ? 0 : 1;
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
    QV_CLEANUP(question) struct question question = {0};
    int status = read_options(argc, argv, &question);
    return status >= 0 ? status : answer(&question);
}
