/*
 * Builds the index of a policy.
 *
 * Holds always: a rule that depends on the object is in `rest`, or it is in the index of one key of
 * its `on` with each of its names there, and, where one of these is `self`, in `own`; a rule is in
 * `who_rest` or in `systems` with each of its names. So whoever looks at all of these misses none.
 *
 * Of several keys a rule is found by the one whose names it shares with the fewest rules: among
 * rules about one service of many providers by the provider. Any thread.
 */
#include "index.h"

size_t bits_first(const uint64_t *a, const uint64_t *b, size_t words, size_t from)
{
    for (size_t word = from / 64; word < words; word++) {
        uint64_t both = a[word] & b[word];
        if (word == from / 64)
            both &= UINT64_MAX << from % 64;
        if (both != 0)
            return word * 64 + (size_t)__builtin_ctzll(both);
    }
    return SIZE_MAX;
}

/* ---- by which key ---- */

/* Of each rule: the key of `on` that it is found by; ON_TEXTS: none. */
struct choice {
    enum on_text *keys;
    size_t *crowds; /* how many rules share its names there */
};

/* The names of that key, where the rule can be found by them. */
static const struct patterns *on_names_of(const struct rule *rule, enum on_text key)
{
    const struct patterns *names = &rule->on.texts[key];
    bool given = (rule->on.keys >> key & 1) != 0;
    return given && names_are_indexable(names) ? names : NULL;
}

static size_t count_owners(const struct qv_policy *policy)
{
    size_t count = 0;
    for (size_t i = 0; i < policy->count; i++)
        count += policy->rules[i].on.texts[ON_PROVIDER].own;
    return count;
}

/* Tries one key: the rules that it suits better than those before are given it. */
static enum qv_status try_key(const struct qv_policy *policy, enum on_text key,
                              struct arena *scratch, struct choice *choice)
{
    struct name_index index;
    size_t owners = key == ON_PROVIDER ? count_owners(policy) : 0;
    struct name_lists lists = {
        .at = arena_alloc(scratch, policy->count, sizeof(lists.at[0])),
        .count = policy->count,
    };
    size_t *crowds = arena_alloc(scratch, policy->count, sizeof(*crowds));
    if (lists.at == NULL || crowds == NULL)
        return QV_NO_MEMORY;
    for (size_t i = 0; i < policy->count; i++)
        lists.at[i] = on_names_of(&policy->rules[i], key);
    QV_TRY(name_index_build(scratch, &lists, &index));
    name_index_crowds(&index, crowds);
    for (size_t i = 0; i < policy->count; i++) {
        if (lists.at[i] == NULL)
            continue;
        if (lists.at[i]->own && crowds[i] < owners)
            crowds[i] = owners;
        if (choice->keys[i] != ON_TEXTS && crowds[i] >= choice->crowds[i])
            continue;
        choice->keys[i] = key;
        choice->crowds[i] = crowds[i];
    }
    return QV_OK;
}

static enum qv_status choose(const struct qv_policy *policy, struct arena *scratch,
                             struct choice *ret_choice)
{
    /* Of keys that are as good the first is taken: what objects always have one of comes first. */
    static const enum on_text order[] = {ON_SERVICES, ON_PROVIDER, ON_INTERFACES, ON_POLICIES,
                                         ON_VERSIONS};
    _Static_assert(sizeof(order) / sizeof(order[0]) == ON_TEXTS, "each key is tried");
    struct choice choice = {
        .keys = arena_alloc(scratch, policy->count, sizeof(choice.keys[0])),
        .crowds = arena_alloc(scratch, policy->count, sizeof(choice.crowds[0])),
    };
    if (choice.keys == NULL || choice.crowds == NULL)
        return QV_NO_MEMORY;
    for (size_t i = 0; i < policy->count; i++)
        choice.keys[i] = ON_TEXTS;
    for (size_t i = 0; i < ON_TEXTS; i++) {
        QV_CLEANUP(arena) struct arena forgotten = {0};
        QV_TRY(try_key(policy, order[i], &forgotten, &choice));
    }
    *ret_choice = choice;
    return QV_OK;
}

/* ---- rules by name ---- */

static enum qv_status build_on(struct qv_policy *policy, const struct choice *choice,
                               struct arena *scratch, struct index *index)
{
    for (unsigned key = 0; key < ON_TEXTS; key++) {
        struct name_lists lists = {
            .at = arena_alloc(scratch, policy->count, sizeof(lists.at[0])),
            .count = policy->count,
        };
        if (lists.at == NULL)
            return QV_NO_MEMORY;
        for (size_t i = 0; i < policy->count; i++)
            if (choice->keys[i] == key)
                lists.at[i] = &policy->rules[i].on.texts[key];
        QV_TRY(name_index_build(&policy->arena, &lists, &index->on[key]));
    }
    return QV_OK;
}

static enum qv_status build_systems(struct qv_policy *policy, struct arena *scratch,
                                    struct index *index)
{
    struct name_lists lists = {
        .at = arena_alloc(scratch, policy->count, sizeof(lists.at[0])),
        .count = policy->count,
    };
    if (lists.at == NULL)
        return QV_NO_MEMORY;
    for (size_t i = 0; i < policy->count; i++) {
        const struct who *who = &policy->rules[i].who;
        if ((who->keys >> WHO_SYSTEMS & 1) != 0 && names_are_indexable(&who->texts[WHO_SYSTEMS]))
            lists.at[i] = &who->texts[WHO_SYSTEMS];
        else
            bits_add(index->who_rest, i);
    }
    return name_index_build(&policy->arena, &lists, &index->systems);
}

/* ---- sets of rules ---- */

/* A rule that depends on the object. */
static void add_open(struct masks *masks, const struct rule *rule, size_t place, enum on_text key)
{
    bool own = rule->on.texts[ON_PROVIDER].own;
    bits_add(masks->open, place);
    if (own)
        bits_add(masks->owners, place);
    if (own && key == ON_PROVIDER)
        bits_add(masks->own, place);
    if (key == ON_TEXTS)
        bits_add(masks->rest, place);
}

/* Where the rule stands for each of its operations. */
static void add_rule(struct index *index, const struct rule *rule, size_t place, enum on_text key)
{
    bool open = rule->on.given || rule->unless.given;
    for (unsigned op = 0; op < OPS; op++) {
        if ((rule->operations >> op & 1) == 0)
            continue;
        struct masks *masks =
            &index->masks[op][rule->effect == EFFECT_DENY ? SIDE_DENY : SIDE_PERMIT];
        bool has_object = op == OP_SHOWN || operations[op].has_object;
        /* Without an object `on` cannot match, and `unless` cannot lift a deny. */
        if (!open || (!has_object && !rule->on.given))
            bits_add(masks->sure, place);
        else if (has_object)
            add_open(masks, rule, place, key);
    }
    for (unsigned i = 0; i < WHO_TEXTS; i++)
        index->looks_at[i] = index->looks_at[i] || (rule->who.keys >> i & 1) != 0;
    index->looks_at_address = index->looks_at_address || rule->who.network_count > 0;
}

static enum qv_status make_masks(struct qv_policy *policy, struct index *index)
{
    enum { OF_MASKS = sizeof(struct masks) / sizeof(uint64_t *) };
    index->words = (policy->count + 63) / 64;
    uint64_t *words =
        arena_alloc(&policy->arena, index->words, sizeof(uint64_t) * (OPS * SIDES * OF_MASKS + 1));
    if (words == NULL)
        return QV_NO_MEMORY;
    index->who_rest = words;
    for (unsigned op = 0; op < OPS; op++) {
        for (unsigned side = 0; side < SIDES; side++) {
            struct masks *masks = &index->masks[op][side];
            masks->sure = words += index->words;
            masks->open = words += index->words;
            masks->owners = words += index->words;
            masks->own = words += index->words;
            masks->rest = words += index->words;
        }
    }
    return QV_OK;
}

enum qv_status index_build(struct qv_policy *policy)
{
    QV_CLEANUP(arena) struct arena scratch = {0};
    struct choice choice;
    struct index *index = arena_alloc(&policy->arena, 1, sizeof(*index));
    if (index == NULL)
        return QV_NO_MEMORY;
    QV_TRY(make_masks(policy, index));
    QV_TRY(choose(policy, &scratch, &choice));
    for (size_t i = 0; i < policy->count; i++)
        add_rule(index, &policy->rules[i], i, choice.keys[i]);
    QV_TRY(build_on(policy, &choice, &scratch, index));
    QV_TRY(build_systems(policy, &scratch, index));
    policy->index = index;
    return QV_OK;
}
