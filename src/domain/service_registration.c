/*
 * A register request, from its JSON to what is stored (spec/arrowhead-discovery 3.1-3.8).
 *
 * The body is decoded whole, then checked as it was sent, then normalized and checked again: of
 * several faults the one that the reference would report is found first. Pure; any thread.
 */
#include "dialect.h"
#include "interface.h"
#include "members.h"
#include "metadata_keys.h"
#include "new_templates.h"
#include "text.h"
#include <quiver/base/memory.h>

enum { DEFINITION, VERSION, EXPIRES_AT, METADATA, INTERFACES, MEMBER_COUNT };

static const struct qv_member table[MEMBER_COUNT] = {
    [DEFINITION] = {"serviceDefinitionName", QV_MEMBER_TEXT},
    [VERSION] = {"version", QV_MEMBER_TEXT},
    [EXPIRES_AT] = {"expiresAt", QV_MEMBER_TEXT},
    [METADATA] = {"metadata", QV_MEMBER_OBJECT},
    [INTERFACES] = {"interfaces", QV_MEMBER_OBJECTS},
};

/* A request on its way; `values` and `interfaces` are owned. */
struct request {
    const struct qv_rules *rules;
    struct qv_str requester;
    json_t *values[MEMBER_COUNT];
    struct qv_interface_request *interfaces;
    size_t interface_count;
};

static void request_free(struct request *request)
{
    qv_members_drop(request->values, MEMBER_COUNT);
    qv_interface_requests_free(&request->interfaces, request->interface_count);
}

static enum qv_status decode(struct request *request, const json_t *body, struct qv_error *error)
{
    QV_TRY(qv_body_check(body, error));
    QV_TRY(qv_members_read(table, MEMBER_COUNT, "", body, request->values, error));
    return qv_interface_requests_read(request->values[INTERFACES], &request->interfaces,
                                      &request->interface_count, error);
}

static enum qv_status refuse(struct qv_error *error, const char *words)
{
    return qv_error_set(error, QV_INVALID, "%s", words);
}

/* ---- as it was sent: rows 1 to 13 ---- */

static enum qv_status check_definition(const struct request *request, struct qv_error *error)
{
    const struct qv_dialect *dialect = request->rules->dialect;
    struct qv_str name = qv_json_str(request->values[DEFINITION]);
    if (qv_str_is_blank(name))
        return refuse(error, "Service definition name is empty");
    if (dialect->naming[QV_ENTITY_DEFINITION].stage != QV_STAGE_RAW)
        return QV_OK;
    QV_TRY(qv_name_check_length(dialect, QV_ENTITY_DEFINITION, name, error));
    return qv_name_check(dialect, QV_ENTITY_DEFINITION, name, error);
}

static enum qv_status check_expiry(const struct request *request, struct qv_wall now,
                                   struct qv_service_registration *registration,
                                   struct qv_error *error)
{
    struct qv_str text = qv_json_str(request->values[EXPIRES_AT]);
    if (qv_str_is_blank(text))
        return QV_OK;
    struct qv_wall at;
    if (qv_wall_parse(text, &at) != QV_OK)
        return refuse(error, "Expiration time has an invalid time format");
    if (qv_wall_compare(now, at) > 0)
        return refuse(error, "Expiration time is in the past");
    /* Section 11.7: what is stored and shown has four digits for the year. */
    if (at.seconds >= qv_days_from_civil(10000, 1, 1) * 24 * 60 * 60)
        return refuse(error, "Expiration time is after the year 9999");
    registration->expires = true;
    registration->expires_at = at;
    return QV_OK;
}

static enum qv_status check_raw(const struct request *request, struct qv_wall now,
                                struct qv_service_registration *registration,
                                struct qv_error *error)
{
    const struct qv_dialect *dialect = request->rules->dialect;
    if (qv_str_is_blank(request->requester))
        return refuse(error, "System name is empty");
    QV_TRY(check_definition(request, error));
    QV_TRY(check_expiry(request, now, registration, error));
    QV_TRY(qv_metadata_keys_check(dialect, request->values[METADATA], error));
    if (request->interface_count == 0)
        return refuse(error, "Service interface list is empty");
    for (size_t i = 0; i < request->interface_count; i++)
        QV_TRY(qv_interface_check_raw(dialect, &request->interfaces[i], error));
    return QV_OK;
}

/* ---- normalized: rows 14 to 25 ---- */

static enum qv_status normalize_names(const struct request *request,
                                      struct qv_service_registration *registration)
{
    const struct qv_dialect *dialect = request->rules->dialect;
    QV_TRY(qv_text_make(dialect->normalize[QV_ENTITY_SYSTEM], request->requester,
                        &registration->provider));
    QV_TRY(qv_text_make(dialect->normalize[QV_ENTITY_DEFINITION],
                        qv_json_str(request->values[DEFINITION]), &registration->definition));
    return qv_text_make(qv_version_normalize, qv_json_str(request->values[VERSION]),
                        &registration->version);
}

/* Row 14, and before it what the dialect checks only now. */
static enum qv_status check_names(const struct qv_dialect *dialect,
                                  const struct qv_service_registration *registration,
                                  struct qv_error *error)
{
    if (dialect->discovery.checks_references)
        QV_TRY(
            qv_name_check(dialect, QV_ENTITY_SYSTEM, qv_str_from(registration->provider), error));
    if (dialect->naming[QV_ENTITY_DEFINITION].stage == QV_STAGE_NORMALIZED)
        QV_TRY(qv_name_check(dialect, QV_ENTITY_DEFINITION, qv_str_from(registration->definition),
                             error));
    return qv_version_check(dialect, qv_str_from(registration->version), error);
}

static enum qv_status make_instance_id(const struct qv_dialect *dialect,
                                       struct qv_service_registration *registration)
{
    QV_CLEANUP(qv_buf) struct qv_buf id = {0};
    qv_instance_id_write(dialect, qv_str_from(registration->provider),
                         qv_str_from(registration->definition), qv_str_from(registration->version),
                         &id);
    size_t length;
    return qv_buf_take(&id, &registration->instance_id, &length);
}

static enum qv_status read_interfaces(const struct request *request,
                                      const struct qv_template_source *templates,
                                      struct qv_service_registration *registration,
                                      struct qv_error *error)
{
    registration->interfaces =
        qv_alloc_array(request->interface_count, sizeof(struct qv_interface));
    if (registration->interfaces == NULL)
        return qv_no_memory(error);
    for (size_t i = 0; i < request->interface_count; i++) {
        registration->interface_count++;
        QV_TRY(qv_interface_read(request->rules, templates, &request->interfaces[i],
                                 &registration->interfaces[i], error));
    }
    return QV_OK;
}

/* Rows of all interfaces come before the policy of any of them. */
static enum qv_status check_policies(const struct qv_dialect *dialect,
                                     const struct qv_service_registration *registration,
                                     struct qv_error *error)
{
    for (size_t i = 0; i < registration->interface_count; i++)
        QV_TRY(qv_interface_check_policy(dialect, qv_str_from(registration->interfaces[i].policy),
                                         error));
    return QV_OK;
}

/* A text that is a 32-bit integer, with or without a sign. */
static bool is_integer_text(const json_t *value)
{
    struct qv_str digits = qv_json_str(value);
    bool minus = digits.length > 0 && digits.at[0] == '-';
    if (minus || (digits.length > 0 && digits.at[0] == '+'))
        digits = qv_str_part(digits, 1, SIZE_MAX);
    uint64_t ignored;
    return qv_str_to_uint(digits, (uint64_t)INT32_MAX + (minus ? 1 : 0), &ignored) == QV_OK;
}

static enum qv_status check_exclusivity(const struct request *request, struct qv_error *error)
{
    const struct qv_dialect *dialect = request->rules->dialect;
    const json_t *value = json_object_get(request->values[METADATA], dialect->exclusivity_key);
    if (value == NULL || is_integer_text(value))
        return QV_OK;
    return refuse(error, dialect->words->exclusivity_not_integer);
}

static enum qv_status build(const struct request *request,
                            const struct qv_template_source *templates, struct qv_wall now,
                            struct qv_service_registration *registration, struct qv_error *error)
{
    const struct qv_dialect *dialect = request->rules->dialect;
    QV_TRY(check_raw(request, now, registration, error));
    if (normalize_names(request, registration) != QV_OK)
        return qv_no_memory(error);
    QV_TRY(check_names(dialect, registration, error));
    QV_TRY(read_interfaces(request, templates, registration, error));
    QV_TRY(check_policies(dialect, registration, error));
    QV_TRY(check_exclusivity(request, error));
    QV_TRY(qv_new_templates_read(request->rules, registration, error));
    registration->metadata = json_incref(request->values[METADATA]);
    return make_instance_id(dialect, registration) == QV_OK ? QV_OK : qv_no_memory(error);
}

enum qv_status qv_service_registration_read(const struct qv_rules *rules,
                                            const struct qv_template_source *templates,
                                            struct qv_str requester, const json_t *body,
                                            struct qv_wall now,
                                            struct qv_service_registration **ret_registration,
                                            struct qv_error *error)
{
    QV_CLEANUP(request) struct request request = {.rules = rules, .requester = requester};
    QV_TRY(decode(&request, body, error));
    QV_CLEANUP(qv_service_registration)
    struct qv_service_registration *registration = qv_alloc(sizeof(*registration));
    if (registration == NULL)
        return qv_no_memory(error);
    QV_TRY(build(&request, templates, now, registration, error));
    *ret_registration = registration;
    registration = NULL;
    return QV_OK;
}

void qv_service_registration_free(struct qv_service_registration **registration)
{
    if (registration == NULL || *registration == NULL)
        return;
    for (size_t i = 0; i < (*registration)->interface_count; i++)
        qv_interface_clear(&(*registration)->interfaces[i]);
    qv_free((*registration)->interfaces);
    for (size_t i = 0; i < (*registration)->new_template_count; i++)
        qv_template_free(&(*registration)->new_templates[i]);
    qv_free((*registration)->new_templates);
    qv_json_free(&(*registration)->metadata);
    qv_free((*registration)->provider);
    qv_free((*registration)->definition);
    qv_free((*registration)->version);
    qv_free((*registration)->instance_id);
    qv_free(*registration);
    *registration = NULL;
}
