/*
 * Metadata requirements (spec/arrowhead-discovery 3.12): read and checked whole before anything
 * is looked up, so that a fault in one is the request's, whatever is stored (section 11.2).
 *
 * Holds always: a requirement that exists has only known operators. Immutable; any thread.
 */
#include "dialect.h"
#include "key_path.h"
#include "members.h"
#include "operators.h"
#include "text.h"
#include <quiver/base/memory.h>
#include <quiver/domain/requirement.h>

struct condition {
    struct qv_key_path path;
    const struct qv_operator *test;
    json_t *operand; /**< owned reference */
};

struct qv_requirement {
    struct condition *conditions; /**< all must hold */
    size_t count;
};

static enum qv_status refuse_operator(const json_t *op, struct qv_error *error)
{
    QV_CLEANUP(qv_buf) struct qv_buf written = {0};
    if (json_is_string(op))
        qv_buf_put(&written, qv_json_str(op));
    else
        qv_json_write(&written, op);
    if (qv_buf_status(&written) != QV_OK)
        return qv_no_memory(error);
    return qv_error_set(error, QV_INVALID, "Invalid metadata operation requirement: %.*s",
                        QV_STR_ARG(qv_buf_str(&written)));
}

/* An object with both `op` and `value` is an operator's call; anything else is to be equal. */
static enum qv_status read_expected(const struct qv_dialect *dialect, json_t *expected,
                                    struct condition *condition, struct qv_error *error)
{
    const json_t *op = json_object_get(expected, "op");
    json_t *value = json_object_get(expected, "value");
    if (op == NULL || value == NULL) {
        condition->test = qv_operator_find(dialect, QV_STR(QV_OPERATOR_DEFAULT));
        condition->operand = json_incref(expected);
        return QV_OK;
    }
    condition->test = json_is_string(op) ? qv_operator_find(dialect, qv_json_str(op)) : NULL;
    if (condition->test == NULL)
        return refuse_operator(op, error);
    condition->operand = json_incref(value);
    return QV_OK;
}

enum qv_status qv_requirement_read(const struct qv_dialect *dialect, json_t *object,
                                   struct qv_requirement **ret_requirement, struct qv_error *error)
{
    QV_CLEANUP(qv_requirement) struct qv_requirement *requirement = qv_alloc(sizeof(*requirement));
    if (requirement == NULL)
        return qv_no_memory(error);
    size_t count = json_object_size(object);
    requirement->conditions = qv_alloc_array(count, sizeof(struct condition));
    if (requirement->conditions == NULL)
        return qv_no_memory(error);
    const char *key;
    json_t *expected;
    QV_EACH_MEMBER(object, key, expected)
    {
        struct condition *condition = &requirement->conditions[requirement->count++];
        if (qv_key_path_read(qv_str_from(key), &condition->path) != QV_OK)
            return qv_no_memory(error);
        QV_TRY(read_expected(dialect, expected, condition, error));
    }
    *ret_requirement = requirement;
    requirement = NULL;
    return QV_OK;
}

/* A key that leads nowhere matches nothing, under negated operators too. */
static bool holds(const struct condition *condition, const json_t *subject)
{
    const json_t *found = qv_key_path_follow(&condition->path, subject);
    if (found == NULL)
        return false;
    return condition->test->holds(found, condition->operand) != condition->test->negated;
}

bool qv_requirement_matches(const struct qv_requirement *requirement, const json_t *subject)
{
    for (size_t i = 0; i < requirement->count; i++) {
        if (!holds(&requirement->conditions[i], subject))
            return false;
    }
    return true;
}

void qv_requirement_free(struct qv_requirement **requirement)
{
    if (requirement == NULL || *requirement == NULL)
        return;
    for (size_t i = 0; i < (*requirement)->count; i++) {
        qv_key_path_free(&(*requirement)->conditions[i].path);
        qv_json_free(&(*requirement)->conditions[i].operand);
    }
    qv_free((*requirement)->conditions);
    qv_free(*requirement);
    *requirement = NULL;
}
