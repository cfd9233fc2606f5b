/*
 * Building changes: documents and identities as the scripts' arguments, in the order that the head
 * of each script tells. Pure; any thread.
 */
#include "change.h"

#include <quiver/base/memory.h>
#include <quiver/base/text_set.h>

void qv_change_free(struct qv_change **change)
{
    if (*change == NULL)
        return;
    for (size_t i = 0; i < (*change)->count; i++)
        qv_free((char *)(*change)->args[i].at);
    qv_free((*change)->args);
    qv_error_free(&(*change)->outcome.error);
    qv_free(*change);
    *change = NULL;
}

enum qv_status qv_change_new(enum qv_script script, enum qv_operation operation, size_t arguments,
                             struct qv_change **ret_change)
{
    QV_CLEANUP(qv_change) struct qv_change *change = qv_alloc(sizeof(*change));
    if (change == NULL)
        return QV_NO_MEMORY;
    change->script = script;
    change->operation = operation;
    change->args = qv_alloc_array(arguments, sizeof(*change->args));
    if (change->args == NULL)
        return QV_NO_MEMORY;
    QV_TRY(qv_random_token(change->token));
    *ret_change = change;
    change = NULL;
    return QV_OK;
}

/* Takes the buffer's content as the next argument. There is room: qv_change_new was told how many.
 */
enum qv_status qv_change_add(struct qv_change *change, struct qv_buf *buf)
{
    char *text;
    size_t length;
    QV_TRY(qv_buf_take(buf, &text, &length));
    change->args[change->count++] = (struct qv_str){.at = text, .length = length};
    return QV_OK;
}

enum qv_status qv_change_add_text(struct qv_change *change, const char *text)
{
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    qv_buf_put_text(&buf, text);
    return qv_change_add(change, &buf);
}

enum qv_status qv_change_add_str(struct qv_change *change, struct qv_str text)
{
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    qv_buf_put(&buf, text);
    return qv_change_add(change, &buf);
}

/* One member behind others. */
static void write_member(struct qv_buf *buf, const char *key, const char *value)
{
    bool first = false;
    qv_json_write_key(buf, &first, key);
    qv_json_write_str(buf, qv_str_from(value));
}

/* The envelope's `by`: who made the change, and by which certificate where one proved it. */
enum qv_status qv_change_add_by(struct qv_change *change, const struct qv_identity *by)
{
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    if (by == NULL)
        return qv_change_add_text(change, "{}");
    qv_buf_put_text(&buf, "{\"system\":");
    qv_json_write_str(&buf, qv_str_from(by->system));
    const struct qv_certificate *certificate = by->certificate;
    if (certificate != NULL) {
        write_member(&buf, "x5t#S256", certificate->fingerprint);
        write_member(&buf, "issuer", certificate->issuer);
        if (certificate->issuer_key[0] != '\0') /* no path was verified */
            write_member(&buf, "issuerKey", certificate->issuer_key);
        write_member(&buf, "serial", certificate->serial);
        qv_buf_put_text(&buf, ",\"notAfter\":\"");
        qv_wall_write(&buf, certificate->not_after, QV_WALL_SECONDS);
        qv_buf_put_char(&buf, '"');
    }
    qv_buf_put_char(&buf, '}');
    return qv_change_add(change, &buf);
}

/* ---- register-service ------------------------------------------------------------------------ */

static enum qv_status add_instance(struct qv_change *change,
                                   const struct qv_service_registration *registration)
{
    QV_CLEANUP(qv_buf) struct qv_buf doc = {0};
    QV_TRY(qv_change_add_text(change, registration->instance_id));
    qv_service_registration_write(registration, &doc);
    return qv_change_add(change, &doc);
}

static enum qv_status add_provider(struct qv_change *change, const struct qv_rules *rules,
                                   const struct qv_service_registration *registration)
{
    QV_CLEANUP(qv_buf) struct qv_buf doc = {0};
    QV_TRY(qv_change_add_text(change, registration->provider));
    qv_service_registration_write_provider(rules, registration, &doc);
    return qv_change_add(change, &doc);
}

static enum qv_status add_definition(struct qv_change *change, const char *name)
{
    QV_CLEANUP(qv_buf) struct qv_buf doc = {0};
    QV_TRY(qv_change_add_text(change, name));
    qv_buf_put_text(&doc, "{\"name\":");
    qv_json_write_str(&doc, qv_str_from(name));
    qv_buf_put_char(&doc, '}');
    return qv_change_add(change, &doc);
}

/* The document has whole seconds, so that is when it ends. */
static enum qv_status add_end(struct qv_change *change,
                              const struct qv_service_registration *registration)
{
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    if (registration->expires)
        qv_buf_printf(&buf, "%lld", (long long)registration->expires_at.seconds * 1000);
    return qv_change_add(change, &buf);
}

static enum qv_status add_folded(struct qv_change *change, const struct qv_dialect *dialect,
                                 const char *name)
{
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    qv_system_name_fold(dialect, qv_str_from(name), &buf);
    return qv_change_add(change, &buf);
}

/* Each name once, however many interfaces have it. */
static enum qv_status add_known_templates(struct qv_change *change,
                                          const struct qv_service_registration *registration)
{
    QV_CLEANUP(qv_text_set) struct qv_text_set names = {0};
    for (size_t i = 0; i < registration->interface_count; i++) {
        const struct qv_interface *interface = &registration->interfaces[i];
        size_t place, before = qv_text_set_count(&names);
        if (!interface->template_known)
            continue;
        QV_TRY(qv_text_set_add(&names, qv_str_from(interface->template_name), &place));
        if (place == before)
            QV_TRY(qv_change_add_text(change, interface->template_name));
    }
    return QV_OK;
}

/* Those that the change makes, with their documents; then the names of those that it relies on. */
static enum qv_status add_templates(struct qv_change *change,
                                    const struct qv_service_registration *registration)
{
    QV_CLEANUP(qv_buf) struct qv_buf count = {0};
    qv_buf_printf(&count, "%zu", registration->new_template_count);
    QV_TRY(qv_change_add(change, &count));
    for (size_t i = 0; i < registration->new_template_count; i++) {
        QV_CLEANUP(qv_buf) struct qv_buf doc = {0};
        QV_TRY(qv_change_add_text(change, registration->new_templates[i]->name));
        qv_template_write(registration->new_templates[i], &doc);
        QV_TRY(qv_change_add(change, &doc));
    }
    return add_known_templates(change, registration);
}

enum qv_status qv_change_register_service(const struct qv_rules *rules,
                                          enum qv_provider_registration mode,
                                          const struct qv_service_registration *registration,
                                          const struct qv_identity *by,
                                          struct qv_change **ret_change)
{
    QV_CLEANUP(qv_change) struct qv_change *change = NULL;
    size_t arguments = 13 + 2 * registration->new_template_count + registration->interface_count;
    QV_TRY(qv_change_new(QV_SCRIPT_REGISTER_SERVICE, QV_OP_SERVICE_REGISTER, arguments, &change));
    QV_TRY(qv_change_add_by(change, by));
    QV_TRY(qv_change_add_text(change, mode == QV_PROVIDER_AUTOMATIC ? "automatic" : "required"));
    QV_TRY(add_instance(change, registration));
    QV_TRY(add_provider(change, rules, registration));
    QV_TRY(add_definition(change, registration->definition));
    QV_TRY(add_end(change, registration));
    QV_TRY(add_folded(change, rules->dialect, registration->provider));
    QV_TRY(add_folded(change, rules->dialect, registration->definition));
    QV_TRY(qv_change_add_text(change, "")); /* QV_ARG_INSTANCES_MAX: no bound */
    QV_TRY(add_templates(change, registration));
    *ret_change = change;
    change = NULL;
    return QV_OK;
}

enum qv_status qv_change_limit_instances(struct qv_change *change, size_t most)
{
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    struct qv_str *arg = &change->args[QV_ARG_INSTANCES_MAX];
    char *text;
    size_t length;
    if (most > 0)
        qv_buf_printf(&buf, "%zu", most);
    QV_TRY(qv_buf_take(&buf, &text, &length));
    qv_free((char *)arg->at);
    *arg = (struct qv_str){.at = text, .length = length};
    return QV_OK;
}

/* ---- register-system, register-device -------------------------------------------------------- */

enum qv_status qv_change_register_system(const struct qv_rules *rules,
                                         const struct qv_system_registration *registration,
                                         const struct qv_identity *by,
                                         struct qv_change **ret_change)
{
    QV_CLEANUP(qv_change) struct qv_change *change = NULL;
    QV_CLEANUP(qv_system_document) struct qv_system_document doc = {0};
    QV_TRY(qv_change_new(QV_SCRIPT_REGISTER_SYSTEM, QV_OP_SYSTEM_REGISTER, 7, &change));
    QV_TRY(qv_change_add_by(change, by));
    QV_TRY(qv_change_add_text(change, registration->name));
    qv_system_registration_write(registration, &doc);
    QV_TRY(qv_change_add(change, &doc.front));
    QV_TRY(qv_change_add(change, &doc.addresses));
    QV_TRY(qv_change_add(change, &doc.back));
    QV_TRY(qv_change_add_str(change, qv_str_from(registration->device)));
    QV_TRY(add_folded(change, rules->dialect, registration->name));
    *ret_change = change;
    change = NULL;
    return QV_OK;
}

enum qv_status qv_change_register_device(const struct qv_device_registration *registration,
                                         const struct qv_identity *by,
                                         struct qv_change **ret_change)
{
    QV_CLEANUP(qv_change) struct qv_change *change = NULL;
    QV_CLEANUP(qv_buf) struct qv_buf doc = {0};
    QV_TRY(qv_change_new(QV_SCRIPT_REGISTER_DEVICE, QV_OP_DEVICE_REGISTER, 3, &change));
    QV_TRY(qv_change_add_by(change, by));
    QV_TRY(qv_change_add_text(change, registration->name));
    qv_device_registration_write(registration, &doc);
    QV_TRY(qv_change_add(change, &doc));
    *ret_change = change;
    change = NULL;
    return QV_OK;
}

/* ---- register-own ---------------------------------------------------------------------------- */

enum qv_status qv_change_register_own(const struct qv_rules *rules, const char *system,
                                      struct qv_str system_doc,
                                      const struct qv_own_service *services, size_t count,
                                      struct qv_change **ret_change)
{
    const struct qv_identity by = {.system = (char *)(uintptr_t)system};
    QV_CLEANUP(qv_change) struct qv_change *change = NULL;
    QV_TRY(qv_change_new(QV_SCRIPT_REGISTER_OWN, QV_OP_COUNT, 4 + 4 * count, &change));
    QV_TRY(qv_change_add_by(change, &by));
    QV_TRY(qv_change_add_text(change, system));
    QV_TRY(qv_change_add_str(change, system_doc));
    QV_TRY(add_folded(change, rules->dialect, system));
    for (size_t i = 0; i < count; i++) {
        QV_TRY(qv_change_add_text(change, services[i].id));
        QV_TRY(qv_change_add_str(change, services[i].doc));
        QV_TRY(add_definition(change, services[i].definition));
    }
    *ret_change = change;
    change = NULL;
    return QV_OK;
}

/* ---- revokes --------------------------------------------------------------------------------- */

enum qv_status qv_change_revoke_service(const struct qv_instance_id *id,
                                        const struct qv_identity *by, struct qv_change **ret_change)
{
    QV_CLEANUP(qv_change) struct qv_change *change = NULL;
    QV_TRY(qv_change_new(QV_SCRIPT_REVOKE_SERVICE, QV_OP_SERVICE_REVOKE, 3, &change));
    QV_TRY(qv_change_add_by(change, by));
    QV_TRY(qv_change_add_text(change, id->text));
    QV_TRY(qv_change_add_str(change, id->provider));
    *ret_change = change;
    change = NULL;
    return QV_OK;
}

enum qv_status qv_change_revoke_system(struct qv_str system, const struct qv_identity *by,
                                       struct qv_change **ret_change)
{
    QV_CLEANUP(qv_change) struct qv_change *change = NULL;
    QV_TRY(qv_change_new(QV_SCRIPT_REVOKE_SYSTEM, QV_OP_SYSTEM_REVOKE, 2, &change));
    QV_TRY(qv_change_add_by(change, by));
    QV_TRY(qv_change_add_str(change, system));
    *ret_change = change;
    change = NULL;
    return QV_OK;
}

enum qv_status qv_change_revoke_device(struct qv_str device, const struct qv_identity *by,
                                       struct qv_change **ret_change)
{
    QV_CLEANUP(qv_change) struct qv_change *change = NULL;
    QV_TRY(qv_change_new(QV_SCRIPT_REVOKE_DEVICE, QV_OP_DEVICE_REVOKE, 2, &change));
    QV_TRY(qv_change_add_by(change, by));
    QV_TRY(qv_change_add_str(change, device));
    *ret_change = change;
    change = NULL;
    return QV_OK;
}
