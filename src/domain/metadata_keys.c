/*
 * Names of members in metadata and properties. Recursion is bounded by the depth that the JSON
 * reader allows. Pure; any thread.
 */
#include "metadata_keys.h"
#include "dialect.h"
#include "members.h"
#include <string.h>

static enum qv_status check_name(const struct qv_dialect *dialect, const char *name,
                                 struct qv_error *error)
{
    if (strchr(name, '.') == NULL)
        return QV_OK;
    return qv_error_set(error, QV_INVALID, "Invalid metadata key: %s, it should not contain . %s",
                        name, dialect->words->metadata_key_end);
}

enum qv_status qv_metadata_keys_check(const struct qv_dialect *dialect, const json_t *value,
                                      struct qv_error *error)
{
    for (size_t i = 0; i < json_array_size(value); i++)
        QV_TRY(qv_metadata_keys_check(dialect, json_array_get(value, i), error));
    const char *name;
    const json_t *member;
    QV_EACH_MEMBER(value, name, member)
    {
        QV_TRY(check_name(dialect, name, error));
        QV_TRY(qv_metadata_keys_check(dialect, member, error));
    }
    return QV_OK;
}
