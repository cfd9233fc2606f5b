/*
 * The view's hash table: see index.h for what it promises. Used under the view's lock.
 */
#include "index.h"

#include <quiver/base/memory.h>
#include <string.h>
#include <sys/random.h>

enum { FIRST_CHAINS = 16, CHAINS_PER_STEP = 4 };

/* ---- hash --------------------------------------------------------------------------------------
 */

static inline uint64_t rotate(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

static inline void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] = rotate(v[2], 32);
}

uint64_t index_siphash(const uint64_t seed[2], struct qv_str key)
{
    uint64_t v[4] = {seed[0] ^ 0x736f6d6570736575u, seed[1] ^ 0x646f72616e646f6du,
                     seed[0] ^ 0x6c7967656e657261u, seed[1] ^ 0x7465646279746573u};
    size_t at = 0;
    for (; at + 8 <= key.length; at += 8) {
        uint64_t word;
        memcpy(&word, key.at + at, sizeof(word)); /* little-endian, as all that this runs on */
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    uint64_t last = (uint64_t)key.length << 56;
    for (size_t i = at; i < key.length; i++)
        last |= (uint64_t)(unsigned char)key.at[i] << (8 * (i - at));
    v[3] ^= last;
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t index_hash(const struct index *index, struct qv_str key)
{
    return index_siphash(index->seed, key);
}

/* ---- table -------------------------------------------------------------------------------------
 */

enum qv_status index_init(struct index *index)
{
    struct index fresh = {0};
    if (getrandom(fresh.seed, sizeof(fresh.seed), 0) != (ssize_t)sizeof(fresh.seed))
        return QV_INTERNAL;
    fresh.now.chains = qv_alloc_array(FIRST_CHAINS, sizeof(*fresh.now.chains));
    if (fresh.now.chains == NULL)
        return QV_NO_MEMORY;
    fresh.now.mask = FIRST_CHAINS - 1;
    *index = fresh;
    return QV_OK;
}

static struct index_node *find_in(const struct index_table *table, uint64_t hash, struct qv_str key)
{
    if (table->chains == NULL)
        return NULL;
    struct index_node *node = table->chains[hash & table->mask];
    while (node != NULL && (node->hash != hash || !qv_str_equal(node->key, key)))
        node = node->next;
    return node;
}

struct index_node *index_find_hashed(const struct index *index, uint64_t hash, struct qv_str key)
{
    struct index_node *node = find_in(&index->now, hash, key);
    return node != NULL ? node : find_in(&index->old, hash, key);
}

struct index_node *index_find(const struct index *index, struct qv_str key)
{
    return index_find_hashed(index, index_hash(index, key), key);
}

/* What is still in the old table is not asked for: that is seldom, and costs time alone. */
void index_fetch_chain(const struct index *index, uint64_t hash)
{
    __builtin_prefetch(&index->now.chains[hash & index->now.mask]);
}

void index_fetch_node(const struct index *index, uint64_t hash)
{
    __builtin_prefetch(index->now.chains[hash & index->now.mask]);
}

static void push(struct index_table *table, struct index_node *node)
{
    struct index_node **chain = &table->chains[node->hash & table->mask];
    node->next = *chain;
    *chain = node;
}

/* Moves a few chains from the old table to the new one. */
static void move_some(struct index *index)
{
    if (index->old.chains == NULL)
        return;
    for (int i = 0; i < CHAINS_PER_STEP && index->moved <= index->old.mask; i++) {
        struct index_node *node = index->old.chains[index->moved];
        index->old.chains[index->moved++] = NULL;
        while (node != NULL) {
            struct index_node *next = node->next;
            push(&index->now, node);
            node = next;
        }
    }
    if (index->moved > index->old.mask) {
        qv_free(index->old.chains);
        index->old = (struct index_table){0};
    }
}

/* A table twice as large takes over. The one before is emptied long before growing is due again:
   four chains move for each record added. */
static void grow(struct index *index)
{
    size_t chains = (index->now.mask + 1) * 2;
    struct index_node **fresh = qv_alloc_array(chains, sizeof(*fresh));
    if (fresh == NULL)
        return;
    index->old = index->now;
    index->moved = 0;
    index->now = (struct index_table){.chains = fresh, .mask = chains - 1};
}

void index_add(struct index *index, struct index_node *node, struct qv_str key)
{
    if (index->count > index->now.mask && index->old.chains == NULL)
        grow(index);
    node->key = key;
    node->hash = index_siphash(index->seed, key);
    push(&index->now, node);
    index->count++;
    move_some(index);
}

static bool remove_from(struct index_table *table, struct index_node *node)
{
    if (table->chains == NULL)
        return false;
    struct index_node **at = &table->chains[node->hash & table->mask];
    while (*at != NULL && *at != node)
        at = &(*at)->next;
    if (*at == NULL)
        return false;
    *at = node->next;
    return true;
}

void index_remove(struct index *index, struct index_node *node)
{
    if (remove_from(&index->now, node) || remove_from(&index->old, node))
        index->count--;
}

static void drain(struct index_table *table, void (*visit)(struct index_node *node))
{
    for (size_t i = 0; table->chains != NULL && i <= table->mask; i++)
        for (struct index_node *node = table->chains[i]; node != NULL;) {
            struct index_node *next = node->next;
            visit(node);
            node = next;
        }
    qv_free(table->chains);
    *table = (struct index_table){0};
}

void index_drain(struct index *index, void (*visit)(struct index_node *node))
{
    drain(&index->old, visit);
    drain(&index->now, visit);
    index->count = 0;
    index->moved = 0;
}
