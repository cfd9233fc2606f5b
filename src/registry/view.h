/*
 * One view: the records behind the indexes and how they hang together. Private to the registry.
 *
 * A record is the place of a name; the entity in it is replaced as a whole. Records are changed by
 * the writer alone, under the registry's write lock once the view is published. An instance always
 * has its entity; a system, device or definition record may be empty, as long as others refer to it
 * (while a history is replayed, an instance may come before its provider).
 */
#ifndef QUIVER_REGISTRY_VIEW_H
#define QUIVER_REGISTRY_VIEW_H

#include "bridge.h"
#include "clock.h"
#include "index.h"
#include "owned.h"
#include "revocation.h"
#include "roster.h"

#include <pthread.h>
#include <quiver/registry/registry.h>

/* By whom an instance is found: each owner has an array of its instances. */
enum owner { OWNER_PROVIDER, OWNER_DEFINITION, OWNER_COUNT };

struct record {
    struct index_node node;
    struct qv_entity_head *current; /* owned reference; NULL: empty */
    struct record *device;          /* of a system: the one it is on; NULL: none */
    struct owned instances;         /* of a provider or definition */
    union {
        struct record *systems;  /* of a device: those that are on it */
        struct bridged *bridged; /* of a CHAP service: owned; NULL: it is not exposed */
    };
    struct record *next, *previous; /* of a system: among those on its device */
    size_t users;                   /* how many records point here */
    size_t place;                   /* in the roster of its kind */
    char key[];
};

struct instance_record {
    struct index_node node;
    struct qv_instance *current; /* owned reference */
    struct record *owner[OWNER_COUNT];
    uint32_t place[OWNER_COUNT]; /* among the owner's instances */
};

struct qv_view {
    struct qv_registry *registry; /* NULL until published: then its lock is taken for changes */
    struct index index[QV_KIND_COUNT];
    struct roster roster[QV_KIND_COUNT]; /* but of instances: their owners have them */
    struct bridge bridge;                /* to the CHAP services that are exposed */
    size_t bytes[QV_KIND_COUNT];         /* of the entities' memory */
    uint64_t epoch, revision;
};

struct qv_registry {
    const struct qv_rules *rules;
    pthread_rwlock_t lock;
    struct qv_view *view; /* NULL until the first is published */
    uint64_t views;       /* published so far */
    struct revocation revocation;
    struct clock clock;
    const char *chap_definition; /* borrowed; of CHAP services that are exposed; NULL: none are */
};

/** Record of a name, NULL where there is none. Under the lock, or by the writer. */
struct record *view_find(const struct qv_view *view, enum qv_kind kind, struct qv_str name);
struct instance_record *view_find_instance(const struct qv_view *view, struct qv_str id);

/** The words of whoever asks before the first view is there: QV_UNAVAILABLE. */
enum qv_status refuse_unloaded(struct qv_error *error);

#endif
