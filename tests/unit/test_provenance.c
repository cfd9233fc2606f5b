// links: domain
/*
 * By which certificate an instance was registered: read from its envelope, shown in a lookup.
 */
#include "view_fixture.h"

#include <quiver/base/memory.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Digests of 32 times 0x69 and 32 times 0xfb, as base64url writes them. */
#define FINGERPRINT "aWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWk"
#define ISSUER_KEY  "-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s"

#define ENVELOPE_BY(by, doc)                                                                       \
    "{\"v\":1,\"rev\":7,\"created\":\"2026-01-02T03:04:05Z\",\"updated\":\"2026-01-02T03:04:"      \
    "06Z\"," by "\"doc\":" doc "}"
#define INSTANCE_BY(by)                                                                            \
    ENVELOPE_BY(by, "{\"instanceId\":\"p::d::1.0.0\",\"provider\":\"p\",\"serviceDefinition\":"    \
                    "\"d\",\"version\":\"1.0.0\",\"interfaces\":[]}")
#define MEMBER(key, value) ",\"" key "\":\"" value "\""
#define BY(members)        "\"by\":{\"system\":\"p\"" members "},"
#define X5T                MEMBER("x5t#S256", FINGERPRINT)
#define KEY                MEMBER("issuerKey", ISSUER_KEY)

static struct qv_entity_head *read_entity(enum qv_kind kind, const char *id, const char *envelope)
{
    struct qv_entity_head *entity = NULL;
    assert_int_equal(qv_entity_read(kind, qv_str_from(id), qv_str_from(envelope), &entity, NULL),
                     QV_OK);
    return entity;
}

static struct qv_entity_head *read_instance(const char *envelope)
{
    return read_entity(QV_KIND_INSTANCE, "p::d::1.0.0", envelope);
}

static void assert_all(const unsigned char *bytes, unsigned char wanted)
{
    for (size_t i = 0; i < QV_SHA256_SIZE; i++)
        assert_int_equal(bytes[i], wanted);
}

static void reads_what_the_envelope_says_of_the_certificate(void **state)
{
    (void)state;
    static const struct {
        const char *envelope;
        const char *serial;
        unsigned char length;
    } rows[] = {
        {INSTANCE_BY(BY(X5T MEMBER("issuer", "CN=x") KEY MEMBER("serial", "1234"))), "\x12\x34", 2},
        /* the octets of an INTEGER: a set first bit would be a sign */
        {INSTANCE_BY(BY(X5T KEY MEMBER("serial", "80ff"))), "\x00\x80\xff", 3},
        {INSTANCE_BY(BY(X5T KEY MEMBER("serial", "7f"))), "\x7f", 1},
        {INSTANCE_BY(BY(X5T KEY MEMBER("serial", "00"))), "\x00", 1},
        /* not known, or not readable: no CRL can be asked */
        {INSTANCE_BY(BY(X5T MEMBER("serial", "1234"))), "", 0},
        {INSTANCE_BY(BY(X5T KEY)), "", 0},
        {INSTANCE_BY(BY(X5T KEY MEMBER("serial", "-12"))), "", 0},
        {INSTANCE_BY(BY(X5T KEY MEMBER("serial", "123"))), "", 0},
        {INSTANCE_BY(BY(X5T KEY MEMBER("serial", "AB"))), "", 0},
        {INSTANCE_BY(BY(X5T KEY ",\"serial\":1234")), "", 0},
        {INSTANCE_BY(BY(X5T MEMBER("issuerKey", ISSUER_KEY "A") MEMBER("serial", "12"))), "", 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct qv_entity_head *entity = read_instance(rows[i].envelope);
        const struct qv_provenance *provenance = ((struct qv_instance *)entity)->provenance;
        assert_non_null(provenance);
        assert_all(provenance->fingerprint, 0x69);
        assert_int_equal(provenance->serial_length, rows[i].length);
        assert_memory_equal(provenance->serial, rows[i].serial, rows[i].length);
        if (rows[i].length > 0)
            assert_all(provenance->issuer_key, 0xfb);
        qv_entity_free(&entity);
    }
}

static void without_a_certificate_there_is_none(void **state)
{
    (void)state;
    static const char *const rows[] = {
        INSTANCE_BY(""),
        INSTANCE_BY("\"by\":null,"),
        INSTANCE_BY("\"by\":[\"p\"],"),
        INSTANCE_BY(BY("")),
        INSTANCE_BY(BY(KEY MEMBER("serial", "1234"))),
        INSTANCE_BY(BY(",\"x5t#S256\":5")),
        INSTANCE_BY(BY(MEMBER("x5t#S256", ""))),
        INSTANCE_BY(BY(MEMBER("x5t#S256", "aWlp"))),
        INSTANCE_BY(BY(MEMBER("x5t#S256", "aWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaW="))),
        INSTANCE_BY(BY(MEMBER("x5t#S256", "aWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWl"))),
        INSTANCE_BY(BY(MEMBER("x5t#S256", FINGERPRINT "k"))),
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct qv_entity_head *entity = read_instance(rows[i]);
        assert_null(((struct qv_instance *)entity)->provenance);
        qv_entity_free(&entity);
    }
}

/* A serial that no sound certificate has, as long as is kept and longer. */
static void a_serial_of_any_length_is_read(void **state)
{
    (void)state;
    static const struct {
        size_t bytes;
        unsigned char length;
    } rows[] = {{254, 255}, {255, 0}, {2000, 0}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        QV_CLEANUP(qv_buf) struct qv_buf text = {0};
        qv_buf_put_text(&text, "{\"v\":1,\"rev\":7,\"created\":\"x\",\"updated\":\"x\",\"by\":{"
                               "\"system\":\"p\"" X5T KEY ",\"serial\":\"");
        for (size_t k = 0; k < rows[i].bytes; k++)
            qv_buf_put_text(&text, "fe");
        qv_buf_put_text(&text, "\"},\"doc\":{\"provider\":\"p\",\"serviceDefinition\":\"d\","
                               "\"version\":\"1.0.0\",\"interfaces\":[]}}");
        struct qv_entity_head *entity = read_instance(text.at);
        const struct qv_provenance *provenance = ((struct qv_instance *)entity)->provenance;
        assert_int_equal(provenance->serial_length, rows[i].length);
        qv_entity_free(&entity);
    }
}

/* ---- in an answer ---------------------------------------------------------------------------- */

#define PROVIDER(metadata)                                                                         \
    ENVELOPE("{\"name\":\"p\"" metadata ",\"version\":\"1.0.0\",\"addresses\":[]}")
#define SHOWN "\"x5t#S256\":\"" FINGERPRINT "\""

static void write_provider(const char *system_text, const char *instance_text,
                           enum qv_detail detail, bool fingerprint, struct qv_buf *buf)
{
    struct qv_entity_head *system = read_entity(QV_KIND_SYSTEM, "p", system_text);
    struct qv_entity_head *definition = read_entity(QV_KIND_DEFINITION, "d", DEFINITION_DOC("d"));
    struct qv_entity_head *instance = read_instance(instance_text);
    const struct qv_instance_choice choice = {.fingerprint = fingerprint};
    qv_instance_write((struct qv_instance *)instance, (struct qv_system *)system, NULL,
                      (struct qv_definition *)definition, detail, &choice, buf);
    qv_entity_free(&system);
    qv_entity_free(&definition);
    qv_entity_free(&instance);
}

static void shows_the_fingerprint_in_the_metadata_of_the_provider(void **state)
{
    (void)state;
    static const char certain[] = INSTANCE_BY(BY(X5T KEY MEMBER("serial", "1234")));
    static const char declared[] = INSTANCE_BY(BY(""));
    static const struct {
        const char *system, *instance, *metadata;
    } rows[] = {
        {PROVIDER(""), certain, ",\"metadata\":{" SHOWN "}"},
        {PROVIDER(",\"metadata\":{}"), certain, ",\"metadata\":{" SHOWN "}"},
        {PROVIDER(",\"metadata\":{\"a\":{\"b\":1}}"), certain,
         ",\"metadata\":{\"a\":{\"b\":1}," SHOWN "}"},
        {PROVIDER(""), declared, ""},
        {PROVIDER(",\"metadata\":{\"a\":1}"), declared, ",\"metadata\":{\"a\":1}"},
        /* what the system says of itself does not count */
        {PROVIDER(",\"metadata\":{\"x5t#S256\":\"forged\",\"a\":1}"), certain,
         ",\"metadata\":{\"a\":1," SHOWN "}"},
        {PROVIDER(",\"metadata\":{\"x5t#S256\":\"forged\"}"), certain, ",\"metadata\":{" SHOWN "}"},
        {PROVIDER(",\"metadata\":{\"a\":1,\"x5t#S256\":{\"b\":2}}"), declared,
         ",\"metadata\":{\"a\":1}"},
        {PROVIDER(",\"metadata\":{\"\\u00785t#S256\":\"forged\"}"), declared, ",\"metadata\":{}"},
        /* deeper, or as a value, it is none of ours */
        {PROVIDER(",\"metadata\":{\"a\":{\"x5t#S256\":\"x\"},\"b\":\"x5t#S256\"}"), certain,
         ",\"metadata\":{\"a\":{\"x5t#S256\":\"x\"},\"b\":\"x5t#S256\"," SHOWN "}"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (int detail = QV_DETAIL_TERSE; detail <= QV_DETAIL_FULL; detail++) {
            QV_CLEANUP(qv_buf) struct qv_buf found = {0}, wanted = {0};
            write_provider(rows[i].system, rows[i].instance, (enum qv_detail)detail, true, &found);
            qv_buf_printf(&wanted,
                          "\"provider\":{\"name\":\"p\"%s,\"version\":\"1.0.0\",%s" TIMES "}",
                          rows[i].metadata, detail == QV_DETAIL_TERSE ? "" : "\"addresses\":[],");
            if (strstr(found.at, wanted.at) == NULL)
                fail_msg("%s\nis not in\n%s", wanted.at, found.at);
        }
    }
}

static void shows_it_only_where_that_is_asked_for(void **state)
{
    (void)state;
    QV_CLEANUP(qv_buf) struct qv_buf found = {0};
    write_provider(PROVIDER(",\"metadata\":{\"x5t#S256\":\"own\"}"), INSTANCE_BY(BY(X5T)),
                   QV_DETAIL_FULL, false, &found);
    assert_non_null(strstr(found.at, "\"metadata\":{\"x5t#S256\":\"own\"}"));
    assert_null(strstr(found.at, FINGERPRINT));
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void survives_every_failed_allocation(void **state)
{
    (void)state;
    struct qv_entity_head *system =
        read_entity(QV_KIND_SYSTEM, "p", PROVIDER(",\"metadata\":{\"x5t#S256\":\"forged\"}"));
    struct qv_entity_head *definition = read_entity(QV_KIND_DEFINITION, "d", DEFINITION_DOC("d"));
    struct qv_entity_head *instance = NULL;
    size_t failed = 0;
    for (size_t nth = 1; instance == NULL; nth++) {
        const char *envelope = INSTANCE_BY(BY(X5T KEY MEMBER("serial", "1234")));
        qv_memory_fail_at(nth);
        enum qv_status status = qv_entity_read(QV_KIND_INSTANCE, QV_STR("p::d::1.0.0"),
                                               qv_str_from(envelope), &instance, NULL);
        qv_memory_fail_at(0);
        assert_true((status == QV_OK) == (instance != NULL));
        failed += status != QV_OK;
        assert_true(nth < 200);
    }
    assert_true(failed >= 4);

    const struct qv_instance_choice choice = {.fingerprint = true};
    bool written = false;
    for (size_t nth = 1; !written; nth++) {
        QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
        qv_memory_fail_at(nth);
        qv_instance_write((struct qv_instance *)instance, (struct qv_system *)system, NULL,
                          (struct qv_definition *)definition, QV_DETAIL_TERSE, &choice, &buf);
        qv_memory_fail_at(0);
        written = qv_buf_status(&buf) == QV_OK;
        assert_true(!written || strstr(buf.at, SHOWN) != NULL);
        assert_true(written ? nth > 4 : nth < 200);
    }
    qv_entity_free(&system);
    qv_entity_free(&definition);
    qv_entity_free(&instance);
}

int main(void)
{
    qv_memory_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_the_envelope_says_of_the_certificate),
        cmocka_unit_test(without_a_certificate_there_is_none),
        cmocka_unit_test(a_serial_of_any_length_is_read),
        cmocka_unit_test(shows_the_fingerprint_in_the_metadata_of_the_provider),
        cmocka_unit_test(shows_it_only_where_that_is_asked_for),
        cmocka_unit_test(survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
