/*
 * What the verifier has of files: keys of systems, and the CAs of those who are asked. It is read
 * whole and checked before it takes the place of what was in force. Any thread.
 */
#include "files.h"
#include "ca_bundle.h"

#include <quiver/base/memory.h>

struct qv_files *qv_files_ref(struct qv_files *files)
{
    atomic_fetch_add_explicit(&files->references, 1, memory_order_relaxed);
    return files;
}

void qv_files_free(struct qv_files **files)
{
    struct qv_files *old = *files;
    if (old == NULL)
        return;
    *files = NULL;
    if (atomic_fetch_sub_explicit(&old->references, 1, memory_order_acq_rel) != 1)
        return;
    qv_secrets_free(&old->secrets);
    qv_buf_free(&old->ca[QV_QUESTION_TOKEN]);
    qv_buf_free(&old->ca[QV_QUESTION_NAME]);
    qv_free(old);
}

static enum qv_status read_ca(const struct qv_config *config, char *own, struct qv_buf *buf,
                              struct qv_error *error)
{
    if (own != NULL)
        return qv_ca_bundle_read(&own, 1, buf, error);
    return qv_ca_bundle_read(config->tls.trust.at, config->tls.trust.count, buf, error);
}

enum qv_status qv_files_read(const struct qv_config *config, const struct qv_dialect *dialect,
                             struct qv_files **ret_files, struct qv_error *error)
{
    const char *secrets = config->identity.authentication_system.secrets_file;
    QV_CLEANUP(qv_files) struct qv_files *files = qv_alloc(sizeof(*files));
    if (files == NULL)
        return QV_NO_MEMORY;
    atomic_init(&files->references, 1);
    if (secrets != NULL)
        QV_TRY(qv_secrets_read(dialect, secrets, &files->secrets, error));
    if (config->identity.authentication_system.url != NULL)
        QV_TRY(read_ca(config, config->identity.authentication_system.ca,
                       &files->ca[QV_QUESTION_TOKEN], error));
    if (config->identity.blacklist.mode != QV_BLACKLIST_OFF)
        QV_TRY(read_ca(config, config->identity.blacklist.ca, &files->ca[QV_QUESTION_NAME], error));
    *ret_files = files;
    files = NULL;
    return QV_OK;
}
