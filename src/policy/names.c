/*
 * Finds rules by names: whole ones, prefixes and suffixes by halving, patterns with wildcards
 * inside by their rarest three bytes (grams.c) and what stands around these. The cost of a lookup
 * grows with the logarithm of the rules that are about other names.
 *
 * Holds always: whatever pattern of a list matches a name, its rule is visited for that name; who
 * visits decides whether it really matches. Any thread.
 */
#include "names.h"

#include <stdlib.h>
#include <string.h>

enum { GROUPED_MAX = 64 }; /* names by way of groups, of one key of one rule */

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

/* Is what stands around the piece in the pattern also around it in the name, at `at`? */
static bool fits_around(const struct posting *posting, struct qv_str name, size_t at)
{
    return at >= posting->before && at + GRAM + posting->after <= name.length &&
           memcmp(name.at + at - posting->before, posting->text.at - posting->before,
                  (size_t)posting->before + GRAM + posting->after) == 0;
}

static void visit_gram(const struct name_index *index, struct qv_str name, size_t at,
                       bool (*each)(void *context, uint32_t rule), void *context)
{
    const struct postings *postings = &index->forms[QV_GLOB_OTHER].postings;
    struct qv_str gram = qv_str_part(name, at, GRAM);
    for (size_t i = gram_table_find(&index->grams, gram);
         i < postings->count && qv_str_equal(postings->at[i].text, gram); i++)
        if (fits_around(&postings->at[i], name, at) && !each(context, postings->at[i].rule))
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
    bool has_grams = index->forms[QV_GLOB_OTHER].postings.count > 0;
    for (size_t i = 0; has_grams && i + GRAM <= name.length; i++)
        visit_gram(index, name, i, each, context);
}

/* ---- the patterns of a list ---- */

static size_t count_grouped(const struct patterns *patterns)
{
    size_t count = 0;
    for (size_t i = 0; i < patterns->group_count; i++)
        count += patterns->groups[i]->members.count;
    return count;
}

/* Of its own and of its groups, one after the other; NULL: there are no more. */
static const struct qv_glob *pattern_at(const struct patterns *patterns, size_t i)
{
    if (i < patterns->count)
        return &patterns->at[i];
    i -= patterns->count;
    for (size_t k = 0; k < patterns->group_count; k++) {
        const struct patterns *members = &patterns->groups[k]->members;
        if (i < members->count)
            return &members->at[i];
        i -= members->count;
    }
    return NULL;
}

static bool is_indexable(const struct qv_glob *glob)
{
    struct qv_str gram;
    size_t at = 0;
    if (glob->form == QV_GLOB_OTHER)
        return gram_next(glob->text, &at, &gram);
    return qv_glob_fixed_part(glob).length > 0;
}

bool names_are_indexable(const struct patterns *patterns)
{
    const struct qv_glob *glob;
    if (count_grouped(patterns) > GROUPED_MAX)
        return false;
    for (size_t i = 0; (glob = pattern_at(patterns, i)) != NULL; i++)
        if (!is_indexable(glob))
            return false;
    return true;
}

/* ---- building ---- */

/* Goes over all patterns of one form in all lists. */
struct walk {
    const struct name_lists *lists;
    enum qv_glob_form form;
    size_t rule, next;
};

static const struct qv_glob *walk_on(struct walk *walk)
{
    for (; walk->rule < walk->lists->count; walk->rule++, walk->next = 0) {
        const struct patterns *patterns = walk->lists->at[walk->rule];
        const struct qv_glob *glob;
        while (patterns != NULL && (glob = pattern_at(patterns, walk->next)) != NULL) {
            walk->next++;
            if (glob->form == walk->form)
                return glob;
        }
    }
    return NULL;
}

static int compare_postings(const void *a, const void *b)
{
    const struct posting *one = a, *other = b;
    int order = qv_str_compare(one->text, other->text);
    return order != 0 ? order : (one->rule > other->rule) - (one->rule < other->rule);
}

static bool is_wild(char c)
{
    return c == '*' || c == '?';
}

/* Of a pattern with wildcards inside: its rarest piece, and what stands around that. Patterns are
   short: qv_glob_fault. */
static struct posting post_other(const struct gram_counts *counts, struct qv_str pattern,
                                 uint32_t rule)
{
    struct posting posting = {.text = gram_rarest(counts, pattern), .rule = rule};
    const char *start = posting.text.at, *end = start + GRAM;
    while (start > pattern.at && !is_wild(start[-1]) && posting.before < UINT16_MAX) {
        start--;
        posting.before++;
    }
    while (end < pattern.at + pattern.length && !is_wild(*end) && posting.after < UINT16_MAX) {
        end++;
        posting.after++;
    }
    return posting;
}

/* `counts` is looked at for QV_GLOB_OTHER alone. */
static enum qv_status fill_postings(struct arena *arena, const struct name_lists *lists,
                                    enum qv_glob_form form, const struct gram_counts *counts,
                                    struct postings *postings)
{
    const struct qv_glob *glob;
    size_t count = 0;
    for (struct walk walk = {.lists = lists, .form = form}; walk_on(&walk) != NULL;)
        count++;
    postings->at = arena_alloc(arena, count, sizeof(postings->at[0]));
    if (postings->at == NULL)
        return QV_NO_MEMORY;
    for (struct walk walk = {.lists = lists, .form = form}; (glob = walk_on(&walk)) != NULL;) {
        uint32_t rule = (uint32_t)walk.rule;
        postings->at[postings->count++] =
            form == QV_GLOB_OTHER
                ? post_other(counts, glob->text, rule)
                : (struct posting){.text = qv_glob_fixed_part(glob), .rule = rule};
    }
    if (count > 0)
        qsort(postings->at, count, sizeof(postings->at[0]), compare_postings);
    return QV_OK;
}

static int compare_sizes(const void *a, const void *b)
{
    size_t one = *(const size_t *)a, other = *(const size_t *)b;
    return (one > other) - (one < other);
}

static enum qv_status build_lengths(struct arena *arena, struct form_index *index)
{
    size_t count = index->postings.count;
    index->lengths = arena_alloc(arena, count, sizeof(size_t));
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

/* Patterns with wildcards inside. What is counted is forgotten again. */
static enum qv_status build_others(struct arena *arena, const struct name_lists *lists,
                                   struct name_index *index)
{
    QV_CLEANUP(arena) struct arena scratch = {0};
    struct gram_counts counts;
    const struct qv_glob *glob;
    size_t bytes = 0;
    for (struct walk walk = {.lists = lists, .form = QV_GLOB_OTHER};
         (glob = walk_on(&walk)) != NULL;)
        bytes += glob->text.length;
    QV_TRY(gram_counts_init(&counts, &scratch, bytes));
    for (struct walk walk = {.lists = lists, .form = QV_GLOB_OTHER};
         (glob = walk_on(&walk)) != NULL;)
        gram_counts_add(&counts, glob->text);
    gram_counts_sort(&counts);
    struct postings *postings = &index->forms[QV_GLOB_OTHER].postings;
    QV_TRY(fill_postings(arena, lists, QV_GLOB_OTHER, &counts, postings));
    QV_TRY(gram_table_init(&index->grams, arena, postings->count + 1));
    for (size_t i = 0; i < postings->count; i++)
        gram_table_add(&index->grams, postings->at[i].text, i);
    return QV_OK;
}

enum qv_status name_index_build(struct arena *arena, const struct name_lists *lists,
                                struct name_index *ret_index)
{
    struct name_index index = {0};
    for (unsigned form = 0; form < QV_GLOB_OTHER; form++) {
        struct form_index *of_form = &index.forms[form];
        QV_TRY(fill_postings(arena, lists, (enum qv_glob_form)form, NULL, &of_form->postings));
        QV_TRY(build_lengths(arena, of_form));
    }
    QV_TRY(build_others(arena, lists, &index));
    *ret_index = index;
    return QV_OK;
}

/* ---- how crowded ---- */

static void find_crowds(const struct postings *postings, size_t *crowds)
{
    size_t end;
    for (size_t start = 0; start < postings->count; start = end) {
        for (end = start + 1; end < postings->count &&
                              qv_str_equal(postings->at[end].text, postings->at[start].text);)
            end++;
        for (size_t i = start; i < end; i++) {
            size_t *crowd = &crowds[postings->at[i].rule];
            *crowd = *crowd > end - start ? *crowd : end - start;
        }
    }
}

void name_index_crowds(const struct name_index *index, size_t *crowds)
{
    for (unsigned form = 0; form <= QV_GLOB_OTHER; form++)
        find_crowds(&index->forms[form].postings, crowds);
}
