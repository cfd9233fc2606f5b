/*
 * The own certificate for identity's clients. It is always what `trust` has loaded and checked, so
 * that a file that is being replaced, or a password that no longer fits, is noticed where trust is
 * loaded, and never in the middle of a question about a caller. One thread.
 */
#include "identity_clients.h"

bool identity_is_used(const struct qv_config *config)
{
    return config->identity.authentication_system.url != NULL ||
           config->identity.authentication_system.secrets_file != NULL ||
           config->identity.blacklist.mode != QV_BLACKLIST_OFF;
}

static bool asks_others(const struct qv_config *config)
{
    return config->identity.authentication_system.url != NULL ||
           config->identity.blacklist.mode != QV_BLACKLIST_OFF;
}

/* The first TLS listener's; they all have the same certificate. */
static SSL_CTX *find_own(const struct qv_trust *trust, size_t listeners)
{
    SSL_CTX *own = NULL;
    for (size_t i = 0; i < listeners && own == NULL; i++)
        own = qv_trust_context(trust, i);
    return own;
}

static enum qv_status complain(struct qv_strings *faults, const char *words)
{
    QV_TRY(qv_strings_add(faults, qv_str_from(words)));
    return QV_INVALID;
}

/* As if one listener had TLS, for its certificate alone: CRLs are of no use to a client. */
static enum qv_status load_own(const struct qv_config *config, struct qv_wall now,
                               struct qv_trust **ret_trust, struct qv_strings *faults)
{
    static char name[] = "identity";
    struct qv_config_listener listener = {.name = name, .tls = QV_TLS_SERVER};
    struct qv_config view = *config;
    view.listeners = &listener;
    view.listener_count = 1;
    view.tls.crl = (struct qv_strings){0};
    view.tls.require_crl = false;
    if (view.tls.keystore == NULL && view.tls.private_key == NULL)
        return complain(faults, "tls.private_key is missing, add it or remove tls.certificate");
    return qv_trust_load(&view, NULL, now, ret_trust, faults);
}

enum qv_status identity_show_own(struct qv_verifier *verifier, const struct qv_config *config,
                                 const struct qv_trust *trust, struct qv_wall now,
                                 struct qv_strings *faults)
{
    QV_CLEANUP(qv_trust) struct qv_trust *loaded = NULL;
    SSL_CTX *own = find_own(trust, config->listener_count);
    bool configured = config->tls.certificate != NULL || config->tls.keystore != NULL;
    if (own == NULL && configured && asks_others(config)) {
        QV_TRY(load_own(config, now, &loaded, faults));
        own = find_own(loaded, 1);
    }
    qv_verifier_show(verifier, own);
    return QV_OK;
}
