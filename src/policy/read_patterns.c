/*
 * Lists of values and groups of system names.
 *
 * A list refers to its groups and does not copy them, so that a file's size bounds what it becomes
 * in memory. Groups are read before the rules wherever they stand in the file. One thread.
 */
#include "read.h"

#include <string.h>

enum { GROUPS_MAX = 1000, GROUPS_SHOWN = 20 };

static bool keep(const struct qv_yaml_at *at, struct qv_policy *policy, const struct qv_buf *buf,
                 struct qv_glob *ret_glob)
{
    char *text = qv_buf_status(buf) == QV_OK ? arena_text(&policy->arena, qv_buf_str(buf)) : NULL;
    if (text == NULL) {
        at->yaml->out_of_memory = true;
        return false;
    }
    *ret_glob = qv_glob_compile(qv_str_from(text));
    return true;
}

static const struct group *find_group(struct qv_policy *policy, struct qv_str name)
{
    for (size_t i = 0; i < policy->group_count; i++) {
        struct group *group = &policy->groups[i];
        if (group->name == NULL || !qv_str_equal(qv_str_from(group->name), name))
            continue;
        group->used = true;
        return group;
    }
    return NULL;
}

static void refuse_group(const struct qv_yaml_at *at, const struct qv_policy *policy,
                         struct qv_str text)
{
    QV_CLEANUP(qv_buf) struct qv_buf words = {0};
    qv_yaml_quote(&words, text);
    qv_buf_put_text(&words, " is no group of this file");
    for (size_t i = 0; i < policy->group_count && i < GROUPS_SHOWN; i++)
        qv_buf_printf(&words, "%s@%s", i == 0 ? "; there are: " : ", ",
                      policy->groups[i].name != NULL ? policy->groups[i].name : "?");
    if (policy->group_count > GROUPS_SHOWN)
        qv_buf_put_text(&words, " ...");
    if (qv_buf_status(&words) != QV_OK)
        at->yaml->out_of_memory = true;
    else
        qv_yaml_fault(at, "%s", words.at);
}

/* One list that is being read; its arrays have room for every value. */
struct list {
    struct qv_policy *policy;
    enum values values;
    unsigned takes;
    const struct group **groups;
    struct patterns *patterns;
};

static void read_value(const struct qv_yaml_at *at, struct list *list)
{
    struct patterns *patterns = list->patterns;
    struct qv_str text;
    if (!qv_yaml_text(at, &text))
        return;
    if ((list->takes & TAKES_SELF) != 0 && qv_str_equal(text, QV_STR("self"))) {
        patterns->own = true;
        return;
    }
    bool names_group = list->values == VALUES_SYSTEMS && qv_str_starts_with(text, QV_STR("@"));
    if (names_group && (list->takes & TAKES_GROUPS) == 0) {
        qv_yaml_fault(at, "a group cannot hold another group, write its names out");
        return;
    }
    if (names_group) {
        const struct group *group = find_group(list->policy, qv_str_part(text, 1, SIZE_MAX));
        if (group != NULL)
            list->groups[patterns->group_count++] = group;
        else
            refuse_group(at, list->policy, text);
        return;
    }
    QV_CLEANUP(qv_buf) struct qv_buf converted = {0};
    if (value_convert(at, list->policy->dialect, list->values, text, &converted) &&
        keep(at, list->policy, &converted, &patterns->at[patterns->count]))
        patterns->count++;
}

void patterns_read(const struct qv_yaml_at *at, struct qv_policy *policy, enum values values,
                   unsigned takes, struct patterns *ret_patterns)
{
    size_t count = qv_yaml_count(at);
    struct patterns patterns = {.at = arena_alloc(&policy->arena, count, sizeof(struct qv_glob))};
    struct list list = {.policy = policy, .values = values, .takes = takes, .patterns = &patterns};
    list.groups = arena_alloc(&policy->arena, count, sizeof(list.groups[0]));
    if (patterns.at == NULL || list.groups == NULL) {
        at->yaml->out_of_memory = true;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct qv_yaml_at item = qv_yaml_item(at, i);
        read_value(&item, &list);
    }
    patterns.groups = list.groups;
    patterns_sort(&patterns);
    *ret_patterns = patterns;
}

/* ---- groups ---- */

static bool is_group_name(struct qv_str text)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.at[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
            c != '-' && c != '_')
            return false;
    }
    return text.length > 0;
}

static void read_group(const struct qv_yaml_at *at, struct qv_policy *policy,
                       const yaml_node_pair_t *pair, struct group *group)
{
    const yaml_node_t *key = yaml_document_get_node(&at->yaml->document, pair->key);
    struct qv_yaml_at below = *at;
    below.line = group->line = (int)key->start_mark.line + 1;
    struct qv_str name = {0};
    if (key->type == YAML_SCALAR_NODE)
        name = (struct qv_str){.at = (const char *)key->data.scalar.value,
                               .length = key->data.scalar.length};
    if (!is_group_name(name)) {
        qv_yaml_fault(&below, "a group's name is letters, digits, hyphens and underscores");
        return;
    }
    for (const struct group *other = policy->groups; other < group; other++)
        if (other->name != NULL && qv_str_equal(qv_str_from(other->name), name))
            qv_yaml_fault(&below, "%s is given twice (first in line %d), remove one", other->name,
                          other->line);
    QV_CLEANUP(qv_buf) struct qv_buf where = {0};
    qv_buf_printf(&where, "groups.%.*s", QV_STR_ARG(name));
    char *kept = qv_buf_status(&where) == QV_OK ? arena_text(&policy->arena, name) : NULL;
    if (kept == NULL) {
        at->yaml->out_of_memory = true;
        return;
    }
    group->name = kept;
    below.node = yaml_document_get_node(&at->yaml->document, pair->value);
    below.where = where.at;
    patterns_read(&below, policy, VALUES_SYSTEMS, 0, &group->members);
}

void groups_read(const struct qv_yaml_at *at, const struct qv_yaml_key *key, void *into)
{
    (void)key;
    struct qv_policy *policy = into;
    if (at->node->type != YAML_MAPPING_NODE || qv_yaml_has_tag(at->node)) {
        qv_yaml_fault(at, "must be a mapping of names to lists, as {greenhouse: [temperature-*]}");
        return;
    }
    const yaml_node_pair_t *first = at->node->data.mapping.pairs.start;
    size_t count = (size_t)(at->node->data.mapping.pairs.top - first);
    if (count > GROUPS_MAX) {
        qv_yaml_fault(at, "are more than %d", GROUPS_MAX);
        return;
    }
    policy->groups = arena_alloc(&policy->arena, count, sizeof(struct group));
    if (policy->groups == NULL) {
        at->yaml->out_of_memory = true;
        return;
    }
    policy->group_count = count;
    for (size_t i = 0; i < count; i++)
        read_group(at, policy, &first[i], &policy->groups[i]);
}

void groups_check_use(const struct qv_yaml_at *root, const struct qv_policy *policy)
{
    for (size_t i = 0; i < policy->group_count; i++) {
        const struct group *group = &policy->groups[i];
        struct qv_yaml_at at = *root;
        at.line = group->line;
        if (!group->used && group->name != NULL)
            qv_yaml_fault(&at, "group %s is used by no rule, use it as @%s or remove it",
                          group->name, group->name);
    }
}
