/*
 * `quiver check`: everything that a start or a reload would check, without doing either. Nothing is
 * written. Main thread.
 */
#include "chap_parts.h"
#include "identity_clients.h"
#include "options.h"
#include "policy_load.h"

#include <errno.h>
#include <quiver/cli/commands.h>
#include <quiver/observe/audit.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const char help[] =
    "usage: quiver check --config FILE\n\n"
    "Checks what a start or a reload would check: the configuration, and the certificates, keys,\n"
    "revocation lists and policy that it names. Each fault is one line with the file, the line "
    "and\n"
    "the remedy; what ends within seven days is a warning.\n\n"
    "options:\n"
    "  -c, --config FILE   the configuration, for example config/quiver.yaml\n"
    "  -h, --help          this text\n\n"
    "exit status: 0 all is well, 1 a start would be refused, 2 wrong usage\n";

static enum qv_status check_trust(const struct qv_config *config, struct qv_trust **ret_trust)
{
    QV_CLEANUP(qv_crl_memory) struct qv_crl_memory *memory = NULL;
    QV_TRY(options_open_memory(config, &memory));
    return options_load_trust(config, memory, ret_trust);
}

/* What is fine now, but will not be for long; and what works, but lets nobody in. */
static enum qv_status warn(const struct qv_config *config, const struct qv_trust *trust,
                           struct qv_service_keys *keys)
{
    QV_CLEANUP(qv_strings) struct qv_strings warnings = {0};
    QV_TRY(qv_trust_warnings(trust, qv_wall_now(), &warnings));
    const char *keyless = chap_warning(config, keys);
    if (keyless != NULL)
        QV_TRY(qv_strings_add(&warnings, qv_str_from(keyless)));
    for (size_t i = 0; i < warnings.count; i++)
        fprintf(stderr, "warning: %s\n", warnings.at[i]);
    return QV_OK;
}

/* Secrets, and CA certificates of the systems that are asked about callers. Behind the trust, whose
   CAs these may be, so that a fault in them is told once. */
static enum qv_status check_identity(const struct qv_config *config, const struct qv_trust *trust)
{
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    QV_CLEANUP(qv_verifier) struct qv_verifier *verifier = NULL;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    enum qv_status status = qv_verifier_new(config, &verifier, &error);
    if (status != QV_OK) {
        fprintf(stderr, "quiver: %s\n", qv_error_message(&error));
        return status;
    }
    status = identity_show_own(verifier, config, trust, qv_wall_now(), &faults);
    options_print_faults(&faults);
    return status;
}

static enum qv_status check_policy(const struct qv_config *config)
{
    QV_CLEANUP(qv_policy) struct qv_policy *policy = NULL;
    struct qv_rules rules;
    qv_rules_from_config(config, &rules);
    return policy_load_or_tell(config, &rules, &policy);
}

static enum qv_status complain(const struct qv_config *config, const char *where, const char *words)
{
    fprintf(stderr, "%s: audit.file: %s: %s\n", config->file, where, words);
    return QV_INVALID;
}

/* Opening it would make it and lock it, so only what is there is looked at. */
static enum qv_status check_audit(const struct qv_config *config)
{
    const char *file = config->audit.file;
    QV_CLEANUP(qv_buf) struct qv_buf folder = {0};
    struct stat facts;
    if (file == NULL || strcmp(file, QV_AUDIT_STDOUT) == 0)
        return QV_OK;
    const char *slash = strrchr(file, '/');
    size_t length = slash == NULL ? 0 : slash == file ? 1 : (size_t)(slash - file);
    qv_buf_put(&folder, length == 0 ? QV_STR(".") : qv_str_part(qv_str_from(file), 0, length));
    QV_TRY(qv_buf_status(&folder));
    if (stat(folder.at, &facts) != 0 && errno == ENOENT &&
        strcmp(folder.at, config->store.data_directory) == 0)
        return QV_OK; /* a start makes this one */
    if (stat(folder.at, &facts) != 0)
        return complain(config, folder.at, strerrordesc_np(errno));
    if (!S_ISDIR(facts.st_mode))
        return complain(config, folder.at, "is no folder");
    if (stat(file, &facts) == 0 && !S_ISREG(facts.st_mode))
        return complain(config, file, "is no regular file; name one, or write stdout");
    return QV_OK;
}

int qv_cli_check(int argc, char **argv)
{
    static const struct options_wanted wanted = {.help = help, .config = true};
    struct options options;
    switch (options_read(argc, argv, &wanted, &options)) {
    case OPTIONS_HELPED: return 0;
    case OPTIONS_WRONG: return 2;
    case OPTIONS_GO: break;
    }
    QV_CLEANUP(qv_config) struct qv_config *config = NULL;
    if (options_load(options.config, &config) != QV_OK)
        return 1;
    QV_CLEANUP(qv_trust) struct qv_trust *trust = NULL;
    QV_CLEANUP(qv_service_keys) struct qv_service_keys *keys = NULL;
    enum qv_status trusted = check_trust(config, &trust);
    enum qv_status ruled = check_policy(config); /* its faults are told beside the other's */
    enum qv_status audited = check_audit(config);
    enum qv_status keyed = chap_load_or_tell(config, &keys);
    if (trusted != QV_OK || ruled != QV_OK || audited != QV_OK || keyed != QV_OK ||
        check_identity(config, trust) != QV_OK || warn(config, trust, keys) != QV_OK)
        return 1;
    printf("%s is fine: cloud %.*s, %zu listener%s\n", config->file,
           QV_STR_ARG(qv_trust_cloud(trust)), config->listener_count,
           config->listener_count == 1 ? "" : "s");
    return 0;
}
