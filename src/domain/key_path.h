/*
 * The key of a metadata requirement: a way through objects and lists (spec/arrowhead-discovery
 * 3.12). `a.b[2]` is element 2 of the list `b` in the object `a`. Immutable; any thread.
 */
#ifndef QUIVER_DOMAIN_KEY_PATH_H
#define QUIVER_DOMAIN_KEY_PATH_H

#include <quiver/base/json.h>

struct qv_key_part {
    char *name; /**< owned */
    bool indexed;
    size_t index;
};

struct qv_key_path {
    struct qv_key_part *parts; /**< owned */
    size_t count;              /**< 0: the path leads nowhere */
};

/** Any text is a path: what is no valid index is part of a name. */
QV_MUST_CHECK enum qv_status qv_key_path_read(struct qv_str text, struct qv_key_path *ret_path);
void qv_key_path_free(struct qv_key_path *path);

/** What the path leads to; NULL where a step is missing, null, out of range or of another kind. */
const json_t *qv_key_path_follow(const struct qv_key_path *path, const json_t *subject);

#endif
