/*
 * Why a decision is what it is. The decision itself is made by the functions that the server calls;
 * beside it each rule is asked for itself, by the very checks that the decision uses, what keeps it
 * from applying. Any thread.
 */
#include "decide.h"
#include "who.h"

#include <quiver/base/memory.h>
#include <stdio.h>
#include <string.h>

static const char *const effects[] = {
    [EFFECT_ALLOW] = "allow", [EFFECT_DENY] = "deny", [EFFECT_VISIBLE] = "visible"};

/* One explanation being made. */
struct explaining {
    const struct qv_rights *rights;
    struct asker asker;
    enum qv_operation operation;
    const struct qv_object *object; /* NULL: the operation alone */
    struct qv_explanation *explanation;
};

/* ---- the decision ---- */

static void put_words(const struct explaining *explaining, const char *words)
{
    snprintf(explaining->explanation->words, sizeof(explaining->explanation->words), "%s", words);
}

static void note_rule(const struct explaining *explaining, const char *name)
{
    const struct qv_policy *policy = explaining->rights->policy;
    explaining->explanation->rule = name;
    for (size_t i = 0; i < policy->count; i++)
        if (policy->rules[i].name == name)
            explaining->explanation->line = policy->rules[i].line;
}

static enum qv_status decide_lookup(const struct explaining *explaining,
                                    const struct qv_permit *permit)
{
    const struct qv_policy *policy = explaining->rights->policy;
    size_t rule = SIZE_MAX;
    if (policy->visible_count == 0)
        return QV_OK;
    QV_TRY(decide_shown(permit, explaining->object, &rule));
    note_rule(explaining, rule != SIZE_MAX ? policy->rules[rule].name : NULL);
    if (rule != SIZE_MAX)
        return QV_OK;
    explaining->explanation->line = 0;
    put_words(explaining, "it is left out of the answer: no entry of visible shows it");
    return QV_DENIED;
}

static enum qv_status decide_all(const struct explaining *explaining)
{
    struct qv_permit permit;
    struct qv_grant grant;
    struct qv_decision decision = {0};
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    enum qv_status status =
        qv_policy_permit(explaining->rights, explaining->operation, &permit, &decision, &error);
    bool asks = status == QV_OK && explaining->object != NULL;
    if (asks && operations[explaining->operation].has_object)
        status = qv_policy_grant(&permit, explaining->object, &grant, &decision, &error);
    note_rule(explaining, decision.rule);
    if (status == QV_DENIED)
        put_words(explaining, qv_error_message(&error));
    if (asks && explaining->operation == QV_OP_SERVICE_LOOKUP)
        status = decide_lookup(explaining, &permit);
    return status;
}

/* ---- each rule ---- */

/* Is the rule about what is asked? An entry of `visible` is where a lookup's object is. */
static bool is_about(const struct explaining *explaining, const struct rule *rule,
                     struct qv_buf *why)
{
    unsigned op = explaining->operation;
    if (rule->effect == EFFECT_VISIBLE) {
        if (op == QV_OP_SERVICE_LOOKUP && explaining->object != NULL)
            return true;
        qv_buf_put_text(why, "is about the instances that service.lookup shows");
        return false;
    }
    if ((rule->operations >> op & 1) != 0)
        return true;
    qv_buf_printf(why, "is not about %s", operations[op].name);
    return false;
}

static enum qv_status explain_object(const struct explaining *explaining, const struct rule *rule,
                                     struct qv_buf *why)
{
    const struct operation *about = &operations[explaining->operation];
    bool has_object = rule->effect == EFFECT_VISIBLE || about->has_object;
    QV_CLEANUP(asking) struct asking asking = asking_of(explaining->rights, explaining->object);
    if (!rule->on.given && !rule->unless.given)
        qv_buf_put_text(why, "matches");
    else if (!has_object)
        qv_buf_printf(why, rule->on.given ? "on: %s has no object" : "matches, %s has no object",
                      about->name);
    else if (explaining->object == NULL)
        qv_buf_printf(why, "%s: decides about the object", rule->on.given ? "on" : "unless");
    else
        (void)rule_applies(rule, &asking, why);
    return asking.trouble;
}

static enum qv_status report_rule(const struct explaining *explaining, const struct rule *rule,
                                  struct qv_rule_report *ret_report)
{
    QV_CLEANUP(qv_buf) struct qv_buf why = {0};
    QV_CLEANUP(qv_buf) struct qv_buf who = {0};
    if (is_about(explaining, rule, &why)) {
        if (who_fits(rule, &explaining->asker, &who))
            QV_TRY(explain_object(explaining, rule, &why));
        else
            qv_buf_printf(&why, "who: %.*s", QV_STR_ARG(qv_buf_str(&who)));
    }
    if (qv_buf_status(&who) != QV_OK || qv_buf_status(&why) != QV_OK)
        return QV_NO_MEMORY;
    *ret_report = (struct qv_rule_report){.name = rule->name,
                                          .effect = effects[rule->effect],
                                          .line = rule->line,
                                          .decides = rule->name == explaining->explanation->rule};
    snprintf(ret_report->why, sizeof(ret_report->why), "%s", why.at);
    return QV_OK;
}

static enum qv_status report_rules(const struct explaining *explaining)
{
    const struct qv_policy *policy = explaining->rights->policy;
    struct qv_explanation *explanation = explaining->explanation;
    explanation->rules = qv_alloc_array(policy->count, sizeof(explanation->rules[0]));
    if (explanation->rules == NULL)
        return QV_NO_MEMORY;
    explanation->rule_count = policy->count;
    for (size_t i = 0; i < policy->count; i++)
        QV_TRY(report_rule(explaining, &policy->rules[i], &explanation->rules[i]));
    return QV_OK;
}

/* ---- the whole ---- */

enum qv_status qv_policy_explain(struct qv_policy *policy, const struct qv_caller *caller,
                                 enum qv_operation operation, const struct qv_object *object,
                                 struct qv_explanation *ret_explanation)
{
    QV_CLEANUP(qv_rights) struct qv_rights *rights = NULL;
    QV_CLEANUP(qv_explanation) struct qv_explanation explanation = {.file = policy->path};
    QV_TRY(qv_policy_rights(policy, caller, &rights));
    struct explaining explaining = {
        .rights = rights, .operation = operation, .object = object, .explanation = &explanation};
    asker_read(caller, &explaining.asker);
    enum qv_status status = decide_all(&explaining);
    if (status != QV_OK && status != QV_DENIED)
        return status;
    explanation.allowed = status == QV_OK;
    QV_TRY(report_rules(&explaining));
    *ret_explanation = explanation;
    explanation = (struct qv_explanation){0};
    return QV_OK;
}

void qv_explanation_free(struct qv_explanation *explanation)
{
    if (explanation == NULL)
        return;
    qv_free(explanation->rules);
    *explanation = (struct qv_explanation){0};
}
