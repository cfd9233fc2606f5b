/*
 * Dialect 5.2: the current release (spec/arrowhead-discovery 1.7, 2.9, 3.14, 4.7, 5.2). Two rows,
 * one for each way of normalizing names; they differ in nothing else. Static; any thread.
 */
#include "dialect.h"
#include "name_forms.h"
#include "operators.h"
#include "template_seeds.h"

#define DIGIT QV_CHAR_DIGIT
#define UPPER QV_CHAR_UPPER
#define LOWER QV_CHAR_LOWER
#define ALNUM (UPPER | LOWER | DIGIT)

#define VIOLATION(entity) "The specified " entity " does not match the naming convention: "

#define NAMING(entity, first_of, middle_of, last_of)                                               \
    {                                                                                              \
        .first = (first_of), .middle = (middle_of), .last = (last_of),                             \
        .violation = VIOLATION(entity), .nameless = "null", .max_length = 63,                      \
        .stage = QV_STAGE_NORMALIZED                                                               \
    }

static const struct qv_naming naming[QV_ENTITY_COUNT] = {
    [QV_ENTITY_SYSTEM] = NAMING("system name", UPPER, ALNUM, ALNUM),
    [QV_ENTITY_DEFINITION] = NAMING("service definition name", LOWER, ALNUM, ALNUM),
    [QV_ENTITY_DEVICE] =
        NAMING("device name", UPPER, UPPER | DIGIT | QV_CHAR_UNDERSCORE, UPPER | DIGIT),
    [QV_ENTITY_TEMPLATE] =
        NAMING("interface template name", LOWER, LOWER | DIGIT | QV_CHAR_UNDERSCORE, LOWER | DIGIT),
    [QV_ENTITY_OPERATION] =
        NAMING("service operation name", LOWER, LOWER | DIGIT | QV_CHAR_HYPHEN, LOWER | DIGIT),
};

static const char *const policies[] = {
    "NONE",
    "CERT_AUTH",
    "TIME_LIMITED_TOKEN_AUTH",
    "USAGE_LIMITED_TOKEN_AUTH",
    "BASE64_SELF_CONTAINED_TOKEN_AUTH",
    "RSA_SHA256_JSON_WEB_TOKEN_AUTH",
    "RSA_SHA512_JSON_WEB_TOKEN_AUTH",
    "TRANSLATION_BRIDGE_TOKEN_AUTH",
    NULL,
};
static const char *const unofferable[] = {"TRANSLATION_BRIDGE_TOKEN_AUTH", NULL};

static const struct qv_dialect_words words = {
    .metadata_key_end = "character",
    .version_too_long = "version is too long",
    .version_not_numbers = "the version should only contain numbers and separator . characters",
    .template_unknown = "Interface template does not exist: ",
    .exclusivity_not_integer =
        "allowExclusivity metadata must have the string representation of an integer value.",
    .set_not_list = "Property value should be a set/list of string values",
    .set_empty = "Property value should be a non-empty set/list",
    .method_unknown = "Method should be a standard HTTP method",
};

/* All but `normalize`. */
#define ROW                                                                                        \
    .name = "5.2", .naming = naming,                                                               \
    .instance_id = {.separator = "|",                                                              \
                    .by_parts = true,                                                              \
                    .violation = VIOLATION("service instance identifier")},                        \
    .policies = policies, .unofferable = unofferable, .exclusivity_key = "allowExclusivity",       \
    .set_of_operations = "OPERATION", .address_max = 1024, .hostname_needs_letter = true,          \
    .operators = qv_operators_5_2, .template_seeds = qv_template_seeds_5_2, .words = &words,       \
    .discovery = {.checks_references = true,                                                       \
                  .names_keep_case = true,                                                         \
                  .raw_address_max = 0,                                                            \
                  .system_unknown = "System does not exist: ",                                     \
                  .requester_missing = "Name is missing",                                          \
                  .device_in_use = "At least one system is assigned to this device"}

const struct qv_dialect qv_dialect_5_2_extended = {
    ROW,
    .normalize =
        {
            [QV_ENTITY_SYSTEM] = qv_form_pascal,
            [QV_ENTITY_DEFINITION] = qv_form_camel,
            [QV_ENTITY_DEVICE] = qv_form_upper_snake,
            [QV_ENTITY_TEMPLATE] = qv_form_lower_snake,
            [QV_ENTITY_OPERATION] = qv_form_kebab,
        },
};

const struct qv_dialect qv_dialect_5_2_simple = {
    ROW,
    .normalize = {qv_form_trimmed, qv_form_trimmed, qv_form_trimmed, qv_form_trimmed,
                  qv_form_trimmed},
};
