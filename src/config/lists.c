/*
 * Lists of mappings in the YAML document (listeners, limits.identities): each item is read into a
 * struct of its own, by a table of its own, with the walk that reads the whole.
 *
 * Holds always: there are as many structs as items, also where some have faults, so that each is
 * told and freed; a list is taken only within its bounds. One thread.
 */
#include "scope.h"

#include <quiver/base/memory.h>
#include <quiver/base/yaml.h>
#include <stdio.h>

#define LISTENERS_MAX  64
#define IDENTITIES_MAX 1000

/* One list, whose items are each read by a table of their own. */
struct items {
    const char *name;   /* its path: "limits.identities" */
    const char *what;   /* for people: "listeners" */
    const char *wanted; /* for people: the keys of an item */
    const struct qv_settings *settings;
    size_t least, most;
};

/* Reads an item into `base`; `given` is by index into the list's settings. True where no fault was
   found. */
static bool read_item(struct qv_scope *above, const struct items *items, size_t index,
                      const yaml_node_t *node, void *base, bool *given)
{
    char shown[48];
    if (node->type != YAML_MAPPING_NODE || qv_yaml_has_tag(node)) {
        qv_load_fault(above->load, qv_scope_line(node), NULL, "%s[%zu]: must be a mapping with %s",
                      items->name, index, items->wanted);
        return false;
    }
    snprintf(shown, sizeof(shown), "%s[%zu].", items->name, index);
    struct qv_scope scope = *above;
    scope.settings = items->settings;
    scope.base = base;
    scope.path = "";
    scope.shown = shown;
    scope.given = given;
    size_t found = above->load->found;
    qv_scope_read_mapping(&scope, node);
    qv_scope_fill_up(&scope, qv_scope_line(node));
    return above->load->found == found && !above->load->out_of_memory;
}

/* Room for the items; NULL: there are none, or told why not. */
static void *make_items(struct qv_scope *scope, const struct items *items, const yaml_node_t *node,
                        size_t size, size_t *ret_count)
{
    bool list = node->type == YAML_SEQUENCE_NODE && !qv_yaml_has_tag(node);
    size_t count = 0;
    if (list)
        count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
    if (!list || count < items->least || count > items->most) {
        qv_load_fault(scope->load, qv_scope_line(node), items->name,
                      "must be a list of %zu to %zu %s", items->least, items->most, items->what);
        return NULL;
    }
    if (count == 0)
        return NULL;
    void *made = qv_alloc_array(count, size);
    if (made == NULL)
        scope->load->out_of_memory = true;
    else
        *ret_count = count;
    return made;
}

static const yaml_node_t *item_at(const struct qv_scope *scope, const yaml_node_t *list,
                                  size_t index)
{
    return yaml_document_get_node(scope->document, list->data.sequence.items.start[index]);
}

void qv_scope_read_listeners(struct qv_scope *scope, const yaml_node_t *node)
{
    static const struct items items = {.name = "listeners",
                                       .what = "listeners",
                                       .wanted = "name, address, port, tls, serve",
                                       .settings = &qv_listener_settings,
                                       .least = 1,
                                       .most = LISTENERS_MAX};
    size_t authentication = qv_settings_find(&qv_listener_settings, QV_STR("authentication"));
    struct qv_config *config = scope->load->config;
    config->listeners =
        make_items(scope, &items, node, sizeof(*config->listeners), &config->listener_count);
    for (size_t i = 0; i < config->listener_count; i++) {
        bool given[QV_SETTINGS_MAX] = {false};
        const yaml_node_t *item = item_at(scope, node, i);
        config->listeners[i].line = qv_scope_line(item);
        if (read_item(scope, &items, i, item, &config->listeners[i], given))
            qv_check_listener(scope->load, &config->listeners[i], given[authentication]);
    }
}

void qv_scope_read_identities(struct qv_scope *scope, const yaml_node_t *node)
{
    static const struct items items = {.name = "limits.identities",
                                       .what = "entries",
                                       .wanted = "systems and their limits",
                                       .settings = &qv_identity_settings,
                                       .least = 0,
                                       .most = IDENTITIES_MAX};
    struct qv_config_identity_limits *limits = &scope->load->config->limits.identities;
    limits->at = make_items(scope, &items, node, sizeof(*limits->at), &limits->count);
    for (size_t i = 0; i < limits->count; i++) {
        bool given[QV_SETTINGS_MAX] = {false};
        const yaml_node_t *item = item_at(scope, node, i);
        limits->at[i].line = qv_scope_line(item);
        (void)read_item(scope, &items, i, item, &limits->at[i], given);
    }
}
