/*
 * What is remembered of orphans: a ring of digests, searched from end to end, for there is one for
 * each CA that left and not one for each peer. It belongs to its anchors: others may know the CA.
 *
 * Two leaves of one group name the same issuer in the same words, were signed by the same key, and
 * came with the same certificates: a search for an issuer meets the same candidates and ends alike.
 * Only that search is remembered, nothing that depends on a leaf's own fields, on a clock or on a
 * CRL; and it is only ever used against who lives, who may come back and be judged in full. Any
 * thread.
 */
#include "orphans.h"

#include <openssl/x509v3.h>
#include <pthread.h>
#include <quiver/base/memory.h>
#include <string.h>

struct qv_orphans {
    pthread_mutex_t lock; /* held for a few comparisons */
    size_t count, next;
    struct qv_orphan_key keys[QV_ORPHANS_MAX];
};

enum qv_status qv_orphans_new(struct qv_orphans **ret_orphans)
{
    struct qv_orphans *orphans = qv_alloc(sizeof(*orphans));
    if (orphans == NULL)
        return QV_NO_MEMORY;
    if (pthread_mutex_init(&orphans->lock, NULL) != 0) {
        qv_free(orphans);
        return QV_NO_MEMORY;
    }
    *ret_orphans = orphans;
    return QV_OK;
}

void qv_orphans_free(struct qv_orphans **orphans)
{
    struct qv_orphans *old = *orphans;
    if (old == NULL)
        return;
    *orphans = NULL;
    (void)pthread_mutex_destroy(&old->lock);
    qv_free(old);
}

/* --- keys --- */

/** With its length before it: no two parts run into each other. */
static bool add(EVP_MD_CTX *context, const void *at, size_t length)
{
    return EVP_DigestUpdate(context, &length, sizeof(length)) == 1 &&
           EVP_DigestUpdate(context, at, length) == 1;
}

static bool add_text(EVP_MD_CTX *context, const ASN1_STRING *text)
{
    if (text == NULL)
        return add(context, "", 0);
    return add(context, ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text));
}

/** By name, and by what its authority key identifier says, where it has one. */
static bool add_wanted_issuer(EVP_MD_CTX *context, X509 *leaf)
{
    size_t length = 0;
    const unsigned char *name = NULL;
    return X509_NAME_get0_der(X509_get_issuer_name(leaf), &name, &length) == 1 &&
           add(context, name, length) && add_text(context, X509_get0_authority_key_id(leaf)) &&
           add_text(context, X509_get0_authority_serial(leaf));
}

static bool add_certificate(EVP_MD_CTX *context, const X509 *x509)
{
    unsigned size = 0;
    unsigned char digest[EVP_MAX_MD_SIZE];
    return X509_digest(x509, EVP_sha256(), digest, &size) == 1 && add(context, digest, size);
}

static bool add_all(EVP_MD_CTX *context, const struct qv_orphan *orphan)
{
    const struct qv_path *path = orphan->path;
    bool good = add_wanted_issuer(context, orphan->leaf) &&
                add(context, path->links[0].issuer.digest, sizeof(path->links[0].issuer.digest)) &&
                add(context, path->anchor, sizeof(path->anchor)) &&
                add(context, orphan->cas, QV_SHA256_SIZE);
    for (int i = 0; i < sk_X509_num(orphan->sent) && good; i++)
        good = add_certificate(context, sk_X509_value(orphan->sent, i));
    return good;
}

enum qv_status qv_orphan_key_of(const struct qv_orphan *orphan, struct qv_orphan_key *ret_key)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
                add_all(context, orphan) && EVP_DigestFinal_ex(context, digest, NULL) == 1;
    EVP_MD_CTX_free(context);
    if (!good)
        return QV_NO_MEMORY;
    memcpy(ret_key->digest, digest, sizeof(ret_key->digest));
    return QV_OK;
}

/* --- the memory --- */

static bool is_known(const struct qv_orphans *orphans, const struct qv_orphan_key *key)
{
    for (size_t i = 0; i < orphans->count; i++)
        if (memcmp(&orphans->keys[i], key, sizeof(*key)) == 0)
            return true;
    return false;
}

bool qv_orphans_know(struct qv_orphans *orphans, const struct qv_orphan_key *key)
{
    (void)pthread_mutex_lock(&orphans->lock);
    bool known = is_known(orphans, key);
    (void)pthread_mutex_unlock(&orphans->lock);
    return known;
}

void qv_orphans_note(struct qv_orphans *orphans, const struct qv_orphan_key *key)
{
    (void)pthread_mutex_lock(&orphans->lock);
    if (!is_known(orphans, key)) {
        orphans->keys[orphans->next] = *key;
        orphans->next = (orphans->next + 1) % QV_ORPHANS_MAX;
        if (orphans->count < QV_ORPHANS_MAX)
            orphans->count++;
    }
    (void)pthread_mutex_unlock(&orphans->lock);
}
