/*
 * A policy from its file to its end: read, checked, indexed, counted, freed.
 *
 * Holds always: a policy that was given out has no fault in it; faults are told all at once, each
 * with its line. One thread while it is read, any afterwards.
 */
#include "read.h"
#include "rights.h"

#include "policy_data.h"
#include <quiver/base/file.h>
#include <quiver/base/memory.h>
#include <string.h>

#define FILE_SIZE_MAX ((size_t)1024 * 1024)

static void read_version(const struct qv_yaml_at *at, const struct qv_yaml_key *key, void *into)
{
    (void)key;
    (void)into;
    struct qv_str text;
    if (qv_yaml_text(at, &text) && !qv_str_equal(text, QV_STR("1")))
        qv_yaml_fault(at, "must be 1, the only one that this program knows");
}

/* Read when all that they refer to has been. */
static void read_later(const struct qv_yaml_at *at, const struct qv_yaml_key *key, void *into)
{
    (void)at;
    (void)key;
    (void)into;
}

static const struct qv_yaml_key keys[] = {
    {"version", .read = read_version, .required = true},
    {"groups", .read = read_later},
    {"rules", .read = read_later, .required = true},
    {"visible", .read = read_later},
};

static bool find(const struct qv_yaml_at *root, const char *key, struct qv_yaml_at *ret_at)
{
    const yaml_node_t *node = qv_yaml_find(root, key);
    if (node == NULL)
        return false;
    *ret_at = *root;
    ret_at->node = node;
    ret_at->where = key;
    ret_at->line = (int)node->start_mark.line + 1;
    return true;
}

static void read_root(const struct qv_yaml_at *root, struct qv_policy *policy)
{
    struct qv_yaml_at at;
    qv_yaml_map(root, "a policy", keys, sizeof(keys) / sizeof(keys[0]), policy);
    if (find(root, "groups", &at))
        groups_read(&at, NULL, policy);
    if (find(root, "rules", &at))
        rules_read(&at, policy, "rules");
    if (find(root, "visible", &at))
        rules_read(&at, policy, "visible");
    if (qv_yaml_status(root->yaml) != QV_OK)
        return; /* what is missing may be what is at fault */
    groups_check_use(root, policy);
    analysis_check(root, policy);
}

static enum qv_status new_policy(const char *path, const struct qv_dialect *dialect,
                                 struct qv_policy **ret_policy)
{
    QV_CLEANUP(qv_policy) struct qv_policy *policy = qv_alloc(sizeof(*policy));
    if (policy == NULL)
        return QV_NO_MEMORY;
    atomic_init(&policy->references, 1);
    policy->dialect = dialect;
    policy->path = arena_text(&policy->arena, qv_str_from(path));
    if (policy->path == NULL)
        return QV_NO_MEMORY;
    QV_TRY(cache_new(&policy->cache));
    *ret_policy = policy;
    policy = NULL;
    return QV_OK;
}

enum qv_status qv_policy_parse(const char *path, struct qv_str text, const struct qv_rules *rules,
                               struct qv_policy **ret_policy, struct qv_strings *faults)
{
    QV_CLEANUP(qv_policy) struct qv_policy *policy = NULL;
    QV_CLEANUP(qv_yaml) struct qv_yaml yaml = {.path = path, .faults = faults};
    struct qv_yaml_at root;
    QV_TRY(new_policy(path, rules->dialect, &policy));
    QV_TRY(qv_yaml_read(&yaml, text, &root));
    read_root(&root, policy);
    QV_TRY(qv_yaml_status(&yaml));
    QV_TRY(index_build(policy));
    QV_TRY(qv_sha256(text, policy->digest));
    *ret_policy = policy;
    policy = NULL;
    return QV_OK;
}

enum qv_status qv_policy_load(const char *path, const struct qv_rules *rules,
                              struct qv_policy **ret_policy, struct qv_strings *faults)
{
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    enum qv_status status = qv_file_read(path, FILE_SIZE_MAX, &text, &error);
    if (status == QV_OK)
        return qv_policy_parse(path, qv_buf_str(&text), rules, ret_policy, faults);
    if (status == QV_NO_MEMORY ||
        qv_strings_add(faults, qv_str_from(qv_error_message(&error))) != QV_OK)
        return QV_NO_MEMORY;
    return QV_INVALID;
}

enum qv_status qv_policy_builtin(const struct qv_rules *rules, struct qv_policy **ret_policy)
{
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    enum qv_status status =
        qv_policy_parse("built-in policy", qv_str_from(qv_policy_yaml), rules, ret_policy, &faults);
    return status == QV_INVALID ? QV_INTERNAL : status;
}

struct qv_policy *qv_policy_ref(struct qv_policy *policy)
{
    if (policy != NULL)
        atomic_fetch_add_explicit(&policy->references, 1, memory_order_relaxed);
    return policy;
}

bool qv_policy_is_alike(const struct qv_policy *one, const struct qv_policy *other)
{
    return memcmp(one->digest, other->digest, sizeof(one->digest)) == 0 &&
           strcmp(one->path, other->path) == 0;
}

static void free_requirements(struct on *on)
{
    for (size_t i = 0; i < on->metadata_count; i++)
        qv_requirement_free(&on->metadata[i]);
}

void qv_policy_free(struct qv_policy **policy)
{
    struct qv_policy *old = *policy;
    *policy = NULL;
    if (old == NULL || atomic_fetch_sub_explicit(&old->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < old->count; i++) {
        free_requirements(&old->rules[i].on);
        free_requirements(&old->rules[i].unless);
    }
    cache_free(&old->cache);
    arena_free(&old->arena);
    qv_free(old);
}

size_t qv_policy_rule_count(const struct qv_policy *policy)
{
    return policy->count - policy->visible_count;
}

bool qv_policy_has_rule(const struct qv_policy *policy, struct qv_str name)
{
    for (size_t i = 0; i < policy->count; i++)
        if (qv_str_equal(qv_str_from(policy->rules[i].name), name))
            return true;
    return false;
}
