// links: policy
/*
 * The index against looking at every rule, on random policies (a fixed sequence, so that a failure
 * repeats). Names are put together from few pieces, so that they share prefixes, suffixes and
 * grams; patterns are such names with `*` and `?` put anywhere, so that they often match.
 */
#include "../../src/policy/decide.h"
#include "../../src/policy/names.h"
#include "../../src/policy/who.h"
#include "policy_fixture.h"

#include <quiver/base/memory.h>

enum { POLICIES = 400, QUESTIONS = 40, RULES_MAX = 70, NAME_SIZE = 40 };

/* ---- random things ---- */

static uint64_t state_of_random = 88172645463325252u;

static unsigned random_below(unsigned limit)
{
    state_of_random ^= state_of_random << 13;
    state_of_random ^= state_of_random >> 7;
    state_of_random ^= state_of_random << 17;
    return (unsigned)(state_of_random % limit);
}

static void random_name(char name[NAME_SIZE])
{
    static const char *const pieces[] = {"abc", "bca", "ab", "b", "cab", "aaa", "a-b", "x-1"};
    unsigned count = 2 + random_below(2);
    name[0] = '\0';
    for (unsigned i = 0; i < count; i++)
        strcat(name, pieces[random_below(COUNT_OF(pieces))]);
}

/* A name of which some pieces became `*` and some characters `?`. */
static void random_pattern(char pattern[NAME_SIZE])
{
    char name[NAME_SIZE];
    random_name(name);
    size_t length = 0, i = 0;
    unsigned wild = random_below(4);
    while (name[i] != '\0') {
        bool turns = random_below(8) < wild;
        if (!turns)
            pattern[length++] = name[i++];
        else if (random_below(3) == 0)
            pattern[length++] = '?', i++;
        else if (length == 0 || pattern[length - 1] != '*')
            pattern[length++] = '*', i += random_below(3);
        else
            i++;
        i = i < strlen(name) ? i : strlen(name);
    }
    if (wild > 0 && random_below(4) == 0 && (length == 0 || pattern[length - 1] != '*'))
        pattern[length++] = '*';
    pattern[length] = '\0';
}

/* One to three of them, as a list of YAML; `special` may be among them. */
static void put_patterns(struct qv_buf *text, const char *special)
{
    char pattern[NAME_SIZE];
    qv_buf_put_char(text, '[');
    if (special != NULL && random_below(3) == 0)
        qv_buf_printf(text, "'%s'%s", special, random_below(2) == 0 ? "]" : ", ");
    if (text->at[text->length - 1] == ']')
        return;
    for (unsigned left = random_below(3) + 1; left > 0; left--) {
        random_pattern(pattern);
        qv_buf_printf(text, "'%s'%s", pattern, left > 1 ? ", " : "]");
    }
}

static void put_on(struct qv_buf *text, const char *word)
{
    static const char *const keys[] = {"provider", "services", "interfaces"};
    qv_buf_printf(text, ", %s: {", word);
    unsigned first = random_below(4), second = random_below(8);
    if (first == COUNT_OF(keys)) {
        qv_buf_printf(text, "versions: '%u.*'}", 1 + random_below(3));
        return;
    }
    for (unsigned i = 0; i < COUNT_OF(keys); i++) {
        if (i != first && i != second)
            continue;
        qv_buf_printf(text, "%s%s: ", text->at[text->length - 1] == '{' ? "" : ", ", keys[i]);
        static const char *const specials[] = {"self", "@few", "@many"};
        put_patterns(text, i == 0 ? specials[random_below(COUNT_OF(specials))] : NULL);
    }
    qv_buf_put_char(text, '}');
}

static void put_group(struct qv_buf *text, const char *name, unsigned count)
{
    char pattern[NAME_SIZE];
    qv_buf_printf(text, "  %s: [", name);
    for (unsigned i = 0; i < count; i++) {
        random_pattern(pattern);
        qv_buf_printf(text, "'%s'%s", pattern, i + 1 < count ? ", " : "]\n");
    }
}

/* `@many` has more names than a group may have for its rules to be found by them. */
static struct qv_policy *random_policy(struct qv_buf *text)
{
    static const char *const effects[] = {
        "allow: service.register", "allow: 'service.*'", "deny: service.register",
        "deny: [service.register, service.revoke]", "allow: [system.register, service.revoke]"};
    qv_buf_truncate(text, 0);
    qv_buf_put_text(text, "version: 1\ngroups:\n");
    put_group(text, "few", 4);
    put_group(text, "many", random_below(4) == 0 ? 70 : 12);
    qv_buf_put_text(text, "rules:\n  - {name: use, who: {systems: ['@few', '@many']}, "
                          "allow: ops.health}\n");
    unsigned count = 1 + random_below(RULES_MAX);
    for (unsigned i = 0; i < count; i++) {
        const char *effect = effects[random_below(COUNT_OF(effects))];
        qv_buf_printf(text, "  - {name: r%u, who: {systems: ", i);
        if (random_below(2) == 0)
            qv_buf_put_text(text, "'*'");
        else
            put_patterns(text, random_below(2) == 0 ? "@few" : "@many");
        qv_buf_printf(text, "}, %s", effect);
        if (effect[0] == 'd' && random_below(3) == 0)
            put_on(text, "unless");
        else if (effect[0] == 'd' || random_below(20) > 0)
            put_on(text, "on");
        qv_buf_put_text(text, "}\n");
    }
    assert_int_equal(qv_buf_status(text), QV_OK);
    return fixture_policy(text->at);
}

/* ---- one question, in both ways ---- */

struct question {
    char system[NAME_SIZE], provider[NAME_SIZE], service[NAME_SIZE], interfaces[2 * NAME_SIZE];
    char version[8];
    struct fixture_caller caller;
    struct fixture_object object;
};

static void random_question(struct question *ret)
{
    char more[NAME_SIZE];
    random_name(ret->system);
    random_name(ret->provider);
    if (random_below(3) == 0)
        memcpy(ret->provider, ret->system, sizeof(ret->provider));
    random_name(ret->service);
    random_name(ret->interfaces);
    if (random_below(3) == 0) {
        random_name(more);
        strcat(strcat(ret->interfaces, ","), more);
    }
    snprintf(ret->version, sizeof(ret->version), "%u.0.0", 1 + random_below(4));
    fixture_caller(&(struct fixture_who){.system = random_below(30) > 0 ? ret->system : NULL},
                   &ret->caller);
    fixture_object(
        &(struct fixture_what){.provider = ret->provider,
                               .service = random_below(9) > 0 ? ret->service : NULL,
                               .version = ret->version,
                               .interfaces = random_below(9) > 0 ? ret->interfaces : NULL},
        &ret->object);
}

static size_t look_at_each(const struct qv_policy *policy, const struct qv_caller *caller,
                           unsigned op, enum side side, struct asking *asking)
{
    struct asker asker;
    asker_read(caller, &asker);
    for (size_t i = 0; i < policy->count; i++) {
        const struct rule *rule = &policy->rules[i];
        if ((rule->operations >> op & 1) != 0 &&
            (rule->effect == EFFECT_DENY) == (side == SIDE_DENY) && who_fits(rule, &asker, NULL) &&
            rule_applies(rule, asking, NULL))
            return i;
    }
    return SIZE_MAX;
}

/* By which way the deciding rules are found: each must have been taken often. */
struct ways {
    unsigned none, by_gram, own, rest, others;
};

static bool has_form(const struct on *on, enum qv_glob_form form)
{
    for (unsigned key = 0; key < ON_TEXTS; key++)
        for (size_t i = 0; i < on->texts[key].count; i++)
            if (on->texts[key].at[i].form == form)
                return true;
    return false;
}

static void count_way(const struct qv_policy *policy, unsigned op, enum side side, size_t rule,
                      struct ways *ways)
{
    if (rule == SIZE_MAX) {
        ways->none++;
        return;
    }
    const struct masks *masks = &policy->index->masks[op][side];
    if (bits_have(masks->rest, rule))
        ways->rest++;
    else if (bits_have(masks->own, rule))
        ways->own++;
    else if (has_form(&policy->rules[rule].on, QV_GLOB_OTHER))
        ways->by_gram++;
    else
        ways->others++;
}

static void check_question(struct qv_policy *policy, const char *text, struct ways *ways)
{
    static const enum qv_operation asked[] = {QV_OP_SERVICE_REGISTER, QV_OP_SERVICE_REVOKE,
                                              QV_OP_SYSTEM_REGISTER};
    QV_CLEANUP(qv_rights) struct qv_rights *rights = NULL;
    struct question question;
    random_question(&question);
    assert_int_equal(qv_policy_rights(policy, &question.caller.caller, &rights), QV_OK);
    for (size_t i = 0; i < COUNT_OF(asked); i++) {
        for (unsigned side = 0; side < SIDES; side++) {
            QV_CLEANUP(asking)
            struct asking asking = asking_of(rights, &question.object.object);
            size_t found = decide(rights, asked[i], (enum side)side, &asking);
            size_t wanted =
                look_at_each(policy, &question.caller.caller, asked[i], (enum side)side, &asking);
            count_way(policy, asked[i], (enum side)side, wanted, ways);
            if (found != wanted)
                fail_msg("%s, side %u: found rule %zd, wanted %zd, for %s of %s by %s, %s, %s:\n%s",
                         qv_operation_name(asked[i]), side, (ssize_t)found, (ssize_t)wanted,
                         question.service, question.provider, question.system, question.interfaces,
                         question.version, text);
        }
    }
}

static void no_rule_is_missed(void **state)
{
    (void)state;
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    struct ways ways = {0};
    for (unsigned i = 0; i < POLICIES; i++) {
        QV_CLEANUP(qv_policy) struct qv_policy *policy = random_policy(&text);
        for (unsigned k = 0; k < QUESTIONS; k++)
            check_question(policy, text.at, &ways);
    }
    print_message("decided by none %u, gram %u, self %u, rest %u, others %u\n", ways.none,
                  ways.by_gram, ways.own, ways.rest, ways.others);
    assert_true(ways.none > 1000 && ways.by_gram > 1000 && ways.own > 1000 && ways.rest > 1000 &&
                ways.others > 1000);
}

/* ---- what is found by which piece ---- */

static void pieces_have_no_wildcards(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *pieces;
    } table[] = {
        {"", ""},          {"ab", ""},
        {"abc", "abc "},   {"*abcd*", "abc bcd "},
        {"ab?cd*ef", ""},  {"?abc?def*", "abc def "},
        {"a*bcd", "bcd "}, {"***", ""},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        QV_CLEANUP(qv_buf) struct qv_buf pieces = {0};
        struct qv_str gram;
        qv_buf_put_text(&pieces, "");
        for (size_t at = 0; gram_next(qv_str_from(table[i].pattern), &at, &gram);)
            qv_buf_printf(&pieces, "%.*s ", QV_STR_ARG(gram));
        struct qv_str found = qv_buf_str(&pieces);
        if (!qv_str_equal(found, qv_str_from(table[i].pieces)))
            fail_msg("%s: %.*s", table[i].pattern, QV_STR_ARG(found));
    }
}

/* Which rules are left to be looked at one by one: docs/policy.md says so. */
static void what_is_looked_at_one_by_one(void **state)
{
    (void)state;
    static const struct {
        const char *on;
        bool rest, own;
    } table[] = {
        {"on: {services: info}", false, false},
        {"on: {services: 'a*'}", false, false},
        {"on: {services: '*a'}", false, false},
        {"on: {services: 'x*abc?'}", false, false},
        {"on: {services: 'ab*bc'}", true, false},
        {"on: {services: '*'}", true, false},
        {"on: {services: '*', provider: 'b*abc*'}", false, false},
        {"on: {services: [info, '?']}", true, false},
        {"on: {provider: self}", false, true},
        {"on: {provider: [self, abc, '*bcd*']}", false, true},
        {"on: {provider: self, services: info}", false, false},
        {"on: {provider: [self, '?']}", true, false},
        {"on: {provider: '@g'}", false, false},
        {"on: {interfaces: generic-http}", false, false},
        {"on: {policies: CERT_AUTH}", false, false},
        {"on: {versions: 1.0.0}", false, false},
        {"on: {metadata: {a: 1}}", true, false},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        char text[400];
        snprintf(text, sizeof(text),
                 "version: 1\ngroups: {g: [a, 'b*']}\nrules:\n"
                 "  - {name: r, who: {systems: '*'}, allow: service.register, %s}\n"
                 "  - {name: use, who: {systems: '@g'}, allow: service.register,"
                 " on: {provider: self}}\n",
                 table[i].on);
        QV_CLEANUP(qv_policy) struct qv_policy *policy = fixture_policy(text);
        const struct masks *masks = &policy->index->masks[QV_OP_SERVICE_REGISTER][SIDE_PERMIT];
        if (bits_have(masks->rest, 0) != table[i].rest || bits_have(masks->own, 0) != table[i].own)
            fail_msg("%s: rest %d, own %d", table[i].on, bits_have(masks->rest, 0),
                     bits_have(masks->own, 0));
    }
}

static bool visit_one(void *context, uint32_t rule)
{
    (void)rule;
    ++*(size_t *)context;
    return true;
}

/* Rules of one service are told apart by their providers, those of one provider by services. */
static void rules_are_found_by_what_tells_them_apart(void **state)
{
    (void)state;
    static const char *const forms[] = {"services: info, provider: system-%u",
                                        "services: 'service-%u', provider: system",
                                        "services: '*x-%u-y*', provider: 'system*z'"};
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        QV_CLEANUP(qv_buf) struct qv_buf text = {0};
        qv_buf_put_text(&text, "version: 1\nrules:\n");
        for (unsigned k = 100; k < 200; k++) {
            char on[100];
            snprintf(on, sizeof(on), forms[i], k); /* NOLINT */
            qv_buf_printf(&text,
                          "  - {name: r%u, who: {systems: '*'}, allow: service.register,"
                          " on: {%s}}\n",
                          k, on);
        }
        assert_int_equal(qv_buf_status(&text), QV_OK);
        QV_CLEANUP(qv_policy) struct qv_policy *policy = fixture_policy(text.at);
        size_t visits = 0;
        const struct name_index *on = policy->index->on;
        static const char *const services[] = {"info", "service-123", "x-123-y"};
        static const char *const providers[] = {"system-123", "system", "systemz"};
        name_index_visit(&on[ON_SERVICES], qv_str_from(services[i]), visit_one, &visits);
        name_index_visit(&on[ON_PROVIDER], qv_str_from(providers[i]), visit_one, &visits);
        assert_in_range(visits, 1, 3);
    }
}

/* ---- memory ---- */

static void every_allocation_may_fail(void **state)
{
    (void)state;
    static const char text[] =
        "version: 1\ngroups: {g: [a, 'b*c*def']}\nrules:\n"
        "  - {name: a, who: {systems: '@g'}, allow: service.register, on: {services: 'a*bcd?'}}\n"
        "  - {name: b, who: {systems: '*x?yzz'}, deny: service.register, on: {provider: self}}\n";
    struct qv_rules rules = fixture_rules();
    size_t failed = 0;
    for (size_t nth = 1;; nth++) {
        QV_CLEANUP(qv_policy) struct qv_policy *policy = NULL;
        QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
        qv_memory_fail_at(nth);
        enum qv_status status =
            qv_policy_parse("policy.yaml", qv_str_from(text), &rules, &policy, &faults);
        bool reached = qv_memory_count() >= nth;
        qv_memory_fail_at(0);
        if (!reached) {
            assert_int_equal(status, QV_OK);
            break;
        }
        assert_int_equal(status == QV_OK, policy != NULL);
        failed += status == QV_NO_MEMORY;
    }
    assert_true(failed > 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_rule_is_missed),
        cmocka_unit_test(pieces_have_no_wildcards),
        cmocka_unit_test(what_is_looked_at_one_by_one),
        cmocka_unit_test(rules_are_found_by_what_tells_them_apart),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
