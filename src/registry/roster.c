/*
 * The list of all records of a kind: see roster.h for what it promises. Free places hang together
 * in a chain through themselves, so that leaving needs no memory. Used under the view's lock.
 */
#include "roster.h"

#include <quiver/base/memory.h>

static enum qv_status grow(struct roster *roster)
{
    size_t capacity = roster->capacity > 0 ? roster->capacity * 2 : 16;
    uintptr_t *places = qv_realloc_array(roster->places, capacity, sizeof(*places));
    if (places == NULL)
        return QV_NO_MEMORY;
    roster->places = places;
    roster->capacity = capacity;
    return QV_OK;
}

enum qv_status roster_add(struct roster *roster, void *record, size_t *ret_place)
{
    size_t place = roster->used;
    if (roster->next_free > 0) {
        place = roster->next_free - 1;
        roster->next_free = (size_t)(roster->places[place] >> 1);
    } else {
        if (roster->used == roster->capacity)
            QV_TRY(grow(roster));
        roster->used++;
    }
    roster->places[place] = (uintptr_t)record;
    *ret_place = place;
    return QV_OK;
}

void roster_remove(struct roster *roster, size_t place)
{
    roster->places[place] = (uintptr_t)roster->next_free << 1 | 1;
    roster->next_free = place + 1;
}

void *roster_at(const struct roster *roster, size_t place)
{
    uintptr_t what = roster->places[place];
    return (what & 1) != 0 ? NULL : (void *)what;
}

void roster_free(struct roster *roster)
{
    qv_free(roster->places);
    *roster = (struct roster){0};
}
