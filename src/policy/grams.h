/* Pieces of three bytes by which patterns with wildcards inside are found. Private. */
#ifndef QUIVER_POLICY_GRAMS_H
#define QUIVER_POLICY_GRAMS_H

#include "arena.h"

enum { GRAM = 3 };

/** The next piece of `text` without a wildcard, from `*at` on, which is moved behind its first
 *  byte; false: there is none. */
bool gram_next(struct qv_str text, size_t *at, struct qv_str *ret_gram);

/** How often pieces occur in some patterns. */
struct gram_counts {
    uint32_t *at; /**< the pieces as numbers, ascending; memory is the arena's */
    size_t count, room;
};
/** Makes room for the pieces of patterns of so many bytes in all. */
QV_MUST_CHECK enum qv_status gram_counts_init(struct gram_counts *counts, struct arena *arena,
                                              size_t bytes);
void gram_counts_add(struct gram_counts *counts, struct qv_str pattern);
/** Call once, when all were added. */
void gram_counts_sort(struct gram_counts *counts);
/** The piece of the pattern that occurs least; empty: it has none. Borrows from the pattern. */
struct qv_str gram_rarest(const struct gram_counts *counts, struct qv_str pattern);

/** Where the pieces of an index are, by hash. */
struct gram_slot {
    uint32_t gram, place; /**< counted from 1; 0: the slot is free */
};
struct gram_table {
    struct gram_slot *slots; /**< memory is the arena's */
    size_t mask;             /**< how many there are, less one */
};
/** Makes room for `count` pieces. */
QV_MUST_CHECK enum qv_status gram_table_init(struct gram_table *table, struct arena *arena,
                                             size_t count);
/** The first place that a piece is given stays. */
void gram_table_add(struct gram_table *table, struct qv_str gram, size_t place);
/** SIZE_MAX: it has none. */
size_t gram_table_find(const struct gram_table *table, struct qv_str gram);

#endif
