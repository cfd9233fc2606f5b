/*
 * The operators of metadata requirements (spec/arrowhead-discovery 3.12), one table per dialect.
 * Static; any thread.
 */
#ifndef QUIVER_DOMAIN_OPERATORS_H
#define QUIVER_DOMAIN_OPERATORS_H

#include "value_set.h"
#include <quiver/domain/rules.h>

struct qv_operator {
    const char *name; /**< upper case; NULL ends a table */
    /** `found` is what the key leads to, never NULL and never a JSON null; `operand` what the
     *  requirement gives, of any kind. False where an operand's kind does not fit. NULL: the
     *  operator looks for the operand, a text, as a pattern. */
    bool (*holds)(const json_t *found, const json_t *operand);
    /** The same where the operand is a long list, as a set; NULL: it makes no difference. On
     *  QV_NO_MEMORY nothing is known, and `holds` is to be asked. */
    enum qv_status (*holds_among)(const struct qv_value_set *operand, const json_t *found,
                                  bool *ret_holds);
    unsigned pattern; /**< how it looks: bits of enum qv_pattern_kind; 0 where `holds` is there */
    /** The operator is true where `holds` is false or the pattern is not found, also for kinds
     *  that do not fit. */
    bool negated;
};

/** Of the dialects; 5.2 has two more. */
extern const struct qv_operator qv_operators_5_0[];
extern const struct qv_operator qv_operators_5_2[];

/** The operator that a requirement without one means. */
#define QV_OPERATOR_DEFAULT "EQUALS"

/** By name, trimmed and letter case ignored; NULL for a name that is none. */
const struct qv_operator *qv_operator_find(const struct qv_dialect *dialect, struct qv_str name);

#endif
