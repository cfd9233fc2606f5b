// links: policy
/*
 * Each key of `who`, `on` and `unless`, `visible` and groups as a decision table: a rule, a caller,
 * an object, and whether the rule matches.
 */
#include "policy_fixture.h"

#define FINGERPRINT "oKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr8"
#define HEX         "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf"
#define COLONS                                                                                     \
    "A0:A1:A2:A3:A4:A5:A6:A7:A8:A9:AA:AB:AC:AD:AE:AF:B0:B1:B2:B3:B4:B5:B6:B7:B8:B9:BA:BB:BC:BD:BE" \
    ":BF"
#define GROUPS "groups: {green: [temperature-*, hygro?]}\n"

/* ---- who ---- */

static const struct who_row {
    const char *who;
    struct fixture_who caller;
    bool allows, denies; /* whether a rule with it does; the two differ where nothing is said */
} who_rows[] = {
    {"systems: temperature-1", {.system = "temperature-1"}, true, true},
    {"systems: temperature-1", {.system = "temperature-10"}, false, false},
    {"systems: temperature-1", {.system = "Temperature-1"}, false, false},
    {"systems: [x, temperature-*]", {.system = "temperature-"}, true, true},
    {"systems: [x, temperature-*]", {.system = "temperature"}, false, false},
    {"systems: '*-sensor?'", {.system = "broken-sensor7"}, true, true},
    {"systems: '*-sensor?'", {.system = "broken-sensor"}, false, false},
    {"systems: '*-sensor?'", {.system = "broken-sensor77"}, false, false},
    {"systems: 'a*b*c'", {.system = "aabbcbc"}, true, true},
    {"systems: 'a*b*c'", {.system = "aabbcb"}, false, false},
    {"systems: '*'", {.system = "a"}, true, true},
    {"systems: '*'", {0}, false, false},
    {"systems: '?'", {.system = "\xC3\xA4"}, true, true}, /* one character of two bytes */
    {"systems: '@green'", {.system = "temperature-9"}, true, true},
    {"systems: '@green'", {.system = "hygro1"}, true, true},
    {"systems: '@green'", {.system = "hygro12"}, false, false},
    {"systems: ['@green', z]", {.system = "z"}, true, true},
    /* a name means the system, however it is spelled */
    {"systems: ' Temperature-1 '", {.system = "temperature-1"}, true, true},
    {"profile: operator", {.system = "a", .operator_ = true}, true, true},
    {"profile: operator", {.system = "a"}, false, false},
    {"profile: [system, operator]", {.system = "a"}, true, true},
    {"profile: [system, operator]", {0}, false, false},
    {"profile: [system, operator]", {.service_key = true}, false, false},
    {"anonymous: true", {0}, true, true},
    {"anonymous: true", {.system = "a"}, false, false},
    {"anonymous: false", {.system = "a"}, true, true},
    {"anonymous: false", {0}, false, false},
    {"service_key: true", {.service_key = true}, true, true},
    {"service_key: true", {.system = "a", .service_key = true}, true, true},
    {"service_key: true", {.system = "a"}, false, false},
    {"service_key: false", {.system = "a"}, true, true},
    {"service_key: false", {.service_key = true}, false, false},
    {"service_key: false", {0}, false, true},
    {"clouds: TestCloud", {.system = "a", .cloud = "testcloud.company.arrowhead.eu"}, true, true},
    {"clouds: testcloud", {.system = "a", .cloud = "TESTCLOUD.company.arrowhead.eu"}, true, true},
    {"clouds: company", {.system = "a", .cloud = "testcloud.company.arrowhead.eu"}, false, false},
    {"clouds: testcloud", {.system = "a"}, false, false},
    {"organizations: [x, company]",
     {.system = "a", .cloud = "testcloud.Company.arrowhead.eu"},
     true,
     true},
    {"organizations: arrowhead",
     {.system = "a", .cloud = "testcloud.company.arrowhead.eu"},
     false,
     false},
    {"fingerprints: 'sha256:" HEX "'", {.system = "a", .fingerprint = FINGERPRINT}, true, true},
    {"fingerprints: 'SHA256:" COLONS "'", {.system = "a", .fingerprint = FINGERPRINT}, true, true},
    {"fingerprints: [" FINGERPRINT "]", {.system = "a", .fingerprint = FINGERPRINT}, true, true},
    {"fingerprints: [" FINGERPRINT "]",
     {.system = "a", .fingerprint = "pKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr8"},
     false,
     false},
    {"fingerprints: [" FINGERPRINT "]", {.system = "a"}, false, false},
    {"serials: 0A:1b", {.system = "a", .serial = "0a1b"}, true, true},
    {"serials: a1b", {.system = "a", .serial = "0a1b"}, true, true},
    {"serials: [7, 12]", {.system = "a", .serial = "12"}, true, true},
    {"serials: 12", {.system = "a", .serial = "1200"}, false, false},
    {"serials: 0", {.system = "a"}, false, false},
    {"listeners: [secure, ops]", {.system = "a", .listener = "ops"}, true, true},
    {"listeners: [secure, ops]", {.system = "a", .listener = "opsi"}, false, false},
    {"listeners: [secure, ops]", {.system = "a"}, false, false},
    {"networks: 10.0.0.0/8", {.system = "a", .address = "10.255.0.1"}, true, true},
    {"networks: 10.0.0.0/8", {.system = "a", .address = "11.0.0.1"}, false, false},
    {"networks: 10.0.0.0/8", {.system = "a", .address = "::ffff:10.1.1.1"}, true, true},
    {"networks: 10.0.0.0/8", {.system = "a", .address = "a00::"}, false, false},
    {"networks: 10.0.0.0/8", {.system = "a"}, false, false},
    {"networks: [192.168.4.128/25]", {.system = "a", .address = "192.168.4.127"}, false, false},
    {"networks: [192.168.4.128/25]", {.system = "a", .address = "192.168.4.128"}, true, true},
    {"networks: [127.0.0.1, 'fd00:1::/33']", {.system = "a", .address = "127.0.0.1"}, true, true},
    {"networks: [127.0.0.1, 'fd00:1::/33']",
     {.system = "a", .address = "fd00:1:7fff::1"},
     true,
     true},
    {"networks: [127.0.0.1, 'fd00:1::/33']",
     {.system = "a", .address = "fd00:1:8000::1"},
     false,
     false},
    {"networks: 0.0.0.0/0", {.system = "a", .address = "8.8.8.8"}, true, true},
    {"networks: 0.0.0.0/0", {.system = "a", .address = "2001:db8::1"}, false, false},
    {"networks: '::/0'", {.system = "a", .address = "8.8.8.8"}, true, true},
    /* each key that is given must fit */
    {"systems: a, profile: operator", {.system = "a"}, false, false},
    {"systems: a, profile: operator", {.system = "a", .operator_ = true}, true, true},
    {"anonymous: true, listeners: [ops]", {.listener = "ops"}, true, true},
    {"anonymous: true, listeners: [ops]", {.listener = "secure"}, false, false},
    {"anonymous: true, networks: 10.0.0.0/8", {.address = "10.1.2.3"}, true, true},
    {"anonymous: true, networks: 10.0.0.0/8", {.system = "a", .address = "10.1.2.3"}, false, false},
    /* who has no identity gets nothing that is not said; and is denied what everybody is */
    {"listeners: [ops]", {.listener = "ops"}, false, true},
    {"networks: 10.0.0.0/8", {.address = "10.1.2.3"}, false, true},
    {"service_key: true, listeners: [chap]", {.service_key = true, .listener = "chap"}, true, true},
};

static struct qv_policy *policy_with(const char *who, const char *effect)
{
    char text[1024];
    snprintf(text, sizeof(text),
             "version: 1\n%srules:\n"
             "  - {name: the rule, who: {%s}, %s: [ops.health]}\n"
             "  - {name: all others, who: {%s}, allow: [ops.health, ops.metrics]}\n"
             "  - {name: nobody, who: {anonymous: true}, allow: [ops.health, ops.metrics]}\n",
             strstr(who, "@green") != NULL ? GROUPS : "", who, effect, "anonymous: false");
    return fixture_policy(text);
}

static void who(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(who_rows); i++) {
        const struct who_row *row = &who_rows[i];
        struct fixture_caller caller;
        fixture_caller(&row->caller, &caller);
        QV_CLEANUP(qv_policy)
        struct qv_policy *allowing = policy_with(row->who, "allow"),
                         *denying = policy_with(row->who, "deny");
        struct fixture_answer answer =
            fixture_ask(allowing, &caller.caller, QV_OP_OPS_HEALTH, NULL);
        if ((strcmp(answer.rule, "the rule") == 0) != row->allows)
            fail_msg("row %zu {%s}: allowed by '%s'", i, row->who, answer.rule);
        answer = fixture_ask(denying, &caller.caller, QV_OP_OPS_HEALTH, NULL);
        if ((answer.status == QV_DENIED) != row->denies)
            fail_msg("row %zu {%s}: decided by '%s'", i, row->who, answer.rule);
        if (row->denies)
            assert_string_equal(answer.words, "denied by rule 'the rule'");
        answer = fixture_ask(denying, &caller.caller, QV_OP_OPS_METRICS, NULL);
        assert_int_equal(answer.status, QV_OK);
    }
}

/* In dialect 5.2 names have another form. */
static void who_in_dialect_5_2(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *system;
        bool fits;
    } table[] = {
        {"temperature-provider2", "TemperatureProvider2", true},
        {"TemperatureProvider2", "TemperatureProvider2", true},
        {"Temperature*", "TemperatureProvider2", true},
        {"'*Provider?'", "TemperatureProvider2", true},
        {"'*rovider2'", "TemperatureProvider2", true},
        {"Temperature*", "Hygrometer", false},
    };
    struct qv_rules rules = fixture_rules_5_2();
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        char text[300];
        snprintf(text, sizeof(text),
                 "version: 1\nrules:\n  - {name: r, who: {systems: %s}, allow: ops.health}\n",
                 table[i].pattern);
        QV_CLEANUP(qv_policy) struct qv_policy *policy = fixture_policy_of(&rules, text);
        struct fixture_caller caller;
        fixture_caller(&(struct fixture_who){.system = table[i].system}, &caller);
        struct fixture_answer answer = fixture_ask(policy, &caller.caller, QV_OP_OPS_HEALTH, NULL);
        assert_int_equal(answer.status, table[i].fits ? QV_OK : QV_DENIED);
    }
}

/* ---- on ---- */

static const struct on_row {
    const char *on;
    struct fixture_what what; /* the caller is `me` */
    bool each, one; /* does it match where each interface must, and where one is enough? */
} on_rows[] = {
    {"provider: self", {.provider = "me"}, true, true},
    {"provider: self", {.provider = "you"}, false, false},
    {"provider: self", {.provider = "Me"}, false, false},
    {"provider: self", {.provider = ""}, false, false},
    {"provider: [self, 'y*']", {.provider = "you"}, true, true},
    {"provider: '@green'", {.provider = "temperature-3"}, true, true},
    {"provider: '@green'", {.provider = "me"}, false, false},
    {"provider: '*'", {0}, false, false},
    {"services: [kelvin-info, temp-*]", {.service = "kelvin-info"}, true, true},
    {"services: [kelvin-info, temp-*]", {.service = "temp-x"}, true, true},
    {"services: [kelvin-info, temp-*]", {.service = "kelvin-infos"}, false, false},
    {"services: [kelvin-info, temp-*]", {0}, false, false},
    {"services: '*-info'", {.service = "kelvin-info"}, true, true},
    {"versions: 1", {.version = "1.0.0"}, true, true}, /* as the registry completes it */
    {"versions: '1.*'", {.version = "1.2.3"}, true, true},
    {"versions: ['2.*', 1.2.3]", {.version = "1.2.4"}, false, false},
    {"interfaces: generic-https", {.interfaces = "generic-https"}, true, true},
    {"interfaces: generic-https", {.interfaces = "generic-http"}, false, false},
    {"interfaces: generic-https", {.interfaces = "generic-http,generic-https"}, false, true},
    {"interfaces: 'generic-*'", {.interfaces = "generic-http,generic-https"}, true, true},
    {"interfaces: '*'", {0}, false, false},
    {"policies: [CERT_AUTH, '*_TOKEN_AUTH']", {.policies = "CERT_AUTH"}, true, true},
    {"policies: [cert_auth, '*_token_auth']", {.policies = "CERT_AUTH"}, true, true},
    {"policies: [CERT_AUTH, '*_TOKEN_AUTH']",
     {.policies = "CERT_AUTH,TIME_LIMITED_TOKEN_AUTH"},
     true,
     true},
    {"policies: [CERT_AUTH, '*_TOKEN_AUTH']", {.policies = "CERT_AUTH,NONE"}, false, true},
    {"policies: [CERT_AUTH, '*_TOKEN_AUTH']", {.policies = "NONE"}, false, false},
    {"metadata: {indoor: true}", {.metadata = "{\"indoor\": true}"}, true, true},
    {"metadata: {indoor: true}", {.metadata = "{\"indoor\": \"true\"}"}, false, false},
    {"metadata: {indoor: 'true'}", {.metadata = "{\"indoor\": \"true\"}"}, true, true},
    {"metadata: {indoor: true}", {0}, false, false},
    {"metadata: {floor: {op: LESS_THAN, value: 3}, indoor: true}",
     {.metadata = "{\"floor\": 2, \"indoor\": true}"},
     true,
     true},
    {"metadata: {floor: {op: LESS_THAN, value: 3}, indoor: true}",
     {.metadata = "{\"floor\": 3, \"indoor\": true}"},
     false,
     false},
    {"metadata: [{floor: 1}, {floor: 2}]", {.metadata = "{\"floor\": 2}"}, true, true},
    {"metadata: [{floor: 1}, {floor: 2}]", {.metadata = "{\"floor\": 3}"}, false, false},
    {"metadata: {a.b: {op: IN, value: [x, 1.5, null]}}",
     {.metadata = "{\"a\": {\"b\": 1.5}}"},
     true,
     true},
    /* each key that is given must match */
    {"provider: self, services: a", {.provider = "me", .service = "a"}, true, true},
    {"provider: self, services: a", {.provider = "me", .service = "b"}, false, false},
    {"provider: x, services: a", {.provider = "me", .service = "a"}, false, false},
};

/* `on` of an allow, `on` of a deny and `unless`, and of what is visible. */
static struct qv_policy *policy_on(const char *on)
{
    char text[2048];
    snprintf(text, sizeof(text),
             "version: 1\n%srules:\n"
             "  - {name: on, who: {systems: me}, allow: service.register, on: {%s}}\n"
             "  - {name: not on, who: {systems: me}, deny: service.revoke, on: {%s}}\n"
             "  - {name: unless, who: {systems: me}, deny: system.revoke, unless: {%s}}\n"
             "  - {name: all, who: {systems: me}, allow: [service.revoke, system.revoke, "
             "service.lookup]}\n"
             "visible:\n  - {name: seen, who: {systems: me}, on: {%s}}\n",
             strstr(on, "@green") != NULL ? GROUPS : "", on, on, on, on);
    return fixture_policy(text);
}

static bool is_shown(struct qv_policy *policy, const struct qv_caller *caller,
                     const struct qv_object *object)
{
    QV_CLEANUP(qv_rights) struct qv_rights *rights = NULL;
    struct qv_permit permit;
    struct qv_decision decision;
    assert_int_equal(qv_policy_rights(policy, caller, &rights), QV_OK);
    assert_int_equal(qv_policy_permit(rights, QV_OP_SERVICE_LOOKUP, &permit, &decision, NULL),
                     QV_OK);
    return qv_policy_shows_all(&permit) || qv_policy_shows(&permit, object);
}

static void on_and_unless(void **state)
{
    (void)state;
    struct fixture_caller caller;
    fixture_caller(&(struct fixture_who){.system = "me"}, &caller);
    for (size_t i = 0; i < COUNT_OF(on_rows); i++) {
        const struct on_row *row = &on_rows[i];
        struct fixture_object object;
        fixture_object(&row->what, &object);
        QV_CLEANUP(qv_policy) struct qv_policy *policy = policy_on(row->on);
        const struct {
            enum qv_operation operation;
            bool allowed;
        } asked[] = {
            {QV_OP_SERVICE_REGISTER, row->each},
            {QV_OP_SERVICE_REVOKE, !row->one},
            {QV_OP_SYSTEM_REVOKE, row->each},
        };
        for (size_t k = 0; k < COUNT_OF(asked); k++) {
            struct fixture_answer answer =
                fixture_ask(policy, &caller.caller, asked[k].operation, &object.object);
            assert_false(answer.by_operation);
            if ((answer.status == QV_OK) != asked[k].allowed)
                fail_msg("row %zu {%s}: %s: %s", i, row->on, qv_operation_name(asked[k].operation),
                         answer.words);
        }
        if (is_shown(policy, &caller.caller, &object.object) != row->each)
            fail_msg("row %zu {%s}: shown", i, row->on);
    }
}

/* The value may have been parsed by whoever asks. */
static void metadata_is_taken_as_it_is_there(void **state)
{
    (void)state;
    struct fixture_caller caller;
    fixture_caller(&(struct fixture_who){.system = "me"}, &caller);
    QV_CLEANUP(qv_policy) struct qv_policy *policy = policy_on("metadata: {a: 1}");
    QV_CLEANUP(qv_json) json_t *metadata = fixture_quoted("{'a': 1}");
    struct qv_object object = {.metadata = metadata};
    struct fixture_answer answer =
        fixture_ask(policy, &caller.caller, QV_OP_SERVICE_REGISTER, &object);
    assert_int_equal(answer.status, QV_OK);
    /* CHAP's may have a NUL; other rules are not disturbed by it. */
    object = (struct qv_object){.metadata_text = QV_STR("{\"a\":1,\"b\":\"\\u0000\"}")};
    answer = fixture_ask(policy, &caller.caller, QV_OP_SERVICE_REGISTER, &object);
    assert_int_equal(answer.status, QV_OK);
    /* What cannot be read permits nothing, whichever way the rule goes. */
    object = (struct qv_object){.metadata_text = QV_STR("{\"a\": ")};
    answer = fixture_ask(policy, &caller.caller, QV_OP_SERVICE_REGISTER, &object);
    assert_int_equal(answer.status, QV_INTERNAL);
    answer = fixture_ask(policy, &caller.caller, QV_OP_SERVICE_REVOKE, &object);
    assert_int_equal(answer.status, QV_INTERNAL);
    assert_false(is_shown(policy, &caller.caller, &object));
}

/* The greenhouse of the documentation. */
static void unless_lifts_a_deny(void **state)
{
    (void)state;
    QV_CLEANUP(qv_policy)
    struct qv_policy *policy = fixture_policy(
        "version: 1\n"
        "groups: {greenhouse: [temperature-*, humidity-*]}\n"
        "rules:\n"
        "  - name: providers publish their own\n"
        "    who: {profile: [system, operator]}\n"
        "    allow: [service.register, service.revoke]\n"
        "    on: {provider: self}\n"
        "  - name: greenhouse publishes only its services\n"
        "    who: {systems: ['@greenhouse']}\n"
        "    deny: [service.register]\n"
        "    unless: {services: [temperature-*, kelvin-info], interfaces: [generic-https],\n"
        "             policies: [CERT_AUTH, '*_TOKEN_AUTH']}\n");
    static const struct {
        const char *system, *service, *interfaces, *policies;
        bool allowed;
    } table[] = {
        {"temperature-1", "kelvin-info", "generic-https", "CERT_AUTH", true},
        {"temperature-1", "temperature-x", "generic-https,generic-https",
         "CERT_AUTH,USAGE_LIMITED_TOKEN_AUTH", true},
        {"temperature-1", "pressure", "generic-https", "CERT_AUTH", false},
        {"temperature-1", "kelvin-info", "generic-http", "CERT_AUTH", false},
        {"temperature-1", "kelvin-info", "generic-https", "NONE", false},
        /* nothing is got past it by adding */
        {"temperature-1", "kelvin-info", "generic-https,generic-http", "CERT_AUTH,CERT_AUTH",
         false},
        {"temperature-1", "kelvin-info", "generic-https,generic-https", "CERT_AUTH,NONE", false},
        {"pump-1", "pressure", "generic-http", "NONE", true},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct fixture_caller caller;
        struct fixture_object object;
        fixture_caller(&(struct fixture_who){.system = table[i].system}, &caller);
        fixture_object(&(struct fixture_what){.provider = table[i].system,
                                              .service = table[i].service,
                                              .interfaces = table[i].interfaces,
                                              .policies = table[i].policies},
                       &object);
        struct fixture_answer answer =
            fixture_ask(policy, &caller.caller, QV_OP_SERVICE_REGISTER, &object.object);
        if (table[i].allowed)
            assert_string_equal(answer.words, "");
        else
            assert_string_equal(answer.words,
                                "denied by rule 'greenhouse publishes only its services'");
        answer = fixture_ask(policy, &caller.caller, QV_OP_SERVICE_REVOKE, &object.object);
        assert_int_equal(answer.status, QV_OK);
    }
}

/* What has no object: `on` cannot come true, `unless` cannot lift. */
static void operations_without_object(void **state)
{
    (void)state;
    QV_CLEANUP(qv_policy)
    struct qv_policy *policy = fixture_policy(
        "version: 1\nrules:\n"
        "  - {name: own, who: {systems: a}, allow: 'service.*', on: {provider: self}}\n"
        "  - {name: all, who: {systems: [b, c]}, allow: 'service.*'}\n"
        "  - {name: not his, who: {systems: b}, deny: 'service.*', on: {provider: self}}\n"
        "  - {name: only x, who: {systems: c}, deny: 'service.*', unless: {services: x}}\n");
    static const struct {
        const char *system;
        const char *words;
    } table[] = {
        {"a", "no rule allows service.lookup"}, {"b", ""}, {"c", "denied by rule 'only x'"}};
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct fixture_caller caller;
        fixture_caller(&(struct fixture_who){.system = table[i].system}, &caller);
        struct fixture_answer answer =
            fixture_ask(policy, &caller.caller, QV_OP_SERVICE_LOOKUP, NULL);
        assert_string_equal(answer.words, table[i].words);
    }
}

/* ---- order ---- */

static void denies_beat_allows_and_the_first_is_named(void **state)
{
    (void)state;
    QV_CLEANUP(qv_policy)
    struct qv_policy *policy = fixture_policy(
        "version: 1\nrules:\n"
        "  - {name: one, who: {systems: a*}, allow: service.register, on: {services: [x, y]}}\n"
        "  - {name: two, who: {systems: '*'}, allow: 'service.*'}\n"
        "  - {name: three, who: {systems: a2}, deny: service.register, on: {services: y}}\n"
        "  - {name: four, who: {systems: a2}, deny: service.register, on: {services: 'y*'}}\n"
        "  - {name: five, who: {systems: a3}, deny: '*'}\n");
    static const struct {
        const char *system, *service, *rule;
        bool allowed, by_operation;
    } table[] = {
        {"a1", "x", "one", true, false},    {"a1", "z", "two", true, false},
        {"b1", "x", "two", true, false},    {"a2", "x", "one", true, false},
        {"a2", "y", "three", false, false}, {"a2", "yy", "four", false, false},
        {"a3", "x", "five", false, true},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct fixture_caller caller;
        struct fixture_object object;
        fixture_caller(&(struct fixture_who){.system = table[i].system}, &caller);
        fixture_object(&(struct fixture_what){.provider = "p", .service = table[i].service},
                       &object);
        struct fixture_answer answer =
            fixture_ask(policy, &caller.caller, QV_OP_SERVICE_REGISTER, &object.object);
        assert_string_equal(answer.rule, table[i].rule);
        assert_int_equal(answer.status == QV_OK, table[i].allowed);
        assert_int_equal(answer.by_operation, table[i].by_operation);
        assert_false(answer.reference_words);
    }
}

/* The reference's words are for the owner's case alone. */
static void words_of_who_is_no_owner(void **state)
{
    (void)state;
    QV_CLEANUP(qv_policy)
    struct qv_policy *policy = fixture_policy(
        "version: 1\nrules:\n"
        "  - {name: own x, who: {systems: a}, allow: service.revoke, on: {provider: self, "
        "services: x}}\n"
        "  - {name: of b, who: {systems: a}, allow: service.revoke, on: {provider: b}}\n"
        "  - {name: manage, who: {profile: operator}, allow: 'management.*'}\n"
        "  - {name: shut out, who: {systems: c}, deny: '*'}\n");
    static const struct {
        struct fixture_who who;
        enum qv_operation operation;
        const char *provider, *service, *words, *rule;
        bool reference;
    } table[] = {
        {{.system = "a"},
         QV_OP_SERVICE_REVOKE,
         "c",
         "x",
         "Revoking other systems' service is forbidden",
         "own x",
         true},
        {{.system = "a"},
         QV_OP_SERVICE_REVOKE,
         "a",
         "y",
         "no rule allows service.revoke",
         NULL,
         false},
        {{.system = "b"},
         QV_OP_SERVICE_REVOKE,
         "b",
         "x",
         "no rule allows service.revoke",
         NULL,
         false},
        {{.system = "c"},
         QV_OP_SERVICE_REVOKE,
         "c",
         "x",
         "denied by rule 'shut out'",
         "shut out",
         false},
        {{.system = "c", .operator_ = true},
         QV_OP_MANAGEMENT_ACCESS,
         "",
         "",
         "Requester has no management permission",
         "shut out",
         true},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct fixture_caller caller;
        struct fixture_object object;
        fixture_caller(&table[i].who, &caller);
        fixture_object(
            &(struct fixture_what){.provider = table[i].provider, .service = table[i].service},
            &object);
        struct fixture_answer answer =
            fixture_ask(policy, &caller.caller, table[i].operation, &object.object);
        assert_string_equal(answer.words, table[i].words);
        assert_int_equal(answer.reference_words, table[i].reference);
        assert_int_equal(answer.rule == NULL, table[i].rule == NULL);
        if (table[i].rule != NULL)
            assert_string_equal(answer.rule, table[i].rule);
    }
}

/* ---- visible ---- */

static void visible_shows_what_an_entry_shows(void **state)
{
    (void)state;
    QV_CLEANUP(qv_policy)
    struct qv_policy *policy = fixture_policy(
        "version: 1\n"
        "groups: {green: [temperature-*]}\n"
        "rules:\n  - {name: look, who: {systems: '*'}, allow: '*.lookup'}\n"
        "visible:\n"
        "  - {name: green sees green, who: {systems: '@green'}, on: {provider: '@green'}}\n"
        "  - {name: own, who: {systems: '*'}, on: {provider: self}}\n"
        "  - {name: all, who: {profile: operator}}\n");
    assert_int_equal(qv_policy_rule_count(policy), 1);
    static const struct {
        struct fixture_who who;
        const char *provider;
        bool all, shown;
    } table[] = {
        {{.system = "temperature-1"}, "temperature-2", false, true},
        {{.system = "temperature-1"}, "pump", false, false},
        {{.system = "pump"}, "temperature-1", false, false},
        {{.system = "pump"}, "pump", false, true},
        {{.system = "boss", .operator_ = true}, "pump", true, true},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct fixture_caller caller;
        struct fixture_object object;
        QV_CLEANUP(qv_rights) struct qv_rights *rights = NULL;
        struct qv_permit permit;
        struct qv_decision decision;
        fixture_caller(&table[i].who, &caller);
        fixture_object(&(struct fixture_what){.provider = table[i].provider}, &object);
        assert_int_equal(qv_policy_rights(policy, &caller.caller, &rights), QV_OK);
        assert_int_equal(qv_policy_permit(rights, QV_OP_SERVICE_LOOKUP, &permit, &decision, NULL),
                         QV_OK);
        assert_int_equal(qv_policy_shows_all(&permit), table[i].all);
        assert_int_equal(qv_policy_shows(&permit, &object.object), table[i].shown);
    }
}

static void without_visible_everything_is_shown(void **state)
{
    (void)state;
    struct qv_rules rules = fixture_rules();
    QV_CLEANUP(qv_policy) struct qv_policy *policy = NULL;
    QV_CLEANUP(qv_rights) struct qv_rights *rights = NULL;
    struct fixture_caller caller;
    struct qv_permit permit;
    struct qv_decision decision;
    const struct qv_object object = {.provider = QV_STR("b")};
    fixture_caller(&(struct fixture_who){.system = "a"}, &caller);
    assert_int_equal(qv_policy_builtin(&rules, &policy), QV_OK);
    assert_int_equal(qv_policy_rights(policy, &caller.caller, &rights), QV_OK);
    assert_int_equal(qv_policy_permit(rights, QV_OP_SERVICE_LOOKUP, &permit, &decision, NULL),
                     QV_OK);
    assert_true(qv_policy_shows_all(&permit));
    assert_true(qv_policy_shows(&permit, &object));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who),
        cmocka_unit_test(who_in_dialect_5_2),
        cmocka_unit_test(on_and_unless),
        cmocka_unit_test(metadata_is_taken_as_it_is_there),
        cmocka_unit_test(unless_lifts_a_deny),
        cmocka_unit_test(operations_without_object),
        cmocka_unit_test(denies_beat_allows_and_the_first_is_named),
        cmocka_unit_test(words_of_who_is_no_owner),
        cmocka_unit_test(visible_shows_what_an_entry_shows),
        cmocka_unit_test(without_visible_everything_is_shown),
    };
    return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
