/*
 * Asking over the control socket. The configuration is read only for where that socket is; what is
 * wrong with it otherwise, the running Quiver says. Any thread.
 */
#include "control_client.h"

#include "control_socket.h"

#include <errno.h>
#include <poll.h>
#include <quiver/base/clock.h>
#include <quiver/base/memory.h>
#include <quiver/config/config.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER_MAX = 1024 * 1024 };

static enum qv_status connect_to(const char *config, int *ret_socket, struct qv_error *error)
{
    char *directory = NULL;
    QV_TRY(qv_config_data_directory(config, &directory, error));
    enum qv_status status = control_socket_connect(directory, ret_socket, error);
    qv_free(directory);
    if (status == QV_UNAVAILABLE)
        return qv_error_set(error, status,
                            "%s; start Quiver with `quiver serve --config %s`; if one runs, it was "
                            "started with another store.data_directory, or by another user",
                            qv_error_message(error), config);
    return status;
}

static enum qv_status ask(int socket, const char *verb, struct qv_error *error)
{
    QV_CLEANUP(qv_buf) struct qv_buf request = {0};
    qv_buf_printf(&request, "{\"do\":\"%s\"}\n", verb);
    QV_TRY(qv_buf_status(&request));
    if (send(socket, request.at, request.length, MSG_NOSIGNAL) == (ssize_t)request.length)
        return QV_OK;
    return qv_error_set(error, QV_UNAVAILABLE, "Quiver does not take the request: %s",
                        strerrordesc_np(errno));
}

/* Waits for more; false: no more time. */
static bool wait_until(int socket, struct qv_mono until)
{
    struct pollfd one = {.fd = socket, .events = POLLIN};
    for (;;) {
        int64_t left = (until.us - qv_mono_now().us) / 1000;
        int ready = left > 0 ? poll(&one, 1, (int)left) : 0;
        if (ready >= 0 || errno != EINTR)
            return ready > 0;
    }
}

/* One line, without its end. */
static enum qv_status listen_to(int socket, int64_t patience_ms, struct qv_buf *answer,
                                struct qv_error *error)
{
    struct qv_mono until = qv_mono_add_ms(qv_mono_now(), patience_ms);
    while (answer->length == 0 || answer->at[answer->length - 1] != '\n') {
        char bytes[4096];
        if (!wait_until(socket, until))
            return qv_error_set(error, QV_UNAVAILABLE,
                                "no answer within %lld s; Quiver's log tells what it does",
                                (long long)patience_ms / 1000);
        ssize_t got = recv(socket, bytes, sizeof(bytes), 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0 || answer->length > ANSWER_MAX)
            return qv_error_set(error, QV_UNAVAILABLE, "Quiver ended before it answered");
        qv_buf_put(answer, (struct qv_str){.at = bytes, .length = (size_t)got});
        QV_TRY(qv_buf_status(answer));
    }
    qv_buf_truncate(answer, answer->length - 1);
    return QV_OK;
}

static enum qv_status read_answer(struct qv_str answer, json_t **ret_value, struct qv_error *error)
{
    enum { DEPTH = 8 };
    QV_CLEANUP(qv_json) json_t *value = NULL;
    QV_TRY(qv_json_parse(answer, DEPTH, &value, error));
    const char *refusal = json_string_value(json_object_get(value, "error"));
    if (refusal != NULL)
        return qv_error_set(error, QV_FOREIGN, "Quiver refuses: %s", refusal);
    *ret_value = value;
    value = NULL;
    return QV_OK;
}

enum qv_status control_ask(const char *config, const char *verb, int64_t patience_ms,
                           struct qv_buf *ret_text, json_t **ret_value, struct qv_error *error)
{
    int socket = -1;
    QV_TRY(connect_to(config, &socket, error));
    enum qv_status status = ask(socket, verb, error);
    if (status == QV_OK)
        status = listen_to(socket, patience_ms, ret_text, error);
    close(socket);
    QV_TRY(status);
    return read_answer(qv_buf_str(ret_text), ret_value, error);
}
