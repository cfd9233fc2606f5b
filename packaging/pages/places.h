/*
 * Where things are once the package is installed. Part of the build program; one thread.
 */
#ifndef QUIVER_PAGES_PLACES_H
#define QUIVER_PAGES_PLACES_H

#include <quiver/base/buf.h>

/** Text for readers: files are named where the package puts them, docs as manual pages. */
void documented_places(struct qv_str text, struct qv_buf *documented);
/** The configuration as the package installs it: the same with the places of an installation. */
void installed_places(struct qv_str text, struct qv_buf *installed);

#endif
