// links: policy
/*
 * Properties, on random policies, callers and objects (a fixed sequence, so that a failure
 * repeats): the cache never mixes up two callers, the index misses no rule, an explanation says
 * what is decided, threads may ask at the same time, and however many ask the cache stays bounded.
 */
#include "../../src/policy/rights.h"
#include "policy_fixture.h"

#include <pthread.h>

/* ---- random things ---- */

static uint64_t state_of_random = 1;

static unsigned random_below(unsigned limit)
{
    state_of_random ^= state_of_random << 13;
    state_of_random ^= state_of_random >> 7;
    state_of_random ^= state_of_random << 17;
    return (unsigned)(state_of_random % limit);
}

#define PICK(list) ((list)[random_below(COUNT_OF(list))])

static const char *const names[] = {"a", "ab", "abc", "b", "ba", "bab", "c", "ca"};
static const char *const patterns[] = {"a", "ab",   "'a*'", "'ab*'", "'*b'",      "'?a'",
                                       "b", "'b*'", "c",    "'*'",   "[a, 'c*']", "['ab', '?']"};
static const char *const providers[] = {"self", "a", "'b*'", "[self, c]", "'@g'", "'*a'"};
static const char *const verbs[] = {"service.register",
                                    "service.revoke",
                                    "'service.*'",
                                    "'*'",
                                    "[system.register, service.register]",
                                    "service.lookup"};
static const char *const more_who[] = {
    "",
    ", profile: operator",
    ", networks: 10.0.0.0/8",
    ", listeners: [one]",
    ", serials: 1a",
    ", clouds: north",
    ", fingerprints: oKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr8"};
static const enum qv_operation asked[] = {QV_OP_SERVICE_REGISTER, QV_OP_SERVICE_REVOKE,
                                          QV_OP_SYSTEM_REGISTER, QV_OP_SERVICE_LOOKUP};

static void put_on(struct qv_buf *text, const char *key)
{
    qv_buf_printf(text, ", %s: {", key);
    const char *between = "";
    if (random_below(2) == 0) {
        qv_buf_printf(text, "services: %s", PICK(patterns));
        between = ", ";
    }
    if (between[0] == '\0' || random_below(3) == 0) {
        qv_buf_printf(text, "%sprovider: %s", between, PICK(providers));
        between = ", ";
    }
    if (random_below(4) == 0)
        qv_buf_printf(text, "%sinterfaces: %s", between, PICK(patterns));
    qv_buf_put_text(text, "}");
}

static void put_rule(struct qv_buf *text, unsigned i)
{
    bool deny = random_below(4) == 0;
    qv_buf_printf(text, "  - {name: r%u, who: {systems: %s%s}, %s: %s", i, PICK(patterns),
                  PICK(more_who), deny ? "deny" : "allow",
                  /* a deny that is about all would leave later rules nothing */
                  deny ? "[service.register, service.revoke]" : PICK(verbs));
    bool open = deny || random_below(3) > 0;
    if (open && strstr(text->at + text->length - 16, "lookup") == NULL)
        put_on(text, deny && random_below(2) == 0 ? "unless" : "on");
    qv_buf_put_text(text, "}\n");
}

/* A policy of some rules, and visible in every second. */
static struct qv_policy *random_policy(struct qv_buf *text)
{
    qv_buf_truncate(text, 0);
    qv_buf_put_text(text, "version: 1\ngroups: {g: [b, 'c*']}\nrules:\n"
                          "  - {name: group, who: {systems: '@g'}, allow: system.lookup}\n");
    unsigned count = 1 + random_below(90);
    for (unsigned i = 0; i < count; i++)
        put_rule(text, i);
    if (random_below(2) == 0) {
        qv_buf_put_text(text, "visible:\n");
        for (unsigned i = 0; i < 3; i++) {
            qv_buf_printf(text, "  - {name: v%u, who: {systems: %s%s}", i, PICK(patterns),
                          PICK(more_who));
            if (random_below(3) > 0)
                put_on(text, "on");
            qv_buf_put_text(text, "}\n");
        }
    }
    assert_int_equal(qv_buf_status(text), QV_OK);
    return fixture_policy(text->at);
}

static void random_caller(struct fixture_caller *ret_caller)
{
    static const char *const clouds[] = {NULL, "north.plant.x.y", "South.plant.x.y"};
    static const char *const serials[] = {NULL, "1a", "001a", "1b"};
    static const char *const fingerprints[] = {NULL, "oKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr8"};
    static const char *const listeners[] = {"one", "two"};
    static const char *const addresses[] = {"10.1.2.3", "11.1.2.3", "::1"};
    struct fixture_who who = {.system = random_below(9) == 0 ? NULL : PICK(names),
                              .operator_ = random_below(2) == 0,
                              .cloud = PICK(clouds),
                              .fingerprint = PICK(fingerprints),
                              .serial = PICK(serials),
                              .listener = PICK(listeners),
                              .address = PICK(addresses)};
    fixture_caller(&who, ret_caller);
}

static void random_object(struct fixture_object *ret_object)
{
    static const char *const interfaces[] = {NULL, "a", "b", "a,b", "ab,abc,c"};
    fixture_object(&(struct fixture_what){.provider = PICK(names),
                                          .service = PICK(names),
                                          .interfaces = PICK(interfaces)},
                   ret_object);
}

/* ---- the properties ---- */

/* Rule by rule, without index and cache: explanations look at each. */
static bool is_allowed_rule_by_rule(const struct qv_explanation *explanation, bool lookup)
{
    bool allowed = false, denied = false, shown = false, any_visible = false;
    for (size_t i = 0; i < explanation->rule_count; i++) {
        const struct qv_rule_report *report = &explanation->rules[i];
        bool matches = strncmp(report->why, "matches", 7) == 0;
        allowed = allowed || (matches && strcmp(report->effect, "allow") == 0);
        denied = denied || (matches && strcmp(report->effect, "deny") == 0);
        shown = shown || (matches && strcmp(report->effect, "visible") == 0);
        any_visible = any_visible || strcmp(report->effect, "visible") == 0;
    }
    return allowed && !denied && (!lookup || !any_visible || shown);
}

static bool is_shown(struct qv_policy *policy, const struct qv_caller *caller,
                     const struct qv_object *object)
{
    QV_CLEANUP(qv_rights) struct qv_rights *rights = NULL;
    struct qv_permit permit;
    struct qv_decision decision;
    assert_int_equal(qv_policy_rights(policy, caller, &rights), QV_OK);
    if (qv_policy_permit(rights, QV_OP_SERVICE_LOOKUP, &permit, &decision, NULL) != QV_OK)
        return false;
    bool shown = qv_policy_shows(&permit, object);
    assert_true(shown || !qv_policy_shows_all(&permit));
    return shown;
}

static void check_question(struct qv_policy *warm, struct qv_policy *cold, const char *text)
{
    struct fixture_caller caller;
    struct fixture_object object;
    random_caller(&caller);
    random_object(&object);
    enum qv_operation operation = PICK(asked);
    bool lookup = operation == QV_OP_SERVICE_LOOKUP;
    struct fixture_answer answer = fixture_ask(warm, &caller.caller, operation, &object.object);
    struct fixture_answer fresh = fixture_ask(cold, &caller.caller, operation, &object.object);
    QV_CLEANUP(qv_explanation) struct qv_explanation explanation = {0};
    assert_int_equal(
        qv_policy_explain(warm, &caller.caller, operation, &object.object, &explanation), QV_OK);
    bool allowed = answer.status == QV_OK;
    if (lookup && allowed)
        allowed = is_shown(warm, &caller.caller, &object.object);
    if (fresh.status != answer.status || explanation.allowed != allowed ||
        is_allowed_rule_by_rule(&explanation, lookup) != allowed ||
        strcmp(fresh.words, answer.words) != 0)
        fail_msg("%s, system %.*s, provider %.*s, service %.*s: decided %d (%s), without cache %d, "
                 "explained %d, rule by rule %d, under\n%s",
                 qv_operation_name(operation), QV_STR_ARG(caller.caller.system),
                 QV_STR_ARG(object.object.provider), QV_STR_ARG(object.object.service), allowed,
                 answer.words, fresh.status == QV_OK, explanation.allowed,
                 is_allowed_rule_by_rule(&explanation, lookup), text);
    if (lookup)
        return;
    assert_string_equal(explanation.words, answer.words);
    assert_int_equal(explanation.rule == NULL, answer.rule == NULL);
    if (answer.rule != NULL)
        assert_string_equal(explanation.rule, answer.rule);
    unsigned deciding = 0;
    for (size_t i = 0; i < explanation.rule_count; i++)
        deciding += explanation.rules[i].decides;
    assert_int_equal(deciding, explanation.rule != NULL);
}

static void cache_index_and_explanations_agree(void **state)
{
    (void)state;
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    for (unsigned policies = 0; policies < 60; policies++) {
        QV_CLEANUP(qv_policy) struct qv_policy *warm = random_policy(&text);
        for (unsigned cold_ones = 0; cold_ones < 10; cold_ones++) {
            QV_CLEANUP(qv_policy) struct qv_policy *cold = fixture_policy(text.at);
            for (unsigned questions = 0; questions < 4; questions++)
                check_question(warm, cold, text.at);
        }
        for (unsigned questions = 0; questions < 100; questions++)
            check_question(warm, warm, text.at);
    }
}

/* ---- bounds ---- */

static void ask_as(struct qv_policy *policy, unsigned number, struct qv_rights **ret_rights)
{
    char name[32];
    struct fixture_caller caller;
    snprintf(name, sizeof(name), "system-%u", number);
    fixture_caller(&(struct fixture_who){.system = name, .address = "10.0.0.1"}, &caller);
    assert_int_equal(qv_policy_rights(policy, &caller.caller, ret_rights), QV_OK);
}

static void the_cache_is_bounded(void **state)
{
    (void)state;
    QV_CLEANUP(qv_policy)
    struct qv_policy *policy = fixture_policy(
        "version: 1\nrules:\n"
        "  - {name: even, who: {systems: ['*0', '*2', '*4', '*6', '*8']}, allow: ops.health}\n");
    QV_CLEANUP(qv_rights) struct qv_rights *first = NULL;
    struct qv_permit permit;
    struct qv_decision decision;
    ask_as(policy, 0, &first);
    for (unsigned i = 1; i < 3 * CACHE_MAX; i++) {
        QV_CLEANUP(qv_rights) struct qv_rights *rights = NULL;
        ask_as(policy, i, &rights);
        assert_int_equal(qv_policy_permit(rights, QV_OP_OPS_HEALTH, &permit, &decision, NULL),
                         i % 2 == 0 ? QV_OK : QV_DENIED);
        if (i == 100)
            assert_int_equal(cache_count(policy->cache), 101);
    }
    assert_in_range(cache_count(policy->cache), CACHE_MAX / 2, CACHE_MAX);
    /* Whoever holds rights keeps them, cached or not. */
    assert_int_equal(qv_policy_permit(first, QV_OP_OPS_HEALTH, &permit, &decision, NULL), QV_OK);
}

/* A key has what rules look at and no more: one entry for a system, from wherever it calls. */
static void the_cache_knows_what_rules_look_at(void **state)
{
    (void)state;
    static const struct {
        const char *who;
        size_t entries;
    } table[] = {{"systems: a", 1}, {"networks: 10.0.0.0/8", 50}, {"listeners: x", 2}};
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        char text[200];
        snprintf(text, sizeof(text),
                 "version: 1\nrules:\n  - {name: r, who: {%s}, allow: ops.health}\n", table[i].who);
        QV_CLEANUP(qv_policy) struct qv_policy *policy = fixture_policy(text);
        for (unsigned k = 0; k < 50; k++) {
            QV_CLEANUP(qv_rights) struct qv_rights *rights = NULL;
            char address[32];
            struct fixture_caller caller;
            snprintf(address, sizeof(address), "10.0.0.%u", k);
            fixture_caller(&(struct fixture_who){.system = "a",
                                                 .address = address,
                                                 .listener = k % 2 == 0 ? "x" : "y"},
                           &caller);
            assert_int_equal(qv_policy_rights(policy, &caller.caller, &rights), QV_OK);
        }
        assert_int_equal(cache_count(policy->cache), table[i].entries);
    }
}

/* A name that is too long for the cache is decided about all the same. */
static void long_names_are_not_kept(void **state)
{
    (void)state;
    QV_CLEANUP(qv_policy)
    struct qv_policy *policy = fixture_policy(
        "version: 1\nrules:\n  - {name: r, who: {systems: 'x*'}, allow: service.revoke,"
        " on: {provider: self}}\n");
    char name[5001];
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    struct fixture_caller caller;
    fixture_caller(&(struct fixture_who){.system = name}, &caller);
    const struct qv_object object = {.provider = qv_str_from(name)};
    struct fixture_answer answer =
        fixture_ask(policy, &caller.caller, QV_OP_SERVICE_REVOKE, &object);
    assert_int_equal(answer.status, QV_OK);
    assert_int_equal(cache_count(policy->cache), 0);
}

/* ---- threads ---- */

static void *ask_much(void *policy)
{
    size_t wrong = 0;
    for (unsigned i = 0; i < 20000; i++) {
        char name[32];
        snprintf(name, sizeof(name), "s%u", i % 6000);
        struct qv_identity identity = {.system = name, .profile = QV_PROFILE_SYSTEM};
        struct qv_caller caller = {.identity = &identity, .system = qv_str_from(name)};
        QV_CLEANUP(qv_rights) struct qv_rights *rights = NULL;
        struct qv_permit permit;
        struct qv_decision decision;
        if (qv_policy_rights(policy, &caller, &rights) != QV_OK)
            return (void *)"no rights";
        bool allowed =
            qv_policy_permit(rights, QV_OP_OPS_HEALTH, &permit, &decision, NULL) == QV_OK;
        wrong += allowed != (i % 6000 % 10 == 7);
    }
    return wrong == 0 ? NULL : (void *)"wrong answers";
}

static void threads_ask_at_the_same_time(void **state)
{
    (void)state;
    struct qv_policy *policy = fixture_policy(
        "version: 1\nrules:\n  - {name: r, who: {systems: '*7'}, allow: ops.health}\n");
    pthread_t threads[3];
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_much, policy), 0);
    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        void *fault;
        assert_int_equal(pthread_join(threads[i], &fault), 0);
        if (fault != NULL)
            fail_msg("%s", (const char *)fault);
    }
    qv_policy_free(&policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cache_index_and_explanations_agree),
        cmocka_unit_test(the_cache_is_bounded),
        cmocka_unit_test(the_cache_knows_what_rules_look_at),
        cmocka_unit_test(long_names_are_not_kept),
        cmocka_unit_test(threads_ask_at_the_same_time),
    };
    return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
