/*
 * YAML values as JSON, for what is JSON by nature (metadata requirements, questions).
 *
 * Holds always: the depth and the number of values are bounded, however aliases are nested; what
 * would mean one thing to YAML and another here (True, 0x10) is a text, as its quotes would say.
 * One thread.
 */
#include <quiver/base/yaml.h>

enum { LEVELS_MAX = 32, VALUES_MAX = 10000 };

struct reading {
    const struct qv_yaml_at *top; /* for faults */
    size_t values_left;
};

static json_t *read_node(struct reading *reading, const yaml_node_t *node, unsigned levels_left);

static json_t *tell(struct reading *reading, const yaml_node_t *node, const char *words)
{
    struct qv_yaml_at at = *reading->top;
    at.line = (int)node->start_mark.line + 1;
    qv_yaml_fault(&at, "%s", words);
    return NULL;
}

static json_t *no_memory(struct reading *reading)
{
    reading->top->yaml->out_of_memory = true;
    return NULL;
}

/* JSON's own numbers and words where they are not quoted. */
static json_t *read_scalar(struct reading *reading, const yaml_node_t *node)
{
    struct qv_str text = {.at = (const char *)node->data.scalar.value,
                          .length = node->data.scalar.length};
    json_t *value = NULL;
    if (node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
        char first = text.length > 0 ? text.at[0] : '\0';
        bool word = first != '"' && first != '[' && first != '{';
        enum qv_status status = word ? qv_json_parse(text, 1, &value, NULL) : QV_INVALID;
        if (status == QV_OK)
            return value;
        if (status == QV_NO_MEMORY)
            return no_memory(reading);
        if (text.length == 0)
            return json_null();
    }
    value = json_stringn(text.at, text.length);
    return value != NULL ? value : no_memory(reading);
}

static json_t *read_list(struct reading *reading, const yaml_node_t *node, unsigned levels_left)
{
    yaml_document_t *document = &reading->top->yaml->document;
    QV_CLEANUP(qv_json) json_t *list = json_array();
    if (list == NULL)
        return no_memory(reading);
    for (const yaml_node_item_t *item = node->data.sequence.items.start;
         item < node->data.sequence.items.top; item++) {
        json_t *value =
            read_node(reading, yaml_document_get_node(document, *item), levels_left - 1);
        if (value == NULL)
            return NULL;
        if (json_array_append_new(list, value) != 0)
            return no_memory(reading);
    }
    return json_incref(list);
}

static json_t *read_map(struct reading *reading, const yaml_node_t *node, unsigned levels_left)
{
    yaml_document_t *document = &reading->top->yaml->document;
    QV_CLEANUP(qv_json) json_t *map = json_object();
    if (map == NULL)
        return no_memory(reading);
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = yaml_document_get_node(document, pair->key);
        if (key->type != YAML_SCALAR_NODE)
            return tell(reading, key, "a key must be a word");
        const char *name = (const char *)key->data.scalar.value;
        size_t length = key->data.scalar.length;
        if (json_object_getn(map, name, length) != NULL)
            return tell(reading, key, "a key is given twice, remove one");
        json_t *value =
            read_node(reading, yaml_document_get_node(document, pair->value), levels_left - 1);
        if (value == NULL)
            return NULL;
        if (json_object_setn_new_nocheck(map, name, length, value) != 0)
            return no_memory(reading);
    }
    return json_incref(map);
}

static json_t *read_node(struct reading *reading, const yaml_node_t *node, unsigned levels_left)
{
    if (levels_left == 0)
        return tell(reading, node, "is nested too deeply");
    if (reading->values_left == 0)
        return tell(reading, node, "has too many values");
    if (qv_yaml_has_tag(node))
        return tell(reading, node, "has a tag, remove it");
    reading->values_left--;
    switch (node->type) {
    case YAML_SCALAR_NODE: return read_scalar(reading, node);
    case YAML_SEQUENCE_NODE: return read_list(reading, node, levels_left);
    case YAML_MAPPING_NODE: return read_map(reading, node, levels_left);
    case YAML_NO_NODE: break;
    }
    return tell(reading, node, "is no value");
}

json_t *qv_yaml_json(const struct qv_yaml_at *at)
{
    struct reading reading = {.top = at, .values_left = VALUES_MAX};
    return read_node(&reading, at->node, LEVELS_MAX);
}
