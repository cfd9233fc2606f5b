// links: domain
/*
 * Any JSON text as a registration and as a lookup of systems and devices, in each dialect: it is
 * refused with words or taken. What was taken, stored and read again equals its own registration
 * and is found by its own addresses. An allocation that fails leaves nothing behind.
 */
#include <quiver/base/memory.h>
#include <quiver/domain/device.h>
#include <quiver/domain/system.h>
#include <stdio.h>
#include <stdlib.h>

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "line %d: not so: %s\n", __LINE__, #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#define ENVELOPE_FRONT "{\"v\":1,\"rev\":1,\"created\":\"c\",\"updated\":\"u\",\"by\":{},\"doc\":"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    qv_memory_init();
    return 0;
}

/* Refused with words, or taken. */
static void check_outcome(enum qv_status status, const struct qv_error *error, const void *result)
{
    MUST(status == QV_OK || (status == QV_INVALID && error->message != NULL));
    MUST((result != NULL) == (status == QV_OK));
}

static struct qv_entity_head *store(enum qv_kind kind, const char *name, const struct qv_buf *doc)
{
    QV_CLEANUP(qv_buf) struct qv_buf envelope = {0};
    qv_buf_put_text(&envelope, ENVELOPE_FRONT);
    qv_buf_put(&envelope, qv_buf_str(doc));
    qv_buf_put_char(&envelope, '}');
    struct qv_entity_head *entity = NULL;
    MUST(qv_entity_read(kind, qv_str_from(name), qv_buf_str(&envelope), &entity, NULL) == QV_OK);
    return entity;
}

static void check_found(const struct qv_strings *addresses, struct qv_str written)
{
    for (size_t i = 0; i < addresses->count; i++) {
        struct qv_strings one = {.at = &addresses->at[i], .count = 1};
        const struct qv_filters filters = {
            .addresses = one, .address_types = qv_address_detect(qv_str_from(addresses->at[i]))};
        MUST(qv_filters_match_addresses(&filters, written));
    }
}

/* ---- systems --------------------------------------------------------------------------------- */

static void check_stored_system(const struct qv_system_registration *registration)
{
    QV_CLEANUP(qv_system_document) struct qv_system_document document = {0};
    QV_CLEANUP(qv_buf) struct qv_buf doc = {0};
    qv_system_registration_write(registration, &document);
    MUST((document.addresses.length == 0) == (registration->addresses.count == 0));
    qv_buf_put(&doc, qv_buf_str(&document.front));
    qv_buf_put_text(&doc, ",\"addresses\":");
    qv_buf_put_text(&doc, document.addresses.length > 0 ? document.addresses.at : "[]");
    qv_buf_put(&doc, qv_buf_str(&document.back));
    struct qv_entity_head *entity = store(QV_KIND_SYSTEM, registration->name, &doc);
    const struct qv_system *system = (const struct qv_system *)entity;
    MUST(qv_system_registration_compare(registration, system, NULL, NULL) == QV_OK);
    check_found(&registration->addresses, system->addresses);
    qv_entity_free(&entity);
}

static void check_system(const struct qv_rules *rules, const json_t *body, size_t fail_at)
{
    QV_CLEANUP(qv_system_registration) struct qv_system_registration *one = NULL, *other = NULL;
    QV_CLEANUP(qv_system_query) struct qv_system_query *query = NULL, *again = NULL;
    QV_CLEANUP(qv_error) struct qv_error error = {0}, query_error = {0};
    enum qv_status status = qv_system_registration_read(rules, QV_STR("Prov"), body, &one, &error);
    check_outcome(status, &error, one);
    if (one != NULL)
        check_stored_system(one);
    enum qv_status asked = qv_system_query_read(rules, body, &query, &query_error);
    check_outcome(asked, &query_error, query);

    qv_memory_fail_at(fail_at);
    enum qv_status second = qv_system_registration_read(rules, QV_STR("Prov"), body, &other, NULL);
    qv_memory_fail_at(fail_at);
    enum qv_status asked_again = qv_system_query_read(rules, body, &again, NULL);
    qv_memory_fail_at(0);
    MUST(second == status || second == QV_NO_MEMORY);
    MUST(asked_again == asked || asked_again == QV_NO_MEMORY);
}

/* ---- devices --------------------------------------------------------------------------------- */

static void check_stored_device(const struct qv_device_registration *registration)
{
    QV_CLEANUP(qv_buf) struct qv_buf doc = {0};
    qv_device_registration_write(registration, &doc);
    struct qv_entity_head *entity = store(QV_KIND_DEVICE, registration->name, &doc);
    const struct qv_device *device = (const struct qv_device *)entity;
    MUST(qv_device_registration_compare(registration, device, NULL) == QV_OK);
    check_found(&registration->addresses, device->addresses);
    qv_entity_free(&entity);
}

static void check_device(const struct qv_rules *rules, const json_t *body, size_t fail_at)
{
    QV_CLEANUP(qv_device_registration) struct qv_device_registration *one = NULL, *other = NULL;
    QV_CLEANUP(qv_device_query) struct qv_device_query *query = NULL, *again = NULL;
    QV_CLEANUP(qv_error) struct qv_error error = {0}, query_error = {0};
    enum qv_status status = qv_device_registration_read(rules, body, &one, &error);
    check_outcome(status, &error, one);
    if (one != NULL)
        check_stored_device(one);
    enum qv_status asked = qv_device_query_read(rules, body, &query, &query_error);
    check_outcome(asked, &query_error, query);

    qv_memory_fail_at(fail_at);
    enum qv_status second = qv_device_registration_read(rules, body, &other, NULL);
    qv_memory_fail_at(fail_at);
    enum qv_status asked_again = qv_device_query_read(rules, body, &again, NULL);
    qv_memory_fail_at(0);
    MUST(second == status || second == QV_NO_MEMORY);
    MUST(asked_again == asked || asked_again == QV_NO_MEMORY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct qv_rules rules = {
        .dialect = qv_dialect_get(size % 2 == 0 ? QV_DIALECT_5_0 : QV_DIALECT_5_2),
        .self_addressing = size % 3 == 0,
    };
    struct qv_str text = {.at = (const char *)data, .length = size};
    QV_CLEANUP(qv_json) json_t *body = NULL;
    if (qv_json_parse(text, 32, &body, NULL) != QV_OK)
        return 0;
    check_system(&rules, body, 1 + size % 83);
    check_device(&rules, body, 1 + size % 61);
    return 0;
}
