/*
 * From text to one YAML document (libyaml), with the line of a fault in its syntax.
 *
 * Holds always: a file is one document; what libyaml says of a fault has none of the text in it,
 * so no secret comes out this way. One thread.
 */
#include "walk.h"

#include <quiver/base/yaml.h>

static int line_at(struct qv_str text, size_t offset)
{
    int line = 1;
    for (size_t i = 0; i < offset && i < text.length; i++)
        line += text.at[i] == '\n';
    return line;
}

static void syntax_fault(struct qv_load *load, const yaml_parser_t *parser, struct qv_str text)
{
    const char *problem = parser->problem != NULL ? parser->problem : "is not YAML";
    if (parser->error == YAML_MEMORY_ERROR)
        load->out_of_memory = true;
    else if (parser->error == YAML_READER_ERROR)
        qv_load_fault(load, line_at(text, parser->problem_offset), NULL, "%s", problem);
    else
        qv_load_fault(load, (int)parser->problem_mark.line + 1, NULL, "%s%s%s",
                      parser->context != NULL ? parser->context : "",
                      parser->context != NULL ? ": " : "", problem);
}

/* Nothing but comments may follow the one document. */
static void expect_end(struct qv_load *load, yaml_parser_t *parser, struct qv_str text)
{
    yaml_document_t second;
    if (!yaml_parser_load(parser, &second)) {
        syntax_fault(load, parser, text);
        return;
    }
    const yaml_node_t *root = yaml_document_get_root_node(&second);
    if (root != NULL)
        qv_load_fault(load, (int)root->start_mark.line + 1, NULL,
                      "a second document begins here, remove it");
    yaml_document_delete(&second);
}

void qv_load_yaml(struct qv_load *load, struct qv_str text)
{
    yaml_parser_t parser;
    yaml_document_t document;
    int deep = qv_yaml_deep_line(text);
    if (deep != 0) {
        qv_load_fault(load, deep, NULL, "is nested too deeply");
        return;
    }
    if (!yaml_parser_initialize(&parser)) {
        load->out_of_memory = true;
        return;
    }
    const char *at = text.length > 0 ? text.at : "";
    yaml_parser_set_input_string(&parser, (const unsigned char *)at, text.length);
    if (!yaml_parser_load(&parser, &document)) {
        syntax_fault(load, &parser, text);
    } else {
        qv_load_document(load, &document);
        bool more = yaml_document_get_root_node(&document) != NULL;
        yaml_document_delete(&document);
        if (more)
            expect_end(load, &parser, text);
    }
    yaml_parser_delete(&parser);
}
