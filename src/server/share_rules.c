/*
 * Compiling limits.identities: names are brought into the form in which callers' names are
 * compared, patterns stay as they are written (the configuration's checks see to it that they can
 * fit). Any thread.
 */
#include "share_rules.h"

#include <quiver/base/memory.h>
#include <quiver/domain/names.h>

static enum qv_status add_text(const struct qv_dialect *dialect, struct qv_str text,
                               struct qv_strings *texts)
{
    QV_CLEANUP(qv_buf) struct qv_buf name = {0};
    if (qv_glob_has_wildcard(text))
        return qv_strings_add(texts, text);
    qv_name_normalize(dialect, QV_ENTITY_SYSTEM, text, &name);
    QV_TRY(qv_buf_status(&name));
    return qv_strings_add(texts, qv_buf_str(&name));
}

static enum qv_status make_rule(const struct qv_dialect *dialect,
                                const struct qv_config_identity_limit *limit,
                                struct qv_share_rule *rule)
{
    rule->requests = limit->requests;
    rule->burst = limit->burst > 0 ? limit->burst : limit->requests;
    rule->connections = limit->connections;
    rule->instances = limit->instances;
    for (size_t i = 0; i < limit->systems.count; i++)
        QV_TRY(add_text(dialect, qv_str_from(limit->systems.at[i]), &rule->texts));
    rule->globs = qv_alloc_array(rule->texts.count, sizeof(*rule->globs));
    if (rule->globs == NULL)
        return QV_NO_MEMORY;
    for (size_t i = 0; i < rule->texts.count; i++)
        rule->globs[i] = qv_glob_compile(qv_str_from(rule->texts.at[i]));
    return QV_OK;
}

enum qv_status qv_share_rules_make(const struct qv_dialect *dialect,
                                   const struct qv_config_identity_limits *limits,
                                   struct qv_share_rules *ret_rules)
{
    QV_CLEANUP(qv_share_rules) struct qv_share_rules rules = {0};
    if (limits->count > 0) {
        rules.at = qv_alloc_array(limits->count, sizeof(*rules.at));
        if (rules.at == NULL)
            return QV_NO_MEMORY;
        rules.count = limits->count;
    }
    for (size_t i = 0; i < rules.count; i++)
        QV_TRY(make_rule(dialect, &limits->at[i], &rules.at[i]));
    *ret_rules = rules;
    rules = (struct qv_share_rules){0};
    return QV_OK;
}

void qv_share_rules_free(struct qv_share_rules *rules)
{
    for (size_t i = 0; i < rules->count; i++) {
        qv_strings_free(&rules->at[i].texts);
        qv_free(rules->at[i].globs);
    }
    qv_free(rules->at);
    *rules = (struct qv_share_rules){0};
}

static bool fits(const struct qv_share_rule *rule, struct qv_str system)
{
    for (size_t i = 0; i < rule->texts.count; i++)
        if (qv_glob_matches(&rule->globs[i], system))
            return true;
    return false;
}

const struct qv_share_rule *qv_share_rules_find(const struct qv_share_rules *rules,
                                                struct qv_str system)
{
    for (size_t i = 0; i < rules->count; i++)
        if (fits(&rules->at[i], system))
            return &rules->at[i];
    return NULL;
}
