/*
 * Who may have how much, decided under one lock: the rules in force, and the table of shares.
 *
 * Holds always: the rule that a share remembers is looked up again when the rules were replaced
 * since. Where there are no limits, requests do not come so far as to the lock; connections are
 * counted all the same, because a reload may bring some.
 */
#include "limiter.h"

#include "share_table.h"

#include <pthread.h>
#include <quiver/base/memory.h>
#include <stdatomic.h>

enum { LINE_EVERY_US = 1000000 };

struct qv_limiter {
    pthread_mutex_t lock; /* over all but `dialect` */
    const struct qv_dialect *dialect;
    atomic_bool limits; /* are there any rules? Readable without the lock */
    struct qv_share_rules rules;
    uint64_t rules_number;
    struct qv_share_table table;
};

/* ---- life ------------------------------------------------------------------------------------ */

enum qv_status qv_limiter_new(const struct qv_dialect *dialect,
                              const struct qv_config_identity_limits *limits,
                              struct qv_limiter **ret_limiter)
{
    struct qv_limiter *limiter = qv_alloc(sizeof(*limiter));
    if (limiter == NULL)
        return QV_NO_MEMORY;
    if (qv_share_table_make(&limiter->table) != QV_OK) {
        qv_free(limiter);
        return QV_NO_MEMORY;
    }
    limiter->dialect = dialect;
    pthread_mutex_init(&limiter->lock, NULL); /* fails only for arguments that these are not */
    enum qv_status status = qv_limiter_renew(limiter, limits);
    if (status != QV_OK)
        qv_limiter_free(&limiter);
    else
        *ret_limiter = limiter;
    return status;
}

void qv_limiter_free(struct qv_limiter **limiter_at)
{
    struct qv_limiter *limiter = *limiter_at;
    *limiter_at = NULL;
    if (limiter == NULL)
        return;
    qv_share_table_free(&limiter->table);
    qv_share_rules_free(&limiter->rules);
    pthread_mutex_destroy(&limiter->lock);
    qv_free(limiter);
}

enum qv_status qv_limiter_renew(struct qv_limiter *limiter,
                                const struct qv_config_identity_limits *limits)
{
    struct qv_share_rules rules;
    QV_TRY(qv_share_rules_make(limiter->dialect, limits, &rules));
    pthread_mutex_lock(&limiter->lock);
    struct qv_share_rules old = limiter->rules;
    limiter->rules = rules;
    limiter->rules_number++;
    atomic_store(&limiter->limits, rules.count > 0);
    pthread_mutex_unlock(&limiter->lock);
    qv_share_rules_free(&old);
    return QV_OK;
}

size_t qv_limiter_count(struct qv_limiter *limiter)
{
    pthread_mutex_lock(&limiter->lock);
    size_t count = limiter->table.count;
    pthread_mutex_unlock(&limiter->lock);
    return count;
}

/* ---- under the lock -------------------------------------------------------------------------- */

static struct qv_str name_of(const struct qv_share *share)
{
    return (struct qv_str){.at = share->name, .length = share->length};
}

static const struct qv_share_rule *rule_of(const struct qv_limiter *limiter, struct qv_share *share)
{
    if (share->rules != limiter->rules_number) {
        share->rule = qv_share_rules_find(&limiter->rules, name_of(share));
        share->rules = limiter->rules_number;
    }
    return share->rule;
}

static enum qv_status take_place(struct qv_limiter *limiter, struct qv_str system,
                                 struct qv_mono now, struct qv_share **ret_share, size_t *ret_most)
{
    struct qv_share *share = qv_share_find(&limiter->table, system);
    if (share == NULL && (share = qv_share_add(&limiter->table, system, now)) == NULL)
        return QV_NO_MEMORY;
    const struct qv_share_rule *rule = rule_of(limiter, share);
    size_t most = rule != NULL ? rule->connections : 0;
    if (most > 0 && share->connections >= most) {
        *ret_most = most;
        return QV_TOO_MANY;
    }
    if (share->connections++ == 0)
        qv_share_hold(&limiter->table, share);
    *ret_share = share;
    return QV_OK;
}

static void give_back(struct qv_limiter *limiter, struct qv_share *share, struct qv_mono now)
{
    if (--share->connections > 0)
        return;
    qv_share_release(&limiter->table, share);
    if (qv_share_says_nothing(share, now) || limiter->table.idle > QV_LIMITER_IDLE_MAX)
        qv_share_drop(&limiter->table, share);
}

/* Of a system that has no connection by which it is known: where nothing is counted, none. */
static enum qv_status find_share(struct qv_limiter *limiter, struct qv_str system,
                                 struct qv_mono now, struct qv_share **ret_share,
                                 const struct qv_share_rule **ret_rule)
{
    struct qv_share *share = qv_share_find(&limiter->table, system);
    const struct qv_share_rule *rule =
        share != NULL ? rule_of(limiter, share) : qv_share_rules_find(&limiter->rules, system);
    bool wanted = share == NULL && rule != NULL && rule->requests > 0;
    if (wanted && (share = qv_share_add(&limiter->table, system, now)) == NULL)
        return QV_NO_MEMORY;
    if (share != NULL && share->connections == 0)
        qv_share_release(&limiter->table, share); /* asked for just now */
    *ret_share = share;
    *ret_rule = rule;
    return QV_OK;
}

static enum qv_status take_token(struct qv_limiter *limiter, struct qv_share *share,
                                 struct qv_str system, struct qv_mono now,
                                 struct qv_allowance *allowance, size_t *ret_most)
{
    const struct qv_share_rule *rule = NULL;
    int64_t wait_ns;
    if (share != NULL)
        rule = rule_of(limiter, share);
    else
        QV_TRY(find_share(limiter, system, now, &share, &rule));
    if (rule == NULL)
        return QV_OK;
    allowance->instances = rule->instances;
    if (rule->requests == 0 ||
        qv_bucket_take(&share->tokens, rule->requests, rule->burst, now, &wait_ns))
        return QV_OK;
    allowance->retry_after = qv_bucket_seconds(wait_ns);
    *ret_most = rule->requests;
    return QV_TOO_MANY;
}

/* ---- what is asked --------------------------------------------------------------------------- */

enum qv_status qv_limiter_connect(struct qv_limiter *limiter, struct qv_str system,
                                  struct qv_mono now, struct qv_share **ret_share,
                                  struct qv_error *error)
{
    size_t most = 0;
    pthread_mutex_lock(&limiter->lock);
    enum qv_status status = take_place(limiter, system, now, ret_share, &most);
    pthread_mutex_unlock(&limiter->lock);
    if (status == QV_TOO_MANY)
        return qv_error_set(error, status, "More than %zu connections of %.*s", most,
                            QV_STR_ARG(system));
    return status;
}

void qv_limiter_disconnect(struct qv_limiter *limiter, struct qv_share **share_at,
                           struct qv_mono now)
{
    struct qv_share *share = *share_at;
    *share_at = NULL;
    if (share == NULL)
        return;
    pthread_mutex_lock(&limiter->lock);
    give_back(limiter, share, now);
    pthread_mutex_unlock(&limiter->lock);
}

enum qv_status qv_limiter_request(struct qv_limiter *limiter, struct qv_share *share,
                                  struct qv_str system, struct qv_mono now,
                                  struct qv_allowance *ret_allowance, struct qv_error *error)
{
    struct qv_allowance allowance = {0};
    enum qv_status status = QV_OK;
    size_t most = 0;
    if (qv_limiter_has_limits(limiter)) {
        pthread_mutex_lock(&limiter->lock);
        status = take_token(limiter, share, system, now, &allowance, &most);
        pthread_mutex_unlock(&limiter->lock);
    }
    *ret_allowance = allowance;
    if (share != NULL)
        system = name_of(share); /* which the connection keeps */
    if (status == QV_TOO_MANY)
        return qv_error_set(error, status, "More than %zu requests a second by %.*s", most,
                            QV_STR_ARG(system));
    return status;
}

/* Shares are there while they are refused; one that is gone again has told nothing lately. */
static bool take_line(const struct qv_limiter *limiter, struct qv_str system, struct qv_mono now,
                      uint64_t *ret_suppressed)
{
    struct qv_share *share = qv_share_find(&limiter->table, system);
    *ret_suppressed = 0;
    if (share == NULL)
        return true;
    if (now.us < share->next_line.us) {
        share->suppressed++;
        return false;
    }
    *ret_suppressed = share->suppressed;
    share->suppressed = 0;
    share->next_line.us = now.us + LINE_EVERY_US;
    return true;
}

bool qv_limiter_tells(struct qv_limiter *limiter, struct qv_str system, struct qv_mono now,
                      uint64_t *ret_suppressed)
{
    pthread_mutex_lock(&limiter->lock);
    bool tells = take_line(limiter, system, now, ret_suppressed);
    pthread_mutex_unlock(&limiter->lock);
    return tells;
}

bool qv_limiter_has_limits(const struct qv_limiter *limiter)
{
    return atomic_load_explicit(&limiter->limits, memory_order_acquire);
}
