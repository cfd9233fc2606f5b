// links: config
/*
 * quiver.yaml: the shipped file, every value and its default, and every fault by file, line, key.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <quiver/base/memory.h>
#include <quiver/config/config.h>
#include <stdio.h>
#include <string.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define SHIPPED     TEST_DATA "/../../../config/quiver.yaml"

/* The least that is complete: one plain listener, so that no TLS is needed. */
#define LEAST                                                                                      \
    "cloud: {name: testcloud.company.arrowhead.eu}\n"                                              \
    "listeners:\n"                                                                                 \
    "- {name: a, address: 127.0.0.1, port: 0, tls: off, serve: [arrowhead], "                      \
    "authentication: declared}\n"
/* The same with a listener of the test's own in line 3. */
#define WITH(listener)                                                                             \
    "cloud: {name: testcloud.company.arrowhead.eu}\nlisteners:\n- {" listener "}\n"
#define TLS "tls: {certificate: c, private_key: k, trust: [t]}\n"

/* One listener for CHAP, in line 3. */
#define CHAP(tls, by)                                                                              \
    WITH("name: a, address: 127.0.0.1, port: 1, tls: " tls ", serve: [chap]")                      \
    "chap: {authentication: " by "}\n"

#define TLS_LISTENER                                                                               \
    "listeners: [{name: a, address: 1.2.3.4, port: 1, tls: mutual, serve: [arrowhead]}]\n"

#define URL(url) "identity: {blacklist: {url: \"" url "\"}}\n"
#define OWN_URL_HINT                                                                               \
    "; write https://host[:port][/path] or http://host[:port][/path], without user, query and "    \
    "fragment"
#define HOST_HINT                                                                                  \
    " is no host, write a name, an IPv4 address or an [IPv6] one, each with or without :port"
#define REDIS_FORMS "redis://[user:password@]host[:port][/database] or unix:///path[?db=database]"
#define ALONE       ": chap answers in a shape of its own, give it a listener of its own: serve: [chap]"
#define NO_EFFECT   ": has no effect for chap, remove it and set chap.authentication"
#define URL_HINT    "; write https://host[:port]/path, without user, query and fragment"

struct result {
    enum qv_status status;
    struct qv_config *config;
    struct qv_strings faults;
};

static void result_free(struct result *result)
{
    qv_config_free(&result->config);
    qv_strings_free(&result->faults);
}

static struct result parse(const char *text)
{
    struct result result = {0};
    result.status =
        qv_config_parse("etc/q.yaml", qv_str_from(text), &result.config, &result.faults);
    return result;
}

static void expect_good(const struct result *result)
{
    if (result->status != QV_OK)
        fail_msg("%s", result->faults.count > 0 ? result->faults.at[0] : "no fault told");
    assert_int_equal(result->faults.count, 0);
    assert_non_null(result->config);
}

static void the_shipped_file(void **state)
{
    (void)state;
    QV_CLEANUP(result) struct result result = {0};
    result.status = qv_config_load(SHIPPED, &result.config, &result.faults);
    expect_good(&result);
    const struct qv_config *config = result.config;
    assert_string_equal(config->file, SHIPPED);
    assert_int_equal(config->listener_count, 2);
    assert_string_equal(config->listeners[0].name, "secure");
    assert_string_equal(config->listeners[0].address, "0.0.0.0");
    assert_int_equal(config->listeners[0].port, 8443);
    assert_int_equal(config->listeners[0].tls, QV_TLS_MUTUAL);
    assert_int_equal(config->listeners[0].serve, QV_SERVE_ARROWHEAD);
    assert_int_equal(config->listeners[0].authentication, QV_AUTHENTICATION_CERTIFICATE);
    assert_int_equal(config->listeners[1].port, 9090);
    assert_int_equal(config->listeners[1].authentication, QV_AUTHENTICATION_NONE);
    assert_string_equal(config->tls.trust.at[0],
                        TEST_DATA "/../../../config/../certs/local/cloud-ca.crt");
    assert_int_equal(config->tls.crl.count, 1);
    assert_string_equal(config->authorization.policy, TEST_DATA "/../../../config/policy.yaml");
    assert_null(config->audit.file);
    assert_null(config->cloud.name);
}

/* What the file says in so many words is what a file without these words would mean. */
static void the_shipped_file_states_the_defaults(void **state)
{
    (void)state;
    QV_CLEANUP(result) struct result shipped = {0}, least = parse(LEAST);
    shipped.status = qv_config_load(SHIPPED, &shipped.config, &shipped.faults);
    expect_good(&shipped);
    expect_good(&least);
    const struct qv_config *a = shipped.config, *b = least.config;
    assert_memory_equal(&a->limits, &b->limits, sizeof(a->limits));
    assert_memory_equal(&a->log, &b->log, sizeof(a->log));
    assert_int_equal(a->cloud.dialect, b->cloud.dialect);
    assert_int_equal(a->store.at.kind, b->store.at.kind);
    assert_true(a->store.timeout_ms == b->store.timeout_ms);
    assert_true(a->store.journal_max == b->store.journal_max);
    assert_int_equal(a->authorization.explain_to_clients, b->authorization.explain_to_clients);
    assert_int_equal(a->registry.provider_registration, b->registry.provider_registration);
    assert_int_equal(a->registry.verbose, b->registry.verbose);
    assert_int_equal(a->registry.self_addressing, b->registry.self_addressing);
    assert_int_equal(a->registry.non_routable_addressing, b->registry.non_routable_addressing);
    assert_int_equal(a->registry.interface_policy, b->registry.interface_policy);
    assert_int_equal(a->registry.discovery, b->registry.discovery);
    assert_int_equal(a->registry.direct_access.count, b->registry.direct_access.count);
    assert_int_equal(a->registry.normalization, b->registry.normalization);
    assert_int_equal(a->registry.address_alias.count, b->registry.address_alias.count);
    for (size_t i = 0; i < a->registry.address_alias.count; i++)
        assert_string_equal(a->registry.address_alias.at[i], b->registry.address_alias.at[i]);
    assert_int_equal(a->chap.dialect, b->chap.dialect);
    assert_string_equal(a->chap.keys.env, b->chap.keys.env);
    assert_true(a->chap.ttl_ms == b->chap.ttl_ms);
    assert_true(a->chap.revive_ms == b->chap.revive_ms);
    assert_int_equal(a->chap.ping_url, b->chap.ping_url);
    assert_int_equal(a->chap.hosts.count, b->chap.hosts.count);
    assert_int_equal(a->chap.reregister, b->chap.reregister);
    assert_int_equal(a->chap.authentication, b->chap.authentication);
    assert_int_equal(a->chap.expose_in_arrowhead, b->chap.expose_in_arrowhead);
    assert_string_equal(a->chap.definition, b->chap.definition);
}

static void defaults(void **state)
{
    (void)state;
    QV_CLEANUP(result) struct result result = parse(LEAST);
    expect_good(&result);
    const struct qv_config *config = result.config;
    assert_int_equal(config->cloud.dialect, QV_DIALECT_5_0);
    assert_string_equal(config->directory, "etc");
    assert_string_equal(config->store.data_directory, "etc/../data");
    assert_int_equal(config->store.at.kind, QV_REDIS_EMBEDDED);
    assert_true(config->store.timeout_ms == 2000);
    assert_true(config->store.journal_max == 100000);
    assert_null(config->authorization.policy);
    assert_true(config->authorization.explain_to_clients);
    assert_null(config->audit.file);
    assert_false(config->audit.required);
    assert_int_equal(config->registry.provider_registration, QV_PROVIDER_AUTOMATIC);
    assert_int_equal(config->registry.interface_policy, QV_INTERFACE_RESTRICTED);
    assert_int_equal(config->registry.discovery, QV_DISCOVERY_OPEN);
    assert_int_equal(config->registry.direct_access.count, 0);
    assert_int_equal(config->registry.normalization, QV_NORMALIZATION_EXTENDED);
    assert_true(config->registry.verbose);
    assert_int_equal(config->registry.address_alias.count, 6);
    assert_string_equal(config->registry.address_alias.at[2], "accessAddress");
    assert_null(config->registry.advertise.address);
    assert_int_equal(config->registry.advertise.port, 0);
    assert_null(config->identity.authentication_system.url);
    assert_true(config->identity.authentication_system.timeout_ms == 2000);
    assert_true(config->identity.authentication_system.keep_ms == 10000);
    assert_int_equal(config->identity.blacklist.mode, QV_BLACKLIST_OFF);
    assert_int_equal(config->identity.blacklist.exempt.count, 0);
    assert_true(config->identity.blacklist.timeout_ms == 2000);
    assert_true(config->identity.blacklist.keep_ms == 1000);
    assert_int_equal(config->chap.dialect, QV_CHAP_SEED);
    assert_string_equal(config->chap.keys.env, "SERVICEKIT_REGISTRATION_KEY");
    assert_null(config->chap.keys.file);
    assert_true(config->chap.ttl_ms == 30000);
    assert_true(config->chap.revive_ms == 0);
    assert_int_equal(config->chap.ping_url, QV_CHAP_ABSOLUTE);
    assert_null(config->chap.public_url);
    assert_int_equal(config->chap.hosts.count, 0);
    assert_int_equal(config->chap.reregister, QV_CHAP_REPLACE);
    assert_int_equal(config->chap.authentication, QV_CHAP_BY_KEY);
    assert_false(config->chap.expose_in_arrowhead);
    assert_string_equal(config->chap.definition, "ml-service");
    assert_false(config->chap.mirrors);
    assert_false(qv_config_serves(config, QV_SERVE_CHAP));
    assert_int_equal(config->limits.body, 262144);
    assert_int_equal(config->limits.json_depth, 128);
    assert_int_equal(config->limits.connections, 10000);
    assert_int_equal(config->limits.connections_per_peer, 2500);
    assert_true(config->limits.handshake_ms == 10000);
    assert_true(config->limits.request_ms == 60000);
    assert_int_equal(config->limits.workers, 0);
    assert_int_equal(config->log.level, QV_LOG_INFO);
    assert_int_equal(config->log.format, QV_LOG_AUTO);
    assert_int_equal(config->log.requests, QV_LOG_REQUESTS_OFF);
    assert_null(config->tls.certificate);
    assert_null(config->tls.private_key_password_file);
    assert_null(config->tls.keystore);
    assert_null(config->tls.keystore_password_file);
    assert_int_equal(config->tls.trust.count, 0);
    assert_false(config->tls.require_crl);
    assert_int_equal(config->tls.stale_crl, QV_STALE_CRL_REFUSE);
    assert_int_equal(config->tls.min_version, QV_TLS_1_2);
    assert_string_equal(config->tls.ciphers, "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!PSK");
    assert_non_null(strstr(config->tls.cipher_suites, "TLS_AES_128_GCM_SHA256"));
    assert_non_null(strstr(config->tls.groups, "X25519"));
    assert_int_equal(config->registry.revoked_providers, QV_REVOKED_HIDE);
    assert_false(config->registry.publish_certificate);
    assert_false(config->listeners[0].allow_plaintext);
    assert_int_equal(config->listeners[0].line, 3);
}

static void every_setting_of_chap(void **state)
{
    (void)state;
    QV_CLEANUP(result) struct result result = {0};
    result.status = qv_config_load(TEST_DATA "/config/every.yaml", &result.config, &result.faults);
    expect_good(&result);
    const struct qv_config *config = result.config;
    assert_int_equal(config->listeners[4].serve, QV_SERVE_CHAP);
    assert_int_equal(config->listeners[4].authentication, QV_AUTHENTICATION_NONE);
    assert_int_equal(config->chap.dialect, QV_CHAP_2_2);
    assert_string_equal(config->chap.keys.env, "OTHER_KEY");
    assert_string_equal(config->chap.keys.file, TEST_DATA "/config/service-keys");
    assert_true(config->chap.ttl_ms == 90000);
    assert_true(config->chap.revive_ms == 60000);
    assert_int_equal(config->chap.ping_url, QV_CHAP_RELATIVE);
    assert_string_equal(config->chap.public_url, "http://gateway.plant.example:8000/registry");
    assert_int_equal(config->chap.hosts.count, 3);
    assert_string_equal(config->chap.hosts.at[2], "[::1]:8446");
    assert_int_equal(config->chap.reregister, QV_CHAP_KEEP);
    assert_int_equal(config->chap.authentication, QV_CHAP_BY_BOTH);
    assert_true(config->chap.expose_in_arrowhead);
    assert_string_equal(config->chap.definition, "model");
    assert_true(config->chap.mirrors);
    assert_int_equal(config->chap.mirror.kind, QV_REDIS_TCP);
    assert_string_equal(config->chap.mirror.host, "core.example");
    assert_string_equal(config->chap.mirror.password, "s@crab");
    assert_int_equal(config->chap.mirror.port, 6379);
    assert_int_equal(config->chap.mirror.database, 3);
    assert_string_equal(config->store.at.host, "redis.example"); /* one is not the other */
    assert_true(qv_config_serves(config, QV_SERVE_CHAP));
}

static void every_setting(void **state)
{
    (void)state;
    QV_CLEANUP(result) struct result result = {0};
    result.status = qv_config_load(TEST_DATA "/config/every.yaml", &result.config, &result.faults);
    expect_good(&result);
    const struct qv_config *config = result.config;
    assert_string_equal(config->cloud.name, "testcloud.company.arrowhead.eu");
    assert_int_equal(config->listener_count, 6);
    assert_int_equal(config->listeners[0].serve, QV_SERVE_ARROWHEAD | QV_SERVE_OPS);
    assert_int_equal(config->listeners[1].authentication, QV_AUTHENTICATION_DECLARED);
    assert_int_equal(config->listeners[1].tls, QV_TLS_SERVER);
    assert_string_equal(config->listeners[1].address, "::1");
    assert_true(config->listeners[2].allow_plaintext);
    assert_int_equal(config->listeners[3].authentication, QV_AUTHENTICATION_NONE);
    assert_string_equal(config->tls.certificate, "/etc/quiver/own.crt");
    assert_string_equal(config->tls.private_key, TEST_DATA "/config/own.key");
    assert_string_equal(config->tls.private_key_password_file, TEST_DATA "/config/own.password");
    assert_int_equal(config->tls.trust.count, 2);
    assert_int_equal(config->tls.crl.count, 1);
    assert_true(config->tls.require_crl);
    assert_int_equal(config->tls.stale_crl, QV_STALE_CRL_ALLOW);
    assert_int_equal(config->tls.min_version, QV_TLS_1_3);
    assert_string_equal(config->tls.ciphers, "ECDHE-ECDSA-AES128-GCM-SHA256");
    assert_string_equal(config->tls.cipher_suites, "TLS_AES_256_GCM_SHA384");
    assert_string_equal(config->tls.groups, "P-384:P-256");
    assert_int_equal(config->registry.revoked_providers, QV_REVOKED_KEEP);
    assert_true(config->registry.publish_certificate);
    assert_int_equal(config->store.at.kind, QV_REDIS_TCP);
    assert_string_equal(config->store.at.host, "redis.example");
    assert_string_equal(config->store.at.username, "quiver");
    assert_string_equal(config->store.at.password, "p@ss:/%");
    assert_int_equal(config->store.at.port, 6380);
    assert_int_equal(config->store.at.database, 3);
    assert_string_equal(config->store.data_directory, "/var/lib/quiver");
    assert_true(config->store.timeout_ms == 500);
    assert_true(config->store.journal_max == 10);
    assert_string_equal(config->authorization.policy, TEST_DATA "/config/rules.yaml");
    assert_false(config->authorization.explain_to_clients);
    assert_string_equal(config->audit.file, TEST_DATA "/config/../log/audit.log");
    assert_true(config->audit.required);
    assert_int_equal(config->registry.provider_registration, QV_PROVIDER_REQUIRED);
    assert_false(config->registry.verbose);
    assert_false(config->registry.self_addressing);
    assert_false(config->registry.non_routable_addressing);
    assert_int_equal(config->registry.address_alias.count, 1);
    assert_int_equal(config->cloud.dialect, QV_DIALECT_5_2);
    assert_int_equal(config->registry.interface_policy, QV_INTERFACE_EXTENDABLE);
    assert_int_equal(config->registry.discovery, QV_DISCOVERY_RESTRICTED);
    assert_int_equal(config->registry.direct_access.count, 2);
    assert_string_equal(config->registry.direct_access.at[1], "TranslationManager");
    assert_int_equal(config->registry.normalization, QV_NORMALIZATION_SIMPLE);
    assert_string_equal(config->registry.advertise.address, "registry.plant.example");
    assert_int_equal(config->registry.advertise.port, 443);
    assert_int_equal(config->listeners[5].authentication, QV_AUTHENTICATION_OUTSOURCED);
    assert_string_equal(config->identity.authentication_system.url,
                        "https://auth.plant.example:8445/authentication/identity");
    assert_string_equal(config->identity.authentication_system.ca, TEST_DATA "/config/auth.crt");
    assert_string_equal(config->identity.authentication_system.secrets_file,
                        TEST_DATA "/config/secrets");
    assert_true(config->identity.authentication_system.timeout_ms == 500);
    assert_true(config->identity.authentication_system.keep_ms == 0);
    assert_int_equal(config->identity.blacklist.mode, QV_BLACKLIST_REQUIRED);
    assert_int_equal(config->identity.blacklist.exempt.count, 1);
    assert_string_equal(config->identity.blacklist.exempt.at[0], "Monitor");
    assert_string_equal(config->identity.blacklist.url, "http://[::1]:8080/blacklist/check");
    assert_string_equal(config->identity.blacklist.ca, "/etc/blacklist.crt");
    assert_true(config->identity.blacklist.timeout_ms == 30000);
    assert_true(config->identity.blacklist.keep_ms == 60000);
    assert_int_equal(config->limits.body, 1048576);
    assert_int_equal(config->limits.json_depth, 16);
    assert_int_equal(config->limits.connections, 5);
    assert_int_equal(config->limits.connections_per_peer, 3);
    assert_true(config->limits.handshake_ms == 60000);
    assert_true(config->limits.request_ms == 3600000);
    assert_int_equal(config->limits.workers, 2);
    assert_int_equal(config->log.level, QV_LOG_DEBUG);
    assert_int_equal(config->log.format, QV_LOG_TEXT);
}

/* Each text has exactly the one fault; "etc/q.yaml:" stands before it. */
static const struct {
    const char *text, *fault;
} faulty[] = {
    /* syntax and keys */
    {"", "1: must be a mapping of settings, as `listeners:`"},
    {"- a\n", "1: must be a mapping of settings, as `listeners:`"},
    {"# nothing\n", "1: must be a mapping of settings, as `listeners:`"},
    {LEAST "a: [\n", "5: while parsing a flow node: did not find expected node content"},
    {LEAST "log: {level: \"\x01\"}\n", "4: control characters are not allowed"},
    {LEAST "--- {}\n", "4: a second document begins here, remove it"},
    {LEAST "? [a]\n: 1\n", "4: a key must be a word"},
    {LEAST "logg: 1\n",
     "4: logg: is not a setting; known here: cloud, listeners, tls, store, authorization, audit, "
     "registry, identity, chap, limits, log"},
    {LEAST "log: {levels: info}\n",
     "4: log.levels: is not a setting; known here: level, format, requests"},
    {LEAST "log: {\"\": 1}\n",
     "4: log.(key): is not a setting; known here: level, format, requests"},
    {LEAST "log.level: info\n", "4: log.level: is not a setting; known here: cloud, listeners, "
                                "tls, store, authorization, audit, "
                                "registry, identity, chap, limits, log"},
    {LEAST "log: {level: info, level: debug}\n",
     "4: log.level: is given twice (first in line 4), remove one"},
    {LEAST "log: {}\nstore: {}\nlog: {}\n", "6: log: is given twice (first in line 4), remove one"},
    {LEAST "log: info\n", "4: log: must be a mapping: its settings below it, indented"},
    {LEAST "log:\n", "4: log: must be a mapping: its settings below it, indented"},
    {LEAST "log: !x {}\n", "4: log: must be a mapping: its settings below it, indented"},
    {LEAST "log:\n  level:\n", "5: log.level: has no value, give one or remove the line"},
    {LEAST "log: {level: ~}\n", "4: log.level: has no value, give one or remove the line"},
    {LEAST "log: {level: [info]}\n",
     "4: log.level: must be a plain value, not a list, mapping or tag"},
    {LEAST "log: {level: !env LEVEL}\n",
     "4: log.level: must be a plain value, not a list, mapping or tag"},
    {LEAST "store: {data_directory: \"a\\0b\"}\n",
     "4: store.data_directory: has a control character in it, remove it"},
    {LEAST "store: {data_directory: \"\"}\n", "4: store.data_directory: \"\" is no path"},
    /* words, flags, numbers */
    {LEAST "log: {level: loud}\n",
     "4: log.level: \"loud\" is unknown, use one of: debug, info, warning, error"},
    {LEAST "registry: {verbose: yes}\n", "4: registry.verbose: \"yes\" is neither true nor false"},
    {LEAST "registry: {verbose: \"true\"}\n",
     "4: registry.verbose: must be written without quotes"},
    {LEAST "registry: {address_alias: host}\n",
     "4: registry.address_alias: must be a list, write [a, b]"},
    {LEAST "registry: {address_alias: [host, {}]}\n",
     "4: registry.address_alias: must be a plain value, not a list, mapping or tag"},
    {LEAST "registry: {address_alias: [\"\"]}\n", "4: registry.address_alias: \"\" is empty"},
    {LEAST "registry: {direct_access: a}\n",
     "4: registry.direct_access: must be a list, write [a, b]"},
    {LEAST "registry: {discovery: closed}\n",
     "4: registry.discovery: \"closed\" is unknown, use one of: open, restricted"},
    {LEAST "registry: {interface_policy: free}\n",
     "4: registry.interface_policy: \"free\" is unknown, use one of: restricted, extendable, open"},
    {LEAST "registry: {normalization: none}\n",
     "4: registry.normalization: \"none\" is unknown, use one of: extended, simple"},
    {LEAST "registry:\n  verbose: true\n  normalization: simple\n",
     "6: registry.normalization: simple is for dialect 5.2 alone, remove it or set cloud.dialect: "
     "\"5.2\""},
    {"cloud: {dialect: \"5.1\", name: a.b.c.d}\n"
     "listeners:\n- {name: a, address: 127.0.0.1, port: 1, tls: off, serve: [ops]}\n",
     "1: cloud.dialect: \"5.1\" is unknown, use one of: 5.0, 5.2"},
    {LEAST "limits: {body: 12x}\n",
     "4: limits.body: \"12x\" is not a size in bytes, KiB, MiB or GiB from 1KiB to 64MiB"},
    {LEAST "limits: {body: 65MiB}\n",
     "4: limits.body: \"65MiB\" is not a size in bytes, KiB, MiB or GiB from 1KiB to 64MiB"},
    {LEAST "limits: {body: 1023}\n",
     "4: limits.body: \"1023\" is not a size in bytes, KiB, MiB or GiB from 1KiB to 64MiB"},
    {LEAST "limits: {body: 18446744073709551615GiB}\n",
     "4: limits.body: \"18446744073709551615GiB\" is not a size in bytes, KiB, MiB or GiB from "
     "1KiB to 64MiB"},
    {LEAST "limits: {json_depth: 1001}\n",
     "4: limits.json_depth: \"1001\" is not a whole number from 8 to 1000"},
    {LEAST "limits: {connections: -1}\n",
     "4: limits.connections: \"-1\" is not a whole number from 1 to 1000000"},
    {LEAST "limits: {workers: 1.0}\n",
     "4: limits.workers: \"1.0\" is not a whole number from 0 to 256"},
    {LEAST "tls: {min_version: \"1.1\"}\n",
     "4: tls.min_version: \"1.1\" is unknown, use one of: 1.2, 1.3"},
    {LEAST "tls: {stale_crl: keep}\n",
     "4: tls.stale_crl: \"keep\" is unknown, use one of: refuse, allow"},
    {LEAST "tls: {ciphers: \"ECDHE, AES\"}\n",
     "4: tls.ciphers: \"ECDHE, AES\" is no list of OpenSSL's names with colons between them"},
    {LEAST "tls: {groups: \"\"}\n",
     "4: tls.groups: \"\" is no list of OpenSSL's names with colons between them"},
    {LEAST "store: {timeout: 2}\n",
     "4: store.timeout: \"2\" is not a time in ms, s, m or h from 100ms to 1m"},
    {LEAST "store: {timeout: 2m}\n",
     "4: store.timeout: \"2m\" is not a time in ms, s, m or h from 100ms to 1m"},
    {LEAST "store: {timeout: 99ms}\n",
     "4: store.timeout: \"99ms\" is not a time in ms, s, m or h from 100ms to 1m"},
    {LEAST "store: {data_directory: x, redis: \"\"}\n",
     "4: store.redis: the value is neither embedded nor a URL of a known form; write " REDIS_FORMS},
    /* what this version cannot honour */
    {LEAST "registry: {page_size_max: 1}\n",
     "4: registry.page_size_max: is not supported by this version, remove it"},
    /* CHAP */
    {LEAST "chap: 5\n", "4: chap: must be a mapping: its settings below it, indented"},
    {LEAST "chap: {\"*\": 1}\n",
     "4: chap.(key): is not a setting; known here: dialect, keys, ttl, revive, ping_url, "
     "public_url, hosts, reregister, authentication, expose_in_arrowhead, definition, mirror"},
    {LEAST "chap: {keys: secret}\n",
     "4: chap.keys: must be a mapping: its settings below it, indented"},
    {LEAST "chap: {keys: {key: secret}}\n",
     "4: chap.keys.key: is not a setting; known here: env, file"},
    {LEAST "chap: {keys: {env: A=B}}\n",
     "4: chap.keys.env: \"A=B\" is no name, use 1 to 63 letters, digits, hyphens and underscores"},
    {LEAST "chap: {dialect: \"2.0\"}\n",
     "4: chap.dialect: \"2.0\" is unknown, use one of: seed, 2.1, 2.2"},
    {LEAST "chap: {ttl: 999ms}\n",
     "4: chap.ttl: \"999ms\" is not a time in ms, s, m or h from 1s to 24h"},
    {LEAST "chap: {ttl: 25h}\n",
     "4: chap.ttl: \"25h\" is not a time in ms, s, m or h from 1s to 24h"},
    {LEAST "chap: {revive: 86401s}\n",
     "4: chap.revive: \"86401s\" is not a time in ms, s, m or h from 0ms to 24h"},
    {LEAST "chap: {ping_url: both}\n",
     "4: chap.ping_url: \"both\" is unknown, use one of: absolute, relative"},
    {LEAST "chap: {reregister: yes}\n",
     "4: chap.reregister: \"yes\" is unknown, use one of: replace, keep"},
    {LEAST "chap: {authentication: none}\n",
     "4: chap.authentication: \"none\" is unknown, use one of: key, certificate, either, both"},
    {LEAST "chap: {expose_in_arrowhead: 1}\n",
     "4: chap.expose_in_arrowhead: \"1\" is neither true nor false"},
    {LEAST "chap: {definition: ml service}\n",
     "4: chap.definition: \"ml service\" is no name, use 1 to 63 letters, digits, hyphens and "
     "underscores"},
    {LEAST "chap: {public_url: registry.example}\n",
     "4: chap.public_url: the value is no URL" OWN_URL_HINT},
    {LEAST "chap: {public_url: \"https://registry.example/?a\"}\n",
     "4: chap.public_url: the URL is too long or has characters that it cannot have" OWN_URL_HINT},
    {LEAST "chap: {public_url: \"http://a b\"}\n",
     "4: chap.public_url: the URL is too long or has characters that it cannot have" OWN_URL_HINT},
    {LEAST "chap: {public_url: \"https://:8444\"}\n",
     "4: chap.public_url: the URL's host is no name and no address" OWN_URL_HINT},
    {LEAST "chap: {hosts: a}\n", "4: chap.hosts: must be a list, write [a, b]"},
    {LEAST "chap: {hosts: [\"https://a\"]}\n", "4: chap.hosts: \"https://a\"" HOST_HINT},
    {LEAST "chap: {hosts: [\"::1\"]}\n", "4: chap.hosts: \"::1\"" HOST_HINT},
    {LEAST "chap: {hosts: [\"a:0\"]}\n", "4: chap.hosts: \"a:0\"" HOST_HINT},
    {LEAST "chap: {hosts: [\"*.example\"]}\n", "4: chap.hosts: \"*.example\"" HOST_HINT},
    {LEAST "chap: {mirror: embedded}\n",
     "4: chap.mirror: the value is no URL of a known form; write " REDIS_FORMS},
    {LEAST "chap: {mirror: \"rediss://:hunter2@h\"}\n",
     "4: chap.mirror: this kind of URL is not supported by this version; write " REDIS_FORMS},
    {WITH("name: a, address: 127.0.0.1, port: 1, tls: off, serve: [chap, ops]"),
     "3: listener a: serve" ALONE},
    {TLS WITH("name: a, address: 127.0.0.1, port: 1, tls: mutual, serve: [arrowhead, chap], "
              "authentication: certificate"),
     "4: listener a: serve" ALONE},
    {WITH("name: a, address: 127.0.0.1, port: 1, tls: off, serve: [chap], authentication: "
          "declared"),
     "3: listener a: authentication" NO_EFFECT},
    {WITH("name: a, address: 127.0.0.1, port: 1, tls: off, serve: [chap], authentication: "
          "outsourced"),
     "3: listener a: authentication" NO_EFFECT},
    {TLS WITH("name: a, address: 127.0.0.1, port: 1, tls: server, serve: [chap], authentication: "
              "certificate"),
     "4: listener a: authentication" NO_EFFECT},
    {WITH("name: a, address: 10.0.0.1, port: 1, tls: off, serve: [chap]"),
     "3: listener a: address: plaintext beyond this machine, use 127.0.0.1 or ::1, turn TLS on, "
     "or set allow_plaintext: true"},
    {CHAP("off", "certificate"),
     "3: listener a: tls: off lets no certificate through, but chap.authentication is certificate; "
     "set tls: server or mutual"},
    {CHAP("off", "both"),
     "3: listener a: tls: off lets no certificate through, but chap.authentication is both; "
     "set tls: server or mutual"},
    {"tls: {certificate: c, private_key: k}\n" CHAP("server", "both"),
     "4: tls.trust: is missing, but chap.authentication is both, and listener a takes "
     "certificates"},
    /* the audit trail */
    {LEAST "audit: {required: true}\n",
     "4: audit.required: needs a file whose room can be set aside, name one in audit.file"},
    {LEAST "audit: {file: stdout, required: true}\n",
     "4: audit.required: needs a file whose room can be set aside, name one in audit.file"},
    {LEAST "audit: {files: a.log}\n",
     "4: audit.files: is not a setting; known here: file, required"},
    {LEAST "audit: a.log\n", "4: audit: must be a mapping: its settings below it, indented"},
    /* the cloud */
    {"cloud: {name: testcloud.company}\n"
     "listeners:\n- {name: a, address: 127.0.0.1, port: 1, tls: off, serve: [ops]}\n",
     "1: cloud.name: \"testcloud.company\" is no cloud, write <cloud>.<organization>.<domain> "
     "with a domain of two parts, as testcloud.company.arrowhead.eu"},
    {"cloud: {name: a.b..d}\n"
     "listeners:\n- {name: a, address: 127.0.0.1, port: 1, tls: off, serve: [ops]}\n",
     "1: cloud.name: \"a.b..d\" is no cloud, write <cloud>.<organization>.<domain> with a domain "
     "of two parts, as testcloud.company.arrowhead.eu"},
    {"listeners:\n- {name: a, address: 127.0.0.1, port: 1, tls: off, serve: [ops]}\n",
     "2: cloud.name: is missing; without TLS no certificate names the cloud"},
    /* listeners */
    {"cloud: {dialect: \"5.0\"}\n", "1: listeners is missing"},
    {"listeners: []\n", "1: listeners: must be a list of 1 to 64 listeners"},
    {"listeners: {a: b}\n", "1: listeners: must be a list of 1 to 64 listeners"},
    {"listeners: [a]\n", "1: listeners[0]: must be a mapping with name, address, port, tls, serve"},
    {WITH("name: a, address: 127.0.0.1, port: 1, serve: [ops]"), "3: listeners[0].tls is missing"},
    {WITH("name: a, address: 127.0.0.1, port: 1, tls: off, serve: [ops], host: b"),
     "3: listeners[0].host: is not a setting; known here: name, address, port, tls, serve, "
     "authentication, allow_plaintext"},
    {WITH("name: a b, address: 127.0.0.1, port: 1, tls: off, serve: [ops]"),
     "3: listeners[0].name: \"a b\" is no name, use 1 to 63 letters, digits, hyphens and "
     "underscores"},
    {WITH("name: a, address: localhost, port: 1, tls: off, serve: [ops]"),
     "3: listeners[0].address: \"localhost\" is no address, write an IPv4 or IPv6 address in "
     "numbers, as 127.0.0.1 or ::1"},
    {WITH("name: a, address: \"[::1]\", port: 1, tls: off, serve: [ops]"),
     "3: listeners[0].address: \"[::1]\" is no address, write an IPv4 or IPv6 address in "
     "numbers, as 127.0.0.1 or ::1"},
    {WITH("name: a, address: 127.0.0.1, port: 65536, tls: off, serve: [ops]"),
     "3: listeners[0].port: \"65536\" is not a whole number from 0 to 65535"},
    {WITH("name: a, address: 127.0.0.1, port: 1, tls: off, serve: []"),
     "3: listeners[0].serve: must not be empty"},
    {WITH("name: a, address: 127.0.0.1, port: 1, tls: off, serve: ops"),
     "3: listeners[0].serve: must be a list, write [a, b]"},
    {WITH("name: a, address: 127.0.0.1, port: 1, tls: off, serve: [ops]}\n- {name: a, address: "
          "127.0.0.1, port: 2, tls: off, serve: [ops]"),
     "4: listener a: name: is taken by the listener in line 3, choose another"},
    {WITH("name: a, address: 127.0.0.1, port: 1, tls: off, serve: [ops]}\n- {name: b, address: "
          "\"::ffff:127.0.0.1\", port: 1, tls: off, serve: [ops]"),
     "4: listener b: port: 1 is taken by listener a in line 3, choose another"},
    {WITH("name: a, address: 0.0.0.0, port: 1, tls: off, serve: [ops], allow_plaintext: true}\n"
          "- {name: b, address: 127.0.0.1, port: 1, tls: off, serve: [ops]"),
     "4: listener b: port: 1 is taken by listener a in line 3, choose another"},
    /* who calls, and plaintext */
    {WITH("name: a, address: 127.0.0.1, port: 1, tls: off, serve: [arrowhead]"),
     "3: listener a: tls: off leaves no way to know the callers, set tls: mutual or "
     "authentication: declared"},
    {WITH("name: a, address: 127.0.0.1, port: 1, tls: off, serve: [arrowhead], authentication: "
          "certificate"),
     "3: listener a: authentication: certificate needs TLS, set tls: mutual"},
    {WITH("name: a, address: 127.0.0.1, port: 1, tls: off, serve: [arrowhead, ops], "
          "authentication: none"),
     "3: listener a: authentication: none would let in unknown callers, remove it"},
    {TLS WITH("name: a, address: 127.0.0.1, port: 1, tls: mutual, serve: [arrowhead], "
              "authentication: declared"),
     "4: listener a: authentication: declared has no effect with tls: mutual, where the "
     "certificate says who calls, remove it"},
    {WITH("name: a, address: 127.0.0.1, port: 1, tls: off, serve: [ops], authentication: "
          "declared"),
     "3: listener a: authentication: declared has no effect for ops, remove it"},
    {TLS WITH("name: a, address: 127.0.0.1, port: 1, tls: server, serve: [ops], authentication: "
              "certificate"),
     "4: listener a: authentication: certificate on a listener for ops needs tls: mutual"},
    {WITH("name: a, address: 192.168.1.1, port: 1, tls: off, serve: [arrowhead], "
          "authentication: declared"),
     "3: listener a: address: plaintext beyond this machine, use 127.0.0.1 or ::1, turn TLS on, "
     "or set allow_plaintext: true"},
    {WITH("name: a, address: \"::\", port: 1, tls: off, serve: [ops]"),
     "3: listener a: address: plaintext beyond this machine, use 127.0.0.1 or ::1, turn TLS on, "
     "or set allow_plaintext: true"},
    {TLS WITH(
         "name: a, address: 127.0.0.1, port: 1, tls: mutual, serve: [arrowhead], "
         "authentication: outsourced") "identity: {authentication_system: {url: \"https://a\"}}",
     "4: listener a: authentication: outsourced has no effect with tls: mutual, where the "
     "certificate says who calls, remove it"},
    {WITH("name: a, address: 127.0.0.1, port: 1, tls: off, serve: [ops], authentication: "
          "outsourced"),
     "3: listener a: authentication: outsourced has no effect for ops, remove it"},
    {WITH("name: a, address: 127.0.0.1, port: 1, tls: off, serve: [arrowhead], authentication: "
          "outsourced"),
     "3: identity.authentication_system.url: is missing, but listener a has authentication: "
     "outsourced"},
    /* who is asked about callers */
    {LEAST "identity: {authentication_system: {url: \"https://auth.example\"}}\n",
     "1: identity.authentication_system.ca: is missing; without it and without tls.trust nobody "
     "vouches for that server"},
    {LEAST "identity: {blacklist: {url: \"https://auth.example\"}}\n",
     "1: identity.blacklist.ca: is missing; without it and without tls.trust nobody vouches for "
     "that server"},
    {LEAST URL("auth.example"), "4: identity.blacklist.url: the value is no URL" URL_HINT},
    {LEAST URL("ftp://auth.example"), "4: identity.blacklist.url: the value is no URL" URL_HINT},
    {LEAST URL("https://"),
     "4: identity.blacklist.url: the URL's host is no name and no address" URL_HINT},
    {LEAST URL("https:///x"),
     "4: identity.blacklist.url: the URL's host is no name and no address" URL_HINT},
    {LEAST URL("https://-a"),
     "4: identity.blacklist.url: the URL's host is no name and no address" URL_HINT},
    {LEAST URL("https://::1"),
     "4: identity.blacklist.url: the URL's host is no name and no address" URL_HINT},
    {LEAST URL("https://[1.2.3.4]"),
     "4: identity.blacklist.url: the URL's host is no name and no address" URL_HINT},
    {LEAST URL("https://[::1"),
     "4: identity.blacklist.url: the URL's host is no name and no address" URL_HINT},
    {LEAST URL("https://1.2.3"),
     "4: identity.blacklist.url: the URL's host is no name and no address" URL_HINT},
    {LEAST URL("https://a:0"),
     "4: identity.blacklist.url: the URL's port is no number from 1 to 65535" URL_HINT},
    {LEAST URL("https://a:65536/"),
     "4: identity.blacklist.url: the URL's port is no number from 1 to 65535" URL_HINT},
    {LEAST URL("https://[::1]8"),
     "4: identity.blacklist.url: the URL's port is no number from 1 to 65535" URL_HINT},
    {LEAST URL("https://user:secret@a"),
     "4: identity.blacklist.url: the URL is too long or has characters that it cannot "
     "have" URL_HINT},
    {LEAST URL("https://a/b?c"),
     "4: identity.blacklist.url: the URL is too long or has characters that it cannot "
     "have" URL_HINT},
    {LEAST URL("https://a/b c"),
     "4: identity.blacklist.url: the URL is too long or has characters that it cannot "
     "have" URL_HINT},
    {LEAST URL("http://auth.example"),
     "4: identity.blacklist.url: http is for 127.0.0.1, ::1 and localhost alone" URL_HINT},
    {LEAST URL("http://127.0.0.1.example"),
     "4: identity.blacklist.url: http is for 127.0.0.1, ::1 and localhost alone" URL_HINT},
    {LEAST "identity: {blacklist: {mode: on}}\n",
     "4: identity.blacklist.mode: \"on\" is unknown, use one of: off, required"},
    {LEAST "identity: {authentication_system: {timeout: 31s}}\n",
     "4: identity.authentication_system.timeout: \"31s\" is not a time in ms, s, m or h from "
     "100ms to 30s"},
    {LEAST "identity: {authentication_system: {keep: 6m}}\n",
     "4: identity.authentication_system.keep: \"6m\" is not a time in ms, s, m or h from 0ms to "
     "5m"},
    {LEAST "identity: {blacklist: {wait: 6m}}\n",
     "4: identity.blacklist.wait: is not a setting; known here: mode, exempt, url, ca, timeout, "
     "keep"},
    /* what the registry says of itself */
    {LEAST "registry: {advertise: {address: \"a b\"}}\n",
     "4: registry.advertise.address: \"a b\" is no address and no host name, as 10.0.0.5 or "
     "registry.plant.example"},
    {LEAST "registry: {advertise: {port: 0}}\n",
     "4: registry.advertise.port: \"0\" is not a whole number from 1 to 65535"},
    {LEAST "registry: {advertise: 10.0.0.5}\n",
     "4: registry.advertise: must be a mapping: its settings below it, indented"},
    /* one own certificate, and its passwords */
    {TLS_LISTENER "tls: {certificate: c, private_key: k, keystore: s, trust: [t]}\n",
     "2: tls.keystore: takes the place of tls.certificate and tls.private_key, remove it or them"},
    {TLS_LISTENER "tls: {private_key: k, keystore: s, trust: [t]}\n",
     "2: tls.keystore: takes the place of tls.certificate and tls.private_key, remove it or them"},
    {TLS_LISTENER "tls: {keystore: s, private_key_password_file: p, trust: [t]}\n",
     "2: tls.private_key_password_file: is for tls.private_key, which is missing, remove it or add "
     "the key"},
    {TLS_LISTENER "tls: {certificate: c, private_key: k, keystore_password_file: p, trust: [t]}\n",
     "2: tls.keystore_password_file: is for tls.keystore, which is missing, remove it or add the "
     "keystore"},
    {TLS_LISTENER "tls: {keystore: s}\n",
     "1: tls.trust: is missing, but listener a has tls: mutual"},
    /* what TLS needs */
    {"listeners:\n- {name: a, address: 1.2.3.4, port: 1, tls: mutual, serve: [arrowhead]}\n"
     "tls: {private_key: k, trust: [t]}\n",
     "2: tls.certificate: is missing, but listener a has tls: mutual"},
    {"listeners:\n- {name: a, address: 1.2.3.4, port: 1, tls: server, serve: [ops]}\n"
     "tls: {certificate: c}\n",
     "2: tls.private_key: is missing, but listener a has tls: server"},
    {"listeners:\n- {name: a, address: 1.2.3.4, port: 1, tls: server, serve: [ops]}\n"
     "- {name: b, address: 1.2.3.4, port: 2, tls: mutual, serve: [ops]}\n"
     "tls: {certificate: c, private_key: k}\n",
     "3: tls.trust: is missing, but listener b has tls: mutual"},
};

static void faults_have_file_line_and_key(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(faulty); i++) {
        QV_CLEANUP(result) struct result result = parse(faulty[i].text);
        assert_int_equal(result.status, QV_INVALID);
        assert_null(result.config);
        if (result.faults.count != 1)
            fail_msg("%zu faults, not only: %s", result.faults.count, faulty[i].fault);
        assert_int_equal(strncmp(result.faults.at[0], "etc/q.yaml:", 11), 0);
        assert_string_equal(result.faults.at[0] + 11, faulty[i].fault);
    }
}

static void all_faults_are_told_at_once(void **state)
{
    (void)state;
    QV_CLEANUP(result)
    struct result result = parse(LEAST "log: {level: x, format: y}\nlimits: {body: z}\n"
                                       "chap: {ttl: 1ms, keys: {a: b}}\n");
    assert_int_equal(result.status, QV_INVALID);
    assert_int_equal(result.faults.count, 5);
}

static void files_that_cannot_be_read(void **state)
{
    (void)state;
    QV_CLEANUP(result) struct result result = {0};
    result.status = qv_config_load("/no/such.yaml", &result.config, &result.faults);
    assert_int_equal(result.status, QV_INVALID);
    assert_int_equal(result.faults.count, 1);
    assert_string_equal(result.faults.at[0], "/no/such.yaml: No such file or directory");
}

static void strange_yaml_that_is_right(void **state)
{
    (void)state;
    static const char *texts[] = {
        "\xEF\xBB\xBF" LEAST,
        "%YAML 1.1\n---\n" LEAST "...\n# end\n",
        LEAST "log: {level: 'debug', format: \"json\"}\n",
        LEAST "log: {}\nlimits: &a {}\nregistry: *a\n",
        LEAST "store: {redis: \"embedded\"}\n",
        LEAST "chap: {ttl: 24h, revive: 0ms, keys: {}, hosts: []}\n",
        /* CHAP without TLS and with, with certificates and without */
        CHAP("off", "key"),
        CHAP("off", "either"),
        "tls: {certificate: c, private_key: k}\n" CHAP("server", "either"),
        TLS CHAP("server", "both"),
        TLS CHAP("mutual", "certificate"),
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        QV_CLEANUP(result) struct result result = parse(texts[i]);
        expect_good(&result);
    }
}

static void a_document_that_contains_itself_ends(void **state)
{
    (void)state;
    QV_CLEANUP(result) struct result result = parse("&a\nlog: *a\nlisteners: [*a]\n");
    assert_int_equal(result.status, QV_INVALID);
    assert_true(result.faults.count > 0);
}

/* ---- Redis ---- */

static struct result parse_redis(const char *url)
{
    char text[1024];
    snprintf(text, sizeof(text), LEAST "store: {redis: \"%s\"}\n", url);
    return parse(text);
}

static const char *or_empty(const char *text)
{
    return text != NULL ? text : "";
}

static void redis_urls(void **state)
{
    (void)state;
    static const struct {
        const char *url, *username, *password, *host, *path;
        unsigned port, database;
    } rows[] = {
        {"redis://localhost", "", "", "localhost", "", 6379, 0},
        {"redis://10.0.0.1:7000", "", "", "10.0.0.1", "", 7000, 0},
        {"redis://10.0.0.1/", "", "", "10.0.0.1", "", 6379, 0},
        {"redis://a-b.c_d/15", "", "", "a-b.c_d", "", 6379, 15},
        {"redis://[::1]:7000/2", "", "", "::1", "", 7000, 2},
        {"redis://[fe80::1]", "", "", "fe80::1", "", 6379, 0},
        {"redis://:secret@h", "", "secret", "h", "", 6379, 0},
        {"redis://u:s%40%3a%25%c3%a4@h:1/1", "u", "s@:%\xC3\xA4", "h", "", 1, 1},
        {"redis://u:a@b@h", "u", "a@b", "h", "", 6379, 0},
        {"redis://u:a:b@h", "u", "a:b", "h", "", 6379, 0},
        {"unix:///run/redis.sock", "", "", "", "/run/redis.sock", 0, 0},
        {"unix:///run/redis.sock?db=4", "", "", "", "/run/redis.sock", 0, 4},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        QV_CLEANUP(result) struct result result = parse_redis(rows[i].url);
        expect_good(&result);
        const struct qv_config *config = result.config;
        assert_int_equal(config->store.at.kind, rows[i].path[0] ? QV_REDIS_UNIX : QV_REDIS_TCP);
        assert_string_equal(or_empty(config->store.at.username), rows[i].username);
        assert_string_equal(or_empty(config->store.at.password), rows[i].password);
        assert_string_equal(or_empty(config->store.at.host), rows[i].host);
        assert_string_equal(or_empty(config->store.at.path), rows[i].path);
        assert_int_equal(config->store.at.port, rows[i].port);
        assert_int_equal(config->store.at.database, rows[i].database);
    }
}

static void bad_redis_urls_never_show_their_password(void **state)
{
    (void)state;
    static const struct {
        const char *url, *words;
    } rows[] = {
        {"rediss://u:hunter2@h", "not supported by this version"},
        {"sentinel://u:hunter2@h", "not supported by this version"},
        {"http://u:hunter2@h", "neither embedded nor a URL of a known form"},
        {"REDIS://u:hunter2@h", "neither embedded nor a URL of a known form"},
        {"hunter2", "neither embedded nor a URL of a known form"},
        {"redis://u:hunter2@", "host is no name"},
        {"redis://u:hunter2@h h", "host is no name"},
        {"redis://u:hunter2@[::1", "closing bracket"},
        {"redis://u:hunter2@[h]", "host is no name"},
        {"redis://u:hunter2@[::1]x", "port is no number"},
        {"redis://u:hunter2@h:", "port is no number"},
        {"redis://u:hunter2@h:0", "port is no number"},
        {"redis://u:hunter2@h:65536", "port is no number"},
        {"redis://u:hunter2@h/x", "database is no number"},
        {"redis://u:hunter2@h/1/2", "database is no number"},
        {"redis://u:hunter2@h/65536", "database is no number"},
        {"redis://u:hunter2@h?db=1", "host is no name"},
        {"redis://hunter2@h", "user without a password"},
        {"redis://hunter2:@h", "user without a password"},
        {"redis://u:hunter2%@h", "broken % escape"},
        {"redis://u:hunter2%4@h", "broken % escape"},
        {"redis://u:hunter2%zz@h", "broken % escape"},
        {"redis://u:hunter2%00@h", "broken % escape"},
        {"redis://hunter2%:x@h", "broken % escape"},
        {"unix://run/hunter2", "does not begin with a slash"},
        {"unix:///", "does not begin with a slash"},
        {"unix:///run/x?password=hunter2", "unknown parameter"},
        {"unix:///run/x?db=", "database is no number"},
        {"unix:///0123456789012345678901234567890123456789012345678901234567890123456789012345678"
         "90123456789012345678901234567",
         "longer than the system allows"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        QV_CLEANUP(result) struct result result = parse_redis(rows[i].url);
        assert_int_equal(result.status, QV_INVALID);
        assert_int_equal(result.faults.count, 1);
        if (strstr(result.faults.at[0], rows[i].words) == NULL)
            fail_msg("%s: %s", rows[i].url, result.faults.at[0]);
        assert_null(strstr(result.faults.at[0], "hunter2"));
        assert_int_equal(strncmp(result.faults.at[0], "etc/q.yaml:4: store.redis: ", 27), 0);
    }
}

/* A URL where it does not belong is not repeated either. */
static void a_misplaced_password_is_not_shown(void **state)
{
    (void)state;
    static const char *texts[] = {
        LEAST "store: redis://u:hunter2@h\n",
        LEAST "store: {redis://u:hunter2@h: 1}\n",
        LEAST "redis://u:hunter2@h: 1\n",
        LEAST "store: {redis: [redis://u:hunter2@h]}\n",
        LEAST "store: {redis: \"redis://u:hunter2@h\\n\"}\n",
        LEAST "store: {redis: redis://u:hunter2@h: x}\n",
        LEAST "chap: {mirror: [redis://u:hunter2@h]}\n",
        LEAST "chap: {mirror: http://u:hunter2@h}\n",
        LEAST "chap: {public_url: http://u:hunter2@h}\n",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        QV_CLEANUP(result) struct result result = parse(texts[i]);
        assert_int_equal(result.status, QV_INVALID);
        for (size_t k = 0; k < result.faults.count; k++)
            assert_null(strstr(result.faults.at[k], "hunter2"));
    }
}

/* ---- the rest ---- */

static void lack_of_memory_at_any_place(void **state)
{
    (void)state;
    static const char text[] =
        LEAST "store: {redis: \"redis://u:p@h\"}\nregistry: {address_alias: [a]}\n"
              "chap: {mirror: \"redis://u:p@h\", hosts: [a], public_url: \"http://a/\"}\n"
              "tls: {certificate: c, crl: [d]}\n";
    size_t nth = 1;
    for (;; nth++) {
        QV_CLEANUP(result) struct result result = {0};
        qv_memory_fail_at(nth);
        result = parse(text);
        bool reached = qv_memory_count() >= nth;
        qv_memory_fail_at(0);
        if (!reached) {
            expect_good(&result);
            break;
        }
        assert_int_equal(result.status, QV_NO_MEMORY);
        assert_null(result.config);
    }
    assert_true(nth > 30);
}

static void lack_of_memory_while_telling_faults(void **state)
{
    (void)state;
    static const char text[] = LEAST "logs: 1\nlog: {level: x, level: y}\nlimits: {body: 1}\n";
    size_t nth = 1;
    for (;; nth++) {
        QV_CLEANUP(result) struct result result = {0};
        qv_memory_fail_at(nth);
        result = parse(text);
        bool reached = qv_memory_count() >= nth;
        qv_memory_fail_at(0);
        assert_int_equal(result.status, reached ? QV_NO_MEMORY : QV_INVALID);
        if (!reached)
            break;
    }
    assert_true(nth > 20);
}

static void freeing(void **state)
{
    (void)state;
    struct result result = parse(LEAST);
    expect_good(&result);
    qv_config_free(&result.config);
    assert_null(result.config);
    qv_config_free(&result.config);
    qv_config_free(NULL);
    result_free(&result);
}

static void the_reference_names_every_setting(void **state)
{
    (void)state;
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    qv_config_write_reference(&buf);
    assert_int_equal(qv_buf_status(&buf), QV_OK);
    static const char *lines[] = {
        "| `cloud.dialect` | word: `5.0`, `5.2` | `5.0` | ",
        "| `registry.interface_policy` | word: `restricted`, `extendable`, `open` | `restricted` "
        "| ",
        "| `registry.direct_access` | list of texts | `[]` | ",
        "| `listeners` | list of listeners | must be given | ",
        "| `tls.certificate` | path |  | at a reload | ",
        "| `tls.crl` | list of paths | `[]` | at a reload | ",
        "| `store.timeout` | time, 100ms to 1m | `2s` | at a restart | ",
        "| `limits.body` | size, 1KiB to 64MiB | `256KiB` | at a reload | ",
        "| `limits.workers` | number, 0 to 256 | `0` | at a restart | ",
        "| `port` | number, 0 to 65535 | must be given | ",
        "| `tls` | word: `mutual`, `server`, `off` | must be given | ",
        "| `authorization.policy` | path |  | at a reload | ",
        "| `audit.file` | path or `stdout` |  | at a restart | ",
        "| `audit.required` | true or false | `false` | at a restart | ",
        "- `registry.page_size_max`: ",
        "| `chap.mirror` | URL |  | at a restart | ",
        "| `chap.keys.file` | path |  | at a reload | ",
        "| `store.redis` | URL or `embedded` | `embedded` | at a restart | ",
    };
    for (size_t i = 0; i < COUNT(lines); i++)
        if (strstr(buf.at, lines[i]) == NULL)
            fail_msg("missing: %s", lines[i]);
    assert_null(strstr(buf.at, "- `authorization.policy`"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shipped_file),
        cmocka_unit_test(the_shipped_file_states_the_defaults),
        cmocka_unit_test(defaults),
        cmocka_unit_test(every_setting),
        cmocka_unit_test(every_setting_of_chap),
        cmocka_unit_test(faults_have_file_line_and_key),
        cmocka_unit_test(all_faults_are_told_at_once),
        cmocka_unit_test(files_that_cannot_be_read),
        cmocka_unit_test(strange_yaml_that_is_right),
        cmocka_unit_test(a_document_that_contains_itself_ends),
        cmocka_unit_test(redis_urls),
        cmocka_unit_test(bad_redis_urls_never_show_their_password),
        cmocka_unit_test(a_misplaced_password_is_not_shown),
        cmocka_unit_test(lack_of_memory_at_any_place),
        cmocka_unit_test(lack_of_memory_while_telling_faults),
        cmocka_unit_test(freeing),
        cmocka_unit_test(the_reference_names_every_setting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
