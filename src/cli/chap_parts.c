/*
 * Reading and judging what CHAP takes. Main thread; the warning also the reloader's.
 */
#include "chap_parts.h"

#include <quiver/base/buf.h>
#include <quiver/domain/names.h>
#include <stdio.h>

/* It is brought into the dialect's form, as the ids of the services are. */
static enum qv_status check_definition(const struct qv_config *config, struct qv_error *error)
{
    QV_CLEANUP(qv_buf) struct qv_buf name = {0};
    QV_CLEANUP(qv_error) struct qv_error fault = {0};
    const struct qv_dialect *dialect = qv_dialect_get(config->cloud.dialect);
    qv_name_normalize(dialect, QV_ENTITY_DEFINITION, qv_str_from(config->chap.definition), &name);
    QV_TRY(qv_buf_status(&name));
    enum qv_status status =
        qv_name_check_length(dialect, QV_ENTITY_DEFINITION, qv_buf_str(&name), &fault);
    if (status == QV_OK)
        status = qv_name_check(dialect, QV_ENTITY_DEFINITION, qv_buf_str(&name), &fault);
    if (status != QV_OK)
        return qv_error_set(error, status, "%s: chap.definition: %s", config->file,
                            qv_error_message(&fault));
    return QV_OK;
}

enum qv_status chap_load(const struct qv_config *config, struct qv_wall now,
                         struct qv_service_keys **ret_keys, struct qv_error *error)
{
    QV_TRY(check_definition(config, error));
    if (!qv_config_serves(config, QV_SERVE_CHAP))
        return QV_OK;
    return qv_service_keys_new(config, now, ret_keys, error);
}

enum qv_status chap_load_or_tell(const struct qv_config *config, struct qv_service_keys **ret_keys)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    enum qv_status status = chap_load(config, qv_wall_now(), ret_keys, &error);
    if (status == QV_NO_MEMORY)
        fprintf(stderr, "%s: out of memory\n", config->file);
    else if (status != QV_OK)
        fprintf(stderr, "%s\n", qv_error_message(&error));
    return status;
}

const char *chap_warning(const struct qv_config *config, struct qv_service_keys *keys)
{
    static const char *const words[] = {
        [QV_CHAP_BY_KEY] = "there is no service key: every registration is answered with 503; set "
                           "the variable of chap.keys.env, or name a file in chap.keys.file",
        [QV_CHAP_BY_EITHER] = "there is no service key: who registers without a client certificate "
                              "is answered with 503; set the variable of chap.keys.env, or name a "
                              "file in chap.keys.file",
        [QV_CHAP_BY_BOTH] = "there is no service key: every registration is answered with 503; set "
                            "the variable of chap.keys.env, or name a file in chap.keys.file",
        [QV_CHAP_BY_CERTIFICATE] = NULL, /* keys prove nothing then */
    };
    if (keys == NULL || qv_service_keys_count(keys) > 0)
        return NULL;
    return words[config->chap.authentication];
}
