/*
 * Secrets from files. What is read stays in one piece of memory, made large enough beforehand, as
 * growing would leave a copy behind, and is overwritten when it is freed. A file that group or
 * others may open is refused: what it holds is no secret. Runs where trust is loaded.
 */
#include "password.h"

#include "faults.h"

#include <quiver/base/credentials.h>
#include <quiver/base/file.h>
#include <quiver/base/memory.h>
#include <string.h>

void qv_secret_free(struct qv_secret *secret)
{
    if (secret->bytes.at != NULL)
        qv_memory_wipe(secret->bytes.at, secret->bytes.capacity);
    qv_buf_free(&secret->bytes);
}

enum qv_status qv_secret_read(const char *file, size_t max, struct qv_secret *ret_secret,
                              struct qv_strings *faults)
{
    struct stat about;
    if (stat(file, &about) == 0 && qv_secret_is_exposed(file, &about))
        return qv_fault(faults, "%s: open to group or others (mode %04o); run: chmod 600 %s", file,
                        (unsigned)about.st_mode & 07777U, file);
    QV_CLEANUP(qv_secret) struct qv_secret secret = {0};
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    qv_buf_reserve(&secret.bytes, max + 2);
    if (qv_file_read(file, max, &secret.bytes, &error) != QV_OK)
        return qv_fault_error(faults, &error);
    *ret_secret = secret;
    secret = (struct qv_secret){0};
    return QV_OK;
}

enum qv_status qv_password_read(const char *file, struct qv_secret *ret_secret,
                                struct qv_strings *faults)
{
    QV_CLEANUP(qv_secret) struct qv_secret secret = {0};
    QV_TRY(qv_secret_read(file, 4 * QV_PASSWORD_MAX, &secret, faults));
    struct qv_str rest = qv_buf_str(&secret.bytes), line = {0};
    (void)qv_str_split_next(&rest, '\n', &line);
    if (line.length > 0 && line.at[line.length - 1] == '\r')
        line.length--;
    if (line.length == 0)
        return qv_fault(faults, "%s: its first line, the password, is empty", file);
    if (line.length > QV_PASSWORD_MAX || memchr(line.at, '\0', line.length) != NULL)
        return qv_fault(faults,
                        "%s: its first line is no password (at most %zu bytes, none of them zero)",
                        file, QV_PASSWORD_MAX);
    qv_buf_truncate(&secret.bytes, line.length);
    *ret_secret = secret;
    secret = (struct qv_secret){0};
    return QV_OK;
}
