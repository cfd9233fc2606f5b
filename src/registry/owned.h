/*
 * The instances of one owner, in an array, so that a reader can ask for the memory of many of them
 * at once instead of going from one to the next. Most owners have a single one: it needs no array.
 *
 * Whoever is to join has a place promised before anything changes; joining then cannot fail. Order
 * means nothing: the last one takes the place of one that leaves. Changed by the writer alone under
 * the view's write lock; read under the read lock.
 */
#ifndef QUIVER_REGISTRY_OWNED_H
#define QUIVER_REGISTRY_OWNED_H

#include <quiver/base/status.h>
#include <stdint.h>

struct instance_record;

/* All zero: empty. */
struct owned {
    union {
        struct instance_record *one;   /* where there is no array */
        struct instance_record **many; /* owned array */
    };
    uint32_t count;
    uint32_t promised; /* places for those that are to join */
    uint32_t capacity; /* of the array; 0: there is none */
};

/** Keeps one more place free. QV_NO_MEMORY changes nothing that can be seen. */
QV_MUST_CHECK enum qv_status owned_promise(struct owned *owned);
/** Takes a promise back. */
void owned_release(struct owned *owned);
/** Gives the place: one that was promised. */
uint32_t owned_join(struct owned *owned, struct instance_record *instance);
/** Gives the one that is now at `place`; NULL: the last one left. */
struct instance_record *owned_leave(struct owned *owned, uint32_t place);
/** The instances are the view's. */
void owned_free(struct owned *owned);

/** All `count` of them; as long as the lock is held. */
struct instance_record *const *owned_all(const struct owned *owned);

#endif
