/*
 * Walks the YAML document along the table of settings.
 *
 * Holds always: every key is either read by its row of the table or refused with its line, and
 * nothing is read twice; the walk's depth is the table's, so a document that contains itself (by
 * an alias) ends too. One thread.
 */
#include "walk.h"
#include "scope.h"
#include "values.h"

#include <quiver/base/yaml.h>
#include <string.h>

#define KEY_SHOWN_MAX 40

/* ---- values ---- */

static bool has_control(struct qv_str text)
{
    for (size_t i = 0; i < text.length; i++)
        if ((unsigned char)text.at[i] < ' ' || text.at[i] == 0x7F)
            return true;
    return false;
}

static void read_scalar(struct qv_scope *scope, const struct qv_setting *setting, const char *key,
                        const yaml_node_t *node)
{
    const struct qv_kind *kind = qv_kind_of(setting);
    int line = qv_scope_line(node);
    if (node->type != YAML_SCALAR_NODE || qv_yaml_has_tag(node))
        qv_load_fault(scope->load, line, key, "must be a plain value, not a list, mapping or tag");
    else if (qv_yaml_is_null(node))
        qv_load_fault(scope->load, line, key, "has no value, give one or remove the line");
    else if (kind->plain && !qv_yaml_is_plain(node))
        qv_load_fault(scope->load, line, key, "must be written without quotes");
    else if (has_control(qv_yaml_scalar(node)))
        qv_load_fault(scope->load, line, key, "has a control character in it, remove it");
    else {
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        enum qv_status status = qv_value_convert(setting, qv_yaml_scalar(node), scope->load->config,
                                                 scope->base, &error);
        if (status == QV_INVALID && error.message != NULL)
            qv_load_fault(scope->load, line, key, "%s", qv_error_message(&error));
        else if (status != QV_OK)
            scope->load->out_of_memory = true;
    }
}

static void read_list(struct qv_scope *scope, const struct qv_setting *setting, const char *key,
                      const yaml_node_t *node)
{
    if (node->type != YAML_SEQUENCE_NODE || qv_yaml_has_tag(node)) {
        qv_load_fault(scope->load, qv_scope_line(node), key, "must be a list, write [a, b]");
        return;
    }
    if (setting->required && node->data.sequence.items.start == node->data.sequence.items.top)
        qv_load_fault(scope->load, qv_scope_line(node), key, "must not be empty");
    for (const yaml_node_item_t *item = node->data.sequence.items.start;
         item < node->data.sequence.items.top; item++)
        read_scalar(scope, setting, key, yaml_document_get_node(scope->document, *item));
}

/* ---- keys ---- */

/* A key as a message shows it: what is no word may be a value in the wrong place, a secret one. */
static void put_key(struct qv_buf *buf, struct qv_str key)
{
    bool word = key.length > 0 && key.length <= KEY_SHOWN_MAX;
    for (size_t i = 0; i < key.length && word; i++)
        word = (key.at[i] >= 'a' && key.at[i] <= 'z') || (key.at[i] >= 'A' && key.at[i] <= 'Z') ||
               (key.at[i] >= '0' && key.at[i] <= '9') ||
               (key.at[i] != '\0' && strchr("_-.", key.at[i]) != NULL);
    qv_buf_put(buf, word ? key : QV_STR("(key)"));
}

static void refuse_key(struct qv_scope *scope, int line, const char *shown)
{
    QV_CLEANUP(qv_buf) struct qv_buf known = {0};
    qv_settings_put_known(&known, scope->settings, qv_str_from(scope->path));
    if (qv_buf_status(&known) != QV_OK) {
        scope->load->out_of_memory = true;
        return;
    }
    qv_load_fault(scope->load, line, shown, "is not a setting; known here: %s",
                  known.at != NULL ? known.at : "nothing");
}

/* The line where an earlier pair of this mapping has the same key, or 0. */
static int earlier_line(struct qv_scope *scope, const yaml_node_t *mapping,
                        const yaml_node_pair_t *pair, struct qv_str key)
{
    for (const yaml_node_pair_t *other = mapping->data.mapping.pairs.start; other < pair; other++) {
        const yaml_node_t *node = yaml_document_get_node(scope->document, other->key);
        if (node->type == YAML_SCALAR_NODE && qv_str_equal(qv_yaml_scalar(node), key))
            return qv_scope_line(node);
    }
    return 0;
}

static void read_row(struct qv_scope *scope, size_t row, const char *shown, int key_line,
                     const yaml_node_t *value)
{
    const struct qv_setting *setting = &scope->settings->at[row];
    if (setting->later) {
        qv_load_fault(scope->load, key_line, shown, "is not supported by this version, remove it");
        return;
    }
    scope->given[row] = true;
    if (scope->settings == &qv_config_settings)
        scope->load->lines[row] = key_line;
    if (setting->kind == QV_KIND_LISTENERS)
        qv_scope_read_listeners(scope, value);
    else if (setting->kind == QV_KIND_IDENTITIES)
        qv_scope_read_identities(scope, value);
    else if (qv_kind_of(setting)->list)
        read_list(scope, setting, shown, value);
    else
        read_scalar(scope, setting, shown, value);
}

static void read_group(struct qv_scope *scope, const char *path, const char *shown,
                       const yaml_node_t *node)
{
    if (node->type != YAML_MAPPING_NODE || qv_yaml_has_tag(node)) {
        qv_load_fault(scope->load, qv_scope_line(node), shown,
                      "must be a mapping: its settings below it, indented");
        return;
    }
    QV_CLEANUP(qv_buf) struct qv_buf inner_path = {0}, inner_shown = {0};
    qv_buf_printf(&inner_path, "%s.", path);
    qv_buf_printf(&inner_shown, "%s.", shown);
    if (qv_buf_status(&inner_path) != QV_OK || qv_buf_status(&inner_shown) != QV_OK) {
        scope->load->out_of_memory = true;
        return;
    }
    struct qv_scope inner = *scope;
    inner.path = inner_path.at;
    inner.shown = inner_shown.at;
    qv_scope_read_mapping(&inner, node);
}

static void read_pair(struct qv_scope *scope, const yaml_node_t *mapping,
                      const yaml_node_pair_t *pair)
{
    const yaml_node_t *key = yaml_document_get_node(scope->document, pair->key);
    const yaml_node_t *value = yaml_document_get_node(scope->document, pair->value);
    if (key->type != YAML_SCALAR_NODE) {
        qv_load_fault(scope->load, qv_scope_line(key), NULL, "a key must be a word");
        return;
    }
    QV_CLEANUP(qv_buf) struct qv_buf path = {0}, shown = {0};
    qv_buf_put_text(&path, scope->path);
    qv_buf_put(&path, qv_yaml_scalar(key));
    qv_buf_put_text(&shown, scope->shown);
    put_key(&shown, qv_yaml_scalar(key));
    /* An empty key outside of any group: both buffers must be text all the same. */
    qv_buf_reserve(&path, 1);
    qv_buf_reserve(&shown, 1);
    if (qv_buf_status(&path) != QV_OK || qv_buf_status(&shown) != QV_OK) {
        scope->load->out_of_memory = true;
        return;
    }
    /* A path written as one key would escape the search for what is given twice. */
    bool dotted = qv_str_find(qv_yaml_scalar(key), '.') != SIZE_MAX;
    size_t row = qv_settings_find(scope->settings, qv_buf_str(&path));
    bool is_setting = row < scope->settings->count && !dotted;
    if (!is_setting && (dotted || !qv_settings_is_group(scope->settings, qv_buf_str(&path)))) {
        refuse_key(scope, qv_scope_line(key), shown.at);
        return;
    }
    int earlier = earlier_line(scope, mapping, pair, qv_yaml_scalar(key));
    if (earlier != 0)
        qv_load_fault(scope->load, qv_scope_line(key), shown.at,
                      "is given twice (first in line %d), remove one", earlier);
    else if (is_setting)
        read_row(scope, row, shown.at, qv_scope_line(key), value);
    else
        read_group(scope, path.at, shown.at, value);
}

void qv_scope_read_mapping(struct qv_scope *scope, const yaml_node_t *mapping)
{
    for (const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
         pair < mapping->data.mapping.pairs.top; pair++)
        read_pair(scope, mapping, pair);
}

/* ---- what was not given ---- */

static void apply_fallback(struct qv_scope *scope, const struct qv_setting *setting)
{
    struct qv_str rest = qv_str_from(setting->fallback), part;
    bool list = qv_kind_of(setting)->list;
    if (list && rest.length == 0)
        return;
    do {
        if (!qv_str_split_next(&rest, list ? ',' : '\0', &part))
            return;
        /* The table's own values are good (tests/unit/test_config.c), so this is memory. */
        if (qv_value_convert(setting, part, scope->load->config, scope->base, NULL) != QV_OK)
            scope->load->out_of_memory = true;
    } while (list);
}

void qv_scope_fill_up(struct qv_scope *scope, int line)
{
    for (size_t i = 0; i < scope->settings->count; i++) {
        const struct qv_setting *setting = &scope->settings->at[i];
        if (scope->given[i])
            continue;
        if (setting->required)
            qv_load_fault(scope->load, line, NULL, "%s%s is missing", scope->shown, setting->path);
        else if (setting->fallback != NULL)
            apply_fallback(scope, setting);
    }
}

/* ---- the top ---- */

void qv_load_document(struct qv_load *load, yaml_document_t *document)
{
    const yaml_node_t *root = yaml_document_get_root_node(document);
    if (root == NULL || root->type != YAML_MAPPING_NODE || qv_yaml_has_tag(root)) {
        qv_load_fault(load, root != NULL ? qv_scope_line(root) : 1, NULL,
                      "must be a mapping of settings, as `listeners:`");
        return;
    }
    bool given[QV_SETTINGS_MAX] = {false};
    struct qv_scope scope = {.load = load,
                             .document = document,
                             .settings = &qv_config_settings,
                             .base = load->config,
                             .path = "",
                             .shown = "",
                             .given = given};
    qv_scope_read_mapping(&scope, root);
    qv_scope_fill_up(&scope, qv_scope_line(root));
}
