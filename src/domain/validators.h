/*
 * What checks and normalizes the value of an interface property (spec/arrowhead-discovery 3.8).
 * A template names validators as "TYPE|argument|argument". Pure; any thread.
 */
#ifndef QUIVER_DOMAIN_VALIDATORS_H
#define QUIVER_DOMAIN_VALIDATORS_H

#include <quiver/base/json.h>
#include <quiver/domain/rules.h>

#define QV_VALIDATOR_ARGUMENTS_MAX 4

/** With what a validator is called. */
struct qv_validator_call {
    const struct qv_rules *rules;
    struct qv_str arguments[QV_VALIDATOR_ARGUMENTS_MAX];
    size_t argument_count;
};

struct qv_validator {
    const char *type;
    /** Checks `value` (never a JSON null) and gives what is to be stored, a new reference.
     *  QV_INVALID with the reference's words. */
    enum qv_status (*run)(const struct qv_validator_call *call, const json_t *value,
                          json_t **ret_value, struct qv_error *error);
    bool finds_addresses; /**< its property is the addresses: no others are looked for */
};

/** Finds the validator that `text` names and takes its arguments, which point into `text`; NULL
 *  where there is none. */
const struct qv_validator *qv_validator_find(const struct qv_rules *rules, const char *text,
                                             struct qv_validator_call *ret_call);

/* The rows of the table. */
enum qv_status qv_validate_address_list(const struct qv_validator_call *call, const json_t *value,
                                        json_t **ret_value, struct qv_error *error);
enum qv_status qv_validate_port(const struct qv_validator_call *call, const json_t *value,
                                json_t **ret_value, struct qv_error *error);
enum qv_status qv_validate_minmax(const struct qv_validator_call *call, const json_t *value,
                                  json_t **ret_value, struct qv_error *error);
enum qv_status qv_validate_string_set(const struct qv_validator_call *call, const json_t *value,
                                      json_t **ret_value, struct qv_error *error);
enum qv_status qv_validate_http_operations(const struct qv_validator_call *call,
                                           const json_t *value, json_t **ret_value,
                                           struct qv_error *error);

#endif
