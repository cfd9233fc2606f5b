/*
 * What readers hold: the view that is in force, behind one lock that prefers the writer. No read
 * path takes the lock while it holds it. Any thread; publishing is the writer's.
 */
#include "view_chap.h"

#include <quiver/base/memory.h>
#include <stddef.h>

static enum qv_status lock_init(pthread_rwlock_t *lock)
{
    pthread_rwlockattr_t attributes;
    if (pthread_rwlockattr_init(&attributes) != 0)
        return QV_NO_MEMORY;
    /* Readers come without pause; the default would let them keep the writer out for ever. */
    pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    int failed = pthread_rwlock_init(lock, &attributes);
    pthread_rwlockattr_destroy(&attributes);
    return failed ? QV_NO_MEMORY : QV_OK;
}

enum qv_status qv_registry_new(const struct qv_rules *rules, struct qv_registry **ret_registry)
{
    struct qv_registry *registry = qv_alloc(sizeof(*registry));
    if (registry == NULL)
        return QV_NO_MEMORY;
    registry->rules = rules;
    enum qv_status status = lock_init(&registry->lock);
    if (status != QV_OK) {
        qv_free(registry);
        return status;
    }
    *ret_registry = registry;
    return QV_OK;
}

void qv_registry_free(struct qv_registry **registry)
{
    if (*registry == NULL)
        return;
    qv_view_free(&(*registry)->view);
    qv_anchors_free(&(*registry)->revocation.anchors);
    pthread_rwlock_destroy(&(*registry)->lock);
    qv_free(*registry);
    *registry = NULL;
}

void qv_registry_publish(struct qv_registry *registry, struct qv_view *view)
{
    if (view->bridge.definition == NULL && registry->chap_definition != NULL) {
        qv_view_prepare_for(view, registry);
        chap_complete_bridge(view);
    }
    pthread_rwlock_wrlock(&registry->lock);
    struct qv_view *before = registry->view;
    registry->view = view;
    registry->views++;
    view->registry = registry;
    pthread_rwlock_unlock(&registry->lock);
    /* Readers hold references to entities only, never to a view beyond the lock. */
    qv_view_free(&before);
}

void qv_registry_expose_chap(struct qv_registry *registry, const char *definition)
{
    registry->chap_definition = definition;
}

enum qv_status refuse_unloaded(struct qv_error *error)
{
    return qv_error_set(error, QV_UNAVAILABLE,
                        "The registry is still loading what is stored; try again");
}

void qv_registry_state(struct qv_registry *registry, struct qv_registry_state *ret_state)
{
    struct qv_registry_state state = {0};
    pthread_rwlock_rdlock(&registry->lock);
    const struct qv_view *view = registry->view;
    if (view != NULL) {
        state.loaded = true;
        state.epoch = view->epoch;
        state.revision = view->revision;
        for (int kind = 0; kind < QV_KIND_COUNT; kind++) {
            state.count[kind] = view->index[kind].count;
            state.bytes[kind] = view->bytes[kind];
        }
    }
    pthread_rwlock_unlock(&registry->lock);
    *ret_state = state;
}

enum qv_status qv_registry_check_loaded(struct qv_registry *registry, struct qv_error *error)
{
    pthread_rwlock_rdlock(&registry->lock);
    bool loaded = registry->view != NULL;
    pthread_rwlock_unlock(&registry->lock);
    return loaded ? QV_OK : refuse_unloaded(error);
}

/* Under the lock. */
static struct qv_entity_head *find_entity(const struct qv_view *view, enum qv_kind kind,
                                          struct qv_str id)
{
    if (kind == QV_KIND_INSTANCE) {
        const struct instance_record *instance = view_find_instance(view, id);
        return instance != NULL ? qv_entity_ref(instance->current) : NULL;
    }
    const struct record *record = view_find(view, kind, id);
    return record != NULL ? qv_entity_ref(record->current) : NULL;
}

enum qv_status qv_registry_get(struct qv_registry *registry, enum qv_kind kind, struct qv_str id,
                               struct qv_entity_head **ret_entity, struct qv_error *error)
{
    struct qv_entity_head *entity = NULL;
    pthread_rwlock_rdlock(&registry->lock);
    bool loaded = registry->view != NULL;
    if (loaded)
        entity = find_entity(registry->view, kind, id);
    pthread_rwlock_unlock(&registry->lock);
    if (!loaded)
        return refuse_unloaded(error);
    *ret_entity = entity;
    return QV_OK;
}

/* ---- templates for the domain ------------------------------------------------------------------
 */

static const struct qv_template *find_template(const struct qv_template_source *source,
                                               struct qv_str name)
{
    struct qv_template_lookup *lookup =
        (struct qv_template_lookup *)((char *)source - offsetof(struct qv_template_lookup, source));
    struct qv_entity_head **kept =
        qv_realloc_array(lookup->kept_, lookup->kept_count_ + 1, sizeof(struct qv_entity_head *));
    if (kept == NULL)
        return NULL;
    lookup->kept_ = kept;

    struct qv_entity_head *entity = NULL;
    pthread_rwlock_rdlock(&lookup->registry_->lock);
    const struct qv_view *view = lookup->registry_->view;
    if (view != NULL)
        entity = find_entity(view, QV_KIND_TEMPLATE, name);
    pthread_rwlock_unlock(&lookup->registry_->lock);
    if (entity == NULL)
        return NULL;
    kept[lookup->kept_count_++] = entity;
    return ((struct qv_template_entity *)entity)->template_;
}

void qv_template_lookup_begin(struct qv_registry *registry, struct qv_template_lookup *lookup)
{
    *lookup = (struct qv_template_lookup){.source = {.find = find_template}, .registry_ = registry};
}

void qv_template_lookup_free(struct qv_template_lookup *lookup)
{
    for (size_t i = 0; i < lookup->kept_count_; i++)
        qv_entity_free(&lookup->kept_[i]);
    qv_free(lookup->kept_);
    lookup->kept_ = NULL;
    lookup->kept_count_ = 0;
}
