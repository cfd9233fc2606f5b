/*
 * Files that hold a secret: a private key, a keystore, a password. Private to `trust`; any thread.
 */
#ifndef QUIVER_TRUST_PASSWORD_H
#define QUIVER_TRUST_PASSWORD_H

#include <quiver/base/buf.h>

/** Bytes of a file that may belong to its owner alone. Freeing overwrites them. */
struct qv_secret {
    struct qv_buf bytes;
};
/** Reads the whole file, which no one but its owner may be allowed to open. Faults name it and
 *  what to do. The caller frees, also after a failure. */
QV_MUST_CHECK enum qv_status qv_secret_read(const char *file, size_t max,
                                            struct qv_secret *ret_secret,
                                            struct qv_strings *faults);
/** Likewise, and cuts it to its first line, which must not be empty and may have at most
 *  QV_PASSWORD_MAX bytes. */
QV_MUST_CHECK enum qv_status qv_password_read(const char *file, struct qv_secret *ret_secret,
                                              struct qv_strings *faults);
#define QV_PASSWORD_MAX ((size_t)1024)
void qv_secret_free(struct qv_secret *secret);

#endif
