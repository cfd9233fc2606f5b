/*
 * Going through a list in several turns, between which its nodes may come and go: whoever takes a
 * node out tells the cursor before. The list's thread alone.
 */
#ifndef QUIVER_SERVER_CURSOR_H
#define QUIVER_SERVER_CURSOR_H

#include <h2o/linklist.h>

/** Zeroed: goes through no list. */
struct qv_cursor {
    h2o_linklist_t *list, *next;
};

void qv_cursor_begin(struct qv_cursor *cursor, h2o_linklist_t *list);
/** The next node; NULL: there is none any more. */
h2o_linklist_t *qv_cursor_next(struct qv_cursor *cursor);
/** The node is about to be taken out of the list. */
void qv_cursor_forget(struct qv_cursor *cursor, const h2o_linklist_t *node);

#endif
