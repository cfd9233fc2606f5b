/*
 * The operators of metadata requirements (spec/arrowhead-discovery 3.12), one table per dialect.
 * Static; any thread.
 */
#ifndef QUIVER_DOMAIN_OPERATORS_H
#define QUIVER_DOMAIN_OPERATORS_H

#include <quiver/base/json.h>
#include <quiver/domain/rules.h>

struct qv_operator {
    const char *name; /**< upper case; NULL ends a table */
    /** `found` is what the key leads to, never NULL and never a JSON null; `operand` what the
     *  requirement gives, of any kind. False where an operand's kind does not fit. */
    bool (*holds)(const json_t *found, const json_t *operand);
    bool
        negated; /**< the operator is true where `holds` is false, also for kinds that do not fit */
};

/** Of dialect 5.0. */
extern const struct qv_operator qv_operators_5_0[];

/** The operator that a requirement without one means. */
#define QV_OPERATOR_DEFAULT "EQUALS"

/** By name, trimmed and letter case ignored; NULL for a name that is none. */
const struct qv_operator *qv_operator_find(const struct qv_dialect *dialect, struct qv_str name);

#endif
