// links: domain
/*
 * Envelopes, entities and the answers that are put together from them.
 */
#include "view_fixture.h"

#include <quiver/base/memory.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct qv_entity_head *read_entity(enum qv_kind kind, const char *id, const char *envelope)
{
    struct qv_entity_head *entity = NULL;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    enum qv_status status =
        qv_entity_read(kind, qv_str_from(id), qv_str_from(envelope), &entity, &error);
    if (status != QV_OK)
        print_message("%s\n", qv_error_message(&error));
    assert_int_equal(status, QV_OK);
    return entity;
}

static void assert_text(const struct qv_buf *buf, const char *expected)
{
    assert_false(buf->failed);
    assert_string_equal(buf->at, expected);
}

#define SEED_DEVICE                                                                                \
    "{\"name\":\"thermometer2\",\"metadata\":{\"max\":310},\"addresses\":[{\"type\":\"MAC\","      \
    "\"address\":\"81:ef:1a:44:7a:f5\"}]," TIMES "}"

static void writes_a_system_in_every_detail(void **state)
{
    (void)state;
    struct qv_entity_head *device =
        read_entity(QV_KIND_DEVICE, "thermometer2", DEVICE_DOC("thermometer2"));
    struct qv_entity_head *system =
        read_entity(QV_KIND_SYSTEM, "tp2",
                    SYSTEM_DOC("tp2", ",\"device\":\"thermometer2\",\"automatic\":true"));
    const struct qv_system *s = (const struct qv_system *)system;
    const struct qv_device *d = (const struct qv_device *)device;
    assert_true(s->automatic);
    assert_true(qv_str_equal(s->device, QV_STR("thermometer2")));

    static const struct {
        enum qv_detail detail;
        const char *expected;
    } rows[] = {
        {QV_DETAIL_TERSE, "{\"name\":\"tp2\",\"version\":\"1.0.0\"," TIMES "}"},
        {QV_DETAIL_DEVICE_NAME,
         "{\"name\":\"tp2\",\"version\":\"1.0.0\",\"addresses\":[{\"type\":\"IPV4\",\"address\":"
         "\"10.0.0.1\"}],\"device\":{\"name\":\"thermometer2\"}," TIMES "}"},
        {QV_DETAIL_FULL,
         "{\"name\":\"tp2\",\"version\":\"1.0.0\",\"addresses\":[{\"type\":\"IPV4\",\"address\":"
         "\"10.0.0.1\"}],\"device\":" SEED_DEVICE "," TIMES "}"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
        qv_system_write(s, d, rows[i].detail, &buf);
        assert_text(&buf, rows[i].expected);
    }
    qv_entity_free(&device);
    qv_entity_free(&system);
}

static void writes_an_instance_in_the_order_of_the_spec(void **state)
{
    (void)state;
    struct qv_entity_head *system = read_entity(QV_KIND_SYSTEM, "tp2", SYSTEM_DOC("tp2", ""));
    struct qv_entity_head *definition =
        read_entity(QV_KIND_DEFINITION, "kelvin-info", DEFINITION_DOC("kelvin-info"));
    struct qv_entity_head *instance = read_entity(
        QV_KIND_INSTANCE, "tp2::kelvin-info::1.0.0",
        INSTANCE_DOC("tp2", "kelvin-info", "1.0.0",
                     ",\"expiresAt\":\"2030-01-01T00:00:00Z\",\"metadata\":{\"e\":0.5}",
                     HTTP "," INTERFACE("generic-mqtt", "CERT_AUTH", "{\"accessPort\":1883}")));
    const struct qv_instance *i = (const struct qv_instance *)instance;
    assert_true(qv_str_equal(i->provider, QV_STR("tp2")));
    assert_true(qv_str_equal(i->definition, QV_STR("kelvin-info")));
    assert_true(qv_str_equal(i->version, QV_STR("1.0.0")));
    assert_true(qv_str_equal(i->metadata, QV_STR("{\"e\":0.5}")));
    assert_true(i->expires);
    assert_int_equal(i->expires_at.seconds, 1893456000);
    assert_true(qv_str_equal(i->interfaces[1].template_name, QV_STR("generic-mqtt")));
    assert_true(qv_str_equal(i->interfaces[1].policy, QV_STR("CERT_AUTH")));

#define HEAD                                                                                       \
    "{\"instanceId\":\"tp2::kelvin-info::1.0.0\",\"provider\":{\"name\":\"tp2\",\"version\":"      \
    "\"1.0.0\"," TIMES "},\"serviceDefinition\":{\"name\":\"kelvin-info\"," TIMES "},\"version\":" \
    "\"1.0.0\",\"expiresAt\":"
#define METADATA ",\"metadata\":{\"e\":0.5},\"interfaces\":["
#define MQTT     INTERFACE("generic-mqtt", "CERT_AUTH", "{\"accessPort\":1883}")
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    qv_instance_write(i, (struct qv_system *)system, NULL, (struct qv_definition *)definition,
                      QV_DETAIL_TERSE, NULL, &buf);
    assert_text(&buf, HEAD "\"2030-01-01T00:00:00Z\"" METADATA HTTP "," MQTT "]," TIMES "}");

    /* the second interface alone, in other words, and the exact end */
    QV_CLEANUP(qv_buf) struct qv_buf chosen = {0};
    char *const json[] = {NULL, (char *)"{\"short\":true}"};
    const struct qv_wall exact = {.seconds = 1893456000, .nanoseconds = 750000000};
    const struct qv_instance_choice choice = {
        .shown = (const unsigned char[]){0, 1}, .json = json, .expires_at = &exact};
    qv_instance_write(i, (struct qv_system *)system, NULL, (struct qv_definition *)definition,
                      QV_DETAIL_TERSE, &choice, &chosen);
    assert_text(&chosen,
                HEAD "\"2030-01-01T00:00:00.750Z\"" METADATA "{\"short\":true}]," TIMES "}");
    qv_entity_free(&system);
    qv_entity_free(&definition);
    qv_entity_free(&instance);
}

static void refuses_what_is_no_entity(void **state)
{
    (void)state;
    static const struct {
        enum qv_kind kind;
        const char *id, *envelope;
    } rows[] = {
        {QV_KIND_SYSTEM, "a", ""},
        {QV_KIND_SYSTEM, "a", "[]"},
        {QV_KIND_SYSTEM, "a", "{\"rev\":1,\"created\":\"x\",\"updated\":\"x\",\"doc\":{}}"},
        {QV_KIND_SYSTEM, "a", "{\"v\":2,\"rev\":1,\"created\":\"x\",\"updated\":\"x\",\"doc\":{}}"},
        {QV_KIND_SYSTEM, "a", "{\"v\":1,\"created\":\"x\",\"updated\":\"x\",\"doc\":{}}"},
        {QV_KIND_SYSTEM, "a", "{\"v\":1,\"rev\":1,\"updated\":\"x\",\"doc\":{}}"},
        {QV_KIND_SYSTEM, "a", "{\"v\":1,\"rev\":1,\"created\":\"x\",\"updated\":\"x\",\"doc\":5}"},
        {QV_KIND_SYSTEM, "a\"b", SYSTEM_DOC("a", "")},
        {QV_KIND_CHAP, "a", SYSTEM_DOC("a", "")},
        {QV_KIND_INSTANCE, "tp2::kelvin::1.0.0", ENVELOPE("{}")},
        {QV_KIND_INSTANCE, "other::kelvin::1.0.0",
         INSTANCE_DOC("tp2", "kelvin", "1.0.0", "", HTTP)},
        {QV_KIND_INSTANCE, "tp2::kelvin::1.0.0",
         INSTANCE_DOC("tp2", "kelvin", "1.0.0", ",\"expiresAt\":\"soon\"", HTTP)},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct qv_entity_head *entity = NULL;
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        assert_int_equal(qv_entity_read(rows[i].kind, qv_str_from(rows[i].id),
                                        qv_str_from(rows[i].envelope), &entity, &error),
                         QV_INVALID);
        assert_null(entity);
        assert_true(qv_error_message(&error)[0] != '\0');
    }
}

static void knows_the_kinds_by_name(void **state)
{
    (void)state;
    for (int kind = 0; kind < QV_KIND_COUNT; kind++)
        assert_int_equal(qv_kind_parse(qv_str_from(qv_kind_name((enum qv_kind)kind))), kind);
    assert_int_equal(qv_kind_parse(QV_STR("thing")), QV_KIND_COUNT);
}

/* Every allocation fails once: the status says so, nothing leaks (the sanitizer tells). */
static void survives_every_failed_allocation(void **state)
{
    (void)state;
    struct qv_entity_head *entity = NULL;
    const char *envelope = INSTANCE_DOC("tp2", "kelvin", "1.0.0", ",\"metadata\":{\"a\":1}", HTTP);
    size_t failed = 0;
    for (size_t nth = 1; entity == NULL; nth++) {
        qv_memory_fail_at(nth);
        enum qv_status status = qv_entity_read(QV_KIND_INSTANCE, QV_STR("tp2::kelvin::1.0.0"),
                                               qv_str_from(envelope), &entity, NULL);
        qv_memory_fail_at(0);
        assert_true((status == QV_OK) == (entity != NULL));
        failed += status != QV_OK;
        assert_true(nth < 200);
    }
    assert_true(failed >= 4);
    qv_entity_free(&entity);
    qv_entity_free(&entity);
}

int main(void)
{
    qv_memory_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_a_system_in_every_detail),
        cmocka_unit_test(writes_an_instance_in_the_order_of_the_spec),
        cmocka_unit_test(refuses_what_is_no_entity),
        cmocka_unit_test(knows_the_kinds_by_name),
        cmocka_unit_test(survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
