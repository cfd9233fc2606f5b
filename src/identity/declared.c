/*
 * The self-declared identity `Authorization: Bearer SYSTEM//name` of the GENERIC-HTTP profile
 * (spec/arrowhead-discovery 1.3, 1.7). Nothing is proven by it; only listeners that say so use it.
 * Pure; any thread.
 */
#include "bearer.h"
#include "names.h"

#include <quiver/domain/core_names.h>
#include <quiver/domain/names.h>

/* Who declares the operator's name is an operator. */
static enum qv_status profile_of(const struct qv_dialect *dialect, struct qv_str name,
                                 enum qv_profile *ret_profile)
{
    QV_CLEANUP(qv_buf) struct qv_buf normalized = {0};
    qv_name_normalize(dialect, QV_ENTITY_SYSTEM, name, &normalized);
    QV_TRY(qv_buf_status(&normalized));
    struct qv_str operator_ = qv_str_from(qv_core_names(dialect)->operator_);
    *ret_profile =
        qv_str_equal(qv_buf_str(&normalized), operator_) ? QV_PROFILE_OPERATOR : QV_PROFILE_SYSTEM;
    return QV_OK;
}

enum qv_status qv_identity_from_declared(const struct qv_dialect *dialect,
                                         const struct qv_str *header,
                                         struct qv_identity **ret_identity, struct qv_error *error)
{
    struct qv_bearer bearer;
    QV_TRY(qv_bearer_read(header, &bearer, error));
    if (!qv_bearer_is(&bearer, "SYSTEM", 1))
        return qv_bearer_refuse(error);
    enum qv_profile profile;
    QV_TRY(profile_of(dialect, bearer.parts[1], &profile));
    return qv_identity_make(bearer.parts[1], NULL, profile, NULL, ret_identity);
}

enum qv_status qv_identity_unknown(struct qv_identity **ret_identity)
{
    return qv_identity_make(QV_STR("<unknown>"), NULL, QV_PROFILE_SYSTEM, NULL, ret_identity);
}
