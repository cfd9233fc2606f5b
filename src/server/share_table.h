/*
 * The table of shares by system name, and the list of those whose system has no connection, by when
 * they were asked for last. Private to the limiter, under its lock.
 *
 * Holds always: a share is in the list exactly while it has no connection; each new one drops up to
 * two at the old end that say nothing any more, so the table shrinks by being used, and has never
 * more than QV_LIMITER_IDLE_MAX without a connection.
 */
#ifndef QUIVER_SERVER_SHARE_TABLE_H
#define QUIVER_SERVER_SHARE_TABLE_H

#include "bucket.h"
#include "limiter.h"
#include "share_rules.h"

struct qv_share {
    struct qv_share *next, **link;    /**< in its bucket; what points to it */
    struct qv_share *older, *newer;   /**< in the list; its ends point to `ends` */
    const struct qv_share_rule *rule; /**< NULL: none */
    uint64_t rules;                   /**< by which rules it was found */
    struct qv_bucket tokens;
    struct qv_mono next_line; /**< when the audit trail may have a line of it again */
    uint64_t suppressed;      /**< refusals since the last line */
    size_t connections;
    uint64_t hash;
    size_t length;
    char name[];
};

struct qv_share_table {
    uint64_t secret[2];
    struct qv_share **buckets;
    size_t bucket_count;   /**< a power of two */
    size_t count, idle;    /**< of all; of those in the list */
    struct qv_share *ends; /**< of the list: its `newer` is the oldest, its `older` the newest */
};

QV_MUST_CHECK enum qv_status qv_share_table_make(struct qv_share_table *ret_table);
void qv_share_table_free(struct qv_share_table *table); /**< when no share has a connection */

/** NULL: there is none. */
struct qv_share *qv_share_find(const struct qv_share_table *table, struct qv_str name);
/** Makes one that is not there yet, without a connection. NULL: no memory. */
struct qv_share *qv_share_add(struct qv_share_table *table, struct qv_str name, struct qv_mono now);
/** Its system has a connection now: out of the list. */
void qv_share_hold(struct qv_share_table *table, struct qv_share *share);
/** It has none any more, or was asked for: to the new end of the list. */
void qv_share_release(struct qv_share_table *table, struct qv_share *share);
/** Is it as if it had never been asked for? */
bool qv_share_says_nothing(const struct qv_share *share, struct qv_mono now);
/** Forgets it; it has no connection. */
void qv_share_drop(struct qv_share_table *table, struct qv_share *share);

#endif
