/*
 * The lookup by which a system finds the Authentication system, before it can have an identity
 * (spec/arrowhead-discovery 1.5-1.7, section 11.15). Only this path and this body: the reference's
 * hole, that any lookup would do (Q1), is not here. Pure; any thread.
 */
#include <quiver/api/gates.h>
#include <quiver/domain/core_names.h>
#include <string.h>

static const char *const members[] = {
    "instanceIds",
    "providerNames",
    "serviceDefinitionNames",
    "versions",
    "alivesAt",
    "metadataRequirementsList",
    "addressTypes",
    "interfaceTemplateNames",
    "interfacePropertyRequirementsList",
    "policies",
};

static bool is_member(const char *name)
{
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        if (strcmp(name, members[i]) == 0)
            return true;
    return false;
}

static bool asks_for_identity(const json_t *body)
{
    const json_t *names = json_object_get(body, "serviceDefinitionNames");
    if (json_array_size(names) != 1 ||
        !qv_str_equal(qv_json_str(json_array_get(names, 0)), QV_STR(QV_IDENTITY_SERVICE)))
        return false;
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)body, name, value) {
        if (!is_member(name))
            return false;
    }
    return true;
}

bool qv_gate_is_identity_lookup(const struct qv_request *request)
{
    if (!qv_str_equal(request->method, QV_STR("POST")) ||
        !qv_str_equal(request->path, QV_STR("/serviceregistry/service-discovery/lookup")))
        return false;
    QV_CLEANUP(qv_json) json_t *body = NULL;
    if (qv_json_parse(request->body, request->json_depth, &body, NULL) != QV_OK)
        return false;
    return asks_for_identity(body);
}

bool qv_gate_needs_nobody(const struct qv_api *api, const struct qv_request *request)
{
    return qv_core_names(api->rules.dialect)->identity_is_found_by_all &&
           qv_gate_is_identity_lookup(request);
}
