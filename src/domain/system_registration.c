/*
 * A system's registration, from its JSON to what is stored (spec/arrowhead-discovery 4.1), and its
 * comparison with what is there. The name is the caller's, whatever the body says. Pure; any
 * thread.
 */
#include "address_list.h"
#include "comparison.h"
#include "filter_reading.h"
#include "metadata_keys.h"
#include "text.h"
#include <quiver/base/memory.h>
#include <quiver/domain/system.h>
#include <string.h>

enum { METADATA, VERSION, ADDRESSES, DEVICE, MEMBER_COUNT };

static const struct qv_member members[MEMBER_COUNT] = {
    [METADATA] = {"metadata", QV_MEMBER_OBJECT},
    [VERSION] = {"version", QV_MEMBER_TEXT},
    [ADDRESSES] = {"addresses", QV_MEMBER_TEXTS},
    [DEVICE] = {"deviceName", QV_MEMBER_TEXT},
};

/* ---- reading ---- */

/* Rows 1 to 5. */
static enum qv_status check_raw(const struct qv_dialect *dialect, struct qv_str requester,
                                json_t *const *values, struct qv_error *error)
{
    if (qv_str_is_blank(requester))
        return qv_error_set(error, QV_INVALID, "%s", dialect->discovery.requester_missing);
    QV_TRY(qv_name_check_length(dialect, QV_ENTITY_SYSTEM, requester, error));
    QV_TRY(qv_address_list_check_raw(values[ADDRESSES], 0, error));
    if (json_array_size(values[ADDRESSES]) == 0 && qv_str_is_blank(qv_json_str(values[DEVICE])))
        return qv_error_set(error, QV_INVALID,
                            "At least one system address is needed for every system");
    return qv_metadata_keys_check(dialect, values[METADATA], error);
}

static enum qv_status read_version(const struct qv_dialect *dialect, const json_t *value,
                                   struct qv_system_registration *registration,
                                   struct qv_error *error)
{
    if (qv_text_make(qv_version_normalize, qv_json_str(value), &registration->version) != QV_OK)
        return qv_no_memory(error);
    return qv_version_check(dialect, qv_str_from(registration->version), error);
}

static enum qv_status read_device(const struct qv_dialect *dialect, const json_t *value,
                                  struct qv_system_registration *registration,
                                  struct qv_error *error)
{
    struct qv_str name = qv_json_str(value);
    if (qv_str_is_blank(name))
        return QV_OK;
    return qv_reference_read(dialect, QV_ENTITY_DEVICE, name, "", &registration->device, error);
}

static enum qv_status fill(const struct qv_rules *rules, struct qv_str requester,
                           json_t *const *values, struct qv_system_registration *registration,
                           struct qv_error *error)
{
    const struct qv_dialect *dialect = rules->dialect;
    QV_TRY(check_raw(dialect, requester, values, error));
    QV_TRY(qv_name_make(dialect, QV_ENTITY_SYSTEM, requester, &registration->name, error));
    QV_TRY(qv_name_check(dialect, QV_ENTITY_SYSTEM, qv_str_from(registration->name), error));
    QV_TRY(read_version(dialect, values[VERSION], registration, error));
    QV_TRY(qv_address_list_read(rules, values[ADDRESSES], &registration->addresses, error));
    registration->metadata = json_incref(values[METADATA]);
    return read_device(dialect, values[DEVICE], registration, error);
}

enum qv_status qv_system_registration_read(const struct qv_rules *rules, struct qv_str requester,
                                           const json_t *body,
                                           struct qv_system_registration **ret_registration,
                                           struct qv_error *error)
{
    QV_CLEANUP(qv_system_registration)
    struct qv_system_registration *registration = qv_alloc(sizeof(*registration));
    if (registration == NULL)
        return qv_no_memory(error);
    json_t *values[MEMBER_COUNT] = {0};
    QV_TRY(qv_body_check(body, error));
    QV_TRY(qv_members_read(members, MEMBER_COUNT, "", body, values, error));
    enum qv_status status = fill(rules, requester, values, registration, error);
    qv_members_drop(values, MEMBER_COUNT);
    QV_TRY(status);
    *ret_registration = registration;
    registration = NULL;
    return QV_OK;
}

void qv_system_registration_free(struct qv_system_registration **registration)
{
    if (registration == NULL || *registration == NULL)
        return;
    qv_free((*registration)->name);
    qv_free((*registration)->version);
    qv_free((*registration)->device);
    qv_strings_free(&(*registration)->addresses);
    qv_json_free(&(*registration)->metadata);
    qv_free(*registration);
    *registration = NULL;
}

/* ---- what is stored ---- */

static void write_text(struct qv_buf *buf, bool *first, const char *key, const char *text)
{
    qv_json_write_key(buf, first, key);
    qv_json_write_str(buf, qv_str_from(text));
}

void qv_system_registration_write(const struct qv_system_registration *registration,
                                  struct qv_system_document *document)
{
    bool first = true;
    qv_buf_put_char(&document->front, '{');
    write_text(&document->front, &first, "name", registration->name);
    if (registration->metadata != NULL) {
        qv_json_write_key(&document->front, &first, "metadata");
        qv_json_write(&document->front, registration->metadata);
    }
    write_text(&document->front, &first, "version", registration->version);
    if (registration->addresses.count > 0)
        qv_address_list_write(&registration->addresses, &document->addresses);
    if (registration->device != NULL)
        write_text(&document->back, &first, "device", registration->device);
    qv_buf_put_char(&document->back, '}');
}

void qv_system_document_free(struct qv_system_document *document)
{
    qv_buf_free(&document->front);
    qv_buf_free(&document->addresses);
    qv_buf_free(&document->back);
}

/* ---- comparing ---- */

static enum qv_status refuse(const struct qv_system_registration *registration, const char *what,
                             struct qv_error *error)
{
    return qv_error_set(error, QV_INVALID,
                        "System with name: %s already exists, but provided %s is not matching",
                        registration->name, what);
}

/* Who sends no addresses means those of the device that the stored system is on. */
static enum qv_status compare_addresses(const struct qv_system_registration *registration,
                                        const struct qv_system *stored,
                                        const struct qv_device *device, bool *ret_equal)
{
    QV_CLEANUP(qv_strings) struct qv_strings there = {0}, inherited = {0};
    QV_TRY(qv_address_list_parse(stored->addresses, QV_ADDRESS_ANY, &there));
    if (registration->addresses.count > 0)
        return qv_addresses_compare(&registration->addresses, &there, ret_equal);
    if (device != NULL)
        QV_TRY(qv_address_list_parse(device->addresses, QV_ADDRESS_REACHABLE, &inherited));
    return qv_addresses_compare(&inherited, &there, ret_equal);
}

enum qv_status qv_system_registration_compare(const struct qv_system_registration *registration,
                                              const struct qv_system *stored,
                                              const struct qv_device *device,
                                              struct qv_error *error)
{
    bool equal;
    QV_TRY(qv_metadata_compare(registration->metadata, stored->metadata, &equal));
    if (!equal)
        return refuse(registration, "metadata", error);
    if (!qv_str_equal(qv_str_from(registration->version), stored->version))
        return refuse(registration, "version", error);
    QV_TRY(compare_addresses(registration, stored, device, &equal));
    if (!equal)
        return refuse(registration, "address list", error);
    if (!qv_str_equal(qv_str_from(registration->device), stored->device))
        return refuse(registration, "device name", error);
    return QV_OK;
}
