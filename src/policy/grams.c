/*
 * A pattern with wildcards inside matches only names that have each of its literal pieces in them
 * as they are written. So one piece of three bytes is enough to find the pattern: whoever looks up
 * each three bytes of a name misses none. The rarest piece is taken, for it leads the fewest names
 * astray.
 *
 * The table has twice as many slots as pieces, so that a look at one or two of them is enough.
 * Immutable once built; any thread.
 */
#include "grams.h"

#include <stdlib.h>

enum { ROOM = 2 }; /* slots for a piece */

static uint32_t number_of(struct qv_str gram)
{
    const unsigned char *at = (const unsigned char *)gram.at;
    return (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2];
}

static bool is_literal(struct qv_str gram)
{
    for (size_t i = 0; i < GRAM; i++)
        if (gram.at[i] == '*' || gram.at[i] == '?')
            return false;
    return true;
}

bool gram_next(struct qv_str text, size_t *at, struct qv_str *ret_gram)
{
    for (; *at + GRAM <= text.length; ++*at) {
        struct qv_str gram = qv_str_part(text, *at, GRAM);
        if (!is_literal(gram))
            continue;
        *ret_gram = gram;
        ++*at;
        return true;
    }
    return false;
}

/* ---- how often ---- */

enum qv_status gram_counts_init(struct gram_counts *counts, struct arena *arena, size_t bytes)
{
    uint32_t *at = arena_alloc(arena, bytes, sizeof(*at));
    if (at == NULL)
        return QV_NO_MEMORY;
    *counts = (struct gram_counts){.at = at, .room = bytes};
    return QV_OK;
}

void gram_counts_add(struct gram_counts *counts, struct qv_str pattern)
{
    struct qv_str gram;
    for (size_t at = 0; counts->count < counts->room && gram_next(pattern, &at, &gram);)
        counts->at[counts->count++] = number_of(gram);
}

static int compare_numbers(const void *a, const void *b)
{
    uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;
    return (one > other) - (one < other);
}

void gram_counts_sort(struct gram_counts *counts)
{
    if (counts->count > 0)
        qsort(counts->at, counts->count, sizeof(counts->at[0]), compare_numbers);
}

/* How many are below the number. */
static size_t count_below(const struct gram_counts *counts, uint32_t number)
{
    size_t from = 0, to = counts->count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (counts->at[middle] < number)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

struct qv_str gram_rarest(const struct gram_counts *counts, struct qv_str pattern)
{
    struct qv_str gram, rarest = QV_STR("");
    size_t least = SIZE_MAX;
    for (size_t at = 0; gram_next(pattern, &at, &gram);) {
        uint32_t number = number_of(gram);
        size_t times = count_below(counts, number + 1) - count_below(counts, number);
        if (times >= least)
            continue;
        least = times;
        rarest = gram;
    }
    return rarest;
}

/* ---- where they are ---- */

enum qv_status gram_table_init(struct gram_table *table, struct arena *arena, size_t count)
{
    size_t size = 1;
    while (size < count * ROOM)
        size *= 2;
    struct gram_slot *slots = arena_alloc(arena, size, sizeof(*slots));
    if (slots == NULL)
        return QV_NO_MEMORY;
    *table = (struct gram_table){.slots = slots, .mask = size - 1};
    return QV_OK;
}

/* Its slot, or the free one where it would be; there is a free one, as there is room. */
static struct gram_slot *slot_of(const struct gram_table *table, uint32_t gram)
{
    /* A product with an odd number near 2^32 / golden ratio has well mixed upper bits. */
    size_t i = (gram * UINT32_C(2654435769)) >> 8 & table->mask;
    while (table->slots[i].place != 0 && table->slots[i].gram != gram)
        i = (i + 1) & table->mask;
    return &table->slots[i];
}

void gram_table_add(struct gram_table *table, struct qv_str gram, size_t place)
{
    struct gram_slot *slot = slot_of(table, number_of(gram));
    if (slot->place == 0)
        *slot = (struct gram_slot){.gram = number_of(gram), .place = (uint32_t)place + 1};
}

size_t gram_table_find(const struct gram_table *table, struct qv_str gram)
{
    uint32_t place = slot_of(table, number_of(gram))->place;
    return place != 0 ? place - 1 : SIZE_MAX;
}
