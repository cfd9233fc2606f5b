// links: domain
/*
 * CHAP services as entities: how what is stored is shown, with and without nulls, as CHAP's own
 * core keeps it, and what is no such document.
 */
#include "domain_fixture.h"

#include "chap_fixture.h"

static struct qv_chap *read_chap(const char *id, const char *envelope)
{
    struct qv_entity_head *entity = NULL;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    if (qv_entity_read(QV_KIND_CHAP, qv_str_from(id), qv_str_from(envelope), &entity, &error) !=
        QV_OK)
        fail_msg("%s", qv_error_message(&error));
    return (struct qv_chap *)entity;
}

static void drop(struct qv_chap *chap)
{
    struct qv_entity_head *entity = &chap->head;
    qv_entity_free(&entity);
}

static void assert_text(struct qv_str text, const char *expected)
{
    char *copy = qv_str_dup(text);
    assert_non_null(copy);
    assert_string_equal(copy, expected);
    qv_free(copy);
}

#define URL   "http://h:8080/a"
#define FRONT "{\"id\":\"m-1\",\"url\":\"" URL "\",\"info\":"
#define DOC   CHAP_DOC("m-1", URL, "1.2", ",\"max\":100")
#define TIMES_SHOWN                                                                                \
    ",\"registered_at\":\"2026-01-31T12:00:00.123456+00:00\","                                     \
    "\"last_updated\":\"2026-01-31T12:01:00+00:00\","                                              \
    "\"last_ping_at\":\"2026-01-31T12:01:00+00:00\","                                              \
    "\"expires_at\":\"2026-01-31T12:01:30.000001+00:00\"}"

static const struct qv_chap_times times = {.pinged_us = 1769860860000000,
                                           .ends_us = 1769860890000001};

static void holds_what_is_stored(void **state)
{
    (void)state;
    struct qv_chap *chap = read_chap("m-1", DOC);
    assert_int_equal(chap->head.kind, QV_KIND_CHAP);
    assert_text(chap->head.id, "m-1");
    assert_text(chap->url, URL);
    assert_text(chap->version, "1.2");
    assert_text(chap->info, CHAP_INFO("m-1", "1.2", ",\"max\":100"));
    assert_text(chap->by, "{}");
    assert_int_equal(chap->revision, 7);
    assert_int_equal(chap->registered_us, 1769860800123456);
    assert_int_equal(chap->updated_us, 1769860809000000);
    assert_int_equal(chap->lease_us_, 0);
    drop(chap);
}

static void shows_nulls_as_the_dialect_does(void **state)
{
    (void)state;
    static const struct {
        enum qv_chap_dialect dialect;
        const char *text;
    } rows[] = {
        {QV_CHAP_SEED, FRONT CHAP_INFO("m-1", "1.2", ",\"max\":100") TIMES_SHOWN},
        {QV_CHAP_2_1, FRONT "{\"id\":\"m-1\",\"display_name\":\"Malaria\",\"version\":\"1.2\","
                            "\"model_metadata\":{\"author\":\"A\"},\"period_type\":\"weekly\","
                            "\"required_covariates\":[],\"max\":100}" TIMES_SHOWN},
        {QV_CHAP_2_2, FRONT "{\"id\":\"m-1\",\"display_name\":\"Malaria\",\"version\":\"1.2\","
                            "\"model_metadata\":{\"author\":\"A\"},\"period_type\":\"weekly\","
                            "\"required_covariates\":[],\"max\":100}" TIMES_SHOWN},
    };
    struct qv_chap *chap = read_chap("m-1", DOC);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
        qv_chap_write(chap, rows[i].dialect, &times, &buf);
        assert_string_equal(buf.at, rows[i].text);
    }
    drop(chap);
}

static void leaves_nulls_out_at_every_depth_and_nothing_else(void **state)
{
    (void)state;
    struct qv_chap *chap = read_chap(
        "m", CHAP_ENVELOPE("{}", "{\"id\":\"m\",\"url\":\"http://h\",\"info\":{\"a\":{\"b\":null},"
                                 "\"c\":[[],\"x\",{\"d\":null,\"e\":0}],\"f\":\"\",\"g\":false,"
                                 "\"h\":null}}"));
    assert_text(chap->front_lean,
                "{\"id\":\"m\",\"url\":\"http://h\",\"info\":{\"a\":{},\"c\":[[],\"x\",{\"e\":0}],"
                "\"f\":\"\",\"g\":false}");
    drop(chap);
    chap = read_chap("m", CHAP_ENVELOPE("{}", "{\"id\":\"m\",\"url\":\"\",\"info\":{\"a\":1}}"));
    assert_ptr_equal(chap->front_lean.at, chap->front.at);
    assert_int_equal(chap->front_lean.length, chap->front.length);
    drop(chap);
}

static void writes_times_as_python_does(void **state)
{
    (void)state;
    static const struct {
        int64_t us;
        const char *text;
    } rows[] = {
        {1769860800123456, "2026-01-31T12:00:00.123456+00:00"},
        {1769860800000007, "2026-01-31T12:00:00.000007+00:00"},
        {1769860800000000, "2026-01-31T12:00:00+00:00"},
        {0, "1970-01-01T00:00:00+00:00"},
        {-1, "1969-12-31T23:59:59.999999+00:00"},
        {-1000000, "1969-12-31T23:59:59+00:00"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
        qv_buf_put_char(&buf, '-');
        qv_chap_time_write(rows[i].us, &buf);
        assert_string_equal(buf.at + 1, rows[i].text);
    }
}

/* Python 3: json.dumps of the same. */
static void mirrors_as_python_dumps(void **state)
{
    (void)state;
    struct qv_chap *chap = read_chap(
        "m", CHAP_ENVELOPE("{}", "{\"id\":\"m\",\"url\":\"http://h:1\",\"info\":{\"t\":"
                                 "\"\\u00e9 \xe2\x82\xac \xf0\x9f\xa6\x9f \\u007f, : \\\" \\\\ / "
                                 "\\b\\f\\n\\r\\t\\u0001\",\"l\":[1,\"a\"],"
                                 "\"n\":null,\"o\":{},\"e\":[]}}"));
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    assert_int_equal(qv_chap_write_mirrored(chap, &times, &buf), QV_OK);
    assert_string_equal(
        buf.at, "{\"id\": \"m\", \"url\": \"http://h:1\", \"info\": {\"t\": "
                "\"\\u00e9 \\u20ac \\ud83e\\udd9f \\u007f, : \\\" \\\\ / "
                "\\b\\f\\n\\r\\t\\u0001\", \"l\": [1, \"a\"], \"n\": null, \"o\": {}, \"e\": []}, "
                "\"registered_at\": \"2026-01-31T12:00:00.123456+00:00\", "
                "\"last_updated\": \"2026-01-31T12:01:00+00:00\", "
                "\"last_ping_at\": \"2026-01-31T12:01:00+00:00\", "
                "\"expires_at\": \"2026-01-31T12:01:30.000001+00:00\"}");
    drop(chap);
}

static void texts_may_have_nul(void **state)
{
    (void)state;
    struct qv_chap *chap =
        read_chap("m", CHAP_ENVELOPE("{}", "{\"id\":\"m\",\"url\":\"http://h\",\"info\":{\"t\":"
                                           "\"a\\u0000b\",\"version\":\"1\\u0000\"}}"));
    assert_text(chap->info, "{\"t\":\"a\\u0000b\",\"version\":\"1\\u0000\"}");
    assert_int_equal(chap->version.length, 2);
    assert_memory_equal(chap->version.at, "1\0", 2);
    drop(chap);
}

static void refuses_what_is_no_service(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "{",
        "{}",
        CHAP_ENVELOPE("{}", "{\"id\":\"other\",\"url\":\"u\",\"info\":{}}"),
        CHAP_ENVELOPE("{}", "{\"url\":\"u\",\"info\":{}}"),
        CHAP_ENVELOPE("{}", "{\"id\":\"m\",\"info\":{}}"),
        CHAP_ENVELOPE("{}", "{\"id\":\"m\",\"url\":5,\"info\":{}}"),
        CHAP_ENVELOPE("{}", "{\"id\":\"m\",\"url\":\"u\"}"),
        CHAP_ENVELOPE("{}", "{\"id\":\"m\",\"url\":\"u\",\"info\":[]}"),
        "{\"v\":1,\"rev\":7,\"created\":\"yesterday\",\"updated\":\"2026-01-31T12:00:09Z\","
        "\"doc\":{\"id\":\"m\",\"url\":\"u\",\"info\":{}}}",
        "{\"v\":2,\"rev\":7,\"created\":\"2026-01-31T12:00:09Z\",\"updated\":\"2026-01-31T12:00:"
        "09Z\",\"doc\":{\"id\":\"m\",\"url\":\"u\",\"info\":{}}}",
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct qv_entity_head *entity = NULL;
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        if (qv_entity_read(QV_KIND_CHAP, QV_STR("m"), qv_str_from(rows[i]), &entity, &error) !=
            QV_INVALID)
            fail_msg("%s", rows[i]);
        assert_null(entity);
        assert_non_null(error.message);
    }
}

static void survives_every_failed_allocation(void **state)
{
    (void)state;
    enum qv_status status = QV_NO_MEMORY;
    size_t nth = 1;
    for (; status != QV_OK; nth++) {
        struct qv_entity_head *entity = NULL;
        QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
        qv_memory_fail_at(nth);
        status = qv_entity_read(QV_KIND_CHAP, QV_STR("m-1"), QV_STR(DOC), &entity, NULL);
        if (status == QV_OK)
            status = qv_chap_write_mirrored((const struct qv_chap *)entity, &times, &buf);
        qv_memory_fail_at(0);
        assert_true(status == QV_OK || status == QV_NO_MEMORY);
        qv_entity_free(&entity);
        assert_true(nth < 500);
    }
    assert_true(nth > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_what_is_stored),
        cmocka_unit_test(shows_nulls_as_the_dialect_does),
        cmocka_unit_test(leaves_nulls_out_at_every_depth_and_nothing_else),
        cmocka_unit_test(writes_times_as_python_does),
        cmocka_unit_test(mirrors_as_python_dumps),
        cmocka_unit_test(texts_may_have_nul),
        cmocka_unit_test(refuses_what_is_no_service),
        cmocka_unit_test(survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
