/*
 * The keys of `on` and `unless`. One thread.
 */
#include "on.h"
#include "read.h"

#include <quiver/domain/requirement.h>
#include <string.h>

static const enum values kinds[ON_TEXTS] = {
    [ON_PROVIDER] = VALUES_SYSTEMS,  [ON_SERVICES] = VALUES_SERVICES,
    [ON_VERSIONS] = VALUES_VERSIONS, [ON_INTERFACES] = VALUES_TEMPLATES,
    [ON_POLICIES] = VALUES_POLICIES,
};

static void read_texts(const struct qv_yaml_at *at, const struct qv_yaml_key *key, void *into)
{
    struct rule_reader *reader = into;
    patterns_read(at, reader->policy, kinds[key->which],
                  key->which == ON_PROVIDER ? TAKES_GROUPS | TAKES_SELF : 0,
                  &reader->on->texts[key->which]);
    reader->on->keys |= 1u << key->which;
}

/* ---- metadata ---- */

/* Operators that search give up on text that would take them too long, and then nothing matches.
   Who chooses the metadata could so slip through a deny; whatever else a rule does, it refuses
   then. */
static bool searches(const char *op)
{
    return strcasestr(op, "IGNORE_CASE") != NULL || strcasestr(op, "REGEXP") != NULL;
}

static void check_searches(const struct qv_yaml_at *at, const json_t *object)
{
    const char *name;
    json_t *expected;
    json_object_foreach ((json_t *)object, name, expected) {
        const char *op = json_string_value(json_object_get(expected, "op"));
        if (op != NULL && searches(op))
            qv_yaml_fault(at,
                          "%s gives up on long texts, and a deny must not depend on it: deny with "
                          "unless, or allow with on",
                          op);
    }
}

static void read_requirement(const struct qv_yaml_at *at, struct rule_reader *reader)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    QV_CLEANUP(qv_json) json_t *object = qv_yaml_json(at);
    if (object == NULL)
        return;
    if (json_object_size(object) == 0) {
        qv_yaml_fault(at, "must be a mapping of metadata keys, as {indoor: true}");
        return;
    }
    struct on *on = reader->on;
    enum qv_status status = qv_requirement_read(reader->policy->dialect, object,
                                                &on->metadata[on->metadata_count], &error);
    if (status == QV_OK)
        on->metadata_count++;
    else if (status == QV_NO_MEMORY)
        at->yaml->out_of_memory = true;
    else
        qv_yaml_fault(at, "%s", qv_error_message(&error));
    if (reader->rule->effect == EFFECT_DENY && on == &reader->rule->on)
        check_searches(at, object);
}

/* One requirement, or a list of which one must match. */
static void read_metadata(const struct qv_yaml_at *at, const struct qv_yaml_key *key, void *into)
{
    (void)key;
    struct rule_reader *reader = into;
    size_t count = qv_yaml_is_list(at) ? qv_yaml_count(at) : 1;
    reader->on->metadata =
        arena_alloc(&reader->policy->arena, count, sizeof(struct qv_requirement *));
    if (reader->on->metadata == NULL) {
        at->yaml->out_of_memory = true;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct qv_yaml_at item = qv_yaml_item(at, i);
        read_requirement(&item, reader);
    }
}

/* ---- the whole ---- */

static const struct qv_yaml_key keys[] = {
    {"provider", .read = read_texts, .which = ON_PROVIDER},
    {"services", .read = read_texts, .which = ON_SERVICES},
    {"versions", .read = read_texts, .which = ON_VERSIONS},
    {"interfaces", .read = read_texts, .which = ON_INTERFACES},
    {"policies", .read = read_texts, .which = ON_POLICIES},
    {"metadata", .read = read_metadata},
};

void on_read(const struct qv_yaml_at *at, const struct qv_yaml_key *key, void *into)
{
    struct rule_reader *reader = into;
    reader->on = key->which == READ_ON ? &reader->rule->on : &reader->rule->unless;
    reader->on->given = true;
    size_t before = at->yaml->found;
    qv_yaml_map(at, key->name, keys, sizeof(keys) / sizeof(keys[0]), reader);
    if (at->yaml->found == before &&
        at->node->data.mapping.pairs.start == at->node->data.mapping.pairs.top)
        qv_yaml_fault(at, "names nothing, give a key or remove it");
}
