/*
 * The property validators that check lists: of addresses, and sets of texts (spec 3.8). A list
 * keeps its order; a set loses its duplicates and keeps the order of what came first.
 * Pure; any thread.
 */
#include "dialect.h"
#include "text.h"
#include "validators.h"
#include <quiver/base/text_set.h>
#include <quiver/domain/address.h>

static enum qv_status refuse(struct qv_error *error, const char *words)
{
    return qv_error_set(error, QV_INVALID, "%s", words);
}

/* The buffer's content as a new JSON string at the list's end. */
static enum qv_status append(json_t *list, const struct qv_buf *buf, struct qv_error *error)
{
    struct qv_str text = qv_buf_str(buf);
    if (qv_buf_status(buf) != QV_OK ||
        json_array_append_new(
            list, json_stringn_nocheck(text.at != NULL ? text.at : "", text.length)) != 0)
        return qv_no_memory(error);
    return QV_OK;
}

static enum qv_status check_address_list(const json_t *value, struct qv_error *error)
{
    if (!json_is_array(value))
        return refuse(error, "Property value should be a list of strings");
    if (json_array_size(value) == 0)
        return refuse(error, "Property value should be a non-empty list of strings");
    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *item = json_array_get(value, i);
        if (!json_is_string(item))
            return refuse(error, "Property value should be a list of strings");
        if (qv_str_is_blank(qv_json_str(item)))
            return refuse(error, "Property value should be a list of non-blank strings");
    }
    return QV_OK;
}

static enum qv_status add_address(const struct qv_rules *rules, struct qv_str raw, json_t *list,
                                  struct qv_error *error)
{
    QV_CLEANUP(qv_buf) struct qv_buf address = {0};
    qv_address_normalize(raw, &address);
    if (qv_buf_status(&address) != QV_OK)
        return qv_no_memory(error);
    enum qv_address_type type = qv_address_detect(qv_buf_str(&address));
    if (type == QV_ADDRESS_MAC)
        return refuse(error, "Unacceptable address type in property value: MAC");
    QV_TRY(qv_address_check(rules, type, qv_buf_str(&address), error));
    return append(list, &address, error);
}

enum qv_status qv_validate_address_list(const struct qv_validator_call *call, const json_t *value,
                                        json_t **ret_value, struct qv_error *error)
{
    QV_TRY(check_address_list(value, error));
    QV_CLEANUP(qv_json) json_t *list = json_array();
    if (list == NULL)
        return qv_no_memory(error);
    for (size_t i = 0; i < json_array_size(value); i++)
        QV_TRY(add_address(call->rules, qv_json_str(json_array_get(value, i)), list, error));
    *ret_value = list;
    list = NULL;
    return QV_OK;
}

/* ---- sets of texts ---- */

/* Normalizes an operation's name; where the set is none of names any text that is not blank will
 * do. */
static enum qv_status read_item(const struct qv_validator_call *call, struct qv_str text,
                                struct qv_buf *buf, struct qv_error *error)
{
    const struct qv_dialect *dialect = call->rules->dialect;
    if (call->argument_count > 0 &&
        qv_str_equal(call->arguments[0], qv_str_from(dialect->set_of_operations)))
        return qv_name_read(dialect, QV_ENTITY_OPERATION, text, buf, error);
    if (qv_str_is_blank(text))
        return refuse(error, "Value should be a non-empty string");
    qv_buf_put(buf, qv_str_trim(text));
    return QV_OK;
}

enum qv_status qv_validate_string_set(const struct qv_validator_call *call, const json_t *value,
                                      json_t **ret_value, struct qv_error *error)
{
    const struct qv_dialect_words *words = call->rules->dialect->words;
    if (!json_is_array(value))
        return refuse(error, words->set_not_list);
    if (json_array_size(value) == 0)
        return refuse(error, words->set_empty);
    QV_CLEANUP(qv_text_set) struct qv_text_set seen = {0};
    QV_CLEANUP(qv_json) json_t *set = json_array();
    if (set == NULL)
        return qv_no_memory(error);
    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *item = json_array_get(value, i);
        if (!json_is_string(item))
            return refuse(error, "Value should be a string");
        QV_CLEANUP(qv_buf) struct qv_buf text = {0};
        QV_TRY(read_item(call, qv_json_str(item), &text, error));
        size_t place;
        if (qv_buf_status(&text) != QV_OK ||
            qv_text_set_add(&seen, qv_buf_str(&text), &place) != QV_OK)
            return qv_no_memory(error);
        if (place == json_array_size(set))
            QV_TRY(append(set, &text, error));
    }
    *ret_value = set;
    set = NULL;
    return QV_OK;
}
