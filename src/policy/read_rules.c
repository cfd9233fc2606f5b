/*
 * The rules and what is visible: a name, who, what is allowed or denied, and on what. One thread.
 */
#include "read.h"

#include <stdio.h>
#include <string.h>

enum { RULES_MAX = 10000, NAME_MAX_LENGTH = 100 };

/* ---- operations ---- */

static uint32_t read_pattern(const struct qv_yaml_at *at)
{
    struct qv_str text;
    if (!qv_yaml_text(at, &text))
        return 0;
    struct qv_glob glob = qv_glob_compile(text);
    uint32_t named = qv_glob_fault(text) == NULL ? operations_named(&glob) : 0;
    if (named != 0)
        return named;
    QV_CLEANUP(qv_buf) struct qv_buf words = {0};
    qv_yaml_quote(&words, text);
    qv_buf_put_text(&words, " is no operation (quiver policy operations lists them)");
    operations_suggest(text, &words);
    if (qv_buf_status(&words) != QV_OK)
        at->yaml->out_of_memory = true;
    else
        qv_yaml_fault(at, "%s", words.at);
    return 0;
}

static void read_operations(const struct qv_yaml_at *at, const struct qv_yaml_key *key, void *into)
{
    struct rule *rule = ((struct rule_reader *)into)->rule;
    rule->effect = (enum effect)key->which;
    size_t count = qv_yaml_count(at);
    for (size_t i = 0; i < count; i++) {
        struct qv_yaml_at item = qv_yaml_item(at, i);
        rule->operations |= read_pattern(&item);
    }
}

/* ---- names ---- */

/* Names are sent in a header and written into logs. */
static bool is_name(struct qv_str text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.at[i] < ' ' || text.at[i] > '~')
            return false;
    return text.length <= NAME_MAX_LENGTH && qv_str_trim(text).length == text.length;
}

static void read_name(const struct qv_yaml_at *at, const struct qv_yaml_key *key, void *into)
{
    (void)key;
    struct rule_reader *reader = into;
    struct qv_str text;
    if (!qv_yaml_text(at, &text))
        return;
    if (!is_name(text)) {
        qv_yaml_fault(at,
                      "must be at most %d printable ASCII characters, as it is sent in a header",
                      NAME_MAX_LENGTH);
        return;
    }
    reader->rule->name = arena_text(&reader->policy->arena, text);
    if (reader->rule->name == NULL)
        at->yaml->out_of_memory = true;
}

/* ---- one rule ---- */

static const struct qv_yaml_key rule_keys[] = {
    {"name", .read = read_name, .required = true},
    {"who", .read = who_read},
    {"allow", .read = read_operations, .which = EFFECT_ALLOW},
    {"deny", .read = read_operations, .which = EFFECT_DENY},
    {"on", .read = on_read, .which = READ_ON},
    {"unless", .read = on_read, .which = READ_UNLESS},
};
static const struct qv_yaml_key visible_keys[] = {
    {"name", .read = read_name, .required = true},
    {"who", .read = who_read},
    {"on", .read = on_read, .which = READ_ON},
};
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void check_effect(const struct qv_yaml_at *at, const struct rule *rule)
{
    bool allows = qv_yaml_find(at, "allow") != NULL, denies = qv_yaml_find(at, "deny") != NULL;
    if (allows && denies)
        qv_yaml_fault(at, "has both allow and deny, make two rules of it");
    else if (!allows && !denies)
        qv_yaml_fault(at, "has neither allow nor deny");
    else if (allows && rule->unless.given)
        qv_yaml_fault(at, "unless belongs to deny; what an allow is about is said by on");
}

/* Operations without object: what `on` and `unless` say cannot come true for them. */
static void check_objects(const struct qv_yaml_at *at, const struct rule *rule)
{
    bool any = false;
    for (unsigned i = 0; i < QV_OP_COUNT; i++)
        any = any || ((rule->operations >> i & 1) != 0 && operations[i].has_object);
    if (any || rule->operations == 0 || (!rule->on.given && !rule->unless.given))
        return;
    qv_yaml_fault(at,
                  "%s is about an object, and none of the operations has one; what a lookup "
                  "shows is said by visible",
                  rule->on.given ? "on" : "unless");
}

/* What must be known before the keys are read, in whatever order they stand. */
static void prepare(const struct qv_yaml_at *at, bool visible, struct rule *rule)
{
    rule->line = at->line;
    rule->effect = EFFECT_ALLOW;
    if (visible)
        rule->effect = EFFECT_VISIBLE;
    else if (qv_yaml_find(at, "deny") != NULL)
        rule->effect = EFFECT_DENY;
    if (visible)
        rule->operations = UINT32_C(1) << OP_SHOWN;
}

static void read_rule(const struct qv_yaml_at *at, struct qv_policy *policy, bool visible,
                      struct rule *rule)
{
    struct rule_reader reader = {.policy = policy, .rule = rule};
    size_t before = at->yaml->found;
    prepare(at, visible, rule);
    if (visible)
        qv_yaml_map(at, "visible", visible_keys, COUNT_OF(visible_keys), &reader);
    else
        qv_yaml_map(at, "a rule", rule_keys, COUNT_OF(rule_keys), &reader);
    if (at->yaml->found != before)
        return;
    if (!rule->who_given)
        qv_yaml_fault(at,
                      "who is missing; write who: {profile: [system, operator]} for all callers "
                      "that have an identity");
    if (!visible) {
        check_effect(at, rule);
        check_objects(at, rule);
    }
}

/* ---- the lists ---- */

/* "rule 'NAME'", or its place where it has none. */
static void put_where(const struct qv_yaml_at *item, const char *key, size_t index,
                      struct qv_buf *buf)
{
    const yaml_node_t *name = qv_yaml_find(item, "name");
    struct qv_str text = {0};
    if (name != NULL && name->type == YAML_SCALAR_NODE)
        text = (struct qv_str){.at = (const char *)name->data.scalar.value,
                               .length = name->data.scalar.length};
    if (text.length > 0 && is_name(text))
        qv_buf_printf(buf, "%s '%.*s'", strcmp(key, "rules") == 0 ? "rule" : key, QV_STR_ARG(text));
    else
        qv_buf_printf(buf, "%s[%zu]", key, index);
}

static void check_name(const struct qv_yaml_at *at, const struct qv_policy *policy,
                       const struct rule *rule)
{
    for (const struct rule *other = policy->rules; other < rule && rule->name != NULL; other++)
        if (other->name != NULL && strcmp(other->name, rule->name) == 0) {
            qv_yaml_fault(at, "its name is taken by the one in line %d, choose another",
                          other->line);
            return;
        }
}

static void read_item(const struct qv_yaml_at *list, struct qv_policy *policy, const char *key,
                      size_t index)
{
    struct qv_yaml_at item = qv_yaml_item(list, index);
    QV_CLEANUP(qv_buf) struct qv_buf where = {0};
    put_where(&item, key, index, &where);
    if (qv_buf_status(&where) != QV_OK) {
        list->yaml->out_of_memory = true;
        return;
    }
    item.where = where.at;
    bool visible = strcmp(key, "visible") == 0;
    struct rule *rule = &policy->rules[policy->count++];
    policy->visible_count += visible ? 1 : 0;
    read_rule(&item, policy, visible, rule);
    check_name(&item, policy, rule);
}

void rules_read(const struct qv_yaml_at *at, struct qv_policy *policy, const char *key)
{
    if (!qv_yaml_is_list(at)) {
        qv_yaml_fault(at, "must be a list, each item with a name and who");
        return;
    }
    size_t count = qv_yaml_count(at), all = policy->count + count;
    if (count > RULES_MAX) {
        qv_yaml_fault(at, "are more than %d", RULES_MAX);
        return;
    }
    struct rule *rules = arena_alloc(&policy->arena, all, sizeof(struct rule));
    if (rules == NULL) {
        at->yaml->out_of_memory = true;
        return;
    }
    if (policy->count > 0)
        memcpy(rules, policy->rules, policy->count * sizeof(rules[0]));
    policy->rules = rules;
    for (size_t i = 0; i < count; i++)
        read_item(at, policy, key, i);
}
