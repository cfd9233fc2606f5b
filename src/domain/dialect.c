/*
 * Which dialect is spoken, and the rules that hang on the configuration. Static; any thread.
 */
#include "dialect.h"
#include "text.h"
#include <quiver/domain/template.h>

static const struct {
    enum qv_dialect_id id;
    enum qv_normalization normalization;
    const struct qv_dialect *dialect;
} dialects[] = {
    {QV_DIALECT_5_0, QV_NORMALIZATION_EXTENDED, &qv_dialect_5_0},
    {QV_DIALECT_5_2, QV_NORMALIZATION_EXTENDED, &qv_dialect_5_2_extended},
    {QV_DIALECT_5_2, QV_NORMALIZATION_SIMPLE, &qv_dialect_5_2_simple},
};

const struct qv_dialect *qv_dialect_find(enum qv_dialect_id id, enum qv_normalization normalization)
{
    for (size_t i = 0; i < QV_COUNT_OF(dialects); i++) {
        if (dialects[i].id == id && dialects[i].normalization == normalization)
            return dialects[i].dialect;
    }
    return NULL;
}

const struct qv_dialect *qv_dialect_get(enum qv_dialect_id id)
{
    return qv_dialect_find(id, QV_NORMALIZATION_EXTENDED);
}

const char *qv_dialect_name(const struct qv_dialect *dialect)
{
    return dialect->name;
}

const char *qv_dialect_separator(const struct qv_dialect *dialect)
{
    return dialect->instance_id.separator;
}

const char *const *qv_template_seeds(const struct qv_dialect *dialect)
{
    return dialect->template_seeds;
}

void qv_rules_from_config(const struct qv_config *config, struct qv_rules *ret_rules)
{
    *ret_rules = (struct qv_rules){
        .dialect = qv_dialect_find(config->cloud.dialect, config->registry.normalization),
        .interface_policy = config->registry.interface_policy,
        .discovery = config->registry.discovery,
        .direct_access = &config->registry.direct_access,
        .self_addressing = config->registry.self_addressing,
        .non_routable_addressing = config->registry.non_routable_addressing,
        .address_alias = &config->registry.address_alias,
    };
}
