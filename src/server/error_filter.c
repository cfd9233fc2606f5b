/*
 * What libh2o answers by itself, before any handler is asked (a body that is too large or badly
 * framed, an expectation that it does not know), becomes the error object that every refusal is
 * (spec/arrowhead-discovery section 11.1; spec/chap-registration B1.6). What is not HTTP at all
 * never gets here: it has libh2o's own bare 400. The connection's thread.
 */
#include "exchange.h"

struct error_stream {
    h2o_ostream_t super;
    struct qv_response response; /* freed with the request's pool */
};

static void dispose(void *memory)
{
    struct qv_response **response = memory;
    qv_response_free(*response);
}

static enum qv_status blame_body(const struct qv_connection *connection, int status,
                                 struct qv_str words, struct qv_error *error)
{
    if (status == 413)
        return qv_error_set(error, QV_TOO_LARGE, "Request body is larger than %zu bytes",
                            connection->worker->limits.body);
    if (status == 417)
        return qv_error_set(error, QV_INVALID, "Expectation is not supported");
    return qv_error_set(error, QV_INVALID, "Invalid request: %.*s", QV_STR_ARG(words));
}

/* libh2o hands its text over in one piece and as the last. */
static void send_error(h2o_ostream_t *super, h2o_req_t *http, h2o_iovec_t *texts, size_t count,
                       h2o_send_state_t state)
{
    struct error_stream *stream = (struct error_stream *)super;
    struct qv_response *response = &stream->response;
    struct qv_connection *connection = qv_connection_of_request(http);
    struct qv_str words = count > 0 ? (struct qv_str){texts[0].base, texts[0].len} : QV_STR("");
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    error.status = blame_body(connection, http->res.status, words, &error);
    response->shape = qv_connection_shape(connection);
    qv_response_set_error(response, &error, qv_request_origin(http));

    qv_request_log_bare(http, response->status);
    qv_metrics_answered(connection->worker->counts, QV_OP_COUNT, response->status, -1);
    http->res.status = response->status;
    http->res.reason = qv_response_reason(response->status);
    http->res.headers = (h2o_headers_t){0};
    http->res.content_length = response->body.length;
    qv_response_add_headers(response, http);
    http->http1_is_persistent = 0;
    qv_connection_linger(connection);
    h2o_iovec_t body = h2o_iovec_init(response->body.at, response->body.length);
    bool silent = body.len == 0 ||
                  h2o_memis(http->input.method.base, http->input.method.len, H2O_STRLIT("HEAD"));
    h2o_ostream_send_next(&stream->super, http, silent ? NULL : &body, silent ? 0 : 1, state);
}

static void on_setup(h2o_filter_t *self, h2o_req_t *http, h2o_ostream_t **slot)
{
    (void)self;
    if (qv_connection_of_request(http)->exchange == NULL) {
        struct error_stream *stream = (void *)h2o_add_ostream(http, sizeof(*stream), slot);
        stream->super.do_send = send_error;
        stream->response = (struct qv_response){0};
        struct qv_response **kept =
            h2o_mem_alloc_shared(&http->pool, sizeof(struct qv_response *), dispose);
        *kept = &stream->response;
        slot = &stream->super.next;
    }
    h2o_setup_next_ostream(http, slot);
}

void qv_error_filter_register(h2o_pathconf_t *path)
{
    h2o_filter_t *filter = h2o_create_filter(path, sizeof(*filter));
    filter->on_setup_ostream = on_setup;
}
