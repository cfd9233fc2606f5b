/*
 * The policy's memory: a list of blocks. Each piece is a block of its own, as files are small and
 * read seldom. One thread.
 */
#include "arena.h"

#include <quiver/base/memory.h>
#include <string.h>

struct arena_block {
    struct arena_block *next;
    max_align_t piece[];
};

void *arena_alloc(struct arena *arena, size_t count, size_t item_size)
{
    size_t size;
    if (__builtin_mul_overflow(count, item_size, &size) ||
        __builtin_add_overflow(size, sizeof(struct arena_block), &size))
        return NULL;
    struct arena_block *block = qv_alloc(size);
    if (block == NULL)
        return NULL;
    block->next = arena->blocks;
    arena->blocks = block;
    return block->piece;
}

char *arena_text(struct arena *arena, struct qv_str text)
{
    char *copy = text.length < SIZE_MAX ? arena_alloc(arena, text.length + 1, 1) : NULL;
    if (copy != NULL && text.length > 0)
        memcpy(copy, text.at, text.length);
    return copy;
}

void arena_free(struct arena *arena)
{
    while (arena->blocks != NULL) {
        struct arena_block *block = arena->blocks;
        arena->blocks = block->next;
        qv_free(block);
    }
}
