/*
 * Buckets of linked entries, as many as there are entries, so that their chains do not become long.
 *
 * The hash is keyed with random bytes, because whoever may declare names could choose such as share
 * a bucket. Under the limiter's lock.
 */
#include "share_table.h"

#include <quiver/base/memory.h>
#include <string.h>
#include <sys/random.h>

enum { BUCKETS_AT_FIRST = 256, DROPPED_AT_ONCE = 2 };

/* Multiplying and folding, eight bytes at a time: what falls together hangs on the secret. */
static uint64_t hash_of(const struct qv_share_table *table, struct qv_str name)
{
    uint64_t hash = table->secret[0] ^ name.length;
    for (size_t at = 0; at <= name.length; at += sizeof(uint64_t)) {
        uint64_t piece = 0;
        struct qv_str part = qv_str_part(name, at, sizeof(piece));
        if (part.length > 0)
            memcpy(&piece, part.at, part.length);
        unsigned __int128 product = (unsigned __int128)(hash ^ piece) * (table->secret[1] | 1);
        hash = (uint64_t)product ^ (uint64_t)(product >> 64) ^ table->secret[0];
    }
    return hash;
}

static void put(struct qv_share_table *table, struct qv_share *share)
{
    struct qv_share **first = &table->buckets[share->hash & (table->bucket_count - 1)];
    share->next = *first;
    share->link = first;
    if (share->next != NULL)
        share->next->link = &share->next;
    *first = share;
}

/* Without memory the chains become longer, no more. */
static void grow(struct qv_share_table *table)
{
    struct qv_share **old = table->buckets;
    size_t old_count = table->bucket_count;
    struct qv_share **buckets = qv_alloc_array(old_count * 2, sizeof(struct qv_share *));
    if (buckets == NULL)
        return;
    table->buckets = buckets;
    table->bucket_count = old_count * 2;
    for (size_t i = 0; i < old_count; i++) {
        struct qv_share *next;
        for (struct qv_share *share = old[i]; share != NULL; share = next) {
            next = share->next;
            put(table, share);
        }
    }
    qv_free(old);
}

/* ---- the list -------------------------------------------------------------------------------- */

static void leave_list(struct qv_share *share)
{
    share->older->newer = share->newer;
    share->newer->older = share->older;
    share->older = share->newer = NULL;
}

static void enter_list(struct qv_share_table *table, struct qv_share *share)
{
    share->newer = table->ends;
    share->older = table->ends->older;
    share->older->newer = share;
    table->ends->older = share;
}

void qv_share_hold(struct qv_share_table *table, struct qv_share *share)
{
    leave_list(share);
    table->idle--;
}

void qv_share_release(struct qv_share_table *table, struct qv_share *share)
{
    if (share->older != NULL)
        leave_list(share);
    else
        table->idle++;
    enter_list(table, share);
}

void qv_share_drop(struct qv_share_table *table, struct qv_share *share)
{
    qv_share_hold(table, share);
    *share->link = share->next;
    if (share->next != NULL)
        share->next->link = share->link;
    table->count--;
    qv_free(share);
}

bool qv_share_says_nothing(const struct qv_share *share, struct qv_mono now)
{
    return now.us >= share->next_line.us && qv_bucket_is_full(&share->tokens, now);
}

/* For one more in the list. */
static void make_room(struct qv_share_table *table, struct qv_mono now)
{
    for (int i = 0; i < DROPPED_AT_ONCE && table->idle > 0; i++) {
        struct qv_share *oldest = table->ends->newer;
        if (table->idle >= QV_LIMITER_IDLE_MAX || qv_share_says_nothing(oldest, now))
            qv_share_drop(table, oldest);
    }
}

/* ---- the table ------------------------------------------------------------------------------- */

enum qv_status qv_share_table_make(struct qv_share_table *ret_table)
{
    struct qv_share_table table = {.bucket_count = BUCKETS_AT_FIRST};
    table.buckets = qv_alloc_array(BUCKETS_AT_FIRST, sizeof(struct qv_share *));
    table.ends = qv_alloc(sizeof(*table.ends));
    if (table.buckets == NULL || table.ends == NULL ||
        getrandom(table.secret, sizeof(table.secret), 0) != (ssize_t)sizeof(table.secret)) {
        qv_free(table.buckets);
        qv_free(table.ends);
        return QV_NO_MEMORY;
    }
    table.ends->older = table.ends->newer = table.ends;
    *ret_table = table;
    return QV_OK;
}

void qv_share_table_free(struct qv_share_table *table)
{
    while (table->idle > 0)
        qv_share_drop(table, table->ends->newer);
    qv_free(table->ends);
    qv_free(table->buckets);
    *table = (struct qv_share_table){0};
}

struct qv_share *qv_share_find(const struct qv_share_table *table, struct qv_str name)
{
    uint64_t hash = hash_of(table, name);
    struct qv_share *share = table->buckets[hash & (table->bucket_count - 1)];
    while (share != NULL && (share->hash != hash || share->length != name.length ||
                             memcmp(share->name, name.at, name.length) != 0))
        share = share->next;
    return share;
}

struct qv_share *qv_share_add(struct qv_share_table *table, struct qv_str name, struct qv_mono now)
{
    make_room(table, now);
    struct qv_share *share = qv_alloc(sizeof(*share) + name.length);
    if (share == NULL)
        return NULL;
    if (table->count >= table->bucket_count)
        grow(table);
    share->hash = hash_of(table, name);
    share->length = name.length;
    if (name.length > 0)
        memcpy(share->name, name.at, name.length);
    put(table, share);
    qv_share_release(table, share);
    table->count++;
    return share;
}
