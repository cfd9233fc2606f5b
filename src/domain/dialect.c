/*
 * The table of dialects (spec/arrowhead-discovery 5) and the rules that hang on the
 * configuration. Dialect 5.2 is not here yet; the configuration refuses it until it is.
 * Static; any thread.
 */
#include "dialect.h"
#include "operators.h"
#include "template_seeds.h"
#include "text.h"
#include <quiver/domain/template.h>

#define LETTER (QV_CHAR_UPPER | QV_CHAR_LOWER)
#define ALNUM  (LETTER | QV_CHAR_DIGIT)

/* One rule for all entities of 5.0 (spec 5.1); only lengths differ. */
#define NAMING_5_0(limit, words)                                                                   \
    {                                                                                              \
        .normalize = qv_text_put_lower, .first = LETTER, .middle = ALNUM | QV_CHAR_HYPHEN,         \
        .last = ALNUM, .violation = "The specified name does not match the naming convention: ",   \
        .max_length = (limit), .too_long = (words)                                                 \
    }

/* The union of what the draft's documents and its code name (spec 3.7). */
static const char *const policies_5_0[] = {
    "NONE",
    "CERT_AUTH",
    "TOKEN_AUTH",
    "TIME_LIMITED_TOKEN_AUTH",
    "USAGE_LIMITED_TOKEN_AUTH",
    "JSON_WEB_TOKEN_AUTH",
    NULL,
};

static const struct qv_dialect dialect_5_0 = {
    .name = "5.0",
    .separator = "::",
    .naming =
        {
            [QV_ENTITY_SYSTEM] = NAMING_5_0(63, "System name is too long"),
            [QV_ENTITY_DEFINITION] = NAMING_5_0(63, "Service definition name is too long"),
            [QV_ENTITY_DEVICE] = NAMING_5_0(63, "Device name is too long"),
            [QV_ENTITY_TEMPLATE] = NAMING_5_0(255, "Interface template name is too long"),
            [QV_ENTITY_OPERATION] = NAMING_5_0(0, NULL),
        },
    .normalize_instance_id = qv_text_put_lower,
    .policies = policies_5_0,
    .exclusivity_key = "allow-exclusivity",
    .operators = qv_operators_5_0,
    .template_seeds = qv_template_seeds_5_0,
    .words =
        {
            .metadata_key_end = "character!",
            .version_too_long = "version length is too long",
            .version_not_numbers =
                "the version should only contain numbers and separator dot characters",
            .template_unknown = "Interface template not exists: ",
            .exclusivity_not_integer = "allow-exclusivity metadata must have integer value.",
            .set_not_list = "Property value should be a set of string values",
            .set_empty = "Property value should be a non-empty set",
        },
};

static const struct qv_dialect *const dialects[] = {
    [QV_DIALECT_5_0] = &dialect_5_0,
};

const struct qv_dialect *qv_dialect_get(enum qv_dialect_id id)
{
    return (size_t)id < QV_COUNT_OF(dialects) ? dialects[id] : NULL;
}

const char *qv_dialect_name(const struct qv_dialect *dialect)
{
    return dialect->name;
}

const char *qv_dialect_separator(const struct qv_dialect *dialect)
{
    return dialect->separator;
}

const char *const *qv_template_seeds(const struct qv_dialect *dialect)
{
    return dialect->template_seeds;
}

void qv_rules_from_config(const struct qv_config *config, struct qv_rules *ret_rules)
{
    *ret_rules = (struct qv_rules){
        .dialect = qv_dialect_get(config->cloud.dialect),
        .interface_policy = config->registry.interface_policy,
        .self_addressing = config->registry.self_addressing,
        .non_routable_addressing = config->registry.non_routable_addressing,
        .address_alias = &config->registry.address_alias,
    };
}
