/*
 * Where a trail that lies in files stands. Private to the module; any thread.
 */
#ifndef QUIVER_OBSERVE_AUDIT_TAIL_H
#define QUIVER_OBSERVE_AUDIT_TAIL_H

#include "audit_chain.h"

/** Reads the end of a trail. `ret_line_open`: the last line has no newline. An empty file has a
 *  chain before its first line. QV_INVALID: it is no trail, or cannot be read; `path` is only
 *  named. */
QV_MUST_CHECK enum qv_status qv_audit_tail_read(int descriptor, const char *path,
                                                struct qv_audit_chain *ret_chain,
                                                bool *ret_line_open, struct qv_error *error);

/** The end of the file that rotation made of `path`: of those in its folder whose names are that
 *  one's and more behind a dot or a hyphen, the one that was changed last. QV_NOT_FOUND: there is
 *  none; QV_INVALID as above. */
QV_MUST_CHECK enum qv_status
qv_audit_rotated_read(const char *path, struct qv_audit_chain *ret_chain, struct qv_error *error);

#endif
