/*
 * Questions to a policy. Names are brought into the form in which the registry stores them, as
 * those of a request would be; what is not said stays away, but for whose object it is: a change of
 * a service or system is the caller's own unless `provider` says otherwise. Main thread.
 */
#include "options.h"
#include "policy_load.h"
#include "policy_parts.h"

#include <quiver/base/memory.h>
#include <quiver/trust/inspect.h>
#include <string.h>

const struct question_key question_keys[QUESTION_KEYS] = {
    {"system", QUESTION_TEXT, "NAME  who asks"},
    {"profile", QUESTION_TEXT, "WORD  system (the default) or operator"},
    {"anonymous", QUESTION_FLAG, "  nobody: without identity"},
    {"service_key", QUESTION_FLAG, "  proved a service key"},
    {"cloud", QUESTION_TEXT, "NAME  first part of its cloud (default: the server's)"},
    {"organization", QUESTION_TEXT, "NAME  second part of its cloud"},
    {"fingerprint", QUESTION_TEXT, "TEXT  sha256:... or x5t#S256 of its certificate"},
    {"serial", QUESTION_TEXT, "HEX  of its certificate"},
    {"listener", QUESTION_TEXT, "NAME  of the listener that it reached"},
    {"address", QUESTION_TEXT, "ADDRESS  that it calls from"},
    {"operation", QUESTION_TEXT, "OPERATION  what it asks for"},
    {"provider", QUESTION_TEXT, "NAME  whose object (default of changes: its own)"},
    {"service", QUESTION_TEXT, "NAME  service definition"},
    {"version", QUESTION_TEXT, "VERSION  of the service"},
    {"interface", QUESTION_TEXTS, "NAME  template of an interface; may be repeated"},
    {"policy", QUESTION_TEXTS, "WORD  security policy of an interface; may be repeated"},
    {"metadata", QUESTION_JSON, "JSON  of the object"},
};

/* ---- the policy ---- */

/* Whose certificates a server of this configuration would let in. Where rules are tested its own
   certificate may not be there. */
static enum qv_status find_cloud(const struct qv_config *config, char **ret_cloud)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    QV_CLEANUP(qv_inspection) struct qv_inspection own = {0};
    const char *cloud = config->cloud.name;
    if (config->tls.certificate != NULL &&
        qv_trust_inspect(config->tls.certificate, NULL, qv_wall_now(), &own, &error) == QV_OK &&
        own.identity != NULL)
        cloud = own.identity->cloud;
    if (cloud == NULL)
        return QV_OK;
    *ret_cloud = qv_strdup(cloud);
    return *ret_cloud != NULL ? QV_OK : QV_NO_MEMORY;
}

enum qv_status policy_context_open(const char *config, struct policy_context *context)
{
    QV_TRY(options_load(config, &context->config));
    qv_rules_from_config(context->config, &context->rules);
    QV_TRY(find_cloud(context->config, &context->cloud));
    return policy_load_or_tell(context->config, &context->rules, &context->policy);
}

void policy_context_free(struct policy_context *context)
{
    qv_policy_free(&context->policy);
    qv_free(context->cloud);
    context->cloud = NULL;
    qv_config_free(&context->config);
}

/* ---- members ---- */

static bool is_kind(const json_t *value, enum question_kind kind)
{
    switch (kind) {
    case QUESTION_TEXT: return json_is_string(value);
    case QUESTION_FLAG: return json_is_boolean(value);
    case QUESTION_JSON: return json_is_object(value);
    case QUESTION_TEXTS: break;
    }
    for (size_t i = 0; i < json_array_size(value); i++)
        if (!json_is_string(json_array_get(value, i)))
            return false;
    return json_is_array(value) || json_is_string(value);
}

static enum qv_status check_member(const char *name, const json_t *value, struct qv_error *error)
{
    static const char *const kinds[] = {[QUESTION_TEXT] = "a text",
                                        [QUESTION_TEXTS] = "a text or a list of texts",
                                        [QUESTION_FLAG] = "true or false",
                                        [QUESTION_JSON] = "an object"};
    for (size_t i = 0; i < QUESTION_KEYS; i++) {
        const struct question_key *key = &question_keys[i];
        if (strcmp(key->name, name) != 0)
            continue;
        if (json_is_null(value) || is_kind(value, key->kind))
            return QV_OK;
        return qv_error_set(error, QV_INVALID, "%s must be %s", name, kinds[key->kind]);
    }
    return qv_error_set(error, QV_INVALID, "%s is no part of a question", name);
}

static enum qv_status check_members(const json_t *json, struct qv_error *error)
{
    const char *name;
    json_t *value;
    if (!json_is_object(json))
        return qv_error_set(error, QV_INVALID, "a question is an object");
    json_object_foreach ((json_t *)json, name, value)
        QV_TRY(check_member(name, value, error));
    return QV_OK;
}

/* ---- what ---- */

static size_t count_of(const json_t *value)
{
    return json_is_array(value) ? json_array_size(value) : json_is_string(value);
}

static struct qv_str item_of(const json_t *value, size_t i)
{
    return qv_json_str(json_is_array(value) ? json_array_get(value, i) : value);
}

static enum qv_status keep_policy(struct question *question, struct qv_str raw,
                                  struct qv_str *ret_policy)
{
    QV_CLEANUP(qv_buf) struct qv_buf upper = {0};
    for (size_t i = 0; i < raw.length; i++) {
        char c = raw.at[i];
        qv_buf_put_char(&upper, c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c);
    }
    return question_keep(question, &upper, ret_policy);
}

static enum qv_status read_lists(const struct policy_context *context, const json_t *json,
                                 struct question *question)
{
    struct qv_object *object = &question->object;
    const json_t *interfaces = json_object_get(json, "interface");
    const json_t *policies = json_object_get(json, "policy");
    object->interface_count = count_of(interfaces);
    object->policy_count = count_of(policies);
    question->lists =
        qv_alloc_array(object->interface_count + object->policy_count, sizeof(struct qv_str));
    if (question->lists == NULL)
        return QV_NO_MEMORY;
    object->interfaces = question->lists;
    object->policies = question->lists + object->interface_count;
    for (size_t i = 0; i < object->interface_count; i++)
        QV_TRY(question_keep_name(context, question, QV_ENTITY_TEMPLATE, item_of(interfaces, i),
                                  &question->lists[i]));
    for (size_t i = 0; i < object->policy_count; i++)
        QV_TRY(keep_policy(question, item_of(policies, i),
                           &question->lists[object->interface_count + i]));
    return QV_OK;
}

static enum qv_status read_version(const json_t *json, struct question *question)
{
    QV_CLEANUP(qv_buf) struct qv_buf version = {0};
    struct qv_str raw = question_text(json, "version");
    if (raw.length == 0)
        return QV_OK;
    qv_version_normalize(raw, &version);
    return question_keep(question, &version, &question->object.version);
}

/* Whose services and systems are changed where nothing is said. */
static bool is_owned(enum qv_operation operation)
{
    return operation == QV_OP_SERVICE_REGISTER || operation == QV_OP_SERVICE_REVOKE ||
           operation == QV_OP_SYSTEM_REGISTER || operation == QV_OP_SYSTEM_REVOKE;
}

static enum qv_status read_object(const struct policy_context *context, const json_t *json,
                                  struct question *question)
{
    static const char *const members[] = {"provider",  "service", "version",
                                          "interface", "policy",  "metadata"};
    struct qv_object *object = &question->object;
    struct qv_str provider = question_text(json, "provider"),
                  service = question_text(json, "service");
    question->has_object = qv_operation_has_object(question->operation);
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        question->has_object = question->has_object || json_object_get(json, members[i]) != NULL;
    if (provider.length > 0)
        QV_TRY(
            question_keep_name(context, question, QV_ENTITY_SYSTEM, provider, &object->provider));
    else if (is_owned(question->operation))
        object->provider = question->caller.system;
    if (service.length > 0)
        QV_TRY(
            question_keep_name(context, question, QV_ENTITY_DEFINITION, service, &object->service));
    QV_TRY(read_version(json, question));
    QV_TRY(read_lists(context, json, question));
    const json_t *metadata = json_object_get(json, "metadata");
    object->metadata = json_is_object(metadata) ? metadata : NULL;
    return QV_OK;
}

/* ---- the whole ---- */

static enum qv_status read_operation(const json_t *json, struct question *question,
                                     struct qv_error *error)
{
    struct qv_str name = question_text(json, "operation");
    if (name.length == 0)
        return qv_error_set(error, QV_INVALID, "operation is missing");
    question->operation = qv_operation_find(name);
    if (question->operation != QV_OP_COUNT)
        return QV_OK;
    return qv_error_set(error, QV_INVALID,
                        "%.*s is no operation (quiver policy operations lists them)",
                        QV_STR_ARG(name));
}

enum qv_status question_read(const struct policy_context *context, const json_t *json,
                             struct question *question, struct qv_error *error)
{
    QV_TRY(check_members(json, error));
    QV_TRY(read_operation(json, question, error));
    QV_TRY(question_read_caller(context, json, question, error));
    return read_object(context, json, question);
}

enum qv_status question_explain(const struct policy_context *context,
                                const struct question *question,
                                struct qv_explanation *ret_explanation)
{
    return qv_policy_explain(context->policy, &question->caller, question->operation,
                             question->has_object ? &question->object : NULL, ret_explanation);
}

void question_free(struct question *question)
{
    qv_free(question->lists);
    qv_strings_free(&question->kept);
    *question = (struct question){0};
}
