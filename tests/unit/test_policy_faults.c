// links: policy
/*
 * What is wrong in a policy file, each with its line: the table is text and the faults that it must
 * give, no more and no fewer. And what the analysis of rules that can never match is sure of.
 */
#include "policy_fixture.h"

#include <quiver/base/file.h>

#define HEAD "version: 1\nrules:\n"
#define RULE "  - {name: r, who: {systems: a}, allow: ops.health}\n"
#define WHO  "; write who: {profile: [system, operator]} for all callers that have an identity"

static const struct fault_row {
    const char *text;
    const char *faults[4]; /* without the file */
} rows[] = {
    /* the file */
    {"", {"1: has nothing in it"}},
    {"# only a comment\n", {"1: has nothing in it"}},
    {"- a\n", {"1: must be a mapping, as {version: ...}"}},
    {"version: 1\nrules: [\n",
     {"3: while parsing a flow node: did not find expected node content"}},
    {HEAD RULE "---\nb\n", {"5: a second document begins here, remove it"}},
    {"rules:\n" RULE, {"1: version is missing"}},
    {"version: 1\n", {"1: rules is missing"}},
    {"version: 2\nrules:\n" RULE, {"1: version: must be 1, the only one that this program knows"}},
    {HEAD RULE "rule: []\n",
     {"4: \"rule\" is no key of a policy; known here: version, groups, rules, visible; did you "
      "mean "
      "rules?"}},
    {HEAD RULE "rules:\n" RULE, {"4: rules is given twice (first in line 2), remove one"}},
    {"version: 1\nrules: []\n", {"2: rules: lists nothing, give values or remove it"}},
    {"version: 1\nrules: {a: b}\n", {"2: rules: must be a list, each item with a name and who"}},
    {HEAD RULE "visible: []\n", {"4: visible: lists nothing, give values or remove it"}},
    /* a rule */
    {HEAD "  - a\n", {"3: rules[0]: must be a mapping, as {name: ...}"}},
    {HEAD "  - {who: {systems: a}, allow: ops.health}\n", {"3: rules[0]: name is missing"}},
    {HEAD "  - {name: r, allow: ops.health}\n", {"3: rule 'r': who is missing" WHO}},
    {HEAD "  - {name: r, who: {systems: a}}\n", {"3: rule 'r': has neither allow nor deny"}},
    {HEAD "  - {name: r, who: {systems: a}, allow: ops.health, deny: ops.metrics}\n",
     {"3: rule 'r': has both allow and deny, make two rules of it"}},
    {HEAD "  - {name: r, who: {systems: a}, allow: service.register, unless: {services: x}}\n",
     {"3: rule 'r': unless belongs to deny; what an allow is about is said by on"}},
    {HEAD "  - name: r\n    who: {systems: a}\n    alow: ops.health\n",
     {"5: rule 'r': \"alow\" is no key of a rule; known here: name, who, allow, deny, on, unless; "
      "did you mean allow?"}},
    {HEAD "  - name: r\n    who: {systems: a}\n    allow: ops.health\n    name: s\n",
     {"6: rule 'r': name is given twice (first in line 3), remove one"}},
    {HEAD RULE RULE, {"4: rule 'r': its name is taken by the one in line 3, choose another"}},
    {HEAD RULE "visible:\n  - {name: r, who: {systems: a}}\n",
     {"5: visible 'r': its name is taken by the one in line 3, choose another"}},
    {HEAD "  - {name: \"a\\tb\", who: {systems: a}, allow: ops.health}\n",
     {"3: rules[0]: name: has a control character in it, remove it"}},
    {HEAD "  - {name: \"caf\\u00e9\", who: {systems: a}, allow: ops.health}\n",
     {"3: rules[0]: name: must be at most 100 printable ASCII characters, as it is sent in a "
      "header"}},
    {HEAD "  - {name: , who: {systems: a}, allow: ops.health}\n",
     {"3: rules[0]: name: has no value, give one or remove it"}},
    {HEAD "  - {name: r, who: {systems: a}, allow: !env ops.health}\n",
     {"3: rule 'r': allow: must be a plain value, not a list, mapping or tag"}},
    /* operations */
    {HEAD "  - {name: r, who: {systems: a}, allow: [service.lookup, service.lokup]}\n",
     {"3: rule 'r': allow: \"service.lokup\" is no operation (quiver policy operations lists "
      "them); "
      "did you mean service.lookup?"}},
    {HEAD "  - name: r\n    who: {systems: a}\n    deny:\n      - 'x.*'\n",
     {"6: rule 'r': deny: \"x.*\" is no operation (quiver policy operations lists them)"}},
    {HEAD "  - {name: r, who: {systems: a}, allow: [[ops.health]]}\n",
     {"3: rule 'r': allow: must be a plain value, not a list, mapping or tag"}},
    {HEAD "  - {name: r, who: {systems: a}, allow: []}\n",
     {"3: rule 'r': allow: lists nothing, give values or remove it"}},
    {HEAD "  - {name: r, who: {systems: a}, allow: {ops.health: yes}}\n",
     {"3: rule 'r': allow: must be a value or a list of values, as [a, b]"}},
    {HEAD "  - {name: r, who: {systems: a}, allow: '*.lookup', on: {provider: self}}\n",
     {"3: rule 'r': on is about an object, and none of the operations has one; what a lookup shows "
      "is said by visible"}},
    {HEAD "  - {name: r, who: {systems: a}, deny: '*.lookup', unless: {provider: self}}\n",
     {"3: rule 'r': unless is about an object, and none of the operations has one; what a lookup "
      "shows is said by visible"}},
    /* who */
    {HEAD "  - {name: r, who: {}, allow: ops.health}\n",
     {"3: rule 'r': who: names nobody, write {profile: [system, operator]} for all callers that "
      "have an identity"}},
    {HEAD "  - {name: r, who: , allow: ops.health}\n",
     {"3: rule 'r': who: must be a mapping, as {systems: ...}"}},
    {HEAD "  - {name: r, who: {system: a}, allow: ops.health}\n",
     {"3: rule 'r': who: \"system\" is no key of who; known here: systems, profile, anonymous, "
      "service_key, clouds, organizations, fingerprints, serials, listeners, networks; did you "
      "mean "
      "systems?"}},
    {HEAD "  - {name: r, who: {profile: [system, op]}, allow: ops.health}\n",
     {"3: rule 'r': who.profile: \"op\" is no profile, write system or operator"}},
    {HEAD "  - {name: r, who: {anonymous: 'true'}, allow: ops.health}\n",
     {"3: rule 'r': who.anonymous: must be true or false, without quotes"}},
    {HEAD "  - {name: r, who: {service_key: yes}, allow: ops.health}\n",
     {"3: rule 'r': who.service_key: must be true or false, without quotes"}},
    {HEAD "  - {name: r, who: {anonymous: true, systems: a, profile: system}, allow: ops.health}\n",
     {"3: rule 'r': who: anonymous: true and systems fit nobody, remove one",
      "3: rule 'r': who: anonymous: true and profile fit nobody, remove one"}},
    {HEAD "  - {name: r, who: {systems: [a, '[a-z]*']}, allow: ops.health}\n",
     {"3: rule 'r': who.systems: \"[a-z]*\" is no pattern of names: only * (any characters) and ? "
      "(one) are understood"}},
    {HEAD "  - {name: r, who: {systems: 'a**'}, allow: ops.health}\n",
     {"3: rule 'r': who.systems: \"a**\" has two * side by side, write one"}},
    {HEAD "  - {name: r, who: {systems: 'a b'}, allow: ops.health}\n",
     {"3: rule 'r': who.systems: \"a b\" has a blank or control character in it"}},
    {HEAD "  - {name: r, who: {systems: 'A*'}, allow: ops.health}\n",
     {"3: rule 'r': who.systems: \"A*\" fits no name as this dialect stores names, spell it in "
      "their letter case and with their separators"}},
    {HEAD "  - {name: r, who: {systems: '@g'}, allow: ops.health}\n",
     {"3: rule 'r': who.systems: \"@g\" is no group of this file"}},
    {HEAD "  - {name: r, who: {clouds: a.b}, allow: ops.health}\n",
     {"3: rule 'r': who.clouds: \"a.b\" is not one part of a cloud's name: letters, digits and "
      "hyphens, as testcloud (clouds) or company (organizations)"}},
    {HEAD "  - {name: r, who: {organizations: '*'}, allow: ops.health}\n",
     {"3: rule 'r': who.organizations: \"*\" is not one part of a cloud's name: letters, digits "
      "and "
      "hyphens, as testcloud (clouds) or company (organizations)"}},
    {HEAD "  - {name: r, who: {fingerprints: 'sha256:00'}, allow: ops.health}\n",
     {"3: rule 'r': who.fingerprints: \"sha256:00\" is no fingerprint: sha256: and 64 hexadecimal "
      "digits (colons allowed), or the x5t#S256 that quiver certificate prints"}},
    {HEAD "  - {name: r, who: {serials: [0x12]}, allow: ops.health}\n",
     {"3: rule 'r': who.serials: \"0x12\" is no serial: hexadecimal digits, colons allowed, as "
      "0A:1B:2C"}},
    {HEAD "  - {name: r, who: {listeners: 'op*'}, allow: ops.health}\n",
     {"3: rule 'r': who.listeners: \"op*\" is no listener's name: letters, digits, hyphens, "
      "underscores"}},
    {HEAD "  - name: r\n    allow: ops.health\n    who:\n      networks:\n        - 10.0.0.0/33\n"
          "        - 10.0.0.1/8\n        - ten\n        - 10.0.0.0/8/8\n",
     {"7: rule 'r': who.networks: \"10.0.0.0/33\" is no network, the number behind the slash is 0 "
      "to 32, for IPv6 to 128",
      "8: rule 'r': who.networks: \"10.0.0.1/8\" has bits behind its prefix, write the network's "
      "first address",
      "9: rule 'r': who.networks: \"ten\" is no network, write as 10.0.0.0/8 or fd00::/8",
      "10: rule 'r': who.networks: \"10.0.0.0/8/8\" is no network, the number behind the slash is "
      "0 "
      "to 32, for IPv6 to 128"}},
    /* on, unless */
    {HEAD "  - {name: r, who: {systems: a}, allow: service.register, on: {}}\n",
     {"3: rule 'r': on: names nothing, give a key or remove it"}},
    {HEAD "  - {name: r, who: {systems: a}, allow: service.register, on: {service: x}}\n",
     {"3: rule 'r': on: \"service\" is no key of on; known here: provider, services, versions, "
      "interfaces, policies, metadata; did you mean services?"}},
    {HEAD "  - {name: r, who: {systems: a}, deny: service.register, unless: {services: '@g'}}\n",
     {"3: rule 'r': unless.services: \"@g\" names a group, and groups are for systems and provider "
      "alone"}},
    {HEAD "  - {name: r, who: {systems: a}, allow: service.register, on: {metadata: 5}}\n",
     {"3: rule 'r': on.metadata: must be a mapping of metadata keys, as {indoor: true}"}},
    {HEAD "  - {name: r, who: {systems: a}, allow: service.register, on: {metadata: [{}]}}\n",
     {"3: rule 'r': on.metadata: must be a mapping of metadata keys, as {indoor: true}"}},
    {HEAD "  - {name: r, who: {systems: a}, allow: service.register,\n"
          "     on: {metadata: {a: {op: EQUAL, value: 1}}}}\n",
     {"4: rule 'r': on.metadata: Invalid metadata operation requirement: EQUAL"}},
    {HEAD "  - {name: r, who: {systems: a}, allow: service.register,\n"
          "     on: {metadata: {a: {op: REGEXP, value: '('}}}}\n",
     {"4: rule 'r': on.metadata: Invalid metadata operation requirement: REGEXP"}},
    {HEAD "  - {name: r, who: {systems: a}, deny: service.register,\n"
          "     on: {metadata: {a: {op: includes_ignore_case, value: x}}}}\n",
     {"4: rule 'r': on.metadata: includes_ignore_case gives up on long texts, and a deny must not "
      "depend on it: deny with unless, or allow with on"}},
    {HEAD "  - {name: r, who: {systems: a}, allow: service.register,\n"
          "     on: {metadata: &m [*m]}}\n",
     {"4: rule 'r': on.metadata: is nested too deeply"}},
    {HEAD "  - {name: r, who: {systems: a}, allow: service.register,\n"
          "     on: {metadata: {a: 1, a: 2}}}\n",
     {"4: rule 'r': on.metadata: a key is given twice, remove one"}},
    /* groups */
    {"version: 1\ngroups: {g: [a]}\nrules:\n" RULE,
     {"2: group g is used by no rule, use it as @g or remove it"}},
    {"version: 1\ngroups:\n  g: ['@h', a]\n  h: b\nrules:\n"
     "  - {name: r, who: {systems: ['@g', '@h']}, allow: ops.health}\n",
     {"3: groups.g: a group cannot hold another group, write its names out"}},
    {"version: 1\ngroups:\n  g: a\n  g: b\nrules:\n"
     "  - {name: r, who: {systems: '@g'}, allow: ops.health}\n",
     {"4: groups: g is given twice (first in line 3), remove one"}},
    {"version: 1\ngroups: {g: a, h: b}\nrules:\n"
     "  - {name: r, who: {systems: ['@g', '@i', '@h']}, allow: ops.health}\n",
     {"4: rule 'r': who.systems: \"@i\" is no group of this file; there are: @g, @h"}},
    {"version: 1\ngroups: {'a b': a}\nrules:\n" RULE,
     {"2: groups: a group's name is letters, digits, hyphens and underscores"}},
    {"version: 1\ngroups: [a]\nrules:\n" RULE,
     {"2: groups: must be a mapping of names to lists, as {greenhouse: [temperature-*]}"}},
    {"version: 1\ngroups: {g: []}\nrules:\n" RULE,
     {"2: groups.g: lists nothing, give values or remove it"}},
    /* visible */
    {HEAD RULE "visible:\n  - {name: v, who: {systems: a}, allow: ops.health}\n",
     {"5: visible 'v': \"allow\" is no key of visible; known here: name, who, on"}},
    {HEAD RULE "visible:\n  - {name: v, on: {provider: a}}\n",
     {"5: visible 'v': who is missing" WHO}},
    /* several at once, in the order of the file */
    {HEAD "  - {name: r, who: {systems: ''}, allow: nothing}\n"
          "  - {name: s, who: {serials: x}, deny: ops.health}\n",
     {"3: rule 'r': who.systems: has no value, give one or remove it",
      "3: rule 'r': allow: \"nothing\" is no operation (quiver policy operations lists them)",
      "4: rule 's': who.serials: \"x\" is no serial: hexadecimal digits, colons allowed, as "
      "0A:1B:2C"}},
};

static void check(const struct qv_rules *rules, const struct fault_row *row)
{
    struct qv_policy *policy = NULL;
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    size_t expected = 0;
    while (expected < COUNT_OF(row->faults) && row->faults[expected] != NULL)
        expected++;
    enum qv_status status =
        qv_policy_parse("etc/p.yaml", qv_str_from(row->text), rules, &policy, &faults);
    if (status != (expected > 0 ? QV_INVALID : QV_OK))
        fail_msg("%s: %s: %s", row->text, qv_status_name(status),
                 faults.count > 0 ? faults.at[0] : "no fault");
    for (size_t i = 0; i < faults.count && i < expected; i++) {
        char wanted[512];
        snprintf(wanted, sizeof(wanted), "etc/p.yaml:%s", row->faults[i]);
        assert_string_equal(faults.at[i], wanted);
    }
    if (faults.count != expected)
        fail_msg("%s: %zu faults, the last: %s", row->text, faults.count,
                 faults.count > 0 ? faults.at[faults.count - 1] : "none");
    assert_int_equal(policy == NULL, expected > 0);
    qv_policy_free(&policy);
}

static void faults_are_told_with_their_lines(void **state)
{
    (void)state;
    struct qv_rules rules = fixture_rules();
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check(&rules, &rows[i]);
}

/* What no name of the dialect can be. */
static void patterns_must_be_possible_in_the_dialect(void **state)
{
    (void)state;
    struct qv_rules rules = fixture_rules_5_2();
    static const struct fault_row table[] = {
        {HEAD "  - {name: r, who: {systems: 'temperature-*'}, allow: ops.health}\n",
         {"3: rule 'r': who.systems: \"temperature-*\" fits no name as this dialect stores names, "
          "spell it in their letter case and with their separators"}},
        {HEAD "  - {name: r, who: {systems: ['Temp*', '*Temp', '?emp*', 'T*2']}, allow: "
              "ops.health}\n",
         {NULL}},
        {HEAD "  - {name: r, who: {systems: a}, allow: service.register, on: {services: [a*, "
              "'*Info'], interfaces: ['generic_*']}}\n",
         {NULL}},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++)
        check(&rules, &table[i]);
}

static void files_that_cannot_be_read(void **state)
{
    (void)state;
    struct qv_rules rules = fixture_rules();
    struct qv_policy *policy = NULL;
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    assert_int_equal(qv_policy_load("/nonexistent/p.yaml", &rules, &policy, &faults), QV_INVALID);
    assert_int_equal(qv_policy_load("/", &rules, &policy, &faults), QV_INVALID);
    assert_int_equal(faults.count, 2);
    assert_string_equal(faults.at[0], "/nonexistent/p.yaml: No such file or directory");
    assert_null(policy);
}

/* The file that is shipped is the policy that is built in. */
static void the_shipped_file_is_good(void **state)
{
    (void)state;
    static const char path[] = TEST_DATA "/../../../config/policy.yaml";
    struct qv_rules rules = fixture_rules();
    QV_CLEANUP(qv_policy) struct qv_policy *policy = NULL, *builtin = NULL;
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    assert_int_equal(qv_policy_load(path, &rules, &policy, &faults), QV_OK);
    assert_int_equal(qv_policy_builtin(&rules, &builtin), QV_OK);
    assert_int_equal(qv_policy_rule_count(policy), qv_policy_rule_count(builtin));
}

/* ---- rules that can never match ---- */

static const struct covered_row {
    const char *deny, *later;
    bool covered;
} covered_rows[] = {
    {"who: {systems: a}, deny: '*'", "who: {systems: a}, allow: ops.health", true},
    {"who: {systems: a}, deny: '*'", "who: {systems: a}, deny: ops.health", true},
    {"who: {systems: a}, deny: ops.health", "who: {systems: a}, allow: 'ops.*'", false},
    {"who: {systems: a}, deny: 'ops.*'", "who: {systems: a}, allow: [ops.health, ops.metrics]",
     true},
    {"who: {systems: a*}, deny: '*'", "who: {systems: [ab, ac, abc*]}, allow: ops.health", true},
    {"who: {systems: a*}, deny: '*'", "who: {systems: [ab, b]}, allow: ops.health", false},
    {"who: {systems: ab}, deny: '*'", "who: {systems: a*}, allow: ops.health", false},
    {"who: {systems: 'a?'}, deny: '*'", "who: {systems: a*}, allow: ops.health", false},
    {"who: {systems: 'a?*'}, deny: '*'", "who: {systems: 'ab*'}, allow: ops.health", true},
    {"who: {systems: '*b*'}, deny: '*'", "who: {systems: 'a?b'}, allow: ops.health", true},
    {"who: {systems: '@g'}, deny: '*'", "who: {systems: '@g'}, allow: ops.health", true},
    {"who: {systems: '@g'}, deny: '*'", "who: {systems: g1}, allow: ops.health", true},
    {"who: {systems: 'g*'}, deny: '*'", "who: {systems: '@g'}, allow: ops.health", true},
    {"who: {systems: '@g'}, deny: '*'", "who: {systems: [g1, x]}, allow: ops.health", false},
    {"who: {systems: a}, deny: '*', unless: {services: x}",
     "who: {systems: a}, allow: service.register", false},
    {"who: {systems: a}, deny: 'service.*', on: {services: x}",
     "who: {systems: a}, allow: service.register", false},
    {"who: {profile: operator}, deny: '*'",
     "who: {profile: operator, systems: a}, allow: "
     "ops.health",
     true},
    {"who: {profile: operator}, deny: '*'", "who: {profile: [system, operator]}, allow: ops.health",
     false},
    {"who: {profile: operator}, deny: '*'", "who: {systems: a}, allow: ops.health", false},
    {"who: {profile: [system, operator]}, deny: '*'", "who: {systems: a}, allow: ops.health", true},
    {"who: {profile: [system, operator]}, deny: '*'", "who: {anonymous: true}, allow: ops.health",
     false},
    {"who: {anonymous: false}, deny: '*'", "who: {networks: 10.0.0.0/8}, allow: ops.health", true},
    {"who: {anonymous: false}, deny: '*'", "who: {networks: 10.0.0.0/8}, deny: ops.health", false},
    {"who: {anonymous: true}, deny: '*'", "who: {anonymous: true, listeners: o}, allow: ops.health",
     true},
    {"who: {anonymous: true}, deny: '*'", "who: {listeners: o}, deny: ops.health", false},
    {"who: {listeners: o}, deny: '*'", "who: {anonymous: true, listeners: o}, allow: ops.health",
     true},
    {"who: {listeners: [o, p]}, deny: '*'", "who: {listeners: [p, q]}, allow: ops.health", false},
    {"who: {service_key: true}, deny: '*'", "who: {service_key: true}, allow: chap.ping", true},
    {"who: {service_key: true}, deny: '*'", "who: {systems: a}, allow: chap.ping", false},
    {"who: {networks: 10.0.0.0/8}, deny: '*'",
     "who: {networks: [10.1.0.0/16, 10.2.3.4]}, allow: "
     "ops.health",
     true},
    {"who: {networks: 10.0.0.0/8}, deny: '*'", "who: {networks: 0.0.0.0/0}, allow: ops.health",
     false},
    {"who: {networks: 10.0.0.0/8}, deny: '*'", "who: {systems: a}, allow: ops.health", false},
    {"who: {clouds: C}, deny: '*'", "who: {clouds: c, systems: a}, allow: ops.health", true},
    {"who: {organizations: c}, deny: '*'", "who: {clouds: c}, allow: ops.health", false},
    {"who: {serials: 0a}, deny: '*'", "who: {serials: 'A'}, allow: ops.health", true},
    {"who: {systems: a, serials: 1}, deny: '*'", "who: {systems: a}, allow: ops.health", false},
};

static void rules_that_can_never_match(void **state)
{
    (void)state;
    struct qv_rules rules = fixture_rules();
    for (size_t i = 0; i < COUNT_OF(covered_rows); i++) {
        const struct covered_row *row = &covered_rows[i];
        char text[1024];
        bool groups = strstr(row->deny, "@g") != NULL || strstr(row->later, "@g") != NULL;
        snprintf(text, sizeof(text), "version: 1\n%srules:\n  - {name: d, %s}\n  - {name: l, %s}\n",
                 groups ? "groups: {g: [g1, g2*]}\n" : "", row->deny, row->later);
        char fault[256];
        snprintf(fault, sizeof(fault),
                 "%d: rule 'l': can never match, as rule 'd' in line %d denies all that it is "
                 "about; remove it, or narrow that one",
                 groups ? 5 : 4, groups ? 4 : 3);
        struct fault_row expected = {.text = text, .faults = {row->covered ? fault : NULL}};
        check(&rules, &expected);
        /* The other way round the deny only cuts off: it may have come in a hurry. */
        snprintf(text, sizeof(text), "version: 1\n%srules:\n  - {name: l, %s}\n  - {name: d, %s}\n",
                 groups ? "groups: {g: [g1, g2*]}\n" : "", row->later, row->deny);
        expected.faults[0] = NULL;
        if (strstr(row->later, "deny") == NULL)
            check(&rules, &expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_are_told_with_their_lines),
        cmocka_unit_test(patterns_must_be_possible_in_the_dialect),
        cmocka_unit_test(files_that_cannot_be_read),
        cmocka_unit_test(the_shipped_file_is_good),
        cmocka_unit_test(rules_that_can_never_match),
    };
    return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
