/*
 * quiver.yaml as a struct (docs/configuration.md). Read whole, checked whole: a struct qv_config
 * that was given out is valid. Immutable afterwards, so any thread may read it.
 */
#ifndef QUIVER_CONFIG_CONFIG_H
#define QUIVER_CONFIG_CONFIG_H

#include <quiver/base/buf.h>
#include <quiver/base/log.h>

enum qv_dialect_id { QV_DIALECT_5_0, QV_DIALECT_5_2 };
enum qv_tls_mode { QV_TLS_MUTUAL, QV_TLS_SERVER, QV_TLS_OFF };
enum qv_serve { QV_SERVE_ARROWHEAD = 1, QV_SERVE_CHAP = 2, QV_SERVE_OPS = 4 }; /* bits */
enum qv_authentication {
    QV_AUTHENTICATION_CERTIFICATE, /**< the default where tls is on */
    QV_AUTHENTICATION_DECLARED,    /**< Authorization: Bearer SYSTEM//name */
    QV_AUTHENTICATION_NONE,        /**< ops listeners; chap's have chap.authentication instead */
    QV_AUTHENTICATION_OUTSOURCED,  /**< a token or key that the Authentication system vouches for */
};
enum qv_provider_registration { QV_PROVIDER_AUTOMATIC, QV_PROVIDER_REQUIRED };
enum qv_interface_policy { QV_INTERFACE_RESTRICTED, QV_INTERFACE_EXTENDABLE, QV_INTERFACE_OPEN };
enum qv_normalization { QV_NORMALIZATION_EXTENDED, QV_NORMALIZATION_SIMPLE };
enum qv_discovery { QV_DISCOVERY_OPEN, QV_DISCOVERY_RESTRICTED };
enum qv_blacklist_mode { QV_BLACKLIST_OFF, QV_BLACKLIST_REQUIRED };
enum qv_tls_version { QV_TLS_1_2, QV_TLS_1_3 };
enum qv_stale_crl { QV_STALE_CRL_REFUSE, QV_STALE_CRL_ALLOW };
enum qv_revoked_providers { QV_REVOKED_HIDE, QV_REVOKED_KEEP };
enum qv_chap_dialect { QV_CHAP_SEED, QV_CHAP_2_1, QV_CHAP_2_2 };
enum qv_chap_ping_url { QV_CHAP_ABSOLUTE, QV_CHAP_RELATIVE };
enum qv_chap_reregister { QV_CHAP_REPLACE, QV_CHAP_KEEP };
enum qv_chap_authentication {
    QV_CHAP_BY_KEY,
    QV_CHAP_BY_CERTIFICATE,
    QV_CHAP_BY_EITHER,
    QV_CHAP_BY_BOTH,
};
enum qv_log_requests { QV_LOG_REQUESTS_OFF, QV_LOG_REQUESTS_ERRORS, QV_LOG_REQUESTS_ALL };
enum qv_redis_kind { QV_REDIS_EMBEDDED, QV_REDIS_TCP, QV_REDIS_UNIX };

/** Where a Redis is (src/config/redis_url.c). */
struct qv_config_redis {
    enum qv_redis_kind kind;
    char *host;     /**< TCP */
    uint16_t port;  /**< TCP */
    char *path;     /**< Unix socket */
    char *username; /**< from the URL, or NULL */
    char *password; /**< from the URL, or NULL; never logged */
    unsigned database;
};

struct qv_config_listener {
    char *name;
    char *address; /**< numeric IPv4 or IPv6 */
    uint16_t port; /**< 0: the system chooses (tests); the log line "listening" tells which */
    enum qv_tls_mode tls;
    unsigned serve; /**< bits of enum qv_serve */
    enum qv_authentication authentication;
    bool allow_plaintext;
    int line; /**< in the file, for messages of later checks */
};

/** What callers of some names may have, each by itself. 0: no bound. */
struct qv_config_identity_limit {
    struct qv_strings systems; /**< names and globs */
    size_t requests;           /**< a second */
    size_t burst;              /**< at once; 0: as many as `requests` */
    size_t connections;        /**< live ones that were made with a certificate */
    size_t instances;          /**< of services, that are registered */
    int line;                  /**< in the file */
};
/** The first entry that fits a caller counts, no other. */
struct qv_config_identity_limits {
    struct qv_config_identity_limit *at;
    size_t count;
};

/** All but `workers` may change while Quiver runs. */
struct qv_config_limits {
    size_t body; /**< bytes */
    size_t json_depth;
    size_t connections;          /**< live connections of all listeners together */
    size_t connections_per_peer; /**< of one address; an IPv6 peer's is its /64 */
    int64_t handshake_ms;        /**< a TLS handshake may take so long */
    int64_t request_ms;          /**< head and body of a request, and idle time between requests */
    unsigned workers;            /**< threads that serve requests; 0: one per processor */
    /** The configuration's own: whoever keeps a copy of the limits longer than that lives must not
        look at it (src/server/limiter.h keeps what it needs). */
    struct qv_config_identity_limits identities;
};

/** Value of audit.file; a path is never just this. */
#define QV_AUDIT_STDOUT "stdout"

struct qv_config {
    char *file;      /**< as given */
    char *directory; /**< of the file; relative paths start here */

    struct {
        enum qv_dialect_id dialect;
        char *name; /**< "<cloud>.<organization>.<domain parts>" or NULL: from the certificate */
    } cloud;

    struct qv_config_listener *listeners;
    size_t listener_count;

    struct {
        char *certificate; /**< path, resolved; NULL where no listener uses TLS */
        char *private_key;
        char *private_key_password_file; /**< path, resolved; NULL: the key is not encrypted */
        char *keystore;                  /**< PKCS #12, path, resolved; NULL: the two files above */
        char *keystore_password_file;    /**< path, resolved; NULL: the keystore has no password */
        struct qv_strings trust;
        struct qv_strings crl;
        bool require_crl; /**< a CA without CRL vouches for nobody */
        enum qv_stale_crl stale_crl;
        enum qv_tls_version min_version;
        char *ciphers;       /**< TLS 1.2, OpenSSL's names and words */
        char *cipher_suites; /**< TLS 1.3 */
        char *groups;
    } tls;

    struct {
        struct qv_config_redis at;
        char *data_directory; /**< resolved */
        int64_t timeout_ms;
        uint64_t journal_max;
    } store;

    struct {
        char *policy; /**< path, resolved; NULL: the built-in rights */
        bool explain_to_clients;
    } authorization;

    struct {
        char *file;    /**< path, resolved; or QV_AUDIT_STDOUT; NULL: no trail */
        bool required; /**< no change without room for its line; only with a file */
    } audit;

    struct {
        enum qv_provider_registration provider_registration;
        enum qv_interface_policy interface_policy;
        enum qv_discovery discovery;
        struct qv_strings direct_access; /**< systems that a restricted discovery leaves alone */
        enum qv_normalization normalization;
        bool verbose;
        bool self_addressing;
        bool non_routable_addressing;
        struct qv_strings address_alias;
        enum qv_revoked_providers revoked_providers;
        bool publish_certificate; /**< lookups show with which certificate a provider registered */
        struct {
            char *address; /**< NULL: each listener's own */
            uint16_t port; /**< of the first interface that is advertised; 0: the listener's own */
        } advertise;
    } registry;

    struct {
        struct {
            char *url;          /**< of the identity service, without a slash at the end; or NULL */
            char *ca;           /**< path, resolved; NULL: tls.trust */
            char *secrets_file; /**< path, resolved; NULL: no AUTHENTICATOR-KEY is taken */
            int64_t timeout_ms;
            int64_t keep_ms; /**< how long an answer may be used again */
        } authentication_system;
        struct {
            enum qv_blacklist_mode mode;
            struct qv_strings exempt; /**< as written */
            char *url;                /**< of the check; NULL: found in the registry itself */
            char *ca;                 /**< path, resolved; NULL: tls.trust */
            int64_t timeout_ms;
            int64_t keep_ms;
        } blacklist;
    } identity;

    struct {
        enum qv_chap_dialect dialect;
        struct {
            char *env;  /**< name of the environment variable that has a key */
            char *file; /**< path, resolved; NULL: the variable's key alone */
        } keys;
        int64_t ttl_ms;
        int64_t revive_ms; /**< 0: what has ended is gone */
        enum qv_chap_ping_url ping_url;
        char *public_url;        /**< without a slash at the end; NULL: by the Host header */
        struct qv_strings hosts; /**< that a Host header may name on a plain listener; each with
                                      or without port */
        enum qv_chap_reregister reregister;
        enum qv_chap_authentication authentication;
        bool expose_in_arrowhead;
        char *definition; /**< service definition of what is exposed */
        bool mirrors;     /**< is there a mirror? */
        struct qv_config_redis mirror;
    } chap;

    struct qv_config_limits limits;

    struct {
        enum qv_log_level level;
        enum qv_log_format format;
        enum qv_log_requests requests;
    } log;
};

/**
 * Reads and checks `path`: syntax, unknown and repeated keys, types, ranges, settings that this
 * version cannot honour, and what must go together (a listener that serves arrowhead needs a way
 * to know its callers; plaintext beyond loopback needs allow_plaintext; TLS needs certificate,
 * key and, for mutual, trust; chap has listeners of its own). Files named in it are not opened.
 *
 * Each fault is one message "file:line: key: what is wrong, what to do", appended to `faults`;
 * QV_INVALID when there is any,
 * QV_NO_MEMORY when they may not be all. No fault repeats a password. The caller frees with
 * qv_config_free.
 */
QV_MUST_CHECK enum qv_status qv_config_load(const char *path, struct qv_config **ret_config,
                                            struct qv_strings *faults);
/** As qv_config_load, of a text that was read already; `path` is only named in faults and tells
 *  the folder where relative paths start. */
QV_MUST_CHECK enum qv_status qv_config_parse(const char *path, struct qv_str text,
                                             struct qv_config **ret_config,
                                             struct qv_strings *faults);
void qv_config_free(struct qv_config **config);

/** Does any listener serve that? */
bool qv_config_serves(const struct qv_config *config, enum qv_serve what);

/** Which settings differ: appends the names ("limits.body", "listeners") of those that take effect
 *  without a restart to `ret_reloadable`, of the others to `ret_fixed`. Both configurations are of
 *  one file. */
QV_MUST_CHECK enum qv_status qv_config_compare(const struct qv_config *before,
                                               const struct qv_config *after,
                                               struct qv_strings *ret_reloadable,
                                               struct qv_strings *ret_fixed);

/** What is in force after a reload: the settings of `running`, and of `file` those that take effect
 *  without a restart. Only a view: it borrows all from both and is not freed. QV_INVALID, with
 *  faults as in qv_config_load, where the two do not go together: the listeners that run need what
 *  the file no longer has. */
QV_MUST_CHECK enum qv_status qv_config_overlay(const struct qv_config *running,
                                               const struct qv_config *file,
                                               struct qv_config *ret_view,
                                               struct qv_strings *faults);

/** store.data_directory alone, also of a file in which something else is wrong, so that whoever
 *  runs by an earlier state of it can be found; the default where the text does not tell. Owned by
 *  the caller, who calls qv_free. QV_INVALID: the file cannot be read. */
QV_MUST_CHECK enum qv_status qv_config_data_directory(const char *path, char **ret_directory,
                                                      struct qv_error *error);

/** Is it a URL that may be asked about identities? https, or http to this machine's own loopback:
 *  whoever could alter the answer would decide who is who. QV_INVALID with what is wrong. */
QV_MUST_CHECK enum qv_status qv_config_check_url(struct qv_str text, struct qv_error *error);

/** Writes the reference of all settings (docs/configuration.md's table) as Markdown. */
void qv_config_write_reference(struct qv_buf *buf);

#endif
