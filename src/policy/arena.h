/*
 * Memory that lives as long as one policy: taken in pieces while the file is read, given back at
 * once. One thread while reading; afterwards it is only read.
 */
#ifndef QUIVER_POLICY_ARENA_H
#define QUIVER_POLICY_ARENA_H

#include <quiver/base/str.h>

struct arena_block;
/** Zero-initialized: empty. */
struct arena {
    struct arena_block *blocks; /**< owned */
};

/** `count` zeroed items; NULL: no memory. */
void *arena_alloc(struct arena *arena, size_t count, size_t item_size);
/** A NUL-terminated copy; NULL: no memory. */
char *arena_text(struct arena *arena, struct qv_str text);
void arena_free(struct arena *arena);

#endif
