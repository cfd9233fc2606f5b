/*
 * The blacklist: who is to be looked up, and where (spec/arrowhead-discovery 1.6, 1.7).
 *
 * Holds always: where no url is configured, only what the blacklist system itself registered is
 * asked, over https: anybody may register a service of that name, but not as that provider.
 * Any worker thread.
 */
#include <quiver/api/gates.h>
#include <quiver/base/memory.h>
#include <quiver/domain/core_names.h>

enum { INTERFACE_DEPTH_MAX = 2000 };

/* ---- who ------------------------------------------------------------------------------------- */

static enum qv_status is_exempt(const struct qv_api *api, struct qv_str name, bool *ret_exempt)
{
    const struct qv_strings *exempt = &api->config->identity.blacklist.exempt;
    struct qv_str own = qv_str_from(qv_core_names(api->rules.dialect)->blacklist_system);
    bool found = qv_str_equal(name, own);
    for (size_t i = 0; i < exempt->count && !found; i++) {
        QV_CLEANUP(qv_buf) struct qv_buf normalized = {0};
        qv_name_normalize(api->rules.dialect, QV_ENTITY_SYSTEM, qv_str_from(exempt->at[i]),
                          &normalized);
        QV_TRY(qv_buf_status(&normalized));
        found = qv_str_equal(name, qv_buf_str(&normalized));
    }
    *ret_exempt = found;
    return QV_OK;
}

/* ---- where ----------------------------------------------------------------------------------- */

static void put_host(struct qv_buf *url, struct qv_str address)
{
    bool brackets = qv_str_find(address, ':') != SIZE_MAX;
    qv_buf_printf(url, "%s%.*s%s", brackets ? "[" : "", QV_STR_ARG(address), brackets ? "]" : "");
}

static void put_path(struct qv_buf *url, struct qv_str path)
{
    if (path.length > 0 && path.at[path.length - 1] == '/')
        path.length--;
    if (path.length > 0 && path.at[0] != '/')
        qv_buf_put_char(url, '/');
    qv_buf_put(url, path);
}

/* The address of the check in one interface's JSON; nothing where it does not say. */
static enum qv_status write_url(const struct qv_core_names *names, struct qv_str interface,
                                struct qv_buf *url)
{
    QV_CLEANUP(qv_json) json_t *object = NULL;
    if (qv_json_parse(interface, INTERFACE_DEPTH_MAX, &object, NULL) != QV_OK)
        return QV_OK;
    const json_t *properties = json_object_get(object, "properties");
    const json_t *operations = json_object_get(properties, "operations");
    const json_t *check = json_object_get(operations, names->blacklist_operation);
    struct qv_str address =
        qv_json_str(json_array_get(json_object_get(properties, "accessAddresses"), 0));
    json_int_t port = json_integer_value(json_object_get(properties, "accessPort"));
    if (address.length == 0 || !json_is_string(json_object_get(check, "path")))
        return QV_OK;
    QV_CLEANUP(qv_buf) struct qv_buf found = {0};
    qv_buf_put_text(&found, "https://");
    put_host(&found, address);
    qv_buf_printf(&found, ":%lld", (long long)port);
    put_path(&found, qv_json_str(json_object_get(properties, "basePath")));
    put_path(&found, qv_json_str(json_object_get(check, "path")));
    QV_TRY(qv_buf_status(&found));
    if (qv_config_check_url(qv_buf_str(&found), NULL) == QV_OK)
        qv_buf_put(url, qv_buf_str(&found));
    return qv_buf_status(url);
}

static enum qv_status find_service(const struct qv_api *api, const struct qv_core_names *names,
                                   struct qv_wall now, struct qv_service_result *ret_result)
{
    char *provider = (char *)(uintptr_t)names->blacklist_system;
    char *definition = (char *)(uintptr_t)names->blacklist_service;
    const struct qv_service_query query = {.providers = {.at = &provider, .count = 1},
                                           .definitions = {.at = &definition, .count = 1}};
    return qv_registry_find_services(api->registry, &query, now, ret_result, NULL);
}

static enum qv_status find_url(const struct qv_api *api, struct qv_wall now, struct qv_buf *url)
{
    const struct qv_core_names *names = qv_core_names(api->rules.dialect);
    QV_CLEANUP(qv_service_result) struct qv_service_result result = {0};
    enum qv_status status = find_service(api, names, now, &result);
    if (status == QV_UNAVAILABLE)
        return QV_OK; /* nothing is loaded yet */
    QV_TRY(status);
    for (size_t i = 0; i < result.count && url->length == 0; i++) {
        const struct qv_instance *instance = result.matches[i].instance;
        for (size_t k = 0; k < instance->interface_count && url->length == 0; k++)
            if (qv_str_equal(instance->interfaces[k].template_name,
                             qv_str_from(names->https_template)))
                QV_TRY(write_url(names, instance->interfaces[k].json, url));
    }
    return QV_OK;
}

/* ---- asked by the server --------------------------------------------------------------------- */

enum qv_status qv_gate_blacklist(const struct qv_api *api, const struct qv_request *request,
                                 bool *ret_asks, struct qv_buf *name, struct qv_buf *url)
{
    const struct qv_identity *caller = request->identity;
    *ret_asks = false;
    if (api->config->identity.blacklist.mode == QV_BLACKLIST_OFF || caller == NULL ||
        caller->profile == QV_PROFILE_OPERATOR)
        return QV_OK;
    qv_name_normalize(api->rules.dialect, QV_ENTITY_SYSTEM, qv_str_from(caller->system), name);
    QV_TRY(qv_buf_status(name));
    bool exempt;
    QV_TRY(is_exempt(api, qv_buf_str(name), &exempt));
    if (exempt || qv_gate_is_identity_lookup(request))
        return QV_OK;
    *ret_asks = true;
    if (api->config->identity.blacklist.url == NULL)
        return find_url(api, request->now, url);
    qv_buf_put_text(url, api->config->identity.blacklist.url);
    return qv_buf_status(url);
}

enum qv_status qv_gate_blacklist_verdict(const struct qv_api *api, const struct qv_inquiry *inquiry,
                                         struct qv_str name, struct qv_error *error)
{
    const struct qv_core_names *names = qv_core_names(api->rules.dialect);
    if (inquiry->status == QV_NO_MEMORY)
        return QV_NO_MEMORY;
    if (inquiry->status != QV_OK)
        return qv_error_set(error, QV_DENIED, "%s", names->blacklist_unavailable);
    if (inquiry->listed)
        return qv_error_set(error, QV_DENIED, "%.*s%s", QV_STR_ARG(name), names->blacklisted_end);
    return QV_OK;
}
