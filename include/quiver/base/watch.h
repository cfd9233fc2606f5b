/*
 * Have files changed? Looked at by stat through the full path, so that renames, replaced links and
 * swapped folders above count like a write; inotify on the folders only shortens the wait, for it
 * misses some of these (design 6). One thread.
 */
#ifndef QUIVER_BASE_WATCH_H
#define QUIVER_BASE_WATCH_H

#include <quiver/base/buf.h>

struct qv_watch;

QV_MUST_CHECK enum qv_status qv_watch_new(struct qv_watch **ret_watch);
void qv_watch_free(struct qv_watch **watch);

/** Watches these files from now on, instead of those before. One that was watched already is
 *  compared with what was known of it, so that no change falls between; the others with what they
 *  are now. A file that does not exist is watched for its coming. QV_NO_MEMORY: those before stay.
 */
QV_MUST_CHECK enum qv_status qv_watch_set(struct qv_watch *watch, const struct qv_strings *files);
/** Becomes readable when something happens in one of the folders (-1: no inotify here); then, and
 *  each second anyway, ask qv_watch_changed. */
int qv_watch_descriptor(const struct qv_watch *watch);
/** Looks at every file: did device, inode, size, times or existence change since the last call or
 *  qv_watch_set? Empties the descriptor. */
bool qv_watch_changed(struct qv_watch *watch);

#endif
