/*
 * The secrets that systems share with the Authentication system (spec/arrowhead-discovery 1.5):
 * a file of lines `name: secret`. Private to `identity`. Immutable once read; any thread.
 */
#ifndef QUIVER_IDENTITY_SECRETS_H
#define QUIVER_IDENTITY_SECRETS_H

#include <quiver/domain/names.h>

struct qv_secrets;

/** Reads the file; blank lines and lines that begin with # are left out. QV_INVALID with file and
 *  line, and no secret in the words: others than its owner may read it, a line without colon, name
 *  or secret, a name given twice. */
QV_MUST_CHECK enum qv_status qv_secrets_read(const struct qv_dialect *dialect, const char *path,
                                             struct qv_secrets **ret_secrets,
                                             struct qv_error *error);
void qv_secrets_free(struct qv_secrets **secrets); /**< overwrites them */

/** Is `hash` the HMAC-SHA256 of the normalized `name` under its secret, as lower-case hexadecimal
 *  digits? The time that this takes tells nothing about secret or hash. `secrets` NULL: no. */
bool qv_secrets_prove(const struct qv_secrets *secrets, struct qv_str name, struct qv_str hash);

#endif
