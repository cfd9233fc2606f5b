/*
 * How libh2o is set up. What can be reached by a request is one path with our handler; everything
 * that libh2o answers by itself passes the error filter. The worker's thread, but for preparing.
 */
#include "http.h"

#include "exchange.h"

void qv_http_prepare(void)
{
    /* Bodies stay in memory, however large: nothing of a request is written to a file. */
    h2o_socket_buffer_mmap_settings.threshold = SIZE_MAX;
}

static void set_limits(h2o_globalconf_t *conf, const struct qv_config_limits *limits)
{
    /* With this a chunked body of exactly limits.body passes; qv_request_read stops the one byte
       that a Content-Length could now have too much. */
    conf->max_request_entity_size = limits->body + 1;
    conf->http1.req_timeout = (uint64_t)limits->request_ms;
}

void qv_http_configure(struct qv_worker *worker)
{
    h2o_globalconf_t *conf = &worker->conf;
    h2o_config_init(conf);
    conf->server_name = h2o_iovec_init(H2O_STRLIT("quiver"));
    conf->http1.upgrade_to_http2 = 0;
    /* It would leave a timer behind that the end of a context does not bear. */
    conf->http2.callbacks.request_shutdown = NULL;
    set_limits(conf, &worker->limits);

    h2o_hostconf_t *host =
        h2o_config_register_host(conf, h2o_iovec_init(H2O_STRLIT("quiver")), 65535);
    h2o_pathconf_t *path = h2o_config_register_path(host, "/", 0);
    qv_handler_register(path);
    qv_error_filter_register(path);
    qv_error_filter_register(&host->fallback_path); /* what failed before it had a path */
}

void qv_http_limit(struct qv_worker *worker)
{
    set_limits(&worker->conf, &worker->limits);
    /* What waits already waits by the new time: libh2o reckons from when it began. */
    worker->context.http1.req_timeout.timeout = worker->conf.http1.req_timeout;
}
