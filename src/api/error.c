/*
 * Errors as clients see them: the Arrowhead error object (spec/arrowhead-discovery 2.1, 2.3;
 * section 11.1), or on a listener of CHAP its {"detail":...}. One table maps a status to HTTP and
 * Arrowhead. Pure.
 */
#include <quiver/api/api.h>

struct mapping {
    int http;
    const char *type; /* Arrowhead's exceptionType */
};

static const struct mapping mappings[] = {
    [QV_OK] = {200, NULL},
    [QV_INVALID] = {400, "INVALID_PARAMETER"},
    [QV_METHOD_NOT_ALLOWED] = {405, "INVALID_PARAMETER"},
    [QV_NOT_ACCEPTABLE] = {406, "INVALID_PARAMETER"},
    [QV_TOO_LARGE] = {413, "INVALID_PARAMETER"},
    [QV_UNSUPPORTED_MEDIA] = {415, "INVALID_PARAMETER"},
    [QV_UNAUTHENTICATED] = {401, "AUTH"},
    [QV_DENIED] = {403, "FORBIDDEN"},
    [QV_TOO_MANY] = {429, "FORBIDDEN"},
    [QV_NOT_FOUND] = {404, "DATA_NOT_FOUND"},
    [QV_LOCKED] = {423, "LOCKED"},
    [QV_UNAVAILABLE] = {503, "EXTERNAL_SERVER_ERROR"},
    [QV_NO_MEMORY] = {503, "EXTERNAL_SERVER_ERROR"},
    [QV_INTERNAL] = {500, "INTERNAL_SERVER_ERROR"},
    [QV_FOREIGN] = {500, "ARROWHEAD"},
};

/* A client may try again so soon: the links to the store reconnect within a second; where one has
   too much of something, it ends when somebody ends it. */
enum { RETRY_AFTER_SECONDS = 1, ROOM_AFTER_SECONDS = 60 };

/* So long, unless whoever found the error knows better. */
static void set_retry_after(struct qv_response *response)
{
    if (response->status == 429 && response->retry_after == 0)
        response->retry_after = ROOM_AFTER_SECONDS;
    else if (response->status != 429)
        response->retry_after = response->status == 503 ? RETRY_AFTER_SECONDS : 0;
}

static const struct mapping *mapping_of(enum qv_status status)
{
    bool known = (size_t)status < sizeof(mappings) / sizeof(mappings[0]);
    return &mappings[known ? status : QV_INTERNAL];
}

int qv_status_http(enum qv_status status)
{
    return mapping_of(status)->http;
}

static void record(struct qv_response *response, const struct qv_error *error)
{
    struct qv_record *made = &response->record;
    if (made->verdict == QV_RECORD_NONE && (response->status == 401 || response->status == 403))
        made->verdict = QV_RECORD_DENIED;
    if (made->verdict == QV_RECORD_NONE)
        return;
    qv_buf_truncate(&made->reason, 0);
    qv_buf_put_text(&made->reason, qv_error_message(error));
}

static struct qv_buf *begin(struct qv_response *response, int status)
{
    qv_buf_free(&response->body);
    response->status = status;
    response->content_type = "application/json";
    set_retry_after(response);
    return &response->body;
}

void qv_response_set_detail(struct qv_response *response, int status, struct qv_str detail)
{
    struct qv_buf *body = begin(response, status);
    qv_buf_put_text(body, "{\"detail\":");
    qv_buf_put(body, detail);
    qv_buf_put_char(body, '}');
}

static void write_object(const struct mapping *mapping, const struct qv_error *error,
                         struct qv_str origin, struct qv_buf *body)
{
    qv_buf_put_text(body, "{\"errorMessage\":");
    qv_json_write_str(body, qv_str_from(qv_error_message(error)));
    qv_buf_printf(body, ",\"errorCode\":%d,\"exceptionType\":\"%s\"", mapping->http, mapping->type);
    if (origin.length > 0) {
        qv_buf_put_text(body, ",\"origin\":");
        qv_json_write_str(body, origin);
    }
    qv_buf_put_char(body, '}');
}

void qv_response_set_error(struct qv_response *response, const struct qv_error *error,
                           struct qv_str origin)
{
    const struct mapping *mapping = mapping_of(error->status);
    struct qv_buf *body = begin(response, mapping->http);
    if (response->shape == QV_SHAPE_ARROWHEAD) {
        write_object(mapping, error, origin, body);
    } else {
        qv_buf_put_text(body, "{\"detail\":");
        qv_json_write_str(body, qv_str_from(qv_error_message(error)));
        qv_buf_put_char(body, '}');
    }
    record(response, error);
}

struct qv_str qv_response_no_memory(enum qv_shape shape)
{
    if (shape == QV_SHAPE_DETAIL)
        return QV_STR("{\"detail\":\"out of memory\"}");
    return QV_STR("{\"errorMessage\":\"out of memory\",\"errorCode\":503,"
                  "\"exceptionType\":\"EXTERNAL_SERVER_ERROR\"}");
}

void qv_response_set_denied(struct qv_response *response, const struct qv_api *api,
                            const struct qv_error *error, const struct qv_decision *decision,
                            struct qv_str origin)
{
    static const struct qv_error silent = {.status = QV_DENIED, .message = (char *)"Forbidden"};
    bool explains = api->config->authorization.explain_to_clients;
    bool says_more = explains || decision->reference_words || error->status != QV_DENIED;
    qv_response_set_error(response, says_more ? error : &silent, origin);
    response->rule = explains ? decision->rule : NULL;
    response->record.rule = decision->rule;
    record(response, error); /* what the client is not told */
}

void qv_response_free(struct qv_response *response)
{
    qv_buf_free(&response->body);
    qv_buf_free(&response->record.object);
    qv_buf_free(&response->record.reason);
}
