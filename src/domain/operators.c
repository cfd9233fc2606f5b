/*
 * The tables of operators, and what the operators do. A kind that does not fit is never a fault:
 * nothing holds for it, and so everything does under a negated operator (spec section 11.2).
 * Pure; any thread.
 */
#include "operators.h"
#include "dialect.h"
#include "pattern.h"
#include "text.h"
#include <string.h>

/* ---- text and text ---- */

static bool are_texts(const json_t *found, const json_t *operand)
{
    return json_is_string(found) && json_is_string(operand);
}

static bool includes(const json_t *found, const json_t *operand)
{
    if (!are_texts(found, operand))
        return false;
    struct qv_str text = qv_json_str(found), part = qv_json_str(operand);
    return part.length == 0 || memmem(text.at, text.length, part.at, part.length) != NULL;
}

static bool starts_with(const json_t *found, const json_t *operand)
{
    return are_texts(found, operand) &&
           qv_str_starts_with(qv_json_str(found), qv_json_str(operand));
}

static bool ends_with(const json_t *found, const json_t *operand)
{
    if (!are_texts(found, operand))
        return false;
    struct qv_str text = qv_json_str(found), end = qv_json_str(operand);
    return end.length <= text.length &&
           qv_str_equal(qv_str_part(text, text.length - end.length, end.length), end);
}

/* ---- number and number ---- */

/* Integers as 64-bit ones, mixed ones as doubles: less than 0, 0 or more, as strcmp. False where
 * one is no number. */
static bool compare(const json_t *found, const json_t *operand, int *ret_order)
{
    if (!json_is_number(found) || !json_is_number(operand))
        return false;
    if (json_is_integer(found) && json_is_integer(operand)) {
        json_int_t a = json_integer_value(found), b = json_integer_value(operand);
        *ret_order = (a > b) - (a < b);
    } else {
        double a = json_number_value(found), b = json_number_value(operand);
        *ret_order = (a > b) - (a < b);
    }
    return true;
}

static bool less(const json_t *found, const json_t *operand)
{
    int order;
    return compare(found, operand, &order) && order < 0;
}

static bool less_or_equal(const json_t *found, const json_t *operand)
{
    int order;
    return compare(found, operand, &order) && order <= 0;
}

static bool greater(const json_t *found, const json_t *operand)
{
    int order;
    return compare(found, operand, &order) && order > 0;
}

static bool greater_or_equal(const json_t *found, const json_t *operand)
{
    int order;
    return compare(found, operand, &order) && order >= 0;
}

/* ---- lengths and lists ---- */

#define SIZE_LIMIT 9e15 /* doubles below it are exact */

/* The operand as a whole number, its fraction cut off; false where no size can be that. */
static bool read_size(const json_t *operand, json_int_t *ret_size)
{
    double real = json_real_value(operand);
    if (json_is_real(operand) && real > -1 && real < SIZE_LIMIT)
        *ret_size = (json_int_t)real;
    else if (json_is_integer(operand))
        *ret_size = json_integer_value(operand);
    else
        return false;
    return *ret_size >= 0;
}

/* A text's length is counted in UTF-16 units, as Java does. */
static bool has_size(const json_t *found, const json_t *operand)
{
    json_int_t size;
    if (!read_size(operand, &size))
        return false;
    if (json_is_string(found))
        return qv_text_units(qv_json_str(found)) == (size_t)size;
    return json_is_array(found) && json_array_size(found) == (size_t)size;
}

static bool contains(const json_t *found, const json_t *operand)
{
    for (size_t i = 0; i < json_array_size(found); i++) {
        if (qv_json_equal(json_array_get(found, i), operand))
            return true;
    }
    return false;
}

static bool is_in(const json_t *found, const json_t *operand)
{
    return contains(operand, found);
}

static bool contains_any(const json_t *found, const json_t *operand)
{
    for (size_t i = 0; i < json_array_size(operand); i++) {
        if (contains(found, json_array_get(operand, i)))
            return true;
    }
    return false;
}

/* ---- the tables ---- */

#define HOLDS(name, function)                                                                      \
    {                                                                                              \
        name, function, NULL, 0, false                                                             \
    }
#define HOLDS_NOT(name, function)                                                                  \
    {                                                                                              \
        name, function, NULL, 0, true                                                              \
    }
#define HOLDS_AMONG(name, function, among, is_negated)                                             \
    {                                                                                              \
        name, function, among, 0, is_negated                                                       \
    }
#define FOLDED(name, place)                                                                        \
    {                                                                                              \
        name, NULL, NULL, QV_PATTERN_LITERAL | QV_PATTERN_FOLDED | (place), false                  \
    }
#define FOLDED_NOT(name, place)                                                                    \
    {                                                                                              \
        name, NULL, NULL, QV_PATTERN_LITERAL | QV_PATTERN_FOLDED | (place), true                   \
    }

/* clang-format off: one operator is one line, beside its negation */
#define OPERATORS_OF_ALL                                                                           \
    HOLDS("EQUALS", qv_json_equal), HOLDS_NOT("NOT_EQUALS", qv_json_equal),                        \
        FOLDED("EQUALS_IGNORE_CASE", QV_PATTERN_WHOLE),                                            \
        FOLDED_NOT("NOT_EQUALS_IGNORE_CASE", QV_PATTERN_WHOLE), HOLDS("INCLUDES", includes),       \
        HOLDS_NOT("NOT_INCLUDES", includes), FOLDED("INCLUDES_IGNORE_CASE", 0),                    \
        FOLDED_NOT("NOT_INCLUDES_IGNORE_CASE", 0), HOLDS("STARTS_WITH", starts_with),              \
        HOLDS_NOT("NOT_STARTS_WITH", starts_with),                                                 \
        FOLDED("STARTS_WITH_IGNORE_CASE", QV_PATTERN_START),                                       \
        FOLDED_NOT("NOT_STARTS_WITH_IGNORE_CASE", QV_PATTERN_START),                               \
        HOLDS("ENDS_WITH", ends_with), HOLDS_NOT("NOT_ENDS_WITH", ends_with),                      \
        FOLDED("ENDS_WITH_IGNORE_CASE", QV_PATTERN_END),                                           \
        FOLDED_NOT("NOT_ENDS_WITH_IGNORE_CASE", QV_PATTERN_END),                                   \
        {"REGEXP", NULL, NULL, QV_PATTERN_WHOLE, false}, HOLDS("LESS_THAN", less),                 \
        HOLDS("LESS_THAN_OR_EQUALS_TO", less_or_equal), HOLDS("GREATER_THAN", greater),            \
        HOLDS("GREATER_THAN_OR_EQUALS_TO", greater_or_equal), HOLDS("SIZE_EQUALS", has_size),      \
        HOLDS_NOT("SIZE_NOT_EQUALS", has_size), HOLDS("CONTAINS", contains),                       \
        HOLDS_NOT("NOT_CONTAINS", contains), HOLDS_AMONG("IN", is_in, qv_value_set_has, false),    \
        HOLDS_AMONG("NOT_IN", is_in, qv_value_set_has, true)

const struct qv_operator qv_operators_5_0[] = {OPERATORS_OF_ALL, {0}};
const struct qv_operator qv_operators_5_2[] = {
    OPERATORS_OF_ALL,
    HOLDS_AMONG("CONTAINS_ANY", contains_any, qv_value_set_has_any, false),
    HOLDS_AMONG("NOT_CONTAINS_ANY", contains_any, qv_value_set_has_any, true),
    {0},
};
/* clang-format on */

const struct qv_operator *qv_operator_find(const struct qv_dialect *dialect, struct qv_str name)
{
    name = qv_str_trim(name);
    for (const struct qv_operator *at = dialect->operators; at->name != NULL; at++) {
        if (qv_str_equal_ignore_case(qv_str_from(at->name), name))
            return at;
    }
    return NULL;
}
