/*
 * The table of property validators, and those that check numbers. Pure; any thread.
 */
#include "validators.h"
#include "text.h"

static const struct qv_validator validators[] = {
    {"NOT_EMPTY_ADDRESS_LIST", qv_validate_address_list, true},
    {"PORT", qv_validate_port, false},
    {"MINMAX", qv_validate_minmax, false},
    {"NOT_EMPTY_STRING_SET", qv_validate_string_set, false},
    {"HTTP_OPERATIONS", qv_validate_http_operations, false},
};

const struct qv_validator *qv_validator_find(const struct qv_rules *rules, const char *text,
                                             struct qv_validator_call *ret_call)
{
    struct qv_validator_call call = {.rules = rules};
    struct qv_str rest = qv_str_from(text);
    struct qv_str type = {0}, argument;
    qv_str_split_next(&rest, '|', &type);
    while (call.argument_count < QV_VALIDATOR_ARGUMENTS_MAX &&
           qv_str_split_next(&rest, '|', &argument))
        call.arguments[call.argument_count++] = argument;
    for (size_t i = 0; i < QV_COUNT_OF(validators); i++) {
        if (qv_str_equal(type, qv_str_from(validators[i].type))) {
            *ret_call = call;
            return &validators[i];
        }
    }
    return NULL;
}

/* ---- numbers: stored as they came ---- */

static enum qv_status keep(const json_t *value, json_t **ret_value)
{
    *ret_value = json_incref((json_t *)(uintptr_t)value);
    return QV_OK;
}

static enum qv_status out_of_range(struct qv_error *error)
{
    return qv_error_set(error, QV_INVALID, "Invalid property value");
}

enum qv_status qv_validate_port(const struct qv_validator_call *call, const json_t *value,
                                json_t **ret_value, struct qv_error *error)
{
    (void)call;
    if (!json_is_integer(value))
        return qv_error_set(error, QV_INVALID, "Property value should be an integer");
    json_int_t port = json_integer_value(value);
    return port < 1 || port > 65535 ? out_of_range(error) : keep(value, ret_value);
}

/* A bound as JSON has it, so that no locale changes what a template means. */
static enum qv_status read_bound(struct qv_str text, json_t **ret_bound)
{
    QV_CLEANUP(qv_json) json_t *bound = NULL;
    QV_TRY(qv_json_parse(qv_str_trim(text), 1, &bound, NULL));
    if (!json_is_number(bound))
        return QV_INVALID;
    *ret_bound = bound;
    bound = NULL;
    return QV_OK;
}

static bool lies_between(const json_t *value, const json_t *low, const json_t *high)
{
    if (json_is_integer(value))
        return json_integer_value(value) >= json_integer_value(low) &&
               json_integer_value(value) <= json_integer_value(high);
    return json_real_value(value) >= json_number_value(low) &&
           json_real_value(value) <= json_number_value(high);
}

enum qv_status qv_validate_minmax(const struct qv_validator_call *call, const json_t *value,
                                  json_t **ret_value, struct qv_error *error)
{
    if (!json_is_number(value))
        return qv_error_set(error, QV_INVALID, "Property value should be a number");
    if (call->argument_count < 2)
        return qv_error_set(error, QV_INVALID, "Missing minimum and/or maximum values");
    QV_CLEANUP(qv_json) json_t *low = NULL;
    QV_CLEANUP(qv_json) json_t *high = NULL;
    enum qv_status status = read_bound(call->arguments[0], &low);
    if (status == QV_OK)
        status = read_bound(call->arguments[1], &high);
    if (status == QV_NO_MEMORY)
        return qv_no_memory(error);
    bool whole = json_is_integer(low) && json_is_integer(high);
    if (status != QV_OK || (json_is_integer(value) && !whole))
        return qv_error_set(error, QV_INVALID, "Invalid minimum and/or maximum values");
    return lies_between(value, low, high) ? keep(value, ret_value) : out_of_range(error);
}
