/*
 * The table of peers: buckets of doubly linked entries, as many buckets as there may be entries
 * without their chains becoming long; a peer is in it as long as it has a connection.
 *
 * The hash is keyed with random bytes, because whoever has many addresses could choose such as
 * share a bucket. Holds always: each entry has one place or more. Any thread, under its lock.
 */
#include "peers.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <quiver/base/memory.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

enum { BUCKETS_AT_FIRST = 256 };

struct key {
    uint64_t network; /* an IPv4 address, or the first half of an IPv6 one */
    uint64_t family;
};

struct qv_peer {
    struct key key;
    size_t places;
    struct qv_peer *next, **link; /* in its bucket; what points to it */
};

struct qv_peers {
    pthread_mutex_t lock;
    uint64_t secret[2];
    struct qv_peer **buckets;
    size_t bucket_count; /* a power of two */
    size_t count;
};

static struct key key_of(const struct sockaddr_storage *address)
{
    struct key key = {.family = address->ss_family};
    if (address->ss_family == AF_INET6)
        memcpy(&key.network, &((const struct sockaddr_in6 *)address)->sin6_addr,
               sizeof(key.network));
    else
        key.network = ((const struct sockaddr_in *)address)->sin_addr.s_addr;
    return key;
}

/* Two rounds of multiplying and folding: what falls into one bucket hangs on the secret. */
static size_t bucket_of(const struct qv_peers *peers, const struct key *key)
{
    unsigned __int128 product =
        (unsigned __int128)(key->network ^ peers->secret[0]) * (peers->secret[1] | 1);
    uint64_t folded = (uint64_t)product ^ (uint64_t)(product >> 64) ^ key->family;
    product = (unsigned __int128)(folded ^ peers->secret[1]) * (peers->secret[0] | 1);
    return (size_t)((uint64_t)product ^ (uint64_t)(product >> 64)) & (peers->bucket_count - 1);
}

static void put(struct qv_peers *peers, struct qv_peer *peer)
{
    struct qv_peer **first = &peers->buckets[bucket_of(peers, &peer->key)];
    peer->next = *first;
    peer->link = first;
    if (peer->next != NULL)
        peer->next->link = &peer->next;
    *first = peer;
}

/* Without memory the chains become longer, no more. */
static void grow(struct qv_peers *peers)
{
    struct qv_peer **old = peers->buckets;
    size_t old_count = peers->bucket_count;
    struct qv_peer **buckets = qv_alloc_array(old_count * 2, sizeof(struct qv_peer *));
    if (buckets == NULL)
        return;
    peers->buckets = buckets;
    peers->bucket_count = old_count * 2;
    for (size_t i = 0; i < old_count; i++) {
        struct qv_peer *next;
        for (struct qv_peer *peer = old[i]; peer != NULL; peer = next) {
            next = peer->next;
            put(peers, peer);
        }
    }
    qv_free(old);
}

static struct qv_peer *find(const struct qv_peers *peers, const struct key *key)
{
    struct qv_peer *peer = peers->buckets[bucket_of(peers, key)];
    while (peer != NULL && (peer->key.network != key->network || peer->key.family != key->family))
        peer = peer->next;
    return peer;
}

static struct qv_peer *add(struct qv_peers *peers, const struct key *key)
{
    struct qv_peer *peer = qv_alloc(sizeof(*peer));
    if (peer == NULL)
        return NULL;
    if (peers->count >= peers->bucket_count)
        grow(peers);
    peer->key = *key;
    put(peers, peer);
    peers->count++;
    return peer;
}

enum qv_status qv_peers_new(struct qv_peers **ret_peers)
{
    struct qv_peers *peers = qv_alloc(sizeof(*peers));
    if (peers == NULL)
        return QV_NO_MEMORY;
    peers->buckets = qv_alloc_array(BUCKETS_AT_FIRST, sizeof(struct qv_peer *));
    if (peers->buckets == NULL ||
        getrandom(peers->secret, sizeof(peers->secret), 0) != (ssize_t)sizeof(peers->secret)) {
        qv_free(peers->buckets);
        qv_free(peers);
        return QV_NO_MEMORY;
    }
    peers->bucket_count = BUCKETS_AT_FIRST;
    pthread_mutex_init(&peers->lock, NULL); /* fails only for arguments that these are not */
    *ret_peers = peers;
    return QV_OK;
}

void qv_peers_free(struct qv_peers **peers_at)
{
    struct qv_peers *peers = *peers_at;
    *peers_at = NULL;
    if (peers == NULL)
        return;
    pthread_mutex_destroy(&peers->lock);
    qv_free(peers->buckets);
    qv_free(peers);
}

enum qv_status qv_peers_take(struct qv_peers *peers, const struct sockaddr_storage *address,
                             size_t most, struct qv_peer **ret_peer)
{
    struct key key = key_of(address);
    enum qv_status status = QV_OK;
    pthread_mutex_lock(&peers->lock);
    struct qv_peer *peer = find(peers, &key);
    if (peer != NULL && peer->places >= most)
        status = QV_TOO_MANY;
    else if (peer == NULL && (peer = add(peers, &key)) == NULL)
        status = QV_NO_MEMORY;
    if (status == QV_OK) {
        peer->places++;
        *ret_peer = peer;
    }
    pthread_mutex_unlock(&peers->lock);
    return status;
}

void qv_peers_leave(struct qv_peers *peers, struct qv_peer *peer)
{
    pthread_mutex_lock(&peers->lock);
    bool gone = --peer->places == 0;
    if (gone) {
        *peer->link = peer->next;
        if (peer->next != NULL)
            peer->next->link = peer->link;
        peers->count--;
    }
    pthread_mutex_unlock(&peers->lock);
    if (gone)
        qv_free(peer);
}

size_t qv_peers_places(struct qv_peers *peers, const struct sockaddr_storage *address)
{
    struct key key = key_of(address);
    pthread_mutex_lock(&peers->lock);
    const struct qv_peer *peer = find(peers, &key);
    size_t places = peer != NULL ? peer->places : 0;
    pthread_mutex_unlock(&peers->lock);
    return places;
}

struct in6_addr qv_peer_address(const struct sockaddr_storage *peer)
{
    if (peer->ss_family == AF_INET6)
        return ((const struct sockaddr_in6 *)peer)->sin6_addr;
    struct in6_addr mapped = {.s6_addr = {[10] = 0xFF, [11] = 0xFF}};
    memcpy(&mapped.s6_addr[12], &((const struct sockaddr_in *)peer)->sin_addr, 4);
    return mapped;
}

void qv_peer_write(const struct sockaddr_storage *peer, char text[QV_PEER_TEXT])
{
    char address[INET6_ADDRSTRLEN] = "";
    if (peer->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)peer;
        inet_ntop(AF_INET6, &in6->sin6_addr, address, sizeof(address));
        snprintf(text, QV_PEER_TEXT, "[%s]:%u", address, ntohs(in6->sin6_port));
    } else {
        const struct sockaddr_in *in4 = (const struct sockaddr_in *)peer;
        inet_ntop(AF_INET, &in4->sin_addr, address, sizeof(address));
        snprintf(text, QV_PEER_TEXT, "%s:%u", address, ntohs(in4->sin_port));
    }
}
