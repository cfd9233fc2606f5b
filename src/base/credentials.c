/*
 * Secrets that a service manager hands over.
 *
 * Holds always: what is written behind $CREDENTIALS_DIRECTORY/ is one plain name, so that it names
 * something in that folder and nothing else; outside of it a secret that group or others may open
 * counts as exposed. Any thread, while nobody changes the environment.
 */
#include <quiver/base/credentials.h>
#include <quiver/base/memory.h>
#include <stdlib.h>
#include <string.h>

/* NULL: nobody handed over any. */
static const char *folder(void)
{
    const char *path = getenv("CREDENTIALS_DIRECTORY");
    return path != NULL && path[0] == '/' ? path : NULL;
}

bool qv_credential_is_meant(struct qv_str text)
{
    return qv_str_starts_with(text, QV_STR(QV_CREDENTIALS_VARIABLE));
}

static bool is_plain_name(struct qv_str name)
{
    return name.length > 0 && memchr(name.at, '/', name.length) == NULL && name.at[0] != '.';
}

enum qv_status qv_credential_path(struct qv_str text, char **ret_path, struct qv_error *error)
{
    QV_CLEANUP(qv_buf) struct qv_buf path = {0};
    size_t length;
    struct qv_str name = qv_str_part(text, strlen(QV_CREDENTIALS_VARIABLE), SIZE_MAX);
    if (!is_plain_name(name))
        return qv_error_set(error, QV_INVALID,
                            "needs one plain name behind " QV_CREDENTIALS_VARIABLE);
    if (folder() == NULL)
        return qv_error_set(
            error, QV_INVALID,
            "is a credential, and CREDENTIALS_DIRECTORY is not set: add LoadCredential= "
            "to the unit, or, outside of it, set that to the folder");
    qv_buf_printf(&path, "%s/%.*s", folder(), QV_STR_ARG(name));
    return qv_buf_take(&path, ret_path, &length);
}

/* Directly in the folder. */
static bool is_credential(const char *path)
{
    const char *in = folder();
    size_t length = in != NULL ? strlen(in) : 0;
    return length > 0 && strncmp(path, in, length) == 0 && path[length] == '/' &&
           is_plain_name(qv_str_from(path + length + 1));
}

bool qv_secret_is_exposed(const char *path, const struct stat *about)
{
    mode_t tolerated = is_credential(path) && about->st_uid == 0 ? S_IRGRP : 0;
    return S_ISREG(about->st_mode) && (about->st_mode & (S_IRWXG | S_IRWXO) & ~tolerated) != 0;
}
