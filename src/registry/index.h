/*
 * A hash table of the view from text to record, without pauses: when it grows, each later insertion
 * moves a few chains to the larger table instead of all of them at once, because readers wait for
 * the writer. The hash is keyed (SipHash-1-3), for the names are chosen by clients.
 *
 * Records embed a struct index_node and own their key. Changed by the writer alone; searching
 * changes nothing, so readers may do it side by side.
 */
#ifndef QUIVER_REGISTRY_INDEX_H
#define QUIVER_REGISTRY_INDEX_H

#include <quiver/base/str.h>

struct index_node {
    struct index_node *next;
    struct qv_str key; /* lives as long as the node is in the index */
    uint64_t hash;
};

struct index_table {
    struct index_node **chains; /* NULL: not there */
    size_t mask;                /* number of chains - 1 */
};

struct index {
    struct index_table now, old; /* `old` is emptied into `now` bit by bit */
    size_t moved;                /* chains of `old` that are empty already */
    size_t count;
    uint64_t seed[2];
};

/** QV_INTERNAL where the system gives no randomness, QV_NO_MEMORY. */
QV_MUST_CHECK enum qv_status index_init(struct index *index);
/** NULL: not there. */
struct index_node *index_find(const struct index *index, struct qv_str key);

/* Finding in steps, where several are to be found: between them memory that the next step looks at
   is asked for. */
uint64_t index_hash(const struct index *index, struct qv_str key);
void index_fetch_chain(const struct index *index, uint64_t hash);
void index_fetch_node(const struct index *index, uint64_t hash);
/** As index_find; `hash` is the key's. */
struct index_node *index_find_hashed(const struct index *index, uint64_t hash, struct qv_str key);

/** The key must not be there yet. Cannot fail: without memory for a larger table the chains of the
 *  present one just get longer. */
void index_add(struct index *index, struct index_node *node, struct qv_str key);
void index_remove(struct index *index, struct index_node *node);
/** Calls `visit` for each record, which may free it; the index is empty afterwards. */
void index_drain(struct index *index, void (*visit)(struct index_node *node));

/** Exposed for its test vectors (Aumasson and Bernstein, SipHash, with 1 and 3 rounds). */
uint64_t index_siphash(const uint64_t seed[2], struct qv_str key);

#endif
