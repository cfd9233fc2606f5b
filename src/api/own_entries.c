/*
 * The documents of the registry's own entries: built as if they had been registered, so that they
 * are like all others. Management is not among them, as this version does not offer it. Pure.
 */
#include <quiver/api/own_entries.h>
#include <quiver/base/memory.h>
#include <quiver/domain/core_names.h>
#include <string.h>

#define VERSION "1.0.0" /* of each service */

void qv_own_facts_free(struct qv_own_facts *facts)
{
    for (size_t i = 0; i < facts->count; i++)
        qv_strings_free(&facts->endpoints[i].addresses);
    qv_free(facts->endpoints);
    qv_free(facts->public_key);
    *facts = (struct qv_own_facts){0};
}

/* ---- the offered services -------------------------------------------------------------------- */

static const struct {
    const char *base_path;
} offered[QV_CORE_SERVICES] = {
    {"/serviceregistry/service-discovery"},
    {"/serviceregistry/system-discovery"},
    {"/serviceregistry/device-discovery"},
};

static const struct {
    const char *name, *path, *method;
} operations[] = {
    {"register", "/register", "POST"},
    {"lookup", "/lookup", "POST"},
    {"revoke", "/revoke", "DELETE"},
};

/* ---- one interface --------------------------------------------------------------------------- */

/* jansson's functions take over what they are given, also where they fail, and take NULL for a
   failure: one look at the end finds it. */
static json_t *make_operations(void)
{
    json_t *object = json_object();
    bool made = object != NULL;
    for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
        json_t *operation =
            json_pack("{s:s,s:s}", "path", operations[i].path, "method", operations[i].method);
        made = json_object_set_new(object, operations[i].name, operation) == 0 && made;
    }
    if (made)
        return object;
    json_decref(object);
    return NULL;
}

static json_t *make_addresses(const struct qv_strings *addresses)
{
    json_t *list = json_array();
    bool made = list != NULL;
    for (size_t i = 0; i < addresses->count; i++)
        made = json_array_append_new(list, json_string(addresses->at[i])) == 0 && made;
    if (made)
        return list;
    json_decref(list);
    return NULL;
}

/* Each normalized as registered ones are, and once. */
static enum qv_status normalize(const struct qv_strings *raw, struct qv_strings *addresses)
{
    for (size_t i = 0; i < raw->count; i++) {
        QV_CLEANUP(qv_buf) struct qv_buf address = {0};
        qv_address_normalize(qv_str_from(raw->at[i]), &address);
        QV_TRY(qv_buf_status(&address));
        if (!qv_strings_contain(addresses, qv_buf_str(&address)))
            QV_TRY(qv_strings_add(addresses, qv_buf_str(&address)));
    }
    return QV_OK;
}

static enum qv_status make_properties(const struct qv_endpoint *endpoint, const char *base_path,
                                      json_t **ret_properties)
{
    QV_CLEANUP(qv_strings) struct qv_strings addresses = {0};
    QV_TRY(normalize(&endpoint->addresses, &addresses));
    /* in the order in which answers show them */
    json_t *properties = json_pack("{s:o*,s:i,s:o*,s:s}", "accessAddresses",
                                   make_addresses(&addresses), "accessPort", (int)endpoint->port,
                                   "operations", make_operations(), "basePath", base_path);
    if (properties == NULL || json_object_size(properties) != 4) {
        json_decref(properties);
        return QV_NO_MEMORY;
    }
    *ret_properties = properties;
    return QV_OK;
}

/* ---- one service ----------------------------------------------------------------------------- */

/* The registration's texts are the table's, so only the properties and metadata are freed. */
struct entry {
    struct qv_buf id, doc;
};

static void entry_free(struct entry *entry)
{
    qv_buf_free(&entry->id);
    qv_buf_free(&entry->doc);
}

static char *text(const char *literal)
{
    return (char *)(uintptr_t)literal;
}

static enum qv_status fill_interface(const struct qv_core_names *names,
                                     const struct qv_endpoint *endpoint, const char *base_path,
                                     struct qv_interface *interface)
{
    *interface = (struct qv_interface){
        .template_name = text(endpoint->https ? names->https_template : names->http_template),
        .protocol = text(endpoint->https ? "https" : "http"),
        .policy = text(endpoint->certificate ? "CERT_AUTH" : "NONE"),
        .template_known = true,
    };
    return make_properties(endpoint, base_path, &interface->properties);
}

static enum qv_status write_service(const struct qv_rules *rules, const struct qv_own_facts *facts,
                                    size_t service, struct entry *entry)
{
    const struct qv_core_names *names = qv_core_names(rules->dialect);
    const char *definition = names->services[service];
    struct qv_interface interfaces[facts->count + 1];
    qv_instance_id_write(rules->dialect, qv_str_from(names->registry), qv_str_from(definition),
                         QV_STR(VERSION), &entry->id);
    QV_TRY(qv_buf_status(&entry->id));
    QV_CLEANUP(qv_json) json_t *metadata = json_pack("{s:b}", names->unrestricted_key, 1);
    struct qv_service_registration registration = {
        .provider = text(names->registry),
        .definition = text(definition),
        .version = text(VERSION),
        .instance_id = entry->id.at,
        .metadata = metadata,
        .interfaces = interfaces,
    };
    enum qv_status status = metadata != NULL ? QV_OK : QV_NO_MEMORY;
    while (status == QV_OK && registration.interface_count < facts->count) {
        size_t i = registration.interface_count;
        status =
            fill_interface(names, &facts->endpoints[i], offered[service].base_path, &interfaces[i]);
        if (status == QV_OK)
            registration.interface_count++;
    }
    if (status == QV_OK)
        qv_service_registration_write(&registration, &entry->doc);
    for (size_t i = 0; i < registration.interface_count; i++)
        json_decref(interfaces[i].properties);
    QV_TRY(status);
    return qv_buf_status(&entry->doc);
}

/* ---- the system ------------------------------------------------------------------------------ */

static enum qv_status write_system(const struct qv_rules *rules, const struct qv_own_facts *facts,
                                   struct qv_buf *doc)
{
    const struct qv_core_names *names = qv_core_names(rules->dialect);
    QV_CLEANUP(qv_strings) struct qv_strings addresses = {0};
    for (size_t i = 0; i < facts->count; i++)
        QV_TRY(normalize(&facts->endpoints[i].addresses, &addresses));
    QV_CLEANUP(qv_json)
    json_t *metadata = json_pack("{s:s*}", names->public_key_key, facts->public_key);
    if (metadata == NULL)
        return QV_NO_MEMORY;
    const struct qv_system_registration registration = {
        .name = text(names->registry),
        .version = text(names->registry_version),
        .addresses = addresses,
        .metadata = metadata,
    };
    QV_CLEANUP(qv_system_document) struct qv_system_document document = {0};
    qv_system_registration_write(&registration, &document);
    qv_buf_put(doc, qv_buf_str(&document.front));
    qv_buf_put_text(doc, ",\"addresses\":");
    qv_buf_put(doc, document.addresses.length > 0 ? qv_buf_str(&document.addresses) : QV_STR("[]"));
    qv_buf_put(doc, qv_buf_str(&document.back));
    QV_TRY(qv_buf_status(&document.front));
    QV_TRY(qv_buf_status(&document.addresses));
    QV_TRY(qv_buf_status(&document.back));
    return qv_buf_status(doc);
}

/* ---- all ------------------------------------------------------------------------------------- */

enum qv_status qv_own_entries(const struct qv_rules *rules, const struct qv_own_facts *facts,
                              struct qv_change **ret_change)
{
    const struct qv_core_names *names = qv_core_names(rules->dialect);
    QV_CLEANUP(qv_buf) struct qv_buf system = {0};
    QV_TRY(write_system(rules, facts, &system));
    struct entry entries[QV_CORE_SERVICES] = {0};
    struct qv_own_service services[QV_CORE_SERVICES];
    enum qv_status status = QV_OK;
    for (size_t i = 0; i < QV_CORE_SERVICES && status == QV_OK; i++) {
        status = write_service(rules, facts, i, &entries[i]);
        services[i] = (struct qv_own_service){
            .id = entries[i].id.at,
            .definition = names->services[i],
            .doc = qv_buf_str(&entries[i].doc),
        };
    }
    if (status == QV_OK)
        status = qv_change_register_own(rules, names->registry, qv_buf_str(&system), services,
                                        QV_CORE_SERVICES, ret_change);
    for (size_t i = 0; i < QV_CORE_SERVICES; i++)
        entry_free(&entries[i]);
    return status;
}
