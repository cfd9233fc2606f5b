/*
 * A service lookup, from its JSON to filters (spec/arrowhead-discovery 3.11). Lists of texts are a
 * table: in which row a bad element is found, with which words, and how a good one is normalized
 * and checked again.
 * Pure; any thread.
 */
#include "dialect.h"
#include "interface.h"
#include "members.h"
#include "text.h"
#include <quiver/base/memory.h>
#include <stddef.h>

enum {
    INSTANCE_IDS,
    PROVIDERS,
    DEFINITIONS,
    VERSIONS,
    ALIVES_AT,
    METADATA,
    ADDRESS_TYPES,
    TEMPLATES,
    PROPERTIES,
    POLICIES,
    MEMBER_COUNT,
};

static const struct qv_member members[MEMBER_COUNT] = {
    [INSTANCE_IDS] = {"instanceIds", QV_MEMBER_TEXTS},
    [PROVIDERS] = {"providerNames", QV_MEMBER_TEXTS},
    [DEFINITIONS] = {"serviceDefinitionNames", QV_MEMBER_TEXTS},
    [VERSIONS] = {"versions", QV_MEMBER_TEXTS},
    [ALIVES_AT] = {"alivesAt", QV_MEMBER_TEXT},
    [METADATA] = {"metadataRequirementsList", QV_MEMBER_OBJECTS},
    [ADDRESS_TYPES] = {"addressTypes", QV_MEMBER_TEXTS},
    [TEMPLATES] = {"interfaceTemplateNames", QV_MEMBER_TEXTS},
    [PROPERTIES] = {"interfacePropertyRequirementsList", QV_MEMBER_OBJECTS},
    [POLICIES] = {"policies", QV_MEMBER_TEXTS},
};

struct reading {
    const struct qv_dialect *dialect;
    json_t *values[MEMBER_COUNT]; /**< owned references */
    struct qv_service_query *query;
    struct qv_error *error;
};

static void reading_free(struct reading *reading)
{
    qv_members_drop(reading->values, MEMBER_COUNT);
}

static enum qv_status refuse(struct reading *reading, const char *words)
{
    return qv_error_set(reading->error, QV_INVALID, "%s", words);
}

/* ---- rows 1 to 13, in this order ---- */

static enum qv_status check_filters(struct reading *reading)
{
    if (json_array_size(reading->values[INSTANCE_IDS]) > 0 ||
        json_array_size(reading->values[PROVIDERS]) > 0 ||
        json_array_size(reading->values[DEFINITIONS]) > 0)
        return QV_OK;
    return refuse(reading, "One of the following filters must be used: 'instanceIds', "
                           "'providerNames', 'serviceDefinitionNames'");
}

static enum qv_status check_texts(struct reading *reading, size_t member, const char *words)
{
    const json_t *list = reading->values[member];
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (qv_str_is_blank(qv_json_str(json_array_get(list, i))))
            return refuse(reading, words);
    }
    return QV_OK;
}

static enum qv_status check_objects(struct reading *reading, size_t member, const char *words)
{
    const json_t *list = reading->values[member];
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (!json_is_object(json_array_get(list, i)))
            return refuse(reading, words);
    }
    return QV_OK;
}

static enum qv_status check_alives_at(struct reading *reading, size_t member, const char *words)
{
    struct qv_str text = qv_json_str(reading->values[member]);
    if (qv_str_is_blank(text))
        return QV_OK;
    if (qv_wall_parse(text, &reading->query->alives_at) != QV_OK)
        return refuse(reading, words);
    reading->query->has_alives_at = true;
    return QV_OK;
}

static enum qv_status read_address_types(struct reading *reading, size_t member, const char *words)
{
    const json_t *list = reading->values[member];
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct qv_str text = qv_json_str(json_array_get(list, i));
        enum qv_address_type type;
        if (qv_address_type_parse(text, &type) != QV_OK)
            return qv_error_set(reading->error, QV_INVALID, "%s: %.*s", words, QV_STR_ARG(text));
        reading->query->address_types |= type;
    }
    return QV_OK;
}

static enum qv_status read_policies(struct reading *reading, size_t member, const char *words)
{
    const json_t *list = reading->values[member];
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct qv_str text = qv_json_str(json_array_get(list, i));
        if (qv_text_find(reading->dialect->policies, text, true) == NULL)
            return qv_error_set(reading->error, QV_INVALID, "%s: %.*s", words, QV_STR_ARG(text));
    }
    return QV_OK;
}

static const struct {
    enum qv_status (*check)(struct reading *reading, size_t member, const char *words);
    size_t member;
    const char *words;
} rows[] = {
    {check_texts, INSTANCE_IDS, "Instance id list contains null or empty element"},
    {check_texts, PROVIDERS, "Provider name list contains null or empty element"},
    {check_texts, DEFINITIONS, "Service definition name list contains null or empty element"},
    {check_texts, VERSIONS, "Version list contains null or empty element"},
    {check_alives_at, ALIVES_AT, "Alive time has an invalid time format"},
    {check_objects, METADATA, "Metadata requirements list contains null element"},
    {check_texts, ADDRESS_TYPES, "Address type list contains null or empty element"},
    {read_address_types, ADDRESS_TYPES, "Address type list contains invalid element"},
    {check_texts, TEMPLATES, "Interface template list contains null or empty element"},
    {check_objects, PROPERTIES, "Interface property requirements list contains null element"},
    {check_texts, POLICIES, "Policy list contains null or empty element"},
    {read_policies, POLICIES, "Policy list contains invalid element"},
};

static enum qv_status check(struct reading *reading)
{
    QV_TRY(check_filters(reading));
    for (size_t i = 0; i < QV_COUNT_OF(rows); i++)
        QV_TRY(rows[i].check(reading, rows[i].member, rows[i].words));
    return QV_OK;
}

/* ---- normalized, and where the dialect looks at names that refer, checked ---- */

/* What the texts of a list are. */
enum text_kind { TEXT_ID, TEXT_NAME, TEXT_VERSION, TEXT_POLICY };

struct filter {
    size_t member;
    enum text_kind kind;
    enum qv_entity entity; /**< of names */
    size_t texts;          /**< offset of the filter in struct qv_service_query */
};

static void normalize(const struct filter *filter, const struct qv_dialect *dialect,
                      struct qv_str raw, struct qv_buf *buf)
{
    switch (filter->kind) {
    case TEXT_ID: qv_instance_id_normalize(dialect, raw, buf); break;
    case TEXT_NAME: qv_name_normalize(dialect, filter->entity, raw, buf); break;
    case TEXT_VERSION: qv_version_normalize(raw, buf); break;
    case TEXT_POLICY: qv_text_put_upper(raw, buf); break;
    }
}

static enum qv_status check_normalized(const struct filter *filter,
                                       const struct qv_dialect *dialect, struct qv_str text,
                                       struct qv_error *error)
{
    switch (filter->kind) {
    case TEXT_ID: return qv_instance_id_check(dialect, text, error);
    case TEXT_NAME: return qv_name_check(dialect, filter->entity, text, error);
    case TEXT_VERSION: return qv_version_check(dialect, text, error);
    case TEXT_POLICY: return qv_interface_check_policy(dialect, text, error);
    }
    return QV_OK;
}

#define TEXTS(list) offsetof(struct qv_service_query, list)

/* In the order of checking (spec 3.14). */
static const struct filter filters[] = {
    {INSTANCE_IDS, TEXT_ID, 0, TEXTS(instance_ids)},
    {PROVIDERS, TEXT_NAME, QV_ENTITY_SYSTEM, TEXTS(providers)},
    {DEFINITIONS, TEXT_NAME, QV_ENTITY_DEFINITION, TEXTS(definitions)},
    {VERSIONS, TEXT_VERSION, 0, TEXTS(versions)},
    {TEMPLATES, TEXT_NAME, QV_ENTITY_TEMPLATE, TEXTS(templates)},
    {POLICIES, TEXT_POLICY, 0, TEXTS(policies)},
};

static struct qv_strings *texts_of(const struct filter *filter, struct qv_service_query *query)
{
    return (struct qv_strings *)((char *)query + filter->texts);
}

static enum qv_status take_texts(struct reading *reading, const struct filter *filter)
{
    const json_t *list = reading->values[filter->member];
    struct qv_strings *texts = texts_of(filter, reading->query);
    for (size_t i = 0; i < json_array_size(list); i++) {
        QV_CLEANUP(qv_buf) struct qv_buf text = {0};
        normalize(filter, reading->dialect, qv_json_str(json_array_get(list, i)), &text);
        if (qv_buf_status(&text) != QV_OK || qv_strings_add(texts, qv_buf_str(&text)) != QV_OK)
            return qv_no_memory(reading->error);
    }
    return QV_OK;
}

static enum qv_status check_taken(struct reading *reading, const struct filter *filter)
{
    const struct qv_strings *texts = texts_of(filter, reading->query);
    for (size_t i = 0; i < texts->count; i++)
        QV_TRY(
            check_normalized(filter, reading->dialect, qv_str_from(texts->at[i]), reading->error));
    return QV_OK;
}

static enum qv_status take_all_texts(struct reading *reading)
{
    for (size_t i = 0; i < QV_COUNT_OF(filters); i++)
        QV_TRY(take_texts(reading, &filters[i]));
    if (!reading->dialect->discovery.checks_references)
        return QV_OK; /* what is no name matches nothing */
    for (size_t i = 0; i < QV_COUNT_OF(filters); i++)
        QV_TRY(check_taken(reading, &filters[i]));
    return QV_OK;
}

/* ---- requirements ---- */

static enum qv_status take_requirements(struct reading *reading, size_t member,
                                        struct qv_requirement ***ret_requirements,
                                        size_t *ret_count)
{
    const json_t *list = reading->values[member];
    size_t count = json_array_size(list);
    *ret_requirements = qv_alloc_array(count, sizeof(struct qv_requirement *));
    if (*ret_requirements == NULL)
        return qv_no_memory(reading->error);
    for (size_t i = 0; i < count; i++) {
        QV_TRY(qv_requirement_read(reading->dialect, json_array_get(list, i),
                                   &(*ret_requirements)[i], reading->error));
        (*ret_count)++;
    }
    return QV_OK;
}

static enum qv_status read_query(struct reading *reading)
{
    struct qv_service_query *query = reading->query;
    QV_TRY(check(reading));
    QV_TRY(take_all_texts(reading));
    QV_TRY(take_requirements(reading, METADATA, &query->metadata, &query->metadata_count));
    return take_requirements(reading, PROPERTIES, &query->properties, &query->property_count);
}

enum qv_status qv_service_query_read(const struct qv_rules *rules, const json_t *body,
                                     struct qv_service_query **ret_query, struct qv_error *error)
{
    QV_CLEANUP(qv_service_query) struct qv_service_query *query = qv_alloc(sizeof(*query));
    if (query == NULL)
        return qv_no_memory(error);
    QV_CLEANUP(reading)
    struct reading reading = {.dialect = rules->dialect, .query = query, .error = error};
    QV_TRY(qv_body_check(body, error));
    QV_TRY(qv_members_read(members, MEMBER_COUNT, "", body, reading.values, error));
    QV_TRY(read_query(&reading));
    *ret_query = query;
    query = NULL;
    return QV_OK;
}

static void free_requirements(struct qv_requirement **requirements, size_t count)
{
    for (size_t i = 0; i < count; i++)
        qv_requirement_free(&requirements[i]);
    qv_free(requirements);
}

void qv_service_query_free(struct qv_service_query **query)
{
    if (query == NULL || *query == NULL)
        return;
    qv_strings_free(&(*query)->instance_ids);
    qv_strings_free(&(*query)->providers);
    qv_strings_free(&(*query)->definitions);
    qv_strings_free(&(*query)->versions);
    qv_strings_free(&(*query)->templates);
    qv_strings_free(&(*query)->policies);
    free_requirements((*query)->metadata, (*query)->metadata_count);
    free_requirements((*query)->properties, (*query)->property_count);
    qv_free(*query);
    *query = NULL;
}
