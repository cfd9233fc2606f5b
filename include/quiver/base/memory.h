/*
 * Memory from the heap, with one place where a test can let it run out.
 *
 * Sizes of arrays are multiplied with a check. All return NULL when memory is out; nothing here
 * ends the process. jansson is given the same functions by qv_memory_init. Any thread.
 */
#ifndef QUIVER_BASE_MEMORY_H
#define QUIVER_BASE_MEMORY_H

#include <stddef.h>

void *qv_alloc(size_t size);                          /**< zeroed */
void *qv_alloc_array(size_t count, size_t item_size); /**< zeroed; NULL on overflow */
/** Grows or shrinks an array; new items are not zeroed. NULL: `old` is unchanged. */
void *qv_realloc_array(void *old, size_t count, size_t item_size);
char *qv_strdup(const char *text);
char *qv_strndup(const char *text, size_t length);
void qv_free(void *memory); /**< NULL is fine */
/** How many bytes a block that one of these gave really has. */
size_t qv_memory_size(const void *memory);

/** Overwrites secrets before they are freed; not optimized away. */
void qv_memory_wipe(void *memory, size_t size);

/** Lets jansson use these functions. Called once, before threads start. */
void qv_memory_init(void);

/** For tests of one thread: the `nth` allocation from now (1 = next) fails, later ones succeed;
 *  0 switches it off. */
void qv_memory_fail_at(size_t nth);
/** For tests: how many allocations were asked for since the last qv_memory_fail_at. */
size_t qv_memory_count(void);

#endif
