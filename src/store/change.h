/*
 * A change: a script with its arguments, and from its submission on the state of its way
 * (commands.c). Built by any thread, owned by the store from its submission on.
 */
#ifndef QUIVER_STORE_CHANGE_H
#define QUIVER_STORE_CHANGE_H

#include "internal.h"

struct qv_change {
    enum qv_script script;
    enum qv_operation operation; /* that a grant must cover */
    struct qv_str *args;         /* behind deadline and token; the texts are owned */
    size_t count;

    /* commands.c */
    struct qv_post post;
    struct qv_change *prev, *next; /* among the parked */
    struct qv_timer timer;
    struct qv_store *store;
    bool granted;
    bool renews; /* may wait for company: see commands.c */
    bool parked;
    bool whole; /* sent with the script's text: Redis did not know its digest */
    struct qv_mono due;
    uint64_t epoch; /* of the history in which it was submitted */
    struct qv_position position;
    struct qv_command *command; /* on its way to or from Redis ... */
    struct qv_mono sent;        /* ... since then */
    char token[QV_TOKEN_SIZE];
    struct qv_outcome outcome;
    qv_store_done done;
    void *data;
};

/** Where the places in the arguments are that name what a register script answers. */
enum { QV_ARG_INSTANCE = 2, QV_ARG_SYSTEM = 4, QV_ARG_DEFINITION = 6 };
enum { QV_ARG_INSTANCES_MAX = 11 }; /* of the script that registers a service */
enum { QV_ARG_NAME = 1 }; /* of the scripts that register systems, devices, CHAP services */

/* ---- building one: change.c, chap_changes.c ---- */

/** An empty change with room for so many arguments. */
QV_MUST_CHECK enum qv_status qv_change_new(enum qv_script script, enum qv_operation operation,
                                           size_t arguments, struct qv_change **ret_change);
/** Takes the buffer's content as the next argument. */
QV_MUST_CHECK enum qv_status qv_change_add(struct qv_change *change, struct qv_buf *buf);
QV_MUST_CHECK enum qv_status qv_change_add_text(struct qv_change *change, const char *text);
QV_MUST_CHECK enum qv_status qv_change_add_str(struct qv_change *change, struct qv_str text);
/** The envelope's `by`; of NULL an empty one. */
QV_MUST_CHECK enum qv_status qv_change_add_by(struct qv_change *change,
                                              const struct qv_identity *by);

#endif
