/*
 * Taking a request body apart. The reference decodes a body whole before it validates anything,
 * so every fault of kind is found here, before any rule is asked. Pure; any thread.
 */
#include "members.h"
#include "text.h"

#define FAILED "Failed to read request: "

enum qv_status qv_body_check(const json_t *body, struct qv_error *error)
{
    if (json_is_object(body))
        return QV_OK;
    return qv_error_set(error, QV_INVALID, FAILED "the body must be an object");
}

/* What a member of a kind must be, in words. */
static const char *expected(enum qv_member_kind kind)
{
    static const char *const words[] = {
        [QV_MEMBER_TEXT] = "a text",
        [QV_MEMBER_TEXTS] = "a list of texts",
        [QV_MEMBER_OBJECT] = "an object",
        [QV_MEMBER_OBJECTS] = "a list of objects",
    };
    return words[kind];
}

enum qv_status qv_member_text(const json_t *value, json_t **ret_text)
{
    json_t *text;
    if (json_is_string(value))
        text = json_incref((json_t *)(uintptr_t)value);
    else if (json_is_integer(value))
        text = json_sprintf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_boolean(value))
        text = json_string(json_is_true(value) ? "true" : "false");
    else
        return QV_INVALID;
    if (text == NULL)
        return QV_NO_MEMORY;
    *ret_text = text;
    return QV_OK;
}

/* One element of a list of texts: null stays, it is the validation's to judge. */
static enum qv_status read_element(const json_t *value, json_t **ret_text)
{
    if (!json_is_null(value))
        return qv_member_text(value, ret_text);
    *ret_text = json_null();
    return QV_OK;
}

/* Says which member or, with `index` not SIZE_MAX, which of its elements is of the wrong kind. */
static enum qv_status refuse(const char *where, const struct qv_member *member, size_t index,
                             struct qv_error *error)
{
    if (index == SIZE_MAX)
        return qv_error_set(error, QV_INVALID, FAILED "%s%s must be %s", where, member->name,
                            expected(member->kind));
    return qv_error_set(error, QV_INVALID, FAILED "%s%s[%zu] must be %s", where, member->name,
                        index, member->kind == QV_MEMBER_TEXTS ? "a text" : "an object");
}

static enum qv_status read_texts(const struct qv_member *member, const char *where,
                                 const json_t *list, json_t **ret_list, struct qv_error *error)
{
    if (!json_is_array(list))
        return refuse(where, member, SIZE_MAX, error);
    QV_CLEANUP(qv_json) json_t *texts = json_array();
    if (texts == NULL)
        return qv_no_memory(error);
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *text;
        enum qv_status status = read_element(json_array_get(list, i), &text);
        if (status == QV_INVALID)
            return refuse(where, member, i, error);
        if (status != QV_OK || json_array_append_new(texts, text) != 0)
            return qv_no_memory(error);
    }
    *ret_list = texts;
    texts = NULL;
    return QV_OK;
}

static enum qv_status check_objects(const struct qv_member *member, const char *where,
                                    const json_t *list, struct qv_error *error)
{
    if (!json_is_array(list))
        return refuse(where, member, SIZE_MAX, error);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        if (!json_is_object(item) && !json_is_null(item))
            return refuse(where, member, i, error);
    }
    return QV_OK;
}

static enum qv_status read_text(const struct qv_member *member, const char *where,
                                const json_t *value, json_t **ret_text, struct qv_error *error)
{
    enum qv_status status = qv_member_text(value, ret_text);
    if (status == QV_INVALID)
        return refuse(where, member, SIZE_MAX, error);
    return status == QV_OK ? QV_OK : qv_no_memory(error);
}

static enum qv_status read_member(const struct qv_member *member, const char *where, json_t *value,
                                  json_t **ret_value, struct qv_error *error)
{
    switch (member->kind) {
    case QV_MEMBER_TEXT: return read_text(member, where, value, ret_value, error);
    case QV_MEMBER_TEXTS: return read_texts(member, where, value, ret_value, error);
    case QV_MEMBER_OBJECTS: QV_TRY(check_objects(member, where, value, error)); break;
    case QV_MEMBER_OBJECT:
        if (!json_is_object(value))
            return refuse(where, member, SIZE_MAX, error);
        break;
    }
    *ret_value = json_incref(value);
    return QV_OK;
}

enum qv_status qv_members_read(const struct qv_member *table, size_t count, const char *where,
                               const json_t *object, json_t **ret_values, struct qv_error *error)
{
    json_t *values[QV_MEMBERS_MAX] = {0};
    for (size_t i = 0; i < count; i++) {
        json_t *value = json_object_get(object, table[i].name);
        if (value == NULL || json_is_null(value))
            continue;
        enum qv_status status = read_member(&table[i], where, value, &values[i], error);
        if (status != QV_OK) {
            qv_members_drop(values, count);
            return status;
        }
    }
    for (size_t i = 0; i < count; i++)
        ret_values[i] = values[i];
    return QV_OK;
}

void qv_members_drop(json_t **values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        qv_json_free(&values[i]);
}
