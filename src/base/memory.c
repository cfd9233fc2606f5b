/*
 * The one way to the heap, with a switch that lets a chosen allocation fail.
 *
 * Holds always: nothing allocates past `take`, so a test that sweeps qv_memory_fail_at meets
 * every allocation of the code under test, jansson's included. The counters are per thread, so
 * they cost no lock and one thread's test does not disturb another. Any thread.
 */
#include <jansson.h>
#include <malloc.h>
#include <quiver/base/memory.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local size_t fail_at;
static _Thread_local size_t asked;

/* Counts one allocation and says whether it is the one that shall fail. */
static bool refuse(void)
{
    asked++;
    return fail_at != 0 && asked == fail_at;
}

static size_t at_least_one(size_t size)
{
    return size > 0 ? size : 1;
}

void *qv_alloc(size_t size)
{
    return refuse() ? NULL : calloc(1, at_least_one(size));
}

void *qv_alloc_array(size_t count, size_t item_size)
{
    size_t size;
    if (__builtin_mul_overflow(count, item_size, &size))
        return NULL;
    return qv_alloc(size);
}

void *qv_realloc_array(void *old, size_t count, size_t item_size)
{
    size_t size;
    if (__builtin_mul_overflow(count, item_size, &size))
        return NULL;
    return refuse() ? NULL : realloc(old, at_least_one(size));
}

char *qv_strdup(const char *text)
{
    return qv_strndup(text, strlen(text));
}

char *qv_strndup(const char *text, size_t length)
{
    if (length == SIZE_MAX || refuse())
        return NULL;
    char *copy = malloc(length + 1);
    if (copy == NULL)
        return NULL;
    if (length > 0)
        memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

void qv_free(void *memory)
{
    free(memory);
}

size_t qv_memory_size(const void *memory)
{
    return malloc_usable_size((void *)(uintptr_t)memory);
}

void qv_memory_wipe(void *memory, size_t size)
{
    if (memory != NULL)
        explicit_bzero(memory, size);
}

static void *jansson_alloc(size_t size)
{
    return refuse() ? NULL : malloc(at_least_one(size));
}

void qv_memory_init(void)
{
    json_set_alloc_funcs(jansson_alloc, qv_free);
    /* jansson's hash tables are seeded now and not by whichever thread is first. */
    json_object_seed(0);
}

void qv_memory_fail_at(size_t nth)
{
    fail_at = nth;
    asked = 0;
}

size_t qv_memory_count(void)
{
    return asked;
}
