/*
 * The property validator HTTP_OPERATIONS: an object from operations' names to {path, method}
 * (spec 3.8). Dialect 5.0 says of everything that is wrong with a value the same words; what is not
 * there, or blank, is no record in any dialect.
 * Pure; any thread.
 */
#include "dialect.h"
#include "members.h"
#include "text.h"
#include "validators.h"

static const char *const standard_methods[] = {
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", NULL,
};

enum { PATH, METHOD, MEMBER_COUNT };
static const struct qv_member table[MEMBER_COUNT] = {
    [PATH] = {"path", QV_MEMBER_TEXT},
    [METHOD] = {"method", QV_MEMBER_TEXT},
};

static enum qv_status refuse_record(struct qv_error *error)
{
    return qv_error_set(error, QV_INVALID, "Value should be a HttpOperationModel record");
}

static enum qv_status check_members(const json_t *record, struct qv_error *error)
{
    if (!json_is_object(record))
        return refuse_record(error);
    const char *name;
    const json_t *value;
    QV_EACH_MEMBER(record, name, value)
    {
        (void)value;
        bool known = false;
        for (size_t i = 0; i < MEMBER_COUNT; i++)
            known = known || qv_str_equal(qv_str_from(name), qv_str_from(table[i].name));
        if (!known)
            return refuse_record(error);
    }
    return QV_OK;
}

static bool is_missing(const json_t *value)
{
    return value == NULL || qv_str_is_blank(qv_json_str(value));
}

/* {path, method}, in this order. */
static enum qv_status make_record(const struct qv_dialect *dialect,
                                  json_t *const values[MEMBER_COUNT], json_t **ret_record,
                                  struct qv_error *error)
{
    if (is_missing(values[PATH]) || is_missing(values[METHOD]))
        return refuse_record(error);
    struct qv_str path = qv_str_trim(qv_json_str(values[PATH]));
    struct qv_str name = qv_str_trim(qv_json_str(values[METHOD]));
    const char *method = qv_text_find(standard_methods, name, true);
    if (method == NULL)
        return qv_error_set(error, QV_INVALID, "%s", dialect->words->method_unknown);
    json_t *record = json_pack("{s:s%,s:s}", "path", path.at, path.length, "method", method);
    if (record == NULL)
        return qv_no_memory(error);
    *ret_record = record;
    return QV_OK;
}

static enum qv_status read_record(const struct qv_dialect *dialect, const json_t *value,
                                  json_t **ret_record, struct qv_error *error)
{
    QV_TRY(check_members(value, error));
    json_t *values[MEMBER_COUNT];
    enum qv_status status = qv_members_read(table, MEMBER_COUNT, "", value, values, NULL);
    if (status != QV_OK)
        return status == QV_NO_MEMORY ? qv_no_memory(error) : refuse_record(error);
    status = make_record(dialect, values, ret_record, error);
    qv_members_drop(values, MEMBER_COUNT);
    return status;
}

static enum qv_status add_operation(const struct qv_validator_call *call, const char *name,
                                    const json_t *value, json_t *operations, struct qv_error *error)
{
    const struct qv_dialect *dialect = call->rules->dialect;
    QV_CLEANUP(qv_buf) struct qv_buf key = {0};
    QV_TRY(qv_name_read(dialect, QV_ENTITY_OPERATION, qv_str_from(name), &key, error));
    json_t *record = NULL;
    QV_TRY(read_record(dialect, value, &record, error));
    if (json_object_set_new_nocheck(operations, key.at, record) != 0)
        return qv_no_memory(error);
    return QV_OK;
}

enum qv_status qv_validate_http_operations(const struct qv_validator_call *call,
                                           const json_t *value, json_t **ret_value,
                                           struct qv_error *error)
{
    if (!json_is_object(value))
        return qv_error_set(error, QV_INVALID, "Property value should be a map of operations");
    if (json_object_size(value) == 0)
        return qv_error_set(error, QV_INVALID, "Property value should be a non-empty map");
    QV_CLEANUP(qv_json) json_t *operations = json_object();
    if (operations == NULL)
        return qv_no_memory(error);
    const char *name;
    const json_t *record;
    QV_EACH_MEMBER(value, name, record)
    QV_TRY(add_operation(call, name, record, operations, error));
    *ret_value = operations;
    operations = NULL;
    return QV_OK;
}
