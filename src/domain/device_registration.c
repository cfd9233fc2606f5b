/*
 * A device's registration, from its JSON to what is stored (spec/arrowhead-discovery 4.4), and its
 * comparison with what is there. Pure; any thread.
 */
#include "address_list.h"
#include "comparison.h"
#include "filter_reading.h"
#include "metadata_keys.h"
#include "text.h"
#include <quiver/base/memory.h>
#include <quiver/domain/device.h>

enum { NAME, METADATA, ADDRESSES, MEMBER_COUNT };

static const struct qv_member members[MEMBER_COUNT] = {
    [NAME] = {"name", QV_MEMBER_TEXT},
    [METADATA] = {"metadata", QV_MEMBER_OBJECT},
    [ADDRESSES] = {"addresses", QV_MEMBER_TEXTS},
};

/* ---- reading ---- */

/* Rows 1 to 6. */
static enum qv_status check_raw(const struct qv_dialect *dialect, json_t *const *values,
                                struct qv_error *error)
{
    struct qv_str name = qv_json_str(values[NAME]);
    if (qv_str_is_blank(name))
        return qv_error_set(error, QV_INVALID, "Device name is empty");
    QV_TRY(qv_name_check_length(dialect, QV_ENTITY_DEVICE, name, error));
    if (json_array_size(values[ADDRESSES]) == 0)
        return qv_error_set(error, QV_INVALID, "At least one device address is needed");
    QV_TRY(qv_address_list_check_raw(values[ADDRESSES], dialect->discovery.raw_address_max, error));
    return qv_metadata_keys_check(dialect, values[METADATA], error);
}

static enum qv_status fill(const struct qv_rules *rules, json_t *const *values,
                           struct qv_device_registration *registration, struct qv_error *error)
{
    const struct qv_dialect *dialect = rules->dialect;
    QV_TRY(check_raw(dialect, values, error));
    QV_TRY(qv_name_make(dialect, QV_ENTITY_DEVICE, qv_json_str(values[NAME]), &registration->name,
                        error));
    QV_TRY(qv_name_check(dialect, QV_ENTITY_DEVICE, qv_str_from(registration->name), error));
    registration->metadata = json_incref(values[METADATA]);
    return qv_address_list_read(rules, values[ADDRESSES], &registration->addresses, error);
}

enum qv_status qv_device_registration_read(const struct qv_rules *rules, const json_t *body,
                                           struct qv_device_registration **ret_registration,
                                           struct qv_error *error)
{
    QV_CLEANUP(qv_device_registration)
    struct qv_device_registration *registration = qv_alloc(sizeof(*registration));
    if (registration == NULL)
        return qv_no_memory(error);
    json_t *values[MEMBER_COUNT] = {0};
    QV_TRY(qv_body_check(body, error));
    QV_TRY(qv_members_read(members, MEMBER_COUNT, "", body, values, error));
    enum qv_status status = fill(rules, values, registration, error);
    qv_members_drop(values, MEMBER_COUNT);
    QV_TRY(status);
    *ret_registration = registration;
    registration = NULL;
    return QV_OK;
}

void qv_device_registration_free(struct qv_device_registration **registration)
{
    if (registration == NULL || *registration == NULL)
        return;
    qv_free((*registration)->name);
    qv_strings_free(&(*registration)->addresses);
    qv_json_free(&(*registration)->metadata);
    qv_free(*registration);
    *registration = NULL;
}

/* ---- what is stored ---- */

void qv_device_registration_write(const struct qv_device_registration *registration,
                                  struct qv_buf *buf)
{
    bool first = true;
    qv_buf_put_char(buf, '{');
    qv_json_write_key(buf, &first, "name");
    qv_json_write_str(buf, qv_str_from(registration->name));
    if (registration->metadata != NULL) {
        qv_json_write_key(buf, &first, "metadata");
        qv_json_write(buf, registration->metadata);
    }
    qv_json_write_key(buf, &first, "addresses");
    qv_address_list_write(&registration->addresses, buf);
    qv_buf_put_char(buf, '}');
}

static enum qv_status refuse(const struct qv_device_registration *registration, const char *what,
                             struct qv_error *error)
{
    return qv_error_set(error, QV_INVALID,
                        "Device with name '%s' already exists, but provided %s not matching",
                        registration->name, what);
}

enum qv_status qv_device_registration_compare(const struct qv_device_registration *registration,
                                              const struct qv_device *stored,
                                              struct qv_error *error)
{
    bool equal;
    QV_TRY(qv_metadata_compare(registration->metadata, stored->metadata, &equal));
    if (!equal)
        return refuse(registration, "metadata is", error);
    QV_CLEANUP(qv_strings) struct qv_strings addresses = {0};
    QV_TRY(qv_address_list_parse(stored->addresses, QV_ADDRESS_ANY, &addresses));
    QV_TRY(qv_addresses_compare(&registration->addresses, &addresses, &equal));
    return equal ? QV_OK : refuse(registration, "addresses are", error);
}
