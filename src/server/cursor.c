/*
 * The cursor stands before the node that it gives out next, so that the one given out last may
 * vanish unnoticed. Holds always: `next` is a node of the list, or the list itself, which is its
 * end. The list's thread.
 */
#include "cursor.h"

void qv_cursor_begin(struct qv_cursor *cursor, h2o_linklist_t *list)
{
    cursor->list = list;
    cursor->next = list->next;
}

h2o_linklist_t *qv_cursor_next(struct qv_cursor *cursor)
{
    h2o_linklist_t *node = cursor->next;
    if (node == cursor->list)
        return NULL;
    cursor->next = node->next;
    return node;
}

void qv_cursor_forget(struct qv_cursor *cursor, const h2o_linklist_t *node)
{
    if (cursor->next == node)
        cursor->next = node->next;
}
