/*
 * Which CHAP services are exposed, and finding them: see bridge.h. Joining and leaving cannot fail;
 * what can is made before.
 */
#include "bridge.h"

#include <quiver/base/memory.h>
#include <string.h>

/* ---- one ------------------------------------------------------------------------------------- */

enum qv_status bridge_make(const struct bridge *bridge, const struct qv_chap *chap,
                           struct bridged **ret_bridged)
{
    struct qv_chap_bridge form;
    *ret_bridged = NULL;
    if (bridge->definition == NULL)
        return QV_OK;
    enum qv_status status =
        qv_chap_bridge_new(bridge->rules, bridge->definition, chap, &form, NULL);
    if (status != QV_OK)
        return status == QV_INVALID ? QV_OK : status;
    struct bridged *bridged = qv_alloc(sizeof(*bridged));
    if (bridged == NULL) {
        qv_chap_bridge_free(&form);
        return QV_NO_MEMORY;
    }
    bridged->form = form;
    bridged->chap = chap;
    *ret_bridged = bridged;
    return QV_OK;
}

void bridged_free(struct bridged **bridged)
{
    if (*bridged == NULL)
        return;
    qv_chap_bridge_free(&(*bridged)->form);
    qv_free(*bridged);
    *bridged = NULL;
}

/* ---- by the provider's name ------------------------------------------------------------------ */

static struct bridged *find_first(const struct bridge *bridge, struct qv_str provider)
{
    if (bridge->first == NULL)
        return NULL;
    return (struct bridged *)index_find(&bridge->by_provider, provider);
}

/* The key is the text of the one that is in the index. */
static void enter(struct bridge *bridge, struct bridged *bridged)
{
    index_add(&bridge->by_provider, &bridged->node, bridged->form.system->head.id);
}

static void join_name(struct bridge *bridge, struct bridged *bridged)
{
    struct bridged *first = find_first(bridge, bridged->form.system->head.id);
    if (first == NULL) {
        enter(bridge, bridged);
        return;
    }
    bridged->twin = first->twin;
    first->twin = bridged;
}

static void leave_name(struct bridge *bridge, struct bridged *bridged)
{
    struct bridged *at = find_first(bridge, bridged->form.system->head.id);
    if (at == bridged) {
        index_remove(&bridge->by_provider, &bridged->node);
        if (bridged->twin != NULL)
            enter(bridge, bridged->twin);
        return;
    }
    while (at->twin != bridged)
        at = at->twin;
    at->twin = bridged->twin;
}

/* ---- all ------------------------------------------------------------------------------------- */

void bridge_join(struct bridge *bridge, struct bridged *bridged)
{
    join_name(bridge, bridged);
    bridged->next = bridge->first;
    if (bridge->first != NULL)
        bridge->first->previous = bridged;
    bridge->first = bridged;
}

void bridge_leave(struct bridge *bridge, struct bridged *bridged)
{
    if (bridged == NULL)
        return;
    leave_name(bridge, bridged);
    if (bridged->previous != NULL)
        bridged->previous->next = bridged->next;
    else
        bridge->first = bridged->next;
    if (bridged->next != NULL)
        bridged->next->previous = bridged->previous;
    bridged_free(&bridged);
}

static void forget(struct index_node *node)
{
    (void)node;
}

void bridge_free(struct bridge *bridge)
{
    index_drain(&bridge->by_provider, forget);
}

/* ---- finding --------------------------------------------------------------------------------- */

const struct bridged *bridge_find(const struct bridge *bridge, struct qv_str provider)
{
    return find_first(bridge, provider);
}

/* The provider is in front of the separator, which no name has in it. */
static struct qv_str provider_of(const struct bridge *bridge, struct qv_str id)
{
    const char *separator = qv_dialect_separator(bridge->rules->dialect);
    const char *at = memmem(id.at, id.length, separator, strlen(separator));
    return qv_str_part(id, 0, at != NULL ? (size_t)(at - id.at) : id.length);
}

const struct bridged *bridged_next_twin(const struct bridged *from, struct qv_str id)
{
    while (from != NULL && !qv_str_equal(from->form.instance->head.id, id))
        from = from->twin;
    return from;
}

const struct bridged *bridge_find_instance(const struct bridge *bridge, struct qv_str id)
{
    if (bridge->first == NULL || id.length == 0)
        return NULL;
    return bridged_next_twin(find_first(bridge, provider_of(bridge, id)), id);
}
