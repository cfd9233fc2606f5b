/*
 * What Redis answered: a tree of values, independent of the library that parsed it. Built by
 * reply_reader.c, owned by whoever was given the pointer to own; a callback's reply is borrowed.
 */
#ifndef QUIVER_STORE_REPLY_H
#define QUIVER_STORE_REPLY_H

#include <quiver/base/str.h>

enum qv_reply_kind {
    QV_REPLY_NIL,
    QV_REPLY_TEXT, /**< also a status such as OK */
    QV_REPLY_NUMBER,
    QV_REPLY_LIST,
    QV_REPLY_ERROR, /**< `text` are Redis' words, beginning with a code such as OOM */
};

struct qv_reply {
    enum qv_reply_kind kind;
    struct qv_str text;      /**< owned by the reply; NUL-terminated */
    int64_t number;          /**< of NUMBER */
    struct qv_reply **items; /**< of LIST, owned */
    size_t count;
};

/** The item of a list; a static NIL for anything else or beyond its end: never NULL. */
const struct qv_reply *qv_reply_item(const struct qv_reply *reply, size_t index);
/** The item's text; empty for anything but TEXT. */
struct qv_str qv_reply_text(const struct qv_reply *reply, size_t index);
/** The item as a number, given as NUMBER or as decimal TEXT; false for anything else. */
bool qv_reply_number(const struct qv_reply *reply, size_t index, int64_t *ret_number);
/** The same for what cannot be negative. */
bool qv_reply_count(const struct qv_reply *reply, size_t index, uint64_t *ret_number);
/** Does the list begin with this word? */
bool qv_reply_begins(const struct qv_reply *reply, const char *word);
void qv_reply_free(struct qv_reply **reply);

#endif
