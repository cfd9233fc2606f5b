/*
 * Which rules fit one caller, and the cache of that. Private.
 */
#ifndef QUIVER_POLICY_RIGHTS_H
#define QUIVER_POLICY_RIGHTS_H

#include "index.h"

/** What was found out of one caller. Immutable, reference-counted; knows no policy, so that the
 *  policy can keep it. Any thread. */
struct fits {
    atomic_size_t references;
    uint64_t hash;      /**< of the key */
    struct qv_str key;  /**< all that rules can look at; in this block */
    struct qv_str name; /**< the caller's; in this block; empty: anonymous */
    uint64_t bits[];    /**< the rules that fit it */
};
struct fits *fits_ref(struct fits *fits);
void fits_free(struct fits **fits); /**< drops a reference; NULL is fine */

struct qv_rights {
    atomic_size_t references;
    struct qv_policy *policy; /**< one reference */
    struct fits *fits;        /**< one reference */
};

/** Bounded; what was not asked for longest goes first. Any thread. */
struct cache;
enum { CACHE_MAX = 8192 }; /**< callers */

QV_MUST_CHECK enum qv_status cache_new(struct cache **ret_cache);
void cache_free(struct cache **cache);
uint64_t cache_hash(const struct cache *cache, struct qv_str key);
/** A reference of its own, or NULL. */
struct fits *cache_find(struct cache *cache, struct qv_str key, uint64_t hash);
void cache_put(struct cache *cache, struct fits *fits); /**< takes a reference of its own */
/** How many callers are kept; for tests. */
size_t cache_count(struct cache *cache);

#endif
