/*
 * The memory of verified chains: sets of four places, picked by the key's first bytes; where a set
 * is full the one that came first goes. The key is a digest, so nobody can choose his set without
 * the work, and finding, remembering and forgetting cost the same however much is remembered. It
 * belongs to its anchors and ends with them: other CAs have verified nothing yet. What can change
 * without the anchors changing (dates, CRLs) is no part of it and is asked each time. Any thread.
 */
#include "chains.h"

#include <pthread.h>
#include <quiver/base/memory.h>
#include <string.h>

#define PLACES 4
#define SETS   (QV_CHAINS_MAX / PLACES)

struct remembered {
    struct qv_chain_key key;
    struct qv_path path;
};
struct set {
    struct remembered *places[PLACES]; /* owned; NULL: free */
    unsigned char next;                /* which one goes when all are taken */
};
struct qv_chains {
    pthread_mutex_t lock; /* held for a few comparisons and one copy */
    size_t count;
    struct set sets[SETS];
};

enum qv_status qv_chains_new(struct qv_chains **ret_chains)
{
    struct qv_chains *chains = qv_alloc(sizeof(*chains));
    if (chains == NULL)
        return QV_NO_MEMORY;
    if (pthread_mutex_init(&chains->lock, NULL) != 0) {
        qv_free(chains);
        return QV_NO_MEMORY;
    }
    *ret_chains = chains;
    return QV_OK;
}

void qv_chains_free(struct qv_chains **chains)
{
    struct qv_chains *old = *chains;
    if (old == NULL)
        return;
    *chains = NULL;
    for (size_t i = 0; i < SETS; i++)
        for (size_t k = 0; k < PLACES; k++)
            qv_free(old->sets[i].places[k]);
    (void)pthread_mutex_destroy(&old->lock);
    qv_free(old);
}

/** With its length before it: no two lists of certificates run into each other. */
static bool add_certificate(EVP_MD_CTX *context, const X509 *x509)
{
    unsigned char *der = NULL;
    int length = i2d_X509(x509, &der);
    if (length <= 0)
        return false;
    uint32_t before = (uint32_t)length;
    bool good = EVP_DigestUpdate(context, &before, sizeof(before)) == 1 &&
                EVP_DigestUpdate(context, der, (size_t)length) == 1;
    OPENSSL_free(der);
    return good;
}

enum qv_status qv_chain_key_of(const X509 *leaf, const STACK_OF(X509) * untrusted,
                               struct qv_chain_key *ret_key)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
                add_certificate(context, leaf);
    /* libssl has the leaf itself as the first of what stood behind it. */
    for (int i = 0; i < sk_X509_num(untrusted) && good; i++)
        good = (i == 0 && sk_X509_value(untrusted, i) == leaf) ||
               add_certificate(context, sk_X509_value(untrusted, i));
    good = good && EVP_DigestFinal_ex(context, digest, NULL) == 1;
    EVP_MD_CTX_free(context);
    if (!good)
        return QV_NO_MEMORY;
    memcpy(ret_key->digest, digest, sizeof(ret_key->digest));
    return QV_OK;
}

static struct set *set_of(struct qv_chains *chains, const struct qv_chain_key *key)
{
    return &chains->sets[((size_t)key->digest[0] << 8 | key->digest[1]) % SETS];
}

/** The place of the key, or NULL. */
static struct remembered **place_of(struct set *set, const struct qv_chain_key *key)
{
    for (size_t i = 0; i < PLACES; i++)
        if (set->places[i] != NULL && memcmp(&set->places[i]->key, key, sizeof(*key)) == 0)
            return &set->places[i];
    return NULL;
}

/** A free place, else that of the one to go. */
static struct remembered **room_in(struct set *set)
{
    for (size_t i = 0; i < PLACES; i++)
        if (set->places[i] == NULL)
            return &set->places[i];
    struct remembered **oldest = &set->places[set->next];
    set->next = (unsigned char)((set->next + 1) % PLACES);
    return oldest;
}

bool qv_chains_recall(struct qv_chains *chains, const struct qv_chain_key *key,
                      struct qv_path *ret_path)
{
    (void)pthread_mutex_lock(&chains->lock);
    struct remembered **found = place_of(set_of(chains, key), key);
    if (found != NULL)
        *ret_path = (*found)->path;
    (void)pthread_mutex_unlock(&chains->lock);
    return found != NULL;
}

void qv_chains_remember(struct qv_chains *chains, const struct qv_chain_key *key,
                        const struct qv_path *path)
{
    struct remembered *entry = qv_alloc(sizeof(*entry));
    if (entry == NULL)
        return;
    entry->key = *key;
    entry->path = *path;
    (void)pthread_mutex_lock(&chains->lock);
    struct set *set = set_of(chains, key);
    struct remembered **place = place_of(set, key);
    if (place == NULL)
        place = room_in(set);
    struct remembered *old = *place;
    *place = entry;
    if (old == NULL)
        chains->count++;
    (void)pthread_mutex_unlock(&chains->lock);
    qv_free(old);
}

size_t qv_chains_count(struct qv_chains *chains)
{
    (void)pthread_mutex_lock(&chains->lock);
    size_t count = chains->count;
    (void)pthread_mutex_unlock(&chains->lock);
    return count;
}
