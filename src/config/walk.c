/*
 * Walks the YAML document along the table of settings.
 *
 * Holds always: every key is either read by its row of the table or refused with its line, and
 * nothing is read twice; the walk's depth is the table's, so a document that contains itself (by
 * an alias) ends too. One thread.
 */
#include "walk.h"
#include "values.h"
#include <quiver/base/memory.h>
#include <stdio.h>
#include <string.h>

#define LISTENERS_MAX  64
#define IDENTITIES_MAX 1000
#define KEY_SHOWN_MAX  40

/* A mapping that is being read. */
struct scope {
    struct qv_load *load;
    yaml_document_t *document;
    const struct qv_settings *settings;
    void *base;        /* the struct that the settings are members of */
    const char *path;  /* before the keys, for the table: "store." */
    const char *shown; /* before the keys, for people: "listeners[1]." */
    bool *given;       /* by index into the settings */
};

static int line_of(const yaml_node_t *node)
{
    return (int)node->start_mark.line + 1;
}

static struct qv_str scalar(const yaml_node_t *node)
{
    return (struct qv_str){.at = (const char *)node->data.scalar.value,
                           .length = node->data.scalar.length};
}

static bool is_plain(const yaml_node_t *node)
{
    return node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

/* A key without a value, or null as YAML writes it. */
static bool is_null(const yaml_node_t *node)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};
    if (node->type != YAML_SCALAR_NODE || !is_plain(node))
        return false;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (qv_str_equal(scalar(node), qv_str_from(words[i])))
            return true;
    return false;
}

/* A tag (!env, !!int) asks for something that would not be done. */
static bool has_tag(const yaml_node_t *node)
{
    static const char *const defaults[] = {
        [YAML_SCALAR_NODE] = YAML_DEFAULT_SCALAR_TAG,
        [YAML_SEQUENCE_NODE] = YAML_DEFAULT_SEQUENCE_TAG,
        [YAML_MAPPING_NODE] = YAML_DEFAULT_MAPPING_TAG,
    };
    return strcmp((const char *)node->tag, defaults[node->type]) != 0;
}

/* ---- values ---- */

static bool has_control(struct qv_str text)
{
    for (size_t i = 0; i < text.length; i++)
        if ((unsigned char)text.at[i] < ' ' || text.at[i] == 0x7F)
            return true;
    return false;
}

static void read_scalar(struct scope *scope, const struct qv_setting *setting, const char *key,
                        const yaml_node_t *node)
{
    const struct qv_kind *kind = qv_kind_of(setting);
    int line = line_of(node);
    if (node->type != YAML_SCALAR_NODE || has_tag(node))
        qv_load_fault(scope->load, line, key, "must be a plain value, not a list, mapping or tag");
    else if (is_null(node))
        qv_load_fault(scope->load, line, key, "has no value, give one or remove the line");
    else if (kind->plain && !is_plain(node))
        qv_load_fault(scope->load, line, key, "must be written without quotes");
    else if (has_control(scalar(node)))
        qv_load_fault(scope->load, line, key, "has a control character in it, remove it");
    else {
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        enum qv_status status =
            qv_value_convert(setting, scalar(node), scope->load->config, scope->base, &error);
        if (status == QV_INVALID && error.message != NULL)
            qv_load_fault(scope->load, line, key, "%s", qv_error_message(&error));
        else if (status != QV_OK)
            scope->load->out_of_memory = true;
    }
}

static void read_list(struct scope *scope, const struct qv_setting *setting, const char *key,
                      const yaml_node_t *node)
{
    if (node->type != YAML_SEQUENCE_NODE || has_tag(node)) {
        qv_load_fault(scope->load, line_of(node), key, "must be a list, write [a, b]");
        return;
    }
    if (setting->required && node->data.sequence.items.start == node->data.sequence.items.top)
        qv_load_fault(scope->load, line_of(node), key, "must not be empty");
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

static void refuse_key(struct scope *scope, int line, const char *shown)
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
static int earlier_line(struct scope *scope, const yaml_node_t *mapping,
                        const yaml_node_pair_t *pair, struct qv_str key)
{
    for (const yaml_node_pair_t *other = mapping->data.mapping.pairs.start; other < pair; other++) {
        const yaml_node_t *node = yaml_document_get_node(scope->document, other->key);
        if (node->type == YAML_SCALAR_NODE && qv_str_equal(scalar(node), key))
            return line_of(node);
    }
    return 0;
}

static void read_mapping(struct scope *scope, const yaml_node_t *mapping);
static void read_listeners(struct scope *scope, const yaml_node_t *node);
static void read_identities(struct scope *scope, const yaml_node_t *node);

static void read_row(struct scope *scope, size_t row, const char *shown, int key_line,
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
        read_listeners(scope, value);
    else if (setting->kind == QV_KIND_IDENTITIES)
        read_identities(scope, value);
    else if (qv_kind_of(setting)->list)
        read_list(scope, setting, shown, value);
    else
        read_scalar(scope, setting, shown, value);
}

static void read_group(struct scope *scope, const char *path, const char *shown,
                       const yaml_node_t *node)
{
    if (node->type != YAML_MAPPING_NODE || has_tag(node)) {
        qv_load_fault(scope->load, line_of(node), shown,
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
    struct scope inner = *scope;
    inner.path = inner_path.at;
    inner.shown = inner_shown.at;
    read_mapping(&inner, node);
}

static void read_pair(struct scope *scope, const yaml_node_t *mapping, const yaml_node_pair_t *pair)
{
    const yaml_node_t *key = yaml_document_get_node(scope->document, pair->key);
    const yaml_node_t *value = yaml_document_get_node(scope->document, pair->value);
    if (key->type != YAML_SCALAR_NODE) {
        qv_load_fault(scope->load, line_of(key), NULL, "a key must be a word");
        return;
    }
    QV_CLEANUP(qv_buf) struct qv_buf path = {0}, shown = {0};
    qv_buf_put_text(&path, scope->path);
    qv_buf_put(&path, scalar(key));
    qv_buf_put_text(&shown, scope->shown);
    put_key(&shown, scalar(key));
    /* An empty key outside of any group: both buffers must be text all the same. */
    qv_buf_reserve(&path, 1);
    qv_buf_reserve(&shown, 1);
    if (qv_buf_status(&path) != QV_OK || qv_buf_status(&shown) != QV_OK) {
        scope->load->out_of_memory = true;
        return;
    }
    /* A path written as one key would escape the search for what is given twice. */
    bool dotted = qv_str_find(scalar(key), '.') != SIZE_MAX;
    size_t row = qv_settings_find(scope->settings, qv_buf_str(&path));
    bool is_setting = row < scope->settings->count && !dotted;
    if (!is_setting && (dotted || !qv_settings_is_group(scope->settings, qv_buf_str(&path)))) {
        refuse_key(scope, line_of(key), shown.at);
        return;
    }
    int earlier = earlier_line(scope, mapping, pair, scalar(key));
    if (earlier != 0)
        qv_load_fault(scope->load, line_of(key), shown.at,
                      "is given twice (first in line %d), remove one", earlier);
    else if (is_setting)
        read_row(scope, row, shown.at, line_of(key), value);
    else
        read_group(scope, path.at, shown.at, value);
}

static void read_mapping(struct scope *scope, const yaml_node_t *mapping)
{
    for (const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
         pair < mapping->data.mapping.pairs.top; pair++)
        read_pair(scope, mapping, pair);
}

/* ---- what was not given ---- */

static void apply_fallback(struct scope *scope, const struct qv_setting *setting)
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

static void fill_up(struct scope *scope, int line)
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

/* ---- lists of mappings ---- */

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
static bool read_item(struct scope *above, const struct items *items, size_t index,
                      const yaml_node_t *node, void *base, bool *given)
{
    char shown[48];
    if (node->type != YAML_MAPPING_NODE || has_tag(node)) {
        qv_load_fault(above->load, line_of(node), NULL, "%s[%zu]: must be a mapping with %s",
                      items->name, index, items->wanted);
        return false;
    }
    snprintf(shown, sizeof(shown), "%s[%zu].", items->name, index);
    struct scope scope = *above;
    scope.settings = items->settings;
    scope.base = base;
    scope.path = "";
    scope.shown = shown;
    scope.given = given;
    size_t found = above->load->found;
    read_mapping(&scope, node);
    fill_up(&scope, line_of(node));
    return above->load->found == found && !above->load->out_of_memory;
}

/* Room for the items; NULL: there are none, or told why not. */
static void *make_items(struct scope *scope, const struct items *items, const yaml_node_t *node,
                        size_t size, size_t *ret_count)
{
    bool list = node->type == YAML_SEQUENCE_NODE && !has_tag(node);
    size_t count = 0;
    if (list)
        count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
    if (!list || count < items->least || count > items->most) {
        qv_load_fault(scope->load, line_of(node), items->name, "must be a list of %zu to %zu %s",
                      items->least, items->most, items->what);
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

static const yaml_node_t *item_at(const struct scope *scope, const yaml_node_t *list, size_t index)
{
    return yaml_document_get_node(scope->document, list->data.sequence.items.start[index]);
}

static void read_listeners(struct scope *scope, const yaml_node_t *node)
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
        config->listeners[i].line = line_of(item);
        if (read_item(scope, &items, i, item, &config->listeners[i], given))
            qv_check_listener(scope->load, &config->listeners[i], given[authentication]);
    }
}

static void read_identities(struct scope *scope, const yaml_node_t *node)
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
        limits->at[i].line = line_of(item);
        (void)read_item(scope, &items, i, item, &limits->at[i], given);
    }
}

/* ---- the top ---- */

void qv_load_document(struct qv_load *load, yaml_document_t *document)
{
    const yaml_node_t *root = yaml_document_get_root_node(document);
    if (root == NULL || root->type != YAML_MAPPING_NODE || has_tag(root)) {
        qv_load_fault(load, root != NULL ? line_of(root) : 1, NULL,
                      "must be a mapping of settings, as `listeners:`");
        return;
    }
    bool given[QV_SETTINGS_MAX] = {false};
    struct scope scope = {.load = load,
                          .document = document,
                          .settings = &qv_config_settings,
                          .base = load->config,
                          .path = "",
                          .shown = "",
                          .given = given};
    read_mapping(&scope, root);
    fill_up(&scope, line_of(root));
}
