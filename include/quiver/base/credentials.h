/*
 * Secrets that a service manager hands over as files: LoadCredential= of systemd puts them into a
 * folder that the service alone can read and names it in $CREDENTIALS_DIRECTORY. A path may begin
 * with that name (docs/systemd.md). Any thread, while nobody changes the environment.
 */
#ifndef QUIVER_BASE_CREDENTIALS_H
#define QUIVER_BASE_CREDENTIALS_H

#include <quiver/base/buf.h>
#include <sys/stat.h>

/** What a path to a credential begins with, as it is written in the configuration. */
#define QV_CREDENTIALS_VARIABLE "$CREDENTIALS_DIRECTORY/"

/** Is it a path to a credential, as written? */
bool qv_credential_is_meant(struct qv_str text);
/** The real path of what is written. QV_INVALID with what to do where there is no such folder, or
 *  where the rest is no plain name. Owned by the caller. */
QV_MUST_CHECK enum qv_status qv_credential_path(struct qv_str text, char **ret_path,
                                                struct qv_error *error);

/** May others than its owner read or change this regular file? A credential of root's may be
 *  readable by its group: that is how the access list which lets the service's own user read it
 *  looks from outside (systemd, LoadCredential= with User=). */
bool qv_secret_is_exposed(const char *path, const struct stat *about);

#endif
