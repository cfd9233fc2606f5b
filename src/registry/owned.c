/*
 * The instances of one owner: see owned.h for what it promises. An array of 2^n - 1 pointers and
 * what the heap itself needs for it are together a power of two. Used under the view's lock.
 */
#include "owned.h"

#include <quiver/base/memory.h>

enum { FIRST_CAPACITY = 3 };

static uint32_t room(const struct owned *owned)
{
    return owned->capacity > 0 ? owned->capacity : 1;
}

void owned_free(struct owned *owned)
{
    if (owned->capacity > 0)
        qv_free(owned->many);
    *owned = (struct owned){0};
}

struct instance_record *const *owned_all(const struct owned *owned)
{
    return owned->capacity > 0 ? owned->many : &owned->one;
}

static struct instance_record **places(struct owned *owned)
{
    return owned->capacity > 0 ? owned->many : &owned->one;
}

/* ---- growing and shrinking ------------------------------------------------------------------- */

static enum qv_status grow(struct owned *owned)
{
    if (owned->capacity > (UINT32_MAX - 1) / 2)
        return QV_NO_MEMORY;
    uint32_t capacity = owned->capacity > 0 ? owned->capacity * 2 + 1 : FIRST_CAPACITY;
    struct instance_record *one = owned->one;
    struct instance_record **many =
        qv_realloc_array(owned->capacity > 0 ? owned->many : NULL, capacity, sizeof(*many));
    if (many == NULL)
        return QV_NO_MEMORY;
    if (owned->capacity == 0)
        many[0] = one;
    owned->many = many;
    owned->capacity = capacity;
    return QV_OK;
}

static void give_up_array(struct owned *owned)
{
    struct instance_record **many = owned->many;
    owned->one = owned->count > 0 ? many[0] : NULL;
    owned->capacity = 0;
    qv_free(many);
}

/* Where a third of the array would do, half of it is given back. Without memory for the smaller one
   the larger stays. */
static void shrink(struct owned *owned)
{
    if (owned->capacity == 0 || owned->count + owned->promised > owned->capacity / 3)
        return;
    if (owned->capacity == FIRST_CAPACITY) {
        give_up_array(owned);
        return;
    }
    uint32_t capacity = owned->capacity / 2;
    struct instance_record **many = qv_realloc_array(owned->many, capacity, sizeof(*many));
    if (many == NULL)
        return;
    owned->many = many;
    owned->capacity = capacity;
}

/* ---- joining and leaving --------------------------------------------------------------------- */

enum qv_status owned_promise(struct owned *owned)
{
    if (owned->count + owned->promised == room(owned))
        QV_TRY(grow(owned));
    owned->promised++;
    return QV_OK;
}

void owned_release(struct owned *owned)
{
    owned->promised--;
    shrink(owned);
}

uint32_t owned_join(struct owned *owned, struct instance_record *instance)
{
    owned->promised--;
    places(owned)[owned->count] = instance;
    return owned->count++;
}

struct instance_record *owned_leave(struct owned *owned, uint32_t place)
{
    struct instance_record **at = places(owned);
    struct instance_record *last = at[--owned->count];
    at[place] = last; /* itself, where it is the one that leaves */
    struct instance_record *moved = place < owned->count ? last : NULL;
    shrink(owned);
    return moved;
}
