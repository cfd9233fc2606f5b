/*
 * Reading one YAML document and walking over it, with the lines of all faults.
 *
 * Holds always: what libyaml says of a fault in the syntax has none of the text in it; recursion
 * is bounded, so a document that contains itself by an alias ends; nothing is read twice. The
 * tables of keys decide what there may be (see the header). One thread.
 */
#include <quiver/base/yaml.h>
#include <string.h>

enum { QUOTE_MAX = 80, DEPTH_MAX = 100 };

/* ---- faults ---- */

static void add_fault(struct qv_yaml *yaml, int line, const char *where, const char *format,
                      va_list args)
{
    QV_CLEANUP(qv_buf) struct qv_buf words = {0};
    if (yaml->out_of_memory)
        return; /* what is missing now may be missing for that */
    qv_buf_printf(&words, "%s:%d: %s%s", yaml->path, line, where, where[0] != '\0' ? ": " : "");
    if (++yaml->found > QV_YAML_FAULTS_MAX)
        return;
    if (yaml->found < QV_YAML_FAULTS_MAX)
        qv_buf_vprintf(&words, format, args);
    else
        qv_buf_put_text(&words, "there are more faults from here on, mend those above first");
    if (qv_buf_status(&words) != QV_OK || qv_strings_add(yaml->faults, qv_buf_str(&words)) != QV_OK)
        yaml->out_of_memory = true;
}

void qv_yaml_fault(const struct qv_yaml_at *at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_fault(at->yaml, at->line, at->where, format, args);
    va_end(args);
}

void qv_yaml_quote(struct qv_buf *buf, struct qv_str text)
{
    struct qv_str shown = qv_str_part(text, 0, QUOTE_MAX);
    qv_buf_put_char(buf, '"');
    for (size_t i = 0; i < shown.length; i++) {
        unsigned char c = (unsigned char)shown.at[i];
        qv_buf_put_char(buf, c < ' ' || c == 0x7F ? '?' : (char)c);
    }
    qv_buf_put_text(buf, shown.length < text.length ? "...\"" : "\"");
}

/* ---- the document ---- */

static int line_of(const yaml_node_t *node)
{
    return (int)node->start_mark.line + 1;
}

/* How an event changes the depth. */
static int step_of(yaml_event_type_t type)
{
    switch (type) {
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT: return 1;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: return -1;
    default: return 0;
    }
}

int qv_yaml_deep_line(struct qv_str text)
{
    yaml_parser_t parser;
    int depth = 0, line = 0;
    if (!yaml_parser_initialize(&parser))
        return 0; /* who loads it finds that, too */
    const char *at = text.length > 0 ? text.at : "";
    yaml_parser_set_input_string(&parser, (const unsigned char *)at, text.length);
    for (bool more = true; more && line == 0;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event))
            break;
        depth += step_of(event.type);
        if (depth > DEPTH_MAX)
            line = (int)event.start_mark.line + 1;
        more = event.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return line;
}

static int line_at(struct qv_str text, size_t offset)
{
    int line = 1;
    for (size_t i = 0; i < offset && i < text.length; i++)
        line += text.at[i] == '\n';
    return line;
}

static void syntax_fault(struct qv_yaml *yaml, const yaml_parser_t *parser, struct qv_str text)
{
    const char *problem = parser->problem != NULL ? parser->problem : "is not YAML";
    struct qv_yaml_at at = {.yaml = yaml, .where = "", .line = (int)parser->problem_mark.line + 1};
    if (parser->error == YAML_MEMORY_ERROR) {
        yaml->out_of_memory = true;
    } else if (parser->error == YAML_READER_ERROR) {
        at.line = line_at(text, parser->problem_offset);
        qv_yaml_fault(&at, "%s", problem);
    } else {
        qv_yaml_fault(&at, "%s%s%s", parser->context != NULL ? parser->context : "",
                      parser->context != NULL ? ": " : "", problem);
    }
}

/* Nothing but comments may follow the one document. */
static void expect_end(struct qv_yaml *yaml, yaml_parser_t *parser, struct qv_str text)
{
    yaml_document_t second;
    if (!yaml_parser_load(parser, &second)) {
        syntax_fault(yaml, parser, text);
        return;
    }
    const yaml_node_t *root = yaml_document_get_root_node(&second);
    if (root != NULL) {
        struct qv_yaml_at at = {.yaml = yaml, .where = "", .line = line_of(root)};
        qv_yaml_fault(&at, "a second document begins here, remove it");
    }
    yaml_document_delete(&second);
}

static void load(struct qv_yaml *yaml, yaml_parser_t *parser, struct qv_str text)
{
    const char *at = text.length > 0 ? text.at : "";
    yaml_parser_set_input_string(parser, (const unsigned char *)at, text.length);
    if (!yaml_parser_load(parser, &yaml->document)) {
        syntax_fault(yaml, parser, text);
        return;
    }
    yaml->loaded = true;
    struct qv_yaml_at top = {.yaml = yaml, .where = "", .line = 1};
    if (yaml_document_get_root_node(&yaml->document) == NULL)
        qv_yaml_fault(&top, "has nothing in it");
    else
        expect_end(yaml, parser, text);
}

enum qv_status qv_yaml_read(struct qv_yaml *yaml, struct qv_str text, struct qv_yaml_at *ret_root)
{
    yaml_parser_t parser;
    struct qv_yaml_at deep = {.yaml = yaml, .where = "", .line = qv_yaml_deep_line(text)};
    if (deep.line != 0) {
        qv_yaml_fault(&deep, "is nested too deeply");
        return qv_yaml_status(yaml);
    }
    if (!yaml_parser_initialize(&parser))
        return QV_NO_MEMORY;
    load(yaml, &parser, text);
    yaml_parser_delete(&parser);
    QV_TRY(qv_yaml_status(yaml));
    const yaml_node_t *root = yaml_document_get_root_node(&yaml->document);
    *ret_root = (struct qv_yaml_at){.yaml = yaml, .node = root, .where = "", .line = line_of(root)};
    return QV_OK;
}

enum qv_status qv_yaml_status(const struct qv_yaml *yaml)
{
    if (yaml->out_of_memory)
        return QV_NO_MEMORY;
    return yaml->found > 0 ? QV_INVALID : QV_OK;
}

void qv_yaml_free(struct qv_yaml *yaml)
{
    if (yaml->loaded)
        yaml_document_delete(&yaml->document);
    yaml->loaded = false;
}

/* ---- values ---- */

struct qv_str qv_yaml_scalar(const yaml_node_t *node)
{
    return (struct qv_str){.at = (const char *)node->data.scalar.value,
                           .length = node->data.scalar.length};
}

bool qv_yaml_is_plain(const yaml_node_t *node)
{
    return node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

bool qv_yaml_is_null(const yaml_node_t *node)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};
    if (node->type != YAML_SCALAR_NODE || !qv_yaml_is_plain(node))
        return false;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (qv_str_equal(qv_yaml_scalar(node), qv_str_from(words[i])))
            return true;
    return false;
}

/* A tag (!env, !!int) asks for something that would not be done. */
bool qv_yaml_has_tag(const yaml_node_t *node)
{
    static const char *const defaults[] = {
        [YAML_SCALAR_NODE] = YAML_DEFAULT_SCALAR_TAG,
        [YAML_SEQUENCE_NODE] = YAML_DEFAULT_SEQUENCE_TAG,
        [YAML_MAPPING_NODE] = YAML_DEFAULT_MAPPING_TAG,
    };
    return strcmp((const char *)node->tag, defaults[node->type]) != 0;
}

static bool has_control(struct qv_str text)
{
    for (size_t i = 0; i < text.length; i++)
        if ((unsigned char)text.at[i] < ' ' || text.at[i] == 0x7F)
            return true;
    return false;
}

bool qv_yaml_text(const struct qv_yaml_at *at, struct qv_str *ret_text)
{
    if (at->node->type != YAML_SCALAR_NODE || qv_yaml_has_tag(at->node)) {
        qv_yaml_fault(at, "must be a plain value, not a list, mapping or tag");
        return false;
    }
    struct qv_str text = qv_yaml_scalar(at->node);
    if (qv_yaml_is_null(at->node) || qv_str_is_blank(text)) {
        qv_yaml_fault(at, "has no value, give one or remove it");
        return false;
    }
    if (has_control(text)) {
        qv_yaml_fault(at, "has a control character in it, remove it");
        return false;
    }
    *ret_text = text;
    return true;
}

bool qv_yaml_flag(const struct qv_yaml_at *at, bool *ret_flag)
{
    struct qv_str text;
    if (!qv_yaml_text(at, &text))
        return false;
    bool yes = qv_str_equal(text, QV_STR("true"));
    if (!qv_yaml_is_plain(at->node) || (!yes && !qv_str_equal(text, QV_STR("false")))) {
        qv_yaml_fault(at, "must be true or false, without quotes");
        return false;
    }
    *ret_flag = yes;
    return true;
}

bool qv_yaml_is_list(const struct qv_yaml_at *at)
{
    return at->node->type == YAML_SEQUENCE_NODE && !qv_yaml_has_tag(at->node);
}

size_t qv_yaml_count(const struct qv_yaml_at *at)
{
    if (qv_yaml_is_list(at)) {
        size_t count =
            (size_t)(at->node->data.sequence.items.top - at->node->data.sequence.items.start);
        if (count == 0)
            qv_yaml_fault(at, "lists nothing, give values or remove it");
        return count;
    }
    if (at->node->type == YAML_SCALAR_NODE)
        return 1;
    qv_yaml_fault(at, "must be a value or a list of values, as [a, b]");
    return 0;
}

struct qv_yaml_at qv_yaml_item(const struct qv_yaml_at *at, size_t index)
{
    struct qv_yaml_at item = *at;
    if (at->node->type != YAML_SEQUENCE_NODE)
        return item;
    item.node =
        yaml_document_get_node(&at->yaml->document, at->node->data.sequence.items.start[index]);
    item.line = line_of(item.node);
    return item;
}
