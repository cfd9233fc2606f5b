/*
 * `quiver reload --config FILE`: asks the running Quiver over its control socket to reload, waits
 * for what came of it, and says it. The configuration is read here only for where that socket is;
 * what is wrong with it otherwise, the running one says. Main thread.
 */
#include "control_socket.h"
#include "options.h"
#include "reload_outcome.h"

#include <errno.h>
#include <poll.h>
#include <quiver/base/memory.h>
#include <quiver/cli/commands.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static const char help[] =
    "usage: quiver reload --config FILE [--json]\n\n"
    "Has the Quiver that runs with this configuration take over what was changed: own certificate\n"
    "and key, CAs, CRLs, policy, TLS settings, log, limits. Each part is checked whole; where\n"
    "something is wrong with it the old one stays in force. Returns when every worker works with\n"
    "what is new and connections of peers that are not trusted any more are closed, and prints\n"
    "what came of it.\n\n"
    "options:\n"
    "  -c, --config FILE   the configuration that it was started with\n"
    "      --json          print the outcome as one line of JSON\n"
    "  -h, --help          this text\n\n"
    "exit status: 0 everything in the files is in force; 1 something old stays (the reason is "
    "told;\n"
    "a setting that needs a restart counts, too), or no Quiver runs; 2 wrong usage\n";

enum {
    PATIENCE_MS = 180 * 1000, /* a worker has a minute, a long CRL some seconds */
    ANSWER_MAX = 1024 * 1024,
};

/* ---- the conversation ------------------------------------------------------------------------ */

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

static enum qv_status ask(int socket, struct qv_error *error)
{
    static const char request[] = "{\"do\":\"reload\"}\n";
    const size_t length = sizeof(request) - 1;
    if (send(socket, request, length, MSG_NOSIGNAL) == (ssize_t)length)
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
static enum qv_status listen_to(int socket, struct qv_buf *answer, struct qv_error *error)
{
    struct qv_mono until = qv_mono_add_ms(qv_mono_now(), PATIENCE_MS);
    while (answer->length == 0 || answer->at[answer->length - 1] != '\n') {
        char bytes[4096];
        if (!wait_until(socket, until))
            return qv_error_set(error, QV_UNAVAILABLE,
                                "no answer within %d s; Quiver's log tells what it does",
                                PATIENCE_MS / 1000);
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

/* ---- what it said ---------------------------------------------------------------------------- */

static enum qv_status read_outcome(struct qv_str answer, struct qv_buf *lines, bool *ret_good,
                                   struct qv_error *error)
{
    enum { DEPTH = 8 };
    QV_CLEANUP(qv_json) json_t *value = NULL;
    QV_TRY(qv_json_parse(answer, DEPTH, &value, error));
    const char *refusal = json_string_value(json_object_get(value, "error"));
    if (refusal != NULL)
        return qv_error_set(error, QV_FOREIGN, "Quiver refuses: %s", refusal);
    enum qv_status status = reload_outcome_tell(value, lines, ret_good);
    if (status == QV_FOREIGN)
        return qv_error_set(error, QV_FOREIGN,
                            "the answer is not understood: is it another version that runs?");
    return status;
}

static enum qv_status reload(const struct options *options, bool *ret_good, struct qv_error *error)
{
    int socket = -1;
    QV_CLEANUP(qv_buf) struct qv_buf answer = {0}, lines = {0};
    QV_TRY(connect_to(options->config, &socket, error));
    enum qv_status status = ask(socket, error);
    if (status == QV_OK)
        status = listen_to(socket, &answer, error);
    close(socket);
    QV_TRY(status);
    QV_TRY(read_outcome(qv_buf_str(&answer), &lines, ret_good, error));
    if (options->json)
        printf("%s\n", answer.at);
    else
        fputs(lines.at, stdout);
    return QV_OK;
}

int qv_cli_reload(int argc, char **argv)
{
    static const struct options_wanted wanted = {.help = help, .config = true, .json = true};
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    struct options options;
    bool good = false;
    switch (options_read(argc, argv, &wanted, &options)) {
    case OPTIONS_HELPED: return 0;
    case OPTIONS_WRONG: return 2;
    case OPTIONS_GO: break;
    }
    if (reload(&options, &good, &error) != QV_OK) {
        fprintf(stderr, "quiver reload: %s\n", qv_error_message(&error));
        return 1;
    }
    return good ? 0 : 1;
}
