/*
 * A mapping of the YAML document that is being read by a table of settings: what the walk and the
 * lists of mappings share. Private to the module; one thread.
 */
#ifndef QUIVER_CONFIG_SCOPE_H
#define QUIVER_CONFIG_SCOPE_H

#include "load.h"
#include <yaml.h>

/** All borrowed for the reading. */
struct qv_scope {
    struct qv_load *load;
    yaml_document_t *document;
    const struct qv_settings *settings;
    void *base;        /**< the struct that the settings are members of */
    const char *path;  /**< before the keys, for the table: "store." */
    const char *shown; /**< before the keys, for people: "listeners[1]." */
    bool *given;       /**< by index into the settings */
};

/** Where a node begins. */
static inline int qv_scope_line(const yaml_node_t *node)
{
    return (int)node->start_mark.line + 1;
}

/** Reads each key by its row; what is wrong is told. */
void qv_scope_read_mapping(struct qv_scope *scope, const yaml_node_t *mapping);
/** Gives what was not given its default; tells what is missing, in `line`. */
void qv_scope_fill_up(struct qv_scope *scope, int line);

/** The value of `listeners`. */
void qv_scope_read_listeners(struct qv_scope *scope, const yaml_node_t *node);
/** That of `limits.identities`. */
void qv_scope_read_identities(struct qv_scope *scope, const yaml_node_t *node);

#endif
