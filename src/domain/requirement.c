/*
 * Metadata requirements (spec/arrowhead-discovery 3.12): read and checked whole before anything
 * is looked up, so that a fault in one is the request's, whatever is stored (section 11.2).
 *
 * Holds always: a requirement that exists has only known operators, and what its conditions look
 * for as a pattern is compiled. Immutable once it is given out; any thread.
 */
#include "dialect.h"
#include "key_path.h"
#include "members.h"
#include "operators.h"
#include "pattern.h"
#include "text.h"
#include <quiver/base/memory.h>
#include <quiver/domain/requirement.h>
#include <string.h>

/* Operands that are longer lists become sets; comparing with each element of one that is not costs
 * less than making a key for what was found. */
#define SHORT_LIST 16

struct condition {
    struct qv_key_path path;
    const struct qv_operator *test;
    json_t *operand;            /**< owned reference */
    struct qv_value_set among;  /**< owned; the operand's elements, where the operator asks for them
                                     and they are many, else empty */
    struct qv_pattern *pattern; /**< owned; NULL where the operator needs none, or the operand's
                                     kind does not fit it */
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

static enum qv_status read_pattern(const json_t *op, struct condition *condition,
                                   struct qv_error *error)
{
    enum qv_status status = qv_pattern_read(qv_json_str(condition->operand),
                                            condition->test->pattern, &condition->pattern);
    if (status == QV_INVALID)
        return refuse_operator(op, error);
    return status == QV_OK ? QV_OK : qv_no_memory(error);
}

/* What can be done with the operand once, whatever it is compared with then. */
static enum qv_status prepare(const json_t *op, struct condition *condition, struct qv_error *error)
{
    const json_t *operand = condition->operand;
    if (condition->test->holds == NULL && json_is_string(operand))
        return read_pattern(op, condition, error);
    if (condition->test->holds_among != NULL && json_array_size(operand) > SHORT_LIST &&
        qv_value_set_fill(&condition->among, operand) != QV_OK)
        return qv_no_memory(error);
    return QV_OK;
}

/* An object with both `op` and `value` is an operator's call; anything else is to be equal. */
static enum qv_status read_expected(const struct qv_dialect *dialect, json_t *expected,
                                    struct condition *condition, struct qv_error *error)
{
    json_t *op = json_object_get(expected, "op");
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
    return prepare(op, condition, error);
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

static void condition_clear(struct condition *condition)
{
    qv_key_path_free(&condition->path);
    qv_json_free(&condition->operand);
    qv_value_set_free(&condition->among);
    qv_pattern_free(&condition->pattern);
}

/* ---- what every requirement must have besides ---- */

static bool is_member(const struct qv_key_path *path, const char *name)
{
    return path->count == 1 && !path->parts[0].indexed && strcmp(path->parts[0].name, name) == 0;
}

static enum qv_status make_demand(const struct qv_dialect *dialect, const char *name,
                                  struct condition *condition)
{
    QV_TRY(qv_key_path_read(qv_str_from(name), &condition->path));
    condition->test = qv_operator_find(dialect, QV_STR(QV_OPERATOR_DEFAULT));
    condition->operand = json_true();
    return QV_OK;
}

enum qv_status qv_requirement_demand(const struct qv_dialect *dialect,
                                     struct qv_requirement *requirement, const char *name)
{
    struct condition demand = {0};
    struct condition *conditions =
        qv_realloc_array(requirement->conditions, requirement->count + 1, sizeof(demand));
    if (conditions == NULL)
        return QV_NO_MEMORY;
    requirement->conditions = conditions;
    QV_TRY(make_demand(dialect, name, &demand));
    size_t kept = 0;
    for (size_t i = 0; i < requirement->count; i++) {
        if (is_member(&conditions[i].path, name))
            condition_clear(&conditions[i]);
        else
            conditions[kept++] = conditions[i];
    }
    conditions[kept++] = demand;
    requirement->count = kept;
    return QV_OK;
}

/* ---- matching ---- */

/* A pattern that could not be looked for does not hold, negated or not: nothing is known then. */
static bool finds(const struct condition *condition, const json_t *found)
{
    bool is_there = false;
    if (condition->pattern != NULL && json_is_string(found) &&
        qv_pattern_find(condition->pattern, qv_json_str(found), &is_there) != QV_OK)
        return false;
    return is_there != condition->test->negated;
}

/* Without memory for asking the set each element is compared: slower, and as true. */
static bool compares(const struct condition *condition, const json_t *found)
{
    bool is_so;
    if (!qv_value_set_is_empty(&condition->among) &&
        condition->test->holds_among(&condition->among, found, &is_so) == QV_OK)
        return is_so != condition->test->negated;
    return condition->test->holds(found, condition->operand) != condition->test->negated;
}

/* A key that leads nowhere matches nothing, under negated operators too. */
static bool holds(const struct condition *condition, const json_t *subject)
{
    const json_t *found = qv_key_path_follow(&condition->path, subject);
    if (found == NULL)
        return false;
    return condition->test->holds == NULL ? finds(condition, found) : compares(condition, found);
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
    for (size_t i = 0; i < (*requirement)->count; i++)
        condition_clear(&(*requirement)->conditions[i]);
    qv_free((*requirement)->conditions);
    qv_free(*requirement);
    *requirement = NULL;
}
