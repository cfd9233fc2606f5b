/*
 * A file whose content changes whole or not at all. Private to `trust`; one thread for each path.
 */
#ifndef QUIVER_TRUST_REPLACE_H
#define QUIVER_TRUST_REPLACE_H

#include <quiver/base/str.h>

/** Writes `text` to a new file in the same folder (mode 0600), onto the disk, and renames it to
 *  `path`. QV_UNAVAILABLE with the path and the reason: what was there is still there (or, where
 *  the folder could not be written to the disk, may be there again after a power cut). */
QV_MUST_CHECK enum qv_status qv_replace_file(const char *path, struct qv_str text,
                                             struct qv_error *error);

#endif
