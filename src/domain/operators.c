/*
 * The table of operators. This version knows equality; any other name is refused when the
 * requirement is read. Pure; any thread.
 */
#include "operators.h"
#include "dialect.h"

const struct qv_operator qv_operators_5_0[] = {
    {"EQUALS", qv_json_equal, false},
    {NULL, NULL, false},
};

const struct qv_operator *qv_operator_find(const struct qv_dialect *dialect, struct qv_str name)
{
    name = qv_str_trim(name);
    for (const struct qv_operator *at = dialect->operators; at->name != NULL; at++) {
        if (qv_str_equal_ignore_case(qv_str_from(at->name), name))
            return at;
    }
    return NULL;
}
