/*
 * The cache of rights: a table of sets of eight places each.
 *
 * Holds always: it never holds more than CACHE_MAX callers, whoever asks; a caller finds only what
 * was found out under exactly its own key. The lock is held for a few comparisons, never while
 * something is worked out or freed. Any thread.
 */
#include "rights.h"

#include <pthread.h>
#include <quiver/base/hash.h>
#include <quiver/base/memory.h>

enum { WAYS = 8, SETS = CACHE_MAX / WAYS };

struct place {
    struct fits *fits; /* one reference; NULL: free */
    uint64_t asked;    /* when last, in questions */
};

struct cache {
    pthread_mutex_t lock;
    uint64_t seed; /* so that nobody can choose keys that meet in one set */
    uint64_t questions;
    struct place places[SETS][WAYS];
};

struct fits *fits_ref(struct fits *fits)
{
    atomic_fetch_add_explicit(&fits->references, 1, memory_order_relaxed);
    return fits;
}

void fits_free(struct fits **fits)
{
    struct fits *old = *fits;
    *fits = NULL;
    if (old != NULL && atomic_fetch_sub_explicit(&old->references, 1, memory_order_acq_rel) == 1)
        qv_free(old);
}

enum qv_status cache_new(struct cache **ret_cache)
{
    char token[17];
    QV_TRY(qv_random_token(token));
    struct cache *cache = qv_alloc(sizeof(*cache));
    if (cache == NULL)
        return QV_NO_MEMORY;
    pthread_mutex_init(&cache->lock, NULL);
    cache->seed = cache_hash(cache, qv_str_from(token));
    *ret_cache = cache;
    return QV_OK;
}

void cache_free(struct cache **cache)
{
    if (*cache == NULL)
        return;
    for (size_t set = 0; set < SETS; set++)
        for (size_t way = 0; way < WAYS; way++)
            fits_free(&(*cache)->places[set][way].fits);
    pthread_mutex_destroy(&(*cache)->lock);
    qv_free(*cache);
    *cache = NULL;
}

/* FNV-1a, begun with the seed. */
uint64_t cache_hash(const struct cache *cache, struct qv_str key)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ cache->seed;
    for (size_t i = 0; i < key.length; i++)
        hash = (hash ^ (unsigned char)key.at[i]) * UINT64_C(0x100000001b3);
    return hash ^ hash >> 32;
}

static struct place *find(struct cache *cache, struct qv_str key, uint64_t hash)
{
    struct place *places = cache->places[hash % SETS];
    for (size_t way = 0; way < WAYS; way++) {
        const struct fits *fits = places[way].fits;
        if (fits != NULL && fits->hash == hash && qv_str_equal(fits->key, key))
            return &places[way];
    }
    return NULL;
}

struct fits *cache_find(struct cache *cache, struct qv_str key, uint64_t hash)
{
    struct fits *fits = NULL;
    pthread_mutex_lock(&cache->lock);
    struct place *place = find(cache, key, hash);
    if (place != NULL) {
        place->asked = ++cache->questions;
        fits = fits_ref(place->fits);
    }
    pthread_mutex_unlock(&cache->lock);
    return fits;
}

/* A free place, else the one that was not asked for longest. */
static struct place *choose(struct place places[WAYS])
{
    struct place *chosen = &places[0];
    for (size_t way = 1; way < WAYS && chosen->fits != NULL; way++)
        if (places[way].fits == NULL || places[way].asked < chosen->asked)
            chosen = &places[way];
    return chosen;
}

void cache_put(struct cache *cache, struct fits *fits)
{
    struct fits *old = fits_ref(fits);
    pthread_mutex_lock(&cache->lock);
    /* Another thread may have been quicker with the same. */
    struct place *place = find(cache, fits->key, fits->hash);
    if (place == NULL) {
        place = choose(cache->places[fits->hash % SETS]);
        struct fits *evicted = place->fits;
        place->fits = old;
        old = evicted;
    }
    place->asked = ++cache->questions;
    pthread_mutex_unlock(&cache->lock);
    fits_free(&old);
}

size_t cache_count(struct cache *cache)
{
    size_t count = 0;
    pthread_mutex_lock(&cache->lock);
    for (size_t set = 0; set < SETS; set++)
        for (size_t way = 0; way < WAYS; way++)
            count += cache->places[set][way].fits != NULL;
    pthread_mutex_unlock(&cache->lock);
    return count;
}
