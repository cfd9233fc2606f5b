/*
 * From a caller to the rules that fit it.
 *
 * What the policy keeps (struct fits) knows no policy, and what is given out (struct qv_rights)
 * holds both: so nothing holds itself, and rights outlive a reload. The key of the cache has all
 * that any rule looks at and nothing else: a policy without networks keeps one entry for a system,
 * from wherever it calls. Any thread.
 */
#include "rights.h"
#include "who.h"

#include <quiver/base/buf.h>
#include <quiver/base/memory.h>
#include <string.h>

enum { KEY_MAX = 1024 }; /* what is longer is worked out each time */

/* ---- the key ---- */

static void put_text(struct qv_buf *key, struct qv_str text)
{
    size_t length = text.length;
    qv_buf_put(key, (struct qv_str){.at = (const char *)&length, .length = sizeof(length)});
    qv_buf_put(key, text);
}

/* The caller's name comes first, whether rules look at it or not: `self` does. Who has no identity
   has no profile, either. */
static void write_key(const struct index *index, const struct asker *asker, struct qv_buf *key)
{
    put_text(key, asker->texts[WHO_SYSTEMS]);
    for (unsigned i = 0; i < WHO_TEXTS; i++)
        if (i != WHO_SYSTEMS && index->looks_at[i])
            put_text(key, asker->texts[i]);
    qv_buf_put_char(key, asker->service_key ? 's' : '-');
    qv_buf_put_char(key, (char)('0' + __builtin_ffs((int)asker->profile)));
    if (index->looks_at_address)
        qv_buf_put(key, (struct qv_str){.at = (const char *)&asker->address,
                                        .length = sizeof(asker->address)});
}

/* ---- which rules fit ---- */

struct finding {
    const struct qv_policy *policy;
    const struct asker *asker;
    uint64_t *bits;
};

static bool find_rule(void *context, uint32_t rule)
{
    struct finding *finding = context;
    if (who_fits(&finding->policy->rules[rule], finding->asker, NULL))
        bits_add(finding->bits, rule);
    return true;
}

static void find_rules(const struct qv_policy *policy, const struct asker *asker, uint64_t *bits)
{
    struct finding finding = {.policy = policy, .asker = asker, .bits = bits};
    const struct index *index = policy->index;
    name_index_visit(&index->systems, asker->texts[WHO_SYSTEMS], find_rule, &finding);
    size_t i = 0;
    while ((i = bits_first(index->who_rest, index->who_rest, index->words, i)) != SIZE_MAX)
        find_rule(&finding, (uint32_t)i++);
}

static struct fits *make_fits(const struct qv_policy *policy, const struct asker *asker,
                              struct qv_str key, uint64_t hash)
{
    size_t set = policy->index->words * sizeof(uint64_t);
    struct fits *fits = qv_alloc(sizeof(*fits) + set + key.length);
    if (fits == NULL)
        return NULL;
    char *kept = (char *)fits->bits + set;
    memcpy(kept, key.at, key.length);
    atomic_init(&fits->references, 1);
    fits->hash = hash;
    fits->key = (struct qv_str){.at = kept, .length = key.length};
    fits->name = qv_str_part(fits->key, sizeof(size_t), asker->texts[WHO_SYSTEMS].length);
    find_rules(policy, asker, fits->bits);
    return fits;
}

static struct fits *find_fits(struct qv_policy *policy, const struct asker *asker)
{
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    qv_buf_reserve(&buf, 256);
    write_key(policy->index, asker, &buf);
    if (qv_buf_status(&buf) != QV_OK)
        return NULL;
    struct qv_str key = qv_buf_str(&buf);
    uint64_t hash = cache_hash(policy->cache, key);
    struct fits *fits = cache_find(policy->cache, key, hash);
    if (fits != NULL)
        return fits;
    fits = make_fits(policy, asker, key, hash);
    if (fits != NULL && key.length <= KEY_MAX)
        cache_put(policy->cache, fits);
    return fits;
}

/* ---- what is given out ---- */

enum qv_status qv_policy_rights(struct qv_policy *policy, const struct qv_caller *caller,
                                struct qv_rights **ret_rights)
{
    struct asker asker;
    asker_read(caller, &asker);
    struct qv_rights *rights = qv_alloc(sizeof(*rights));
    if (rights == NULL)
        return QV_NO_MEMORY;
    rights->fits = find_fits(policy, &asker);
    if (rights->fits == NULL) {
        qv_free(rights);
        return QV_NO_MEMORY;
    }
    atomic_init(&rights->references, 1);
    rights->policy = qv_policy_ref(policy);
    *ret_rights = rights;
    return QV_OK;
}

struct qv_rights *qv_rights_ref(struct qv_rights *rights)
{
    if (rights != NULL)
        atomic_fetch_add_explicit(&rights->references, 1, memory_order_relaxed);
    return rights;
}

void qv_rights_free(struct qv_rights **rights)
{
    struct qv_rights *old = *rights;
    *rights = NULL;
    if (old == NULL || atomic_fetch_sub_explicit(&old->references, 1, memory_order_acq_rel) != 1)
        return;
    fits_free(&old->fits);
    qv_policy_free(&old->policy);
    qv_free(old);
}
