/*
 * Builds the index of a policy, and looks names up in it.
 *
 * Holds always: a rule is in `rest` (or `who_rest`), or each of its patterns for the name is in the
 * index; so whoever looks at both misses none. Names and prefixes are found by halving: the cost of
 * a decision grows with the logarithm of the rules that are about other names. Any thread.
 */
#include "index.h"

#include <stdlib.h>

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

/* ---- looking up ---- */

static size_t first_of(const struct postings *postings, struct qv_str text)
{
    size_t from = 0, to = postings->count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (qv_str_compare(postings->at[middle].text, text) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static void visit(const struct postings *postings, struct qv_str text,
                  bool (*each)(void *context, uint32_t rule), void *context)
{
    for (size_t i = first_of(postings, text);
         i < postings->count && qv_str_equal(postings->at[i].text, text); i++)
        if (!each(context, postings->at[i].rule))
            return;
}

void name_index_visit(const struct name_index *index, struct qv_str name,
                      bool (*each)(void *context, uint32_t rule), void *context)
{
    if (name.length == 0)
        return;
    visit(&index->forms[QV_GLOB_EXACT].postings, name, each, context);
    const struct form_index *prefixes = &index->forms[QV_GLOB_PREFIX];
    for (size_t i = 0; i < prefixes->length_count && prefixes->lengths[i] <= name.length; i++)
        visit(&prefixes->postings, qv_str_part(name, 0, prefixes->lengths[i]), each, context);
    const struct form_index *suffixes = &index->forms[QV_GLOB_SUFFIX];
    for (size_t i = 0; i < suffixes->length_count && suffixes->lengths[i] <= name.length; i++)
        visit(&suffixes->postings, qv_str_part(name, name.length - suffixes->lengths[i], SIZE_MAX),
              each, context);
}

/* ---- building ---- */

/* Can the rules be found by these patterns alone? */
static bool is_indexable(const struct patterns *patterns)
{
    if (patterns->count == 0 || patterns->group_count > 0 || patterns->own)
        return false;
    for (size_t i = 0; i < patterns->count; i++)
        if (patterns->at[i].form == QV_GLOB_OTHER ||
            qv_glob_fixed_part(&patterns->at[i]).length == 0)
            return false;
    return true;
}

/* By which names the rule is found. NULL: by none. */
static const struct patterns *names_of(const struct rule *rule, enum on_text *ret_key)
{
    static const enum on_text preferred[] = {ON_SERVICES, ON_PROVIDER};
    for (size_t i = 0; i < sizeof(preferred) / sizeof(preferred[0]); i++) {
        *ret_key = preferred[i];
        if (is_indexable(&rule->on.texts[*ret_key]))
            return &rule->on.texts[*ret_key];
    }
    return NULL;
}

static const struct patterns *service_names(const struct rule *rule)
{
    enum on_text key;
    const struct patterns *names = names_of(rule, &key);
    return key == ON_SERVICES ? names : NULL;
}

static const struct patterns *provider_names(const struct rule *rule)
{
    enum on_text key;
    const struct patterns *names = names_of(rule, &key);
    return key == ON_PROVIDER ? names : NULL;
}

static const struct patterns *system_names(const struct rule *rule)
{
    const struct patterns *systems = &rule->who.texts[WHO_SYSTEMS];
    return is_indexable(systems) ? systems : NULL;
}

static int compare_postings(const void *a, const void *b)
{
    const struct posting *one = a, *other = b;
    int order = qv_str_compare(one->text, other->text);
    return order != 0 ? order : (one->rule > other->rule) - (one->rule < other->rule);
}

static enum qv_status fill_postings(struct qv_policy *policy, enum qv_glob_form form,
                                    const struct patterns *(*names)(const struct rule *rule),
                                    struct postings *postings)
{
    size_t count = 0;
    for (size_t i = 0; i < policy->count; i++) {
        const struct patterns *patterns = names(&policy->rules[i]);
        for (size_t k = 0; patterns != NULL && k < patterns->count; k++)
            count += patterns->at[k].form == form;
    }
    postings->at = arena_alloc(&policy->arena, count, sizeof(postings->at[0]));
    if (postings->at == NULL)
        return QV_NO_MEMORY;
    for (size_t i = 0; i < policy->count; i++) {
        const struct patterns *patterns = names(&policy->rules[i]);
        for (size_t k = 0; patterns != NULL && k < patterns->count; k++) {
            const struct qv_glob *glob = &patterns->at[k];
            if (glob->form == form)
                postings->at[postings->count++] =
                    (struct posting){.text = qv_glob_fixed_part(glob), .rule = (uint32_t)i};
        }
    }
    if (postings->count > 0)
        qsort(postings->at, postings->count, sizeof(postings->at[0]), compare_postings);
    return QV_OK;
}

static int compare_sizes(const void *a, const void *b)
{
    size_t one = *(const size_t *)a, other = *(const size_t *)b;
    return (one > other) - (one < other);
}

static enum qv_status build_lengths(struct qv_policy *policy, struct form_index *index)
{
    size_t count = index->postings.count;
    index->lengths = arena_alloc(&policy->arena, count, sizeof(size_t));
    if (index->lengths == NULL)
        return QV_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        index->lengths[i] = index->postings.at[i].text.length;
    if (count > 0)
        qsort(index->lengths, count, sizeof(size_t), compare_sizes);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || index->lengths[i] != index->lengths[index->length_count - 1])
            index->lengths[index->length_count++] = index->lengths[i];
    return QV_OK;
}

static enum qv_status build_names(struct qv_policy *policy,
                                  const struct patterns *(*names)(const struct rule *rule),
                                  struct name_index *index)
{
    for (unsigned form = 0; form < QV_GLOB_OTHER; form++) {
        QV_TRY(fill_postings(policy, (enum qv_glob_form)form, names, &index->forms[form].postings));
        QV_TRY(build_lengths(policy, &index->forms[form]));
    }
    return QV_OK;
}

/* Where the rule stands for each of its operations. */
static void add_rule(struct index *index, const struct rule *rule, size_t place)
{
    bool open = rule->on.given || rule->unless.given;
    enum on_text key;
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
            bits_add(masks->open, place);
        if (open && has_object && names_of(rule, &key) == NULL)
            bits_add(masks->rest, place);
    }
    if (system_names(rule) == NULL)
        bits_add(index->who_rest, place);
    for (unsigned i = 0; i < WHO_TEXTS; i++)
        index->looks_at[i] = index->looks_at[i] || (rule->who.keys >> i & 1) != 0;
    index->looks_at_address = index->looks_at_address || rule->who.network_count > 0;
}

static enum qv_status make_masks(struct qv_policy *policy, struct index *index)
{
    index->words = (policy->count + 63) / 64;
    uint64_t *words =
        arena_alloc(&policy->arena, index->words, sizeof(uint64_t) * (OPS * SIDES * 3 + 1));
    if (words == NULL)
        return QV_NO_MEMORY;
    index->who_rest = words;
    for (unsigned op = 0; op < OPS; op++) {
        for (unsigned side = 0; side < SIDES; side++) {
            struct masks *masks = &index->masks[op][side];
            masks->sure = words += index->words;
            masks->open = words += index->words;
            masks->rest = words += index->words;
        }
    }
    return QV_OK;
}

enum qv_status index_build(struct qv_policy *policy)
{
    struct index *index = arena_alloc(&policy->arena, 1, sizeof(*index));
    if (index == NULL)
        return QV_NO_MEMORY;
    QV_TRY(make_masks(policy, index));
    for (size_t i = 0; i < policy->count; i++)
        add_rule(index, &policy->rules[i], i);
    QV_TRY(build_names(policy, service_names, &index->services));
    QV_TRY(build_names(policy, provider_names, &index->providers));
    QV_TRY(build_names(policy, system_names, &index->systems));
    policy->index = index;
    return QV_OK;
}
