/*
 * The decisions. One function finds the rule that decides; the operation, the object and what a
 * lookup shows are decided by it, and explanations ask the same.
 *
 * Holds always: a deny that applies beats every allow; without an allow that applies nothing is
 * permitted; where something needed for the answer could not be read (memory, stored metadata)
 * there is no permission. Of several rules that apply the first in the file is named. Nothing is
 * allocated but the words of a refusal and metadata that a rule asks for. Any thread.
 */
#include "decide.h"

/* ---- the search ---- */

struct search {
    const struct qv_rights *rights;
    const struct masks *masks;
    struct asking *asking;
    size_t best; /* the first rule found so far */
};

/* A rule that is about the object's name. False: no later one of this name can be better. */
static bool try_rule(void *context, uint32_t rule)
{
    struct search *search = context;
    if (rule >= search->best)
        return false;
    if (!bits_have(search->masks->open, rule) || !bits_have(search->rights->fits->bits, rule) ||
        !rule_applies(&search->rights->policy->rules[rule], search->asking, NULL))
        return true;
    search->best = rule;
    return false;
}

static void search_set(struct search *search, const uint64_t *set)
{
    const struct qv_policy *policy = search->rights->policy;
    const uint64_t *fits = search->rights->fits->bits;
    size_t words = policy->index->words;
    for (size_t i = bits_first(fits, set, words, 0); i < search->best;
         i = bits_first(fits, set, words, i + 1))
        if (rule_applies(&policy->rules[i], search->asking, NULL))
            search->best = i;
}

/* By each value of each key: of several interfaces any can be the one that a rule is found by. */
static void search_names(struct search *search)
{
    const struct qv_object *object = search->asking->object;
    const struct {
        enum on_text key;
        const struct qv_str *values;
        size_t count;
    } keys[] = {
        {ON_SERVICES, &object->service, 1},
        {ON_PROVIDER, &object->provider, 1},
        {ON_VERSIONS, &object->version, 1},
        {ON_INTERFACES, object->interfaces, object->interface_count},
        {ON_POLICIES, object->policies, object->policy_count},
    };
    _Static_assert(sizeof(keys) / sizeof(keys[0]) == ON_TEXTS, "each key is searched");
    const struct name_index *on = search->rights->policy->index->on;
    for (size_t i = 0; i < ON_TEXTS; i++)
        for (size_t k = 0; k < keys[i].count; k++)
            name_index_visit(&on[keys[i].key], keys[i].values[k], try_rule, search);
}

static bool is_own(const struct asking *asking)
{
    return asking->system.length > 0 && qv_str_equal(asking->object->provider, asking->system);
}

size_t decide(const struct qv_rights *rights, unsigned op, enum side side, struct asking *asking)
{
    const struct index *index = rights->policy->index;
    struct search search = {.rights = rights, .masks = &index->masks[op][side], .asking = asking};
    search.best = bits_first(rights->fits->bits, search.masks->sure, index->words, 0);
    if (asking->object == NULL)
        return search.best;
    if (is_own(asking))
        search_set(&search, search.masks->own);
    search_names(&search);
    search_set(&search, search.masks->rest);
    return search.best;
}

struct asking asking_of(const struct qv_rights *rights, const struct qv_object *object)
{
    return (struct asking){.system = rights->fits->name, .object = object};
}

/* ---- words ---- */

static struct qv_decision named(const struct qv_rights *rights, size_t rule, bool reference_words)
{
    return (struct qv_decision){
        .rule = rule != SIZE_MAX ? rights->policy->rules[rule].name : NULL,
        .reference_words = reference_words,
    };
}

/* Refused by a rule, or (SIZE_MAX) by none having allowed it. */
static enum qv_status refuse(const struct qv_rights *rights, enum qv_operation operation,
                             size_t rule, struct qv_decision *ret_decision, struct qv_error *error)
{
    const char *refused = operations[operation].refused;
    *ret_decision = named(rights, rule, refused != NULL);
    if (refused != NULL)
        return qv_error_set(error, QV_DENIED, "%s", refused);
    if (rule != SIZE_MAX)
        return qv_error_set(error, QV_DENIED, "denied by rule '%s'",
                            rights->policy->rules[rule].name);
    return qv_error_set(error, QV_DENIED, "no rule allows %s", operations[operation].name);
}

/* The first rule that would allow it to the object's owner, which the caller is not. */
static size_t find_owners_rule(const struct qv_rights *rights, enum qv_operation operation,
                               const struct asking *asking)
{
    const struct qv_policy *policy = rights->policy;
    const uint64_t *owners = policy->index->masks[operation][SIDE_PERMIT].owners;
    size_t words = policy->index->words;
    size_t i = bits_first(rights->fits->bits, owners, words, 0);
    while (i != SIZE_MAX && on_provider_matches(&policy->rules[i].on, asking))
        i = bits_first(rights->fits->bits, owners, words, i + 1);
    return i;
}

static enum qv_status refuse_object(const struct qv_rights *rights, enum qv_operation operation,
                                    const struct asking *asking, struct qv_decision *ret_decision,
                                    struct qv_error *error)
{
    const struct operation *about = &operations[operation];
    size_t rule = about->not_owner != NULL ? find_owners_rule(rights, operation, asking) : SIZE_MAX;
    if (rule == SIZE_MAX)
        return refuse(rights, operation, SIZE_MAX, ret_decision, error);
    *ret_decision = named(rights, rule, about->not_owner_reference);
    return qv_error_set(error, QV_DENIED, "%s", about->not_owner);
}

/* ---- the operation ---- */

enum qv_status qv_policy_permit(const struct qv_rights *rights, enum qv_operation operation,
                                struct qv_permit *ret_permit, struct qv_decision *ret_decision,
                                struct qv_error *error)
{
    const struct index *index = rights->policy->index;
    struct asking asking = asking_of(rights, NULL);
    size_t deny = decide(rights, operation, SIDE_DENY, &asking);
    if (deny != SIZE_MAX)
        return refuse(rights, operation, deny, ret_decision, error);
    size_t allow = decide(rights, operation, SIDE_PERMIT, &asking);
    if (allow == SIZE_MAX)
        allow = bits_first(rights->fits->bits, index->masks[operation][SIDE_PERMIT].open,
                           index->words, 0);
    if (allow == SIZE_MAX)
        return refuse(rights, operation, SIZE_MAX, ret_decision, error);
    *ret_decision = named(rights, allow, false);
    *ret_permit = (struct qv_permit){.rights_ = rights, .operation_ = operation};
    return QV_OK;
}

/* ---- the object ---- */

enum qv_status qv_policy_grant(const struct qv_permit *permit, const struct qv_object *object,
                               struct qv_grant *ret_grant, struct qv_decision *ret_decision,
                               struct qv_error *error)
{
    const struct qv_rights *rights = permit->rights_;
    QV_CLEANUP(asking) struct asking asking = asking_of(rights, object);
    size_t deny = decide(rights, permit->operation_, SIDE_DENY, &asking);
    size_t allow = decide(rights, permit->operation_, SIDE_PERMIT, &asking);
    if (asking.trouble != QV_OK) {
        *ret_decision = named(rights, SIZE_MAX, false);
        return qv_error_set(error, asking.trouble, "the object's metadata could not be read");
    }
    if (deny != SIZE_MAX)
        return refuse(rights, permit->operation_, deny, ret_decision, error);
    if (allow == SIZE_MAX)
        return refuse_object(rights, permit->operation_, &asking, ret_decision, error);
    *ret_decision = named(rights, allow, false);
    *ret_grant = (struct qv_grant){.by_policy_ = rights->policy, .operation_ = permit->operation_};
    return QV_OK;
}

bool qv_grant_covers(const struct qv_grant *grant, enum qv_operation operation)
{
    return grant->by_policy_ != NULL && grant->operation_ == operation;
}

/* ---- what a lookup shows ---- */

bool qv_policy_shows_all(const struct qv_permit *permit)
{
    const struct qv_rights *rights = permit->rights_;
    struct asking asking = asking_of(rights, NULL);
    return rights->policy->visible_count == 0 ||
           decide(rights, OP_SHOWN, SIDE_PERMIT, &asking) != SIZE_MAX;
}

enum qv_status decide_shown(const struct qv_permit *permit, const struct qv_object *object,
                            size_t *ret_rule)
{
    QV_CLEANUP(asking) struct asking asking = asking_of(permit->rights_, object);
    size_t rule = decide(permit->rights_, OP_SHOWN, SIDE_PERMIT, &asking);
    if (asking.trouble == QV_OK)
        *ret_rule = rule;
    return asking.trouble;
}

bool qv_policy_shows(const struct qv_permit *permit, const struct qv_object *object)
{
    size_t rule = SIZE_MAX;
    return permit->rights_->policy->visible_count == 0 ||
           (decide_shown(permit, object, &rule) == QV_OK && rule != SIZE_MAX);
}
