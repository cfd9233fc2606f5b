// links: api
/*
 * The documents of the registry's own entries, in both dialects, as the store will hold them; each
 * is a document that the view can read.
 */
#include "../../src/store/change.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <quiver/api/own_entries.h>
#include <quiver/base/memory.h>
#include <stdio.h>
#include <string.h>

static char *addresses_one[] = {(char *)"Registry.Plant.Example", (char *)"::1", (char *)"::1"};
static char *addresses_two[] = {(char *)"10.0.0.1"};
static struct qv_endpoint endpoints[] = {
    {.https = true, .certificate = true, .addresses = {addresses_one, 3}, .port = 8443},
    {.https = false, .certificate = false, .addresses = {addresses_two, 1}, .port = 8080},
};
static struct qv_own_facts facts = {
    .public_key = (char *)"AAAA", .endpoints = endpoints, .count = 2};

#define LONG "0000:0000:0000:0000:0000:0000:0000:0001"
#define OPERATIONS                                                                                 \
    "\"operations\":{\"register\":{\"path\":\"/register\",\"method\":\"POST\"},"                   \
    "\"lookup\":{\"path\":\"/lookup\",\"method\":\"POST\"},"                                       \
    "\"revoke\":{\"path\":\"/revoke\",\"method\":\"DELETE\"}},"
#define INTERFACES(http, https, base)                                                              \
    "[{\"templateName\":\"" https "\",\"protocol\":\"https\",\"policy\":\"CERT_AUTH\","            \
    "\"properties\":{\"accessAddresses\":[\"registry.plant.example\",\"" LONG "\"],"               \
    "\"accessPort\":8443," OPERATIONS "\"basePath\":\"" base "\"}},"                               \
    "{\"templateName\":\"" http "\",\"protocol\":\"http\",\"policy\":\"NONE\",\"properties\":"     \
    "{\"accessAddresses\":[\"10.0.0.1\"],\"accessPort\":8080," OPERATIONS "\"basePath\":\"" base   \
    "\"}}]"
#define SYSTEM(name, version, key)                                                                 \
    "{\"name\":\"" name "\",\"metadata\":{\"" key "\":\"AAAA\"},\"version\":\"" version "\","      \
    "\"addresses\":[{\"type\":\"HOSTNAME\",\"address\":\"registry.plant.example\"},"               \
    "{\"type\":\"IPV6\",\"address\":\"" LONG "\"},{\"type\":\"IPV4\",\"address\":\"10.0.0.1\"}]}"

static struct qv_rules rules_of(enum qv_dialect_id id)
{
    return (struct qv_rules){.dialect = qv_dialect_get(id)};
}

static const char *arg(const struct qv_change *change, size_t index)
{
    assert_true(index < change->count);
    return change->args[index].at;
}

static void dialect_5_0(void **state)
{
    (void)state;
    const struct qv_rules rules = rules_of(QV_DIALECT_5_0);
    QV_CLEANUP(qv_change) struct qv_change *change = NULL;
    assert_int_equal(qv_own_entries(&rules, &facts, &change), QV_OK);
    assert_int_equal(change->script, QV_SCRIPT_REGISTER_OWN);
    assert_int_equal(change->count, 4 + 3 * 4);
    assert_string_equal(arg(change, 0), "{\"system\":\"serviceregistry\"}");
    assert_string_equal(arg(change, 1), "serviceregistry");
    assert_string_equal(arg(change, 2), SYSTEM("serviceregistry", "5.0.0", "x509-public-key"));
    assert_string_equal(arg(change, 3), "");
    assert_string_equal(arg(change, 4), "serviceregistry::service-discovery::1.0.0");
    assert_string_equal(
        arg(change, 5),
        "{\"instanceId\":\"serviceregistry::service-discovery::1.0.0\","
        "\"provider\":\"serviceregistry\",\"serviceDefinition\":"
        "\"service-discovery\",\"version\":\"1.0.0\",\"metadata\":"
        "{\"unrestricted-discovery\":true},\"interfaces\":" INTERFACES(
            "generic-http", "generic-https", "/serviceregistry/service-discovery") "}");
    assert_string_equal(arg(change, 6), "service-discovery");
    assert_string_equal(arg(change, 7), "{\"name\":\"service-discovery\"}");
    assert_string_equal(arg(change, 8), "serviceregistry::system-discovery::1.0.0");
    assert_string_equal(arg(change, 12), "serviceregistry::device-discovery::1.0.0");
}

static void dialect_5_2(void **state)
{
    (void)state;
    const struct qv_rules rules = rules_of(QV_DIALECT_5_2);
    QV_CLEANUP(qv_change) struct qv_change *change = NULL;
    assert_int_equal(qv_own_entries(&rules, &facts, &change), QV_OK);
    assert_string_equal(arg(change, 1), "ServiceRegistry");
    assert_string_equal(arg(change, 2), SYSTEM("ServiceRegistry", "5.2.0", "x509PublicKey"));
    assert_string_equal(arg(change, 8), "ServiceRegistry|systemDiscovery|1.0.0");
    assert_string_equal(
        arg(change, 9),
        "{\"instanceId\":\"ServiceRegistry|systemDiscovery|1.0.0\",\"provider\":"
        "\"ServiceRegistry\",\"serviceDefinition\":\"systemDiscovery\",\"version\":\"1.0.0\","
        "\"metadata\":{\"unrestrictedDiscovery\":true},\"interfaces\":" INTERFACES(
            "generic_http", "generic_https", "/serviceregistry/system-discovery") "}");
    assert_string_equal(arg(change, 10), "systemDiscovery");
}

static void the_view_can_read_them(void **state)
{
    (void)state;
    const struct qv_rules rules = rules_of(QV_DIALECT_5_0);
    QV_CLEANUP(qv_change) struct qv_change *change = NULL;
    assert_int_equal(qv_own_entries(&rules, &facts, &change), QV_OK);
    static const struct {
        enum qv_kind kind;
        size_t id, doc;
    } entries[] = {{QV_KIND_SYSTEM, 1, 2},
                   {QV_KIND_INSTANCE, 4, 5},
                   {QV_KIND_INSTANCE, 8, 9},
                   {QV_KIND_INSTANCE, 12, 13},
                   {QV_KIND_DEFINITION, 6, 7}};
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        QV_CLEANUP(qv_buf) struct qv_buf envelope = {0};
        qv_buf_printf(&envelope,
                      "{\"v\":1,\"rev\":1,\"created\":\"2026-01-01T00:00:00Z\",\"updated\":"
                      "\"2026-01-01T00:00:00Z\",\"by\":{},\"doc\":%s}",
                      arg(change, entries[i].doc));
        struct qv_entity_head *entity = NULL;
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        if (qv_entity_read(entries[i].kind, change->args[entries[i].id], qv_buf_str(&envelope),
                           &entity, &error) != QV_OK)
            fail_msg("%s", qv_error_message(&error));
        qv_entity_free(&entity);
    }
}

static void without_certificate_there_is_no_key(void **state)
{
    (void)state;
    const struct qv_rules rules = rules_of(QV_DIALECT_5_0);
    const struct qv_own_facts plain = {.endpoints = &endpoints[1], .count = 1};
    QV_CLEANUP(qv_change) struct qv_change *change = NULL;
    assert_int_equal(qv_own_entries(&rules, &plain, &change), QV_OK);
    assert_non_null(strstr(arg(change, 2), "\"metadata\":{},"));
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    const struct qv_rules rules = rules_of(QV_DIALECT_5_2);
    enum qv_status status = QV_NO_MEMORY;
    for (size_t nth = 1; status != QV_OK; nth++) {
        struct qv_change *change = NULL;
        qv_memory_fail_at(nth);
        status = qv_own_entries(&rules, &facts, &change);
        qv_memory_fail_at(0);
        assert_true(status == QV_OK || status == QV_NO_MEMORY);
        assert_int_equal(change != NULL, status == QV_OK);
        if (change != NULL)
            assert_non_null(strstr(arg(change, 9), "accessAddresses"));
        qv_change_free(&change);
        assert_true(nth < 5000);
    }
}

int main(void)
{
    qv_memory_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dialect_5_0),
        cmocka_unit_test(dialect_5_2),
        cmocka_unit_test(the_view_can_read_them),
        cmocka_unit_test(without_certificate_there_is_no_key),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
