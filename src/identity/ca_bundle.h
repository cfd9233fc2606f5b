/*
 * CA certificates of files, as one text. Private to `identity`.
 */
#ifndef QUIVER_IDENTITY_CA_BUNDLE_H
#define QUIVER_IDENTITY_CA_BUNDLE_H

#include <quiver/base/buf.h>

/** Appends the certificates of the files (PEM, or one in DER) as PEM. QV_INVALID names the file. */
QV_MUST_CHECK enum qv_status qv_ca_bundle_read(char *const *paths, size_t count, struct qv_buf *buf,
                                               struct qv_error *error);

#endif
