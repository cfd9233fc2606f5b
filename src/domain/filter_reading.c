/*
 * The members that lookups of systems and devices share, and the names by which requests refer to
 * something. Which names that refer are looked at is the dialect's. Pure; any thread.
 */
#include "filter_reading.h"
#include "address_list.h"
#include "text.h"
#include <quiver/base/memory.h>

/* ---- as it was sent ---- */

enum qv_status qv_raw_no_blank(const json_t *value, const char *words, struct qv_error *error)
{
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (qv_str_is_blank(qv_json_str(json_array_get(value, i))))
            return qv_error_set(error, QV_INVALID, "%s", words);
    }
    return QV_OK;
}

enum qv_status qv_raw_no_null(const json_t *value, const char *words, struct qv_error *error)
{
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (json_is_null(json_array_get(value, i)))
            return qv_error_set(error, QV_INVALID, "%s", words);
    }
    return QV_OK;
}

enum qv_status qv_raw_address_type(const json_t *value, const char *words, struct qv_error *error)
{
    struct qv_str text = qv_json_str(value);
    enum qv_address_type ignored;
    if (qv_str_is_blank(text) || qv_address_type_parse(text, &ignored) == QV_OK)
        return QV_OK;
    return qv_error_set(error, QV_INVALID, "%s: %.*s", words, QV_STR_ARG(text));
}

enum qv_status qv_raw_rows_check(const struct qv_raw_row *rows, size_t count, json_t *const *values,
                                 struct qv_error *error)
{
    for (size_t i = 0; i < count; i++)
        QV_TRY(rows[i].check(values[rows[i].member], rows[i].words, error));
    return QV_OK;
}

/* ---- names ---- */

enum qv_status qv_name_make(const struct qv_dialect *dialect, enum qv_entity entity,
                            struct qv_str raw, char **ret_name, struct qv_error *error)
{
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    size_t length;
    qv_name_normalize(dialect, entity, raw, &buf);
    return qv_buf_take(&buf, ret_name, &length) == QV_OK ? QV_OK : qv_no_memory(error);
}

static enum qv_status check_reference(const struct qv_dialect *dialect, enum qv_entity entity,
                                      const char *name, struct qv_error *error)
{
    if (!dialect->discovery.checks_references)
        return QV_OK;
    return qv_name_check(dialect, entity, qv_str_from(name), error);
}

enum qv_status qv_reference_read(const struct qv_dialect *dialect, enum qv_entity entity,
                                 struct qv_str raw, const char *missing, char **ret_name,
                                 struct qv_error *error)
{
    if (qv_str_is_blank(raw))
        return qv_error_set(error, QV_INVALID, "%s", missing);
    char *name;
    QV_TRY(qv_name_make(dialect, entity, raw, &name, error));
    enum qv_status status = check_reference(dialect, entity, name, error);
    if (status == QV_OK)
        *ret_name = name;
    else
        qv_free(name);
    return status;
}

enum qv_status qv_name_list_read(const struct qv_dialect *dialect, enum qv_entity entity,
                                 const json_t *list, struct qv_strings *names,
                                 struct qv_error *error)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        char *name;
        QV_TRY(qv_name_make(dialect, entity, qv_json_str(json_array_get(list, i)), &name, error));
        enum qv_status status = check_reference(dialect, entity, name, error);
        if (status == QV_OK && qv_strings_add(names, qv_str_from(name)) != QV_OK)
            status = qv_no_memory(error);
        qv_free(name);
        QV_TRY(status);
    }
    return QV_OK;
}

/* ---- addresses and metadata ---- */

static enum qv_status add_address(const struct qv_rules *rules, struct qv_str raw,
                                  struct qv_filters *filters, struct qv_error *error)
{
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    qv_address_normalize(raw, &buf);
    if (qv_buf_status(&buf) != QV_OK)
        return qv_no_memory(error);
    if (filters->address_types != 0)
        QV_TRY(qv_address_check(rules, (enum qv_address_type)filters->address_types,
                                qv_buf_str(&buf), error));
    return qv_strings_add(&filters->addresses, qv_buf_str(&buf)) == QV_OK ? QV_OK
                                                                          : qv_no_memory(error);
}

enum qv_status qv_filters_read_addresses(const struct qv_rules *rules, const json_t *addresses,
                                         const json_t *type, struct qv_filters *filters,
                                         struct qv_error *error)
{
    enum qv_address_type parsed;
    if (qv_address_type_parse(qv_json_str(type), &parsed) == QV_OK) /* else it is blank */
        filters->address_types = parsed;
    for (size_t i = 0; i < json_array_size(addresses); i++)
        QV_TRY(add_address(rules, qv_json_str(json_array_get(addresses, i)), filters, error));
    qv_address_list_sort(&filters->addresses);
    return QV_OK;
}

enum qv_status qv_filters_read_metadata(const struct qv_dialect *dialect, const json_t *list,
                                        struct qv_filters *filters, struct qv_error *error)
{
    size_t count = json_array_size(list);
    filters->metadata = qv_alloc_array(count + 1, sizeof(struct qv_requirement *));
    if (filters->metadata == NULL)
        return qv_no_memory(error);
    for (size_t i = 0; i < count; i++) {
        QV_TRY(qv_requirement_read(dialect, json_array_get(list, i), &filters->metadata[i], error));
        filters->metadata_count++;
    }
    return QV_OK;
}
