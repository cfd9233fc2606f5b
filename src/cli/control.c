/*
 * Serving the control socket.
 *
 * Holds always: no client is waited for; each has a place, a bound on what it may send and a time
 * by which it must have sent it, and have taken its answer. A verb may take long (a reload takes
 * what it takes): who sent a request meanwhile is served before anybody is dropped for being slow.
 * One thread.
 */
#include "control.h"

#include <errno.h>
#include <quiver/base/json.h>
#include <quiver/base/memory.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ACCEPT_PAUSE_MS = 1000 };

struct client {
    int socket; /* -1: the place is free */
    struct qv_buf request, answer;
    size_t sent;          /* of the answer */
    struct qv_mono until; /* its patience ends */
};

struct control {
    int socket;
    const struct control_verb *verbs;
    void *data;
    struct qv_mono accept_again; /* not before: there were no descriptors */
    struct client clients[CONTROL_CLIENTS];
};

/* ---- one request ----------------------------------------------------------------------------- */

static void put_error(struct qv_buf *answer, const char *words)
{
    qv_buf_put_text(answer, "{\"error\":");
    qv_json_write_str(answer, qv_str_from(words));
    qv_buf_put_char(answer, '}');
}

static void put_unknown_verb(const struct control_verb *verbs, struct qv_buf *answer)
{
    QV_CLEANUP(qv_buf) struct qv_buf words = {0};
    qv_buf_put_text(&words, "\"do\" must be one of:");
    for (const struct control_verb *verb = verbs; verb->name != NULL; verb++)
        qv_buf_printf(&words, " %s", verb->name);
    put_error(answer, qv_buf_status(&words) == QV_OK ? words.at : "out of memory");
}

/* The verb that is asked for; NULL where there is none of that name. */
static const struct control_verb *find_verb(const struct control_verb *verbs, const json_t *request)
{
    struct qv_str name = qv_json_str(json_object_get(request, "do"));
    for (const struct control_verb *verb = verbs; verb->name != NULL; verb++)
        if (qv_str_equal(name, qv_str_from(verb->name)))
            return verb;
    return NULL;
}

void control_answer(const struct control_verb *verbs, void *data, struct qv_str request,
                    struct qv_buf *answer)
{
    enum { DEPTH = 4 };
    QV_CLEANUP(qv_json) json_t *value = NULL;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    if (qv_json_parse(request, DEPTH, &value, &error) != QV_OK) {
        put_error(answer, qv_error_message(&error));
    } else {
        const struct control_verb *verb = find_verb(verbs, value);
        if (verb != NULL)
            verb->run(data, answer);
        else
            put_unknown_verb(verbs, answer);
    }
    qv_buf_put_char(answer, '\n');
}

/* ---- clients --------------------------------------------------------------------------------- */

static void drop(struct client *client)
{
    close(client->socket);
    qv_buf_free(&client->request);
    qv_buf_free(&client->answer);
    *client = (struct client){.socket = -1};
}

static struct client *free_place(struct control *control)
{
    for (size_t i = 0; i < CONTROL_CLIENTS; i++)
        if (control->clients[i].socket < 0)
            return &control->clients[i];
    return NULL;
}

static void accept_all(struct control *control, struct qv_mono now)
{
    struct client *place;
    while ((place = free_place(control)) != NULL) {
        int socket = accept4(control->socket, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (socket < 0) { /* nobody more, or no descriptors: then later */
            control->accept_again = qv_mono_add_ms(now, errno == EAGAIN ? 0 : ACCEPT_PAUSE_MS);
            return;
        }
        place->socket = socket;
        place->until = qv_mono_add_ms(now, CONTROL_PATIENCE_MS);
    }
}

/* What a call on the socket came to, if it was not to be served right now. */
static bool is_broken(ssize_t got)
{
    return got < 0 && errno != EAGAIN && errno != EINTR;
}

static void send_answer(struct client *client)
{
    size_t left = client->answer.length - client->sent;
    ssize_t sent =
        send(client->socket, client->answer.at + client->sent, left, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0)
        client->sent += (size_t)sent;
    if (is_broken(sent) || client->sent == client->answer.length)
        drop(client);
}

static void begin_answer(struct control *control, struct client *client, struct qv_str request)
{
    if (request.length > CONTROL_REQUEST_MAX)
        put_error(&client->answer, "the request is too long");
    else
        control_answer(control->verbs, control->data, request, &client->answer);
    client->until = qv_mono_add_ms(qv_mono_now(), CONTROL_PATIENCE_MS); /* that took its time */
    if (qv_buf_status(&client->answer) != QV_OK)
        drop(client);
    else
        send_answer(client);
}

static void receive(struct control *control, struct client *client)
{
    char bytes[CONTROL_REQUEST_MAX + 1];
    ssize_t got = recv(client->socket, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (got > 0)
        qv_buf_put(&client->request, (struct qv_str){.at = bytes, .length = (size_t)got});
    struct qv_str all = qv_buf_str(&client->request);
    size_t end = qv_str_find(all, '\n');
    if (got == 0 || is_broken(got) || qv_buf_status(&client->request) != QV_OK)
        drop(client); /* a line without its end is none */
    else if (end != SIZE_MAX || all.length > CONTROL_REQUEST_MAX)
        begin_answer(control, client, qv_str_part(all, 0, end));
}

/* ---- polling --------------------------------------------------------------------------------- */

void control_prepare(const struct control *control, struct qv_mono now, struct pollfd *polled)
{
    bool wanted = false; /* is there a place for one more? */
    for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
        const struct client *client = &control->clients[i];
        wanted = wanted || client->socket < 0;
        polled[i] = (struct pollfd){.fd = client->socket,
                                    .events = client->answer.length > 0 ? POLLOUT : POLLIN};
    }
    wanted = wanted && now.us >= control->accept_again.us;
    polled[CONTROL_CLIENTS] =
        (struct pollfd){.fd = wanted ? control->socket : -1, .events = POLLIN};
}

void control_serve(struct control *control, const struct pollfd *polled, struct qv_mono now)
{
    for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
        struct client *client = &control->clients[i];
        if (client->socket < 0)
            continue;
        if (polled[i].revents != 0 && client->answer.length > 0)
            send_answer(client);
        else if (polled[i].revents != 0)
            receive(control, client);
        if (client->socket >= 0 && now.us > client->until.us)
            drop(client);
    }
    if (polled[CONTROL_CLIENTS].revents != 0)
        accept_all(control, now);
}

/* ---- life ------------------------------------------------------------------------------------ */

enum qv_status control_new(int socket, const struct control_verb *verbs, void *data,
                           struct control **ret_control)
{
    struct control *control = qv_alloc(sizeof(*control));
    if (control == NULL)
        return QV_NO_MEMORY;
    control->socket = socket;
    control->verbs = verbs;
    control->data = data;
    for (size_t i = 0; i < CONTROL_CLIENTS; i++)
        control->clients[i].socket = -1;
    *ret_control = control;
    return QV_OK;
}

void control_free(struct control **control)
{
    if (*control == NULL)
        return;
    for (size_t i = 0; i < CONTROL_CLIENTS; i++)
        if ((*control)->clients[i].socket >= 0)
            drop(&(*control)->clients[i]);
    close((*control)->socket);
    qv_free(*control);
    *control = NULL;
}
