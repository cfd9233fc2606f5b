/*
 * The line "request": one for each answer, where `log.requests` asks for it.
 *
 * Holds always: what the client sent is in three fields, method, path and (as far as it was proved
 * or declared) system; the log escapes them, so that none can begin a line or add a field, and they
 * are cut, so that none makes a line long. The query is left out: nobody can know what is in it.
 * Which answers have a line is one word that all workers read and the reloader sets; while it is
 * `off` that is all a request pays. Any thread sets; the connection's thread writes.
 */
#include "exchange.h"

#include <quiver/base/log.h>
#include <quiver/server/server.h>
#include <stdatomic.h>
#include <string.h>

enum { METHOD_MAX = 32, PATH_MAX_SHOWN = 1024, FIRST_ERROR = 400 };

static _Atomic int logged = QV_LOG_REQUESTS_OFF;

void qv_server_log_requests(enum qv_log_requests which)
{
    atomic_store_explicit(&logged, (int)which, memory_order_relaxed);
}

static bool is_wanted(int status)
{
    int which = atomic_load_explicit(&logged, memory_order_relaxed);
    if (which == QV_LOG_REQUESTS_OFF || !qv_log_enabled(QV_LOG_INFO))
        return false;
    return which == QV_LOG_REQUESTS_ALL || status >= FIRST_ERROR;
}

/* The text, with a mark where it was cut. */
struct shown {
    char text[PATH_MAX_SHOWN + sizeof("[cut]")];
    size_t length;
};

static struct qv_str show(h2o_iovec_t text, size_t most, struct shown *room)
{
    static const char mark[] = "[cut]";
    if (text.len <= most)
        return (struct qv_str){text.base, text.len};
    memcpy(room->text, text.base, most);
    memcpy(room->text + most, mark, sizeof(mark) - 1);
    room->length = most + sizeof(mark) - 1;
    return (struct qv_str){room->text, room->length};
}

static h2o_iovec_t without_query(h2o_iovec_t path)
{
    size_t end = qv_str_find((struct qv_str){path.base, path.len}, '?');
    return end == SIZE_MAX ? path : h2o_iovec_init(path.base, end);
}

static void write_line(const h2o_req_t *http, int status, const struct qv_account *account,
                       struct qv_str system)
{
    struct shown method, path;
    int64_t us = account->begun.us > 0 ? qv_mono_now().us - account->begun.us : 0;
    qv_log(QV_LOG_INFO, "request",
           QV_LOG_STR("method", show(http->input.method, METHOD_MAX, &method)),
           QV_LOG_STR("path", show(without_query(http->input.path), PATH_MAX_SHOWN, &path)),
           QV_LOG_INT("status", status), QV_LOG_CSTR("operation", qv_account_operation(account)),
           QV_LOG_STR("system", system), QV_LOG_CSTR("peer", account->peer),
           QV_LOG_CSTR("listener", account->listener), QV_LOG_INT("duration_us", us));
}

void qv_request_log(const struct qv_exchange *exchange)
{
    if (!is_wanted(exchange->response.status))
        return;
    QV_CLEANUP(qv_buf) struct qv_buf system = {0};
    qv_account_write_system(&exchange->account, exchange->connection->worker->server->api, &system);
    write_line(exchange->http, exchange->response.status, &exchange->account, qv_buf_str(&system));
}

void qv_request_log_bare(h2o_req_t *http, int status)
{
    if (!is_wanted(status))
        return;
    const struct qv_connection *connection = qv_connection_of_request(http);
    struct qv_account account = {.operation = QV_OP_COUNT,
                                 .listener = connection->listener->config->name};
    memcpy(account.peer, connection->peer, sizeof(account.peer));
    write_line(http, status, &account, QV_STR(""));
}
