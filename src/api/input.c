/*
 * Bodies and query parameters (spec/arrowhead-discovery 2.5, 2.6; section 11.3-11.5). Pure.
 */
#include "handler.h"

static enum qv_status parse_body(const struct qv_request *request, json_t **ret_body,
                                 struct qv_error *error)
{
    enum qv_status status = qv_json_parse(request->body, request->json_depth, ret_body, error);
    return status == QV_INVALID ? qv_error_prefix(error, "Failed to read request") : status;
}

enum qv_status read_body(const struct qv_request *request, json_t **ret_body,
                         struct qv_error *error)
{
    if (request->body.length == 0)
        return qv_error_set(
            error, QV_INVALID,
            "Failed to read request: the body is missing, it must be a JSON object");
    QV_CLEANUP(qv_json) json_t *body = NULL;
    QV_TRY(parse_body(request, &body, error));
    if (json_is_null(body))
        return qv_error_set(error, QV_INVALID,
                            "Failed to read request: the body is null, it must be a JSON object");
    *ret_body = body;
    body = NULL;
    return QV_OK;
}

enum qv_status read_optional_body(const struct qv_request *request, json_t **ret_body,
                                  struct qv_error *error)
{
    QV_CLEANUP(qv_json) json_t *body = NULL;
    if (request->body.length > 0)
        QV_TRY(parse_body(request, &body, error));
    if (json_is_null(body))
        qv_json_free(&body);
    *ret_body = body;
    body = NULL;
    return QV_OK;
}

enum qv_status decode_query_text(struct qv_str text, struct qv_buf *buf)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.at[i] == '+') {
            qv_buf_put_char(buf, ' ');
        } else if (text.at[i] != '%') {
            qv_buf_put_char(buf, text.at[i]);
        } else {
            int high = i + 2 < text.length ? qv_hex_digit(text.at[i + 1]) : -1;
            int low = i + 2 < text.length ? qv_hex_digit(text.at[i + 2]) : -1;
            if (high < 0 || low < 0)
                return QV_INVALID;
            qv_buf_put_char(buf, (char)(high * 16 + low));
            i += 2;
        }
    }
    return qv_buf_status(buf);
}

static enum qv_status find_parameter(struct qv_str query, struct qv_str name, struct qv_buf *buf)
{
    struct qv_str pair;
    while (qv_str_split_next(&query, '&', &pair)) {
        struct qv_str key;
        struct qv_str value = pair;
        if (qv_str_split_next(&value, '=', &key) && qv_str_equal(key, name))
            return decode_query_text(value, buf);
    }
    return QV_OK;
}

enum qv_status read_truth(struct qv_str query, const char *name, bool *ret_value,
                          struct qv_error *error)
{
    static const struct {
        const char *word;
        bool value;
    } words[] = {{"true", true},   {"on", true},   {"yes", true}, {"1", true},
                 {"false", false}, {"off", false}, {"no", false}, {"0", false}};
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    enum qv_status status = find_parameter(query, qv_str_from(name), &text);
    if (status == QV_NO_MEMORY)
        return status;
    struct qv_str word = qv_str_trim(qv_buf_str(&text));
    if (status == QV_OK && qv_str_is_blank(word)) {
        *ret_value = false;
        return QV_OK;
    }
    for (size_t i = 0; status == QV_OK && i < sizeof(words) / sizeof(words[0]); i++)
        if (qv_str_equal_ignore_case(word, qv_str_from(words[i].word))) {
            *ret_value = words[i].value;
            return QV_OK;
        }
    return qv_error_set(error, QV_INVALID,
                        "Failed to convert '%s' with value: '%.*s' (true or false is expected)",
                        name, QV_STR_ARG(qv_buf_str(&text)));
}
