/*
 * What settings must be together: nobody is let in unknown, nothing goes in plaintext over a
 * network unless the file says so by name, and TLS has what it needs.
 *
 * Holds always: only values that are good by themselves come here. One thread.
 */
#include "load.h"
#include <arpa/inet.h>
#include <quiver/base/memory.h>
#include <string.h>

/* An address as bytes, IPv4 in its IPv6 form, so that one comparison fits all. */
static struct in6_addr address_bytes(const char *text)
{
    struct in6_addr bytes = {0};
    struct in_addr old;
    if (inet_pton(AF_INET, text, &old) == 1) {
        bytes.s6_addr[10] = bytes.s6_addr[11] = 0xFF;
        memcpy(&bytes.s6_addr[12], &old, sizeof(old));
    } else {
        inet_pton(AF_INET6, text, &bytes); /* checked when it was read */
    }
    return bytes;
}

static bool is_loopback(const char *text)
{
    struct in6_addr bytes = address_bytes(text);
    if (IN6_IS_ADDR_V4MAPPED(&bytes))
        return bytes.s6_addr[12] == 127;
    return IN6_IS_ADDR_LOOPBACK(&bytes);
}

/* 0.0.0.0 or :: of the same family takes the port on every address. */
static bool is_any(const struct in6_addr *bytes)
{
    static const unsigned char zero[4];
    if (IN6_IS_ADDR_V4MAPPED(bytes))
        return memcmp(&bytes->s6_addr[12], zero, sizeof(zero)) == 0;
    return IN6_IS_ADDR_UNSPECIFIED(bytes);
}

static bool overlap(const char *one, const char *other)
{
    struct in6_addr a = address_bytes(one), b = address_bytes(other);
    if (memcmp(&a, &b, sizeof(a)) == 0)
        return true;
    return !IN6_IS_ADDR_V4MAPPED(&a) == !IN6_IS_ADDR_V4MAPPED(&b) && (is_any(&a) || is_any(&b));
}

static void listener_fault(struct qv_load *load, const struct qv_config_listener *listener,
                           const char *key, const char *words)
{
    qv_load_fault(load, listener->line, NULL, "listener %s: %s: %s", listener->name, key, words);
}

static bool serves_chap(const struct qv_config_listener *listener)
{
    return (listener->serve & QV_SERVE_CHAP) != 0;
}

static bool serves_callers(const struct qv_config_listener *listener)
{
    return (listener->serve & ~(unsigned)QV_SERVE_OPS) != 0;
}

/* Authentication as the file has it must be possible with the listener's TLS. */
static const char *authentication_fault(const struct qv_config_listener *listener)
{
    switch (listener->authentication) {
    case QV_AUTHENTICATION_CERTIFICATE:
        if (listener->tls == QV_TLS_OFF)
            return "certificate needs TLS, set tls: mutual";
        if (!serves_callers(listener) && listener->tls != QV_TLS_MUTUAL)
            return "certificate on a listener for ops needs tls: mutual";
        return NULL;
    case QV_AUTHENTICATION_DECLARED:
        if (listener->tls == QV_TLS_MUTUAL)
            return "declared has no effect with tls: mutual, where the certificate says who "
                   "calls, remove it";
        return serves_callers(listener) ? NULL : "declared has no effect for ops, remove it";
    case QV_AUTHENTICATION_OUTSOURCED:
        if (listener->tls == QV_TLS_MUTUAL)
            return "outsourced has no effect with tls: mutual, where the certificate says who "
                   "calls, remove it";
        return serves_callers(listener) ? NULL : "outsourced has no effect for ops, remove it";
    case QV_AUTHENTICATION_NONE:
        return serves_callers(listener) ? "none would let in unknown callers, remove it" : NULL;
    }
    return NULL;
}

/* Who may do what at CHAP is proved request by request, so that none of the listener's ways of
   knowing a caller means anything there; and its errors have a shape of their own. */
static void check_chap_listener(struct qv_load *load, struct qv_config_listener *listener,
                                bool authentication_given)
{
    enum qv_authentication given = listener->authentication;
    listener->authentication = QV_AUTHENTICATION_NONE;
    if (listener->serve != QV_SERVE_CHAP)
        listener_fault(load, listener, "serve",
                       "chap answers in a shape of its own, give it a listener of its own: "
                       "serve: [chap]");
    else if (authentication_given && given != QV_AUTHENTICATION_NONE)
        listener_fault(load, listener, "authentication",
                       "has no effect for chap, remove it and set chap.authentication");
}

static void choose_authentication(struct qv_load *load, struct qv_config_listener *listener)
{
    listener->authentication = QV_AUTHENTICATION_NONE;
    if (!serves_callers(listener))
        return;
    listener->authentication = QV_AUTHENTICATION_CERTIFICATE;
    if (listener->tls == QV_TLS_OFF)
        listener_fault(load, listener, "tls",
                       "off leaves no way to know the callers, set tls: mutual or "
                       "authentication: declared");
}

void qv_check_listener(struct qv_load *load, struct qv_config_listener *listener,
                       bool authentication_given)
{
    if (serves_chap(listener)) {
        check_chap_listener(load, listener, authentication_given);
    } else if (!authentication_given) {
        choose_authentication(load, listener);
    } else {
        const char *fault = authentication_fault(listener);
        if (fault != NULL)
            listener_fault(load, listener, "authentication", fault);
    }
    if (listener->tls == QV_TLS_OFF && !listener->allow_plaintext &&
        !is_loopback(listener->address))
        listener_fault(load, listener, "address",
                       "plaintext beyond this machine, use 127.0.0.1 or ::1, turn TLS on, or set "
                       "allow_plaintext: true");
}

/* ---- the whole ---- */

static void check_pair(struct qv_load *load, const struct qv_config_listener *earlier,
                       const struct qv_config_listener *later)
{
    if (strcmp(earlier->name, later->name) == 0)
        qv_load_fault(load, later->line, NULL,
                      "listener %s: name: is taken by the listener in line %d, choose another",
                      later->name, earlier->line);
    if (earlier->port == later->port && later->port != 0 &&
        overlap(earlier->address, later->address))
        qv_load_fault(load, later->line, NULL,
                      "listener %s: port: %u is taken by listener %s in line %d, choose another",
                      later->name, later->port, earlier->name, earlier->line);
}

static int line_of(const struct qv_load *load, const char *key)
{
    return load->lines[qv_settings_find(&qv_config_settings, qv_str_from(key))];
}

/* The own certificate comes from one place, and a password belongs to something. */
static void check_own(struct qv_load *load)
{
    const struct qv_config *config = load->config;
    const bool stored = config->tls.keystore != NULL;
    const struct {
        const char *key;
        bool wrong;
        const char *words;
    } rows[] = {
        {"tls.keystore",
         stored && (config->tls.certificate != NULL || config->tls.private_key != NULL),
         "takes the place of tls.certificate and tls.private_key, remove it or them"},
        {"tls.private_key_password_file",
         config->tls.private_key_password_file != NULL && config->tls.private_key == NULL,
         "is for tls.private_key, which is missing, remove it or add the key"},
        {"tls.keystore_password_file", config->tls.keystore_password_file != NULL && !stored,
         "is for tls.keystore, which is missing, remove it or add the keystore"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].wrong)
            qv_load_fault(load, line_of(load, rows[i].key), rows[i].key, "%s", rows[i].words);
}

/* What `tls` needs, because of the listener that needs it first. */
static void check_tls(struct qv_load *load, const struct qv_config_listener *listener)
{
    bool stored = load->config->tls.keystore != NULL;
    const struct {
        const char *key;
        bool missing;
    } needs[] = {
        {"tls.certificate", !stored && load->config->tls.certificate == NULL},
        {"tls.private_key", !stored && load->config->tls.private_key == NULL},
        {"tls.trust", listener->tls == QV_TLS_MUTUAL && load->config->tls.trust.count == 0},
    };
    for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
        if (needs[i].missing)
            qv_load_fault(load, listener->line, needs[i].key,
                          "is missing, but listener %s has tls: %s", listener->name,
                          listener->tls == QV_TLS_MUTUAL ? "mutual" : "server");
}

/* The listener that asks most of `tls`, or NULL where none has TLS. */
static const struct qv_config_listener *strictest_listener(const struct qv_config *config)
{
    const struct qv_config_listener *found = NULL;
    for (size_t i = 0; i < config->listener_count; i++) {
        const struct qv_config_listener *listener = &config->listeners[i];
        if (listener->tls != QV_TLS_OFF && (found == NULL || listener->tls < found->tls))
            found = listener; /* mutual comes before server in enum qv_tls_mode */
    }
    return found;
}

/* Whoever is asked about identities must be known, and must be who it says it is. */
static void check_asked(struct qv_load *load, const char *key, const char *url, const char *ca)
{
    bool https = url != NULL && qv_str_starts_with(qv_str_from(url), QV_STR("https:"));
    if (https && ca == NULL && load->config->tls.trust.count == 0)
        qv_load_fault(load, 1, key,
                      "is missing; without it and without tls.trust nobody vouches "
                      "for that server");
}

static void check_identity(struct qv_load *load)
{
    const struct qv_config *config = load->config;
    for (size_t i = 0; i < config->listener_count; i++) {
        const struct qv_config_listener *listener = &config->listeners[i];
        if (listener->authentication == QV_AUTHENTICATION_OUTSOURCED &&
            config->identity.authentication_system.url == NULL)
            qv_load_fault(load, listener->line, "identity.authentication_system.url",
                          "is missing, but listener %s has authentication: outsourced",
                          listener->name);
    }
    check_asked(load, "identity.authentication_system.ca",
                config->identity.authentication_system.url,
                config->identity.authentication_system.ca);
    check_asked(load, "identity.blacklist.ca", config->identity.blacklist.url,
                config->identity.blacklist.ca);
}

/* Certificates that are asked for must be able to come, and somebody must vouch for them. */
static void check_chap(struct qv_load *load)
{
    const struct qv_config *config = load->config;
    static const char *const words[] = {
        [QV_CHAP_BY_CERTIFICATE] = "certificate", [QV_CHAP_BY_BOTH] = "both"};
    enum qv_chap_authentication by = config->chap.authentication;
    if (by != QV_CHAP_BY_CERTIFICATE && by != QV_CHAP_BY_BOTH)
        return;
    for (size_t i = 0; i < config->listener_count; i++) {
        const struct qv_config_listener *listener = &config->listeners[i];
        if (!serves_chap(listener))
            continue;
        if (listener->tls == QV_TLS_OFF)
            qv_load_fault(load, listener->line, NULL,
                          "listener %s: tls: off lets no certificate through, but "
                          "chap.authentication is %s; set tls: server or mutual",
                          listener->name, words[by]);
        else if (listener->tls == QV_TLS_SERVER && config->tls.trust.count == 0)
            qv_load_fault(load, listener->line, "tls.trust",
                          "is missing, but chap.authentication is %s, and listener %s takes "
                          "certificates",
                          words[by], listener->name);
    }
}

/* Dialect 5.0 has one way of normalizing; another must not be taken and then not followed. */
static void check_normalization(struct qv_load *load)
{
    static const char key[] = "registry.normalization";
    if (load->config->cloud.dialect == QV_DIALECT_5_0 &&
        load->config->registry.normalization != QV_NORMALIZATION_EXTENDED)
        qv_load_fault(load, line_of(load, key), key,
                      "simple is for dialect 5.2 alone, remove it or set cloud.dialect: \"5.2\"");
}

/* Room can be set aside in a file alone. */
static void check_audit(struct qv_load *load)
{
    static const char key[] = "audit.required";
    const char *file = load->config->audit.file;
    if (load->config->audit.required && (file == NULL || strcmp(file, QV_AUDIT_STDOUT) == 0))
        qv_load_fault(load, line_of(load, key), key,
                      "needs a file whose room can be set aside, name one in audit.file");
}

void qv_check_config(struct qv_load *load)
{
    const struct qv_config *config = load->config;
    for (size_t later = 1; later < config->listener_count; later++)
        for (size_t earlier = 0; earlier < later; earlier++)
            check_pair(load, &config->listeners[earlier], &config->listeners[later]);
    check_identity(load);
    check_chap(load);
    qv_check_identity_limits(load);
    check_own(load);
    const struct qv_config_listener *strictest = strictest_listener(config);
    if (strictest != NULL)
        check_tls(load, strictest);
    else if (config->cloud.name == NULL)
        qv_load_fault(load, config->listeners[0].line, "cloud.name",
                      "is missing; without TLS no certificate names the cloud");
    check_normalization(load);
    check_audit(load);
}
