/*
 * The control socket's protocol: one line of JSON asks, {"do":"reload"}, one line of JSON answers;
 * {"error":"..."} where what was asked for is not understood. Then the connection is closed. All
 * of it belongs to the thread that polls.
 */
#ifndef QUIVER_CLI_CONTROL_H
#define QUIVER_CLI_CONTROL_H

#include <poll.h>
#include <quiver/base/clock.h>

enum {
    CONTROL_CLIENTS = 8,        /* more wait in the system's queue */
    CONTROL_REQUEST_MAX = 4096, /* bytes, without the newline */
    CONTROL_PATIENCE_MS = 5000, /* for a request to come, and for an answer to be taken */
    CONTROL_POLLED = CONTROL_CLIENTS + 1,
};

/** A thing that can be asked for; its answer is one JSON value without newlines. */
struct control_verb {
    const char *name; /**< NULL ends the list */
    void (*run)(void *data, struct qv_buf *answer);
};

struct control; /**< the listening socket and its clients */

/** Takes over `socket`. `verbs` and `data` are borrowed. */
QV_MUST_CHECK enum qv_status control_new(int socket, const struct control_verb *verbs, void *data,
                                         struct control **ret_control);
void control_free(struct control **control); /**< closes all */

/** Fills in what is to be polled, always CONTROL_POLLED entries; for a second at most. */
void control_prepare(const struct control *control, struct qv_mono now, struct pollfd *polled);
/** Does what can be done after the poll, without waiting for anybody; runs verbs. Drops who took
 *  longer than CONTROL_PATIENCE_MS. */
void control_serve(struct control *control, const struct pollfd *polled, struct qv_mono now);

/** Answers one request line: runs its verb, or says what is wrong with it. Ends with a newline. */
void control_answer(const struct control_verb *verbs, void *data, struct qv_str request,
                    struct qv_buf *answer);

#endif
