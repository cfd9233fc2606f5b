/*
 * Dialect 5.0: the user's document and the draft's code (spec/arrowhead-discovery 5.1). One rule
 * serves for the names of all entities. Static; any thread.
 */
#include "dialect.h"
#include "operators.h"
#include "template_seeds.h"
#include "text.h"

#define LETTER (QV_CHAR_UPPER | QV_CHAR_LOWER)
#define ALNUM  (LETTER | QV_CHAR_DIGIT)

#define NAMING(limit, words, when)                                                                 \
    {                                                                                              \
        .first = LETTER, .middle = ALNUM | QV_CHAR_HYPHEN, .last = ALNUM,                          \
        .violation = "The specified name does not match the naming convention: ", .nameless = "",  \
        .max_length = (limit), .too_long = (words), .stage = (when)                                \
    }

static const struct qv_naming naming[QV_ENTITY_COUNT] = {
    [QV_ENTITY_SYSTEM] = NAMING(63, "System name is too long", QV_STAGE_NORMALIZED),
    [QV_ENTITY_DEFINITION] = NAMING(63, "Service definition name is too long", QV_STAGE_RAW),
    [QV_ENTITY_DEVICE] = NAMING(63, "Device name is too long", QV_STAGE_NORMALIZED),
    [QV_ENTITY_TEMPLATE] = NAMING(255, "Interface template name is too long", QV_STAGE_NORMALIZED),
    [QV_ENTITY_OPERATION] = NAMING(0, NULL, QV_STAGE_TRIMMED),
};

/* The union of what the draft's documents and its code name (spec 3.7). */
static const char *const policies[] = {
    "NONE",
    "CERT_AUTH",
    "TOKEN_AUTH",
    "TIME_LIMITED_TOKEN_AUTH",
    "USAGE_LIMITED_TOKEN_AUTH",
    "JSON_WEB_TOKEN_AUTH",
    NULL,
};
static const char *const unofferable[] = {NULL};

static const struct qv_dialect_words words = {
    .metadata_key_end = "character!",
    .version_too_long = "version length is too long",
    .version_not_numbers = "the version should only contain numbers and separator dot characters",
    .template_unknown = "Interface template not exists: ",
    .exclusivity_not_integer = "allow-exclusivity metadata must have integer value.",
    .set_not_list = "Property value should be a set of string values",
    .set_empty = "Property value should be a non-empty set",
    .method_unknown = "Value should be a HttpOperationModel record",
};

const struct qv_dialect qv_dialect_5_0 = {
    .name = "5.0",
    .naming = naming,
    .normalize = {qv_text_put_lower, qv_text_put_lower, qv_text_put_lower, qv_text_put_lower,
                  qv_text_put_lower},
    .instance_id =
        {
            .separator = "::",
            .by_parts = false,
            .violation = "Not a service instance ID: ",
        },
    .policies = policies,
    .unofferable = unofferable,
    .exclusivity_key = "allow-exclusivity",
    .set_of_operations = "NAME",
    .operators = qv_operators_5_0,
    .template_seeds = qv_template_seeds_5_0,
    .words = &words,
    .discovery =
        {
            .raw_address_max = 1024,
            .system_unknown = "System not exists: ",
            .requester_missing = "System name is empty",
            .device_in_use = "At least one system is assigned to this device.",
        },
};
