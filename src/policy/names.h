/*
 * Rules by the names in one of their keys. Immutable once built, memory is the arena's, texts are
 * the patterns'; any thread. Private.
 */
#ifndef QUIVER_POLICY_NAMES_H
#define QUIVER_POLICY_NAMES_H

#include "grams.h"
#include "patterns.h"

struct posting {
    struct qv_str text;
    uint32_t rule;
    uint16_t before, after; /**< of QV_GLOB_OTHER: how many bytes on must be as in the pattern */
};
struct postings {
    struct posting *at; /**< sorted by text, then by rule */
    size_t count;
};
/** Patterns of one form, by what all names that they match have in them. */
struct form_index {
    struct postings postings;
    size_t *lengths; /**< that these texts have, ascending */
    size_t length_count;
};
struct name_index {
    struct form_index forms[QV_GLOB_OTHER + 1]; /**< of QV_GLOB_OTHER: by their rarest piece */
    struct gram_table grams;                    /**< where these pieces begin in its postings */
};

/** By rule the names that it is to be found by, or NULL: by none. Borrowed. */
struct name_lists {
    const struct patterns **at;
    size_t count;
};

/** Can rules be found by these alone? Not by what matches any name, not where no three bytes that
 *  stand together are known, and not by long groups. `self` is not looked at. */
bool names_are_indexable(const struct patterns *patterns);

/** Takes lists of names that are indexable. */
QV_MUST_CHECK enum qv_status name_index_build(struct arena *arena, const struct name_lists *lists,
                                              struct name_index *ret_index);
/** By rule: with how many it shares a text, the most of its texts; others are not changed. */
void name_index_crowds(const struct name_index *index, size_t *crowds);
/** Calls `each` for all rules that have a pattern for the name, and some others; some more than
 *  once; those of one text in their order, until it returns false for that text. */
void name_index_visit(const struct name_index *index, struct qv_str name,
                      bool (*each)(void *context, uint32_t rule), void *context);

#endif
