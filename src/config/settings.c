/*
 * The table of settings. A later version that learns one more drops its `later`.
 *
 * Holds always: what is not here is refused as unknown; what is here with `later` is refused by
 * name, so that nothing is accepted and not enforced; each `fallback` is read by the same code as
 * a given value (tests/unit/test_config.c reads them all); what is `reloadable` is asked for anew
 * after a reload by whoever acts on it, all else is what it was at the start. Any thread.
 */
#include "settings.h"

#define MEMBER(type, member)                                                                       \
    .offset = offsetof(struct type, member), .size = sizeof(((struct type *)0)->member)
#define CONFIG(member)   MEMBER(qv_config, member)
#define LISTENER(member) MEMBER(qv_config_listener, member)
#define IDENTITY(member) MEMBER(qv_config_identity_limit, member)
/* Takes effect without a restart. */
#define RELOADED(member) CONFIG(member), .reloadable = true
#define KIB              UINT64_C(1024)
#define MIB              (1024 * KIB)
#define SECOND           UINT64_C(1000)
#define HOUR             (3600 * SECOND)

static const struct qv_choice dialects[] = {
    {"5.0", QV_DIALECT_5_0, false}, {"5.2", QV_DIALECT_5_2, false}, {0}};
static const struct qv_choice tls_modes[] = {{"mutual", QV_TLS_MUTUAL, false},
                                             {"server", QV_TLS_SERVER, false},
                                             {"off", QV_TLS_OFF, false},
                                             {0}};
static const struct qv_choice tls_versions[] = {
    {"1.2", QV_TLS_1_2, false}, {"1.3", QV_TLS_1_3, false}, {0}};
static const struct qv_choice stale_crls[] = {
    {"refuse", QV_STALE_CRL_REFUSE, false}, {"allow", QV_STALE_CRL_ALLOW, false}, {0}};
static const struct qv_choice revoked_providers[] = {
    {"hide", QV_REVOKED_HIDE, false}, {"keep", QV_REVOKED_KEEP, false}, {0}};
static const struct qv_choice services[] = {{"arrowhead", QV_SERVE_ARROWHEAD, false},
                                            {"ops", QV_SERVE_OPS, false},
                                            {"chap", QV_SERVE_CHAP, false},
                                            {0}};
static const struct qv_choice authentications[] = {
    {"certificate", QV_AUTHENTICATION_CERTIFICATE, false},
    {"declared", QV_AUTHENTICATION_DECLARED, false},
    {"none", QV_AUTHENTICATION_NONE, false},
    {"outsourced", QV_AUTHENTICATION_OUTSOURCED, false},
    {0}};
static const struct qv_choice provider_registrations[] = {
    {"automatic", QV_PROVIDER_AUTOMATIC, false}, {"required", QV_PROVIDER_REQUIRED, false}, {0}};
static const struct qv_choice interface_policies[] = {
    {"restricted", QV_INTERFACE_RESTRICTED, false},
    {"extendable", QV_INTERFACE_EXTENDABLE, false},
    {"open", QV_INTERFACE_OPEN, false},
    {0}};
static const struct qv_choice discoveries[] = {
    {"open", QV_DISCOVERY_OPEN, false}, {"restricted", QV_DISCOVERY_RESTRICTED, false}, {0}};
static const struct qv_choice normalizations[] = {{"extended", QV_NORMALIZATION_EXTENDED, false},
                                                  {"simple", QV_NORMALIZATION_SIMPLE, false},
                                                  {0}};
static const struct qv_choice blacklist_modes[] = {
    {"off", QV_BLACKLIST_OFF, false}, {"required", QV_BLACKLIST_REQUIRED, false}, {0}};
static const struct qv_choice chap_dialects[] = {
    {"seed", QV_CHAP_SEED, false}, {"2.1", QV_CHAP_2_1, false}, {"2.2", QV_CHAP_2_2, false}, {0}};
static const struct qv_choice ping_urls[] = {
    {"absolute", QV_CHAP_ABSOLUTE, false}, {"relative", QV_CHAP_RELATIVE, false}, {0}};
static const struct qv_choice reregistrations[] = {
    {"replace", QV_CHAP_REPLACE, false}, {"keep", QV_CHAP_KEEP, false}, {0}};
static const struct qv_choice chap_authentications[] = {
    {"key", QV_CHAP_BY_KEY, false},
    {"certificate", QV_CHAP_BY_CERTIFICATE, false},
    {"either", QV_CHAP_BY_EITHER, false},
    {"both", QV_CHAP_BY_BOTH, false},
    {0}};
static const struct qv_choice redis_words[] = {{"embedded", QV_REDIS_EMBEDDED, false}, {0}};
static const struct qv_choice audit_files[] = {{QV_AUDIT_STDOUT, 0, false}, {0}};
static const struct qv_choice log_levels[] = {{"debug", QV_LOG_DEBUG, false},
                                              {"info", QV_LOG_INFO, false},
                                              {"warning", QV_LOG_WARNING, false},
                                              {"error", QV_LOG_ERROR, false},
                                              {0}};
static const struct qv_choice log_formats[] = {
    {"auto", QV_LOG_AUTO, false}, {"json", QV_LOG_JSON, false}, {"text", QV_LOG_TEXT, false}, {0}};
static const struct qv_choice log_requests[] = {{"off", QV_LOG_REQUESTS_OFF, false},
                                                {"errors", QV_LOG_REQUESTS_ERRORS, false},
                                                {"all", QV_LOG_REQUESTS_ALL, false},
                                                {0}};

/* clang-format off: one setting is one paragraph */
static const struct qv_setting config_settings[] = {
    {"cloud.dialect", QV_KIND_CHOICE, CONFIG(cloud.dialect), .choices = dialects, .fallback = "5.0",
     .doc = "The Arrowhead release whose names and texts are spoken. Stored data stays with the "
            "dialect that it was written in."},
    {"cloud.name", QV_KIND_CLOUD, CONFIG(cloud.name),
     .doc = "The local cloud, `<cloud>.<organization>.<domain>`, for example "
            "`testcloud.company.arrowhead.eu`. Default: what the own certificate says."},

    {"listeners", QV_KIND_LISTENERS, .required = true,
     .doc = "Where Quiver listens: a list, each entry with the settings of the second table."},

    {"tls.certificate", QV_KIND_PATH, RELOADED(tls.certificate),
     .doc = "Own certificate and, behind it, its chain (PEM). Needed where a listener uses TLS and "
            "there is no `tls.keystore`."},
    {"tls.private_key", QV_KIND_PATH, RELOADED(tls.private_key),
     .doc = "The certificate's private key (PEM), readable by its owner alone."},
    {"tls.private_key_password_file", QV_KIND_PATH, RELOADED(tls.private_key_password_file),
     .doc = "File whose first line is the password of an encrypted `tls.private_key`; readable by "
            "its owner alone."},
    {"tls.keystore", QV_KIND_PATH, RELOADED(tls.keystore),
     .doc = "Own certificate, chain and private key in one PKCS #12 file, instead of "
            "`tls.certificate` and `tls.private_key`."},
    {"tls.keystore_password_file", QV_KIND_PATH, RELOADED(tls.keystore_password_file),
     .doc = "File whose first line is the keystore's password; readable by its owner alone."},
    {"tls.trust", QV_KIND_PATHS, RELOADED(tls.trust), .fallback = "",
     .doc = "CA certificates that may vouch for clients (PEM). Needed for `tls: mutual`."},
    {"tls.crl", QV_KIND_PATHS, RELOADED(tls.crl), .fallback = "",
     .doc = "Certificate revocation lists (PEM, or DER), enforced in every handshake and, when "
            "they change, on every live connection."},
    {"tls.require_crl", QV_KIND_FLAG, RELOADED(tls.require_crl), .fallback = "false",
     .doc = "`true`: a client whose CA has no CRL in `tls.crl` is refused."},
    {"tls.stale_crl", QV_KIND_CHOICE, RELOADED(tls.stale_crl), .choices = stale_crls,
     .fallback = "refuse",
     .doc = "A CRL past its nextUpdate: `refuse` new handshakes of its CA's clients, or `allow` "
            "them. Live connections stay either way."},
    {"tls.min_version", QV_KIND_CHOICE, RELOADED(tls.min_version), .choices = tls_versions,
     .fallback = "1.2", .doc = "The oldest TLS version that is spoken."},
    {"tls.ciphers", QV_KIND_TLS_LIST, RELOADED(tls.ciphers),
     .fallback = "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!PSK",
     .doc = "Ciphers of TLS 1.2, as OpenSSL lists them; each must have forward secrecy and AEAD."},
    {"tls.cipher_suites", QV_KIND_TLS_LIST, RELOADED(tls.cipher_suites),
     .fallback = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256",
     .doc = "Cipher suites of TLS 1.3."},
    {"tls.groups", QV_KIND_TLS_LIST, RELOADED(tls.groups),
     .fallback = "X25519:P-256:X448:P-384:P-521",
     .doc = "Groups of the key exchange, and in TLS 1.2 the curves of clients' keys."},

    {"store.redis", QV_KIND_REDIS, CONFIG(store.at), .choices = redis_words, .fallback = "embedded",
     .doc = "Where the registry is kept: `embedded` (a private redis-server), "
            "`redis://[user:password@]host[:port][/database]` or `unix:///path[?db=database]`."},
    {"store.data_directory", QV_KIND_PATH, CONFIG(store.data_directory), .fallback = "../data",
     .doc = "Folder of the embedded Redis' data, of the control socket, and of the numbers of the "
            "newest CRLs; made with mode 0700 where it is missing."},
    {"store.timeout", QV_KIND_DURATION, CONFIG(store.timeout_ms), .min = 100, .max = 60 * SECOND,
     .fallback = "2s", .doc = "A change that Redis has not taken by then is answered with 503."},
    {"store.journal_max", QV_KIND_COUNT, CONFIG(store.journal_max), .min = 1, .max = 100000000,
     .fallback = "100000",
     .doc = "How many changes the journal keeps; those of the last minute always stay."},

    {"authorization.explain_to_clients", QV_KIND_FLAG, CONFIG(authorization.explain_to_clients),
     .fallback = "true", .doc = "Does a refused client learn which rule refused it?"},
    {"authorization.policy", QV_KIND_PATH, RELOADED(authorization.policy),
     .doc = "File with the rules of who may do what (docs/policy.md). Default: the rules of the "
            "config/policy.yaml that is shipped, which are the reference's."},

    {"audit.file", QV_KIND_PATH, CONFIG(audit.file), .choices = audit_files,
     .doc = "Where the audit trail is written: a line for each change and each refusal. Default: "
            "nowhere. Moved away by logrotate, it is opened anew on SIGHUP."},
    {"audit.required", QV_KIND_FLAG, CONFIG(audit.required), .fallback = "false",
     .doc = "`true`: a change is refused with 503 while its line cannot be written, as on a full "
            "disk. Needs a file, not `stdout`."},

    {"registry.provider_registration", QV_KIND_CHOICE, CONFIG(registry.provider_registration),
     .choices = provider_registrations, .fallback = "automatic",
     .doc = "A service of a provider that is not registered: `automatic` enters the provider, "
            "`required` refuses the service, as the reference does."},
    {"registry.interface_policy", QV_KIND_CHOICE, CONFIG(registry.interface_policy),
     .choices = interface_policies, .fallback = "restricted",
     .doc = "A service's interface that no template describes: `restricted` refuses it; "
            "`extendable` makes a template of it, with all its properties mandatory; `open` makes "
            "one of its name and protocol alone."},
    {"registry.discovery", QV_KIND_CHOICE, CONFIG(registry.discovery), .choices = discoveries,
     .fallback = "open",
     .doc =
         "`open`: every caller finds every service. `restricted`: only those whose metadata says "
         "`unrestricted-discovery` (5.2: `unrestrictedDiscovery`) `true`; operators find all."},
    {"registry.direct_access", QV_KIND_TEXTS, CONFIG(registry.direct_access), .fallback = "",
     .doc = "Systems that a restricted discovery does not restrict."},
    {"registry.verbose", QV_KIND_FLAG, CONFIG(registry.verbose), .fallback = "true",
     .doc = "May a lookup ask for the details of providers and devices?"},
    {"registry.normalization", QV_KIND_CHOICE, CONFIG(registry.normalization),
     .choices = normalizations, .fallback = "extended",
     .doc = "Names in dialect 5.2: `extended` converts them (`my-provider` is `MyProvider`), "
            "`simple` only trims them."},
    {"registry.self_addressing", QV_KIND_FLAG, CONFIG(registry.self_addressing), .fallback = "true",
     .doc = "May 127.0.0.1, ::1 and localhost be registered?"},
    {"registry.non_routable_addressing", QV_KIND_FLAG, CONFIG(registry.non_routable_addressing),
     .fallback = "true",
     .doc = "May link-local addresses (169.254.0.0/16, fe80::/16) be registered?"},
    {"registry.address_alias", QV_KIND_TEXTS, CONFIG(registry.address_alias),
     .fallback = "address,addresses,accessAddress,accessAddresses,host,hosts",
     .doc = "Interface properties that are read as addresses."},
    {"registry.advertise.address", QV_KIND_HOST, CONFIG(registry.advertise.address),
     .doc = "The address at which the registry says that it is, in its own entries. Default: each "
            "listener's; of one that listens everywhere, the names in the own certificate."},
    {"registry.advertise.port", QV_KIND_COUNT, CONFIG(registry.advertise.port), .min = 1,
     .max = UINT16_MAX,
     .doc = "The port of the first interface of the own entries, where it is reached at another "
            "one than the listener's."},
    {"registry.revoked_providers", QV_KIND_CHOICE, CONFIG(registry.revoked_providers),
     .choices = revoked_providers, .fallback = "hide",
     .doc = "Service instances that were registered with a certificate that is revoked now: `hide` "
            "them from lookups (unless the reason is `superseded`), or `keep` them."},
    {"registry.publish_certificate", QV_KIND_FLAG, CONFIG(registry.publish_certificate),
     .fallback = "false",
     .doc =
         "`true`: lookups show the digest of the certificate by which an instance was registered "
         "as `x5t#S256` in its provider's metadata, so that a consumer can pin it."},
    {"registry.page_size_max", .later = true, .doc = "The longest page of a query."},

    {"identity.authentication_system.url", QV_KIND_URL, CONFIG(identity.authentication_system.url),
     .doc = "Identity service of the Authentication system, as "
            "`https://auth.plant.example:8445/authentication/identity`; asked with "
            "`GET <url>/verify/<token>`. Needed for `authentication: outsourced`."},
    {"identity.authentication_system.ca", QV_KIND_PATH, RELOADED(identity.authentication_system.ca),
     .doc = "CA certificates that may vouch for it (PEM). Default: `tls.trust`."},
    {"identity.authentication_system.secrets_file", QV_KIND_PATH,
     RELOADED(identity.authentication_system.secrets_file),
     .doc = "Secrets of systems that prove themselves by AUTHENTICATOR-KEY: lines `name: secret`, "
            "mode 0600. Default: none does."},
    {"identity.authentication_system.timeout", QV_KIND_DURATION,
     CONFIG(identity.authentication_system.timeout_ms), .min = 100, .max = 30 * SECOND,
     .fallback = "2s", .doc = "What has not been answered by then is answered with 503."},
    {"identity.authentication_system.keep", QV_KIND_DURATION,
     CONFIG(identity.authentication_system.keep_ms), .min = 0, .max = 300 * SECOND,
     .fallback = "10s",
     .doc = "How long a verified token is not asked about again, at most until it expires."},
    {"identity.blacklist.mode", QV_KIND_CHOICE, CONFIG(identity.blacklist.mode),
     .choices = blacklist_modes, .fallback = "off",
     .doc = "`required`: who is on the cloud's blacklist is refused; so is everybody while it "
            "cannot be asked."},
    {"identity.blacklist.exempt", QV_KIND_TEXTS, CONFIG(identity.blacklist.exempt), .fallback = "",
     .doc = "Systems that are not looked up there."},
    {"identity.blacklist.url", QV_KIND_URL, CONFIG(identity.blacklist.url),
     .doc = "Check of the blacklist service, asked with `GET <url>/<name>`. Default: what the "
            "blacklist system registered here."},
    {"identity.blacklist.ca", QV_KIND_PATH, RELOADED(identity.blacklist.ca),
     .doc = "CA certificates that may vouch for it (PEM). Default: `tls.trust`."},
    {"identity.blacklist.timeout", QV_KIND_DURATION, CONFIG(identity.blacklist.timeout_ms),
     .min = 100, .max = 30 * SECOND, .fallback = "2s",
     .doc = "After this time the check could not be made."},
    {"identity.blacklist.keep", QV_KIND_DURATION, CONFIG(identity.blacklist.keep_ms), .min = 0,
     .max = 60 * SECOND, .fallback = "1s",
     .doc = "How long the blacklist's answer for a name is used again."},

    {"chap.dialect", QV_KIND_CHOICE, CONFIG(chap.dialect), .choices = chap_dialects,
     .fallback = "seed",
     .doc = "The CHAP core whose answers are given: `seed` (of the first description), `2.1` or "
            "`2.2`. They differ in what a missing or wrong key is told, and in members that are "
            "null."},
    {"chap.keys.env", QV_KIND_NAME, CONFIG(chap.keys.env),
     .fallback = "SERVICEKIT_REGISTRATION_KEY",
     .doc = "Name of the environment variable that has a service key. Without a key here and in "
            "`chap.keys.file` nobody registers: 503."},
    {"chap.keys.file", QV_KIND_PATH, RELOADED(chap.keys.file),
     .doc = "File with further service keys, one a line, readable by its owner alone; watched. "
            "All are good, so that an old and a new one can overlap; the log tells when each was "
            "last used."},
    {"chap.ttl", QV_KIND_DURATION, CONFIG(chap.ttl_ms), .min = SECOND, .max = 24 * HOUR,
     .fallback = "30s", .doc = "A service that has not pinged for so long vanishes."},
    {"chap.revive", QV_KIND_DURATION, CONFIG(chap.revive_ms), .min = 0, .max = 24 * HOUR,
     .fallback = "0s",
     .doc = "A ping brings back a service that vanished no longer ago than that; never one that "
            "was deleted."},
    {"chap.ping_url", QV_KIND_CHOICE, CONFIG(chap.ping_url), .choices = ping_urls,
     .fallback = "absolute",
     .doc = "The `ping_url` that a registration is answered with: `absolute`, as clients need it, "
            "or `relative`, as the first description has it."},
    {"chap.public_url", QV_KIND_OWN_URL, CONFIG(chap.public_url),
     .doc = "What an absolute `ping_url` begins with, as `https://registry.plant.example:8444`. "
            "Default: the request's Host header, where it names what the listener's certificate "
            "names, or one of `chap.hosts`, or the address that was called."},
    {"chap.hosts", QV_KIND_HOSTS, CONFIG(chap.hosts), .fallback = "",
     .doc = "What a Host header may name on a listener without TLS, each with or without port."},
    {"chap.reregister", QV_KIND_CHOICE, CONFIG(chap.reregister), .choices = reregistrations,
     .fallback = "replace",
     .doc = "Registering what is there: `replace` renews its lease, and takes over other data; "
            "`keep` leaves all as it is, its end too, as CHAP's first description says."},
    {"chap.authentication", QV_KIND_CHOICE, CONFIG(chap.authentication),
     .choices = chap_authentications, .fallback = "key",
     .doc = "What registering, pinging and deleting take: a service `key`, a client `certificate`, "
            "`either`, or `both`."},
    {"chap.expose_in_arrowhead", QV_KIND_FLAG, CONFIG(chap.expose_in_arrowhead),
     .fallback = "false",
     .doc = "`true`: Arrowhead lookups find each live CHAP service as an instance, too, that "
            "nobody can change there."},
    {"chap.definition", QV_KIND_NAME, CONFIG(chap.definition), .fallback = "ml-service",
     .doc = "The service definition of these instances."},
    {"chap.mirror", QV_KIND_REDIS, CONFIG(chap.mirror),
     .doc = "A Redis in which each live CHAP service is also written as CHAP's own core reads it: "
            "`redis://[user:password@]host[:port][/database]` (the core has database 3) or "
            "`unix:///path[?db=database]`."},

    {"limits.body", QV_KIND_SIZE, RELOADED(limits.body), .min = KIB, .max = 64 * MIB,
     .fallback = "256KiB", .doc = "Largest request body; beyond it 413."},
    {"limits.json_depth", QV_KIND_COUNT, RELOADED(limits.json_depth), .min = 8, .max = 1000,
     .fallback = "128", .doc = "Deepest nesting of arrays and objects in a body."},
    {"limits.connections", QV_KIND_COUNT, RELOADED(limits.connections), .min = 1, .max = 1000000,
     .fallback = "10000",
     .doc = "Live connections of all listeners together; more wait in the system's queue."},
    {"limits.connections_per_peer", QV_KIND_COUNT, RELOADED(limits.connections_per_peer), .min = 1,
     .max = 1000000, .fallback = "2500",
     .doc = "Live connections of one address (IPv6: one /64); more are closed at once."},
    {"limits.handshake_timeout", QV_KIND_DURATION, RELOADED(limits.handshake_ms), .min = 100,
     .max = 10 * 60 * SECOND, .fallback = "10s", .doc = "How long a TLS handshake may take."},
    {"limits.request_timeout", QV_KIND_DURATION, RELOADED(limits.request_ms), .min = 100,
     .max = 24 * HOUR, .fallback = "60s",
     .doc = "How long a request may take to arrive, and a connection may be idle between two."},
    {"limits.workers", QV_KIND_COUNT, CONFIG(limits.workers), .min = 0, .max = 256, .fallback = "0",
     .doc = "Threads that serve requests; 0: one per processor. With a CHAP listener as many "
            "again, for these alone."},
    {"limits.identities", QV_KIND_IDENTITIES, RELOADED(limits.identities), .fallback = "",
     .doc =
         "What single callers may have: a list, each entry with the settings of the third table. "
         "The first entry that fits a caller counts."},

    {"log.level", QV_KIND_CHOICE, RELOADED(log.level), .choices = log_levels, .fallback = "info",
     .doc = "What is less important than this is not logged."},
    {"log.format", QV_KIND_CHOICE, RELOADED(log.format), .choices = log_formats, .fallback = "auto",
     .doc = "`json`: a JSON object a line; `text`: for people; `auto`: text on a terminal."},
    {"log.requests", QV_KIND_CHOICE, RELOADED(log.requests), .choices = log_requests,
     .fallback = "off",
     .doc = "A log line, at level info, for each request: `all`, only for those answered with 400 "
            "or more (`errors`), or `off`."},
};

static const struct qv_setting listener_settings[] = {
    {"name", QV_KIND_NAME, LISTENER(name), .required = true,
     .doc = "Its name in the log; each has another."},
    {"address", QV_KIND_ADDRESS, LISTENER(address), .required = true,
     .doc = "IPv4 or IPv6 address in numbers; `0.0.0.0` and `::` are all of the machine's."},
    {"port", QV_KIND_COUNT, LISTENER(port), .min = 0, .max = UINT16_MAX, .required = true,
     .doc = "TCP port; 0: the system chooses, the log tells which."},
    {"tls", QV_KIND_CHOICE, LISTENER(tls), .choices = tls_modes, .required = true,
     .doc = "`mutual`: clients must show a certificate; `server`: they may; `off`: plaintext."},
    {"serve", QV_KIND_CHOICES, LISTENER(serve), .choices = services, .required = true,
     .doc = "What is served here: a list. `chap` has a listener of its own."},
    {"authentication", QV_KIND_CHOICE, LISTENER(authentication), .choices = authentications,
     .doc = "How callers are known: by `certificate` (default where TLS is on), as `declared` in "
            "the Authorization header, or by a token or key there that the Authentication system "
            "vouches for (`outsourced`). A certificate that is shown outranks the header. `none` "
            "(default) for listeners that serve ops alone. Not for listeners of chap, which have "
            "`chap.authentication`."},
    {"allow_plaintext", QV_KIND_FLAG, LISTENER(allow_plaintext), .fallback = "false",
     .doc = "Needed for `tls: off` on an address that is not this machine's own loopback."},
};

static const struct qv_setting identity_settings[] = {
    {"systems", QV_KIND_GLOBS, IDENTITY(systems), .required = true,
     .doc = "Whose limits these are: names, and patterns (`*`, `?`) of names as they are stored."},
    {"requests", QV_KIND_COUNT, IDENTITY(requests), .min = 1, .max = 1000000,
     .doc = "Requests a second of each of them; more get 429. Default: no bound."},
    {"burst", QV_KIND_COUNT, IDENTITY(burst), .min = 1, .max = 1000000,
     .doc = "So many requests at once, after a pause. Default: as many as `requests`."},
    {"connections", QV_KIND_COUNT, IDENTITY(connections), .min = 1, .max = 1000000,
     .doc = "Live connections of each of them by certificate; requests on further ones get 429. "
            "Default: no bound."},
    {"instances", QV_KIND_COUNT, IDENTITY(instances), .min = 1, .max = 100000000,
     .doc = "Service instances that each of them has registered; a further one gets 429, a "
            "replacement does not. Default: no bound."},
};
/* clang-format on */

#define TABLE(rows)                                                                                \
    {                                                                                              \
        .at = (rows), .count = sizeof(rows) / sizeof((rows)[0])                                    \
    }
const struct qv_settings qv_config_settings = TABLE(config_settings);
const struct qv_settings qv_listener_settings = TABLE(listener_settings);
const struct qv_settings qv_identity_settings = TABLE(identity_settings);

_Static_assert(sizeof(config_settings) / sizeof(config_settings[0]) <= QV_SETTINGS_MAX,
               "QV_SETTINGS_MAX");
